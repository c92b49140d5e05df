/*
 * Asking for the status of one certificate: an OCSP request with one certID
 * and no nonce (RFC 9919 section 3.1.1), over each URL in turn until one
 * brings an answer that the caller accepts.
 *
 * The same section wants SHA-256 in the certID.  A server does well to ask
 * with SHA-1 all the same, see stapler/options.c.
 */
#ifndef OCSP_LAB_FETCH_H
#define OCSP_LAB_FETCH_H

#include <openssl/x509.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "ocsp/ocsp.h"

struct event_base;

/* One total deadline over all URLs. */
enum { FETCH_TIMEOUT_MS = 10000, FETCH_URLS_MAX = 8 };

/* Header of requests and answers. */
#define FETCH_STAPLE_HEADER "OCSP-Lab-Staple"

struct fetch_answer {
        struct span der; /* never empty */
        int64_t max_age; /* of its HTTP headers, in seconds; -1: absent */
};

/* Judges what came.  -1 with why: the next URL is asked. */
typedef int fetch_judge(
    void *arg, const struct fetch_answer *a, struct err *why);

struct fetch_result {
        bool ok;             /* judge accepted an answer */
        size_t url;          /* ok: index of the URL that brought it */
        int64_t retry_after; /* not ok: seconds; -1: nobody named any */
        struct err err;      /* not ok: of the last URL, naming it */
};
/* Called once; the fetch is freed afterwards. */
typedef void fetch_done(void *arg, const struct fetch_result *result);

struct fetch_request {
        X509 *leaf, *issuer;
        enum ocsp_hash hash;
        const char *const *urls; /* copied, at most FETCH_URLS_MAX */
        size_t urls_len;
        size_t first;   /* index of the URL to begin with */
        int timeout_ms; /* <= 0: FETCH_TIMEOUT_MS */
        /* Not the status is wanted, but what is stapled while that scenario is
         * set; a responder that does not say that it is that brings nothing.
         * A string constant; NULL: the status. */
        const char *staple_scenario;
        fetch_judge *judge;
        fetch_done *done;
        void *arg;
};

struct fetch;

/* Neither callback comes from within.  ERR_DATA without a URL. */
int fetch_start(struct event_base *base, const struct fetch_request *q,
    struct fetch **out, struct err *e);
void fetch_cancel(struct fetch *f); /* done is not called; NULL is fine */

#endif
