/* What a client's behaviour is worth, and the words of its command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "verdicts.h"

/* ---- judgement --------------------------------------------------------- */

static void exit_zero_is_accepted_and_any_other_refused(void **state)
{
        (void)state;
        assert_int_equal(verdicts_outcome_of(POOL_EXITED, 0), OUTCOME_ACCEPTED);
        assert_int_equal(verdicts_outcome_of(POOL_EXITED, 1), OUTCOME_REFUSED);
        assert_int_equal(
            verdicts_outcome_of(POOL_EXITED, 255), OUTCOME_REFUSED);
        assert_int_equal(
            verdicts_outcome_of(POOL_EXITED, 200), OUTCOME_SKIPPED);
}

static void a_signal_and_the_time_limit_are_outcomes_of_their_own(void **state)
{
        (void)state;
        assert_int_equal(
            verdicts_outcome_of(POOL_SIGNALED, 11), OUTCOME_CRASHED);
        /* A signal of that number is no exit code. */
        assert_int_equal(
            verdicts_outcome_of(POOL_SIGNALED, 200), OUTCOME_CRASHED);
        assert_int_equal(verdicts_outcome_of(POOL_TIMEOUT, 9), OUTCOME_TIMEOUT);
}

static void only_against_a_must_is_it_wrong(void **state)
{
        static const enum verdicts_finding findings[] = {
            FINDING_WRONG, FINDING_WEAK, FINDING_DIFFERS};
        int b;

        (void)state;
        for (b = BASIS_MUST; b <= BASIS_TASTE; b++) {
                enum verdicts_basis basis = (enum verdicts_basis)b;

                assert_int_equal(verdicts_judge(false, basis, OUTCOME_ACCEPTED),
                    findings[b]);
                assert_int_equal(
                    verdicts_judge(true, basis, OUTCOME_REFUSED), findings[b]);
                assert_int_equal(
                    verdicts_judge(true, basis, OUTCOME_TIMEOUT), findings[b]);
        }
}

static void as_expected_is_right_whatever_the_basis(void **state)
{
        int b;

        (void)state;
        for (b = BASIS_MUST; b <= BASIS_TASTE; b++) {
                enum verdicts_basis basis = (enum verdicts_basis)b;

                assert_int_equal(verdicts_judge(true, basis, OUTCOME_ACCEPTED),
                    FINDING_RIGHT);
                assert_int_equal(verdicts_judge(false, basis, OUTCOME_REFUSED),
                    FINDING_RIGHT);
        }
}

static void a_crash_is_wrong_and_a_hang_never_right(void **state)
{
        (void)state;
        assert_int_equal(
            verdicts_judge(false, BASIS_TASTE, OUTCOME_CRASHED), FINDING_WRONG);
        assert_int_equal(
            verdicts_judge(true, BASIS_MUST, OUTCOME_CRASHED), FINDING_WRONG);
        assert_int_equal(
            verdicts_judge(false, BASIS_MUST, OUTCOME_TIMEOUT), FINDING_WEAK);
}

static void what_was_not_tried_is_neither(void **state)
{
        (void)state;
        assert_int_equal(
            verdicts_judge(true, BASIS_MUST, OUTCOME_SKIPPED), FINDING_SKIPPED);
        assert_int_equal(verdicts_judge(false, BASIS_MUST, OUTCOME_SKIPPED),
            FINDING_SKIPPED);
}

/* ---- words ------------------------------------------------------------- */

static const struct verdicts_values values = {
    .text = {
        [PLACE_NAME] = "expired",
        [PLACE_ADDR] = "127.0.0.1:4433",
        [PLACE_HOST] = "127.0.0.1",
        [PLACE_PORT] = "4433",
        [PLACE_SERVERNAME] = "expired.localhost",
        [PLACE_URL] = "https://expired.localhost:4433/",
        [PLACE_CA] = "/a lab/root.pem",
        [PLACE_CERT] = "/c",
        [PLACE_ISSUER] = "/i",
        [PLACE_OCSP_URL] = "http://127.0.0.1:1",
    }};

static void assert_word(const char *word, const char *expected)
{
        const char *words[] = {"client", word, NULL};
        struct err e = ERR_INIT;
        char **out;

        if (verdicts_words(words, &values, &out, &e) != 0)
                fail_msg("%s: %s", word, e.text);
        assert_string_equal(out[0], "client");
        assert_string_equal(out[1], expected);
        assert_null(out[2]);
        verdicts_words_free(out);
}

static void places_are_replaced_anywhere_in_a_word(void **state)
{
        (void)state;
        assert_word("{addr}", "127.0.0.1:4433");
        assert_word("--resolve={servername}:{port}:{host}",
            "--resolve=expired.localhost:4433:127.0.0.1");
        assert_word("{name}{name}", "expiredexpired");
        assert_word("{url}", "https://expired.localhost:4433/");
        assert_word("{cert},{issuer},{ocsp_url}", "/c,/i,http://127.0.0.1:1");
}

static void a_word_stays_one_word(void **state)
{
        (void)state;
        assert_word("--cacert={ca}", "--cacert=/a lab/root.pem");
        assert_word("", "");
}

static void other_braces_stay(void **state)
{
        (void)state;
        assert_word("{print $1}", "{print $1}");
        assert_word("${X} {} { addr} {addr", "${X} {} { addr} {addr");
        assert_word("{{port}}", "{4433}");
}

static void what_is_put_in_is_not_read_again(void **state)
{
        struct verdicts_values odd = values;
        const char *words[] = {"{ca}", NULL};
        struct err e = ERR_INIT;
        char **out;

        (void)state;
        odd.text[PLACE_CA] = "/{port}/root.pem";
        assert_int_equal(verdicts_words(words, &odd, &out, &e), 0);
        assert_string_equal(out[0], "/{port}/root.pem");
        verdicts_words_free(out);
}

static void a_place_that_is_not_there_is_an_error_of_usage(void **state)
{
        const char *words[] = {"client", "{response}", NULL};
        struct err e = ERR_INIT;
        char **out;

        (void)state;
        assert_int_equal(verdicts_words(words, &values, &out, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        assert_non_null(strstr(e.text, "{response}"));
        assert_true(verdicts_words_have(words, PLACE_RESPONSE));
        assert_false(verdicts_words_have(words, PLACE_CA));
}

static void what_only_looks_like_a_place_is_found(void **state)
{
        const char *odd[] = {"{addr}", "{print $1} {} x{adr}{port}", NULL};
        const char *fine[] = {"{addr}{ca}", "${x} {} {a b} {addr", NULL};
        const char *at;
        int len;

        (void)state;
        at = verdicts_words_odd(odd, &len);
        assert_non_null(at);
        assert_int_equal(len, 5);
        assert_memory_equal(at, "{adr}", 5);
        assert_null(verdicts_words_odd(fine, &len));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(exit_zero_is_accepted_and_any_other_refused),
            cmocka_unit_test(
                a_signal_and_the_time_limit_are_outcomes_of_their_own),
            cmocka_unit_test(only_against_a_must_is_it_wrong),
            cmocka_unit_test(as_expected_is_right_whatever_the_basis),
            cmocka_unit_test(a_crash_is_wrong_and_a_hang_never_right),
            cmocka_unit_test(what_was_not_tried_is_neither),
            cmocka_unit_test(places_are_replaced_anywhere_in_a_word),
            cmocka_unit_test(a_word_stays_one_word),
            cmocka_unit_test(other_braces_stay),
            cmocka_unit_test(what_is_put_in_is_not_read_again),
            cmocka_unit_test(a_place_that_is_not_there_is_an_error_of_usage),
            cmocka_unit_test(what_only_looks_like_a_place_is_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
