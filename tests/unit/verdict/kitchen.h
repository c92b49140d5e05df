/*
 * Answers of every kind, for the tests of the verdict: certificates made by
 * OpenSSL, and answers put together byte by byte here, so that each part can
 * be wrong.  Nothing of common/ocsp takes part in making them.
 */
#ifndef OCSP_LAB_TEST_KITCHEN_H
#define OCSP_LAB_TEST_KITCHEN_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <stdbool.h>

#include "base/buf.h"

/* 2026-01-15T12:00:00Z: now, in all these tests. */
#define NOW INT64_C(1768478400)
enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

/* ---- certificates ------------------------------------------------------- */

struct actor {
        X509 *cert;
        EVP_PKEY *key;
};

struct casting {
        const char *cn;
        const struct actor *issuer; /* NULL: self-signed */
        const char *key_usage;      /* NULL: none */
        const char *extended_key_usage;
        bool ca;
        bool nocheck;
        int rsa_bits; /* 0: P-256 */
        bool ed25519;
        EVP_PKEY *key;         /* NULL: a new one */
        int serial;            /* 0: the next one */
        int64_t from, until;   /* 0: two days around NOW, a year after it */
        const EVP_MD *digest;  /* NULL: SHA-256 */
        bool broken_signature; /* one bit of it flipped */
};
struct actor actor_make(const struct casting *c);
void actor_free(struct actor *a);

/* ---- answers ------------------------------------------------------------ */

enum { RECORDS_MAX = 4, RECIPE_CERTS_MAX = 4 };

struct record {
        X509 *leaf, *issuer;
        int hash;      /* NID; 0: SHA-1 */
        bool bad_name; /* a bit of issuerNameHash, issuerKeyHash flipped */
        bool bad_key;
        int status;             /* 0 good, 1 revoked, 2 unknown */
        int reason;             /* -1: none */
        const char *revoked_at; /* content of the GeneralizedTime */
        const char *this_update;
        const char *next_update; /* NULL: absent */
        bool critical_extension;
        bool noncritical_extension;
};

struct recipe {
        struct record records[RECORDS_MAX];
        size_t records_len;
        const struct actor *signer;
        X509 *responder; /* whose name or key is the responderID */
        bool by_name;
        const char *produced_at;
        bool empty_bytes;  /* successful, without responseBytes */
        bool other_type;   /* responseType is not id-pkix-ocsp-basic */
        struct span nonce; /* data NULL: none */
        bool raw_nonce;    /* not wrapped in an OCTET STRING */
        bool critical_extension;
        bool noncritical_extension;
        const EVP_MD *digest; /* NULL: SHA-256; Ed25519: none */
        bool pss;
        int claimed_algorithm; /* NID written, whatever was used; 0: true */
        bool broken_signature;
        X509 *certs[RECIPE_CERTS_MAX];
        size_t certs_len;
};

/* One good record for leaf, SHA-1, fresh (thisUpdate an hour before NOW,
 * nextUpdate four days after it), signed by signer, by key. */
struct recipe recipe_good(const struct actor *leaf, const struct actor *issuer,
    const struct actor *signer);

/* Appends the DER to out. */
void recipe_cook(const struct recipe *r, struct buf *out);

/* The instant as 15 characters, in a static buffer out of a ring of 16. */
const char *stamp(int64_t t);

#endif
