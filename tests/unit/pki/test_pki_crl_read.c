/* CRLs of others, as import reads them. */
#include "pki_fixture.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <string.h>

#include "base/parse.h"

/* ---- making them -------------------------------------------------------- */

static struct pki_crl_spec spec(void)
{
        return (struct pki_crl_spec){
            .issuer = fixture.ca,
            .issuer_key = fixture.ca_key,
            .this_update = TEST_NOW,
            .next_update = TEST_NOW + 86400,
            .number = 7,
        };
}

static struct buf our_crl(
    const struct pki_crl_spec *s, const struct pki_crl_entry *list, size_t len)
{
        struct err e = ERR_INIT;
        struct pki_crl *crl;
        struct buf der = {0};
        size_t i;

        assert_int_equal(pki_crl_new(s, &crl, &e), 0);
        for (i = 0; i < len; i++)
                assert_int_equal(pki_crl_add(crl, &list[i], &e), 0);
        assert_int_equal(pki_crl_finish(crl, &der, &e), 0);
        pki_crl_free(crl);
        return der;
}

static X509_CRL *load(const char *name, struct buf content)
{
        struct err e = ERR_INIT;
        X509_CRL *crl;

        if (pki_crl_load(fixture_file(name, content.data, content.len, 0644),
                &crl, &e) != 0)
                fail_msg("%s", e.text);
        return crl;
}

/* OpenSSL's, with one extension of the list and one of its entry; NULL:
 * none. */
static X509_CRL *openssl_crl(const char *name, const char *value,
    const char *entry_name, const char *entry_value)
{
        X509_CRL *crl = X509_CRL_new();
        X509_REVOKED *r = X509_REVOKED_new();
        ASN1_INTEGER *serial = ASN1_INTEGER_new();
        ASN1_TIME *at = ASN1_TIME_set(NULL, TEST_NOW);
        X509_EXTENSION *ext;

        ASN1_INTEGER_set(serial, 0x4242);
        X509_REVOKED_set_serialNumber(r, serial);
        X509_REVOKED_set_revocationDate(r, at);
        X509_CRL_set_version(crl, X509_CRL_VERSION_2);
        X509_CRL_set_issuer_name(crl, X509_get_subject_name(fixture.ca));
        X509_CRL_set1_lastUpdate(crl, at);
        if (name != NULL) {
                ext = X509V3_EXT_conf(NULL, NULL, name, value);
                assert_non_null(ext);
                X509_CRL_add_ext(crl, ext, -1);
                X509_EXTENSION_free(ext);
        }
        if (entry_name != NULL) {
                ext = X509V3_EXT_conf(NULL, NULL, entry_name, entry_value);
                assert_non_null(ext);
                X509_REVOKED_add_ext(r, ext, -1);
                X509_EXTENSION_free(ext);
        }
        X509_CRL_add0_revoked(crl, r);
        assert_true(X509_CRL_sign(crl, fixture.ca_key, EVP_sha256()) > 0);
        ASN1_INTEGER_free(serial);
        ASN1_TIME_free(at);
        return crl;
}

/* ---- tests -------------------------------------------------------------- */

struct seen {
        size_t len, stop_at;
        char text[4][200];
};

static int note(void *arg, const struct pki_crl_entry *entry, struct err *e)
{
        struct seen *s = arg;
        char serial[PKI_SERIAL_TEXT_MAX], at[TIME_TEXT_MAX];

        (void)e;
        snprintf(s->text[s->len++], 200, "%s %s %d %lld",
            pki_serial_text(entry->serial, serial),
            format_time(entry->revocation_time, at), entry->reason,
            (long long)entry->invalidity_at);
        return s->len == s->stop_at ? 5 : 0;
}

static void entries_come_in_order_with_all_they_say(void **state)
{
        static const uint8_t negative[] = {0x80}, large[] = {0x00, 0xff};
        const struct pki_crl_entry list[] = {
            {{large, 2}, TEST_NOW, -1, 0},
            {{negative, 1}, TEST_NOW - 1, 6, 0},
            {{(const uint8_t *)"a", 1}, utc_seconds(2051, 1, 1, 0, 0, 0), 10,
                TEST_NOW - 60},
        };
        struct pki_crl_spec s = spec();
        struct buf der = our_crl(&s, list, 3), pem = {0};
        int is_pem;

        (void)state;
        assert_int_equal(pki_crl_pem(buf_span(&der), &pem, NULL), 0);
        for (is_pem = 0; is_pem < 2; is_pem++) {
                X509_CRL *crl = load("crl", is_pem ? pem : der);
                struct seen seen = {0};

                assert_int_equal(pki_crl_each(crl, note, &seen, NULL), 0);
                assert_int_equal(seen.len, 3);
                assert_string_equal(
                    seen.text[0], "ff 2026-11-21T10:00:00Z -1 0");
                assert_string_equal(
                    seen.text[1], "-80 2026-11-21T09:59:59Z 6 0");
                assert_string_equal(
                    seen.text[2], "61 2051-01-01T00:00:00Z 10 1795255140");
                X509_CRL_free(crl);
        }
        buf_release(&der);
        buf_release(&pem);
}

static void a_row_can_end_the_list(void **state)
{
        const struct pki_crl_entry list[] = {
            {{(const uint8_t *)"a", 1}, TEST_NOW, 1, 0},
            {{(const uint8_t *)"b", 1}, TEST_NOW, 1, 0},
            {{(const uint8_t *)"c", 1}, TEST_NOW, 1, 0},
        };
        struct pki_crl_spec s = spec();
        struct buf der = our_crl(&s, list, 3);
        struct seen seen = {.stop_at = 2};
        X509_CRL *crl = load("crl", der);

        (void)state;
        assert_int_equal(pki_crl_each(crl, note, &seen, NULL), 5);
        assert_int_equal(seen.len, 2);
        X509_CRL_free(crl);
        buf_release(&der);
}

static void info_tells_times_number_and_kind(void **state)
{
        struct pki_crl_spec s = spec();
        struct pki_crl_info info;
        struct buf der;
        X509_CRL *crl;

        (void)state;
        s.base_number = 3;
        der = our_crl(&s, NULL, 0);
        crl = load("delta", der);
        assert_int_equal(pki_crl_info(crl, &info, NULL), 0);
        assert_int_equal(info.this_update, TEST_NOW);
        assert_int_equal(info.next_update, TEST_NOW + 86400);
        assert_int_equal(info.number, 7);
        assert_true(info.delta);
        X509_CRL_free(crl);
        buf_release(&der);
        crl = openssl_crl(NULL, NULL, NULL, NULL);
        assert_int_equal(pki_crl_info(crl, &info, NULL), 0);
        assert_int_equal(info.next_update, 0);
        assert_int_equal(info.number, 0);
        assert_false(info.delta);
        X509_CRL_free(crl);
        crl =
            openssl_crl("2.5.29.20", "DER:02090100000000000000ff", NULL, NULL);
        assert_int_equal(pki_crl_info(crl, &info, NULL), 0);
        assert_true(info.number == UINT64_MAX);
        assert_int_equal(ERR_peek_error(), 0);
        X509_CRL_free(crl);
}

static void a_number_that_is_none_is_refused(void **state)
{
        static const char *const values[] = {"DER:0201ff", "DER:0500"};
        struct pki_crl_info info;
        struct err e = ERR_INIT;
        size_t i;

        (void)state;
        for (i = 0; i < 2; i++) {
                X509_CRL *crl = openssl_crl("2.5.29.20", values[i], NULL, NULL);

                assert_int_equal(pki_crl_info(crl, &info, &e), -1);
                assert_int_equal(e.code, ERR_DATA);
                assert_non_null(strstr(e.text, "5.2.3"));
                assert_int_equal(ERR_peek_error(), 0);
                X509_CRL_free(crl);
        }
}

static void only_the_issuer_s_own_is_taken(void **state)
{
        X509_CRL *crl = openssl_crl(NULL, NULL, NULL, NULL);
        struct pki_cert_spec other = fixture_spec(PKI_INTERMEDIATE);
        X509 *namesake, *leaf;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(pki_crl_check(crl, fixture.ca, "f", &e), 0);
        assert_int_equal(pki_crl_check(crl, fixture.root, "f", &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_non_null(strstr(e.text, "another issuer"));
        other.common_name = "Issuing CA";
        namesake = fixture_make(&other);
        assert_int_equal(pki_crl_check(crl, namesake, "f", &e), -1);
        assert_non_null(strstr(e.text, "signature"));
        other.profile = PKI_SERVER;
        other.subject_key = fixture.ca_key;
        leaf = fixture_make(&other);
        assert_int_equal(pki_crl_check(crl, leaf, "f", &e), -1);
        assert_non_null(strstr(e.text, "cRLSign"));
        assert_int_equal(ERR_peek_error(), 0);
        X509_CRL_free(crl);
        X509_free(namesake);
        X509_free(leaf);
}

/* pki_crl_each refuses it with that word. */
static void assert_refused(X509_CRL *crl, const char *word)
{
        struct seen seen = {0};
        struct err e = ERR_INIT;

        assert_int_equal(pki_crl_each(crl, note, &seen, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        if (strstr(e.text, word) == NULL)
                fail_msg("%s", e.text);
        assert_int_equal(seen.len, 0);
        assert_int_equal(ERR_peek_error(), 0);
        X509_CRL_free(crl);
}

static void lists_of_another_meaning_are_refused(void **state)
{
        (void)state;
        /* issuingDistributionPoint with indirectCRL */
        assert_refused(
            openssl_crl("2.5.29.28", "critical,DER:30038401ff", NULL, NULL),
            "indirect");
        assert_refused(openssl_crl("1.2.3.4", "critical,DER:0500", NULL, NULL),
            "critical");
        /* certificateIssuer */
        assert_refused(
            openssl_crl(NULL, NULL, "2.5.29.29", "critical,DER:3003820141"),
            "entry 1");
        assert_refused(
            openssl_crl(NULL, NULL, "2.5.29.21", "DER:0a0107"), "reasonCode");
        assert_refused(
            openssl_crl(NULL, NULL, "2.5.29.21", "DER:0a01ff"), "reasonCode");
        assert_refused(
            openssl_crl(NULL, NULL, "2.5.29.21", "DER:0a020100"), "reasonCode");
        assert_refused(
            openssl_crl(NULL, NULL, "2.5.29.21", "DER:0500"), "reasonCode");
        assert_refused(
            openssl_crl(NULL, NULL, "2.5.29.24", "DER:0500"), "invalidityDate");
}

/* An issuingDistributionPoint that nobody can read, and a second one. */
static void a_list_of_unknown_scope_is_refused(void **state)
{
        X509_CRL *crl =
            openssl_crl("2.5.29.28", "critical,DER:3000", NULL, NULL);
        X509_EXTENSION *again =
            X509V3_EXT_conf(NULL, NULL, "2.5.29.28", "critical,DER:30038401ff");

        (void)state;
        assert_refused(
            openssl_crl("2.5.29.28", "critical,DER:0500", NULL, NULL),
            "issuingDistributionPoint");
        assert_int_equal(X509_CRL_add_ext(crl, again, -1), 1);
        assert_refused(crl, "issuingDistributionPoint");
        X509_EXTENSION_free(again);
}

static void a_serial_that_nobody_can_keep_is_refused(void **state)
{
        uint8_t octets[PKI_SERIAL_MAX + 1];
        X509_CRL *crl = openssl_crl(NULL, NULL, NULL, NULL);
        ASN1_INTEGER *serial = ASN1_INTEGER_new();
        struct seen seen = {0};

        (void)state;
        memset(octets, 'A', sizeof(octets));
        assert_int_equal(ASN1_STRING_set(serial, octets, PKI_SERIAL_MAX), 1);
        X509_REVOKED_set_serialNumber(
            sk_X509_REVOKED_value(X509_CRL_get_REVOKED(crl), 0), serial);
        assert_int_equal(pki_crl_each(crl, note, &seen, NULL), 0);
        assert_int_equal(seen.len, 1);
        assert_int_equal(strlen(seen.text[0]),
            2 * PKI_SERIAL_MAX + strlen(" 2026-11-21T10:00:00Z -1 0"));
        assert_int_equal(ASN1_STRING_set(serial, octets, sizeof(octets)), 1);
        X509_REVOKED_set_serialNumber(
            sk_X509_REVOKED_value(X509_CRL_get_REVOKED(crl), 0), serial);
        assert_refused(crl, "entry 1: its serial number is longer");
        ASN1_INTEGER_free(serial);
}

static void what_is_no_crl_is_refused(void **state)
{
        struct pki_crl_spec s = spec();
        struct buf der = our_crl(&s, NULL, 0);
        struct err e = ERR_INIT;
        X509_CRL *crl;

        (void)state;
        buf_append(&der, "x", 1);
        assert_int_equal(
            pki_crl_load(
                fixture_file("more", der.data, der.len, 0644), &crl, &e),
            -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_int_equal(
            pki_crl_load(
                fixture_file("cut", der.data, der.len - 2, 0644), &crl, &e),
            -1);
        assert_int_equal(
            pki_crl_load(fixture_file("empty", "", 0, 0644), &crl, &e), -1);
        assert_non_null(strstr(e.text, "empty"));
        assert_int_equal(pki_crl_load("/nonexistent", &crl, &e), -1);
        assert_int_equal(e.code, ERR_NOTFOUND);
        assert_int_equal(ERR_peek_error(), 0);
        buf_release(&der);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(entries_come_in_order_with_all_they_say),
            cmocka_unit_test(a_row_can_end_the_list),
            cmocka_unit_test(info_tells_times_number_and_kind),
            cmocka_unit_test(a_number_that_is_none_is_refused),
            cmocka_unit_test(only_the_issuer_s_own_is_taken),
            cmocka_unit_test(lists_of_another_meaning_are_refused),
            cmocka_unit_test(a_list_of_unknown_scope_is_refused),
            cmocka_unit_test(a_serial_that_nobody_can_keep_is_refused),
            cmocka_unit_test(what_is_no_crl_is_refused),
        };

        return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
