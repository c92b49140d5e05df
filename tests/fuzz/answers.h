/*
 * Answers about the cast, unspoilt and spoilt, and what they are worth: once
 * as we judge, once as OpenSSL does.
 */
#ifndef OCSP_LAB_FUZZ_ANSWERS_H
#define OCSP_LAB_FUZZ_ANSWERS_H

#include "cast.h"
#include "ocsp/ocsp.h"

/* ---- answers ------------------------------------------------------------ */

/* The number of answers that answers_cook knows, each about A_GOOD. */
size_t answers_len(void);

/* Appends the DER of the n-th.  Same bytes in every run. */
void answers_cook(size_t n, struct buf *out);

/* What a question at NOW, without nonce and without trusted responders, must
 * make of it. */
enum ocsp_outcome answers_outcome(size_t n);

/* The nonce that some of them hold. */
extern const struct span answers_nonce;

/*
 * Appends the answer in der with its tbsResponseData signed anew by one of the
 * cast: so what is wrong in there is all that is wrong.  Its certificates
 * come first, then those that der had, if keep.  false: der is no basic
 * response, nothing was appended.
 */
bool answers_sign_again(
    struct span der, enum role by, bool keep, struct buf *out);

/* ---- OpenSSL's opinion --------------------------------------------------- */

/* Of what we believe (good, revoked or unknown), OpenSSL must: that it was
 * signed by one who may, and that its times fit.  If we say good, it must not
 * have anything else to say of the certificate. */
void answers_compare(const struct ocsp_question *q, struct span der,
    const struct ocsp_verdict *v);

#endif
