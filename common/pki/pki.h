/*
 * Keys, certificates, chains and CRLs: loading, making, signing.
 *
 * OpenSSL objects that a function returns are the caller's to free.  Times are
 * seconds since 1970.
 */
#ifndef OCSP_LAB_PKI_H
#define OCSP_LAB_PKI_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum pki_algorithm {
        PKI_P256,
        PKI_P384,
        PKI_RSA2048,
        PKI_RSA3072,
        PKI_RSA4096,
        PKI_ED25519,
};

int pki_algorithm_parse(
    const char *text, enum pki_algorithm *out, struct err *e);
const char *pki_algorithm_name(enum pki_algorithm a); /* "p256" */

/* ---- keys -------------------------------------------------------------- */

int pki_key_new(enum pki_algorithm a, EVP_PKEY **out, struct err *e);

/* RSA with 1024 bits: too weak, and wanted so. */
int pki_key_new_weak(EVP_PKEY **out, struct err *e);

/* Appends PKCS#8 PEM. */
int pki_key_pem(EVP_PKEY *key, struct buf *out, struct err *e);

/* What to do about a key file that others can read. */
enum pki_key_mode {
        PKI_KEY_PRIVATE, /* inside DIR: anything wider than 0600 is refused */
        PKI_KEY_ANY,     /* the user's own file: see pki_key_is_wide */
};
/* Encrypted keys are refused with a clear line; never prompts. */
int pki_key_load(
    const char *path, enum pki_key_mode mode, EVP_PKEY **out, struct err *e);
bool pki_key_is_wide(const char *path);

/* ERR_CONFIG, naming both, if they are not a pair. */
int pki_key_matches(EVP_PKEY *key, X509 *cert, const char *key_path,
    const char *cert_path, struct err *e);

/* ---- certificates ------------------------------------------------------ */

/* First certificate in a PEM file, or a DER file.  path may be "-". */
int pki_cert_load(const char *path, X509 **out, struct err *e);

/* All certificates of a PEM file, in order, at least one; or the one of a DER
 * file.  path may be "-". */
int pki_certs_load(const char *path, STACK_OF(X509) **out, struct err *e);

/* The same, behind those that are in certs; on failure certs is as before. */
int pki_certs_add(STACK_OF(X509) *certs, const char *path, struct err *e);

int pki_cert_from_der(struct span der, X509 **out, struct err *e);
int pki_cert_der(const X509 *cert, struct buf *out, struct err *e);
int pki_cert_pem(const X509 *cert, struct buf *out, struct err *e);

/* ERR_DATA unless cert is a CA that may sign certificates: basicConstraints
 * says so, and keyUsage, if there, has keyCertSign (RFC 5280 sections 4.2.1.9
 * and 4.2.1.3). */
int pki_ca_check(X509 *cert, const char *path, struct err *e);

/* keyUsage allows digitalSignature, which signing OCSP answers is; absent it
 * allows all (RFC 5280 section 4.2.1.3). */
bool pki_may_sign(X509 *cert);

/* The one of certs that issued cert (by name, and by signature), borrowed;
 * NULL if none. */
X509 *pki_issuer_of(X509 *cert, STACK_OF(X509) *certs);

/*
 * Chain leaf -> roots over untrusted, at time now (not the wall clock).  -1
 * with ERR_DATA and OpenSSL's reason, naming the certificate.  chain (may be
 * NULL) gets the verified chain, leaf first; free with sk_X509_pop_free.
 *
 * A chain ends at a self-signed certificate of roots: one that ends at a
 * trusted intermediate is refused.  Without X509_V_FLAG_X509_STRICT, since
 * private CAs that lack a key identifier are in use; what we make passes it.
 */
int pki_chain_verify(X509 *leaf, STACK_OF(X509) *untrusted,
    STACK_OF(X509) *roots, int64_t now, STACK_OF(X509) **chain, struct err *e);

/* DNS name or IP address in the certificate's SANs; the CN does not count
 * (RFC 9525). */
bool pki_name_matches(X509 *cert, const char *host);

/* The first DNS name of the SANs; false if there is none that fits. */
bool pki_dns_name(X509 *cert, char *out, size_t size);

/* A time that cannot be read is INT64_MAX, or INT64_MIN: never valid. */
int64_t pki_not_before(const X509 *cert);
int64_t pki_not_after(const X509 *cert);

/* One line, RFC 2253 order and escapes (so ASCII), cut with "...". */
enum { PKI_NAME_TEXT_MAX = 160 };
const char *pki_subject(const X509 *cert, char out[PKI_NAME_TEXT_MAX]);

/* How many CAs may follow below it, RFC 5280 section 4.2.1.9 (of a CA); -1
 * without such a limit. */
long pki_path_len(X509 *cert);

/* TLS feature status_request, RFC 7633. */
bool pki_must_staple(X509 *cert);

/* An extension is critical, and OpenSSL does not know what it demands (RFC
 * 5280 section 4.2), or one cannot be read. */
bool pki_is_beyond_us(X509 *cert);

/* id-ad-ocsp URLs of AIA in order.  Fills at most max strings that the
 * caller frees with OPENSSL_free; returns how many. */
enum { PKI_URLS_MAX = 8 };
size_t pki_ocsp_urls(X509 *cert, char *urls[], size_t max);

/* SANs in order, as pki_cert_spec takes them but without prefix; other kinds
 * than DNS, IP, mail and URI are left out.  Fills, frees and returns as
 * pki_ocsp_urls. */
enum { PKI_SANS_MAX = 100 };
size_t pki_sans(X509 *cert, char *sans[], size_t max);

/* The first URL of the CRL distribution points (RFC 5280 section 4.2.1.13);
 * NULL without one.  Free with OPENSSL_free. */
char *pki_crl_url(X509 *cert);

/* ---- serial numbers ---------------------------------------------------- */

enum { PKI_SERIAL_MAX = 64 };

/* Canonical serial: the content octets of the DER INTEGER (so 0x80.. has a
 * leading 00).  This is what the database is keyed by. */
struct pki_serial {
        uint8_t octets[PKI_SERIAL_MAX];
        size_t len;
};
/* len 0 if it does not fit. */
struct pki_serial pki_serial_of(const X509 *cert);

/* A new one: 16 octets, 126 bits from the CSPRNG, positive, never with a
 * leading 00. */
int pki_serial_new(struct pki_serial *out, struct err *e);

/* From hex as people write it: either case, colons, leading zeros, 0x, and a
 * '-' for the negative ones that bad CAs made.  ERR_USAGE if it is none. */
int pki_serial_parse(const char *hex, struct pki_serial *out, struct err *e);

/* Hex as openssl prints it, but lower case: no leading 00, '-' before the
 * magnitude of a negative one.  pki_serial_parse reads it back. */
enum { PKI_SERIAL_TEXT_MAX = 2 * PKI_SERIAL_MAX + 2 };
const char *pki_serial_text(struct span serial, char out[PKI_SERIAL_TEXT_MAX]);

/* ---- making certificates ----------------------------------------------- */

enum pki_profile {
        PKI_ROOT,
        PKI_INTERMEDIATE,
        PKI_SERVER,
        PKI_CLIENT,
        PKI_OCSP_SIGNER, /* STANDARDS: EKU OCSPSigning only, nocheck, critical
                            KU digitalSignature, no SAN, CRLDP or AIA */
};

/* PKI_CLIENT for a certificate that may only serve clients, by its
 * extendedKeyUsage; else PKI_SERVER. */
enum pki_profile pki_leaf_profile(X509 *cert);

/* What is wrong on purpose with a PKI_OCSP_SIGNER. */
enum pki_flaw {
        PKI_SOUND,
        PKI_NO_EKU,       /* no extendedKeyUsage */
        PKI_TLS_EKU,      /* serverAuth instead of OCSPSigning */
        PKI_CRLSIGN_ONLY, /* keyUsage cRLSign, not digitalSignature */
        PKI_NO_NOCHECK,
};

struct pki_cert_spec {
        enum pki_profile profile;
        enum pki_flaw flaw;
        const char *common_name; /* at most 64 characters of UTF-8; NULL: no
                                    subject, and the SANs become critical */
        EVP_PKEY *subject_key;   /* its public half is used */
        X509 *issuer;            /* NULL: self-signed */
        EVP_PKEY *issuer_key;
        struct pki_serial serial;
        int64_t not_before, not_after;
        int path_len; /* PKI_ROOT, PKI_INTERMEDIATE; -1: none */
        /* "IP:..", "DNS:..", "email:..", "URI:..", or bare and recognised */
        const char *const *sans;
        size_t sans_len;
        const char *const *ocsp_urls;
        size_t ocsp_urls_len;
        const char *crl_url; /* NULL: none */
        bool must_staple;
};

/* ERR_USAGE if a name, time, SAN or URL of the spec cannot stand in a
 * certificate. */
int pki_cert_make(const struct pki_cert_spec *spec, X509 **out, struct err *e);

/* What kind of SAN a word is, as "DNS:", "IP:", "email:" or "URI:" prefix
 * (static); the word may bear one already, which then counts.  Checks it:
 * ERR_USAGE if it cannot be one. */
int pki_san_check(const char *word, const char **prefix, struct err *e);

/* ---- certificate requests (PKCS#10, RFC 2986) -------------------------- */

/*
 * PEM or DER; path may be "-".  Its signature is checked, so the sender has
 * the key, and the key is one that a TLS server can use: RSA of 2048 bits and
 * more, EC on a named curve of 224 bits and more, Ed25519, Ed448.  (OpenSSL
 * refuses weaker ones in a handshake, so a certificate would be of no use.)
 * The key itself: X509_REQ_get0_pubkey.
 */
int pki_csr_load(const char *path, X509_REQ **out, struct err *e);

/* The last CN of the subject as UTF-8; "" if there is none, or one that
 * pki_cert_spec would not take: longer, or with control characters. */
enum { PKI_COMMON_NAME_MAX = 64 };
const char *pki_csr_common_name(
    const X509_REQ *csr, char out[PKI_COMMON_NAME_MAX + 1]);

/* As pki_sans and pki_must_staple, from the extensions it asks for. */
size_t pki_csr_sans(X509_REQ *csr, char *sans[], size_t max);
bool pki_csr_must_staple(X509_REQ *csr);

/* Appends a request, as PEM, for the certificate of a delegated OCSP signer:
 * asks for EKU OCSPSigning, nocheck and critical KU digitalSignature. */
int pki_csr_make_signer(
    EVP_PKEY *key, const char *common_name, struct buf *pem, struct err *e);

/* ---- CRL (RFC 5280 section 5) ------------------------------------------ */

struct pki_crl_spec {
        X509 *issuer;
        EVP_PKEY *issuer_key;
        int64_t this_update, next_update;
        uint64_t number;
        uint64_t base_number; /* 0: a full CRL; else a delta to that one */
        const char *idp_url;  /* NULL: none; else issuingDistributionPoint */
};
struct pki_crl_entry {
        struct span serial;
        int64_t revocation_time;
        int reason;            /* CRLReason; -1 or 0: left out */
        int64_t invalidity_at; /* 0: left out */
};

/* A CRL that is being written: constant work per entry, and the memory that
 * the CRL itself takes. */
struct pki_crl;
int pki_crl_new(
    const struct pki_crl_spec *spec, struct pki_crl **out, struct err *e);
/* Entries stand in the CRL in the order in which they come, each serial once
 * (the caller sees to that): RFC 5280 wants no order, and readers sort for
 * themselves.  Reason removeFromCRL (8) only in a delta (section 5.3.1). */
int pki_crl_add(
    struct pki_crl *crl, const struct pki_crl_entry *entry, struct err *e);
/* Signs, and fills the empty buffer with the CRL as DER, which is how it
 * travels over HTTP (RFC 2585 section 4.2).  Once per CRL. */
int pki_crl_finish(struct pki_crl *crl, struct buf *der, struct err *e);
void pki_crl_free(struct pki_crl *crl);

/* Appends a CRL as PEM. */
int pki_crl_pem(struct span der, struct buf *out, struct err *e);

/* Largest CRL that we read: 256 MiB, for some 4 million entries. */
#define PKI_CRL_LIMIT ((size_t)256 << 20)

/* PEM or DER; path may be "-". */
int pki_crl_load(const char *path, X509_CRL **out, struct err *e);

/* ERR_DATA unless issuer signed it, by name, keyUsage and signature. */
int pki_crl_check(X509_CRL *crl, X509 *issuer, const char *path, struct err *e);

struct pki_crl_info {
        int64_t this_update;
        int64_t next_update; /* 0: absent */
        uint64_t number;     /* 0: absent; UINT64_MAX: that or more */
        bool delta;
};
/* ERR_DATA if a time or the number cannot be read. */
int pki_crl_info(const X509_CRL *crl, struct pki_crl_info *out, struct err *e);

/* Calls row for each entry in order, and ends when that returns other than 0,
 * which it returns too.  entry->reason is -1 where none is given.  Refused
 * with ERR_DATA: indirect CRLs, which speak of other issuers, critical
 * extensions that we do not know (RFC 5280 section 5.2), and what cannot be
 * read of the others. */
int pki_crl_each(X509_CRL *crl,
    int (*row)(void *arg, const struct pki_crl_entry *entry, struct err *e),
    void *arg, struct err *e);

/*
 * What CRLs say of cert, which issuer has issued.  Only those count that
 * issuer signed, that are complete (no delta, RFC 5280 section 5.2.4), and in
 * their time at now; a listing in any of them is final.
 */
enum pki_crl_word {
        PKI_CRL_SILENT, /* none that counts */
        PKI_CRL_CLEAR,  /* one that counts does not list it */
        PKI_CRL_REVOKED,
};
enum pki_crl_word pki_crl_word(
    STACK_OF(X509_CRL) *crls, X509 *cert, X509 *issuer, int64_t now);

#endif
