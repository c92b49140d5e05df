#include "pki/pki.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <limits.h>
#include <string.h>

#include "pki/internal.h"

int pki_cert_from_der(struct span der, X509 **out, struct err *e)
{
        const unsigned char *p = der.data;
        X509 *cert =
            der.len > FILE_LIMIT ? NULL : d2i_X509(NULL, &p, (long)der.len);

        *out = NULL;
        if (cert == NULL) {
                ERR_clear_error(); /* "nested asn1 error" helps nobody */
                return err_set(e, ERR_DATA, "not a certificate");
        }
        if (p != der.data + der.len) {
                X509_free(cert);
                return err_set(e, ERR_DATA,
                    "not a certificate: %zu bytes after its end",
                    (size_t)(der.data + der.len - p));
        }
        *out = cert;
        return 0;
}

/* The next certificate of a PEM stream: 1, or 0 at its end.  Other objects
 * (keys, parameters) are passed over. */
static int next_pem_cert(BIO *bio, X509 **out, struct err *e)
{
        char *name, *header;
        unsigned char *der;
        long len;
        int rc = 0;

        while (rc == 0) {
                if (PEM_read_bio(bio, &name, &header, &der, &len) != 1)
                        break;
                if (strcmp(name, PEM_STRING_X509) == 0 ||
                    strcmp(name, PEM_STRING_X509_OLD) == 0)
                        rc = pki_cert_from_der(
                                 (struct span){der, (size_t)len}, out, e) == 0
                                 ? 1
                                 : -1;
                OPENSSL_free(name);
                OPENSSL_free(header);
                OPENSSL_clear_free(der, (size_t)len);
        }
        if (rc != 0 ||
            ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
                ERR_clear_error();
                return rc;
        }
        return openssl_err(e, ERR_DATA, "damaged PEM");
}

/* Up to max certificates of a PEM stream. */
static int read_pem(BIO *bio, int max, STACK_OF(X509) *certs, struct err *e)
{
        X509 *cert = NULL;
        int rc;

        while (sk_X509_num(certs) < max) {
                rc = next_pem_cert(bio, &cert, e);
                if (rc == 0)
                        break;
                if (rc < 0)
                        return err_prefix(
                            e, "certificate %d", sk_X509_num(certs) + 1);
                if (sk_X509_push(certs, cert) == 0) {
                        X509_free(cert);
                        return openssl_err(e, ERR_OS, "out of memory");
                }
        }
        if (sk_X509_num(certs) == 0)
                return err_set(e, ERR_DATA, "no certificate in it");
        return 0;
}

static int read_der(
    const struct buf *content, STACK_OF(X509) *certs, struct err *e)
{
        X509 *cert;

        if (pki_cert_from_der(buf_span(content), &cert, e) != 0)
                return -1;
        if (sk_X509_push(certs, cert) == 0) {
                X509_free(cert);
                return openssl_err(e, ERR_OS, "out of memory");
        }
        return 0;
}

static int load(const char *path, int max, STACK_OF(X509) **out, struct err *e)
{
        STACK_OF(X509) *certs = sk_X509_new_null();
        struct buf content = {0};
        BIO *bio = NULL;
        int rc = -1;

        *out = NULL;
        if (certs == NULL) {
                openssl_err(e, ERR_OS, "out of memory");
                goto out;
        }
        if (bio_of_file(path, &content, &bio, e) != 0)
                goto out;
        rc = is_pem(&content) ? read_pem(bio, max, certs, e)
                              : read_der(&content, certs, e);
        if (rc != 0) {
                err_prefix(e, "%s", path);
                goto out;
        }
        *out = certs;
        certs = NULL;
out:
        sk_X509_pop_free(certs, X509_free);
        BIO_free(bio);
        buf_release(&content);
        return rc;
}

int pki_cert_load(const char *path, X509 **out, struct err *e)
{
        STACK_OF(X509) *certs;

        *out = NULL;
        if (load(path, 1, &certs, e) != 0)
                return -1;
        *out = sk_X509_shift(certs);
        sk_X509_free(certs);
        return 0;
}

int pki_certs_load(const char *path, STACK_OF(X509) **out, struct err *e)
{
        return load(path, INT_MAX, out, e);
}

int pki_certs_add(STACK_OF(X509) *certs, const char *path, struct err *e)
{
        STACK_OF(X509) *loaded;
        int rc = 0;

        if (pki_certs_load(path, &loaded, e) != 0)
                return -1;
        if (sk_X509_reserve(certs, sk_X509_num(loaded)) != 1)
                rc = openssl_err(e, ERR_OS, "out of memory");
        while (rc == 0 && sk_X509_num(loaded) > 0)
                sk_X509_push(certs, sk_X509_shift(loaded));
        sk_X509_pop_free(loaded, X509_free);
        return rc;
}

int pki_cert_der(const X509 *cert, struct buf *out, struct err *e)
{
        unsigned char *der = NULL;
        int len = i2d_X509(cert, &der);

        if (len < 0)
                return openssl_err(
                    e, ERR_INTERNAL, "cannot encode a certificate");
        buf_append(out, der, (size_t)len);
        OPENSSL_free(der);
        if (out->failed)
                return err_set(e, ERR_OS, "out of memory");
        return 0;
}

int pki_cert_pem(const X509 *cert, struct buf *out, struct err *e)
{
        BIO *bio = BIO_new(BIO_s_mem());
        int rc = -1;

        if (bio == NULL || PEM_write_bio_X509(bio, cert) != 1)
                openssl_err(
                    e, ERR_INTERNAL, "cannot write a certificate as PEM");
        else
                rc = bio_append(bio, out, e);
        BIO_free(bio);
        return rc;
}
