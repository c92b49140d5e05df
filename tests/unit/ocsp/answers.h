/* Answers from our encoder to OpenSSL's hands. */
#ifndef OCSP_LAB_TEST_ANSWERS_H
#define OCSP_LAB_TEST_ANSWERS_H

#include "actors.h"

#include <openssl/ocsp.h>

/* The certID of the actors' leaf, in der, which must be released. */
struct span leaf_certid(
    const struct actors *a, enum ocsp_hash hash, struct buf *der);

/* From a minute ago to in an hour. */
struct ocsp_single good_single(struct span certid);

/* The delegated signer, its certificate included. */
struct ocsp_signer *delegate(const struct actors *a, const EVP_MD *digest);

/* ocsp_answer_encode, and the test fails if that does. */
void encode(
    const struct ocsp_answer *a, const struct ocsp_signer *s, struct buf *der);

/* The basic response, if all of der is one and OpenSSL would have written the
 * same bytes. */
OCSP_BASICRESP *decode(const struct buf *der);

/* What OCSP_basic_verify says at NOW, with the actors' CA as the only root. */
int verify(OCSP_BASICRESP *basic, const struct actors *a);

#endif
