/*
 * Rows of certificates that a thread has read of late, for answers that must be
 * signed each time: a nonce costs no SQL then.  Whether one is still right is
 * for the caller to judge.
 */
#ifndef OCSP_LAB_RESPONDER_ROWS_H
#define OCSP_LAB_RESPONDER_ROWS_H

#include <stdint.h>

#include "base/base.h"
#include "cadb/cadb.h"

enum {
        /* RFC 5280 section 4.1.2.2; longer ones are looked up each time. */
        ROWS_SERIAL_MAX = 20,
        ROWS_SETS = 1024,
        ROWS_WAYS = 4, /* rows in a set; about 450 KiB in all */
};

struct kept_row {
        uint64_t epoch; /* the owner's; right then */
        int64_t seen;   /* and all events up to this one were looked at */
        int64_t ca;
        size_t serial_len; /* 0: none */
        uint8_t serial[ROWS_SERIAL_MAX];
        struct cadb_state state;
};

/* Belongs to one thread. */
struct rows;

int rows_new(struct rows **out, struct err *e);
void rows_free(struct rows *r); /* NULL is fine */

/* Borrowed until the next rows_put; NULL if it isn't there. */
struct kept_row *rows_find(struct rows *r, int64_t ca, struct span serial);

/* Instead of what was in its place, or in anybody's of its set. */
void rows_put(struct rows *r, int64_t ca, struct span serial,
    const struct cadb_state *state, uint64_t epoch, int64_t seen);

#endif
