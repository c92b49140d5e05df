/* The last requests, for those who wait for them: what was asked, what was
 * answered and why.  Any thread. */
#ifndef OCSP_LAB_RESPONDER_JOURNAL_H
#define OCSP_LAB_RESPONDER_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "httpd/httpd.h"
#include "ocsp/ocsp.h"
#include "responder/answer/answer.h"

enum { JOURNAL_LEN = 10000 };

/* Where an answer came from. */
enum cache_use {
        CACHE_NONE,  /* not one to be kept: nonce, several certIDs, error */
        CACHE_MISS,  /* signed, and kept */
        CACHE_AGAIN, /* kept one, found to be still right after a change */
        CACHE_HIT,
};
enum { CACHE_USES = CACHE_HIT + 1 };
const char *cache_use_name(enum cache_use u); /* "none" "miss" ... */

struct journal_certid {
        enum ocsp_hash hash;
        struct answer_finding finding;
        size_t serial_len;
        uint8_t serial[OCSP_SERIAL_MAX];
};

/* What was asked and what was found: the same for all requests that get one
 * kept answer.  Never changes; counted references. */
struct journal_subject {
        enum ocsp_response_status status;
        int64_t issuer;       /* CA id, 0: none matched */
        bool found;           /* certids have findings */
        struct span nonce;    /* data NULL: none */
        const char *why;      /* of an error; findings speak for themselves */
        const char *scenario; /* the fault that it has; NULL: none */
        size_t certids_len;
        const struct journal_certid *certids;
};

/* request NULL: could not be read; findings NULL: an error; why and scenario
 * may be NULL.  All are copied.  NULL: out of memory. */
struct journal_subject *journal_subject_new(enum ocsp_response_status status,
    const struct ocsp_request *request, int64_t issuer,
    const struct answer_finding *findings, const char *why,
    const char *scenario);
void journal_subject_unref(struct journal_subject *s); /* NULL is fine */

/* One request. */
struct journal_record {
        uint64_t seq; /* journal_new */
        int64_t at;   /* the lab's time */
        struct journal_subject *subject;
        enum httpd_method method;
        enum cache_use cached;
        unsigned http; /* HTTP status */
};

struct journal;

/* The first request gets the number after last. */
int journal_new(uint64_t last, struct journal **out, struct err *e);
void journal_free(struct journal *j); /* NULL is fine */

/* wake is called after a request was added, if somebody has asked for that
 * since the last call.  Set once, before threads start. */
void journal_set_wake(struct journal *j, void (*wake)(void *arg), void *arg);
void journal_want_wake(struct journal *j);

/* Before the answer is sent: who has an answer finds it here.  Gives r its
 * number; without a subject (NULL) the number will be missing.  spent (NULL:
 * none): a subject that no later record names, r's own or another; its
 * reference passes to the journal, which holds it as long as those that name
 * it are here. */
void journal_add(
    struct journal *j, struct journal_record r, struct journal_subject *spent);

/* Those after since, oldest first, that ask about serial (data NULL: all).
 * Fills at most JOURNAL_LEN, each with a reference to its subject that the
 * caller gives back; *last is the newest number of all. */
size_t journal_collect(struct journal *j, uint64_t since, struct span serial,
    struct journal_record out[JOURNAL_LEN], uint64_t *last);

#endif
