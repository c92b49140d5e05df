/* The path of a GET, RFC 6960 appendix A.1 (STANDARDS B3 to B10). */
#include "dertext.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "ocsp/ocsp.h"

static bool decode(const char *path, struct buf *der)
{
        buf_clear(der);
        return ocsp_get_path_decode(
            (struct span){(const uint8_t *)path, strlen(path)}, der);
}

static void gives(const char *path, const char *hex)
{
        struct buf der = {0}, expected = {0};

        dertext(hex, &expected);
        if (!decode(path, &der))
                fail_msg("%s: refused", path);
        if (!span_equal(buf_span(&der), buf_span(&expected)))
                fail_msg("%s: other bytes", path);
        buf_release(&der);
        buf_release(&expected);
}

static void refused(const char *path)
{
        struct buf der = {0};

        if (decode(path, &der))
                fail_msg("%s: taken", path);
        assert_int_equal(der.len, 0);
        buf_release(&der);
}

/* 30 fe ff ff f8 is "MP7//fg="; 30 ef be is "MO++" */
static void plain_and_percent_encoded_are_equal(void **state)
{
        (void)state;
        gives("MP7//fg=", "30feffFD F8");
        gives("MP7%2F%2Ffg%3D", "30fefffdf8");
        gives("MP7%2f%2ffg%3d", "30fefffdf8");
        gives("%4d%50%37%2f%2f%66%67%3d", "30fefffdf8");
        gives("MO++", "30efbe");
        gives("MO%2B%2b", "30efbe");
}

static void a_space_is_a_plus(void **state)
{
        (void)state;
        gives("MO  ", "30efbe");
        gives("MO%20+", "30efbe");
}

static void leading_slashes_go_and_others_stay(void **state)
{
        (void)state;
        gives("/MP7//fg=", "30fefffdf8");
        gives("//MP7//fg=", "30fefffdf8");
        gives("/%2fMP7//fg=", "30fefffdf8");
        gives("MP7/////", "30feff ffffff");
}

static void padding_may_be_absent_but_not_wrong(void **state)
{
        (void)state;
        gives("MAA=", "3000");
        gives("MAA", "3000");
        gives("MA==", "30");
        gives("MA", "30");
        refused("MAA==");
        refused("MA=");
        refused("MAAA=");
        refused("M===");
        refused("M");
        refused("MAAAA");
        refused("MA=A");
        refused("MA%3D=x");
        refused("=MAA");
}

static void bits_that_are_left_over_are_zero(void **state)
{
        (void)state;
        refused("MAB=");
        refused("MB==");
        refused("MAB");
}

static void what_is_not_base64_is_refused(void **state)
{
        static const uint8_t nul[] = {'M', 'A', 'A', 'A', 0, 'M', 'A', 'A'};
        struct buf der = {0};

        (void)state;
        refused("");
        refused("/");
        refused("//%2f");
        refused("MP7_-fg=");
        refused("MAA%00");
        refused("MAA%0d%0a");
        refused("MAA\r\n");
        refused("MAA%zz");
        refused("MAA%");
        refused("MAA%3");
        refused("MAA%253D");
        refused("MAA?x=1");
        refused("favicon.ico");
        refused("MAA\xff");
        assert_false(
            ocsp_get_path_decode((struct span){nul, sizeof(nul)}, &der));
        buf_release(&der);
}

static void decoding_appends(void **state)
{
        struct buf der = {0};

        (void)state;
        buf_append_text(&der, "before");
        assert_true(ocsp_get_path_decode(
            (struct span){(const uint8_t *)"MAA=", 4}, &der));
        assert_int_equal(der.len, 8);
        assert_memory_equal(der.data, "before0\0", 8);
        assert_false(ocsp_get_path_decode(
            (struct span){(const uint8_t *)"MA!=", 4}, &der));
        assert_int_equal(der.len, 8);
        buf_release(&der);
}

/* OpenSSL's base64 is the judge, byte by byte. */
static void encoding_is_base64_with_three_characters_escaped(void **state)
{
        uint8_t bytes[300];
        char base64[401];
        size_t len, i;

        (void)state;
        for (i = 0; i < sizeof(bytes); i++)
                bytes[i] = i == 0 ? 0x30 : (uint8_t)(i * 151 + i / 7);
        for (len = 1; len <= sizeof(bytes); len++) {
                struct buf path = {0}, expected = {0}, back = {0};

                EVP_EncodeBlock((unsigned char *)base64, bytes, (int)len);
                for (i = 0; base64[i] != '\0'; i++) {
                        if (strchr("+/=", base64[i]) == NULL)
                                buf_append(&expected, &base64[i], 1);
                        else
                                buf_printf(&expected, "%%%02X", base64[i]);
                }
                assert_int_equal(ocsp_get_path_encode(
                                     (struct span){bytes, len}, &path, NULL),
                    0);
                assert_string_equal(buf_text(&path), buf_text(&expected));
                assert_true(ocsp_get_path_decode(buf_span(&path), &back));
                assert_int_equal(back.len, len);
                assert_memory_equal(back.data, bytes, len);
                buf_release(&path);
                buf_release(&expected);
                buf_release(&back);
        }
}

static void slashes_behind_the_responder_become_one(void **state)
{
        static const char *const responders[] = {
            "http://h/ocsp", "http://h/ocsp/", "http://h/ocsp//"};
        const uint8_t der[] = {0x30, 0x03, 0xff};
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(responders) / sizeof(responders[0]); i++) {
                struct buf url = {0};

                assert_int_equal(ocsp_get_url_encode(responders[i],
                                     (struct span){der, 3}, &url, NULL),
                    0);
                assert_string_equal(buf_text(&url), "http://h/ocsp/MAP%2F");
                buf_release(&url);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(plain_and_percent_encoded_are_equal),
            cmocka_unit_test(a_space_is_a_plus),
            cmocka_unit_test(leading_slashes_go_and_others_stay),
            cmocka_unit_test(padding_may_be_absent_but_not_wrong),
            cmocka_unit_test(bits_that_are_left_over_are_zero),
            cmocka_unit_test(what_is_not_base64_is_refused),
            cmocka_unit_test(decoding_appends),
            cmocka_unit_test(encoding_is_base64_with_three_characters_escaped),
            cmocka_unit_test(slashes_behind_the_responder_become_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
