/*
 * What the database's trail says has changed of late: all other answers that
 * are kept are still right, without a look at their rows.
 *
 * This rests on the promise of common/cadb that every change has an event: of
 * a certificate, one of a few kinds and with its serial.  All other events are
 * taken to concern every answer.
 */
#ifndef OCSP_LAB_RESPONDER_CHANGES_H
#define OCSP_LAB_RESPONDER_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "cadb/cadb.h"

/* Changes that are remembered.  An answer that was last asked for before the
 * oldest of them is looked up. */
enum { CHANGES_MAX = 128 };

struct change {
        int64_t seq;
        size_t serial_len; /* 0: may concern any */
        uint8_t serial[CADB_SERIAL_MAX];
};

/* Belongs to one thread; all zero at first, and knows nothing then. */
struct changes {
        bool known;    /* the numbers below are valid */
        int64_t since; /* all after this one are in the ring */
        int64_t last;  /* number of the newest event; 0 unless known */
        size_t next;   /* where the next one goes */
        size_t len;
        struct change ring[CHANGES_MAX];
};

/* Reads on to the end of the trail, not within a snapshot.  On -1 it knows
 * nothing. */
int changes_read(struct changes *c, struct cadb *db, struct err *e);

/* Until it is read again, nothing is known. */
void changes_forget(struct changes *c);

/* What was right when seen was the last event is right at c->last: nothing in
 * between concerns that serial, of whatever CA.  False also when that is not
 * known. */
bool changes_spare(const struct changes *c, int64_t seen, struct span serial);

#endif
