/*
 * For LD_PRELOAD: naps cost no time, and yet the monotonic clock goes on by
 * them.  So a program that waits with a bound gives up at once, as if it had
 * waited.  At its end, $HURRY_FILE gets the seconds that it has slept so.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SECOND_NS = 1000000000 };

static int64_t slept_ns;

/* no sleep */ int nanosleep(const struct timespec *n, struct timespec *l)
{
        (void)l;
        slept_ns += (int64_t)n->tv_sec * SECOND_NS + n->tv_nsec;
        return 0;
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
        int64_t ns;

        if (syscall(SYS_clock_gettime, clock, ts) != 0)
                return -1;
        if (clock != CLOCK_MONOTONIC)
                return 0;
        ns = ts->tv_nsec + slept_ns;
        ts->tv_sec += ns / SECOND_NS;
        ts->tv_nsec = ns % SECOND_NS;
        return 0;
}

__attribute__((destructor)) static void tell(void)
{
        const char *path = getenv("HURRY_FILE");
        FILE *f = path != NULL ? fopen(path, "w") : NULL;

        if (f == NULL)
                return;
        fprintf(f, "%lld\n", (long long)(slept_ns / SECOND_NS));
        fclose(f);
}
