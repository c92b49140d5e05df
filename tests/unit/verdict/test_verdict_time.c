/* Instants: at the second, and in the one form that is allowed. */
#include "verdict_fixture.h"

static struct recipe good(void)
{
        return recipe_good(&cast.leaf, &cast.ca, &cast.delegate);
}

static void test_expiry_is_exact_to_the_second(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records[0].next_update = stamp(NOW + 1);
        assert_outcome(judge(&r), OCSP_V_GOOD);
        r.records[0].next_update = stamp(NOW);
        assert_untrusted(judge(&r), "next-update");
        r.records[0].next_update = stamp(NOW - 1);
        assert_untrusted(judge(&r), "next-update");
}

static void test_an_expired_revocation_is_not_believed_either(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records[0].status = 1;
        r.records[0].next_update = stamp(NOW - 1);
        assert_untrusted(judge(&r), "next-update");
}

static void test_this_update_may_be_ahead_by_the_skew(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records[0].this_update = stamp(NOW + OCSP_SKEW_DEFAULT);
        r.produced_at = stamp(NOW + OCSP_SKEW_DEFAULT);
        assert_outcome(judge(&r), OCSP_V_GOOD);
        r.records[0].this_update = stamp(NOW + OCSP_SKEW_DEFAULT + 1);
        assert_untrusted(judge(&r), "this-update");
}

static void test_an_answer_must_not_be_signed_in_the_future(void **state)
{
        struct recipe r = good();

        (void)state;
        r.produced_at = stamp(NOW + OCSP_SKEW_DEFAULT + 1);
        assert_untrusted(judge(&r), "produced-at");
}

static void test_an_answer_cannot_know_more_than_when_it_was_signed(
    void **state)
{
        struct recipe r = good();

        (void)state;
        r.produced_at = stamp(NOW - DAY);
        assert_untrusted(judge(&r), "produced-at");
}

/* RFC 9919 section 5; OCSP_check_validity takes it. */
static void test_an_answer_that_never_expires_is_refused(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records[0].next_update = NULL;
        assert_untrusted(judge(&r), "next-update");
        assert_int_equal(judge(&r)->next_update, 0);
}

static void test_next_update_comes_after_this_update(void **state)
{
        struct recipe r = good();

        (void)state;
        r.produced_at = stamp(NOW + 2 * MINUTE);
        r.records[0].this_update = stamp(NOW + 2 * MINUTE);
        r.records[0].next_update = stamp(NOW + MINUTE);
        assert_untrusted(judge(&r), "next-update");
        r.records[0].next_update = r.records[0].this_update;
        assert_untrusted(judge(&r), "next-update");
}

/* OpenSSL 3.0 calls the first three of these valid whenever they are. */
static void test_each_instant_must_have_the_one_form(void **state)
{
        static const char *const forms[] = {"20200102000000.5Z",
            "20200102000000+0000", "202001020000Z", "20200102000000",
            "2020010200Z", "20201302000000Z", "20200230000000Z",
            "20200102250000Z", "20200102000000z"};
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
                struct recipe r = good();

                r.records[0].this_update = forms[i];
                assert_untrusted(judge(&r), "this-update");
                r = good();
                r.records[0].next_update = forms[i];
                assert_untrusted(judge(&r), "next-update");
                r = good();
                r.produced_at = forms[i];
                assert_untrusted(judge(&r), "produced-at");
                r = good();
                r.records[0].status = 1;
                r.records[0].revoked_at = forms[i];
                assert_untrusted(judge(&r), "revocation-time");
        }
}

static void test_a_revocation_of_the_future_counts_now(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records[0].status = 1;
        r.records[0].revoked_at = stamp(NOW + 30 * DAY);
        assert_outcome(judge(&r), OCSP_V_REVOKED);
}

static void test_now_is_what_the_question_says(void **state)
{
        struct recipe r = good();
        struct ocsp_question q = question();

        (void)state;
        q.now = NOW + 5 * DAY;
        assert_untrusted(judge_as(&r, &q), "next-update");
        q.now = NOW - 2 * HOUR;
        assert_int_equal(judge_as(&r, &q)->outcome, OCSP_V_UNTRUSTED);
        q.now = NOW + 3 * DAY;
        assert_outcome(judge_as(&r, &q), OCSP_V_GOOD);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_expiry_is_exact_to_the_second),
            cmocka_unit_test(test_an_expired_revocation_is_not_believed_either),
            cmocka_unit_test(test_this_update_may_be_ahead_by_the_skew),
            cmocka_unit_test(test_an_answer_must_not_be_signed_in_the_future),
            cmocka_unit_test(
                test_an_answer_cannot_know_more_than_when_it_was_signed),
            cmocka_unit_test(test_an_answer_that_never_expires_is_refused),
            cmocka_unit_test(test_next_update_comes_after_this_update),
            cmocka_unit_test(test_each_instant_must_have_the_one_form),
            cmocka_unit_test(test_a_revocation_of_the_future_counts_now),
            cmocka_unit_test(test_now_is_what_the_question_says),
        };

        return cmocka_run_group_tests(tests, cast_setup, cast_teardown);
}
