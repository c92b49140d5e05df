#include "responder/issuer/internal.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>

#include <stdio.h>

#include "pki/pki.h"

/* What the extended key usage holds. */
struct purposes {
        bool ocsp_signing;
        bool others;
};

static struct purposes purposes_of(X509 *cert)
{
        STACK_OF(ASN1_OBJECT) *list =
            X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
        struct purposes p = {false, false};
        int i;

        for (i = 0; i < sk_ASN1_OBJECT_num(list); i++) {
                if (OBJ_obj2nid(sk_ASN1_OBJECT_value(list, i)) == NID_OCSP_sign)
                        p.ocsp_signing = true;
                else
                        p.others = true;
        }
        sk_ASN1_OBJECT_pop_free(list, ASN1_OBJECT_free);
        return p;
}

static bool issued_by(X509 *cert, X509 *ca)
{
        STACK_OF(X509) *one = sk_X509_new_null();
        bool yes = one != NULL && sk_X509_push(one, ca) > 0 &&
                   pki_issuer_of(cert, one) == ca;

        sk_X509_free(one);
        return yes;
}

static int check_usage(X509 *cert, const char *path, struct err *e)
{
        if (pki_may_sign(cert))
                return 0;
        return err_set(e, ERR_CONFIG,
            "%s: the signer's keyUsage does not allow digitalSignature "
            "(RFC 5280 4.2.1.3)",
            path);
}

/* What clients take, and a CA for the public must not have (Baseline
 * Requirements 7.1.2.8). */
static void warn_of_oddities(
    X509 *cert, bool other_purposes, const char *path, char *warning)
{
        if (pki_ca_check(cert, path, NULL) == 0)
                snprintf(warning, ERR_TEXT_MAX,
                    "%s: the signer is a CA certificate: its key can issue "
                    "certificates too",
                    path);
        else if (other_purposes)
                snprintf(warning, ERR_TEXT_MAX,
                    "%s: the signer has other extended key usages than "
                    "OCSPSigning",
                    path);
        else if (X509_get_ext_by_NID(cert, NID_id_pkix_OCSP_noCheck, -1) < 0)
                snprintf(warning, ERR_TEXT_MAX,
                    "%s: the signer has no id-pkix-ocsp-nocheck: clients may "
                    "ask for its status (RFC 6960 4.2.2.2.1)",
                    path);
}

static int check_delegate(
    X509 *cert, X509 *ca, const char *path, char *warning, struct err *e)
{
        struct purposes p = purposes_of(cert);

        if (!issued_by(cert, ca))
                return err_set(e, ERR_CONFIG,
                    "%s: the signer's certificate was not issued by the CA it "
                    "is to answer for (RFC 6960 4.2.2.2)",
                    path);
        if (!p.ocsp_signing)
                return err_set(e, ERR_CONFIG,
                    "%s: the signer's certificate has no extended key usage "
                    "OCSPSigning (RFC 6960 4.2.2.2)",
                    path);
        if (check_usage(cert, path, e) != 0)
                return -1;
        warn_of_oddities(cert, p.others, path, warning);
        return 0;
}

int signer_check(X509 *cert, X509 *ca, enum cadb_signer_model model,
    const char *path, char *warning, struct err *e)
{
        switch (model) {
        case CADB_SIGNER_DELEGATED:
                return check_delegate(cert, ca, path, warning, e);
        case CADB_SIGNER_CA:
                return check_usage(cert, path, e);
        case CADB_SIGNER_TRUSTED:
                return 0; /* clients were told to trust exactly this one */
        }
        return err_set(e, ERR_INTERNAL, "%s: no such signer model", path);
}
