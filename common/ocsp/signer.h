/* What a signer holds ready; inside this room only. */
#ifndef OCSP_LAB_OCSP_SIGNER_H
#define OCSP_LAB_OCSP_SIGNER_H

#include "ocsp/ocsp.h"

/* Octets of the longest signature: RSA with 16384 bits. */
enum { OCSP_SIGNATURE_MAX = 2048 };

struct ocsp_signer {
        X509 *cert;
        EVP_PKEY *key;
        EVP_MD *digest;       /* NULL: the algorithm has its own */
        EVP_MD_CTX *prepared; /* initialised for signing; only ever copied */
        struct buf algorithm; /* DER AlgorithmIdentifier */
        struct buf by_key;    /* DER ResponderID */
        struct buf by_name;
        struct buf certs; /* DER [0] EXPLICIT SEQUENCE, or empty */
};

/* Any thread.  Fills at most OCSP_SIGNATURE_MAX octets. */
int ocsp_signer_sign(const struct ocsp_signer *s, struct span tbs,
    uint8_t *signature, size_t *len, struct err *e);

#endif
