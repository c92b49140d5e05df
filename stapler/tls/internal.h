/* Shared by the files of this room only. */
#ifndef OCSP_LAB_TLS_INTERNAL_H
#define OCSP_LAB_TLS_INTERNAL_H

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "stapler/tls/tls.h"

#define TLS_SITE_MAGIC UINT32_C(0x53495445)

enum {
        TLS_TWINS_MAX = 4,    /* RSA, EC, Ed25519, Ed448 */
        TLS_NAME_MAX = 256,   /* of DNS names: RFC 1035 section 2.3.4 */
        TLS_NAMES_MAX = 4096, /* of one certificate */
};

/* ---- grace.c: when what was published may be freed ---------------------- */

/* At the start of what is to be freed. */
struct garbage {
        struct garbage *next;
        uint64_t epoch;
        void (*free)(struct garbage *g);
};

/* g is published no more. */
void tls_retire(struct tls *t, struct garbage *g);
void tls_collect(struct tls *t);

/* ---- sites -------------------------------------------------------------- */

/* What tls_site_offer was given. */
struct offer {
        struct garbage garbage;
        struct tls_offer is; /* its spans point behind */
        uint8_t bytes[];
};

/* Owned by its SSL_CTX, so that it outlives each connection that uses it. */
struct tls_site {
        struct garbage garbage; /* of the reference in ctx */
        uint32_t magic;
        struct tls *tls;
        char *name;
        SSL_CTX *ctx; /* one reference, until it is removed and retired */
        X509 *leaf;   /* the ctx's */
        char **names; /* the certificate's, lower case, sorted */
        size_t names_len;
        _Atomic(struct offer *) offer; /* NULL: none yet */
        atomic_uint_fast64_t stapled, bare, refused, spoilt;
};

/* NULL: none yet. */
const struct offer *tls_offer_of(const struct tls_site *site);
/* What it comes to now, if no fault takes the handshake. */
enum tls_answer tls_answer_of(
    const struct tls_site *site, const struct offer *offer);
/* No fault holds that would keep the handshake from being refused. */
bool tls_would_refuse(const struct tls_site *site);
/* The fault that takes the handshake; NULL: none. */
const struct tls_fault *tls_fault_take(
    const struct tls_site *site, const struct offer *offer);
/* The fault that would, if there is one, is not there yet. */
bool tls_is_held(const struct tls_site *site);

/* ---- table.c: names to sites -------------------------------------------- */

/* Those that stand side by side, the first one first. */
struct group {
        struct tls_site *sites[TLS_TWINS_MAX];
        unsigned len;
};

struct slot {
        const char *name; /* the site's; NULL: free */
        uint32_t hash;
        uint32_t group;
};

/* Never changes once it is published. */
struct table {
        struct garbage garbage;
        struct group *groups; /* one for each site, in order */
        size_t groups_len;
        struct slot *slots; /* open addressing; a power of two of them */
        size_t slots_len;
};

/* NULL: out of memory. */
struct table *tls_table_new(struct tls_site *const sites[], size_t len);
void tls_table_free(struct garbage *table); /* NULL is fine */
/* NULL if nobody has it.  name needs no NUL. */
const struct group *tls_table_find(
    const struct table *table, const char *name, size_t len);

/* ---- the whole ---------------------------------------------------------- */

struct tls_reader {
        struct tls *tls;
        struct tls_reader *next;
        _Atomic uint64_t seen; /* epoch at tls_enter; READER_AWAY outside */
        /* What `writer` has written and not flushed. */
        struct tls_connection *writer;
        struct buf out;
};

struct tls {
        struct tls_spec spec;
        uint8_t alpn[TLS_NAME_MAX]; /* as OpenSSL wants it */
        unsigned alpn_len;
        struct tls_site **sites;
        size_t sites_len;
        bool changed;            /* since the last commit */
        struct garbage *removed; /* sites, since then */
        _Atomic(struct table *) table;
        SSL_CTX *ctx; /* where connections begin while there is no site */
        /* Grace. */
        _Atomic uint64_t epoch;
        struct tls_reader *readers;
        struct garbage *garbage;
};

struct tls_connection {
        struct tls_reader *reader;
        SSL *ssl;
        int fd;
        bool drained; /* the socket has nothing more to read for now */
        bool ending;  /* and then the end */
        bool heard;   /* it had something once */
        bool waited;  /* for the owner to look */
        bool held;    /* waits for an offer */
        bool stapled;
        /* Those that the handshake may choose from, each by a reference to its
         * context. */
        struct group group;
        /* Written, but the kernel would not take it. */
        struct buf unsent;
        size_t unsent_at;
        bool stuck; /* a write was told to wait since tls_was_stuck */
};

/* A context with everything set but the certificate. */
SSL_CTX *tls_context_new(struct tls *t);
struct tls_connection *tls_connection_of(const SSL *ssl);
/* Of those that were to choose from, the one whose certificate was chosen. */
struct tls_site *tls_site_of(const struct tls_connection *c);

/* ---- wire.c: the socket as a BIO ---------------------------------------- */

BIO *tls_wire_new(struct tls_connection *c);
int tls_wire_start(void); /* once; -1: OpenSSL has no memory */

#endif
