/* The certificate in question, its issuer, and whether to believe in it at
 * all before anything is asked about it (RFC 9919 section 4.2). */
#ifndef OCSP_LAB_CHECK_SUBJECT_H
#define OCSP_LAB_CHECK_SUBJECT_H

#include <openssl/x509.h>

#include <stdbool.h>
#include <stdint.h>

#include "pki/pki.h"
#include "stapler/check/options.h"
#include "stapler/check/report.h"

struct subject {
        const struct options *options;
        int64_t now;
        STACK_OF(X509) *roots;      /* trust anchors; may be empty */
        STACK_OF(X509) *untrusted;  /* what may stand between */
        STACK_OF(X509) *chain;      /* verified, leaf first; NULL if not */
        STACK_OF(X509) *responders; /* trusted by themselves; may be empty */
        STACK_OF(X509_CRL) *crls;   /* --crl; may be empty */
        X509 *leaf;                 /* NULL until known */
        X509 *issuer;               /* NULL if it cannot be found */
        bool must_staple;
        char name[PKI_NAME_TEXT_MAX];
};

/* Loads the trust anchors, --issuer, the trusted responder and the CRLs. */
int subject_open(
    struct subject *s, const struct options *o, int64_t now, struct err *e);
void subject_close(struct subject *s);

/* Loads --cert, a file or a name in DIR, and what stands beside it. */
int subject_load(struct subject *s, const char *cert, struct err *e);

/* Takes references to what a server sent, leaf first. */
int subject_take(struct subject *s, const struct handshake *h, struct err *e);

/* Looks for the issuer.  ERR_NOTFOUND if there is none. */
int subject_find_issuer(struct subject *s, struct err *e);

/* What an answer about the leaf is asked; without a nonce. */
struct ocsp_question subject_question(const struct subject *s);

/* The step "chain", and for a server "host-name": the chain to an anchor at
 * now, and the name. */
void subject_judge(struct subject *s, const char *servername, struct report *r);

/* DIR/certs/NAME/FILE, if NAME is a name (also NAME@1, a renewed one) and the
 * file is there. */
bool subject_path(const char *dir, const char *name, const char *file,
    char *out, size_t size);

#endif
