/*
 * What a thread answered of late, by the very octets it was asked with: the
 * path of a GET or the body of a POST.  Whoever asks the same again gets the
 * same, without base64, DER, or a lock; whether it is still right is for the
 * caller to judge, as with the cache behind it.
 */
#ifndef OCSP_LAB_RESPONDER_FRONT_H
#define OCSP_LAB_RESPONDER_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "responder/cache/cache.h"
#include "responder/journal.h"

enum {
        /* Octets of a question, of which RFC 9919 section 6 has at most 255
         * with the URL.  So that what is read each time is in the first lines
         * of an entry. */
        FRONT_KEY_MAX = 208,
        FRONT_LINE = 64, /* octets of a cache line */
        FRONT_SETS = 1024,
        FRONT_WAYS = 4, /* entries in a set */
};

/* What is read each time comes first, and begins a cache line. */
struct front_entry {
        _Alignas(FRONT_LINE) uint64_t epoch; /* the owner's; right then */
        struct journal_subject *subject;
        struct httpd_response *response; /* answer's */
        int64_t dated, dated_until;      /* answer's */
        size_t key_len;
        uint8_t key[FRONT_KEY_MAX];
        struct cached answer;
};

/* Belongs to one thread. */
struct front;

int front_new(struct front **out, struct err *e);
void front_free(struct front *f); /* NULL is fine */

/* Borrowed until the next front_put; NULL if it isn't there. */
struct front_entry *front_find(struct front *f, struct span key);

/* Copies answer and key, takes an own reference to the response and takes over
 * that to subject.  What has to go for it leaves its subject, whose reference
 * is returned; NULL: none.  If it can't be kept, its key too long or memory
 * short, that is its own. */
struct journal_subject *front_put(struct front *f, struct span key,
    uint64_t epoch, const struct cached *answer,
    struct journal_subject *subject);

#endif
