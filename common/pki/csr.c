/* Certificate requests, RFC 2986. */
#include "pki/pki.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <string.h>

#include "pki/internal.h"

/* ---- loading ------------------------------------------------------------ */

/* What OpenSSL's security level 2 wants of a key in a handshake: RSA 2048, EC
 * 224. */
enum { SECURITY_BITS_MIN = 112 };

static const struct object_kind kind = {"certificate request",
    PEM_STRING_X509_REQ, PEM_STRING_X509_REQ_OLD, FILE_LIMIT};

static int check_key(EVP_PKEY *key, struct err *e)
{
        static const char *const kinds[] = {"RSA", "EC", "ED25519", "ED448"};
        int explicit_curve = 0;
        size_t i = 0;

        while (i < 4 && !EVP_PKEY_is_a(key, kinds[i]))
                i++;
        if (i == 4)
                return err_set(e, ERR_DATA,
                    "its key is of a kind that is not supported: make it with "
                    "RSA, EC, Ed25519 or Ed448");
        if (EVP_PKEY_get_security_bits(key) < SECURITY_BITS_MIN)
                return err_set(e, ERR_DATA,
                    "its key is too weak for TLS: %s of %d bits; RSA needs "
                    "2048, EC 224",
                    kinds[i], EVP_PKEY_get_bits(key));
        if (EVP_PKEY_get_int_param(key,
                OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                &explicit_curve) == 1 &&
            explicit_curve != 0)
                return err_set(e, ERR_DATA,
                    "its EC key spells its curve out: RFC 5480 section 2.1.1 "
                    "wants a named one");
        return 0;
}

static int check(X509_REQ *csr, struct err *e)
{
        EVP_PKEY *key = X509_REQ_get0_pubkey(csr);

        if (key == NULL)
                return openssl_err(e, ERR_DATA, "its key cannot be read");
        if (check_key(key, e) != 0) {
                ERR_clear_error();
                return -1;
        }
        if (X509_REQ_verify(csr, key) != 1) {
                ERR_clear_error();
                return err_set(
                    e, ERR_DATA, "its signature is not that of the key in it");
        }
        ERR_clear_error();
        return 0;
}

int pki_csr_load(const char *path, X509_REQ **out, struct err *e)
{
        const unsigned char *p;
        struct buf der = {0};
        X509_REQ *csr = NULL;
        int rc = -1;

        *out = NULL;
        if (object_load(path, &kind, &der, e) != 0)
                goto out;
        p = der.data;
        csr = d2i_X509_REQ(NULL, &p, (long)der.len);
        ERR_clear_error();
        if (csr == NULL || p != der.data + der.len) {
                err_set(e, ERR_DATA,
                    "%s: not a certificate request (PKCS#10) in PEM or DER",
                    path);
                goto out;
        }
        if (check(csr, e) != 0) {
                err_prefix(e, "%s", path);
                goto out;
        }
        *out = csr;
        csr = NULL;
        rc = 0;
out:
        X509_REQ_free(csr);
        buf_release(&der);
        return rc;
}

/* ---- reading ------------------------------------------------------------ */

static bool has_control(const unsigned char *text, size_t len)
{
        size_t i;

        for (i = 0; i < len; i++)
                if (text[i] < ' ' || text[i] == 0x7f)
                        return true;
        return false;
}

const char *pki_csr_common_name(
    const X509_REQ *csr, char out[PKI_COMMON_NAME_MAX + 1])
{
        X509_NAME *name = X509_REQ_get_subject_name(csr);
        int last = -1, at;
        unsigned char *text = NULL;
        int len = -1;

        out[0] = '\0';
        while (
            (at = X509_NAME_get_index_by_NID(name, NID_commonName, last)) >= 0)
                last = at;
        if (last >= 0)
                len = ASN1_STRING_to_UTF8(&text,
                    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
        if (len > 0 && len <= PKI_COMMON_NAME_MAX &&
            !has_control(text, (size_t)len)) {
                memcpy(out, text, (size_t)len);
                out[len] = '\0';
        }
        OPENSSL_free(text);
        ERR_clear_error();
        return out;
}

size_t pki_csr_sans(X509_REQ *csr, char *sans[], size_t max)
{
        STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions(csr);
        size_t n = extension_sans(exts, sans, max);

        sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
        ERR_clear_error();
        return n;
}

bool pki_csr_must_staple(X509_REQ *csr)
{
        STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions(csr);
        bool found = extension_must_staple(exts);

        sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
        ERR_clear_error();
        return found;
}

/* ---- making ------------------------------------------------------------- */

static int fill_signer(
    X509_REQ *csr, EVP_PKEY *key, const char *common_name, struct err *e)
{
        STACK_OF(X509_EXTENSION) *exts = NULL;
        int rc = -1;

        if (name_add_common_name(
                X509_REQ_get_subject_name(csr), common_name, e) != 0)
                return -1;
        if (!add_ocsp_signer(&exts) ||
            X509_REQ_set_version(csr, X509_REQ_VERSION_1) != 1 ||
            X509_REQ_set_pubkey(csr, key) != 1 ||
            X509_REQ_add_extensions(csr, exts) != 1 ||
            X509_REQ_sign(csr, key, digest_for(key)) == 0)
                openssl_err(e, ERR_INTERNAL, "certificate request");
        else
                rc = 0;
        sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
        return rc;
}

int pki_csr_make_signer(
    EVP_PKEY *key, const char *common_name, struct buf *pem, struct err *e)
{
        X509_REQ *csr = X509_REQ_new();
        BIO *bio = BIO_new(BIO_s_mem());
        int rc = -1;

        if (csr == NULL || bio == NULL) {
                openssl_err(e, ERR_OS, "out of memory");
                goto out;
        }
        if (fill_signer(csr, key, common_name, e) != 0)
                goto out;
        if (PEM_write_bio_X509_REQ(bio, csr) != 1)
                openssl_err(e, ERR_INTERNAL, "certificate request");
        else
                rc = bio_append(bio, pem, e);
out:
        X509_REQ_free(csr);
        BIO_free(bio);
        return rc;
}
