/* Certificate and CertificateStatus messages, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kitchen.h"
#include "stapler/check/messages.h"

static struct actor ca, leaf;

static int setup(void **state)
{
        struct casting c = {.cn = "ca", .ca = true};

        (void)state;
        ca = actor_make(&c);
        c = (struct casting){.cn = "leaf", .issuer = &ca};
        leaf = actor_make(&c);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        actor_free(&ca);
        actor_free(&leaf);
        return 0;
}

/* Puts a length of `width` bytes before what stands in b from offset `from`. */
static void prefix(struct buf *b, size_t from, size_t width)
{
        size_t len = b->len - from;
        size_t i;

        buf_append(b, "\0\0\0\0", width);
        memmove(b->data + from + width, b->data + from, len);
        for (i = 0; i < width; i++)
                b->data[from + i] = (uint8_t)(len >> 8 * (width - 1 - i));
}

static void put_cert(struct buf *b, X509 *cert)
{
        size_t from = b->len;
        unsigned char *der = NULL;
        int len = i2d_X509(cert, &der);

        buf_append(b, der, (size_t)len);
        OPENSSL_free(der);
        prefix(b, from, 3);
}

/* status_request with that staple, after an extension that is none of ours. */
static void put_extensions(struct buf *b, const char *staple)
{
        size_t from = b->len;
        size_t body, response;

        buf_append(b, "\xff\x01\0\0", 4);
        buf_append(b, "\0\5", 2);
        body = b->len;
        buf_append(b, "\1", 1);
        response = b->len;
        buf_append_text(b, staple);
        prefix(b, response, 3);
        prefix(b, body, 2);
        prefix(b, from, 2);
}

/* TLS 1.3: two certificates, each with a staple. */
static struct buf certificate_message(void)
{
        struct buf b = {0};
        size_t list;

        buf_append(&b, "\0", 1);
        list = b.len;
        put_cert(&b, leaf.cert);
        put_extensions(&b, "for the leaf");
        put_cert(&b, ca.cert);
        put_extensions(&b, "for the CA");
        prefix(&b, list, 3);
        prefix(&b, 0, 3);
        buf_append(&b, "\0", 1);
        memmove(b.data + 1, b.data, b.len - 1);
        b.data[0] = 11;
        return b;
}

static void test_each_certificate_has_its_own_staple_in_tls13(void **state)
{
        struct buf b = certificate_message();
        struct handshake h;

        (void)state;
        memset(&h, 0, sizeof(h));
        messages_take(&h, true, buf_span(&b));
        assert_int_equal(h.certs_len, 2);
        assert_string_equal(buf_text(&h.certs[0].staple), "for the leaf");
        assert_string_equal(buf_text(&h.certs[1].staple), "for the CA");
        handshake_release(&h);
        buf_release(&b);
}

static void test_a_second_certificate_message_changes_nothing(void **state)
{
        struct buf b = certificate_message();
        struct handshake h;

        (void)state;
        memset(&h, 0, sizeof(h));
        messages_take(&h, true, buf_span(&b));
        messages_take(&h, true, buf_span(&b));
        assert_int_equal(h.certs_len, 2);
        assert_string_equal(buf_text(&h.certs[0].staple), "for the leaf");
        handshake_release(&h);
        buf_release(&b);
}

static void test_no_more_certificates_are_kept_than_the_limit(void **state)
{
        struct buf b = {0};
        struct handshake h;
        int i;

        (void)state;
        for (i = 0; i < HANDSHAKE_CERTS_MAX + 5; i++)
                put_cert(&b, leaf.cert);
        prefix(&b, 0, 3);
        prefix(&b, 0, 3);
        buf_append(&b, "\0", 1);
        memmove(b.data + 1, b.data, b.len - 1);
        b.data[0] = 11;
        memset(&h, 0, sizeof(h));
        messages_take(&h, false, buf_span(&b));
        assert_int_equal(h.certs_len, HANDSHAKE_CERTS_MAX);
        handshake_release(&h);
        buf_release(&b);
}

/* In memory of just that size, so that the sanitizer sees a byte too many. */
static void take_part(bool tls13, const uint8_t *data, size_t len)
{
        uint8_t *part = malloc(len > 0 ? len : 1);
        struct handshake h;

        assert_non_null(part);
        memcpy(part, data, len);
        memset(&h, 0, sizeof(h));
        messages_take(&h, tls13, (struct span){part, len});
        handshake_release(&h);
        free(part);
}

static void test_a_message_may_end_anywhere(void **state)
{
        struct buf b = certificate_message();
        size_t len;

        (void)state;
        for (len = 0; len < b.len; len++) {
                take_part(true, b.data, len);
                take_part(false, b.data, len);
        }
        buf_release(&b);
}

static void test_a_staple_without_certificate_is_passed_over(void **state)
{
        static const uint8_t status[] = {22, 0, 0, 5, 1, 0, 0, 1, 'x'};
        struct handshake h;

        (void)state;
        memset(&h, 0, sizeof(h));
        messages_take(&h, false, (struct span){status, sizeof(status)});
        assert_int_equal(h.certs_len, 0);
        assert_false(h.certs[0].stapled);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_each_certificate_has_its_own_staple_in_tls13),
            cmocka_unit_test(test_a_second_certificate_message_changes_nothing),
            cmocka_unit_test(test_no_more_certificates_are_kept_than_the_limit),
            cmocka_unit_test(test_a_message_may_end_anywhere),
            cmocka_unit_test(test_a_staple_without_certificate_is_passed_over),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
