#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stapler/staple/staple.h"

/* An answer valid from 1000 to 2000, and a policy that refreshes at 1500. */
enum { START = 1000, END = 2000 };

static const struct staple_policy strict = {.fraction = 0.5, .strict = true};

static struct ocsp_verdict verdict(enum ocsp_outcome outcome)
{
        struct ocsp_verdict v = {.outcome = outcome,
            .has_single = true,
            .this_update = START,
            .next_update = END,
            .reason = OCSP_REASON_NONE,
            .why = "the words of the verdict"};

        return v;
}

static struct staple_now at(int64_t lab, int64_t ms)
{
        return (struct staple_now){lab, ms};
}

static const struct staple_answer fresh = {
    {(const uint8_t *)"answer", 6}, true, -1};
static const struct staple_answer stored = {
    {(const uint8_t *)"answer", 6}, false, -1};

/* Takes an answer at lab time now, with dice in the middle: no jitter. */
static int take(struct staple *s, const struct staple_policy *p,
    const struct ocsp_verdict *v, int64_t now)
{
        struct err e = ERR_INIT;

        return staple_take(s, p, v, &fresh, at(now, 0), 0.5, &e);
}

static struct staple good_staple(void)
{
        struct staple s = {0};
        struct ocsp_verdict v = verdict(OCSP_V_GOOD);

        assert_int_equal(take(&s, &strict, &v, START), 0);
        return s;
}

/* ---- when to fetch ------------------------------------------------------ */

static void a_staple_never_fetched_is_due_at_once(void **state)
{
        struct staple s = {0};

        (void)state;
        assert_true(staple_next(&s, at(START, 0)).fetch);
}

static void one_fetch_at_a_time(void **state)
{
        struct staple s = {0};
        struct staple_plan plan;

        (void)state;
        staple_begin(&s);
        plan = staple_next(&s, at(START, 0));
        assert_false(plan.fetch);
        assert_int_equal(plan.next_refresh, 0);
}

static void a_good_staple_is_refreshed_at_the_fraction(void **state)
{
        static const struct {
                int64_t lab, ms;
                bool fetch;
                int64_t next;
        } table[] = {
            {1000, 0, false, 1500},    /* fresh */
            {1499, 9000, false, 1500}, /* a second before */
            {1500, 9000, true, 1500},  /* due */
            {1999, 9000, true, 1999},  /* nearly over */
            {2000, 9000, true, 2000},  /* over */
            {900, 9000, false, 1500},  /* clock back, within the tolerance */
            {600, 9000, true, 600},    /* clock back before thisUpdate */
            {1500, 999, false, 1500},  /* due, but just fetched */
        };
        struct staple s = good_staple();
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
                struct staple_plan plan =
                    staple_next(&s, at(table[i].lab, table[i].ms));

                if (plan.fetch != table[i].fetch)
                        fail_msg("row %zu: fetch %d", i, plan.fetch);
                assert_int_equal(plan.next_refresh, table[i].next);
        }
        staple_release(&s);
}

static void the_plan_says_how_long_nothing_is_due(void **state)
{
        struct staple s = good_staple();

        (void)state;
        assert_int_equal(staple_next(&s, at(1400, 0)).wait_ms, 100000);
        assert_int_equal(staple_next(&s, at(1600, 0)).wait_ms, STAPLE_PAUSE_MS);
        assert_int_equal(staple_next(&s, at(1600, 5000)).wait_ms, 0);
        staple_release(&s);
}

static void the_signers_end_shortens_the_validity(void **state)
{
        struct staple s = {0};
        struct ocsp_verdict v = verdict(OCSP_V_GOOD);

        (void)state;
        v.signer_not_after = 1400;
        assert_int_equal(take(&s, &strict, &v, START), 0);
        assert_int_equal(s.refresh_at, 1200);
        assert_int_equal(staple_state(&s, 1400), STAPLE_EXPIRED);
        assert_int_equal(s.held.next_update, END);
        staple_release(&s);
}

static void dice_spread_the_refreshes(void **state)
{
        struct ocsp_verdict v = verdict(OCSP_V_GOOD);
        struct err e = ERR_INIT;
        int64_t first = 0, last = 0;
        int i;

        (void)state;
        for (i = 0; i < 1000; i++) {
                struct staple s = {0};

                assert_int_equal(staple_take(&s, &strict, &v, &fresh,
                                     at(START, 0), i / 1000.0, &e),
                    0);
                if (i == 0)
                        first = s.refresh_at;
                last = s.refresh_at;
                staple_release(&s);
        }
        assert_int_equal(first, 1450);
        assert_int_equal(last, 1549);
}

static void an_answer_past_its_half_is_not_refreshed_at_once(void **state)
{
        struct staple s = {0};
        struct ocsp_verdict v = verdict(OCSP_V_GOOD);

        (void)state;
        assert_int_equal(take(&s, &strict, &v, 1800), 0);
        assert_int_equal(s.refresh_at, 1900);
        staple_release(&s);
}

static void a_stored_answer_past_its_half_is_refreshed_at_once(void **state)
{
        struct staple s = {0};
        struct ocsp_verdict v = verdict(OCSP_V_GOOD);
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(
            staple_take(&s, &strict, &v, &stored, at(1800, 0), 0.5, &e), 0);
        assert_true(staple_next(&s, at(1800, 0)).fetch);
        assert_int_equal(staple_give(&s, &strict, true, 1800), STAPLE_GIVE);
        staple_release(&s);
}

static void a_very_long_answer_is_refreshed_within_days(void **state)
{
        struct staple s = {0};
        struct ocsp_verdict v = verdict(OCSP_V_GOOD);

        (void)state;
        v.next_update = START + 366 * 86400;
        assert_int_equal(take(&s, &strict, &v, START), 0);
        assert_in_range(s.refresh_at, START + STAPLE_REFRESH_MAX * 9 / 10,
            START + STAPLE_REFRESH_MAX);
        staple_release(&s);
}

static void max_age_puts_the_refresh_off_within_reason(void **state)
{
        static const struct {
                int64_t max_age, early, late;
        } table[] = {
            {-1, 1450, 1549},
            {0, 1450, 1549},
            {400, 1450, 1549},
            {500, 1500, 1599}, /* not at it: after it */
            {600, 1600, 1699},
            {700, 1625, 1724}, /* at most to the middle of what follows 1450 */
            {9999, 1625, 1724},
            {INT64_C(366) * 86400, 1625, 1724},
        };
        struct ocsp_verdict v = verdict(OCSP_V_GOOD);
        struct staple_answer a = fresh;
        struct err e = ERR_INIT;
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
                struct staple s = {0};

                a.max_age = table[i].max_age;
                assert_int_equal(
                    staple_take(&s, &strict, &v, &a, at(START, 0), 0.0, &e), 0);
                assert_int_equal(s.refresh_at, table[i].early);
                assert_int_equal(
                    staple_take(&s, &strict, &v, &a, at(START, 0), 0.999, &e),
                    0);
                assert_int_equal(s.refresh_at, table[i].late);
                staple_release(&s);
        }
}

/* ---- failures ----------------------------------------------------------- */

static void pauses_double_up_to_a_cap(void **state)
{
        static const int64_t pauses[] = {2000, 4000, 8000, 16000, 32000, 64000,
            128000, 256000, 512000, 600000, 600000};
        struct staple s = good_staple();
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
                staple_begin(&s);
                staple_fail(&s, "refused", -1, at(1600, 0), 1.0);
                assert_int_equal(s.retry_at, pauses[i]);
        }
        assert_int_equal(s.failures, 11);
        assert_string_equal(s.last_error, "refused");
        staple_release(&s);
}

static void without_a_staple_the_cap_is_lower(void **state)
{
        struct staple s = {0};
        int i;

        (void)state;
        for (i = 0; i < 100; i++)
                staple_fail(&s, "refused", -1, at(1600, 0), 1.0);
        assert_int_equal(s.retry_at, STAPLE_RETRY_BARE_MS);
}

static void half_of_a_pause_is_dice(void **state)
{
        struct staple s = {0};

        (void)state;
        staple_fail(&s, "refused", -1, at(1600, 100), 0.0);
        assert_int_equal(s.retry_at, 100 + STAPLE_RETRY_MS / 2);
}

static void retry_after_is_obeyed_within_reason(void **state)
{
        struct staple s = {0};

        (void)state;
        staple_fail(&s, "busy", 30, at(1600, 100), 0.5);
        assert_int_equal(s.retry_at, 30100);
        staple_fail(&s, "busy", 86400, at(1600, 100), 0.5);
        assert_int_equal(s.retry_at, 3600100);
}

static void a_failure_keeps_the_last_good(void **state)
{
        struct staple s = good_staple();

        (void)state;
        staple_begin(&s);
        staple_fail(&s, "refused", -1, at(1600, 0), 0.5);
        assert_int_equal(staple_give(&s, &strict, true, 1999), STAPLE_GIVE);
        assert_int_equal(staple_state(&s, 1999), STAPLE_GOOD);
        staple_release(&s);
}

static void success_ends_the_pauses(void **state)
{
        struct staple s = {0};
        struct ocsp_verdict v = verdict(OCSP_V_GOOD);

        (void)state;
        staple_fail(&s, "refused", -1, at(1000, 0), 1.0);
        staple_fail(&s, "refused", -1, at(1000, 0), 1.0);
        assert_int_equal(take(&s, &strict, &v, START), 0);
        assert_int_equal(s.failures, 0);
        assert_string_equal(s.last_error, "");
        assert_int_equal(s.retry_at, STAPLE_PAUSE_MS);
        staple_release(&s);
}

static void a_moved_clock_ends_the_pause(void **state)
{
        struct staple s = {0};

        (void)state;
        staple_fail(&s, "refused", 3600, at(1000, 0), 1.0);
        assert_false(staple_next(&s, at(1000, 10)).fetch);
        staple_replan(&s);
        assert_true(staple_next(&s, at(1000, 10)).fetch);
}

/* ---- what is believed --------------------------------------------------- */

static void only_good_and_revoked_are_taken(void **state)
{
        static const enum ocsp_outcome others[] = {OCSP_V_UNKNOWN,
            OCSP_V_UNTRUSTED, OCSP_V_MISSING, OCSP_V_UNREACHABLE};
        struct staple s = good_staple();
        struct err e = ERR_INIT;
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
                struct ocsp_verdict v = verdict(others[i]);

                assert_int_equal(
                    staple_take(&s, &strict, &v, &fresh, at(START, 0), 0.5, &e),
                    -1);
                assert_string_equal(e.text, "the words of the verdict");
                assert_int_equal(e.code, ERR_DATA);
        }
        assert_int_equal(staple_state(&s, START), STAPLE_GOOD);
        staple_release(&s);
}

static void try_later_says_so_in_its_code(void **state)
{
        struct staple s = {0};
        struct ocsp_verdict v = verdict(OCSP_V_UNTRUSTED);
        struct err e = ERR_INIT;

        (void)state;
        v.has_single = false;
        v.response_status = OCSP_TRY_LATER;
        assert_int_equal(
            staple_take(&s, &strict, &v, &fresh, at(START, 0), 0.5, &e), -1);
        assert_int_equal(e.code, ERR_TRYLATER);
}

static void an_answer_within_the_skew_but_over_is_not_taken(void **state)
{
        struct staple s = good_staple();
        struct ocsp_verdict v = verdict(OCSP_V_GOOD);

        (void)state;
        assert_int_equal(take(&s, &strict, &v, END), -1);
        staple_release(&s);
}

static void without_verification_anything_is_given(void **state)
{
        struct staple_policy off = {.fraction = 0.5};
        struct staple s = {0};
        struct ocsp_verdict v = {.outcome = OCSP_V_UNTRUSTED};

        (void)state;
        assert_int_equal(take(&s, &off, &v, START), 0);
        assert_int_equal(staple_state(&s, START), STAPLE_UNVERIFIED);
        assert_int_equal(staple_give(&s, &off, true, START), STAPLE_GIVE);
        assert_int_equal(s.refresh_at, START + STAPLE_UNTIMED_REFRESH);
        staple_release(&s);
}

static void an_older_answer_does_not_replace_a_newer_one(void **state)
{
        struct staple_policy p = strict;
        struct ocsp_verdict v = verdict(OCSP_V_REVOKED);
        struct staple s = {0};

        (void)state;
        v.this_update = 1200;
        assert_int_equal(take(&s, &strict, &v, 1200), 0);
        /* From before the revocation, and not over yet. */
        v = verdict(OCSP_V_GOOD);
        assert_int_equal(take(&s, &strict, &v, 1300), -1);
        assert_int_equal(staple_state(&s, 1300), STAPLE_REVOKED);
        /* The clock went back before it: nothing is known from there. */
        assert_int_equal(take(&s, &strict, &v, 1100), 0);
        assert_int_equal(staple_state(&s, 1300), STAPLE_GOOD);
        /* Nor where nothing is verified. */
        v.this_update = 1200;
        assert_int_equal(take(&s, &strict, &v, 1300), 0);
        p.strict = false;
        v.this_update = 1100;
        assert_int_equal(take(&s, &p, &v, 1300), 0);
        staple_release(&s);
}

/* ---- handshakes --------------------------------------------------------- */

static void the_store_is_verified_in_any_case(void **state)
{
        struct staple_policy off = {.fraction = 0.5};
        struct ocsp_verdict v = verdict(OCSP_V_UNTRUSTED);
        struct staple s = {0};
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(
            staple_take(&s, &off, &v, &stored, at(START, 0), 0.5, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        v = verdict(OCSP_V_GOOD);
        assert_int_equal(
            staple_take(&s, &off, &v, &stored, at(END, 0), 0.5, &e), -1);
        assert_int_equal(staple_give(&s, &off, false, START), STAPLE_BARE);
}

static void an_expired_staple_is_never_given(void **state)
{
        struct staple s = good_staple();

        (void)state;
        assert_int_equal(staple_give(&s, &strict, false, END - 1), STAPLE_GIVE);
        assert_int_equal(staple_give(&s, &strict, false, END), STAPLE_BARE);
        assert_int_equal(staple_state(&s, END), STAPLE_EXPIRED);
        assert_int_equal(
            staple_give(&s, &strict, false, START - 301), STAPLE_BARE);
        assert_int_equal(staple_state(&s, START - 301), STAPLE_EARLY);
        staple_release(&s);
}

static void without_a_staple_the_policy_decides(void **state)
{
        static const struct {
                enum staple_on_missing policy;
                bool must_staple;
                enum staple_give give;
        } table[] = {
            {STAPLE_MISSING_BY_CERT, false, STAPLE_BARE},
            {STAPLE_MISSING_BY_CERT, true, STAPLE_REFUSE},
            {STAPLE_MISSING_SERVE, false, STAPLE_BARE},
            {STAPLE_MISSING_SERVE, true, STAPLE_BARE},
            {STAPLE_MISSING_REFUSE, false, STAPLE_REFUSE},
            {STAPLE_MISSING_REFUSE, true, STAPLE_REFUSE},
        };
        struct staple s = {0};
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
                struct staple_policy p = strict;

                p.on_missing = table[i].policy;
                assert_int_equal(
                    staple_give(&s, &p, table[i].must_staple, START),
                    table[i].give);
        }
}

/* ---- revoked ------------------------------------------------------------ */

/* A good staple, then a revoked answer under the policy. */
static struct staple revoked_staple(
    enum staple_on_revoked on_revoked, struct staple_policy *p)
{
        struct staple s = good_staple();
        struct ocsp_verdict v = verdict(OCSP_V_REVOKED);

        *p = strict;
        p->on_revoked = on_revoked;
        v.revocation_time = 1100;
        v.this_update = 1200;
        v.next_update = 2200;
        assert_int_equal(take(&s, p, &v, 1200), 0);
        assert_int_equal(s.latest.revocation_time, 1100);
        assert_int_equal(s.refresh_at, 1700);
        return s;
}

static void a_revoked_answer_is_stapled(void **state)
{
        struct staple_policy p;
        struct staple s = revoked_staple(STAPLE_REVOKED_STAPLE, &p);

        (void)state;
        assert_int_equal(staple_give(&s, &p, true, 2100), STAPLE_GIVE);
        assert_int_equal(staple_state(&s, 2100), STAPLE_REVOKED);
        staple_release(&s);
}

static void keep_gives_the_last_good_until_it_ends(void **state)
{
        struct staple_policy p;
        struct staple s = revoked_staple(STAPLE_REVOKED_KEEP, &p);

        (void)state;
        assert_int_equal(staple_state(&s, 1999), STAPLE_GOOD);
        assert_int_equal(staple_give(&s, &p, false, 1999), STAPLE_GIVE);
        assert_int_equal(staple_give(&s, &p, false, 2000), STAPLE_BARE);
        staple_release(&s);
}

static void drop_gives_nothing_and_knows_why(void **state)
{
        struct staple_policy p;
        struct staple s = revoked_staple(STAPLE_REVOKED_DROP, &p);

        (void)state;
        assert_int_equal(staple_give(&s, &p, false, 1300), STAPLE_BARE);
        assert_int_equal(staple_state(&s, 1300), STAPLE_REVOKED);
        assert_false(staple_next(&s, at(1300, 9000)).fetch);
        staple_release(&s);
}

static void refuse_ends_every_handshake_until_good_again(void **state)
{
        struct staple_policy p;
        struct staple s = revoked_staple(STAPLE_REVOKED_REFUSE, &p);
        struct ocsp_verdict v = verdict(OCSP_V_GOOD);

        (void)state;
        assert_int_equal(staple_give(&s, &p, false, 1300), STAPLE_REFUSE);
        v.this_update = 1300;
        assert_int_equal(take(&s, &p, &v, 1300), 0);
        assert_int_equal(staple_give(&s, &p, false, 1300), STAPLE_GIVE);
        staple_release(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_staple_never_fetched_is_due_at_once),
            cmocka_unit_test(one_fetch_at_a_time),
            cmocka_unit_test(a_good_staple_is_refreshed_at_the_fraction),
            cmocka_unit_test(the_plan_says_how_long_nothing_is_due),
            cmocka_unit_test(the_signers_end_shortens_the_validity),
            cmocka_unit_test(dice_spread_the_refreshes),
            cmocka_unit_test(an_answer_past_its_half_is_not_refreshed_at_once),
            cmocka_unit_test(
                a_stored_answer_past_its_half_is_refreshed_at_once),
            cmocka_unit_test(a_very_long_answer_is_refreshed_within_days),
            cmocka_unit_test(max_age_puts_the_refresh_off_within_reason),
            cmocka_unit_test(pauses_double_up_to_a_cap),
            cmocka_unit_test(without_a_staple_the_cap_is_lower),
            cmocka_unit_test(half_of_a_pause_is_dice),
            cmocka_unit_test(retry_after_is_obeyed_within_reason),
            cmocka_unit_test(a_failure_keeps_the_last_good),
            cmocka_unit_test(success_ends_the_pauses),
            cmocka_unit_test(a_moved_clock_ends_the_pause),
            cmocka_unit_test(only_good_and_revoked_are_taken),
            cmocka_unit_test(try_later_says_so_in_its_code),
            cmocka_unit_test(an_answer_within_the_skew_but_over_is_not_taken),
            cmocka_unit_test(an_older_answer_does_not_replace_a_newer_one),
            cmocka_unit_test(without_verification_anything_is_given),
            cmocka_unit_test(the_store_is_verified_in_any_case),
            cmocka_unit_test(an_expired_staple_is_never_given),
            cmocka_unit_test(without_a_staple_the_policy_decides),
            cmocka_unit_test(a_revoked_answer_is_stapled),
            cmocka_unit_test(keep_gives_the_last_good_until_it_ends),
            cmocka_unit_test(drop_gives_nothing_and_knows_why),
            cmocka_unit_test(refuse_ends_every_handshake_until_good_again),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
