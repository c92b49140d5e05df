#include "pki/pki.h"

#include <openssl/pem.h>

#include <stdlib.h>

#include "pki/internal.h"

struct pki_crl {
        X509_CRL *crl;
        EVP_PKEY *key;
};

static int set_times(
    X509_CRL *crl, const struct pki_crl_spec *spec, struct err *e)
{
        ASN1_TIME *this_update = NULL, *next_update = NULL;
        int rc = -1;

        if (asn1_time(spec->this_update, &this_update, e) != 0 ||
            asn1_time(spec->next_update, &next_update, e) != 0)
                goto out;
        if (spec->next_update <= spec->this_update) {
                err_set(
                    e, ERR_USAGE, "CRL: nextUpdate is not after thisUpdate");
                goto out;
        }
        if (X509_CRL_set1_lastUpdate(crl, this_update) != 1 ||
            X509_CRL_set1_nextUpdate(crl, next_update) != 1) {
                openssl_err(e, ERR_INTERNAL, "CRL");
                goto out;
        }
        rc = 0;
out:
        ASN1_TIME_free(this_update);
        ASN1_TIME_free(next_update);
        return rc;
}

/* RFC 5280 section 5.2.1 and 5.2.3: both are a must, neither is critical. */
static int add_extensions(
    X509_CRL *crl, const struct pki_crl_spec *spec, struct err *e)
{
        AUTHORITY_KEYID *akid = authority_key_id(spec->issuer);
        ASN1_INTEGER *number = ASN1_INTEGER_new();
        int rc = -1;

        if (akid == NULL || number == NULL ||
            ASN1_INTEGER_set_uint64(number, spec->number) != 1 ||
            X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, akid, 0,
                X509V3_ADD_APPEND) != 1 ||
            X509_CRL_add1_ext_i2d(
                crl, NID_crl_number, number, 0, X509V3_ADD_APPEND) != 1)
                openssl_err(e, ERR_INTERNAL, "CRL extensions");
        else
                rc = 0;
        AUTHORITY_KEYID_free(akid);
        ASN1_INTEGER_free(number);
        return rc;
}

int pki_crl_new(
    const struct pki_crl_spec *spec, struct pki_crl **out, struct err *e)
{
        struct pki_crl *c = calloc(1, sizeof(*c));

        *out = NULL;
        if (c == NULL)
                return err_errno(e, ERR_OS, "CRL");
        c->crl = X509_CRL_new();
        if (c->crl == NULL || X509_CRL_set_version(c->crl, 1) != 1 ||
            X509_CRL_set_issuer_name(
                c->crl, X509_get_subject_name(spec->issuer)) != 1) {
                openssl_err(e, ERR_INTERNAL, "CRL");
                goto fail;
        }
        if (set_times(c->crl, spec, e) != 0 ||
            add_extensions(c->crl, spec, e) != 0)
                goto fail;
        EVP_PKEY_up_ref(spec->issuer_key);
        c->key = spec->issuer_key;
        *out = c;
        return 0;
fail:
        pki_crl_free(c);
        return -1;
}

static int add_reason(X509_REVOKED *r, int reason)
{
        ASN1_ENUMERATED *code;
        int rc;

        if (reason <= 0)
                return 1;
        code = ASN1_ENUMERATED_new();
        rc = code != NULL && ASN1_ENUMERATED_set(code, reason) == 1 &&
             X509_REVOKED_add1_ext_i2d(
                 r, NID_crl_reason, code, 0, X509V3_ADD_APPEND) == 1;
        ASN1_ENUMERATED_free(code);
        return rc;
}

static int add_invalidity(X509_REVOKED *r, int64_t at)
{
        ASN1_GENERALIZEDTIME *t;
        int rc;

        if (at == 0)
                return 1;
        t = ASN1_GENERALIZEDTIME_set(NULL, (time_t)at);
        rc = t != NULL && X509_REVOKED_add1_ext_i2d(r, NID_invalidity_date, t,
                              0, X509V3_ADD_APPEND) == 1;
        ASN1_GENERALIZEDTIME_free(t);
        return rc;
}

int pki_crl_add(
    struct pki_crl *crl, const struct pki_crl_entry *entry, struct err *e)
{
        X509_REVOKED *r = X509_REVOKED_new();
        ASN1_INTEGER *serial = asn1_serial(entry->serial);
        ASN1_TIME *at = NULL;
        int rc = -1;

        if (asn1_time(entry->revocation_time, &at, e) != 0)
                goto out;
        if (r == NULL || serial == NULL ||
            X509_REVOKED_set_serialNumber(r, serial) != 1 ||
            X509_REVOKED_set_revocationDate(r, at) != 1 ||
            !add_reason(r, entry->reason) ||
            !add_invalidity(r, entry->invalidity_at) ||
            X509_CRL_add0_revoked(crl->crl, r) != 1) {
                openssl_err(e, ERR_INTERNAL, "CRL entry");
                goto out;
        }
        r = NULL;
        rc = 0;
out:
        X509_REVOKED_free(r);
        ASN1_INTEGER_free(serial);
        ASN1_TIME_free(at);
        return rc;
}

int pki_crl_finish(struct pki_crl *crl, struct buf *out, struct err *e)
{
        unsigned char *der = NULL;
        int len = -1;

        if (X509_CRL_sort(crl->crl) == 1 &&
            X509_CRL_sign(crl->crl, crl->key, digest_for(crl->key)) != 0)
                len = i2d_X509_CRL(crl->crl, &der);
        if (len < 0)
                return openssl_err(e, ERR_INTERNAL, "cannot sign the CRL");
        buf_append(out, der, (size_t)len);
        OPENSSL_free(der);
        if (out->failed)
                return err_set(e, ERR_OS, "out of memory");
        return 0;
}

int pki_crl_pem(struct span der, struct buf *out, struct err *e)
{
        enum { LINE = 48 }; /* octets, 64 characters */
        unsigned char text[LINE / 3 * 4 + 1];
        size_t at, n;

        buf_append_text(out, "-----BEGIN X509 CRL-----\n");
        for (at = 0; at < der.len; at += n) {
                n = der.len - at < LINE ? der.len - at : LINE;
                buf_append(out, text,
                    (size_t)EVP_EncodeBlock(text, der.data + at, (int)n));
                buf_append_text(out, "\n");
        }
        buf_append_text(out, "-----END X509 CRL-----\n");
        if (out->failed)
                return err_set(e, ERR_OS, "out of memory");
        return 0;
}

void pki_crl_free(struct pki_crl *crl)
{
        if (crl == NULL)
                return;
        X509_CRL_free(crl->crl);
        EVP_PKEY_free(crl->key);
        free(crl);
}
