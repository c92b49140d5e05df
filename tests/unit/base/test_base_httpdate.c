#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/httpdate.h"

static void dates_are_read_in_all_three_forms(void **state)
{
        static const struct {
                const char *text;
                int64_t at;
        } rows[] = {
            {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
            {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
            {"Sun Nov  6 08:49:37 1994", 784111777},
            {"Fri, 15 Jan 2027 08:00:00 GMT", 1800000000},
        };
        static const char *const bad[] = {"", "Sun", "1994-11-06",
            "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 GMT x", "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1900 08:49:37 GMT", "Sun, 06 Nov yyyy 08:49:37 GMT",
            "*, 06 n 1994 08:49:37 GMT"};
        char text[HTTP_DATE_MAX];
        int64_t at;
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_true(http_date_parse(rows[i].text, &at));
                assert_int_equal(at, rows[i].at);
                assert_true(http_date_parse(http_date(at, text), &at));
                assert_int_equal(at, rows[i].at);
        }
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                if (http_date_parse(bad[i], &at))
                        fail_msg("read as a date: %s", bad[i]);
}

static void dates_are_written_as_imf_fixdate(void **state)
{
        char text[HTTP_DATE_MAX];

        (void)state;
        assert_string_equal(
            http_date(784111777, text), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_string_equal(
            http_date(0, text), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_string_equal(
            http_date(4102444799, text), "Thu, 31 Dec 2099 23:59:59 GMT");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(dates_are_read_in_all_three_forms),
            cmocka_unit_test(dates_are_written_as_imf_fixdate),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
