/* The CRL writer, as OpenSSL's own reader sees what it wrote. */
#include "pki_fixture.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <string.h>

#include "base/parse.h"

static const struct pki_crl_spec *spec(void)
{
        static struct pki_crl_spec s;

        s = (struct pki_crl_spec){
            fixture.ca, fixture.ca_key, TEST_NOW, TEST_NOW + 86400, 7, 0, NULL};
        return &s;
}

/* OpenSSL takes all of the PEM, and would write the same. */
static X509_CRL *finish(struct pki_crl *crl)
{
        struct buf der = {0}, pem = {0};
        unsigned char *again = NULL;
        struct err e = ERR_INIT;
        X509_CRL *read;
        BIO *bio;
        int len;

        if (pki_crl_finish(crl, &der, &e) != 0)
                fail_msg("%s", e.text);
        assert_int_equal(pki_crl_pem(buf_span(&der), &pem, NULL), 0);
        bio = BIO_new_mem_buf(pem.data, (int)pem.len);
        read = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
        assert_non_null(read);
        assert_int_equal(BIO_pending(bio), 0);
        i2d_re_X509_CRL_tbs(read, &again); /* forgets the bytes it read */
        OPENSSL_free(again);
        again = NULL;
        len = i2d_X509_CRL(read, &again);
        assert_int_equal(len, der.len);
        assert_memory_equal(again, der.data, der.len);
        OPENSSL_free(again);
        BIO_free(bio);
        buf_release(&der);
        buf_release(&pem);
        pki_crl_free(crl);
        return read;
}

static X509_CRL *crl_with(const struct pki_crl_spec *s,
    const struct pki_crl_entry *entries, size_t len)
{
        struct err e = ERR_INIT;
        struct pki_crl *crl;
        size_t i;

        if (pki_crl_new(s, &crl, &e) != 0)
                fail_msg("%s", e.text);
        for (i = 0; i < len; i++)
                if (pki_crl_add(crl, &entries[i], &e) != 0)
                        fail_msg("%s", e.text);
        return finish(crl);
}

static X509_CRL *crl_of(const struct pki_crl_entry *entries, size_t len)
{
        return crl_with(spec(), entries, len);
}

/* extnValue in hex and whether it is critical. */
static void assert_extension(
    const X509_CRL *crl, int nid, const char *hex, bool critical)
{
        int at = X509_CRL_get_ext_by_NID(crl, nid, -1);
        X509_EXTENSION *ext = X509_CRL_get_ext(crl, at);
        const ASN1_OCTET_STRING *value;
        struct span octets;
        char text[512];

        assert_non_null(ext);
        value = X509_EXTENSION_get_data(ext);
        octets = (struct span){
            ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)};
        assert_string_equal(hex_encode(octets, text, sizeof(text)), hex);
        assert_int_equal(X509_EXTENSION_get_critical(ext), critical);
}

static struct pki_crl_entry entry(const char *octets, int reason)
{
        return (struct pki_crl_entry){
            .serial = {(const uint8_t *)octets, strlen(octets)},
            .revocation_time = TEST_NOW - 60,
            .reason = reason};
}

static void a_crl_is_version_2_signed_numbered_and_names_its_key(void **state)
{
        X509_CRL *crl = crl_of(NULL, 0);
        AUTHORITY_KEYID *akid;
        ASN1_INTEGER *number;
        int critical;

        (void)state;
        assert_int_equal(X509_CRL_get_version(crl), 1);
        assert_int_equal(X509_CRL_verify(crl, fixture.ca_key), 1);
        assert_int_equal(X509_NAME_cmp(X509_CRL_get_issuer(crl),
                             X509_get_subject_name(fixture.ca)),
            0);
        number = X509_CRL_get_ext_d2i(crl, NID_crl_number, &critical, NULL);
        assert_int_equal(ASN1_INTEGER_get(number), 7);
        assert_int_equal(critical, 0);
        akid = X509_CRL_get_ext_d2i(
            crl, NID_authority_key_identifier, &critical, NULL);
        assert_int_equal(critical, 0);
        assert_int_equal(ASN1_OCTET_STRING_cmp(
                             akid->keyid, X509_get0_subject_key_id(fixture.ca)),
            0);
        AUTHORITY_KEYID_free(akid);
        ASN1_INTEGER_free(number);
        X509_CRL_free(crl);
}

static void without_entries_the_list_is_left_out(void **state)
{
        X509_CRL *crl = crl_of(NULL, 0);

        (void)state;
        assert_null(X509_CRL_get_REVOKED(crl));
        X509_CRL_free(crl);
}

/* CRLReason of an entry, -1 if absent; it must not be critical. */
static int reason_of(X509_REVOKED *r)
{
        int critical = -1, reason = -1;
        ASN1_ENUMERATED *code =
            X509_REVOKED_get_ext_d2i(r, NID_crl_reason, &critical, NULL);

        if (code != NULL) {
                reason = (int)ASN1_ENUMERATED_get(code);
                assert_int_equal(critical, 0);
        }
        ASN1_ENUMERATED_free(code);
        return reason;
}

static void each_reason_stands_there_but_unspecified(void **state)
{
        static const int reasons[] = {-1, 0, 1, 2, 3, 4, 5, 6, 9, 10};
        enum { COUNT = sizeof(reasons) / sizeof(reasons[0]) };
        struct pki_crl_entry entries[COUNT];
        char serials[COUNT][2];
        STACK_OF(X509_REVOKED) *list;
        X509_CRL *crl;
        int i;

        (void)state;
        for (i = 0; i < COUNT; i++) {
                snprintf(serials[i], sizeof(serials[i]), "%c", 'a' + i);
                entries[i] = entry(serials[i], reasons[i]);
        }
        crl = crl_of(entries, COUNT);
        list = X509_CRL_get_REVOKED(crl);
        assert_int_equal(sk_X509_REVOKED_num(list), COUNT);
        for (i = 0; i < COUNT; i++)
                assert_int_equal(reason_of(sk_X509_REVOKED_value(list, i)),
                    reasons[i] <= 0 ? -1 : reasons[i]);
        X509_CRL_free(crl);
}

static void entries_keep_their_order_and_their_dates(void **state)
{
        struct pki_crl_entry entries[3] = {
            entry("zz", 1), entry("a", 0), entry("m", 1)};
        struct tm tm;
        STACK_OF(X509_REVOKED) *list;
        ASN1_GENERALIZEDTIME *at;
        X509_REVOKED *r;
        X509_CRL *crl;

        (void)state;
        entries[1].invalidity_at = TEST_NOW - 3600;
        crl = crl_of(entries, 3);
        list = X509_CRL_get_REVOKED(crl);
        r = sk_X509_REVOKED_value(list, 1);
        assert_int_equal(
            ASN1_INTEGER_get(X509_REVOKED_get0_serialNumber(r)), 'a');
        assert_int_equal(
            ASN1_TIME_to_tm(X509_REVOKED_get0_revocationDate(r), &tm), 1);
        assert_int_equal(tm.tm_hour * 100 + tm.tm_min, 959);
        at = X509_REVOKED_get_ext_d2i(r, NID_invalidity_date, NULL, NULL);
        assert_int_equal(at->type, V_ASN1_GENERALIZEDTIME);
        assert_string_equal(
            (const char *)ASN1_STRING_get0_data(at), "20261121090000Z");
        ASN1_GENERALIZEDTIME_free(at);
        r = sk_X509_REVOKED_value(list, 2);
        assert_int_equal(
            ASN1_INTEGER_get(X509_REVOKED_get0_serialNumber(r)), 'm');
        assert_int_equal(
            X509_REVOKED_get_ext_by_NID(r, NID_invalidity_date, -1), -1);
        X509_CRL_free(crl);
}

static void an_entry_from_1970_is_possible(void **state)
{
        struct pki_crl_entry e = entry("a", 6);
        struct tm tm;
        X509_REVOKED *r;
        X509_CRL *crl;

        (void)state;
        e.revocation_time = 0;
        crl = crl_of(&e, 1);
        r = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(crl), 0);
        assert_int_equal(
            ASN1_TIME_to_tm(X509_REVOKED_get0_revocationDate(r), &tm), 1);
        assert_int_equal(tm.tm_year, 70);
        X509_CRL_free(crl);
}

/* RFC 5280 sections 5.1.2.4 to 5.1.2.6. */
static void times_are_utctime_through_2049_and_generalized_from_2050(
    void **state)
{
        int64_t last = utc_seconds(2049, 12, 31, 23, 59, 59);
        struct pki_crl_entry entries[2] = {entry("a", 0), entry("b", 0)};
        struct pki_crl_spec s = *spec();
        const ASN1_TIME *at;
        X509_CRL *crl;
        int i;

        (void)state;
        s.this_update = entries[0].revocation_time = last;
        s.next_update = entries[1].revocation_time = last + 1;
        crl = crl_with(&s, entries, 2);
        assert_string_equal(
            (const char *)ASN1_STRING_get0_data(X509_CRL_get0_lastUpdate(crl)),
            "491231235959Z");
        assert_string_equal(
            (const char *)ASN1_STRING_get0_data(X509_CRL_get0_nextUpdate(crl)),
            "20500101000000Z");
        for (i = 0; i < 2; i++) {
                at = X509_REVOKED_get0_revocationDate(
                    sk_X509_REVOKED_value(X509_CRL_get_REVOKED(crl), i));
                assert_int_equal(ASN1_STRING_type(at),
                    i == 0 ? V_ASN1_UTCTIME : V_ASN1_GENERALIZEDTIME);
        }
        X509_CRL_free(crl);
}

static void a_delta_names_its_base_and_may_remove(void **state)
{
        struct pki_crl_entry removed = entry("a", 8);
        struct pki_crl_spec s = *spec();
        struct err e = ERR_INIT;
        struct pki_crl *crl;
        X509_CRL *read;

        (void)state;
        s.base_number = 5;
        read = crl_with(&s, &removed, 1);
        assert_extension(read, NID_delta_crl, "020105", true);
        assert_extension(read, NID_crl_number, "020107", false);
        assert_int_equal(
            reason_of(sk_X509_REVOKED_value(X509_CRL_get_REVOKED(read), 0)), 8);
        X509_CRL_free(read);
        s.base_number = s.number;
        assert_int_equal(pki_crl_new(&s, &crl, &e), -1);
        assert_int_equal(pki_crl_new(spec(), &crl, &e), 0);
        assert_int_equal(pki_crl_add(crl, &removed, &e), -1);
        assert_non_null(strstr(e.text, "5.3.1"));
        removed.reason = 7;
        assert_int_equal(pki_crl_add(crl, &removed, &e), -1);
        removed.reason = 11;
        assert_int_equal(pki_crl_add(crl, &removed, &e), -1);
        pki_crl_free(crl);
}

static void the_distribution_point_is_the_url_as_given(void **state)
{
        struct pki_crl_spec s = *spec();
        struct err e = ERR_INIT;
        struct pki_crl *crl;
        X509_CRL *read;

        (void)state;
        s.idp_url = "http://h/crl/Ca.crl";
        read = crl_with(&s, NULL, 0);
        /* SEQUENCE { [0] { [0] { [6] URI } } } */
        assert_extension(read, NID_issuing_distribution_point,
            "3019"
            "a017"
            "a015"
            "8613687474703a2f2f682f63726c2f43612e63726c",
            true);
        X509_CRL_free(read);
        s.idp_url = "no url";
        assert_int_equal(pki_crl_new(&s, &crl, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
}

static void the_number_may_be_the_largest(void **state)
{
        struct pki_crl_spec s = *spec();
        X509_CRL *crl;

        (void)state;
        s.number = UINT64_MAX;
        crl = crl_with(&s, NULL, 0);
        assert_extension(crl, NID_crl_number, "020900ffffffffffffffff", false);
        X509_CRL_free(crl);
}

static void the_issuer_is_the_subject_byte_for_byte(void **state)
{
        /* CN as BMPString, which we would never write. */
        static const uint8_t odd[] = {0x30, 0x0f, 0x31, 0x0d, 0x30, 0x0b, 0x06,
            0x03, 0x55, 0x04, 0x03, 0x1e, 0x04, 0x00, 'C', 0x00, 'A'};
        const unsigned char *p = odd;
        X509_NAME *name = d2i_X509_NAME(NULL, &p, sizeof(odd));
        X509 *ca = X509_dup(fixture.ca);
        struct pki_crl_spec s = *spec();
        const unsigned char *der;
        X509_CRL *crl;
        size_t len;

        (void)state;
        assert_int_equal(X509_set_subject_name(ca, name), 1);
        s.issuer = ca;
        crl = crl_with(&s, NULL, 0);
        assert_int_equal(
            X509_NAME_get0_der(X509_CRL_get_issuer(crl), &der, &len), 1);
        assert_int_equal(len, sizeof(odd));
        assert_memory_equal(der, odd, len);
        X509_CRL_free(crl);
        X509_free(ca);
        X509_NAME_free(name);
}

/* RFC 5280 section 5.2.1; not every CA makes its identifier as we do. */
static void the_key_identifier_is_what_the_issuer_says(void **state)
{
        X509 *ca = X509_dup(fixture.ca);
        X509_EXTENSION *own = X509V3_EXT_conf(
            NULL, NULL, "subjectKeyIdentifier", "DER:0403010203");
        struct pki_crl_spec s = *spec();
        X509_CRL *crl;

        (void)state;
        X509_EXTENSION_free(X509_delete_ext(
            ca, X509_get_ext_by_NID(ca, NID_subject_key_identifier, -1)));
        assert_int_equal(X509_add_ext(ca, own, -1), 1);
        s.issuer = ca;
        crl = crl_with(&s, NULL, 0);
        assert_extension(
            crl, NID_authority_key_identifier, "30058003010203", false);
        X509_CRL_free(crl);
        X509_EXTENSION_free(own);
        X509_free(ca);
}

static void long_lists_get_long_lengths(void **state)
{
        enum { COUNT = 3000 };
        static uint8_t serials[COUNT][PKI_SERIAL_MAX];
        static struct pki_crl_entry entries[COUNT];
        X509_CRL *crl;
        int i;

        (void)state;
        for (i = 0; i < COUNT; i++) {
                memset(serials[i], 0x41 + i % 0x30, sizeof(serials[i]));
                entries[i] = (struct pki_crl_entry){
                    .serial = {serials[i], (size_t)i % PKI_SERIAL_MAX + 1},
                    .revocation_time = TEST_NOW,
                    .reason = i % 7,
                    .invalidity_at = i % 2 == 0 ? 0 : -62135596800 + i,
                };
        }
        for (i = 0; i < COUNT; i += 1 + i / 2) { /* each length of lengths */
                crl = crl_of(entries, (size_t)i);
                assert_int_equal(X509_CRL_verify(crl, fixture.ca_key), 1);
                assert_true(i == 0 || sk_X509_REVOKED_num(
                                          X509_CRL_get_REVOKED(crl)) == i);
                X509_CRL_free(crl);
        }
}

static void impossible_times_and_serials_are_refused(void **state)
{
        struct pki_crl_spec s = *spec();
        static const uint8_t longest[PKI_SERIAL_MAX + 1] = {1};
        struct pki_crl_entry bad = entry("", 1);
        struct err e = ERR_INIT;
        struct pki_crl *crl;

        (void)state;
        s.next_update = s.this_update;
        assert_int_equal(pki_crl_new(&s, &crl, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        s.next_update = INT64_MAX;
        assert_int_equal(pki_crl_new(&s, &crl, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        assert_int_equal(pki_crl_new(spec(), &crl, &e), 0);
        assert_int_equal(pki_crl_add(crl, &bad, &e), -1);
        bad = entry("\xff\xff", 1); /* one octet would do */
        assert_int_equal(pki_crl_add(crl, &bad, &e), -1);
        bad.serial = (struct span){longest, sizeof(longest)};
        assert_int_equal(pki_crl_add(crl, &bad, &e), -1);
        bad = entry("a", 1);
        bad.invalidity_at = INT64_MAX;
        assert_int_equal(pki_crl_add(crl, &bad, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        bad.invalidity_at = 0;
        bad.revocation_time = INT64_MIN;
        assert_int_equal(pki_crl_add(crl, &bad, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        assert_int_equal(ERR_peek_error(), 0);
        pki_crl_free(crl);
}

/* AlgorithmIdentifier: NULL parameters for RSA (RFC 4055 section 5), none for
 * ECDSA (RFC 5758 section 3.2) and Ed25519 (RFC 8410 section 3). */
static void each_algorithm_signs_and_says_so(void **state)
{
        static const struct {
                enum pki_algorithm key;
                const char *identifier;
        } all[] = {
            {PKI_P256, "300a06082a8648ce3d040302"},
            {PKI_P384, "300a06082a8648ce3d040303"},
            {PKI_RSA2048, "300d06092a864886f70d01010b0500"},
            {PKI_ED25519, "300506032b6570"},
        };
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
                struct pki_crl_entry one = entry("a", 1);
                struct pki_crl_spec s = *spec();
                unsigned char *der = NULL;
                const X509_ALGOR *outer;
                char text[64];
                X509_CRL *read;
                EVP_PKEY *key;
                int len;

                assert_int_equal(pki_key_new(all[i].key, &key, NULL), 0);
                s.issuer_key = key;
                read = crl_with(&s, &one, 1);
                assert_int_equal(X509_CRL_verify(read, key), 1);
                X509_CRL_get0_signature(read, NULL, &outer);
                len = i2d_X509_ALGOR(outer, &der);
                assert_string_equal(hex_encode((struct span){der, (size_t)len},
                                        text, sizeof(text)),
                    all[i].identifier);
                OPENSSL_free(der);
                X509_CRL_free(read);
                EVP_PKEY_free(key);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(
                a_crl_is_version_2_signed_numbered_and_names_its_key),
            cmocka_unit_test(without_entries_the_list_is_left_out),
            cmocka_unit_test(each_reason_stands_there_but_unspecified),
            cmocka_unit_test(entries_keep_their_order_and_their_dates),
            cmocka_unit_test(an_entry_from_1970_is_possible),
            cmocka_unit_test(impossible_times_and_serials_are_refused),
            cmocka_unit_test(
                times_are_utctime_through_2049_and_generalized_from_2050),
            cmocka_unit_test(a_delta_names_its_base_and_may_remove),
            cmocka_unit_test(the_distribution_point_is_the_url_as_given),
            cmocka_unit_test(the_number_may_be_the_largest),
            cmocka_unit_test(the_issuer_is_the_subject_byte_for_byte),
            cmocka_unit_test(the_key_identifier_is_what_the_issuer_says),
            cmocka_unit_test(long_lists_get_long_lengths),
            cmocka_unit_test(each_algorithm_signs_and_says_so),
        };

        return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
