/*
 * The CAs of the database, each with the one who signs answers for it: loaded,
 * checked, shared by all threads, and replaced as a whole when one changes.
 */
#ifndef OCSP_LAB_RESPONDER_ISSUER_H
#define OCSP_LAB_RESPONDER_ISSUER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "cadb/cadb.h"
#include "ocsp/ocsp.h"

/* "Lab Root (CA root)". */
enum { ISSUER_LABEL_MAX = 160 + LAB_NAME_MAX + 8 };

/* ---- one CA ------------------------------------------------------------ */

/* Never changes; counted references.  Any thread. */
struct issuer {
        int64_t id;
        int64_t version; /* cadb_ca.version that this was made from */
        char name[LAB_NAME_MAX + 1];
        char label[ISSUER_LABEL_MAX]; /* for people: common name and name */
        uint8_t name_sha1[CADB_HASH_SHA1], key_sha1[CADB_HASH_SHA1];
        uint8_t name_sha256[CADB_HASH_SHA256], key_sha256[CADB_HASH_SHA256];
        struct ocsp_signer *signer; /* NULL: see fault */
        int64_t not_before;         /* of the signer's certificate */
        int64_t not_after;
        enum cadb_signer_model model;
        int64_t signer_id;
        bool has_signer; /* the database names one */
        bool key_here;   /* the CA's own key is in the lab */
        char fault[ERR_TEXT_MAX];
        char warning[ERR_TEXT_MAX]; /* what is odd but allowed, or "" */
};

/* Where its files are, and how it signs. */
struct issuer_source {
        const char *dir;
        const char *digest; /* "sha256"; NULL: the key's own habit */
};

/* Loads one.  A signer that must not sign (RFC 6960 section 4.2.2.2) is no
 * error: signer is NULL then and fault says why.  -1: out of memory. */
int issuer_load(const struct issuer_source *from, const struct cadb_ca *row,
    struct issuer **out, struct err *e);
struct issuer *issuer_ref(struct issuer *i);
void issuer_unref(struct issuer *i); /* NULL is fine */

/* Signs and is valid at now; else why (ERR_TEXT_MAX) says what is wrong. */
bool issuer_can_sign(const struct issuer *i, int64_t now, char *why);

/* What its owner should know about its signer by now, and do: that it ends
 * soon (cadb_signer_ends_soon), else warning.  NULL if nothing. */
const char *issuer_notice(
    const struct issuer *i, int64_t now, char out[ERR_TEXT_MAX]);

/* True once for each signer, for the first who asks when it ends soon. */
bool issuer_ends_soon_first(struct issuer *i, int64_t now);

/* ---- all of them ------------------------------------------------------- */

/* Never changes; counted references.  Any thread. */
struct issuers {
        int64_t version; /* cadb_ca_latest when it was read */
        size_t len;
        struct issuer **list;
};

struct issuers *issuers_ref(struct issuers *s);
void issuers_unref(struct issuers *s); /* NULL is fine */

/* How a certID's two hashes fit the CAs (RFC 6960 section 4.1.1: both name
 * the issuer). */
enum issuer_match {
        ISSUER_FOUND,
        ISSUER_HASH_UNKNOWN, /* neither SHA-1 nor SHA-256 */
        ISSUER_NONE,
        ISSUER_NAME_ONLY, /* a CA of that name has another key */
        ISSUER_KEY_ONLY,
};
/* *out is the CA that was found or, when one hash fits, the nearest. */
enum issuer_match issuers_find(const struct issuers *s,
    const struct ocsp_certid *id, const struct issuer **out);

/* Borrowed; NULL if there is none. */
const struct issuer *issuers_by_id(const struct issuers *s, int64_t id);

/* ---- the current ones -------------------------------------------------- */

/* Holds the set of the day.  Any thread. */
struct registry;

/* from is copied; its strings are borrowed. */
int registry_new(
    const struct issuer_source *from, struct registry **out, struct err *e);
void registry_free(struct registry *r);

/*
 * Sees to it that *held, the caller's reference (NULL at first), is the set
 * that db shows now: reads one number, and more only if it has changed.
 * Issuers that did not change are kept; those whose signer is faulty are
 * tried again.  told (may be NULL) hears of each that was loaded, in the
 * thread that loads.  On -1 *held is as it was.
 */
typedef void registry_told(const struct issuer *i);
int registry_refresh(struct registry *r, struct cadb *db, registry_told *told,
    struct issuers **held, struct err *e);

/* A reference to the set of the day; NULL before the first
 * registry_refresh. */
struct issuers *registry_current(struct registry *r);

/* Load all signers anew at the next registry_refresh: somebody may have mended
 * a file. */
void registry_expire(struct registry *r);

/* Moves when the set was replaced or has expired: nearly free to read. */
uint64_t registry_generation(const struct registry *r);

#endif
