/*
 * A thousand staplers that are started in the same second, over a month and
 * through an outage, by the same calls that ocsp-stapler makes, with clocks
 * that are numbers: when do they ask?  With an argument it prints that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "stapler/staple/staple.h"

enum {
        HERD = 1000,
        VALIDITY = 4 * 86400,
        RESIGN = 2 * 86400, /* the responder makes its answer in advance */
        MONTH = 30 * 86400,
        BUCKET = 900, /* seconds */
};

struct herd {
        struct staple staples[HERD];
        uint64_t dice;
        int64_t begin, end; /* of the outage */
        bool max_age;       /* the responder says one */
        unsigned asked[MONTH / BUCKET + 1];
        unsigned second[600]; /* from the end of the outage on */
};

/* Knuth's MMIX generator: the same every time. */
static double roll(struct herd *h)
{
        h->dice = h->dice * UINT64_C(6364136223846793005) +
                  UINT64_C(1442695040888963407);
        return (double)(h->dice >> 11) / 9007199254740992.0;
}

/* What the responder says at t (ms): the answer of its last signing. */
static void answer(struct herd *h, struct staple *s, int64_t t)
{
        static const struct staple_policy policy = {
            .fraction = 0.5, .strict = true};
        int64_t lab = t / 1000, signing = lab - lab % RESIGN;
        struct ocsp_verdict v = {.outcome = OCSP_V_GOOD,
            .has_single = true,
            .this_update = signing,
            .next_update = signing + VALIDITY};
        struct staple_answer a = {{(const uint8_t *)"x", 1}, true,
            h->max_age ? signing + RESIGN - lab : -1};
        struct staple_now now = {lab, t};
        struct err e = ERR_INIT;

        if (lab >= h->begin && lab < h->end)
                staple_fail(s, "refused", -1, now, roll(h));
        else
                assert_int_equal(
                    staple_take(s, &policy, &v, &a, now, roll(h), &e), 0);
}

static void live(struct herd *h, struct staple *s)
{
        struct staple_plan plan;
        int64_t t = 0;

        while (t < (int64_t)MONTH * 1000) {
                plan = staple_next(s, (struct staple_now){t / 1000, t});
                if (!plan.fetch) {
                        t += plan.wait_ms;
                        continue;
                }
                h->asked[t / 1000 / BUCKET]++;
                if (t / 1000 >= h->end && t / 1000 < h->end + 600)
                        h->second[t / 1000 - h->end]++;
                staple_begin(s);
                answer(h, s, t);
                /* None lets its staple run out while there is another. */
                if (t / 1000 < h->begin)
                        assert_int_equal(
                            staple_state(s, t / 1000), STAPLE_GOOD);
        }
        staple_release(s);
}

static void run(struct herd *h)
{
        size_t i;

        for (i = 0; i < HERD; i++)
                live(h, &h->staples[i]);
}

static unsigned most(const unsigned *counts, size_t from, size_t to)
{
        unsigned max = 0;
        size_t i;

        for (i = from; i < to; i++)
                max = counts[i] > max ? counts[i] : max;
        return max;
}

static unsigned sum(const unsigned *counts, size_t len)
{
        unsigned all = 0;
        size_t i;

        for (i = 0; i < len; i++)
                all += counts[i];
        return all;
}

static void check_spread(bool max_age)
{
        static struct herd h;

        h = (struct herd){
            .dice = 1, .begin = MONTH, .end = MONTH, .max_age = max_age};
        run(&h);
        /* All at once at the start, which nobody can help. */
        assert_int_equal(h.asked[0], HERD);
        /* Later no quarter of an hour has more than 6 % of them, */
        assert_in_range(most(h.asked, 1, MONTH / BUCKET), 1, HERD * 6 / 100);
        /* and nobody asks more than half as often again as must be. */
        assert_in_range(sum(h.asked, MONTH / BUCKET), HERD * (MONTH / RESIGN),
            HERD * (MONTH / RESIGN) * 3 / 2);
}

static void a_thousand_that_started_together_spread(void **state)
{
        (void)state;
        check_spread(true);
}

static void they_spread_without_max_age_too(void **state)
{
        (void)state;
        check_spread(false);
}

/* Down until no staple has been valid for two hours, then up again. */
static struct herd *through_an_outage(void)
{
        static struct herd h;

        h = (struct herd){.dice = 7,
            .begin = 10 * 86400,
            .end = 12 * 86400 + 7200,
            .max_age = true};
        run(&h);
        return &h;
}

static void after_an_outage_they_do_not_come_back_at_once(void **state)
{
        struct herd *h = through_an_outage();

        (void)state;
        /* They have nothing to give, so all ask within a minute of its end,
         * but no second has more than 5 % of them. */
        assert_int_equal(sum(h->second, 62), HERD);
        assert_in_range(most(h->second, 0, 600), 1, HERD * 5 / 100);
}

/* ---- for people ---------------------------------------------------------- */

static void bars(const char *title, const unsigned *counts, size_t len,
    size_t each, double unit, const char *name)
{
        size_t i, j;
        unsigned n;

        printf("%s\n", title);
        for (i = 0; i < len; i += each) {
                n = sum(counts + i, i + each > len ? len - i : each);
                printf("%7.2f %s %6u ", (double)i * unit, name, n);
                for (j = 0; j < n / 20; j++)
                        putchar('#');
                putchar('\n');
        }
}

static int show(void)
{
        static struct herd h;

        h = (struct herd){
            .dice = 1, .begin = MONTH, .end = MONTH, .max_age = true};
        run(&h);
        bars("1000 staplers started together; answers of 4 days, made anew "
             "every 2 days: fetches in 6 hours each",
            h.asked, 12 * 86400 / BUCKET, 24, BUCKET / 86400.0, "d");
        bars("the same, the first seconds after an outage of two days: fetches "
             "in 5 seconds each",
            through_an_outage()->second, 70, 5, 1, "s");
        return 0;
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_thousand_that_started_together_spread),
            cmocka_unit_test(they_spread_without_max_age_too),
            cmocka_unit_test(after_an_outage_they_do_not_come_back_at_once),
        };

        (void)argv;
        if (argc > 1)
                return show();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
