/* Requests that OpenSSL made, and the one that we make. */
#include "pki_fixture.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <string.h>

#include "base/parse.h"

/* ---- making them with OpenSSL ------------------------------------------- */

static const EVP_MD *digest_of(const EVP_PKEY *key)
{
        if (EVP_PKEY_is_a(key, "ED25519"))
                return NULL;
        return EVP_PKEY_is_a(key, "SM2") ? EVP_sm3() : EVP_sha256();
}

/* exts: name and value in turn, NULL last. */
static X509_REQ *new_csr(EVP_PKEY *key, const char *cn, ...)
{
        STACK_OF(X509_EXTENSION) *exts = NULL;
        X509_REQ *csr = X509_REQ_new();
        const char *name;
        va_list ap;

        assert_int_equal(X509_REQ_set_pubkey(csr, key), 1);
        if (cn != NULL)
                assert_int_equal(
                    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(csr),
                        "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1,
                        0),
                    1);
        va_start(ap, cn);
        while ((name = va_arg(ap, const char *)) != NULL) {
                const char *value = va_arg(ap, const char *);
                X509_EXTENSION *ext = X509V3_EXT_conf(NULL, NULL, name, value);

                assert_non_null(ext);
                X509v3_add_ext(&exts, ext, -1);
                X509_EXTENSION_free(ext);
        }
        va_end(ap);
        if (exts != NULL)
                assert_int_equal(X509_REQ_add_extensions(csr, exts), 1);
        sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
        assert_true(X509_REQ_sign(csr, key, digest_of(key)) > 0);
        return csr;
}

static const char *der_file(X509_REQ *csr, const void *behind, size_t len)
{
        unsigned char *der = NULL;
        struct buf all = {0};
        const char *path;
        int der_len = i2d_X509_REQ(csr, &der);

        buf_append(&all, der, (size_t)der_len);
        buf_append(&all, behind, len);
        path = fixture_file("request.der", all.data, all.len, 0644);
        OPENSSL_free(der);
        buf_release(&all);
        return path;
}

static const char *pem_file(X509_REQ *csr)
{
        BIO *bio = BIO_new(BIO_s_mem());
        const char *path;
        char *text;
        long len;

        BIO_puts(bio, "Certificate Request:\n    Data:\n");
        assert_int_equal(PEM_write_bio_X509_REQ_NEW(bio, csr), 1);
        len = BIO_get_mem_data(bio, &text);
        path = fixture_file("request.pem", text, (size_t)len, 0644);
        BIO_free(bio);
        return path;
}

static X509_REQ *load(const char *path)
{
        struct err e = ERR_INIT;
        X509_REQ *csr;

        if (pki_csr_load(path, &csr, &e) != 0)
                fail_msg("%s", e.text);
        return csr;
}

/* The request of that key must be refused, with that word. */
static void assert_refused(EVP_PKEY *key, const char *word)
{
        X509_REQ *csr = new_csr(key, "www", NULL), *out;
        struct err e = ERR_INIT;

        assert_int_equal(pki_csr_load(der_file(csr, NULL, 0), &out, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_non_null(strstr(e.text, word));
        assert_null(out);
        assert_int_equal(ERR_peek_error(), 0);
        X509_REQ_free(csr);
        EVP_PKEY_free(key);
}

/* ---- tests -------------------------------------------------------------- */

static void pem_and_der_say_the_same(void **state)
{
        X509_REQ *csr =
            new_csr(fixture.leaf_key, "www.example", "subjectAltName",
                "DNS:b.example,IP:192.0.2.1,email:x@y.example,otherName:1.2.3;"
                "UTF8:other,IP:2001:db8::1,URI:http://h/",
                "tlsfeature", "status_request", NULL);
        static const char *const want[] = {"b.example", "192.0.2.1",
            "x@y.example", "2001:db8::1", "http://h/"};
        int der;

        (void)state;
        for (der = 0; der < 2; der++) {
                X509_REQ *read =
                    load(der ? der_file(csr, NULL, 0) : pem_file(csr));
                char *sans[PKI_SANS_MAX], cn[PKI_COMMON_NAME_MAX + 1];
                size_t i, n = pki_csr_sans(read, sans, PKI_SANS_MAX);

                assert_string_equal(
                    pki_csr_common_name(read, cn), "www.example");
                assert_int_equal(n, 5);
                for (i = 0; i < n; i++) {
                        assert_string_equal(sans[i], want[i]);
                        OPENSSL_free(sans[i]);
                }
                assert_true(pki_csr_must_staple(read));
                assert_int_equal(
                    EVP_PKEY_eq(X509_REQ_get0_pubkey(read), fixture.leaf_key),
                    1);
                X509_REQ_free(read);
        }
        X509_REQ_free(csr);
}

static void a_bare_request_asks_for_nothing(void **state)
{
        X509_REQ *csr = new_csr(fixture.leaf_key, NULL, NULL);
        X509_REQ *read = load(der_file(csr, NULL, 0));
        char *sans[1], cn[PKI_COMMON_NAME_MAX + 1];

        (void)state;
        assert_string_equal(pki_csr_common_name(read, cn), "");
        assert_int_equal(pki_csr_sans(read, sans, 1), 0);
        assert_false(pki_csr_must_staple(read));
        assert_int_equal(ERR_peek_error(), 0);
        X509_REQ_free(read);
        X509_REQ_free(csr);
}

static void a_common_name_that_no_certificate_takes_is_none(void **state)
{
        static const char *const bad[] = {"two\nlines",
            /* 33 characters of two octets */
            "\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244"
            "\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244"
            "\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244"
            "\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244"
            "\303\244"};
        char cn[PKI_COMMON_NAME_MAX + 1];
        X509_REQ *csr;
        size_t i;

        (void)state;
        for (i = 0; i < 2; i++) {
                csr = new_csr(fixture.leaf_key, bad[i], NULL);
                assert_string_equal(pki_csr_common_name(csr, cn), "");
                X509_REQ_free(csr);
        }
        csr = new_csr(fixture.leaf_key, "m\303\274ller", NULL);
        assert_string_equal(pki_csr_common_name(csr, cn), "m\303\274ller");
        X509_REQ_free(csr);
}

static void a_request_of_another_key_is_refused(void **state)
{
        X509_REQ *csr = new_csr(fixture.leaf_key, "www", NULL), *out;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(X509_REQ_set_pubkey(csr, fixture.ca_key), 1);
        assert_int_equal(pki_csr_load(der_file(csr, NULL, 0), &out, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_non_null(strstr(e.text, "signature"));
        assert_int_equal(ERR_peek_error(), 0);
        X509_REQ_free(csr);
}

static EVP_PKEY *explicit_curve(void)
{
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
        char curve[] = "P-256", encoding[] = "explicit";
        OSSL_PARAM params[] = {
            OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
            OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, encoding, 0),
            OSSL_PARAM_END};
        EVP_PKEY *key = NULL;

        assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_params(ctx, params), 1);
        assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
        EVP_PKEY_CTX_free(ctx);
        return key;
}

static void weak_and_odd_keys_are_refused(void **state)
{
        (void)state;
        assert_refused(
            EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024), "too weak");
        assert_refused(
            EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-192"), "too weak");
        assert_refused(explicit_curve(), "curve");
        assert_refused(EVP_PKEY_Q_keygen(NULL, NULL, "SM2"), "not supported");
}

static void every_key_of_ours_is_taken(void **state)
{
        static const enum pki_algorithm all[] = {
            PKI_P256, PKI_P384, PKI_RSA2048, PKI_ED25519};
        size_t i;

        (void)state;
        for (i = 0; i < 4; i++) {
                EVP_PKEY *key;
                X509_REQ *csr;

                assert_int_equal(pki_key_new(all[i], &key, NULL), 0);
                csr = new_csr(key, "www", NULL);
                X509_REQ_free(load(der_file(csr, NULL, 0)));
                X509_REQ_free(csr);
                EVP_PKEY_free(key);
        }
}

static void what_is_no_request_is_refused(void **state)
{
        static const char other[] = "-----BEGIN NOTHING-----\nAAAA\n"
                                    "-----END NOTHING-----\n";
        X509_REQ *csr = new_csr(fixture.leaf_key, "www", NULL), *out;
        struct buf cert = {0};
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(pki_cert_der(fixture.ca, &cert, NULL), 0);
        assert_int_equal(
            pki_csr_load(
                fixture_file("c", cert.data, cert.len, 0644), &out, &e),
            -1);
        assert_non_null(strstr(e.text, "not a certificate request"));
        assert_int_equal(pki_csr_load(der_file(csr, "x", 1), &out, &e), -1);
        assert_int_equal(
            pki_csr_load(fixture_file("empty", "", 0, 0644), &out, &e), -1);
        assert_non_null(strstr(e.text, "empty"));
        assert_int_equal(
            pki_csr_load(fixture_file("other", other, sizeof(other) - 1, 0644),
                &out, &e),
            -1);
        assert_non_null(strstr(e.text, "no certificate request"));
        assert_int_equal(pki_csr_load("/nonexistent", &out, &e), -1);
        assert_int_equal(e.code, ERR_NOTFOUND);
        assert_int_equal(ERR_peek_error(), 0);
        buf_release(&cert);
        X509_REQ_free(csr);
}

static void assert_asks(const STACK_OF(X509_EXTENSION) *exts, int nid,
    const char *hex, bool critical)
{
        int at = X509v3_get_ext_by_NID(exts, nid, -1);
        X509_EXTENSION *ext = X509v3_get_ext(exts, at);
        const ASN1_OCTET_STRING *value;
        char text[128];

        assert_non_null(ext);
        value = X509_EXTENSION_get_data(ext);
        assert_string_equal(
            hex_encode((struct span){ASN1_STRING_get0_data(value),
                           (size_t)ASN1_STRING_length(value)},
                text, sizeof(text)),
            hex);
        assert_int_equal(X509_EXTENSION_get_critical(ext), critical);
}

static void a_signer_asks_for_what_a_delegate_needs(void **state)
{
        STACK_OF(X509_EXTENSION) *exts;
        char cn[PKI_COMMON_NAME_MAX + 1];
        struct err e = ERR_INIT;
        struct buf pem = {0};
        X509_REQ *csr;

        (void)state;
        assert_int_equal(
            pki_csr_make_signer(fixture.leaf_key, "Lab OCSP", &pem, &e), 0);
        csr = load(fixture_file("signer.csr", pem.data, pem.len, 0644));
        assert_string_equal(pki_csr_common_name(csr, cn), "Lab OCSP");
        assert_int_equal(X509_REQ_get_version(csr), X509_REQ_VERSION_1);
        exts = X509_REQ_get_extensions(csr);
        assert_int_equal(sk_X509_EXTENSION_num(exts), 3);
        assert_asks(exts, NID_key_usage, "03020780", true);
        assert_asks(exts, NID_ext_key_usage, "300a06082b06010505070309", false);
        assert_asks(exts, NID_id_pkix_OCSP_noCheck, "0500", false);
        sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
        assert_int_equal(
            pki_csr_make_signer(fixture.leaf_key, "", &pem, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        X509_REQ_free(csr);
        buf_release(&pem);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(pem_and_der_say_the_same),
            cmocka_unit_test(a_bare_request_asks_for_nothing),
            cmocka_unit_test(a_common_name_that_no_certificate_takes_is_none),
            cmocka_unit_test(a_request_of_another_key_is_refused),
            cmocka_unit_test(weak_and_odd_keys_are_refused),
            cmocka_unit_test(every_key_of_ours_is_taken),
            cmocka_unit_test(what_is_no_request_is_refused),
            cmocka_unit_test(a_signer_asks_for_what_a_delegate_needs),
        };

        return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
