/* Pieces that several messages hold; inside this room only. */
#ifndef OCSP_LAB_OCSP_PARTS_H
#define OCSP_LAB_OCSP_PARTS_H

#include "ocsp/der.h"
#include "ocsp/ocsp.h"

/* CertID, RFC 6960 section 4.1.1.  The hashes must have the size of a hash
 * that we know; the serial may have any sign. */
bool ocsp_certid_read(struct der *d, struct ocsp_certid *out);

/* Extensions behind [n] EXPLICIT, if they come next; else *len is 0.  No two
 * with the same OID (RFC 5280 section 4.2). */
bool ocsp_extensions_read(struct der *d, uint8_t tag, const char *what,
    struct ocsp_extension out[OCSP_EXTENSIONS_MAX], size_t *len);

/* Puts one that is not critical; value is what goes into extnValue. */
void ocsp_extension_put(
    struct der_writer *w, struct span oid, struct span value);
/* The nonce, wrapped in its OCTET STRING (RFC 9654 section 2.1). */
void ocsp_nonce_put(struct der_writer *w, struct span nonce);

/* version [0] EXPLICIT INTEGER DEFAULT v1.  d2i takes v1 written out, so old
 * senders got away with it: so do we. */
bool ocsp_version_read(struct der *d);

/* signature and certs as they end a request and a response: [0] EXPLICIT
 * SEQUENCE OF Certificate. */
bool ocsp_signature_read(
    struct der *d, struct span *algorithm, struct span *signature);
bool ocsp_certs_read(
    struct der *d, struct span certs[OCSP_CERTS_MAX], size_t *len);

/* GeneralizedTime, or UTCTime where it does not belong. */
bool ocsp_time_read(struct der *d, const char *what, struct ocsp_time *out);

/* "20261121100000Z" with its tag and length. */
enum { OCSP_TIME_LEN = 17 };
int ocsp_time_put(
    struct der_writer *w, int64_t t, const char *what, struct err *e);

#endif
