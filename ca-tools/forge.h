/* Key pairs and certificates of CAs and OCSP signers, and their way into the
 * lab's files and rows: for init, add-ca, signer and import. */
#ifndef OCSP_LAB_CA_FORGE_H
#define OCSP_LAB_CA_FORGE_H

#include "cadb/cadb.h"
#include "pki/pki.h"

/* A lab's clock may be moved back a little without its CAs and signers
 * vanishing: what is made now begins a day before. */
#define FORGE_BACKDATE_S INT64_C(86400)

/* RFC 5280 appendix A: ub-common-name, in octets of UTF-8 here. */
enum { FORGE_NAME_MAX = 64 };

/* ---- words of the command line ----------------------------------------- */

/* "delegated", "ca" or "trusted". */
int forge_model_parse(
    const char *text, enum cadb_signer_model *out, struct err *e);

/* ERR_USAGE, for --name, unless it has 1 to max octets, none of control. */
int forge_name_check(const char *name, size_t max, struct err *e);

/* ---- pairs ------------------------------------------------------------- */

/* A certificate with its key.  Zero it before. */
struct forge_pair {
        EVP_PKEY *key; /* NULL: not here */
        X509 *cert;
        struct pki_serial serial;
        struct buf der, cert_pem, key_pem;
};
void forge_pair_release(struct forge_pair *p);

/* A new key and its certificate: cert->subject_key and serial are filled in
 * here, and cert->issuer_key of a self-signed one. */
int forge_pair_new(struct forge_pair *p, enum pki_algorithm algorithm,
    struct pki_cert_spec *cert, struct err *e);

/* One that exists already; key may be NULL.  Takes references of its own. */
int forge_pair_take(
    struct forge_pair *p, X509 *cert, EVP_PKEY *key, struct err *e);

/* What an OCSP signer shall be like. */
struct forge_signer {
        enum pki_algorithm algorithm;
        int64_t not_before, not_after;
};

/* A delegate of the CA (RFC 6960 section 4.2.2.2). */
int forge_delegate(struct forge_pair *p, const struct forge_signer *s, X509 *ca,
    EVP_PKEY *ca_key, struct err *e);

/* A self-signed one, "NAME OCSP Responder", that clients are told to trust. */
int forge_trusted(struct forge_pair *p, const struct forge_signer *s,
    const char *name, struct err *e);

/* The common name of a delegate: "Lab CA OCSP". */
const char *forge_delegate_name(
    const X509 *ca, const char *ca_name, char out[FORGE_NAME_MAX + 1]);

/* The certificate's own common name; "" without one. */
const char *forge_common_name(const X509 *cert, char out[FORGE_NAME_MAX + 1]);

/* ---- files and rows ---------------------------------------------------- */

/* Where they go. */
struct forge {
        const char *dir;
        struct cadb *db; /* inside a transaction of the caller */
        bool temporary;
        int64_t now;
        /* The key of all RSA signers that are made for scenarios; NULL: each
         * has its own.  The caller's to free. */
        EVP_PKEY **rsa;
};

/* path is relative to DIR. */
int forge_write(const struct forge *f, const char *path, struct span data,
    mode_t mode, struct err *e);

/* DIR/ca/NAME/{key,cert}.pem, as the row says. */
int forge_ca_files(const struct forge *f, const struct cadb_ca *row,
    const struct forge_pair *p, struct err *e);

/* The row of a certificate that the CA issuer has made; name NULL: none. */
int forge_cert_row(const struct forge *f, int64_t issuer, const char *name,
    const struct forge_pair *p, struct err *e);

/* DIR/responder, which a copy of the lab may lack: git keeps no empty ones. */
int forge_signer_folder(const struct forge *f, struct err *e);

/* DIR/responder/SERIAL.pem: the certificate, then its key.  path gets the
 * name.  Where another signer has that serial, the CA's name is added. */
int forge_signer_file(const struct forge *f, const char *ca_name,
    const struct forge_pair *p, char path[CADB_PATH_MAX], struct err *e);

/* Makes it the current signer of the CA.  path "": the CA itself.
 * ends_request: it is what the CA's open request was for. */
int forge_signer_row(const struct forge *f, int64_t ca,
    const struct forge_pair *p, const char *path, bool ends_request,
    struct err *e);

/* All of it for a CA that has its key here: a delegate, its file, its rows. */
int forge_delegate_add(const struct forge *f, const struct cadb_ca *ca,
    const struct forge_pair *p, struct err *e);

#endif
