#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "httpc/internal.h"

static struct httpc_url parsed(const char *text)
{
        struct httpc_url u;
        struct err e = ERR_INIT;

        if (httpc_url_parse(text, &u, &e) != 0)
                fail_msg("%s: %s", text, e.text);
        return u;
}

static void a_url_is_taken_apart(void **state)
{
        struct httpc_url u = parsed("http://ocsp.example:8080/a/b?c=d#e");

        (void)state;
        assert_string_equal(u.scheme, "http");
        assert_string_equal(u.host, "ocsp.example");
        assert_int_equal(u.port, 8080);
        assert_string_equal(u.path, "/a/b?c=d");
}

static void only_http_is_fetched(void **state)
{
        struct httpc_url u;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(httpc_url_parse_http("http://h/", &u, &e), 0);
        assert_int_equal(httpc_url_parse_http("https://h/", &u, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_int_equal(httpc_url_parse_http("file:///h", &u, &e), -1);
}

static void the_port_follows_the_scheme(void **state)
{
        (void)state;
        assert_int_equal(parsed("http://h").port, 80);
        assert_int_equal(parsed("HTTPS://h").port, 443);
        assert_string_equal(parsed("http://h").path, "");
        assert_string_equal(parsed("http://h?x").path, "/?x");
}

static void an_ipv6_host_has_no_brackets(void **state)
{
        struct httpc_url u = parsed("http://[::1]:99/x");
        char authority[HTTPC_AUTHORITY_MAX];

        (void)state;
        assert_string_equal(u.host, "::1");
        assert_int_equal(u.port, 99);
        httpc_authority(&u, authority);
        assert_string_equal(authority, "[::1]:99");
}

static void what_is_no_http_url_is_refused(void **state)
{
        static const char *const bad[] = {"", "file:///etc/passwd", "ldap://h/",
            "h:80", "http://", "http:///x", "http://h:0/", "http://h:65536/",
            "http://h:8o/", "http://h:/", "http://[::1/", "http://[::1]x/",
            "http://[[=]", "http://[h]/", "http://[127.0.0.1]/",
            "http://[::1%25lo]/", "http://h]/", "http://h\"/",
            "http://user:secret@h/", "http://h/a b", "http://h/\r\nX: y",
            "http://h/\xc3\xa4"};
        struct httpc_url u;
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                struct err e = ERR_INIT;

                if (httpc_url_parse(bad[i], &u, &e) == 0)
                        fail_msg("accepted: %s", bad[i]);
                assert_int_equal(e.code, ERR_DATA);
                assert_null(strstr(e.text, "\r"));
        }
}

static void a_url_over_the_limit_is_refused(void **state)
{
        char text[HTTPC_URL_MAX + 1] = "http://h/";
        struct httpc_url u;
        struct err e = ERR_INIT;

        (void)state;
        memset(text + 9, 'a', sizeof(text) - 10);
        assert_int_equal(httpc_url_parse(text, &u, &e), -1);
        text[HTTPC_URL_MAX - 1] = '\0';
        assert_int_equal(httpc_url_parse(text, &u, &e), 0);
}

static void a_location_is_joined_to_the_url_it_came_from(void **state)
{
        static const struct {
                const char *location, *result;
        } cases[] = {
            {"http://other/x", "http://other/x"},
            {"https://other/x", "https://other/x"},
            {"//other:1/x", "http://other:1/x"},
            {"/x?u=http://y", "http://h:81/x?u=http://y"},
            {"x", "http://h:81/a/x"},
        };
        struct httpc_url from = parsed("http://h:81/a/b");
        char out[HTTPC_URL_MAX];
        struct err e = ERR_INIT;
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                assert_int_equal(
                    httpc_url_join(&from, cases[i].location, out, &e), 0);
                assert_string_equal(out, cases[i].result);
        }
}

static void localhost_names_stay_on_this_machine(void **state)
{
        static const char *const names[] = {
            "localhost", "www.localhost", "LOCALHOST.", "a.b.localhost"};
        char out[HTTPC_ADDRESSES_MAX][HTTPC_ADDRESS_TEXT];
        struct err e = ERR_INIT;
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                assert_int_equal(httpc_resolve(names[i], out, 8, &e), 2);
                assert_string_equal(out[0], "127.0.0.1");
                assert_string_equal(out[1], "::1");
        }
        assert_int_equal(httpc_resolve("127.0.0.7", out, 8, &e), 1);
        assert_string_equal(out[0], "127.0.0.7");
        assert_int_equal(httpc_resolve("::1", out, 8, &e), 1);
        assert_string_equal(out[0], "::1");
}

static void retry_after_is_seconds_or_a_date(void **state)
{
        const char *date = "Sun, 06 Nov 1994 08:49:37 GMT";

        (void)state;
        assert_int_equal(httpc_retry_after(NULL, NULL), -1);
        assert_int_equal(httpc_retry_after("120", NULL), 120);
        assert_int_equal(
            httpc_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", date), 60);
        assert_int_equal(
            httpc_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", date), 0);
        assert_int_equal(
            httpc_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", NULL), -1);
        assert_int_equal(httpc_retry_after("soon", date), -1);
        assert_int_equal(
            httpc_retry_after("Sun, 06 Nov 1994 8:50:37 GMT", date), -1);
        assert_int_equal(
            httpc_retry_after("Sun, 06 Foo 1994 08:50:37 GMT", date), -1);
        assert_int_equal(
            httpc_retry_after("Sun, 06 Nov 1994 08:50:37 CET", date), -1);
        assert_int_equal(
            httpc_retry_after("Sun, -6 Nov 1994 08:50:37 GMT", date), -1);
        assert_int_equal(
            httpc_retry_after("99999999999999999999", NULL), 366 * 86400);
}

static void max_age_is_found_among_directives(void **state)
{
        (void)state;
        assert_int_equal(httpc_max_age(NULL, NULL), -1);
        assert_int_equal(httpc_max_age("public, no-transform", NULL), -1);
        assert_int_equal(httpc_max_age("max-age=5", NULL), 5);
        assert_int_equal(httpc_max_age("public, Max-Age=\"7\", x", NULL), 7);
        assert_int_equal(httpc_max_age("s-max-age=9", NULL), -1);
}

static void the_age_of_a_cached_answer_counts(void **state)
{
        (void)state;
        assert_int_equal(httpc_max_age("max-age=50", "20"), 30);
        assert_int_equal(httpc_max_age("max-age=50", "50"), 0);
        assert_int_equal(httpc_max_age("max-age=50", "99999"), 0);
        assert_int_equal(httpc_max_age("max-age=50", "old"), 50);
        assert_int_equal(httpc_max_age("public", "20"), -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_url_is_taken_apart),
            cmocka_unit_test(only_http_is_fetched),
            cmocka_unit_test(the_port_follows_the_scheme),
            cmocka_unit_test(an_ipv6_host_has_no_brackets),
            cmocka_unit_test(what_is_no_http_url_is_refused),
            cmocka_unit_test(a_url_over_the_limit_is_refused),
            cmocka_unit_test(a_location_is_joined_to_the_url_it_came_from),
            cmocka_unit_test(localhost_names_stay_on_this_machine),
            cmocka_unit_test(retry_after_is_seconds_or_a_date),
            cmocka_unit_test(max_age_is_found_among_directives),
            cmocka_unit_test(the_age_of_a_cached_answer_counts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
