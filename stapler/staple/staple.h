/*
 * The staple of one certificate: what is held, what a handshake gets, and
 * when to ask the responder next.  Pure: the clocks and the dice come in as
 * arguments, and the only memory is the struct's own.  And the store, which
 * lets a staple live through a restart.
 *
 * Two clocks: validity is judged by the lab's, which a test may move or
 * freeze; pauses between tries count in the monotonic one, so that a frozen
 * lab still tries again.
 */
#ifndef OCSP_LAB_STAPLE_H
#define OCSP_LAB_STAPLE_H

#include <openssl/x509.h>

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "ocsp/ocsp.h"

enum {
        STAPLE_PAUSE_MS = 1000,         /* least time between two fetches */
        STAPLE_RETRY_MS = 2000,         /* first pause after a failure */
        STAPLE_RETRY_MAX_MS = 600000,   /* while the held one is still valid */
        STAPLE_RETRY_BARE_MS = 60000,   /* while there is none to give */
        STAPLE_RETRY_AFTER_MAX = 3600,  /* seconds; more is not obeyed */
        STAPLE_REFRESH_MAX = 4 * 86400, /* CA/B BR 4.9.9 wants no more */
        STAPLE_UNTIMED_REFRESH = 3600,  /* for bytes that have no times */
};

struct staple_now {
        int64_t lab; /* seconds since 1970 */
        int64_t ms;  /* monotonic */
};

/* What to do with a good staple when the responder says revoked. */
enum staple_on_revoked {
        STAPLE_REVOKED_STAPLE, /* staple that answer */
        STAPLE_REVOKED_KEEP,   /* the last good one until its nextUpdate */
        STAPLE_REVOKED_DROP,   /* staple nothing */
        STAPLE_REVOKED_REFUSE, /* refuse every handshake */
};

/* What to do with a handshake when there is nothing to staple. */
enum staple_on_missing {
        STAPLE_MISSING_BY_CERT, /* refuse if it is must-staple (RFC 7633) */
        STAPLE_MISSING_SERVE,
        STAPLE_MISSING_REFUSE,
};

struct staple_policy {
        double fraction; /* of the validity, after which to refresh: (0, 1) */
        enum staple_on_revoked on_revoked;
        enum staple_on_missing on_missing;
        bool strict; /* false: staple whatever the responder sends now */
};

enum staple_state {
        STAPLE_NONE, /* nothing came yet */
        STAPLE_GOOD,
        STAPLE_REVOKED,
        STAPLE_UNVERIFIED, /* held because the policy is not strict */
        STAPLE_EXPIRED,    /* the one held ran out; never given */
        STAPLE_EARLY,      /* the clock went back before its thisUpdate */
};
/* "none", "good", "revoked", "unverified", "expired", "early" */
const char *staple_state_name(enum staple_state s);

/* What one answer said. */
struct staple_facts {
        enum staple_state state; /* NONE, GOOD, REVOKED or UNVERIFIED */
        int64_t this_update;
        int64_t next_update;
        int64_t end; /* next_update, or the signer's notAfter if earlier */
        int64_t revocation_time;
        int reason;
};

/* Zeroed memory is a staple that was never fetched. */
struct staple {
        struct buf der;             /* what a handshake gets while valid */
        struct staple_facts held;   /* about der */
        struct staple_facts latest; /* of the last answer believed */
        int64_t refresh_at;         /* lab clock */
        int64_t retry_at;           /* monotonic; no fetch before it */
        bool in_flight;
        unsigned failures; /* in a row */
        char last_error[ERR_TEXT_MAX];
};

void staple_release(struct staple *s);

enum staple_state staple_state(const struct staple *s, int64_t lab);

/* ---- planning ----------------------------------------------------------- */

struct staple_plan {
        bool fetch;           /* ask the responder now */
        int64_t wait_ms;      /* else nothing is due before that long */
        int64_t next_refresh; /* lab clock, for people; 0: in flight */
};

struct staple_plan staple_next(const struct staple *s, struct staple_now now);

/* The lab's clock was set: old pauses count no more. */
void staple_replan(struct staple *s);

/* ---- what came of a fetch ------------------------------------------------ */

void staple_begin(struct staple *s);

struct staple_answer {
        struct span der;
        bool fresh;      /* from the responder now, not from the store */
        int64_t max_age; /* fresh: of its HTTP headers, seconds; -1: absent */
};

/*
 * Puts an answer in place, if verdict and policy allow.  dice: in [0, 1),
 * spreads the refreshes of many.  0, or -1 with why it is not used: what was
 * held stays.
 *
 * An answer that is older than the last one believed is not used: a cache, or
 * somebody who replays it, would undo a revocation.  (One that the clock has
 * left in the future holds nobody up.)
 *
 * The refresh is around the policy's fraction of the validity.  max-age says
 * from when on the responder has a newer answer, and RFC 9919 section 7.1 wants
 * clients to ask then or later: so the refresh is not before it, but no later
 * than in the middle between the fraction and the end.
 */
int staple_take(struct staple *s, const struct staple_policy *p,
    const struct ocsp_verdict *v, const struct staple_answer *a,
    struct staple_now now, double dice, struct err *why);

/* Counts a fetch that brought nothing.  retry_after: seconds, -1 if the
 * responder named none. */
void staple_fail(struct staple *s, const char *why, int64_t retry_after,
    struct staple_now now, double dice);

/* ---- at a handshake ------------------------------------------------------ */

enum staple_give {
        STAPLE_GIVE,   /* s->der */
        STAPLE_BARE,   /* go on without */
        STAPLE_REFUSE, /* end the handshake */
};
enum staple_give staple_give(const struct staple *s,
    const struct staple_policy *p, bool must_staple, int64_t lab);

/* When staple_give gives what is held, if it ever does: from <= lab < until. */
struct staple_times {
        int64_t from, until;
};
struct staple_times staple_times(const struct staple *s);

/* ---- store --------------------------------------------------------------- */

/* FOLDER/SHA256-of-the-certificate.der: a renewed certificate never meets the
 * staple of the old one. */
int staple_store_path(
    const char *folder, const X509 *leaf, char out[PATH_MAX], struct err *e);

/* Nothing stored: 0 and an empty buffer.  What comes must be judged anew. */
int staple_store_load(
    const char *folder, const X509 *leaf, struct buf *out, struct err *e);

/* Durable when it returns, which may take as long as the disk likes. */
int staple_store_save(
    const char *folder, const X509 *leaf, struct span der, struct err *e);

/* The same in a thread of the writer's own, in the order of the calls, so that
 * no handshake waits for a disk.  The thread begins with the first staple. */
struct staple_writer;
/* From that thread.  name: as it was put. */
typedef void staple_writer_failed(const char *name, const struct err *why);

/* folder is borrowed.  NULL: out of memory. */
struct staple_writer *staple_writer_new(
    const char *folder, staple_writer_failed *failed);
/* Copies what it is given. */
int staple_writer_put(struct staple_writer *w, const char *name,
    const X509 *leaf, struct span der, struct err *e);
/* Ends when all is written.  NULL is fine. */
void staple_writer_free(struct staple_writer *w);

#endif
