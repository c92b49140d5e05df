/* NAME[:param=v[,param=v]] */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/base.h"
#include "scenario/scenario.h"

static struct scenario_choice parse(const char *text)
{
        struct scenario_choice c;
        struct err e = ERR_INIT;

        if (scenario_parse(text, &c, &e) != 0)
                fail_msg("%s: %s", text, e.text);
        return c;
}

static void an_alias_is_read_and_the_name_is_written(void **state)
{
        static const char *const rows[][2] = {
            {"stale", "expired"},
            {"good_other_cert", "good-other"},
            {"WRID", "wrong-responder-id"},
            {"stale:ago=90m", "expired:ago=5400s"},
            {"slow:delay=1500ms", "slow:delay=1500ms"},
            {"revoked:ago=2d,reason=keyCompromise",
                "revoked:reason=keyCompromise,ago=172800s"},
            {"bad-status:status=empty", "bad-status:status=empty"},
            {"multi:others=60", "multi:others=60"},
        };
        char text[SCENARIO_TEXT_MAX];
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct scenario_choice c = parse(rows[i][0]);

                assert_string_equal(scenario_text(&c, text), rows[i][1]);
                c = parse(text);
                assert_string_equal(scenario_text(&c, text), rows[i][1]);
        }
}

static void a_parameter_that_is_not_given_has_its_default(void **state)
{
        struct scenario_choice c = parse("revoked");

        (void)state;
        assert_int_equal(scenario_value(&c, "ago"), 3600000);
        assert_string_equal(
            c.scenario->params[0].words[scenario_value(&c, "reason")], "none");
        c = parse("revoked:reason=superseded");
        assert_int_equal(scenario_value(&c, "reason"), 4);
        assert_int_equal(scenario_value(&c, "ago"), 3600000);
}

static void what_is_wrong_is_said_with_what_would_be_right(void **state)
{
        static const char *const rows[][2] = {
            {"expird", "no scenario 'expird': did you mean 'expired'?"},
            {"goood", "no scenario 'goood': did you mean 'good'?"},
            {"good-ohter", "no scenario 'good-ohter': did you mean "
                           "'good-other'?"},
            {"stael", "no scenario 'stael': did you mean 'stale'?"},
            {"zzz", "no scenario 'zzz': see 'ocsp-ca scenario list'"},
            {"", "no scenario '': see 'ocsp-ca scenario list'"},
            {"good:a=1", "scenario good takes no parameter, so no 'a'"},
            {"expired:agp=1d", "scenario expired takes no parameter 'agp': it "
                               "takes ago"},
            {"expired:ago", "scenario expired: 'ago' is no 'parameter=value'"},
            {"expired:", "scenario expired: '' is no 'parameter=value'"},
            {"expired:ago=1d,ago=2d", "scenario expired: parameter ago is "
                                      "given twice"},
            {"future:ahead=0s", "scenario future: ahead: must be from 1 to "
                                "3153600000 s"},
            {"multi:others=0", "scenario multi: others: must be from 1 to 60"},
            {"bad-status:status=5", "scenario bad-status: status: '5' is none "
                                    "of 4, 17, negative, empty"},
        };
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct scenario_choice c;
                struct err e = ERR_INIT;

                assert_int_equal(scenario_parse(rows[i][0], &c, &e), -1);
                assert_int_equal(e.code, ERR_USAGE);
                assert_string_equal(e.text, rows[i][1]);
        }
}

static void what_is_too_long_or_too_large_is_refused(void **state)
{
        static const char *const texts[] = {"multi:others=61",
            "multi:others=99999999999999999999", "huge-body:kib=-1",
            "slow:delay=601s"};
        struct scenario_choice c;
        struct err e = ERR_INIT;
        char text[4096];
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                assert_int_equal(scenario_parse(texts[i], &c, &e), -1);
        memset(text, 'x', sizeof(text));
        for (i = 0; i < sizeof(text) - 1; i += 7) {
                text[i] = '\0';
                assert_int_equal(scenario_parse(text, &c, &e), -1);
                text[i] = 'x';
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(an_alias_is_read_and_the_name_is_written),
            cmocka_unit_test(a_parameter_that_is_not_given_has_its_default),
            cmocka_unit_test(what_is_wrong_is_said_with_what_would_be_right),
            cmocka_unit_test(what_is_too_long_or_too_large_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
