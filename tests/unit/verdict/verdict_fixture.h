/* A CA with its cast, and the question that the tests ask. */
#ifndef OCSP_LAB_TEST_VERDICT_FIXTURE_H
#define OCSP_LAB_TEST_VERDICT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kitchen.h"
#include "ocsp/ocsp.h"

struct cast {
        struct actor root;     /* issued `ca` */
        struct actor ca;       /* the issuer */
        struct actor leaf;     /* in question */
        struct actor neighbor; /* another certificate of the CA */
        struct actor delegate; /* as it should be */
};
extern struct cast cast;
int cast_setup(void **state);
int cast_teardown(void **state);

/* A delegate of the CA that differs from a right one in one thing. */
struct casting delegate_casting(void);

/* Cooks and judges.  The verdict lives until the next call. */
const struct ocsp_verdict *judge(const struct recipe *r);
const struct ocsp_verdict *judge_as(
    const struct recipe *r, const struct ocsp_question *q);
const struct ocsp_verdict *judge_bytes(const void *der, size_t len);
struct ocsp_question question(void);

/* The check of that id, which must be there. */
const struct ocsp_check *check_of(const struct ocsp_verdict *v, const char *id);

/* The outcome, and that this check (and no other) fails. */
void assert_untrusted(const struct ocsp_verdict *v, const char *check);
void assert_outcome(const struct ocsp_verdict *v, enum ocsp_outcome want);

/* What OCSP_basic_verify says of the same recipe: true = accepted.  It knows
 * nothing of times; the certificates' own are taken at NOW. */
bool openssl_accepts(const struct recipe *r);

#endif
