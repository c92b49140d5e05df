#include "base_fixture.h"

#include <string.h>

static void zeroed_memory_is_an_empty_buffer(void **state)
{
        struct buf b = {0};

        (void)state;
        assert_string_equal(buf_text(&b), "");
        assert_int_equal(b.len, 0);
        buf_release(&b);
        buf_release(NULL);
}

static void appended_bytes_stand_in_order_behind_growth(void **state)
{
        struct buf b = {0};
        size_t i;

        (void)state;
        for (i = 0; i < 100000; i++) {
                uint8_t octet = (uint8_t)(i * 7);

                buf_append(&b, &octet, 1);
        }
        assert_false(b.failed);
        assert_int_equal(b.len, 100000);
        for (i = 0; i < b.len; i++)
                assert_int_equal(b.data[i], (uint8_t)(i * 7));
        buf_release(&b);
}

static void a_nul_always_stands_behind_text(void **state)
{
        struct buf b = {0};
        size_t len;

        (void)state;
        /* Around the first capacity, where there is no room left for it. */
        for (len = 250; len < 262; len++) {
                buf_clear(&b);
                while (b.len < len)
                        buf_append_text(&b, "x");
                assert_int_equal(strlen(buf_text(&b)), len);
        }
        buf_release(&b);
}

static void printed_text_is_appended_whole(void **state)
{
        struct buf b = {0};
        char long_text[1000];

        (void)state;
        memset(long_text, 'y', sizeof(long_text) - 1);
        long_text[sizeof(long_text) - 1] = '\0';
        buf_append_text(&b, "a");
        buf_printf(&b, "%d%s", 42, long_text);
        assert_int_equal(b.len, 3 + strlen(long_text));
        assert_memory_equal(buf_text(&b), "a42y", 4);
        buf_release(&b);
}

static void an_impossible_size_fails_and_stays_failed(void **state)
{
        struct buf b = {0};

        (void)state;
        buf_append_text(&b, "kept");
        assert_false(buf_reserve(&b, SIZE_MAX - 2));
        assert_true(b.failed);
        buf_append_text(&b, "dropped");
        assert_int_equal(b.len, 4);
        assert_null(buf_text(&b));
        buf_release(&b);
        assert_false(b.failed);
}

static void clearing_keeps_the_memory(void **state)
{
        struct buf b = {0};
        const uint8_t *before;

        (void)state;
        buf_append_text(&b, "text");
        before = b.data;
        buf_clear(&b);
        buf_append_text(&b, "more");
        assert_ptr_equal(b.data, before);
        assert_string_equal(buf_text(&b), "more");
        buf_release(&b);
}

static void spans_are_equal_by_content(void **state)
{
        const uint8_t a[] = {1, 2}, b[] = {1, 2}, c[] = {1, 3};

        (void)state;
        assert_true(span_equal((struct span){a, 2}, (struct span){b, 2}));
        assert_false(span_equal((struct span){a, 2}, (struct span){c, 2}));
        assert_false(span_equal((struct span){a, 2}, (struct span){a, 1}));
        assert_true(span_equal((struct span){NULL, 0}, (struct span){a, 0}));
}

static void test_html(void **state)
{
        struct buf b = {0};

        (void)state;
        buf_append_html(&b, "<a href=\"x\">R&D 'q'</a>");
        assert_string_equal(
            buf_text(&b), "&lt;a href=&quot;x&quot;&gt;R&amp;D 'q'&lt;/a&gt;");
        buf_release(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_html),
            cmocka_unit_test(zeroed_memory_is_an_empty_buffer),
            cmocka_unit_test(appended_bytes_stand_in_order_behind_growth),
            cmocka_unit_test(a_nul_always_stands_behind_text),
            cmocka_unit_test(printed_text_is_appended_whole),
            cmocka_unit_test(an_impossible_size_fails_and_stays_failed),
            cmocka_unit_test(clearing_keeps_the_memory),
            cmocka_unit_test(spans_are_equal_by_content),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
