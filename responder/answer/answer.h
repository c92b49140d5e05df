/*
 * From what was asked to what goes back, in three steps with plain data
 * between them, so that each can be looked at, tested, and later spoilt on
 * purpose: the answer, its DER, its delivery.
 *
 * No clock, no socket, no log; the database is a call that the caller gives.
 */
#ifndef OCSP_LAB_RESPONDER_ANSWER_H
#define OCSP_LAB_RESPONDER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "cadb/cadb.h"
#include "ocsp/ocsp.h"
#include "responder/issuer/issuer.h"

/* ---- policy ------------------------------------------------------------ */

enum answer_nonce {
        ANSWER_NONCE_ECHO,
        ANSWER_NONCE_IGNORE,  /* RFC 9919 section 3.2.1: as if there was none */
        ANSWER_NONCE_REQUIRE, /* without: unauthorized */
};

/* For serials that the CA never issued. */
enum answer_unissued {
        ANSWER_UNISSUED_UNKNOWN,
        ANSWER_UNISSUED_UNAUTHORIZED,
        ANSWER_UNISSUED_GOOD,
        ANSWER_UNISSUED_REVOKE, /* with extended-revoke, RFC 6960 4.4.8 */
};

struct answer_policy {
        enum answer_nonce nonce;
        enum answer_unissued unissued;
        enum ocsp_responder_id responder_id;
        int64_t validity; /* seconds from thisUpdate to nextUpdate, > 0 */
        int64_t max_age; /* longest a cache may keep one; 0: half of its life */
};

/* ---- request to answer ------------------------------------------------- */

enum { ANSWER_WHY_MAX = 512 };

/* What was found out about one certificate. */
struct answer_finding {
        bool issued;
        enum ocsp_cert_status status; /* as answered */
        int reason;
        int64_t revocation_time;
};

/* In words.  ca NULL: it is no longer there. */
const char *answer_explain(const struct answer_finding *f,
    const struct issuer *ca, char out[ANSWER_WHY_MAX]);

/* When an answer is good for what; seconds since 1970. */
struct answer_life {
        int64_t this_update; /* also producedAt and Last-Modified */
        int64_t next_update;
        int64_t resign_at; /* from here on a new one is signed */
        bool shareable;    /* caches may keep it and give it to others */
};

/* Not to be copied: ocsp points into it. */
struct answer {
        /* Unless OCSP_SUCCESSFUL, only why is filled. */
        enum ocsp_response_status status;
        char why[ANSWER_WHY_MAX];
        const struct issuer *issuer; /* who signs; borrowed from the set */
        struct ocsp_answer ocsp;
        struct ocsp_single singles[OCSP_CERTIDS_MAX];
        struct answer_finding findings[OCSP_CERTIDS_MAX];
        int64_t row_version; /* cadb_state.version of the first; 0: no row */
        struct answer_life life;
};

/* Looks a serial up: 1 found, 0 never issued, -1 failed, like
 * cadb_state_find. */
struct answer_source {
        int (*find)(void *arg, int64_t ca, struct span serial,
            struct cadb_state *out, struct err *e);
        void *arg;
};

/* A nonce that this policy echoes. */
bool answer_wants_nonce(
    const struct answer_policy *p, const struct ocsp_request *q);

/* Every outcome is an answer; a source that fails makes internalError.  out
 * borrows from q and issuers. */
void answer_plan(const struct answer_policy *p, const struct issuers *issuers,
    const struct answer_source *source, const struct ocsp_request *q,
    int64_t now, struct answer *out);

/* ---- answer to DER ----------------------------------------------------- */

/* Appends; signs unless the answer is an error. */
int answer_encode(const struct answer *a, struct buf *der, struct err *e);

/* Strong entity tag with its quotes: hex SHA-256 of the OCSPResponse (RFC
 * 9919 section 6). */
enum { ANSWER_ETAG_MAX = 2 + 64 + 1 };
void answer_etag(struct span der, char out[ANSWER_ETAG_MAX]);

/* ---- DER to delivery --------------------------------------------------- */

enum { DELIVERY_HEADERS_MAX = 8, DELIVERY_VALUE_MAX = 128 };

struct delivery {
        unsigned status; /* HTTP: 200 for OCSP errors too, since OpenSSL's
                            client drops the body of anything else */
        struct span body;
        size_t headers_len;
        struct {
                const char *name; /* static */
                char value[DELIVERY_VALUE_MAX];
        } headers[DELIVERY_HEADERS_MAX];
};

/* Headers of RFC 9919 section 6.  life NULL: an error.  body and etag are
 * borrowed. */
void delivery_make(const struct answer_life *life, const char *etag,
    struct span body, int64_t now, struct delivery *out);

/* The same for a CRL (RFC 2585 section 4.2), whose body is sent apart. */
void delivery_make_crl(const struct answer_life *life, const char *etag,
    int64_t now, struct delivery *out);

/* If-None-Match (NULL: absent) of a GET or HEAD, RFC 9110 section 13.1.2: true
 * for 304.  If-Modified-Since never counts: it has whole seconds, in which a
 * certificate can be held and released, and a lab's clock stands still or goes
 * back. */
bool delivery_not_modified(
    const struct answer_life *life, const char *etag, const char *none_match);

#endif
