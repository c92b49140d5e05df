/*
 * Requests to the status listener that are answered when a staple has come to
 * a state, or when their time is up.
 */
#ifndef OCSP_LAB_STAPLER_WAITERS_H
#define OCSP_LAB_STAPLER_WAITERS_H

#include <stdbool.h>
#include <stdint.h>

#include "stapler/roster.h"
#include "stapler/web/web.h"

enum { WAITERS_MAX_MS = 60000 };

struct waiter;

struct waiters {
        const struct roster *roster;
        struct waiter *first;
};

/* "good", "none" ..., and "absent" for a name that nobody has. */
bool waiters_know_state(const char *state);

/* GET /status?cert=NAME&state=STATE&timeout=D.  Answers at once if there is
 * nothing to wait for.  deadline: monotonic_ms.  Takes r over. */
void waiters_add(struct waiters *w, const char *name, const char *state,
    int64_t deadline, struct web_request *r);

/* Answers those that have waited enough. */
void waiters_check(struct waiters *w);

/* Answers the rest, at the end of the program. */
void waiters_drop(struct waiters *w);

#endif
