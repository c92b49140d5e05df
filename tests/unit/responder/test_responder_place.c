#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "responder/place.h"

static void assert_place(const char *url, const char *address, const char *path)
{
        struct place p;

        assert_int_equal(place_parse(url, &p, NULL), 0);
        assert_string_equal(p.address, address);
        assert_string_equal(p.path, path);
}

static void urls_come_apart(void **state)
{
        (void)state;
        assert_place("http://127.0.0.1:8888", "127.0.0.1:8888", "");
        assert_place("http://127.0.0.1:8888/", "127.0.0.1:8888", "");
        assert_place("HTTP://h/ocsp//", "h:80", "/ocsp");
        assert_place("http://[::1]:1/a/b", "[::1]:1", "/a/b");
        assert_place("http://[::1]", "[::1]:80", "");
        assert_place("http://h:1?x", "h:1", "");
        assert_place("http://h:1/p?x#y", "h:1", "/p");
}

static void what_is_no_url_for_us_is_refused(void **state)
{
        static const char *const bad[] = {"", "http://", "https://h/",
            "127.0.0.1:80", "http:///x", "http://u@h/", "ftp://h/"};
        char big[1000] = "http://";
        struct place p;
        struct err e = ERR_INIT;
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                assert_int_equal(place_parse(bad[i], &p, &e), -1);
                assert_int_equal(e.code, ERR_USAGE);
        }
        memset(big + 7, 'h', sizeof(big) - 8);
        assert_int_equal(place_parse(big, &p, &e), -1);
        big[10] = '/';
        assert_int_equal(place_parse(big, &p, &e), -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(urls_come_apart),
            cmocka_unit_test(what_is_no_url_for_us_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
