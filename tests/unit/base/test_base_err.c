/* Errors, exit codes and the names in a lab directory. */
#include "base_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void an_error_is_one_line_with_its_code(void **state)
{
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(err_set(&e, ERR_DATA, "%s", "two\r\nlines"), -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_string_equal(e.text, "two  lines");
        assert_int_equal(err_set(NULL, ERR_DATA, "nobody listens"), -1);
}

static void a_missing_and_an_existing_file_have_their_own_codes(void **state)
{
        struct err e = ERR_INIT;

        (void)state;
        errno = ENOENT;
        assert_int_equal(err_errno(&e, ERR_IO, "x"), -1);
        assert_int_equal(e.code, ERR_NOTFOUND);
        assert_string_equal(e.text, "x: No such file or directory");
        errno = EEXIST;
        err_errno(&e, ERR_IO, "x");
        assert_int_equal(e.code, ERR_EXISTS);
        errno = ENOSPC;
        err_errno(&e, ERR_IO, "x");
        assert_int_equal(e.code, ERR_IO);
}

static void a_prefix_goes_before_the_text_and_keeps_the_code(void **state)
{
        struct err e = ERR_INIT;

        (void)state;
        err_set(&e, ERR_CONFIG, "why");
        assert_int_equal(err_prefix(&e, "file %d", 7), -1);
        assert_string_equal(e.text, "file 7: why");
        assert_int_equal(e.code, ERR_CONFIG);
}

static void of_a_long_text_both_ends_are_kept(void **state)
{
        struct err e = ERR_INIT;
        char text[2 * ERR_TEXT_MAX];

        (void)state;
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        err_set(&e, ERR_DATA, "'%s' is no name", text);
        assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
        assert_memory_equal(e.text, "'xxx", 4);
        assert_non_null(strstr(e.text, "xxx...xxx"));
        assert_non_null(strstr(e.text, "xxx' is no name"));
        err_prefix(&e, "%s", text);
        assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
        assert_non_null(strstr(e.text, "xxx' is no name"));
        errno = EIO;
        err_errno(&e, ERR_DATA, "%s", text);
        assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
        assert_non_null(strstr(e.text, "xxx: Input/output error"));
}

static void a_text_that_just_fits_is_whole(void **state)
{
        struct err e = ERR_INIT;
        char text[ERR_TEXT_MAX];

        (void)state;
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        err_set(&e, ERR_DATA, "%s", text);
        assert_string_equal(e.text, text);
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
        struct err e = ERR_INIT;

        (void)state;
        err_set(&e, ERR_DATA, "%s", "a\x1b[31m\tb\x7f \xc3\xa4");
        assert_string_equal(e.text, "a [31m b  \xc3\xa4");
}

static void a_name_is_a_plain_file_name(void **state)
{
        char longest[LAB_NAME_MAX + 2];

        (void)state;
        assert_true(lab_name_valid("www"));
        assert_true(lab_name_valid("A.b_c-1"));
        assert_true(lab_name_valid("_x"));
        assert_true(lab_name_valid("a..b"));
        assert_false(lab_name_valid(""));
        assert_false(lab_name_valid("."));
        assert_false(lab_name_valid(".."));
        assert_false(lab_name_valid(".hidden"));
        assert_false(lab_name_valid("-rf"));
        assert_false(lab_name_valid("a/b"));
        assert_false(lab_name_valid("a b"));
        assert_false(lab_name_valid("a\n"));
        assert_false(lab_name_valid("b\xc3\xbc"));
        assert_false(lab_name_valid("www@1"));
        memset(longest, 'x', sizeof(longest));
        longest[LAB_NAME_MAX + 1] = '\0';
        assert_false(lab_name_valid(longest));
        longest[LAB_NAME_MAX] = '\0';
        assert_true(lab_name_valid(longest));
}

static void the_lab_is_the_given_the_environments_or_the_usual(void **state)
{
        (void)state;
        setenv("OCSP_LAB_DIR", "/from/env", 1);
        assert_string_equal(lab_dir("given"), "given");
        assert_string_equal(lab_dir(NULL), "/from/env");
        setenv("OCSP_LAB_DIR", "", 1);
        assert_string_equal(lab_dir(NULL), "./ocsp-lab.d");
        unsetenv("OCSP_LAB_DIR");
        assert_string_equal(lab_dir(NULL), "./ocsp-lab.d");
}

static void a_folder_without_ca_says_what_helps(void **state)
{
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(lab_dir_check(folder, &e), -1);
        assert_int_equal(e.code, ERR_NOTFOUND);
        assert_non_null(strstr(e.text, "ocsp-ca init"));
        assert_int_equal(
            file_write_fast(in_folder("ca.db"), "", 0, 0600, &e), 0);
        assert_int_equal(lab_dir_check(folder, &e), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(an_error_is_one_line_with_its_code),
            cmocka_unit_test(
                a_missing_and_an_existing_file_have_their_own_codes),
            cmocka_unit_test(a_prefix_goes_before_the_text_and_keeps_the_code),
            cmocka_unit_test(of_a_long_text_both_ends_are_kept),
            cmocka_unit_test(a_text_that_just_fits_is_whole),
            cmocka_unit_test(control_characters_do_not_reach_the_terminal),
            cmocka_unit_test(a_name_is_a_plain_file_name),
            cmocka_unit_test(
                the_lab_is_the_given_the_environments_or_the_usual),
            cmocka_unit_test_setup_teardown(a_folder_without_ca_says_what_helps,
                folder_setup, folder_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
