/* Object identifiers, as content octets; inside this room only. */
#ifndef OCSP_LAB_OCSP_OID_H
#define OCSP_LAB_OCSP_OID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "ocsp/ocsp.h"

/* The last arc under id-pkix-ocsp, 1.3.6.1.5.5.7.48.1 (RFC 6960 appendix B). */
enum ocsp_arc {
        OCSP_ARC_NONE = 0, /* not under id-pkix-ocsp */
        OCSP_ARC_BASIC = 1,
        OCSP_ARC_NONCE = 2,
        OCSP_ARC_CRL = 3,
        OCSP_ARC_RESPONSE = 4, /* acceptableResponses */
        OCSP_ARC_NOCHECK = 5,
        OCSP_ARC_ARCHIVE_CUTOFF = 6,
        OCSP_ARC_SERVICE_LOCATOR = 7,
        OCSP_ARC_PREF_SIG_ALGS = 8,
        OCSP_ARC_EXTENDED_REVOKE = 9,
};

/* One of the above, or another number that nobody has defined yet. */
int ocsp_oid_arc(struct span oid);

enum { OCSP_OID_PKIX_LEN = 9 };
/* Content octets of id-pkix-ocsp with that arc. */
void ocsp_oid_pkix(enum ocsp_arc arc, uint8_t out[OCSP_OID_PKIX_LEN]);

/* Hash by its OID; *size gets the hash's length, 0 for OCSP_HASH_OTHER. */
enum ocsp_hash ocsp_oid_hash(struct span oid, size_t *size);

/* DER AlgorithmIdentifier as we write it. */
struct span ocsp_hash_algorithm(enum ocsp_hash hash);

/* "1.3.6.1.5.5.7.48.1.2"; what does not fit ends in "...". */
enum { OCSP_OID_TEXT_MAX = 80 };
const char *ocsp_oid_text(struct span oid, char out[OCSP_OID_TEXT_MAX]);

#endif
