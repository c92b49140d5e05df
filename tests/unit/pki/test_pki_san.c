#include "pki_fixture.h"

#include <openssl/err.h>

#include <string.h>

static void each_kind_of_name_is_recognised(void **state)
{
        static const struct {
                const char *word, *prefix;
        } rows[] = {
            {"www", "DNS:"},
            {"www.localhost", "DNS:"},
            {"*.example.org", "DNS:"},
            {"xn--bcher-kva.example", "DNS:"},
            {"my_service", "DNS:"},
            {"123", "DNS:"},
            {"127.0.0.1", "IP:"},
            {"::1", "IP:"},
            {"[::1]", "IP:"},
            {"dead:beef::1", "IP:"},
            {"admin@example.org", "email:"},
            {"http://example.org/x", "URI:"},
            {"spiffe://lab/www", "URI:"},
            {"DNS:www", "DNS:"},
            {"dns:www", "DNS:"},
            {"IP:10.0.0.1", "IP:"},
            {"URI:urn:uuid:1", "URI:"},
            {"file:///etc/hosts", "URI:"},
            {"HTTP://a_b.example:80?x", "URI:"},
            {"https://127.0.0.1/", "URI:"},
            {"http://[::1]:8080", "URI:"},
            {"http://[::1]#x", "URI:"},
        };
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct err e = ERR_INIT;
                const char *prefix = "";

                if (pki_san_check(rows[i].word, &prefix, &e) != 0)
                        fail_msg("%s", e.text);
                assert_string_equal(prefix, rows[i].prefix);
        }
}

static void what_cannot_be_a_name_is_refused_as_usage(void **state)
{
        static const char *const words[] = {
            "",
            "two words",
            "\xc3\xbc.example",
            "www..example",
            ".example",
            "example.",
            "-www",
            "www-.example",
            "*",
            "*.*.example",
            "w*w.example",
            "www.*",
            "300.1.1.1",
            "1.2.3",
            "IP:www",
            "IP:1.2.3.4/8",
            "IP:",
            "DNS:",
            "DNS:a/b",
            "a@b@c",
            "@example",
            "joe@",
            "joe@*.example",
            "email:joe",
            "://x",
            "1http://x",
            "http://a b",
            "http://<x>",
            "http://",
            "http:///path",
            "http://:80",
            "http://h:",
            "http://h:65536",
            "http://h:+1",
            "http://user@h",
            "http://::1",
            "http://[::1",
            "http://[127.0.0.1]",
            "https://a..b",
            "URI:relative",
            "URI:x:",
            "a,DNS:b",
            "www\n",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        };
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                struct err e = ERR_INIT;
                const char *prefix;

                if (pki_san_check(words[i], &prefix, &e) == 0)
                        fail_msg("'%s' passed as %s", words[i], prefix);
                assert_int_equal(e.code, ERR_USAGE);
                assert_null(strchr(e.text, '\n'));
        }
}

static void a_dns_name_may_have_253_octets_and_no_more(void **state)
{
        char name[256];
        const char *prefix;
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(name); i++)
                name[i] = i % 64 == 63 ? '.' : 'a';
        name[253] = '\0';
        assert_int_equal(pki_san_check(name, &prefix, NULL), 0);
        name[253] = 'a';
        name[254] = '\0';
        assert_int_equal(pki_san_check(name, &prefix, NULL), -1);
}

static void a_uri_may_have_2000_characters_and_no_more(void **state)
{
        char uri[2002] = "http://h/";
        const char *prefix;

        (void)state;
        memset(uri + 9, 'x', sizeof(uri) - 10);
        assert_int_equal(pki_san_check(uri, &prefix, NULL), -1);
        uri[2000] = '\0';
        assert_int_equal(pki_san_check(uri, &prefix, NULL), 0);
}

static void a_bad_name_makes_no_certificate(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
        const char *sans[] = {"www", "not a name"};
        struct err e = ERR_INIT;
        X509 *cert;

        (void)state;
        spec.sans = sans;
        spec.sans_len = 2;
        assert_int_equal(pki_cert_make(&spec, &cert, &e), -1);
        assert_null(cert);
        assert_int_equal(e.code, ERR_USAGE);
        assert_non_null(strstr(e.text, "not a name"));
        assert_int_equal(ERR_peek_error(), 0);
}

static void only_the_sans_name_a_host(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
        const char *sans[] = {"*.example.org", "127.0.0.1", "::1"};
        X509 *cert;

        (void)state;
        spec.sans = sans;
        spec.sans_len = 3;
        cert = fixture_make(&spec);
        assert_true(pki_name_matches(cert, "a.example.org"));
        assert_true(pki_name_matches(cert, "A.EXAMPLE.ORG"));
        assert_true(pki_name_matches(cert, "127.0.0.1"));
        assert_true(pki_name_matches(cert, "0:0:0:0:0:0:0:1"));
        assert_false(pki_name_matches(cert, "127.0.0.2"));
        assert_false(pki_name_matches(cert, "example.org"));
        assert_false(pki_name_matches(cert, "a.b.example.org"));
        assert_false(pki_name_matches(cert, "www")); /* the CN */
        assert_false(pki_name_matches(cert, ".example.org"));
        assert_false(pki_name_matches(cert, ""));
        X509_free(cert);
}

static void without_sans_the_common_name_is_no_host(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
        X509 *cert = fixture_make(&spec);

        (void)state;
        assert_false(pki_name_matches(cert, "www"));
        X509_free(cert);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_kind_of_name_is_recognised),
            cmocka_unit_test(what_cannot_be_a_name_is_refused_as_usage),
            cmocka_unit_test(a_dns_name_may_have_253_octets_and_no_more),
            cmocka_unit_test(a_uri_may_have_2000_characters_and_no_more),
            cmocka_unit_test(a_bad_name_makes_no_certificate),
            cmocka_unit_test(only_the_sans_name_a_host),
            cmocka_unit_test(without_sans_the_common_name_is_no_host),
        };

        return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
