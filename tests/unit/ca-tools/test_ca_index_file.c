#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ca-tools/index_file.h"

static const int64_t NOW = 1795219200; /* 2026-11-21 */

static int fd = -1;
static struct index_file *file;

/* A file with that content, open for index_scan. */
static void content_of(const char *text, size_t len, bool skip_unfinished)
{
        struct err e = ERR_INIT;

        fd = memfd_create("index.txt", MFD_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, len), len);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_int_equal(
            index_open(fd, "index.txt", skip_unfinished, &file, &e), 0);
}

static void content(const char *text, size_t len)
{
        content_of(text, len, false);
}

static int teardown(void **state)
{
        (void)state;
        index_close(file);
        if (fd >= 0)
                close(fd);
        file = NULL;
        fd = -1;
        return 0;
}

static void refused(const char *text, size_t len, const char *says)
{
        struct err e = ERR_INIT;

        content(text, len);
        assert_int_equal(index_scan(file, NOW, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        if (strstr(e.text, says) == NULL)
                fail_msg("'%s'", e.text);
        teardown(NULL);
}

#define ROW(serial, subject)                                                   \
        "V\t301122101112Z\t\t" serial "\tunknown\t" subject "\n"
#define OLD(serial, subject)                                                   \
        "E\t101122101112Z\t\t" serial "\tunknown\t" subject "\n"

/* The names that the rows get, with a comma behind each. */
static void names_of(char *out, size_t size)
{
        char name[LAB_NAME_MAX + 1];
        struct err e = ERR_INIT;
        struct index_row row;
        size_t len = 0;
        int rc;

        while ((rc = index_next(file, &row, name, &e)) == 1)
                len += (size_t)snprintf(out + len, size - len, "%s,", name);
        assert_int_equal(rc, 0);
}

static void names_are(const char *text, const char *want)
{
        struct err e = ERR_INIT;
        char names[200] = "";

        content(text, strlen(text));
        assert_int_equal(index_scan(file, NOW, &e), 0);
        names_of(names, sizeof(names));
        assert_string_equal(names, want);
        teardown(NULL);
}

static void the_newest_valid_one_gets_the_name(void **state)
{
        (void)state;
        names_are(ROW("01", "/CN=a") ROW("02", "/CN=b"), "a,b,");
        names_are(ROW("01", "/CN=a") ROW("02", "/CN=a"), ",a,");
        names_are(ROW("01", "/CN=a") OLD("02", "/CN=a"), "a,,");
        names_are(OLD("01", "/CN=a") OLD("02", "/CN=a"), ",a,");
        names_are(ROW("01", "/CN=A B") ROW("02", "/O=x"), ",,");
        names_are("", "");
}

static void comments_and_crlf_are_read_over(void **state)
{
        (void)state;
        names_are("# x\nV\t301122101112Z\t\t01\tunknown\t/CN=a\r\n#\n", "a,");
}

static void a_bad_line_is_named_by_its_number(void **state)
{
        static const char nul[] = ROW("01", "/CN=a") "V\0\n";

        (void)state;
        refused("#\n" ROW("01", "/CN=a") "X\n", 4 + 34 - 1,
            "index.txt: line 3: has no end");
        refused(ROW("01", "/CN=a") "X\n", 36, "index.txt: line 2: 1 fields");
        refused(ROW("01", "/CN=a") "\n", 35, "index.txt: line 2: 1 fields");
        refused(nul, sizeof(nul) - 1, "index.txt: line 2: holds a NUL");
}

static void a_last_line_without_an_end_can_be_skipped(void **state)
{
        static const char text[] = ROW("01", "/CN=a") ROW("02", "/CN=b");
        char name[LAB_NAME_MAX + 1], names[200] = "";
        struct err e = ERR_INIT;
        struct index_row row;

        (void)state;
        content_of(text, sizeof(text) - 2, true);
        assert_int_equal(index_scan(file, NOW, &e), 0);
        names_of(names, sizeof(names));
        assert_string_equal(names, "a,");
        teardown(NULL);
        /* It gets its end between the passes. */
        content_of(text, sizeof(text) - 2, true);
        assert_int_equal(index_scan(file, NOW, &e), 0);
        assert_int_equal(
            pwrite(fd, text, sizeof(text) - 1, 0), sizeof(text) - 1);
        assert_int_equal(index_next(file, &row, name, &e), 1);
        assert_int_equal(index_next(file, &row, name, &e), 1);
        assert_int_equal(index_next(file, &row, name, &e), -1);
        assert_int_equal(e.code, ERR_TRYLATER);
}

static void a_serial_that_comes_twice_is_refused(void **state)
{
        static const char text[] =
            ROW("01", "/CN=a") ROW("02", "/CN=b") ROW("0001", "/CN=c");

        (void)state;
        refused(text, sizeof(text) - 1,
            "index.txt: line 3: an earlier line has the serial 01 too");
}

static void the_serials_that_are_listed_are_known(void **state)
{
        static const char text[] = ROW("01", "/CN=a") ROW("00FF", "/CN=b");
        static const uint8_t ff[] = {0, 0xff}, two[] = {2};
        struct err e = ERR_INIT;

        (void)state;
        content(text, sizeof(text) - 1);
        assert_int_equal(index_scan(file, NOW, &e), 0);
        assert_true(index_lists(file, (struct span){ff, sizeof(ff)}));
        assert_false(index_lists(file, (struct span){two, sizeof(two)}));
}

static void a_line_may_be_long_but_not_longer(void **state)
{
        static char text[INDEX_LINE_MAX + 100];
        struct err e = ERR_INIT;
        char names[10] = "";
        int n;

        (void)state;
        n = snprintf(text, sizeof(text), "V\t301122101112Z\t\t01\tx\t/CN=");
        memset(text + n, 'a', sizeof(text) - (size_t)n);
        text[INDEX_LINE_MAX] = '\n';
        content(text, INDEX_LINE_MAX + 1);
        assert_int_equal(index_scan(file, NOW, &e), 0);
        names_of(names, sizeof(names));
        assert_string_equal(names, ","); /* too long for a name */
        teardown(NULL);
        text[INDEX_LINE_MAX] = 'a';
        text[INDEX_LINE_MAX + 1] = '\n';
        refused(text, INDEX_LINE_MAX + 2, "line 1: longer than 8192");
}

static void ten_megabytes_without_a_line_end_are_refused(void **state)
{
        size_t len = 10 << 20;
        char *text = malloc(len);

        (void)state;
        assert_non_null(text);
        memset(text, 'V', len);
        refused(text, len, "line 1: longer than 8192");
        free(text);
}

static void a_file_that_changes_between_the_passes_is_noticed(void **state)
{
        static const char text[] = ROW("01", "/CN=a") ROW("02", "/CN=b");
        static const char *const others[] = {ROW("01", "/CN=a") "R", "",
            ROW("01", "/CN=a") ROW("02", "/CN=c"), "x"};
        char name[LAB_NAME_MAX + 1];
        struct index_row row;
        size_t i;
        int rc;

        (void)state;
        for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
                struct err e = ERR_INIT;

                content(text, sizeof(text) - 1);
                assert_int_equal(index_scan(file, NOW, &e), 0);
                assert_int_equal(ftruncate(fd, 0), 0);
                assert_int_equal(pwrite(fd, others[i], strlen(others[i]), 0),
                    strlen(others[i]));
                while ((rc = index_next(file, &row, name, &e)) == 1)
                        ;
                assert_int_equal(rc, -1);
                assert_int_equal(e.code, ERR_TRYLATER);
                teardown(NULL);
        }
}

static void a_hundred_thousand_rows_keep_their_serials_and_names(void **state)
{
        char name[LAB_NAME_MAX + 1], want[20];
        struct err e = ERR_INIT;
        struct buf text = {0};
        struct index_row row;
        size_t i, n = 100000;

        (void)state;
        for (i = 0; i < n; i++)
                buf_printf(&text, ROW("%06zX", "/CN=n%zu"), i, i % (n / 2));
        content((const char *)text.data, text.len);
        buf_release(&text);
        assert_int_equal(index_scan(file, NOW, &e), 0);
        for (i = 0; i < n; i++) {
                assert_int_equal(index_next(file, &row, name, &e), 1);
                assert_int_equal(index_rows(file), i + 1);
                snprintf(want, sizeof(want), "n%zu", i % (n / 2));
                assert_string_equal(name, i < n / 2 ? "" : want);
        }
        assert_int_equal(index_percent(file), 100);
        assert_int_equal(index_next(file, &row, name, &e), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
        const struct CMUnitTest tests[] = {
            TEST(the_newest_valid_one_gets_the_name),
            TEST(comments_and_crlf_are_read_over),
            TEST(a_bad_line_is_named_by_its_number),
            TEST(a_last_line_without_an_end_can_be_skipped),
            TEST(a_serial_that_comes_twice_is_refused),
            TEST(the_serials_that_are_listed_are_known),
            TEST(a_line_may_be_long_but_not_longer),
            TEST(ten_megabytes_without_a_line_end_are_refused),
            TEST(a_file_that_changes_between_the_passes_is_noticed),
            TEST(a_hundred_thousand_rows_keep_their_serials_and_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
