#pragma once
// First: libevent's own configuration turns glibc's extensions on, and then struct fd_set would differ from Swift's.
#include <sys/select.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <event2/event.h>

/// Names the calling thread; prctl is variadic, which Swift does not import.
static inline void usher_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
