/* A certificate with what is needed to serve it and to ask for its status. */
#ifndef OCSP_LAB_STAPLER_IDENTITY_H
#define OCSP_LAB_STAPLER_IDENTITY_H

#include <openssl/x509.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/dir.h"
#include "base/err.h"
#include "pki/pki.h"

/* Certificates beside the chain among which an issuer may be found: --issuer,
 * --ca, DIR/root.pem. */
struct trust {
        STACK_OF(X509) *certs;
        STACK_OF(X509) *responders; /* of --responder-cert, else of
                                       DIR/responder.pem; may be empty */
        const char *responder_url;  /* --responder, or NULL: the AIA's */
        /* The file of the responders as it was when it was read. */
        char path[PATH_MAX]; /* "": there is none */
        struct stat seen;
};

struct trust_spec {
        const char *issuer, *ca, *dir; /* any may be NULL */
        const char *responder_cert, *responder_url;
};
int trust_load(const struct trust_spec *spec, struct trust *out, struct err *e);

/* Reads the responders again if their file was replaced: a signer that clients
 * are told to trust gets a successor now and then.  A file that cannot be read
 * leaves them as they are. */
void trust_refresh(struct trust *t);
void trust_release(struct trust *t);

struct identity_spec {
        const char *name;
        const char *fullchain;
        const char *chain; /* more certificates; NULL, or may be absent */
        const char *key;   /* NULL: without */
        enum pki_key_mode mode;
};

/* Zeroed: nothing is loaded. */
struct identity {
        char name[LAB_NAME_MAX + 1];
        X509 *leaf;
        STACK_OF(X509) *chain; /* after leaf, as sent; holds the issuer */
        EVP_PKEY *key;
        X509 *issuer; /* NULL: not found */
        char *urls[PKI_URLS_MAX];
        size_t urls_len;
        bool must_staple;
        char serial[PKI_SERIAL_TEXT_MAX];
        /* Why no status can be asked for; "" if one can. */
        char trouble[ERR_TEXT_MAX];
};

int identity_load(const struct identity_spec *spec, const struct trust *t,
    struct identity *out, struct err *e);
/* The same certificates are sent.  They have the same key then. */
bool identity_equal(const struct identity *a, const struct identity *b);
void identity_release(struct identity *id);

#endif
