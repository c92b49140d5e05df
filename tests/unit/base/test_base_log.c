#include "base_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void log_to(const char *name, enum log_level lowest)
{
        struct err e = ERR_INIT;

        if (log_open(in_folder(name), lowest, &e) != 0)
                fail_msg("%s", e.text);
}

/* "2026-11-21T10:00:00Z " and the rest, which is returned. */
static const char *after_stamp(const char *line)
{
        int64_t t;
        char stamp[21] = "";

        assert_true(strlen(line) > 21);
        memcpy(stamp, line, 20);
        assert_int_equal(parse_time(stamp, 0, &t, NULL), 0);
        assert_int_equal(line[20], ' ');
        return line + 21;
}

static void a_line_is_time_level_subsystem_and_text(void **state)
{
        (void)state;
        log_to("log", LOG_INFO_);
        log_line(LOG_WARN_, "staple", "cert=%s", "www");
        assert_string_equal(after_stamp(content_of(in_folder("log"))),
            "warn staple cert=www\n");
}

static void lines_below_the_lowest_level_are_dropped(void **state)
{
        (void)state;
        log_to("log", LOG_WARN_);
        log_line(LOG_INFO_, "x", "no");
        log_line(LOG_DEBUG_, "x", "no");
        log_line(LOG_ERROR_, "x", "yes");
        assert_string_equal(
            after_stamp(content_of(in_folder("log"))), "error x yes\n");
}

static void a_long_line_is_cut_and_still_ends(void **state)
{
        char text[5000];
        const char *got;

        (void)state;
        memset(text, 'z', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        log_to("log", LOG_INFO_);
        log_line(LOG_INFO_, "x", "%s", text);
        log_line(LOG_INFO_, "x", "next");
        got = content_of(in_folder("log"));
        assert_int_equal(strchr(got, '\n') - got, 2046);
        assert_string_equal(
            after_stamp(strchr(got, '\n') + 1), "info x next\n");
}

static void reopening_follows_a_renamed_file(void **state)
{
        char old[PATH_MAX];

        (void)state;
        log_to("log", LOG_INFO_);
        log_line(LOG_INFO_, "x", "one");
        snprintf(old, sizeof(old), "%s", in_folder("log.1"));
        assert_int_equal(rename(in_folder("log"), old), 0);
        log_reopen();
        log_line(LOG_INFO_, "x", "two");
        assert_string_equal(after_stamp(content_of(old)), "info x one\n");
        assert_string_equal(
            after_stamp(content_of(in_folder("log"))), "info x two\n");
}

static void *write_lines(void *arg)
{
        int i;

        for (i = 0; i < 200; i++)
                log_line(LOG_INFO_, "t", "%s", (const char *)arg);
        return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
        char a[] = "aaaaaaaaaaaaaaaaaaaa", b[] = "bbbbbbbbbbbbbbbbbbbb";
        char copy[65536], *line, *rest = copy;
        pthread_t t[2];
        int n = 0;

        (void)state;
        log_to("log", LOG_INFO_);
        assert_int_equal(pthread_create(&t[0], NULL, write_lines, a), 0);
        assert_int_equal(pthread_create(&t[1], NULL, write_lines, b), 0);
        pthread_join(t[0], NULL);
        pthread_join(t[1], NULL);
        snprintf(copy, sizeof(copy), "%s", content_of(in_folder("log")));
        while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
                const char *text = after_stamp(line) + strlen("info t ");

                assert_true(strcmp(text, a) == 0 || strcmp(text, b) == 0);
                n++;
        }
        assert_int_equal(n, 400);
}

static void an_unwritable_log_is_an_error(void **state)
{
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(log_open(in_folder("no/log"), LOG_INFO_, &e), -1);
        assert_int_equal(e.code, ERR_NOTFOUND);
}

/* The last: there is no way back from it. */
static void a_line_of_json_has_the_pairs_as_members(void **state)
{
        static const struct {
                const char *body, *json;
        } table[] = {
            {"cert=www why=\"it is so\" next=\"a; b\"",
                ",\"cert\":\"www\",\"why\":\"it is so\",\"next\":\"a; b\"}\n"},
            {"listening url=x", ",\"text\":\"listening url=x\"}\n"},
            {"n=1 a 'word' \\x0a",
                ",\"n\":\"1\",\"text\":\"a 'word' \\\\x0a\"}\n"},
            {"why=\"never ends", ",\"why\":\"never ends\"}\n"},
            {"a= =b", ",\"a\":\"\",\"text\":\"=b\"}\n"},
            {"p=\xc3\xa4\t\xff\xed\xa0\x80\xf0\x9f\x98\x80\xe2\x82",
                ",\"p\":\"\xc3\xa4\\u0009????\xf0\x9f\x98\x80??\"}\n"},
            {"", "}\n"},
        };
        static const char head[] = ",\"level\":\"warn\",\"subsystem\":\"x\"";
        const char *got;
        size_t i;

        (void)state;
        log_to("log", LOG_INFO_);
        log_as_json();
        for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
                assert_int_equal(truncate(in_folder("log"), 0), 0);
                log_line(LOG_WARN_, "x", "%s", table[i].body);
                got = content_of(in_folder("log"));
                assert_memory_equal(got, "{\"at\":\"2", 8);
                got = strchr(got, ',');
                assert_memory_equal(got, head, strlen(head));
                assert_string_equal(got + strlen(head), table[i].json);
        }
}

static const char *escaped(const char *text, size_t len)
{
        static char out[LOG_ESCAPED_MAX];

        return log_escape((struct span){(const uint8_t *)text, len}, out);
}

static void what_a_peer_sends_cannot_forge_a_line(void **state)
{
        (void)state;
        assert_string_equal(escaped("plain text", 10), "plain text");
        assert_string_equal(escaped("a\nb\x1b[0m\"\\\0\x80", 11),
            "a\\x0ab\\x1b[0m\\x22\\x5c\\x00\\x80");
        assert_string_equal(
            log_escape((struct span){NULL, 0}, (char[LOG_ESCAPED_MAX]){""}),
            "");
}

static void long_text_of_a_peer_is_cut_with_dots(void **state)
{
        char text[1000];
        size_t len;

        (void)state;
        memset(text, '\n', sizeof(text));
        for (len = 0; len < sizeof(text); len++) {
                const char *out = escaped(text, len);
                size_t n = strlen(out);

                assert_true(n < LOG_ESCAPED_MAX);
                if (n != 4 * len)
                        assert_string_equal(out + n - 3, "...");
        }
}

#define IN_FOLDER(f)                                                           \
        cmocka_unit_test_setup_teardown(f, folder_setup, folder_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
            IN_FOLDER(a_line_is_time_level_subsystem_and_text),
            IN_FOLDER(lines_below_the_lowest_level_are_dropped),
            IN_FOLDER(a_long_line_is_cut_and_still_ends),
            IN_FOLDER(reopening_follows_a_renamed_file),
            IN_FOLDER(lines_of_threads_do_not_mix),
            IN_FOLDER(an_unwritable_log_is_an_error),
            cmocka_unit_test(what_a_peer_sends_cannot_forge_a_line),
            cmocka_unit_test(long_text_of_a_peer_is_cut_with_dots),
            IN_FOLDER(a_line_of_json_has_the_pairs_as_members),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
