/* Each profile, each algorithm, as OpenSSL's own reader sees them. */
#include "pki_fixture.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <string.h>

#include "base/parse.h"

/* extnValue of the extension, and whether it is critical; len 0: absent. */
static struct span extension(const X509 *cert, int nid, bool *critical)
{
        int at = X509_get_ext_by_NID(cert, nid, -1);
        X509_EXTENSION *ext;
        ASN1_OCTET_STRING *value;

        if (at < 0)
                return (struct span){NULL, 0};
        ext = X509_get_ext(cert, at);
        value = X509_EXTENSION_get_data(ext);
        *critical = X509_EXTENSION_get_critical(ext) != 0;
        return (struct span){
            ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)};
}

static void assert_extension(
    const X509 *cert, int nid, const char *hex, bool critical)
{
        bool found_critical = false;
        struct span value = extension(cert, nid, &found_critical);
        char text[512];

        assert_string_equal(hex_encode(value, text, sizeof(text)), hex);
        assert_int_equal(found_critical, critical);
}

static void assert_absent(const X509 *cert, int nid)
{
        assert_int_equal(X509_get_ext_by_NID(cert, nid, -1), -1);
}

/* As `openssl verify -x509_strict` does. */
static void assert_strictly_valid_below(X509 *cert, X509 *ca)
{
        X509_STORE *store = X509_STORE_new();
        X509_STORE_CTX *ctx = X509_STORE_CTX_new();
        STACK_OF(X509) *untrusted = fixture_stack(ca, NULL);
        X509_VERIFY_PARAM *param;

        assert_int_equal(X509_STORE_add_cert(store, fixture.root), 1);
        assert_int_equal(X509_STORE_CTX_init(ctx, store, cert, untrusted), 1);
        param = X509_STORE_CTX_get0_param(ctx);
        X509_VERIFY_PARAM_set_time(param, TEST_NOW);
        X509_VERIFY_PARAM_set_flags(
            param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
        if (X509_verify_cert(ctx) != 1)
                fail_msg("%s", X509_verify_cert_error_string(
                                   X509_STORE_CTX_get_error(ctx)));
        X509_STORE_CTX_free(ctx);
        X509_STORE_free(store);
        sk_X509_pop_free(untrusted, X509_free);
}

static void assert_strictly_valid(X509 *cert)
{
        assert_strictly_valid_below(cert, fixture.root);
}

static void ocsp_signer_has_what_the_rules_want_and_no_more(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_OCSP_SIGNER);
        const char *sans[] = {"www.example"}, *urls[] = {"http://x/"};
        X509 *cert;

        (void)state;
        spec.sans = sans;
        spec.sans_len = 1;
        spec.ocsp_urls = urls;
        spec.ocsp_urls_len = 1;
        spec.crl_url = "http://x/crl";
        spec.must_staple = true;
        cert = fixture_make(&spec);
        assert_int_equal(X509_get_ext_count(cert), 5);
        /* OBJECT id-kp-OCSPSigning 1.3.6.1.5.5.7.3.9 */
        assert_extension(
            cert, NID_ext_key_usage, "300a06082b06010505070309", false);
        assert_extension(cert, NID_id_pkix_OCSP_noCheck, "0500", false);
        assert_extension(cert, NID_key_usage, "03020780", true);
        assert_true(
            X509_get_ext_by_NID(cert, NID_subject_key_identifier, -1) >= 0);
        assert_true(
            X509_get_ext_by_NID(cert, NID_authority_key_identifier, -1) >= 0);
        X509_free(cert);
}

static void ca_may_sign_certificates_crls_and_answers(void **state)
{
        (void)state;
        assert_extension(
            fixture.root, NID_basic_constraints, "30030101ff", true);
        assert_extension(fixture.root, NID_key_usage, "03020186", true);
        assert_absent(fixture.root, NID_authority_key_identifier);
        assert_absent(fixture.root, NID_ext_key_usage);
        assert_extension(
            fixture.ca, NID_basic_constraints, "30060101ff020100", true);
        assert_extension(fixture.ca, NID_key_usage, "03020186", true);
        assert_absent(fixture.ca, NID_ext_key_usage);
}

static void key_identifiers_link_child_to_parent(void **state)
{
        const ASN1_OCTET_STRING *parent, *child;

        (void)state;
        parent = X509_get0_subject_key_id(fixture.root);
        child = X509_get0_authority_key_id(fixture.ca);
        assert_non_null(parent);
        assert_non_null(child);
        assert_int_equal(ASN1_OCTET_STRING_cmp(parent, child), 0);
        assert_int_equal(
            X509_check_issued(fixture.root, fixture.ca), X509_V_OK);
}

static void server_certificate_carries_names_urls_and_must_staple(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
        const char *sans[] = {"www.example", "127.0.0.1", "DNS:www.example"};
        const char *urls[] = {"http://127.0.0.1:8080", "http://b/ocsp"};
        char *read[PKI_URLS_MAX];
        X509 *cert;

        (void)state;
        spec.sans = sans;
        spec.sans_len = 3;
        spec.ocsp_urls = urls;
        spec.ocsp_urls_len = 2;
        spec.crl_url = "http://b/crl";
        spec.must_staple = true;
        cert = fixture_make(&spec);
        assert_extension(
            cert, NID_ext_key_usage, "300a06082b06010505070301", false);
        assert_extension(cert, NID_key_usage, "03020780", true);
        assert_extension(cert, NID_basic_constraints, "3000", true);
        assert_extension(cert, NID_tlsfeature, "3003020105", false);
        /* SEQUENCE { [2] www.example, [7] 7f000001 }: no name twice */
        assert_extension(cert, NID_subject_alt_name,
            "3013820b7777772e6578616d706c6587047f000001", false);
        assert_extension(cert, NID_crl_distribution_points,
            "30143012a010a00e860c687474703a2f2f622f63726c", false);
        assert_true(pki_must_staple(cert));
        assert_int_equal(pki_ocsp_urls(cert, read, PKI_URLS_MAX), 2);
        assert_string_equal(read[0], urls[0]);
        assert_string_equal(read[1], urls[1]);
        OPENSSL_free(read[0]);
        OPENSSL_free(read[1]);
        X509_free(cert);
}

static void every_profile_is_strictly_valid(void **state)
{
        static const enum pki_profile profiles[] = {
            PKI_INTERMEDIATE, PKI_SERVER, PKI_CLIENT, PKI_OCSP_SIGNER};
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
                struct pki_cert_spec spec = fixture_spec(profiles[i]);
                X509 *cert;

                spec.issuer = fixture.root;
                spec.issuer_key = fixture.root_key;
                cert = fixture_make(&spec);
                assert_strictly_valid(cert);
                X509_free(cert);
        }
        assert_strictly_valid(fixture.ca);
        assert_strictly_valid(fixture.root);
}

/* An algorithm, what it signs with, and the keyUsage of a server. */
static const struct algorithm_row {
        enum pki_algorithm algorithm;
        int signature;
        const char *key_usage;
} algorithm_rows[] = {
    {PKI_P256, NID_ecdsa_with_SHA256, "03020780"},
    {PKI_P384, NID_ecdsa_with_SHA384, "03020780"},
    {PKI_RSA2048, NID_sha256WithRSAEncryption, "030205a0"},
    {PKI_ED25519, NID_ED25519, "03020780"},
};

static void each_algorithm_issues_with_its_own_digest(void **state)
{
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(algorithm_rows) / sizeof(algorithm_rows[0]);
             i++) {
                const struct algorithm_row *row = &algorithm_rows[i];
                struct pki_cert_spec spec = fixture_spec(PKI_ROOT);
                X509 *root, *leaf;
                EVP_PKEY *key;

                assert_int_equal(pki_key_new(row->algorithm, &key, NULL), 0);
                spec.issuer = NULL;
                spec.subject_key = spec.issuer_key = key;
                root = fixture_make(&spec);
                assert_int_equal(X509_get_signature_nid(root), row->signature);
                spec.profile = PKI_SERVER;
                spec.issuer = root;
                leaf = fixture_make(&spec);
                assert_int_equal(X509_verify(leaf, key), 1);
                assert_extension(leaf, NID_key_usage, row->key_usage, true);
                X509_free(leaf);
                spec.profile = PKI_CLIENT;
                leaf = fixture_make(&spec);
                assert_extension(leaf, NID_key_usage, "03020780", true);
                assert_extension(
                    leaf, NID_ext_key_usage, "300a06082b06010505070302", false);
                X509_free(leaf);
                X509_free(root);
                EVP_PKEY_free(key);
        }
}

static void times_are_utctime_through_2049_then_generalizedtime(void **state)
{
        static const struct {
                const char *at, *text;
                int type;
        } rows[] = {
            {"1950-01-01T00:00:00Z", "500101000000Z", V_ASN1_UTCTIME},
            {"1999-12-31T23:59:59Z", "991231235959Z", V_ASN1_UTCTIME},
            {"2049-12-31T23:59:59Z", "491231235959Z", V_ASN1_UTCTIME},
            {"2050-01-01T00:00:00Z", "20500101000000Z", V_ASN1_GENERALIZEDTIME},
            {"9999-12-31T23:59:59Z", "99991231235959Z", V_ASN1_GENERALIZEDTIME},
        };
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
                const ASN1_TIME *t;
                X509 *cert;

                assert_int_equal(
                    parse_time(rows[i].at, 0, &spec.not_after, NULL), 0);
                spec.not_before = spec.not_after;
                cert = fixture_make(&spec);
                t = X509_get0_notAfter(cert);
                assert_int_equal(ASN1_STRING_type(t), rows[i].type);
                assert_string_equal(
                    (const char *)ASN1_STRING_get0_data(t), rows[i].text);
                assert_int_equal(pki_not_before(cert), spec.not_before);
                assert_int_equal(pki_not_after(cert), spec.not_after);
                X509_free(cert);
        }
}

static void assert_refused(const struct pki_cert_spec *spec, const char *word)
{
        struct err e = ERR_INIT;
        X509 *cert;

        assert_int_equal(pki_cert_make(spec, &cert, &e), -1);
        assert_null(cert);
        assert_int_equal(e.code, ERR_USAGE);
        if (strstr(e.text, word) == NULL)
                fail_msg("%s", e.text);
        assert_int_equal(ERR_peek_error(), 0);
}

static void impossible_times_are_refused(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);

        (void)state;
        spec.not_after = spec.not_before - 1;
        assert_refused(&spec, "cannot end before it begins");
        spec.not_after = utc_seconds(9999, 12, 31, 23, 59, 59) + 1;
        assert_refused(&spec, "9999");
        spec.not_before = utc_seconds(1950, 1, 1, 0, 0, 0) - 1;
        spec.not_after = TEST_NOW;
        assert_refused(&spec, "1950");
}

static void a_common_name_is_up_to_64_characters_of_utf8(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
        char name[3 * 64 + 1] = "", subject[PKI_NAME_TEXT_MAX];
        X509 *cert;
        int i;

        (void)state;
        for (i = 0; i < 64; i++)
                snprintf(name + 3 * i, 4, "\xe2\x82\xac"); /* the euro sign */
        spec.common_name = name;
        cert = fixture_make(&spec);
        assert_int_equal(
            strncmp(pki_subject(cert, subject), "CN=\\E2\\82\\AC", 12), 0);
        assert_string_equal(subject + strlen(subject) - 3, "...");
        X509_free(cert);
        spec.common_name = "12345678901234567890123456789012345678901234567890"
                           "123456789012345";
        assert_refused(&spec, "at most 64");
        spec.common_name = "";
        assert_refused(&spec, "empty");
        spec.common_name = "\xff\xfe";
        assert_refused(&spec, "UTF-8");
}

static void a_common_name_can_hold_what_rfc_2253_escapes(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
        char subject[PKI_NAME_TEXT_MAX];
        X509 *cert;

        (void)state;
        spec.common_name = "a,b=\"c\"\n";
        cert = fixture_make(&spec);
        assert_string_equal(
            pki_subject(cert, subject), "CN=a\\,b=\\\"c\\\"\\0A");
        X509_free(cert);
}

static void without_a_subject_the_sans_are_critical(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
        const char *sans[] = {"www"};
        char subject[PKI_NAME_TEXT_MAX];
        X509 *cert;

        (void)state;
        spec.common_name = NULL;
        spec.sans = sans;
        spec.sans_len = 1;
        cert = fixture_make(&spec);
        assert_extension(cert, NID_subject_alt_name, "30058203777777", true);
        assert_string_equal(pki_subject(cert, subject), "(no subject)");
        assert_strictly_valid_below(cert, fixture.ca);
        X509_free(cert);
}

static void a_bad_url_makes_no_certificate(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
        const char *urls[] = {"http://a/", "not a url"};

        (void)state;
        spec.ocsp_urls = urls;
        spec.ocsp_urls_len = 2;
        assert_refused(&spec, "not a url");
        spec.ocsp_urls_len = 1;
        spec.crl_url = "127.0.0.1:80";
        assert_refused(&spec, "127.0.0.1:80");
}

static void a_plain_certificate_has_no_url_and_no_must_staple(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
        X509 *cert = fixture_make(&spec);
        char *urls[PKI_URLS_MAX];

        (void)state;
        assert_false(pki_must_staple(cert));
        assert_int_equal(pki_ocsp_urls(cert, urls, PKI_URLS_MAX), 0);
        assert_absent(cert, NID_subject_alt_name);
        assert_absent(cert, NID_crl_distribution_points);
        assert_int_equal(ERR_peek_error(), 0);
        X509_free(cert);
}

static void sans_are_read_back_in_order_without_prefix(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
        const char *sans[] = {"DNS:www.example", "[::1]", "10.0.0.1",
            "joe@example.org", "URI:urn:x:1", "www.example"};
        const char *want[] = {
            "www.example", "::1", "10.0.0.1", "joe@example.org", "urn:x:1"};
        char *read[PKI_SANS_MAX];
        X509 *cert;
        size_t i;

        (void)state;
        spec.sans = sans;
        spec.sans_len = 6;
        cert = fixture_make(&spec);
        assert_int_equal(pki_sans(cert, read, PKI_SANS_MAX), 5);
        for (i = 0; i < 5; i++) {
                assert_string_equal(read[i], want[i]);
                OPENSSL_free(read[i]);
        }
        assert_int_equal(pki_sans(cert, read, 1), 1);
        OPENSSL_free(read[0]);
        X509_free(cert);
}

/* An import may bring anything. */
static void sans_that_are_no_text_are_left_out(void **state)
{
        /* [2] "a\0b", [2] "a b", [7] 3 octets, [4] a name, [2] "good" */
        static const unsigned char der[] = {0x30, 0x19, 0x82, 0x03, 'a', 0, 'b',
            0x82, 0x03, 'a', ' ', 'b', 0x87, 0x03, 1, 2, 3, 0xa4, 0x02, 0x30, 0,
            0x82, 0x04, 'g', 'o', 'o', 'd'};
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
        X509 *cert = fixture_make(&spec);
        ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
        X509_EXTENSION *ext;
        char *read[PKI_SANS_MAX];

        (void)state;
        ASN1_OCTET_STRING_set(octets, der, sizeof(der));
        ext =
            X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, octets);
        assert_int_equal(X509_add_ext(cert, ext, -1), 1);
        assert_int_equal(pki_sans(cert, read, PKI_SANS_MAX), 1);
        assert_string_equal(read[0], "good");
        OPENSSL_free(read[0]);
        X509_EXTENSION_free(ext);
        ASN1_OCTET_STRING_free(octets);
        X509_free(cert);
}

static void urls_beyond_the_callers_room_are_left_out(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
        const char *urls[] = {"http://b/", "http://a/", "http://b/"};
        char *read[3];
        X509 *cert;

        (void)state;
        spec.ocsp_urls = urls;
        spec.ocsp_urls_len = 3;
        cert = fixture_make(&spec);
        assert_int_equal(pki_ocsp_urls(cert, read, 2), 2);
        assert_string_equal(read[0], "http://b/");
        assert_string_equal(read[1], "http://a/");
        OPENSSL_free(read[0]);
        OPENSSL_free(read[1]);
        X509_free(cert);
}

static void an_issuer_without_key_identifier_gets_its_keys_hash(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
        X509 *bare = X509_dup(fixture.ca), *cert;
        X509_EXTENSION *ski;

        (void)state;
        ski = X509_delete_ext(
            bare, X509_get_ext_by_NID(bare, NID_subject_key_identifier, -1));
        X509_EXTENSION_free(ski);
        spec.issuer = bare;
        cert = fixture_make(&spec);
        assert_int_equal(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(cert),
                             X509_get0_subject_key_id(fixture.ca)),
            0);
        X509_free(cert);
        X509_free(bare);
}

/* A certificate with that one extension, which OpenSSL made. */
static X509 *with_extension(int nid, const char *value)
{
        X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
        X509 *cert = X509_new();

        assert_non_null(ext);
        X509_set_version(cert, X509_VERSION_3);
        X509_set_pubkey(cert, fixture.leaf_key);
        X509_add_ext(cert, ext, -1);
        X509_EXTENSION_free(ext);
        return cert;
}

static void assert_no_ca(X509 *cert, const char *word)
{
        struct err e = ERR_INIT;

        assert_int_equal(pki_ca_check(cert, "f.pem", &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        if (strstr(e.text, word) == NULL || strstr(e.text, "f.pem") == NULL)
                fail_msg("%s", e.text);
        assert_int_equal(ERR_peek_error(), 0);
        X509_free(cert);
}

static void only_a_ca_passes_for_one(void **state)
{
        struct pki_cert_spec leaf = fixture_spec(PKI_SERVER);
        X509 *cert;

        (void)state;
        assert_int_equal(pki_ca_check(fixture.root, "f", NULL), 0);
        assert_int_equal(pki_ca_check(fixture.ca, "f", NULL), 0);
        /* keyUsage may be absent */
        cert = with_extension(NID_basic_constraints, "critical,CA:TRUE");
        assert_int_equal(pki_ca_check(cert, "f", NULL), 0);
        X509_free(cert);
        assert_no_ca(fixture_make(&leaf), "4.2.1.9");
        assert_no_ca(with_extension(NID_key_usage, "keyCertSign"), "4.2.1.9");
        assert_no_ca(
            with_extension(NID_basic_constraints, "DER:0500"), "cannot be");
}

static void a_ca_without_key_cert_sign_is_none(void **state)
{
        X509_EXTENSION *ku =
            X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, "cRLSign");
        X509 *cert = with_extension(NID_basic_constraints, "CA:TRUE");

        (void)state;
        X509_add_ext(cert, ku, -1);
        X509_EXTENSION_free(ku);
        assert_no_ca(cert, "keyCertSign");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(ocsp_signer_has_what_the_rules_want_and_no_more),
            cmocka_unit_test(ca_may_sign_certificates_crls_and_answers),
            cmocka_unit_test(key_identifiers_link_child_to_parent),
            cmocka_unit_test(
                server_certificate_carries_names_urls_and_must_staple),
            cmocka_unit_test(every_profile_is_strictly_valid),
            cmocka_unit_test(each_algorithm_issues_with_its_own_digest),
            cmocka_unit_test(
                times_are_utctime_through_2049_then_generalizedtime),
            cmocka_unit_test(impossible_times_are_refused),
            cmocka_unit_test(a_common_name_is_up_to_64_characters_of_utf8),
            cmocka_unit_test(a_common_name_can_hold_what_rfc_2253_escapes),
            cmocka_unit_test(without_a_subject_the_sans_are_critical),
            cmocka_unit_test(a_bad_url_makes_no_certificate),
            cmocka_unit_test(a_plain_certificate_has_no_url_and_no_must_staple),
            cmocka_unit_test(sans_are_read_back_in_order_without_prefix),
            cmocka_unit_test(sans_that_are_no_text_are_left_out),
            cmocka_unit_test(urls_beyond_the_callers_room_are_left_out),
            cmocka_unit_test(
                an_issuer_without_key_identifier_gets_its_keys_hash),
            cmocka_unit_test(only_a_ca_passes_for_one),
            cmocka_unit_test(a_ca_without_key_cert_sign_is_none),
        };

        return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
