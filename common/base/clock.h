/*
 * The lab's clock: real time, moved by an offset, or frozen.
 *
 * DIR/clock is a small fixed file that every program of a lab maps, so a
 * change that has returned is seen by the next reading in every process.
 * Instants are whole seconds since 1970 (UTC), as OCSP has them.
 */
#ifndef OCSP_LAB_CLOCK_H
#define OCSP_LAB_CLOCK_H

#include <stdint.h>

#include "base/err.h"

enum labclock_mode {
        LABCLOCK_REAL,
        LABCLOCK_OFFSET, /* real time plus value seconds */
        LABCLOCK_FROZEN, /* always value */
};

struct labclock_setting {
        enum labclock_mode mode;
        int64_t value;
};

struct labclock;

/* Maps DIR/clock.  dir NULL, or no such file: real time.  Free with
 * labclock_close (NULL is fine).  Readings are safe from any thread. */
int labclock_open(const char *dir, struct labclock **out, struct err *e);
void labclock_close(struct labclock *c);

/* The lab's now.  c NULL: real time. */
int64_t labclock_now(const struct labclock *c);

/* Counts changes: equal numbers mean that nothing was set in between, and that
 * nobody called labclock_touch. */
uint64_t labclock_generation(const struct labclock *c);

struct labclock_setting labclock_get(const struct labclock *c);

/* Makes DIR/clock (real time) where there is none.  Without fsync. */
int labclock_create(const char *dir, struct err *e);

/* Sets the clock of DIR.  Waits for other writers; a writer that is killed
 * halfway leaves the old setting. */
int labclock_set(const char *dir, struct labclock_setting s, struct err *e);

/* Counts one more change and leaves the setting: who looks at the generation
 * anyway learns that there is news of another kind.  No clock in DIR: fine. */
int labclock_touch(const char *dir, struct err *e);

/* Time that no setting moves, for timers and deadlines: milliseconds. */
int64_t monotonic_ms(void);

#endif
