#include "pki_fixture.h"

#include <openssl/bn.h>

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

static void new_serials_are_16_positive_octets_and_differ(void **state)
{
        enum { COUNT = 20000 };
        struct pki_serial s;
        uint64_t *seen = calloc(COUNT, sizeof(*seen));
        size_t i;

        (void)state;
        assert_non_null(seen);
        for (i = 0; i < COUNT; i++) {
                assert_int_equal(pki_serial_new(&s, NULL), 0);
                assert_int_equal(s.len, 16);
                assert_int_equal(s.octets[0] & 0xc0, 0x40);
                memcpy(&seen[i], s.octets + 8, sizeof(*seen));
        }
        /* 64 random bits each: a pair among these has odds of 1 to 10^11. */
        for (i = 1; i < COUNT; i++)
                assert_true(seen[i] != seen[i - 1] && seen[i] != seen[0]);
        free(seen);
}

static void assert_parses(
    const char *text, const char *octets, const char *printed)
{
        struct pki_serial s;
        struct err e = ERR_INIT;
        char hex[2 * PKI_SERIAL_MAX + 1], out[PKI_SERIAL_TEXT_MAX];

        if (pki_serial_parse(text, &s, &e) != 0)
                fail_msg("%s", e.text);
        assert_string_equal(
            hex_encode((struct span){s.octets, s.len}, hex, sizeof(hex)),
            octets);
        assert_string_equal(
            pki_serial_text((struct span){s.octets, s.len}, out), printed);
}

static void hex_becomes_the_content_octets_of_a_der_integer(void **state)
{
        (void)state;
        assert_parses("0", "00", "00");
        assert_parses("a", "0a", "0a");
        assert_parses("0x1000", "1000", "1000");
        assert_parses("00:00:7F", "7f", "7f");
        assert_parses("80", "0080", "80");
        assert_parses("0080", "0080", "80");
        assert_parses("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
            "00ffffffffffffffffffffffffffffffffffffffff",
            "ffffffffffffffffffffffffffffffffffffffff");
}

static void negative_serials_have_their_twos_complement(void **state)
{
        (void)state;
        assert_parses("-1", "ff", "-01");
        assert_parses("-7FCC", "8034", "-7fcc");
        assert_parses("-80", "80", "-80");
        assert_parses("-81", "ff7f", "-81");
        assert_parses("-0100", "ff00", "-0100");
}

static void octets_agree_with_openssl(void **state)
{
        static const char *const texts[] = {"0", "1", "7f", "80", "ff", "0100",
            "7fffffffffffffffff", "80000000000000000000", "-1", "-80", "-81",
            "-7fcc", "-0100", "-ffffffffffffffffff"};
        struct pki_serial s, back;
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                BIGNUM *bn = NULL;
                ASN1_INTEGER *n;
                X509 *cert = X509_new();

                assert_true(BN_hex2bn(&bn, texts[i]) > 0);
                n = BN_to_ASN1_INTEGER(bn, NULL);
                assert_int_equal(X509_set_serialNumber(cert, n), 1);
                back = pki_serial_of(cert);
                assert_int_equal(pki_serial_parse(texts[i], &s, NULL), 0);
                assert_int_equal(s.len, back.len);
                assert_memory_equal(s.octets, back.octets, s.len);
                X509_free(cert);
                ASN1_INTEGER_free(n);
                BN_free(bn);
        }
}

static void a_made_certificate_has_the_serial_it_was_given(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
        struct pki_serial got;
        X509 *cert;

        (void)state;
        assert_int_equal(pki_serial_parse("80ff", &spec.serial, NULL), 0);
        cert = fixture_make(&spec);
        got = pki_serial_of(cert);
        assert_int_equal(got.len, 3);
        assert_memory_equal(got.octets, spec.serial.octets, 3);
        X509_free(cert);
}

static void nonsense_and_too_long_serials_are_refused(void **state)
{
        struct pki_serial s;
        struct err e = ERR_INIT;
        char text[2 * PKI_SERIAL_MAX + 3];

        (void)state;
        assert_int_equal(pki_serial_parse("www", &s, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        assert_int_equal(pki_serial_parse("", &s, &e), -1);
        assert_int_equal(pki_serial_parse("-", &s, &e), -1);
        assert_int_equal(pki_serial_parse("0x", &s, &e), -1);
        memset(text, '7', sizeof(text));
        text[sizeof(text) - 1] = '\0';
        assert_int_equal(pki_serial_parse(text, &s, &e), -1);
        /* 64 octets with the top bit set need a 65th. */
        memset(text, 'f', sizeof(text));
        text[2 * PKI_SERIAL_MAX] = '\0';
        assert_int_equal(pki_serial_parse(text, &s, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        text[0] = '7';
        assert_int_equal(pki_serial_parse(text, &s, &e), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(new_serials_are_16_positive_octets_and_differ),
            cmocka_unit_test(hex_becomes_the_content_octets_of_a_der_integer),
            cmocka_unit_test(negative_serials_have_their_twos_complement),
            cmocka_unit_test(octets_agree_with_openssl),
            cmocka_unit_test(a_made_certificate_has_the_serial_it_was_given),
            cmocka_unit_test(nonsense_and_too_long_serials_are_refused),
        };

        return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
