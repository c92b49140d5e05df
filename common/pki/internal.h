/* Shared inside the room only. */
#ifndef OCSP_LAB_PKI_INTERNAL_H
#define OCSP_LAB_PKI_INTERNAL_H

#include "pki/pki.h"

#include <openssl/bio.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "base/parse.h"

/* err_set with OpenSSL's own reason, if it left one, appended; empties the
 * thread's error queue.  Returns -1. */
int openssl_err(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* One file whole, not empty, of at most FILE_LIMIT, in a read-only BIO over
 * content, which must outlive it. */
int bio_of_file(
    const char *path, struct buf *content, BIO **out, struct err *e);
bool is_pem(const struct buf *content);

/* The first object of a PEM file that has this name, or the older one (NULL:
 * none), or a DER file's whole content: appends its DER.  what, such as "a
 * certificate request", stands in messages. */
struct object_kind {
        const char *what, *name, *old_name;
        size_t limit; /* of the file */
};
int object_load(const char *path, const struct object_kind *kind,
    struct buf *der, struct err *e);

/* Appends what was written to a memory BIO. */
int bio_append(BIO *bio, struct buf *out, struct err *e);

/* The digest that goes with a key: SHA-256, SHA-384 or SHA-512 as strong as a
 * larger curve, NULL where the algorithm has its own (Ed25519). */
const EVP_MD *digest_for(const EVP_PKEY *key);

/* UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280 section
 * 4.1.2.5).  Free with ASN1_TIME_free. */
int asn1_time(int64_t t, ASN1_TIME **out, struct err *e);

/* INTEGER from its content octets. */
ASN1_INTEGER *asn1_serial(struct span serial);

/* Extension authorityKeyIdentifier for what issuer signs: its
 * subjectKeyIdentifier, or RFC 5280 section 4.2.1.2 (1) where it has none.
 * NULL on failure. */
AUTHORITY_KEYID *authority_key_id(X509 *issuer);

/* A copy, for OPENSSL_free; NULL if it holds anything but printable ASCII,
 * which neither names nor URLs do. */
char *ia5_text(const ASN1_IA5STRING *s);

/* SANs of a spec, duplicates dropped. */
int san_names(
    const char *const *words, size_t len, GENERAL_NAMES **out, struct err *e);

/* uniformResourceIdentifier.  ERR_USAGE unless it is an absolute URI. */
int san_uri(const char *uri, GENERAL_NAME **out, struct err *e);

/* Seconds since 1970; what cannot be read is `unreadable`. */
int64_t time_seconds(const ASN1_TIME *t, int64_t unreadable);

/* Content octets of an INTEGER; len 0 if they do not fit. */
struct pki_serial serial_octets(const ASN1_INTEGER *n);

/* What a list of extensions says, of a certificate or a request; exts may be
 * NULL. */
size_t extension_sans(
    const STACK_OF(X509_EXTENSION) *exts, char *sans[], size_t max);
bool extension_must_staple(const STACK_OF(X509_EXTENSION) *exts);

/* Appends a CN; ERR_USAGE if text cannot be one, NULL appends none. */
int name_add_common_name(X509_NAME *name, const char *text, struct err *e);

/* Appends one.  false if value is NULL or memory is out. */
bool extension_add(
    STACK_OF(X509_EXTENSION) **exts, int nid, void *value, bool critical);

/* fullName with that one URI, which it takes; NULL if memory is out. */
DIST_POINT_NAME *dist_point_name(GENERAL_NAME *uri);

/* Appends what makes a delegated OCSP signer. */
bool add_ocsp_signer(STACK_OF(X509_EXTENSION) **exts);

/* All extensions that the profile of spec wants. */
int cert_add_extensions(
    X509 *cert, const struct pki_cert_spec *spec, struct err *e);

#endif
