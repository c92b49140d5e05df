#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "responder/cache/cache.h"

static struct span key_of(int n, char text[16])
{
        return (struct span){
            (uint8_t *)text, (size_t)snprintf(text, 16, "key %d", n)};
}

static void put(struct cache *c, int n, int64_t version)
{
        struct cached v = {.basis = {.row_version = version}};
        char text[16];

        assert_int_equal(httpd_response_new((struct span){NULL, 0}, NULL, 0,
                             &v.response, NULL),
            0);
        cache_put(c, key_of(n, text), &v);
        httpd_response_unref(v.response);
}

/* Its version; -1 if it is not there. */
static int64_t get(struct cache *c, int n)
{
        struct cached v;
        char text[16];

        if (!cache_get(c, key_of(n, text), &v))
                return -1;
        httpd_response_unref(v.response);
        return v.basis.row_version;
}

static struct cache *cache_of(size_t limit)
{
        struct cache *c = NULL;

        assert_int_equal(cache_new(limit, &c, NULL), 0);
        return c;
}

static void what_was_put_is_found_and_replaced(void **state)
{
        struct cache *c = cache_of(1 << 20);

        (void)state;
        assert_int_equal(get(c, 1), -1);
        put(c, 1, 10);
        put(c, 2, 20);
        assert_int_equal(get(c, 1), 10);
        put(c, 1, 11);
        assert_int_equal(get(c, 1), 11);
        assert_int_equal(get(c, 2), 20);
        assert_int_equal(cache_measure(c).entries, 2);
        cache_free(c);
}

static void put_body(struct cache *c, int n, const char *body)
{
        struct cached v = {.dated = 0};
        char text[16];

        assert_int_equal(httpd_response_new(
                             (struct span){(const uint8_t *)body, strlen(body)},
                             NULL, 0, &v.response, NULL),
            0);
        cache_put(c, key_of(n, text), &v);
        httpd_response_unref(v.response);
}

static void what_is_replaced_counts_with_its_new_size(void **state)
{
        struct cache *c = cache_of(1 << 20);
        struct cached v;
        size_t bytes;
        char text[16];

        (void)state;
        put_body(c, 1, "short");
        bytes = cache_measure(c).bytes;
        put_body(c, 1, "not so short");
        assert_int_equal(cache_measure(c).bytes, bytes + 7);
        assert_true(cache_get(c, key_of(1, text), &v));
        assert_int_equal(httpd_response_body(v.response).len, 12);
        cache_put(c, key_of(1, text), &v); /* the same, with its response */
        httpd_response_unref(v.response);
        assert_int_equal(cache_measure(c).bytes, bytes + 7);
        put_body(c, 1, "");
        assert_int_equal(cache_measure(c).bytes, bytes - 5);
        assert_int_equal(cache_measure(c).entries, 1);
        cache_free(c);
}

static void thousands_are_found_again(void **state)
{
        struct cache *c = cache_of(64 << 20);
        int i;

        (void)state;
        for (i = 0; i < 20000; i++)
                put(c, i, i);
        for (i = 0; i < 20000; i++)
                assert_int_equal(get(c, i), i);
        cache_free(c);
}

static void limit_is_kept_and_the_longest_unused_go_first(void **state)
{
        struct cache *c = cache_of(1 << 20);
        int i, kept = 0;

        (void)state;
        for (i = 0; i < 5000; i++) {
                put(c, i, i);
                assert_int_equal(get(c, 0), 0); /* in use all the time */
                assert_true(cache_measure(c).bytes <= 1 << 20);
        }
        for (i = 1; i < 5000; i++)
                kept += get(c, i) != -1;
        assert_in_range(kept, 200, 1000);
        assert_int_equal(get(c, 4999), 4999);
        assert_int_equal(get(c, 1), -1);
        cache_free(c);
}

static void limit_of_zero_keeps_nothing(void **state)
{
        struct cache *c = cache_of(0);

        (void)state;
        put(c, 1, 10);
        assert_int_equal(get(c, 1), -1);
        assert_int_equal(cache_measure(c).bytes, 0);
        cache_free(c);
}

static void *churn(void *arg)
{
        int i;

        for (i = 0; i < 20000; i++) {
                put(arg, i % 400, i % 400);
                if (get(arg, i * 7 % 400) > 400)
                        return arg;
        }
        return NULL;
}

static void threads_share_it(void **state)
{
        struct cache *c = cache_of(512 << 10);
        pthread_t threads[3];
        void *failed;
        size_t i;

        (void)state;
        for (i = 0; i < 3; i++)
                pthread_create(&threads[i], NULL, churn, c);
        for (i = 0; i < 3; i++) {
                pthread_join(threads[i], &failed);
                assert_null(failed);
        }
        cache_free(c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_was_put_is_found_and_replaced),
            cmocka_unit_test(what_is_replaced_counts_with_its_new_size),
            cmocka_unit_test(thousands_are_found_again),
            cmocka_unit_test(limit_is_kept_and_the_longest_unused_go_first),
            cmocka_unit_test(limit_of_zero_keeps_nothing),
            cmocka_unit_test(threads_share_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
