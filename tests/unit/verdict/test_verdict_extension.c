/* The nonce, and extensions that nobody knows. */
#include "verdict_fixture.h"

static const uint8_t ours[32] = "a nonce of thirty-two bytes, ok";
static const uint8_t theirs[32] = "another nonce of the same length";

static struct recipe good(void)
{
        return recipe_good(&cast.leaf, &cast.ca, &cast.delegate);
}

static struct ocsp_question asking_with_nonce(void)
{
        struct ocsp_question q = question();

        q.nonce = (struct span){ours, sizeof(ours)};
        return q;
}

static int nonce_check(const struct ocsp_verdict *v)
{
        return check_of(v, "nonce")->ok;
}

static void test_the_nonce_that_was_sent_comes_back(void **state)
{
        struct recipe r = good();
        struct ocsp_question q = asking_with_nonce();

        (void)state;
        r.nonce = q.nonce;
        assert_outcome(judge_as(&r, &q), OCSP_V_GOOD);
        assert_int_equal(nonce_check(judge_as(&r, &q)), 1);
        assert_true(judge_as(&r, &q)->has_nonce);
}

static void test_another_nonce_is_a_replay(void **state)
{
        struct recipe r = good();
        struct ocsp_question q = asking_with_nonce();

        (void)state;
        r.nonce = (struct span){theirs, sizeof(theirs)};
        assert_untrusted(judge_as(&r, &q), "nonce");
        r.nonce = (struct span){ours, sizeof(ours) - 1};
        assert_untrusted(judge_as(&r, &q), "nonce");
}

static void test_a_nonce_that_is_no_octet_string_is_refused(void **state)
{
        struct recipe r = good();
        struct ocsp_question q = asking_with_nonce();

        (void)state;
        r.nonce = q.nonce;
        r.raw_nonce = true;
        assert_untrusted(judge_as(&r, &q), "nonce");
}

static void test_an_absent_nonce_is_remarked_unless_required(void **state)
{
        struct recipe r = good();
        struct ocsp_question q = asking_with_nonce();

        (void)state;
        assert_outcome(judge_as(&r, &q), OCSP_V_GOOD);
        assert_int_equal(nonce_check(judge_as(&r, &q)), -1);
        q.require_nonce = true;
        assert_untrusted(judge_as(&r, &q), "nonce");
}

static void test_a_nonce_that_nobody_sent_is_ignored(void **state)
{
        struct recipe r = good();

        (void)state;
        r.nonce = (struct span){theirs, sizeof(theirs)};
        assert_outcome(judge(&r), OCSP_V_GOOD);
        assert_int_equal(nonce_check(judge(&r)), -1);
}

static void test_unknown_extensions_matter_only_if_critical(void **state)
{
        struct recipe r = good();

        (void)state;
        r.noncritical_extension = true;
        r.records[0].noncritical_extension = true;
        assert_outcome(judge(&r), OCSP_V_GOOD);
        r.critical_extension = true;
        assert_untrusted(judge(&r), "critical-extensions");
        r.critical_extension = false;
        r.records[0].critical_extension = true;
        assert_untrusted(judge(&r), "critical-extensions");
        assert_non_null(strstr(judge(&r)->why, "1.2.3.4"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_the_nonce_that_was_sent_comes_back),
            cmocka_unit_test(test_another_nonce_is_a_replay),
            cmocka_unit_test(test_a_nonce_that_is_no_octet_string_is_refused),
            cmocka_unit_test(test_an_absent_nonce_is_remarked_unless_required),
            cmocka_unit_test(test_a_nonce_that_nobody_sent_is_ignored),
            cmocka_unit_test(test_unknown_extensions_matter_only_if_critical),
        };

        return cmocka_run_group_tests(tests, cast_setup, cast_teardown);
}
