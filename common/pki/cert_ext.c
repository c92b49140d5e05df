#include "pki/internal.h"

#include <openssl/evp.h>

/* keyUsage bits, RFC 5280 section 4.2.1.3. */
enum {
        KU_DIGITAL_SIGNATURE_BIT = 0,
        KU_KEY_ENCIPHERMENT_BIT = 2,
        KU_KEY_CERT_SIGN_BIT = 5,
        KU_CRL_SIGN_BIT = 6,
};

bool extension_add(
    STACK_OF(X509_EXTENSION) **exts, int nid, void *value, bool critical)
{
        return value != NULL && X509V3_add1_i2d(exts, nid, value, critical,
                                    X509V3_ADD_APPEND) == 1;
}

static ASN1_OCTET_STRING *key_id(const X509 *cert)
{
        unsigned char hash[EVP_MAX_MD_SIZE];
        unsigned len;
        ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();

        /* SHA-1 of the key's BIT STRING, RFC 5280 section 4.2.1.2 (1). */
        if (id != NULL &&
            X509_pubkey_digest(cert, EVP_sha1(), hash, &len) == 1 &&
            ASN1_OCTET_STRING_set(id, hash, (int)len) == 1)
                return id;
        ASN1_OCTET_STRING_free(id);
        return NULL;
}

AUTHORITY_KEYID *authority_key_id(X509 *issuer)
{
        const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(issuer);
        AUTHORITY_KEYID *akid = AUTHORITY_KEYID_new();

        if (akid == NULL)
                return NULL;
        akid->keyid = own != NULL ? ASN1_OCTET_STRING_dup(own) : key_id(issuer);
        if (akid->keyid != NULL)
                return akid;
        AUTHORITY_KEYID_free(akid);
        return NULL;
}

static bool add_key_ids(
    STACK_OF(X509_EXTENSION) **exts, const X509 *cert, X509 *issuer)
{
        ASN1_OCTET_STRING *own = key_id(cert);
        AUTHORITY_KEYID *akid =
            issuer == NULL ? NULL : authority_key_id(issuer);
        bool ok =
            extension_add(exts, NID_subject_key_identifier, own, false) &&
            (issuer == NULL ||
                extension_add(exts, NID_authority_key_identifier, akid, false));

        ASN1_OCTET_STRING_free(own);
        AUTHORITY_KEYID_free(akid);
        return ok;
}

/* CA: with its path length; leaf: the empty SEQUENCE that says cA FALSE. */
static bool add_basic_constraints(
    STACK_OF(X509_EXTENSION) **exts, bool ca, int path_len)
{
        BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
        bool ok = bc != NULL;

        if (ok && ca) {
                bc->ca = 0xff; /* DER TRUE */
                if (path_len >= 0) {
                        bc->pathlen = ASN1_INTEGER_new();
                        ok = bc->pathlen != NULL &&
                             ASN1_INTEGER_set(bc->pathlen, path_len) == 1;
                }
        }
        ok = ok && extension_add(exts, NID_basic_constraints, bc, true);
        BASIC_CONSTRAINTS_free(bc);
        return ok;
}

static bool add_key_usage(
    STACK_OF(X509_EXTENSION) **exts, const int *bits, size_t len)
{
        ASN1_BIT_STRING *ku = ASN1_BIT_STRING_new();
        bool ok = ku != NULL;
        size_t i;

        for (i = 0; ok && i < len; i++)
                ok = ASN1_BIT_STRING_set_bit(ku, bits[i], 1) == 1;
        ok = ok && extension_add(exts, NID_key_usage, ku, true);
        ASN1_BIT_STRING_free(ku);
        return ok;
}

static bool add_extended_key_usage(STACK_OF(X509_EXTENSION) **exts, int purpose)
{
        EXTENDED_KEY_USAGE *eku = EXTENDED_KEY_USAGE_new();
        bool ok = eku != NULL &&
                  sk_ASN1_OBJECT_push(eku, OBJ_nid2obj(purpose)) > 0 &&
                  extension_add(exts, NID_ext_key_usage, eku, false);

        EXTENDED_KEY_USAGE_free(eku);
        return ok;
}

/* id-pkix-ocsp-nocheck, RFC 6960 section 4.2.2.2.1: extnValue is 05 00. */
static bool add_nocheck(STACK_OF(X509_EXTENSION) **exts)
{
        ASN1_NULL *null = ASN1_NULL_new();
        bool ok = extension_add(exts, NID_id_pkix_OCSP_noCheck, null, false);

        ASN1_NULL_free(null);
        return ok;
}

/* TLS feature status_request, RFC 7633: extnValue is 30 03 02 01 05. */
static bool add_must_staple(STACK_OF(X509_EXTENSION) **exts)
{
        TLS_FEATURE *features = sk_ASN1_INTEGER_new_null();
        ASN1_INTEGER *five = ASN1_INTEGER_new();
        bool ok = features != NULL && five != NULL &&
                  ASN1_INTEGER_set(five, 5) == 1 &&
                  sk_ASN1_INTEGER_push(features, five) > 0;

        if (ok)
                five = NULL;
        ok = ok && extension_add(exts, NID_tlsfeature, features, false);
        ASN1_INTEGER_free(five);
        sk_ASN1_INTEGER_pop_free(features, ASN1_INTEGER_free);
        return ok;
}

static int add_sans(STACK_OF(X509_EXTENSION) **exts,
    const struct pki_cert_spec *spec, struct err *e)
{
        GENERAL_NAMES *names = NULL;
        /* Critical where there is no subject, RFC 5280 section 4.2.1.6. */
        bool critical = spec->common_name == NULL;
        int rc = -1;

        if (spec->sans_len == 0)
                return 0;
        if (san_names(spec->sans, spec->sans_len, &names, e) != 0)
                return -1;
        if (!extension_add(exts, NID_subject_alt_name, names, critical))
                openssl_err(e, ERR_INTERNAL, "subjectAltName");
        else
                rc = 0;
        GENERAL_NAMES_free(names);
        return rc;
}

static int push_ocsp_url(
    AUTHORITY_INFO_ACCESS *aia, const char *url, struct err *e)
{
        ACCESS_DESCRIPTION *ad = ACCESS_DESCRIPTION_new();
        GENERAL_NAME *uri = NULL;

        if (san_uri(url, &uri, e) != 0) {
                ACCESS_DESCRIPTION_free(ad);
                return -1;
        }
        if (ad != NULL) {
                GENERAL_NAME_free(ad->location);
                ad->location = uri;
                uri = NULL;
                ASN1_OBJECT_free(ad->method);
                ad->method = OBJ_nid2obj(NID_ad_OCSP);
        }
        if (ad != NULL && sk_ACCESS_DESCRIPTION_push(aia, ad) > 0)
                return 0;
        ACCESS_DESCRIPTION_free(ad);
        GENERAL_NAME_free(uri);
        return openssl_err(e, ERR_OS, "out of memory");
}

static int add_ocsp_urls(STACK_OF(X509_EXTENSION) **exts,
    const struct pki_cert_spec *spec, struct err *e)
{
        AUTHORITY_INFO_ACCESS *aia;
        size_t i;
        int rc = 0;

        if (spec->ocsp_urls_len == 0)
                return 0;
        aia = AUTHORITY_INFO_ACCESS_new();
        if (aia == NULL)
                return openssl_err(e, ERR_OS, "out of memory");
        for (i = 0; rc == 0 && i < spec->ocsp_urls_len; i++)
                rc = push_ocsp_url(aia, spec->ocsp_urls[i], e);
        if (rc == 0 && !extension_add(exts, NID_info_access, aia, false))
                rc = openssl_err(e, ERR_INTERNAL, "authorityInfoAccess");
        AUTHORITY_INFO_ACCESS_free(aia);
        return rc;
}

DIST_POINT_NAME *dist_point_name(GENERAL_NAME *uri)
{
        DIST_POINT_NAME *name = DIST_POINT_NAME_new();
        GENERAL_NAMES *names = GENERAL_NAMES_new();

        if (name != NULL && names != NULL &&
            sk_GENERAL_NAME_push(names, uri) > 0) {
                name->type = 0; /* fullName */
                name->name.fullname = names;
                return name;
        }
        GENERAL_NAME_free(uri);
        GENERAL_NAMES_free(names);
        DIST_POINT_NAME_free(name);
        return NULL;
}

static int add_crl_url(
    STACK_OF(X509_EXTENSION) **exts, const char *url, struct err *e)
{
        CRL_DIST_POINTS *points = CRL_DIST_POINTS_new();
        DIST_POINT *point = DIST_POINT_new();
        GENERAL_NAME *uri = NULL;
        int rc = san_uri(url, &uri, e);
        bool ok = rc == 0 && points != NULL && point != NULL;

        if (ok) {
                point->distpoint = dist_point_name(uri);
                uri = NULL;
                ok = point->distpoint != NULL &&
                     sk_DIST_POINT_push(points, point) > 0;
        }
        if (ok) {
                point = NULL;
                ok = extension_add(
                    exts, NID_crl_distribution_points, points, false);
        }
        if (rc == 0 && !ok)
                rc = openssl_err(e, ERR_INTERNAL, "cRLDistributionPoints");
        GENERAL_NAME_free(uri);
        DIST_POINT_free(point);
        CRL_DIST_POINTS_free(points);
        return rc;
}

static bool add_ca(
    STACK_OF(X509_EXTENSION) **exts, const struct pki_cert_spec *spec)
{
        /* digitalSignature: so that the CA may sign OCSP answers itself. */
        static const int usage[] = {
            KU_DIGITAL_SIGNATURE_BIT, KU_KEY_CERT_SIGN_BIT, KU_CRL_SIGN_BIT};

        return add_basic_constraints(exts, true, spec->path_len) &&
               add_key_usage(exts, usage, 3);
}

static bool add_tls(STACK_OF(X509_EXTENSION) **exts,
    const struct pki_cert_spec *spec, int purpose)
{
        static const int usage[] = {
            KU_DIGITAL_SIGNATURE_BIT, KU_KEY_ENCIPHERMENT_BIT};
        /* RSA key transport in TLS 1.2 is the only use of keyEncipherment. */
        size_t bits = EVP_PKEY_is_a(spec->subject_key, "RSA") &&
                              purpose == NID_server_auth
                          ? 2
                          : 1;

        return add_basic_constraints(exts, false, -1) &&
               add_key_usage(exts, usage, bits) &&
               add_extended_key_usage(exts, purpose) &&
               (!spec->must_staple || add_must_staple(exts));
}

bool add_ocsp_signer(STACK_OF(X509_EXTENSION) **exts)
{
        static const int usage[] = {KU_DIGITAL_SIGNATURE_BIT};

        return add_key_usage(exts, usage, 1) &&
               add_extended_key_usage(exts, NID_OCSP_sign) && add_nocheck(exts);
}

static bool add_flawed_signer(
    STACK_OF(X509_EXTENSION) **exts, enum pki_flaw flaw)
{
        const int usage[] = {flaw == PKI_CRLSIGN_ONLY
                                 ? KU_CRL_SIGN_BIT
                                 : KU_DIGITAL_SIGNATURE_BIT};
        int purpose = flaw == PKI_TLS_EKU ? NID_server_auth : NID_OCSP_sign;

        return add_key_usage(exts, usage, 1) &&
               (flaw == PKI_NO_EKU || add_extended_key_usage(exts, purpose)) &&
               (flaw == PKI_NO_NOCHECK || add_nocheck(exts));
}

static bool add_profile(
    STACK_OF(X509_EXTENSION) **exts, const struct pki_cert_spec *spec)
{
        switch (spec->profile) {
        case PKI_ROOT:
        case PKI_INTERMEDIATE:
                return add_ca(exts, spec);
        case PKI_SERVER:
                return add_tls(exts, spec, NID_server_auth);
        case PKI_CLIENT:
                return add_tls(exts, spec, NID_client_auth);
        case PKI_OCSP_SIGNER:
                return spec->flaw == PKI_SOUND
                           ? add_ocsp_signer(exts)
                           : add_flawed_signer(exts, spec->flaw);
        }
        return false;
}

static int add_all(STACK_OF(X509_EXTENSION) **exts, const X509 *cert,
    const struct pki_cert_spec *spec, struct err *e)
{
        if (!add_profile(exts, spec) || !add_key_ids(exts, cert, spec->issuer))
                return openssl_err(e, ERR_INTERNAL, "certificate extensions");
        if (spec->profile == PKI_OCSP_SIGNER)
                return 0;
        if (add_sans(exts, spec, e) != 0 || add_ocsp_urls(exts, spec, e) != 0)
                return -1;
        return spec->crl_url == NULL ? 0 : add_crl_url(exts, spec->crl_url, e);
}

int cert_add_extensions(
    X509 *cert, const struct pki_cert_spec *spec, struct err *e)
{
        STACK_OF(X509_EXTENSION) *exts = NULL;
        int rc = add_all(&exts, cert, spec, e);
        int i;

        for (i = 0; rc == 0 && i < sk_X509_EXTENSION_num(exts); i++)
                if (X509_add_ext(cert, sk_X509_EXTENSION_value(exts, i), -1) !=
                    1)
                        rc = openssl_err(
                            e, ERR_INTERNAL, "certificate extensions");
        sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
        return rc;
}
