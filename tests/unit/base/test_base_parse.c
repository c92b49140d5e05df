#include "base_fixture.h"

#include <string.h>

static void durations_have_a_unit_or_the_callers(void **state)
{
        static const struct {
                const char *text;
                char bare;
                int64_t ms;
        } rows[] = {
            {"0", 's', 0},
            {"90", 's', 90000},
            {"90s", 'd', 90000},
            {"1500ms", 's', 1500},
            {"15m", 's', 900000},
            {"8h", 's', 28800000},
            {"4d", 's', 345600000},
            {"4", 'd', 345600000},
            {"2w", 's', 1209600000},
            {"1y", 's', INT64_C(31536000000)},
            {"1000y", 's', INT64_C(31536000000000)},
            {"007s", 's', 7000},
        };
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct err e = ERR_INIT;
                int64_t ms;

                if (parse_duration_ms(rows[i].text, rows[i].bare, &ms, &e) != 0)
                        fail_msg("%s", e.text);
                assert_int_equal(ms, rows[i].ms);
        }
}

static void what_is_no_duration_is_refused_as_usage(void **state)
{
        static const char *const texts[] = {"", " ", "s", "-1s", "+1s", " 1s",
            "1 s", "1s ", "1.5h", "1h30m", "0x10", "1S", "1M", "1e3",
            "18446744073709551616", "99999999999y", "366001d"};
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                struct err e = ERR_INIT;
                int64_t s = -7;

                if (parse_duration(texts[i], 's', &s, &e) == 0)
                        fail_msg("'%s' passed", texts[i]);
                assert_int_equal(e.code, ERR_USAGE);
                assert_int_equal(s, -7);
        }
}

static void a_fraction_of_a_second_needs_milliseconds(void **state)
{
        struct err e = ERR_INIT;
        int64_t s;

        (void)state;
        assert_int_equal(parse_duration("2000ms", 's', &s, &e), 0);
        assert_int_equal(s, 2);
        assert_int_equal(parse_duration("1500ms", 's', &s, &e), -1);
        assert_non_null(strstr(e.text, "whole number of seconds"));
}

/* 2026-11-21T10:00:00Z */
#define NOW INT64_C(1795255200)

static void times_are_rfc_3339_or_relative(void **state)
{
        static const struct {
                const char *text;
                int64_t at;
        } rows[] = {
            {"now", NOW},
            {"+8d", NOW + 8 * 86400},
            {"-3h", NOW - 3 * 3600},
            {"+90", NOW + 90},
            {"-0s", NOW},
            {"@0", 0},
            {"@-1", -1},
            {"@1795255200", NOW},
            {"2026-11-21T10:00:00Z", NOW},
            {"2026-11-21t10:00:00z", NOW},
            {"2026-11-21 10:00:00Z", NOW},
            {"2026-11-21T10:00:00.000Z", NOW},
            {"2026-11-21T10:00:00.999999+00:00", NOW},
            {"2026-11-21T12:30:00+02:30", NOW},
            {"2026-11-21T04:00:00-06:00", NOW},
            {"2026-11-21T10:00:00-00:00", NOW},
            {"2026-11-21", NOW - 36000},
            {"1970-01-01", 0},
            {"1950-01-01T00:00:00Z", INT64_C(-631152000)},
            {"9999-12-31T23:59:59Z", INT64_C(253402300799)},
            {"2000-02-29", INT64_C(951782400)},
            {"2028-02-29", INT64_C(1835395200)},
        };
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct err e = ERR_INIT;
                int64_t at;

                if (parse_time(rows[i].text, NOW, &at, &e) != 0)
                        fail_msg("%s", e.text);
                if (at != rows[i].at)
                        fail_msg("%s: %lld", rows[i].text, (long long)at);
        }
}

static void what_is_no_time_is_refused_as_usage(void **state)
{
        static const char *const texts[] = {"", "Now", "tomorrow", "8d", "+",
            "-", "+-3h", "+x", "@", "@ 1", "@+1", "@1x", "@--1",
            "@99999999999999999999", "2026", "2026-11", "26-11-21", "2026-1-1",
            "2026-11-21T", "2026-11-21T10", "2026-11-21T10:00",
            "2026-11-21T10:00:00", "2026-11-21T10:00:00.Z",
            "2026-11-21T10:00:00ZZ", "2026-11-21T10:00:00+0100",
            "2026-11-21T10:00:00+24:00", "2026-11-21T24:00:00Z",
            "2026-11-21T10:60:00Z", "2026-11-21T10:00:60Z", "2026-00-21",
            "2026-13-21", "2026-11-00", "2026-11-31", "2026-02-29",
            "2100-02-29", "1949-12-31", "1950-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01", "10000-01-01", "@253402300800",
            "@-631152001", "-100y", " now"};
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                struct err e = ERR_INIT;
                int64_t at;

                if (parse_time(texts[i], NOW, &at, &e) == 0)
                        fail_msg("'%s' passed", texts[i]);
                assert_int_equal(e.code, ERR_USAGE);
        }
}

static void the_calendar_goes_there_and_back_each_day(void **state)
{
        int64_t day, first = utc_seconds(0, 1, 1, 0, 0, 0) / 86400;
        int64_t last = utc_seconds(9999, 12, 31, 0, 0, 0) / 86400;
        int weekday = utc_split(first * 86400).weekday;

        (void)state;
        for (day = first; day <= last; day++) {
                struct utc u = utc_split(day * 86400 + 86399);

                assert_int_equal(utc_seconds(u.year, u.month, u.day, u.hour,
                                     u.minute, u.second),
                    day * 86400 + 86399);
                assert_int_equal(u.weekday, weekday);
                weekday = (weekday + 1) % 7;
        }
        assert_int_equal(utc_split(0).weekday, 4); /* a Thursday */
}

static void times_are_written_as_rfc_3339(void **state)
{
        char out[TIME_TEXT_MAX];

        (void)state;
        assert_string_equal(format_time(NOW, out), "2026-11-21T10:00:00Z");
        assert_string_equal(format_time(-1, out), "1969-12-31T23:59:59Z");
        assert_string_equal(
            format_time(INT64_C(253402300799), out), "9999-12-31T23:59:59Z");
        assert_string_equal(
            format_time(INT64_C(253402300800), out), "@253402300800");
        assert_string_equal(
            format_time(INT64_MAX, out), "@9223372036854775807");
        assert_string_equal(
            format_time(INT64_MIN, out), "@-9223372036854775808");
}

static void durations_are_written_in_their_two_largest_units(void **state)
{
        static const struct {
                int64_t s;
                const char *text;
        } rows[] = {{0, "0s"}, {59, "59s"}, {60, "1m"}, {61, "1m 1s"},
            {3600, "1h"}, {3601, "1h"}, {3660, "1h 1m"}, {86399, "23h 59m"},
            {86400, "1d"}, {273600, "3d 4h"}, {-61, "-1m 1s"},
            {INT64_MIN, "-106751991167300d 15h"}};
        char out[DURATION_TEXT_MAX];
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_string_equal(
                    format_duration(rows[i].s, out), rows[i].text);
}

static void numbers_have_a_limit(void **state)
{
        struct err e = ERR_INIT;
        uint64_t n;

        (void)state;
        assert_int_equal(parse_uint("65535", 65535, &n, &e), 0);
        assert_int_equal(n, 65535);
        assert_int_equal(
            parse_uint("18446744073709551615", UINT64_MAX, &n, &e), 0);
        assert_true(n == UINT64_MAX);
        assert_int_equal(parse_uint("65536", 65535, &n, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        assert_int_equal(
            parse_uint("18446744073709551616", UINT64_MAX, &n, &e), -1);
        assert_int_equal(parse_uint("", 9, &n, &e), -1);
        assert_int_equal(parse_uint("-1", 9, &n, &e), -1);
        assert_int_equal(parse_uint("+1", 9, &n, &e), -1);
        assert_int_equal(parse_uint(" 1", 9, &n, &e), -1);
        assert_int_equal(parse_uint("1x", 9, &n, &e), -1);
        assert_int_equal(parse_uint("0x1", 9, &n, &e), -1);
}

static void assert_hex(const char *text, const char *canonical)
{
        uint8_t bytes[4];
        char back[9];
        size_t len;

        if (hex_decode(text, bytes, sizeof(bytes), &len, NULL) != 0)
                fail_msg("'%s' refused", text);
        assert_string_equal(
            hex_encode((struct span){bytes, len}, back, sizeof(back)),
            canonical);
}

static void hex_takes_either_case_colons_and_odd_lengths(void **state)
{
        (void)state;
        assert_hex("0", "00");
        assert_hex("aBc", "0abc");
        assert_hex("01:fF", "01ff");
        assert_hex("1:ff", "01ff");
        assert_hex("deadbeef", "deadbeef");
}

static void what_is_no_hex_or_too_long_is_refused(void **state)
{
        static const char *const texts[] = {"", ":", "g", "0x1", " 1", "1 ",
            "1:", ":1", "ab::cd", "ab:c", "ab:c:de", "ab-cd", "0123456789",
            "123456789"};
        uint8_t bytes[4] = {0};
        size_t i, len;

        (void)state;
        for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                struct err e = ERR_INIT;

                if (hex_decode(texts[i], bytes, sizeof(bytes), &len, &e) == 0)
                        fail_msg("'%s' passed", texts[i]);
                assert_int_equal(e.code, ERR_USAGE);
        }
}

static void hex_that_does_not_fit_becomes_nothing(void **state)
{
        const uint8_t bytes[2] = {1, 2};
        char out[4] = "xyz";

        (void)state;
        assert_string_equal(hex_encode((struct span){bytes, 2}, out, 4), "");
        assert_string_equal(hex_encode((struct span){bytes, 1}, out, 3), "01");
        assert_string_equal(hex_encode((struct span){NULL, 0}, out, 1), "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(durations_have_a_unit_or_the_callers),
            cmocka_unit_test(what_is_no_duration_is_refused_as_usage),
            cmocka_unit_test(a_fraction_of_a_second_needs_milliseconds),
            cmocka_unit_test(times_are_rfc_3339_or_relative),
            cmocka_unit_test(what_is_no_time_is_refused_as_usage),
            cmocka_unit_test(the_calendar_goes_there_and_back_each_day),
            cmocka_unit_test(times_are_written_as_rfc_3339),
            cmocka_unit_test(durations_are_written_in_their_two_largest_units),
            cmocka_unit_test(numbers_have_a_limit),
            cmocka_unit_test(hex_takes_either_case_colons_and_odd_lengths),
            cmocka_unit_test(what_is_no_hex_or_too_long_is_refused),
            cmocka_unit_test(hex_that_does_not_fit_becomes_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
