/*
 * Who may sign an answer about a certificate (RFC 6960 section 4.2.2.2), and
 * which of the certificates at hand did.  For this room only.
 */
#ifndef OCSP_LAB_OCSP_AUTHORITY_H
#define OCSP_LAB_OCSP_AUTHORITY_H

#include <openssl/x509.h>

#include <stdbool.h>
#include <stddef.h>

#include "ocsp/ocsp.h"

enum authority_role {
        AUTHORITY_NONE,
        AUTHORITY_ISSUER,   /* the CA itself */
        AUTHORITY_DELEGATE, /* issued by the CA, for this */
        AUTHORITY_TRUSTED,  /* named by the user */
};

/* One certificate that the responderID names, and what is true of it. */
struct authority {
        X509 *cert; /* owned */
        enum authority_role role;
        bool is_leaf;           /* has the key of the certificate in question */
        bool names_issuer;      /* its issuer has the CA's name */
        bool issued;            /* ... and the CA's key signed it, soundly */
        bool ocsp_signing;      /* EKU id-kp-OCSPSigning */
        bool beyond_us;         /* a critical extension that nobody knows */
        bool digital_signature; /* keyUsage absent, or with that bit */
        bool valid;             /* at the question's now */
        bool nocheck;           /* id-pkix-ocsp-nocheck */
        bool signature;         /* its key made the answer's signature */
};

/*
 * Looks at every certificate at hand: the issuer, the trusted responder, and
 * all that came with the answer; several may have one name.  Takes the one
 * that serves best.  False if the responderID names none of them.
 */
bool authority_find(const struct ocsp_question *q,
    const struct ocsp_response *r, struct authority *out);
void authority_release(struct authority *a);

/* Digest of an AlgorithmIdentifier: NID, NID_undef if it has none of its own
 * (EdDSA) or is not known. */
struct authority_algorithm {
        int nid;
        int digest;
        int key; /* EVP_PKEY_RSA, ..., NID_undef if not known */
};
struct authority_algorithm authority_algorithm_of(const X509_ALGOR *algorithm);

/* MD2 to SHA-1: collisions have been made. */
bool authority_digest_is_broken(int digest);

/* Bits of security below which a key is refused: RSA-2048, P-224. */
enum { AUTHORITY_SECURITY_BITS_MIN = 112 };

#endif
