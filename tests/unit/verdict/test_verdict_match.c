/* The record that speaks of the certificate, and no other. */
#include "verdict_fixture.h"

#include <openssl/objects.h>

static struct recipe good(void)
{
        return recipe_good(&cast.leaf, &cast.ca, &cast.delegate);
}

static void test_sha256_record_is_found_like_a_sha1_one(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records[0].hash = NID_sha256;
        assert_outcome(judge(&r), OCSP_V_GOOD);
}

static void test_a_hash_that_nobody_asks_with_matches_nothing(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records[0].hash = NID_sha384;
        assert_untrusted(judge(&r), "certid");
}

/* curl's CVE-2020-8286. */
static void test_an_answer_for_another_certificate_is_refused(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records[0].leaf = cast.neighbor.cert;
        assert_untrusted(judge(&r), "certid");
        assert_false(judge(&r)->has_single);
}

static void test_the_same_serial_of_another_issuer_is_refused(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records[0].issuer = cast.root.cert;
        assert_untrusted(judge(&r), "certid");
}

static void test_each_issuer_hash_must_match(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records[0].bad_name = true;
        assert_untrusted(judge(&r), "certid");
        assert_non_null(strstr(judge(&r)->why, "issuerNameHash"));
        r.records[0].bad_name = false;
        r.records[0].bad_key = true;
        assert_untrusted(judge(&r), "certid");
        assert_non_null(strstr(judge(&r)->why, "issuerKeyHash"));
}

/* GnuTLS's CVE-2026-3832: the first record is not the one. */
static void test_all_records_are_searched_in_any_order(void **state)
{
        struct recipe r = good();
        struct record revoked = r.records[0];
        struct record other = r.records[0];

        (void)state;
        revoked.status = 1;
        other.leaf = cast.neighbor.cert;
        r.records_len = 2;
        r.records[0] = other;
        r.records[1] = revoked;
        assert_outcome(judge(&r), OCSP_V_REVOKED);
        r.records[0] = revoked;
        r.records[1] = other;
        assert_outcome(judge(&r), OCSP_V_REVOKED);
}

static void test_of_two_records_for_one_certificate_revoked_wins(void **state)
{
        struct recipe r = good();
        int order;

        (void)state;
        r.records_len = 2;
        for (order = 0; order < 2; order++) {
                r.records[1] = r.records[0];
                r.records[order].status = 1;
                r.records[1 - order].status = 0;
                assert_outcome(judge(&r), OCSP_V_REVOKED);
                r.records[order].status = 2;
                assert_outcome(judge(&r), OCSP_V_UNKNOWN);
        }
}

static void test_records_with_both_hashes_are_one_answer(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records_len = 2;
        r.records[1] = r.records[0];
        r.records[1].hash = NID_sha256;
        assert_outcome(judge(&r), OCSP_V_GOOD);
        r.records[1].status = 1;
        assert_outcome(judge(&r), OCSP_V_REVOKED);
}

static void test_a_newer_good_record_outlives_an_expired_one(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records_len = 2;
        r.records[1] = r.records[0];
        r.records[0].this_update = stamp(NOW - 3 * DAY);
        r.records[0].next_update = stamp(NOW - 2 * DAY);
        assert_outcome(judge(&r), OCSP_V_GOOD);
}

static void test_an_expired_revoked_record_beside_a_good_one_is_refused(
    void **state)
{
        struct recipe r = good();

        (void)state;
        r.records_len = 2;
        r.records[1] = r.records[0];
        r.records[1].status = 1;
        r.records[1].this_update = stamp(NOW - 3 * DAY);
        r.records[1].next_update = stamp(NOW - 2 * DAY);
        assert_untrusted(judge(&r), "next-update");
}

static void test_an_answer_without_records_is_refused(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records_len = 0;
        assert_int_equal(judge(&r)->outcome, OCSP_V_UNTRUSTED);
}

/* OpenSSL can read no record then, if one has a UTCTime. */
static void test_a_loose_time_of_a_neighbor_is_refused(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records[1] = r.records[0];
        r.records[1].leaf = cast.neighbor.cert;
        r.records_len = 2;
        assert_outcome(judge(&r), OCSP_V_GOOD);
        r.records[1].next_update = "202601191200Z";
        assert_untrusted(judge(&r), "certid");
        assert_true(judge(&r)->has_single);
        r.records[1] = r.records[0];
        r.records[1].status = 1;
        r.records[1].leaf = cast.neighbor.cert;
        r.records[1].revoked_at = "20260115100000.5Z";
        assert_untrusted(judge(&r), "certid");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_sha256_record_is_found_like_a_sha1_one),
            cmocka_unit_test(test_a_hash_that_nobody_asks_with_matches_nothing),
            cmocka_unit_test(test_an_answer_for_another_certificate_is_refused),
            cmocka_unit_test(test_the_same_serial_of_another_issuer_is_refused),
            cmocka_unit_test(test_each_issuer_hash_must_match),
            cmocka_unit_test(test_all_records_are_searched_in_any_order),
            cmocka_unit_test(
                test_of_two_records_for_one_certificate_revoked_wins),
            cmocka_unit_test(test_records_with_both_hashes_are_one_answer),
            cmocka_unit_test(test_a_newer_good_record_outlives_an_expired_one),
            cmocka_unit_test(
                test_an_expired_revoked_record_beside_a_good_one_is_refused),
            cmocka_unit_test(test_an_answer_without_records_is_refused),
            cmocka_unit_test(test_a_loose_time_of_a_neighbor_is_refused),
        };

        return cmocka_run_group_tests(tests, cast_setup, cast_teardown);
}
