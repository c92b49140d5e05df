/* What a signer holds ready; inside this room only. */
#ifndef OCSP_LAB_OCSP_SIGNER_H
#define OCSP_LAB_OCSP_SIGNER_H

#include "ocsp/ocsp.h"

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

#endif
