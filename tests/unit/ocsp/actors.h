/* A CA, its delegated signer and a leaf, of any algorithm. */
#ifndef OCSP_LAB_TEST_ACTORS_H
#define OCSP_LAB_TEST_ACTORS_H

#include "dertext.h"

#include "ocsp/ocsp.h"
#include "pki/pki.h"

/* 2026-11-21T10:00:00Z */
#define NOW INT64_C(1795255200)

struct actors {
        EVP_PKEY *ca_key, *signer_key, *leaf_key;
        X509 *ca, *signer, *leaf;
};

void actors_make(enum pki_algorithm a, struct actors *out);
void actors_release(struct actors *a);

#endif
