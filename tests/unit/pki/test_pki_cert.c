/* Each profile, each algorithm, as OpenSSL's own reader sees them. */
#include "pki_fixture.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

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

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(ocsp_signer_has_what_the_rules_want_and_no_more),
            cmocka_unit_test(ca_may_sign_certificates_crls_and_answers),
            cmocka_unit_test(key_identifiers_link_child_to_parent),
            cmocka_unit_test(
                server_certificate_carries_names_urls_and_must_staple),
        };

        return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
