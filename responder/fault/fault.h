/*
 * Deliberate faults: which scenario holds for a certificate, and what it makes
 * of an answer.
 *
 * An answer is edited at three points: as plain data before it is encoded, as
 * DER, and in how it is delivered.  What encodes and delivers good answers
 * knows nothing of it.
 */
#ifndef OCSP_LAB_RESPONDER_FAULT_H
#define OCSP_LAB_RESPONDER_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "cadb/cadb.h"
#include "ocsp/ocsp.h"
#include "responder/answer/answer.h"
#include "responder/issuer/issuer.h"
#include "scenario/scenario.h"

/* ---- what is set ------------------------------------------------------- */

/* What a fault needs to answer for one CA. */
struct fault_means {
        int64_t issuer;
        struct ocsp_signer *signer; /* NULL: the CA's own of the day */
        int64_t signer_not_after;
        struct buf ca;    /* DER of the CA's certificate */
        struct buf along; /* DER of those that come after the signer's */
};

/* One scenario, as set.  Never changes but for what is left of it; counted
 * references.  Any thread. */
struct fault {
        int64_t ca; /* 0: all */
        size_t serial_len;
        uint8_t serial[CADB_SERIAL_MAX]; /* len 0: all of the CA */
        int64_t version;                 /* the event that set it */
        int64_t times;                   /* 0: no end */
        char text[SCENARIO_TEXT_MAX];
        struct scenario_choice choice;
        /* Set if it acts at the staple: choice is then how the answer is made
         * that a TLS server staples, and good if it takes none from here. */
        const struct scenario *staple;
        char broken[ERR_TEXT_MAX]; /* why it can't be done, or "" */
        size_t means_len;
        struct fault_means *means;
};

/* Never changes; counted references. */
struct faults {
        int64_t version; /* cadb_scenario_latest when it was read */
        size_t len;
        struct fault **list; /* in order of ca and serial */
};
void faults_unref(struct faults *s); /* NULL is fine */

enum fault_level { FAULT_CERTIFICATE, FAULT_CA, FAULT_ALL, FAULT_LEVELS };

/* The one that is set at that level for that certificate; NULL: none. */
struct fault *faults_at(const struct faults *s, enum fault_level level,
    int64_t ca, struct span serial);

/* Takes one of the answers that it holds for; false: none is left.  Of all
 * threads together, exactly as many get one as there are. */
bool fault_take(struct fault *f);
int64_t fault_left(const struct fault *f); /* -1: no end */

/* ---- the current ones -------------------------------------------------- */

/* Holds the set of the day.  Any thread.  none: a lab without faults, where
 * nothing is set, whatever the database shows. */
struct faultbook;
int faultbook_new(
    const char *dir, bool none, struct faultbook **out, struct err *e);
void faultbook_free(struct faultbook *b);

/* Sees to it that *held, the caller's reference (NULL at first), is what db
 * shows now: reads one number, and more only if it has changed.  What did not
 * change keeps its count. */
int faultbook_refresh(
    struct faultbook *b, struct cadb *db, struct faults **held, struct err *e);

/* One that nobody has set, for an answer offline: ERR_USAGE if it acts
 * elsewhere than at an answer, ERR_CONFIG if it wants a signer that has to be
 * made. */
int fault_offline(const char *text, const char *dir, struct cadb *db,
    struct fault **out, struct err *e);
void fault_unref(struct fault *f); /* NULL is fine */

/* ---- what it makes of an answer ---------------------------------------- */

/* How the request came. */
struct fault_visit {
        bool live; /* over HTTP */
        bool get;  /* or HEAD */
        bool redirected;
        const char *path;
        int64_t note; /* of the request, 0 at first: see httpd_request */
};

enum { FAULT_LOCATION_MAX = 4096 };

enum fault_framing {
        FAULT_FRAMED, /* as it should be */
        FAULT_CHUNKED,
        FAULT_UNTIL_CLOSE,
        FAULT_CUT_OFF, /* Content-Length says more than comes: see missing */
        FAULT_RESET,   /* the same, and the connection is reset */
};

/* What goes out. */
struct fault_outcome {
        enum ocsp_response_status status;  /* as it is told */
        bool encoded;                      /* der is an answer, as told */
        struct buf der;                    /* the body; the caller's memory */
        struct delivery delivery;          /* but for the body */
        char location[FAULT_LOCATION_MAX]; /* header Location, or "" */
        enum fault_framing framing;
        size_t missing;
        int drip_ms; /* > 0: byte by byte, that long apart */
        int park_ms; /* > 0: nothing yet, ask again then */
        bool close;  /* end the connection without a word */
};

/* A good answer to a request, and about what. */
struct fault_case {
        const struct fault_visit *visit;
        const struct ocsp_request *request;
        struct answer *answer; /* as planned; is edited */
        size_t target;         /* the certID in question */
        int64_t not_after;     /* of that certificate; 0: unknown */
        int64_t now;
};

/* Spoils it.  out is zero but for der, which is empty. */
int fault_spoil(struct fault *f, const struct fault_case *c,
    struct fault_outcome *out, struct err *e);

/* Waiting comes before an answer is made: park_ms, or close.  False: go on. */
bool fault_waits(
    const struct fault *f, struct fault_visit *v, struct fault_outcome *out);

/* Whether there is a recipe for that scenario; for tests. */
bool fault_knows(const char *name);

#endif
