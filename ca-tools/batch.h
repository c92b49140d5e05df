/*
 * Certificates of one command on their way: made, staged, committed all or
 * none, given their names, printed.
 *
 * Keys and files are made before the database is locked, so a long series
 * keeps nobody waiting.  In memory stays what the rows need: the DER and some
 * 300 octets a certificate.
 */
#ifndef OCSP_LAB_CA_BATCH_H
#define OCSP_LAB_CA_BATCH_H

#include "forge.h"
#include "plan.h"
#include "store.h"

struct batch_item {
        char *name;
        char *before; /* what the one that had the name is called now; NULL */
        const struct issuer *issuer;
        struct pki_serial serial;
        int64_t not_before, not_after;
        char *subject; /* to read it from the DER again takes OpenSSL longer
                          than to sign */
        struct buf der;
        bool has_key; /* its key is in its folder */
};

struct batch {
        struct plan *plan;
        struct store store;
        struct batch_item *items;
        size_t len, max;
        EVP_PKEY *key; /* of all, where one is enough */
        EVP_PKEY *rsa; /* one that was made, for signers that want such */
};

/* For at most max certificates.  Zero it before; batch_close in any case. */
int batch_open(struct batch *b, struct plan *p, size_t max, struct err *e);
void batch_close(struct batch *b);

/* ERR_EXISTS if a certificate cannot have that name; with --renew, the name of
 * another certificate is free.  Early, so that no key is made in vain;
 * batch_commit has the last word. */
int batch_check(const struct batch *b, const char *name, struct err *e);

/* Makes a certificate with a new serial, and its key unless the terms have
 * one; stages its files, unless none are wished. */
int batch_add(struct batch *b, const struct terms *t, struct err *e);

/* The same under another name (scenario_twin_name) and with another kind of
 * key. */
int batch_add_twin(struct batch *b, const struct terms *t, struct err *e);

/* All or nothing.  with (may be NULL) is called inside the transaction, when
 * the rows are there and the folders do not have their names yet: what it
 * writes comes with the certificates, and its signers' files go if nothing
 * comes of them. */
typedef int batch_with(
    void *arg, const struct batch *b, const struct forge *f, struct err *e);
int batch_commit(struct batch *b, batch_with *with, void *arg, struct err *e);

/* Where the files of a certificate are, until they are named. */
int batch_folder(const struct batch *b, const struct batch_item *i,
    char out[PATH_MAX], struct err *e);

/* A certificate that is issued now, or with JSON one line each. */
int batch_print(const struct batch *b, bool json, struct err *e);

#endif
