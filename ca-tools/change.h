/* A change of state, as a command line or a line of a list wishes it. */
#ifndef OCSP_LAB_CA_CHANGE_H
#define OCSP_LAB_CA_CHANGE_H

#include "cadb/write.h"
#include "lab.h"

enum change_action { CHANGE_REVOKE, CHANGE_HOLD, CHANGE_RELEASE };

struct change_wish {
        enum change_action action;
        int reason;
        /* NULL: not given */
        const char *revocation_date, *invalidity_date;
        const char *ca;
        const char *from; /* the list's file */
};

/* A time that is not ahead of now; what says where the text is from.  0 is how
 * the database says "none", so it must be later. */
int change_past(const char *what, const char *text, int64_t now, int64_t *out,
    struct err *e);

/* What the wish says about every certificate, at now.  Taken under the write
 * lock, so times grow with the events. */
int change_revocation(const struct change_wish *w, int64_t now,
    struct cadb_revocation *out, struct err *e);

/*
 * The change of one certificate inside cadb_begin and cadb_commit.  *out is
 * never CADB_FORBIDDEN: that is ERR_CONFIG, which says why.
 */
int change_apply(const struct lab *lab, const struct change_wish *w,
    const struct cadb_revocation *r, int64_t now, int64_t ca,
    struct span serial, enum cadb_change *out, struct err *e);

/* revoke, hold and release of all in w->from; prints the sum. */
int change_list(const struct lab *lab, const struct change_wish *w, bool json,
    struct err *e);

#endif
