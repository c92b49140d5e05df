/*
 * The server side of TLS 1.2 and 1.3: which certificate a client gets (SNI),
 * and the staple that goes with it.
 *
 * Nothing is resumed: no session cache, no tickets.  Each handshake is a full
 * one and carries its own staple, so a revocation is never hidden behind a
 * session from before it.
 *
 * One thread.
 */
#ifndef OCSP_LAB_TLS_H
#define OCSP_LAB_TLS_H

#include <openssl/x509.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct ssl_st;
struct tls;

enum tls_answer {
        TLS_STAPLE, /* with the bytes */
        TLS_BARE,   /* without a staple */
        TLS_REFUSE, /* alert handshake_failure, before any certificate */
};

enum tls_event {
        TLS_STAPLED,   /* a staple went out */
        TLS_WENT_BARE, /* the client asked, and there was none */
        TLS_WAS_REFUSED,
};

struct tls_hooks {
        /* What the handshake with this site gets.  der stays the site's: it is
         * copied before the next call. */
        enum tls_answer (*answer)(void *site_arg, struct span *der);
        void (*count)(void *site_arg, enum tls_event what);
        /* A client asks for a name that no site has: the last moment to add
         * it.  NULL: none. */
        void (*miss)(void *arg, const char *name);
        void *arg; /* of miss */
};

int tls_new(const struct tls_hooks *hooks, struct tls **out, struct err *e);
/* Connections that are still open may only be freed then: libevent frees some
 * of them late. */
void tls_free(struct tls *t);

/* ---- sites: one certificate each ---------------------------------------- */

struct tls_site;

struct tls_site_spec {
        const char *name; /* matched before the certificate's own names */
        X509 *leaf;
        STACK_OF(X509) *chain; /* what is sent after leaf; may be NULL */
        EVP_PKEY *key;
        void *arg; /* for the hooks */
};

/* Behind the sites that are there, or in the place of `old`, which is removed
 * then.  References are taken. */
int tls_site_add(struct tls *t, const struct tls_site_spec *spec,
    struct tls_site *old, struct tls_site **out, struct err *e);
/* Open connections keep the certificate; hooks are not called with arg any
 * more. */
void tls_site_remove(struct tls *t, struct tls_site *site);
/* Moves it to the front: for clients without SNI, or with a name that nobody
 * has. */
void tls_site_prefer(struct tls *t, struct tls_site *site);

/* ---- connections --------------------------------------------------------- */

/*
 * A new server connection, for a TLS bufferevent to own.  It must be done
 * with by deadline (monotonic ms), unless that is extended.  NULL: out of
 * memory.
 */
struct ssl_st *tls_accept(struct tls *t, int64_t deadline);
void tls_extend(struct ssl_st *ssl, int64_t deadline);

/* Shuts the sockets of those past their deadline, whatever trickles in.
 * Their owners see the end of the stream and free them. */
void tls_enforce(struct tls *t, int64_t now_ms);
size_t tls_open_connections(const struct tls *t);

struct tls_info {
        void *site_arg;          /* NULL: the site was removed meanwhile */
        const char *version;     /* "TLSv1.3"; static */
        const char *server_name; /* of the SNI extension, or NULL; borrowed */
        bool asked;              /* the client sent status_request */
        bool stapled;
};
struct tls_info tls_info(struct ssl_st *ssl);

#endif
