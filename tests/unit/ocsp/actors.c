#include "actors.h"

static X509 *make(enum pki_profile profile, const char *name, EVP_PKEY *key,
    X509 *issuer, EVP_PKEY *issuer_key)
{
        struct pki_cert_spec spec = {
            .profile = profile,
            .common_name = name,
            .subject_key = key,
            .issuer = issuer,
            .issuer_key = issuer_key,
            .not_before = NOW - 86400,
            .not_after = NOW + 86400,
            .path_len = -1,
        };
        struct err e = ERR_INIT;
        X509 *cert = NULL;

        assert_int_equal(pki_serial_new(&spec.serial, &e), 0);
        if (pki_cert_make(&spec, &cert, &e) != 0)
                fail_msg("%s", e.text);
        return cert;
}

void actors_make(enum pki_algorithm algorithm, struct actors *a)
{
        struct err e = ERR_INIT;

        assert_int_equal(pki_key_new(algorithm, &a->ca_key, &e), 0);
        assert_int_equal(pki_key_new(algorithm, &a->signer_key, &e), 0);
        assert_int_equal(pki_key_new(PKI_P256, &a->leaf_key, &e), 0);
        a->ca = make(PKI_ROOT, "Lab Root", a->ca_key, NULL, a->ca_key);
        a->signer = make(
            PKI_OCSP_SIGNER, "Lab Responder", a->signer_key, a->ca, a->ca_key);
        a->leaf = make(PKI_SERVER, "www", a->leaf_key, a->ca, a->ca_key);
}

void actors_release(struct actors *a)
{
        EVP_PKEY_free(a->ca_key);
        EVP_PKEY_free(a->signer_key);
        EVP_PKEY_free(a->leaf_key);
        X509_free(a->ca);
        X509_free(a->signer);
        X509_free(a->leaf);
}
