#include "pki/pki.h"

#include "pki/internal.h"

/* PKI_COMMON_NAME_MAX is ub-common-name of RFC 5280 appendix A.1. */
int name_add_common_name(X509_NAME *name, const char *text, struct err *e)
{
        if (text == NULL)
                return 0;
        if (text[0] == '\0')
                return err_set(e, ERR_USAGE, "common name: empty");
        if (X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                (const unsigned char *)text, -1, -1, 0) == 1)
                return 0;
        return openssl_err(e, ERR_USAGE,
            "common name '%.80s': not UTF-8 of at most %d characters", text,
            PKI_COMMON_NAME_MAX);
}

static int set_names(
    X509 *cert, const struct pki_cert_spec *spec, struct err *e)
{
        X509_NAME *name = X509_NAME_new();
        X509_NAME *issuer;
        int rc = -1;

        if (name == NULL)
                return openssl_err(e, ERR_OS, "out of memory");
        if (name_add_common_name(name, spec->common_name, e) != 0)
                goto out;
        issuer =
            spec->issuer == NULL ? name : X509_get_subject_name(spec->issuer);
        if (X509_set_subject_name(cert, name) != 1 ||
            X509_set_issuer_name(cert, issuer) != 1) {
                openssl_err(e, ERR_INTERNAL, "certificate names");
                goto out;
        }
        rc = 0;
out:
        X509_NAME_free(name);
        return rc;
}

static int set_validity(
    X509 *cert, const struct pki_cert_spec *spec, struct err *e)
{
        ASN1_TIME *before = NULL, *after = NULL;
        int rc = -1;

        if (spec->not_after < spec->not_before)
                return err_set(
                    e, ERR_USAGE, "a certificate cannot end before it begins");
        if (asn1_time(spec->not_before, &before, e) != 0 ||
            asn1_time(spec->not_after, &after, e) != 0)
                goto out;
        if (X509_set1_notBefore(cert, before) != 1 ||
            X509_set1_notAfter(cert, after) != 1) {
                openssl_err(e, ERR_INTERNAL, "certificate validity");
                goto out;
        }
        rc = 0;
out:
        ASN1_TIME_free(before);
        ASN1_TIME_free(after);
        return rc;
}

static int set_serial(X509 *cert, const struct pki_serial *s, struct err *e)
{
        ASN1_INTEGER *n = asn1_serial((struct span){s->octets, s->len});
        int rc = 0;

        if (n == NULL || X509_set_serialNumber(cert, n) != 1)
                rc = openssl_err(e, ERR_INTERNAL, "serial number");
        ASN1_INTEGER_free(n);
        return rc;
}

int pki_cert_make(const struct pki_cert_spec *spec, X509 **out, struct err *e)
{
        X509 *cert = X509_new();
        int rc = -1;

        *out = NULL;
        if (cert == NULL || X509_set_version(cert, X509_VERSION_3) != 1 ||
            X509_set_pubkey(cert, spec->subject_key) != 1) {
                openssl_err(e, ERR_INTERNAL, "certificate");
                goto out;
        }
        if (set_serial(cert, &spec->serial, e) != 0 ||
            set_names(cert, spec, e) != 0 || set_validity(cert, spec, e) != 0 ||
            cert_add_extensions(cert, spec, e) != 0)
                goto out;
        if (X509_sign(cert, spec->issuer_key, digest_for(spec->issuer_key)) ==
            0) {
                openssl_err(e, ERR_INTERNAL, "cannot sign the certificate");
                goto out;
        }
        *out = cert;
        cert = NULL;
        rc = 0;
out:
        X509_free(cert);
        return rc;
}
