/* A CA of the lab, loaded so that it can sign. */
#ifndef OCSP_LAB_CA_AUTHORITY_H
#define OCSP_LAB_CA_AUTHORITY_H

#include "lab.h"
#include "pki/pki.h"

struct authority {
        struct cadb_ca row;
        X509 *cert;
        EVP_PKEY *key;
};

/* name NULL: the lab's default.  ERR_NOTFOUND names the ones there are,
 * ERR_CONFIG if the key is not this CA's.  Zero *out before. */
int authority_load(const struct lab *lab, const char *name,
    struct authority *out, struct err *e);
void authority_release(struct authority *ca);

/* Only its row. */
int authority_find(const struct lab *lab, const char *name, struct cadb_ca *out,
    struct err *e);

/* The one that issued cert, by name and by signature: another lab's CA may have
 * the same name.  1, or 0: none of this lab. */
int authority_issuer_of(
    const struct lab *lab, X509 *cert, struct cadb_ca *out, struct err *e);

/*
 * Appends the chain that stands above what ca issues, as PEM, ca first.
 * chain: without the root, unless ca is the root.  intermediates: never the
 * root, so empty if ca is the root.
 */
int authority_chain(const struct lab *lab, const struct authority *ca,
    struct buf *chain, struct buf *intermediates, struct err *e);

/* Replaces *row by that of its issuer; a root stays. */
int authority_climb(const struct lab *lab, struct cadb_ca *row, struct err *e);

/* What kind of key the CA has, for its children. */
int authority_algorithm(
    const struct authority *ca, enum pki_algorithm *out, struct err *e);

/* The same of a CA whose key is not needed, or of a signer; who names it in
 * the error. */
int authority_key_kind(const EVP_PKEY *key, const char *who,
    enum pki_algorithm *out, struct err *e);

#endif
