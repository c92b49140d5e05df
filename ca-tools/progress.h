/* How far a long command is, for who watches a terminal. */
#ifndef OCSP_LAB_CA_PROGRESS_H
#define OCSP_LAB_CA_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
        const char *what; /* "revoke"; borrowed */
        bool on;          /* standard error is a terminal */
        size_t ticks;
        int64_t next_ms;
        bool shown;
};

void progress_start(struct progress *p, const char *what);

/* For every row: the clock is read now and then only, and at most four times
 * a second a line is written over the one before. */
void progress_tick(struct progress *p, size_t done, int percent);

/* Wipes the line. */
void progress_end(struct progress *p);

#endif
