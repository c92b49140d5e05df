/* HTTP headers and conditional requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "responder/answer/answer.h"

enum { NOW = 1800000000 }; /* Fri, 15 Jan 2027 08:00:00 GMT */

static const struct answer_life life = {NOW, NOW + 1000, NOW + 500, true};
static const char etag[] = "\"abc\"";

static const char *header(const struct delivery *d, const char *name)
{
        size_t i;

        for (i = 0; i < d->headers_len; i++)
                if (strcmp(d->headers[i].name, name) == 0)
                        return d->headers[i].value;
        return NULL;
}

static const char *cache_control(const struct answer_life *l, int64_t now)
{
        static struct delivery d;

        delivery_make(l, etag, (struct span){NULL, 0}, now, &d);
        return header(&d, "Cache-Control");
}

static void shareable_answer_has_all_headers(void **state)
{
        struct delivery d;

        (void)state;
        delivery_make(&life, etag, (struct span){NULL, 0}, NOW, &d);
        assert_int_equal(d.status, 200);
        assert_string_equal(
            header(&d, "Content-Type"), "application/ocsp-response");
        assert_string_equal(
            header(&d, "Last-Modified"), "Fri, 15 Jan 2027 08:00:00 GMT");
        assert_string_equal(
            header(&d, "Expires"), "Fri, 15 Jan 2027 08:16:40 GMT");
        assert_string_equal(header(&d, "ETag"), etag);
}

static void max_age_ends_at_the_next_signing_before_next_update(void **state)
{
        struct answer_life short_lived = {NOW, NOW + 1, NOW + 1, true};

        (void)state;
        assert_string_equal(cache_control(&life, NOW),
            "max-age=500, public, no-transform, must-revalidate");
        assert_string_equal(cache_control(&life, NOW + 499),
            "max-age=1, public, no-transform, must-revalidate");
        assert_string_equal(cache_control(&life, NOW + 2000),
            "max-age=0, public, no-transform, must-revalidate");
        assert_string_equal(cache_control(&short_lived, NOW),
            "max-age=0, public, no-transform, must-revalidate");
}

static void others_are_for_no_cache(void **state)
{
        struct answer_life own = life;
        struct delivery d;

        (void)state;
        own.shareable = false;
        delivery_make(&own, etag, (struct span){NULL, 0}, NOW, &d);
        assert_string_equal(header(&d, "Cache-Control"), "no-store");
        assert_null(header(&d, "ETag"));
        assert_string_equal(cache_control(NULL, NOW), "no-store");
        assert_false(delivery_not_modified(&own, etag, "*"));
}

static void crl_has_its_own_type_and_the_same_headers(void **state)
{
        struct delivery d;

        (void)state;
        delivery_make_crl(&life, etag, NOW + 100, &d);
        assert_string_equal(header(&d, "Content-Type"), "application/pkix-crl");
        assert_string_equal(
            header(&d, "Last-Modified"), "Fri, 15 Jan 2027 08:00:00 GMT");
        assert_string_equal(header(&d, "ETag"), etag);
        assert_string_equal(header(&d, "Cache-Control"),
            "max-age=400, public, no-transform, must-revalidate");
}

static void if_none_match_is_a_list_of_weak_or_strong_tags(void **state)
{
        static const char *const yes[] = {"\"abc\"", "W/\"abc\"", "*",
            "\"x\",\"abc\"", " \"x\" , W/\"abc\" ,", "\"x\", *"};
        static const char *const no[] = {"", "abc", "\"abcd\"", "\"ab\"",
            "x\"abc\"", "\"abc\"x", "\"x\"", ",,,"};
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
                assert_true(delivery_not_modified(&life, etag, yes[i]));
        for (i = 0; i < sizeof(no) / sizeof(no[0]); i++)
                assert_false(delivery_not_modified(&life, etag, no[i]));
        assert_false(delivery_not_modified(&life, etag, NULL));
}

static void etag_is_the_quoted_sha256(void **state)
{
        char text[ANSWER_ETAG_MAX];

        (void)state;
        answer_etag((struct span){(const uint8_t *)"abc", 3}, text);
        assert_string_equal(text, "\"ba7816bf8f01cfea414140de5dae2223b00361a396"
                                  "177a9cb410ff61f20015ad\"");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(shareable_answer_has_all_headers),
            cmocka_unit_test(
                max_age_ends_at_the_next_signing_before_next_update),
            cmocka_unit_test(others_are_for_no_cache),
            cmocka_unit_test(crl_has_its_own_type_and_the_same_headers),
            cmocka_unit_test(if_none_match_is_a_list_of_weak_or_strong_tags),
            cmocka_unit_test(etag_is_the_quoted_sha256),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
