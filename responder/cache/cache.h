/*
 * Finished answers, kept by certID and shared by all threads.  An entry says
 * by itself what it was made from; whether that still holds is for the caller
 * to judge.
 */
#ifndef OCSP_LAB_RESPONDER_CACHE_H
#define OCSP_LAB_RESPONDER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "cadb/cadb.h"
#include "httpd/httpd.h"
#include "responder/answer/answer.h"

/* What an answer was made from.  If all of it is the same, so is the answer. */
struct cache_basis {
        uint64_t clock; /* labclock_generation */
        int64_t issuer; /* its id and version */
        int64_t issuer_version;
        int64_t row_version;
};

struct cached {
        struct httpd_response *response;
        int64_t dated;       /* its max-age can be said from this second to */
        int64_t dated_until; /* this one; all within life */
        struct answer_life life;
        struct cache_basis basis;
        struct cadb_stamp stamp; /* the basis was found so at this state */
        int64_t seen; /* and all events up to this one were looked at */
        struct answer_finding finding;
        char etag[ANSWER_ETAG_MAX];
};

struct cache;

/* limit: bytes of all entries together, roughly; 0: keeps nothing. */
int cache_new(size_t limit, struct cache **out, struct err *e);
void cache_free(struct cache *c); /* NULL is fine */

/* A copy, with a reference to response that the caller gives back. */
bool cache_get(struct cache *c, struct span key, struct cached *out);

/* Copies entry and takes its own reference; replaces what was there.  Lack of
 * memory is no error: it is not kept then. */
void cache_put(struct cache *c, struct span key, const struct cached *entry);

/* Of a key, for tables of one's own; seed: a secret, so that nobody can choose
 * keys that collide. */
uint64_t cache_hash(uint64_t seed, struct span key);

struct cache_size {
        size_t entries;
        size_t bytes;
};
struct cache_size cache_measure(struct cache *c);

#endif
