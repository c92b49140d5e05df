#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stapler/http/http.h"

static struct http_request r;
static size_t used;

static int parse(const char *text)
{
        used = 0;
        return http_parse(text, strlen(text), &r, &used);
}

/* The request line, with what HTTP/1.1 wants behind it. */
static int parse_line(const char *line)
{
        char text[4096];

        snprintf(text, sizeof(text), "%s\r\nHost: x\r\n\r\n", line);
        return parse(text);
}

static int parse_header(const char *header)
{
        char text[4096];

        snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n",
            header);
        return parse(text);
}

static void a_plain_request_is_read(void **state)
{
        const char *text = "GET /a/b.html HTTP/1.1\r\nHost: www:8443\r\n\r\n";

        (void)state;
        assert_int_equal(parse(text), 0);
        assert_int_equal(used, strlen(text));
        assert_int_equal(r.method, HTTP_GET);
        assert_string_equal(r.path, "/a/b.html");
        assert_string_equal(r.host, "www:8443");
        assert_true(r.keep);
        assert_false(r.has_content);
        assert_false(r.is_conditional);
}

static void each_part_of_it_is_too_little(void **state)
{
        const char *text = "\r\nHEAD / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n";
        size_t len;

        (void)state;
        for (len = 0; len < strlen(text); len++)
                assert_int_equal(http_parse(text, len, &r, &used), -1);
        assert_int_equal(http_parse(text, len, &r, &used), 0);
        assert_int_equal(r.method, HTTP_HEAD);
}

static void what_follows_is_left(void **state)
{
        (void)state;
        assert_int_equal(parse("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /2"), 0);
        assert_int_equal(used, strlen("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
}

static void a_path_is_decoded_once_and_ends_at_the_query(void **state)
{
        (void)state;
        assert_int_equal(parse_line("GET /%41%2e%2F%252e?%00 HTTP/1.1"), 0);
        assert_string_equal(r.path, "/A./%2e");
}

static void the_absolute_form_is_understood(void **state)
{
        (void)state;
        assert_int_equal(parse_line("GET https://h:1/p HTTP/1.1"), 0);
        assert_string_equal(r.path, "/p");
        assert_string_equal(r.host, "h:1");
        assert_int_equal(parse_line("GET https:///p HTTP/1.1"), 400);
        assert_int_equal(parse_line("GET https://h HTTP/1.1"), 400);
}

static void lines_that_are_none_are_refused(void **state)
{
        static const char *const bad[] = {
            "GET",
            "GET /",
            "GET  / HTTP/1.1",
            " GET / HTTP/1.1",
            "GET / HTTP/1.1 ",
            "GET /a b HTTP/1.1",
            "GET / http/1.1",
            "GET / HTTP/11",
            "G@T / HTTP/1.1",
            "GET * HTTP/1.1",
            "GET a HTTP/1.1",
            "GET /%0 HTTP/1.1",
            "GET /%gg HTTP/1.1",
            "GET /%00 HTTP/1.1",
            "GET /%+1 HTTP/1.1",
            "GET /#x HTTP/1.1",
            "GET /\x80 HTTP/1.1",
            "GET /\x01 HTTP/1.1",
        };
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                if (parse_line(bad[i]) < 400)
                        fail_msg("taken: %s", bad[i]);
        }
        assert_int_equal(parse_line("GET / HTTP/2.0"), 505);
}

static void headers_that_are_none_are_refused(void **state)
{
        static const char *const bad[] = {
            "no colon",
            "A : b",
            ": b",
            " folded: b",
            "A: b\r\n folded",
            "A: b\nB: c",
            "A: \x01",
            "Host: y",
            "A(: b",
        };
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                if (parse_header(bad[i]) != 400)
                        fail_msg("taken: %s", bad[i]);
        }
}

static void a_host_is_needed_once_by_http_1_1(void **state)
{
        (void)state;
        assert_int_equal(parse("GET / HTTP/1.1\r\nA: b\r\n\r\n"), 400);
        assert_int_equal(parse("GET / HTTP/1.0\r\nA: b\r\n\r\n"), 0);
        assert_false(r.keep);
        assert_string_equal(r.host, "");
}

static void close_is_heard_in_any_list(void **state)
{
        (void)state;
        assert_int_equal(parse_header("Connection: keep-alive"), 0);
        assert_true(r.keep);
        assert_int_equal(parse_header("connection: te, CLOSE ,x"), 0);
        assert_false(r.keep);
        assert_int_equal(parse_header("Connection: closed"), 0);
        assert_true(r.keep);
}

static void content_is_noticed(void **state)
{
        (void)state;
        assert_int_equal(parse_header("Content-Length: 0"), 0);
        assert_false(r.has_content);
        assert_int_equal(parse_header("Content-Length: 00"), 0);
        assert_true(r.has_content);
        assert_int_equal(parse_header("Transfer-Encoding: chunked"), 0);
        assert_true(r.has_content);
}

static void conditions_are_read(void **state)
{
        (void)state;
        assert_int_equal(
            parse_header("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"),
            0);
        assert_true(r.is_conditional);
        assert_int_equal(r.modified_since, 784111777);
        assert_int_equal(parse_header("If-Modified-Since: yesterday"), 0);
        assert_false(r.is_conditional);
        assert_int_equal(
            parse_header("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                         "If-None-Match: \"x\""),
            0);
        assert_false(r.is_conditional);
}

static void what_is_too_long_is_refused(void **state)
{
        static char text[HTTP_HEAD_MAX + 100];

        (void)state;
        memset(text, 'a', sizeof(text) - 1);
        assert_int_equal(parse(text), 431);
        memcpy(text, "GET / HTTP/1.1\r\nHost: x\r\nA: ", 28);
        memcpy(text + sizeof(text) - 5, "\r\n\r\n", 4);
        assert_int_equal(parse(text), 431);
        memset(text, 'a', sizeof(text) - 1);
        memcpy(text, "GET /", 5);
        strcpy(text + HTTP_PATH_MAX + 5, " HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_int_equal(parse(text), 414);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_plain_request_is_read),
            cmocka_unit_test(each_part_of_it_is_too_little),
            cmocka_unit_test(what_follows_is_left),
            cmocka_unit_test(a_path_is_decoded_once_and_ends_at_the_query),
            cmocka_unit_test(the_absolute_form_is_understood),
            cmocka_unit_test(lines_that_are_none_are_refused),
            cmocka_unit_test(headers_that_are_none_are_refused),
            cmocka_unit_test(a_host_is_needed_once_by_http_1_1),
            cmocka_unit_test(close_is_heard_in_any_list),
            cmocka_unit_test(content_is_noticed),
            cmocka_unit_test(conditions_are_read),
            cmocka_unit_test(what_is_too_long_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
