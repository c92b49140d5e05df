#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <getopt.h>
#include <string.h>

#include "responder/options.h"

/* The words between "ocsp-responder" and the end. */
static int parse(struct options *o, struct err *e, const char *a, const char *b)
{
        char *argv[] = {(char *)(uintptr_t) "ocsp-responder",
            (char *)(uintptr_t)a, (char *)(uintptr_t)b, NULL};
        int argc = a == NULL ? 1 : b == NULL ? 2 : 3;

        optind = 0; /* begin anew */
        return options_parse(argc, argv, o, e);
}

static void defaults_are_those_of_the_contract(void **state)
{
        struct options o;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(parse(&o, &e, NULL, NULL), 0);
        assert_int_equal(o.policy.validity, 4 * 86400);
        assert_int_equal(o.policy.nonce, ANSWER_NONCE_ECHO);
        assert_int_equal(o.policy.unissued, ANSWER_UNISSUED_UNKNOWN);
        assert_int_equal(o.policy.responder_id, OCSP_BY_KEY);
        assert_null(o.listen);
        assert_string_equal(o.status, "127.0.0.1:0");
        assert_in_range(o.threads, 1, 256);
        assert_int_equal(o.max_requests, 0);
}

static void values_arrive(void **state)
{
        struct options o;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(parse(&o, &e, "--status=off", "--validity=90s"), 0);
        assert_null(o.status);
        assert_int_equal(o.policy.validity, 90);
        assert_int_equal(parse(&o, &e, "--cache", "3"), 0);
        assert_int_equal(o.cache, 3 << 20);
        assert_int_equal(parse(&o, &e, "--unissued", "extended-revoke"), 0);
        assert_int_equal(o.policy.unissued, ANSWER_UNISSUED_REVOKE);
        assert_int_equal(parse(&o, &e, "--responder-id", "name"), 0);
        assert_int_equal(o.policy.responder_id, OCSP_BY_NAME);
        assert_int_equal(parse(&o, &e, "--digest", "sha384"), 0);
        assert_string_equal(o.digest, "sha384");
}

static void nonsense_is_refused_with_its_option(void **state)
{
        static const char *const bad[][2] = {{"--cache", "x"},
            {"--threads", "0"}, {"--threads", "257"}, {"--nonce", ""},
            {"--digest", "sha1"}, {"--validity", "0"}, {"--max-age", "1.5s"},
            {"--max-requests", "-1"}, {"--max-connections", "5000000000"}};
        struct options o;
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                struct err e = ERR_INIT;

                assert_int_equal(parse(&o, &e, bad[i][0], bad[i][1]), -1);
                assert_int_equal(e.code, ERR_USAGE);
                if (strstr(e.text, bad[i][0]) == NULL)
                        fail_msg("%s is not named: %s", bad[i][0], e.text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(defaults_are_those_of_the_contract),
            cmocka_unit_test(values_arrive),
            cmocka_unit_test(nonsense_is_refused_with_its_option),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
