/* A root, an intermediate and what they issue, for the tests of common/pki. */
#ifndef OCSP_LAB_TEST_PKI_FIXTURE_H
#define OCSP_LAB_TEST_PKI_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pki/pki.h"

/* 2026-11-21T10:00:00Z */
enum { TEST_NOW = 1795255200 };

/* Made by fixture_setup, freed by fixture_teardown (cmocka group fixtures). */
extern struct fixture {
        EVP_PKEY *root_key, *ca_key, *leaf_key; /* all P-256 */
        X509 *root, *ca;
} fixture;

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A spec that the intermediate signs: valid for a day around TEST_NOW, with a
 * new serial and the common name "www". */
struct pki_cert_spec fixture_spec(enum pki_profile profile);

/* pki_cert_make, and the test fails if that does. */
X509 *fixture_make(const struct pki_cert_spec *spec);

/* Fresh stack that owns references to the certificates given, NULL last. */
STACK_OF(X509) *fixture_stack(X509 *first, ...);

/* Path of a new file with that content and mode, in a folder that
 * fixture_teardown removes.  Static buffer. */
const char *fixture_file(
    const char *name, const void *data, size_t len, unsigned mode);

#endif
