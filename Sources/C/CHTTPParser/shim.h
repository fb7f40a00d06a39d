#pragma once
// getrandom, which Swift's own Glibc leaves out.
#include <sys/random.h>
#include <http_parser.h>
