/*
 * The client side of one TLS handshake, to see what a server staples.
 *
 * It asks for a staple (RFC 6066 section 8) and keeps the certificates and
 * staples as they came over the wire, also where OpenSSL would hide them: an
 * empty CertificateStatus ends its handshake, and it drops the staples of
 * intermediates (RFC 8446 section 4.4.2.1).  Nothing is judged here: neither
 * the chain, nor the name, nor the time.  No session is ever resumed: a resumed
 * handshake shows neither certificate nor staple.
 *
 * The caller ignores SIGPIPE.
 */
#ifndef OCSP_LAB_HANDSHAKE_H
#define OCSP_LAB_HANDSHAKE_H

#include <openssl/x509.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
        HANDSHAKE_TIMEOUT_MS = 10000, /* from the first connect on */
        HANDSHAKE_CERTS_MAX = 10,     /* of the server's chain that we keep */
        HANDSHAKE_ADDRESS_MAX = 80,   /* "[::1]:65535" */
};

enum handshake_version { HANDSHAKE_ANY, HANDSHAKE_TLS12, HANDSHAKE_TLS13 };

struct handshake;

struct handshake_request {
        const char *host; /* name or address, without brackets */
        uint16_t port;
        const char *servername; /* an IP address is not sent, as SNI has none */
        enum handshake_version version;
        int timeout_ms; /* <= 0: HANDSHAKE_TIMEOUT_MS */
        /* Asked when certificates and staple are there, before the client's
         * last word.  False ends the handshake with the alert
         * bad_certificate_status_response (RFC 6066 section 8).  NULL: all is
         * taken. */
        bool (*accept)(void *arg, const struct handshake *h);
        void *arg;
};

struct handshake_cert {
        X509 *cert;
        bool stapled; /* a staple came with it, be it of 0 bytes */
        struct buf staple;
};

struct handshake {
        struct handshake_cert certs[HANDSHAKE_CERTS_MAX]; /* leaf first */
        size_t certs_len;
        bool refused;     /* by accept */
        char version[16]; /* "TLSv1.3" */
        char address[HANDSHAKE_ADDRESS_MAX];
};

/*
 * Addresses in turn until one accepts; no session is resumed.  ERR_TRYLATER
 * if there was no connection, ERR_DATA if there was no handshake, with
 * OpenSSL's reason and what to try.  A handshake that OpenSSL breaks off
 * because the staple is empty is none of these: 0, and the staple is there
 * for all to see; and one that accept has ended is none either.  *out is
 * released by the caller in any case.
 */
int handshake_run(
    const struct handshake_request *q, struct handshake *out, struct err *e);
void handshake_release(struct handshake *h);

#endif
