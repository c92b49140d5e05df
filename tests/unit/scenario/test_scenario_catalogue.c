/* What must hold of every row of the catalogue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/base.h"
#include "scenario/scenario.h"

/* Calls check for each name and each alias. */
static void each_word(const struct scenario *s,
    void (*check)(const char *, const void *), const void *arg)
{
        const char *at = s->aliases;
        char word[64];
        size_t len;

        check(s->name, arg);
        for (; *at != '\0'; at += len + (at[len] == ' ')) {
                len = strcspn(at, " ");
                assert_in_range(len, 1, sizeof(word) - 1);
                memcpy(word, at, len);
                word[len] = '\0';
                check(word, arg);
        }
}

static void finds(const char *word, const void *row)
{
        assert_ptr_equal(scenario_find(word), row);
        assert_int_equal(
            strspn(word, "abcdefghijklmnopqrstuvwxyzWINHKSOPRD0123456789-_"),
            strlen(word));
}

/* So no name or alias has two meanings. */
static void each_name_and_alias_finds_its_row(void **state)
{
        size_t i;

        (void)state;
        for (i = 0; i < scenario_count(); i++)
                each_word(scenario_at(i), finds, scenario_at(i));
}

static void there_are_more_than_a_hundred(void **state)
{
        (void)state;
        assert_true(scenario_count() >= 100);
}

static void rows_are_in_order_of_layers_and_only_good_has_none(void **state)
{
        size_t i;

        (void)state;
        assert_string_equal(scenario_at(0)->name, "good");
        for (i = 1; i < scenario_count(); i++) {
                assert_true(scenario_at(i)->layer >= scenario_at(i - 1)->layer);
                assert_true(scenario_at(i)->layer != SCENARIO_NONE);
        }
}

static void each_row_says_what_is_wrong_and_where_that_stands(void **state)
{
        size_t i, c;

        (void)state;
        for (i = 0; i < scenario_count(); i++) {
                const struct scenario *s = scenario_at(i);
                size_t said = 0;

                assert_true(strlen(s->wrong) > 10);
                assert_true(
                    strchr(s->wrong, '.') == NULL || s->layer == SCENARIO_TIME);
                assert_true(strlen(s->ref) > 3);
                for (c = 0; c < SCENARIO_CHANNELS; c++)
                        said += s->expect[c] != SCENARIO_NOT_APPLICABLE;
                assert_true(said > 0);
        }
}

/* scenario_parse reads them, so it would fail. */
static void each_default_is_within_its_limits(void **state)
{
        size_t i;

        (void)state;
        for (i = 0; i < scenario_count(); i++) {
                struct scenario_choice c;
                struct err e = ERR_INIT;

                if (scenario_parse(scenario_at(i)->name, &c, &e) != 0)
                        fail_msg("%s", e.text);
                assert_ptr_equal(c.scenario, scenario_at(i));
        }
}

static void what_is_not_made_is_refused_in_a_clear_word(void **state)
{
        const struct scenario by_name = {.name = "moon"}, made = {.made = true};
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(scenario_check_made(&made, &e), 0);
        assert_int_equal(scenario_check_made(&by_name, &e), -1);
        assert_int_equal(e.code, ERR_CONFIG);
        assert_non_null(strstr(e.text, "scenario moon: nothing here makes"));
}

static void a_policy_decides_what_absence_and_unknown_mean(void **state)
{
        static const struct {
                const char *name;
                enum scenario_channel channel;
                bool accepted[SCENARIO_POLICIES];
        } rows[] = {
            {"good", SCENARIO_BY_STAPLE, {true, true, true}},
            {"revoked", SCENARIO_BY_GET, {false, false, false}},
            {"expired", SCENARIO_BY_FILE, {false, false, false}},
            {"unknown", SCENARIO_BY_POST, {false, false, true}},
            {"http-404", SCENARIO_BY_GET, {false, true, true}},
            {"accept-then-close", SCENARIO_BY_POST, {false, true, true}},
            {"none", SCENARIO_BY_STAPLE, {false, true, true}},
            {"must-staple-missing", SCENARIO_BY_STAPLE, {false, false, true}},
        };
        size_t i, p;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                for (p = 0; p < SCENARIO_POLICIES; p++)
                        assert_int_equal(
                            scenario_accepted(scenario_find(rows[i].name),
                                rows[i].channel, (enum scenario_policy)p),
                            rows[i].accepted[p]);
}

#define M SCENARIO_MUST
#define S SCENARIO_SHOULD
#define T SCENARIO_TASTE

static void how_firmly_that_stands_depends_on_the_policy(void **state)
{
        static const struct {
                const char *name;
                enum scenario_channel channel;
                enum scenario_basis basis[SCENARIO_POLICIES];
        } rows[] = {
            {"good", SCENARIO_BY_STAPLE, {M, M, M}},
            {"revoked", SCENARIO_BY_GET, {M, M, M}},
            {"unknown", SCENARIO_BY_POST, {M, T, T}},
            {"unknown", SCENARIO_BY_STAPLE, {M, S, T}},
            /* Going on without an answer is allowed, never demanded. */
            {"http-404", SCENARIO_BY_GET, {M, T, T}},
            {"none", SCENARIO_BY_STAPLE, {T, T, T}},
            {"empty", SCENARIO_BY_STAPLE, {T, T, T}},
            {"must-staple-missing", SCENARIO_BY_STAPLE, {M, M, T}},
            /* A live answer may be thrown away, a staple may not. */
            {"expired", SCENARIO_BY_GET, {M, T, T}},
            {"expired", SCENARIO_BY_STAPLE, {M, M, M}},
            {"expired", SCENARIO_BY_FILE, {M, M, M}},
            {"trylater", SCENARIO_BY_STAPLE, {M, S, S}},
            {"must-staple-trylater", SCENARIO_BY_STAPLE, {M, M, M}},
            {"sha1-signature", SCENARIO_BY_FILE, {T, T, T}},
            {"nonce-absent", SCENARIO_BY_POST, {S, S, S}},
        };
        size_t i, p;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                for (p = 0; p < SCENARIO_POLICIES; p++)
                        if (scenario_basis_of(scenario_find(rows[i].name),
                                rows[i].channel,
                                (enum scenario_policy)p) != rows[i].basis[p])
                                fail_msg("%s, policy %zu", rows[i].name, p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_name_and_alias_finds_its_row),
            cmocka_unit_test(there_are_more_than_a_hundred),
            cmocka_unit_test(
                rows_are_in_order_of_layers_and_only_good_has_none),
            cmocka_unit_test(each_row_says_what_is_wrong_and_where_that_stands),
            cmocka_unit_test(each_default_is_within_its_limits),
            cmocka_unit_test(what_is_not_made_is_refused_in_a_clear_word),
            cmocka_unit_test(a_policy_decides_what_absence_and_unknown_mean),
            cmocka_unit_test(how_firmly_that_stands_depends_on_the_policy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
