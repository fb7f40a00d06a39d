// Preloaded into `usher` while valgrind counts its instructions.
//
// clock_gettime  The monotonic clock runs SLOW times slower. Under valgrind everything takes about fifty times as long:
//                caches of some milliseconds (a sold-out event, a rate limit) would expire between two requests,
//                and Redis would seem to time out.
// sigsuspend     valgrind 3.19 fails an assertion in libdispatch's call, because it cannot read the mask at its address.
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long slowed(long long nanoseconds) {
    static long long start;
    static int factor;
    if (!factor) {
        const char *text = getenv("SLOW");
        start = nanoseconds;
        factor = text && atoi(text) > 0 ? atoi(text) : 1;
    }
    return start + (nanoseconds - start) / factor;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    long result = syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE)) {
        long long nanoseconds = slowed(time->tv_sec * 1000000000LL + time->tv_nsec);
        time->tv_sec = nanoseconds / 1000000000LL;
        time->tv_nsec = nanoseconds % 1000000000LL;
    }
    return (int)result;
}

int sigsuspend(const sigset_t *mask) {
    sigset_t copy = *mask;
    return (int)syscall(SYS_rt_sigsuspend, &copy, 8);
}
