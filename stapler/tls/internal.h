/* Shared by the files of this room only. */
#ifndef OCSP_LAB_TLS_INTERNAL_H
#define OCSP_LAB_TLS_INTERNAL_H

#include <openssl/ssl.h>

#include "stapler/tls/tls.h"

#define TLS_SITE_MAGIC UINT32_C(0x53495445)
#define TLS_CONNECTION_MAGIC UINT32_C(0x434f4e4e)

/* Owned by its SSL_CTX, so that it outlives each connection that uses it. */
struct tls_site {
        uint32_t magic;
        struct tls *tls;
        char *name;
        SSL_CTX *ctx; /* not counted; tls->sites[] holds the reference */
        X509 *leaf;   /* the ctx's */
        void *arg;    /* NULL once removed */
};

/* Owned by its SSL. */
struct tls_connection {
        uint32_t magic;
        struct tls *tls; /* NULL: it is gone */
        SSL *ssl;
        int64_t deadline;
        bool stapled;
        struct tls_connection *prev, *next;
};

struct tls {
        struct tls_hooks hooks;
        SSL_CTX *ctx; /* where each connection begins; has no certificate */
        struct tls_site **sites;
        size_t sites_len;
        struct tls_connection *connections;
        size_t connections_len;
};

/* Positions of our structs at SSL_CTX and SSL.  -1: OpenSSL has none left. */
int tls_site_index(void);
int tls_connection_index(void);

/* A context with everything set but the certificate. */
SSL_CTX *tls_context_new(struct tls *t);

struct tls_site *tls_site_of(const SSL *ssl);
struct tls_connection *tls_connection_of(const SSL *ssl);

/* Those that are still open outlive t. */
void tls_abandon_connections(struct tls *t);

/* By SNI (NULL: none sent); NULL if there is no site at all. */
struct tls_site *tls_site_find(struct tls *t, const char *name);

#endif
