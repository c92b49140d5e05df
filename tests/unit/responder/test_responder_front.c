#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "responder/front.h"

static struct span text(const char *s)
{
        return (struct span){(const uint8_t *)s, strlen(s)};
}

static struct journal_subject *subject(void)
{
        struct journal_subject *s =
            journal_subject_new(OCSP_SUCCESSFUL, NULL, 0, NULL, NULL, NULL);

        assert_non_null(s);
        return s;
}

/* Puts an answer with that body; the front alone holds it then. */
static struct journal_subject *put(
    struct front *f, struct span key, const char *body, uint64_t epoch)
{
        struct cached c = {.dated = 5, .dated_until = 7};
        struct journal_subject *spent;

        assert_int_equal(
            httpd_response_new(text(body), NULL, 0, &c.response, NULL), 0);
        spent = front_put(f, key, epoch, &c, subject());
        httpd_response_unref(c.response);
        return spent;
}

static void assert_found(struct front *f, struct span key, const char *body)
{
        const struct front_entry *n = front_find(f, key);
        struct span got;

        assert_non_null(n);
        got = httpd_response_body(n->response);
        assert_int_equal(got.len, strlen(body));
        assert_memory_equal(got.data, body, got.len);
        assert_int_equal(n->dated, 5);
        assert_int_equal(n->dated_until, 7);
        assert_non_null(n->subject);
}

static int setup(void **state)
{
        struct front *f = NULL;

        assert_int_equal(front_new(&f, NULL), 0);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        front_free(*state);
        return 0;
}

static void only_the_same_octets_are_found(void **state)
{
        static const char *const others[] = {
            "", "/", "/ab", "/abcd", "/abd", "abc", "/ABC", "/ab%63"};
        struct front *f = *state;
        size_t i;

        assert_null(front_find(f, text("/abc")));
        assert_null(put(f, text("/abc"), "body", 1));
        assert_found(f, text("/abc"), "body");
        for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
                assert_null(front_find(f, text(others[i])));
}

static void the_newer_answer_replaces_and_leaves_the_old_subject(void **state)
{
        struct front *f = *state;
        struct journal_subject *first, *spent;

        put(f, text("/abc"), "old", 1);
        first = front_find(f, text("/abc"))->subject;
        spent = put(f, text("/abc"), "new", 2);
        assert_ptr_equal(spent, first);
        journal_subject_unref(spent);
        assert_found(f, text("/abc"), "new");
        assert_int_equal(front_find(f, text("/abc"))->epoch, 2);
}

static void too_long_a_key_is_not_kept(void **state)
{
        static uint8_t key[FRONT_KEY_MAX + 1];
        struct front *f = *state;
        struct journal_subject *spent;

        spent = put(f, (struct span){key, sizeof(key)}, "long", 1);
        assert_non_null(spent);
        journal_subject_unref(spent);
        assert_null(front_find(f, (struct span){key, sizeof(key)}));
        assert_null(put(f, (struct span){key, sizeof(key) - 1}, "fits", 1));
        assert_found(f, (struct span){key, sizeof(key) - 1}, "fits");
}

static void without_a_subject_nothing_is_kept(void **state)
{
        struct front *f = *state;
        struct cached c = {.dated = 5};

        assert_int_equal(
            httpd_response_new(text("x"), NULL, 0, &c.response, NULL), 0);
        assert_null(front_put(f, text("/abc"), 1, &c, NULL));
        httpd_response_unref(c.response);
        assert_null(front_find(f, text("/abc")));
}

/* Far more than there is room for: each finds its own answer or none, and as
 * many subjects are left over as have no place. */
static void those_that_crowd_each_other_out_are_never_mixed_up(void **state)
{
        enum { MANY = 4 * FRONT_SETS * FRONT_WAYS };
        struct front *f = *state;
        size_t i, kept = 0, left = 0;
        char key[16];

        for (i = 0; i < MANY; i++) {
                struct journal_subject *spent;

                snprintf(key, sizeof(key), "/%zu", i);
                spent = put(f, text(key), key, 1);
                left += spent != NULL;
                journal_subject_unref(spent);
        }
        for (i = 0; i < MANY; i++) {
                snprintf(key, sizeof(key), "/%zu", i);
                if (front_find(f, text(key)) == NULL)
                        continue;
                assert_found(f, text(key), key);
                kept++;
        }
        assert_int_equal(kept + left, MANY);
        assert_in_range(kept, FRONT_SETS, FRONT_SETS * FRONT_WAYS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
            TEST(only_the_same_octets_are_found),
            TEST(the_newer_answer_replaces_and_leaves_the_old_subject),
            TEST(too_long_a_key_is_not_kept),
            TEST(without_a_subject_nothing_is_kept),
            TEST(those_that_crowd_each_other_out_are_never_mixed_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
