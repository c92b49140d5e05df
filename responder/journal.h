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

/* What journal_add is told; all borrowed. */
struct journal_note {
        int64_t at; /* the lab's time */
        enum httpd_method method;
        unsigned http; /* HTTP status */
        enum ocsp_response_status status;
        enum cache_use cached;
        const struct ocsp_request *request;    /* NULL: could not be read */
        int64_t issuer;                        /* CA id, 0: none matched */
        const struct answer_finding *findings; /* one per certID; NULL: error */
        const char *why;      /* of an error; findings speak for themselves */
        const char *scenario; /* the fault that it has; NULL: none */
};

struct journal_certid {
        enum ocsp_hash hash;
        struct answer_finding finding;
        size_t serial_len;
        uint8_t serial[OCSP_SERIAL_MAX];
};

/* One request; never changes; counted references. */
struct journal_record {
        uint64_t seq; /* from 1 */
        int64_t at;
        enum httpd_method method;
        unsigned http;
        enum ocsp_response_status status;
        enum cache_use cached;
        int64_t issuer;
        bool found;        /* certids have findings */
        struct span nonce; /* data NULL: none */
        const char *why;
        const char *scenario;
        size_t certids_len;
        const struct journal_certid *certids;
};
void journal_record_unref(struct journal_record *r);

struct journal;

int journal_new(struct journal **out, struct err *e);
void journal_free(struct journal *j); /* NULL is fine */

/* wake is called after a request was added, if somebody has asked for that
 * since the last call.  Set once, before threads start. */
void journal_set_wake(struct journal *j, void (*wake)(void *arg), void *arg);
void journal_want_wake(struct journal *j);

/* Before the answer is sent: who has an answer finds it here. */
void journal_add(struct journal *j, const struct journal_note *n);

/* Those after since, oldest first, that ask about serial (data NULL: all).
 * Fills at most JOURNAL_LEN references that the caller gives back; *last is
 * the newest number of all. */
size_t journal_collect(struct journal *j, uint64_t since, struct span serial,
    struct journal_record *out[JOURNAL_LEN], uint64_t *last);

#endif
