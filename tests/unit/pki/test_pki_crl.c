#include "pki_fixture.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <string.h>

static const struct pki_crl_spec *spec(void)
{
        static struct pki_crl_spec s;

        s = (struct pki_crl_spec){
            fixture.ca, fixture.ca_key, TEST_NOW, TEST_NOW + 86400, 7, 0, NULL};
        return &s;
}

static X509_CRL *finish(struct pki_crl *crl)
{
        struct buf der = {0}, pem = {0};
        X509_CRL *read;
        BIO *bio;

        assert_int_equal(pki_crl_finish(crl, &der, NULL), 0);
        assert_int_equal(pki_crl_pem(buf_span(&der), &pem, NULL), 0);
        bio = BIO_new_mem_buf(pem.data, (int)pem.len);
        read = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
        assert_non_null(read);
        BIO_free(bio);
        buf_release(&der);
        buf_release(&pem);
        pki_crl_free(crl);
        return read;
}

static X509_CRL *crl_of(const struct pki_crl_entry *entries, size_t len)
{
        struct pki_crl *crl;
        size_t i;

        assert_int_equal(pki_crl_new(spec(), &crl, NULL), 0);
        for (i = 0; i < len; i++)
                assert_int_equal(pki_crl_add(crl, &entries[i], NULL), 0);
        return finish(crl);
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
        static const int reasons[] = {-1, 0, 1, 2, 3, 4, 5, 6, 8, 9, 10};
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

static void entries_are_sorted_and_keep_their_dates(void **state)
{
        struct pki_crl_entry entries[3] = {
            entry("zz", 1), entry("a", 1), entry("m", 1)};
        struct tm tm;
        STACK_OF(X509_REVOKED) *list;
        ASN1_GENERALIZEDTIME *at;
        X509_REVOKED *r;
        X509_CRL *crl;

        (void)state;
        entries[1].invalidity_at = TEST_NOW - 3600;
        crl = crl_of(entries, 3);
        list = X509_CRL_get_REVOKED(crl);
        r = sk_X509_REVOKED_value(list, 0);
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
        r = sk_X509_REVOKED_value(list, 1);
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

static void impossible_times_and_serials_are_refused(void **state)
{
        struct pki_crl_spec s = *spec();
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
        bad = entry("a", 1);
        bad.revocation_time = INT64_MIN;
        assert_int_equal(pki_crl_add(crl, &bad, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        assert_int_equal(ERR_peek_error(), 0);
        pki_crl_free(crl);
}

static void each_kind_of_key_can_sign_a_crl(void **state)
{
        static const enum pki_algorithm algorithms[] = {
            PKI_P384, PKI_RSA2048, PKI_ED25519};
        size_t i;

        (void)state;
        for (i = 0; i < 3; i++) {
                struct pki_crl_spec s = *spec();
                struct pki_crl *crl;
                X509_CRL *read;
                EVP_PKEY *key;

                assert_int_equal(pki_key_new(algorithms[i], &key, NULL), 0);
                s.issuer_key = key;
                assert_int_equal(pki_crl_new(&s, &crl, NULL), 0);
                read = finish(crl);
                assert_int_equal(X509_CRL_verify(read, key), 1);
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
            cmocka_unit_test(entries_are_sorted_and_keep_their_dates),
            cmocka_unit_test(an_entry_from_1970_is_possible),
            cmocka_unit_test(impossible_times_and_serials_are_refused),
            cmocka_unit_test(each_kind_of_key_can_sign_a_crl),
        };

        return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
