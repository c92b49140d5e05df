/* Recipes for the DER: extensions, signature, certificates, body. */
#include "responder/fault/internal.h"

#include <string.h>

static void replace(struct buf *b, struct buf *by)
{
        buf_set(b, buf_span(by));
        buf_release(by);
}

/* ---- extensions -------------------------------------------------------- */

/* 1.3.6.1.4.1.99999.1: nobody's. */
#define ODD_OID 0x06, 9, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x86, 0x8d, 0x1f, 0x01
#define ODD_VALUE 0x04, 2, 0x05, 0
static const uint8_t odd_extension[] = {0x30, 15, ODD_OID, ODD_VALUE};
static const uint8_t odd_critical[] = {
    0x30, 18, ODD_OID, 0x01, 1, 0xff, ODD_VALUE};

static void critical_extension(struct spoil *s)
{
        buf_append(&s->parts.extensions, odd_critical, sizeof(odd_critical));
}

static void noncritical_extension(struct spoil *s)
{
        buf_append(&s->parts.extensions, odd_extension, sizeof(odd_extension));
}

/* Puts singleExtensions with that content behind the record in question. */
static void extend_single(struct spoil *s, struct span extensions)
{
        struct span rest = buf_span(&s->parts.singles);
        struct buf singles = {0}, single = {0}, list = {0};
        struct tlv t;
        size_t i;

        for (i = 0; tlv_next(&rest, &t); i++) {
                if (i != s->c->target) {
                        buf_append(&singles, t.whole.data, t.whole.len);
                        continue;
                }
                buf_set(&single, t.content);
                tlv_put(&list, 0x30, extensions);
                tlv_put(&single, 0xa1, buf_span(&list));
                tlv_put(&singles, 0x30, buf_span(&single));
        }
        buf_release(&list);
        buf_release(&single);
        replace(&s->parts.singles, &singles);
}

static void critical_single_extension(struct spoil *s)
{
        extend_single(s, (struct span){odd_critical, sizeof(odd_critical)});
}

static void empty_extensions(struct spoil *s)
{
        extend_single(s, (struct span){NULL, 0});
}

static void has_version(struct spoil *s)
{
        static const uint8_t v1[] = {0xa0, 3, 0x02, 1, 0};

        buf_set(&s->parts.version, (struct span){v1, sizeof(v1)});
}

/* The extension of the nonce, which is the only one there is. */
static void nonce_raw(struct spoil *s)
{
        static const uint8_t oid[] = {
            0x06, 9, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02};
        struct span nonce = s->answer->ocsp.nonce;
        struct buf extension = {0};

        if (nonce.data == NULL)
                return;
        buf_append(&extension, oid, sizeof(oid));
        tlv_put(&extension, 0x04, nonce);
        buf_clear(&s->parts.extensions);
        tlv_put(&s->parts.extensions, 0x30, buf_span(&extension));
        buf_release(&extension);
}

/* ---- responderID ------------------------------------------------------- */

static void flip_last_bit(struct buf *b)
{
        if (b->len > 0)
                b->data[b->len - 1] ^= 1;
}

static void wrong_responder_id(struct spoil *s)
{
        flip_last_bit(&s->parts.responder);
}

/* ---- signature --------------------------------------------------------- */

static void bad_signature(struct spoil *s)
{
        flip_last_bit(&s->parts.signature);
}

/* sha256WithRSAEncryption, or ecdsa-with-SHA256 where that is right. */
static void algorithm_mismatch(struct spoil *s)
{
        static const uint8_t rsa[] = {0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86,
            0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0};
        static const uint8_t ecdsa[] = {
            0x30, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
        struct buf *algorithm = &s->parts.algorithm;

        /* Under 1.2.840.113549.1.1 stand RSA's. */
        if (algorithm->len > 10 && memcmp(algorithm->data + 3, rsa + 3, 9) == 0)
                buf_set(algorithm, (struct span){ecdsa, sizeof(ecdsa)});
        else
                buf_set(algorithm, (struct span){rsa, sizeof(rsa)});
}

static void unused_bits(struct spoil *s)
{
        s->parts.unused_bits = 4;
}

static void as_signed(struct spoil *s)
{
        (void)s; /* who signs, and with what digest, was decided before */
}

/* ---- certificates ------------------------------------------------------ */

static void add_ca(struct spoil *s)
{
        if (s->means != NULL)
                buf_append(
                    &s->parts.certs, s->means->ca.data, s->means->ca.len);
}

static void included_last(struct spoil *s)
{
        struct buf own = {0};

        buf_set(&own, buf_span(&s->parts.certs));
        buf_clear(&s->parts.certs);
        add_ca(s);
        buf_append(&s->parts.certs, own.data, own.len);
        buf_release(&own);
}

static void no_certs(struct spoil *s)
{
        buf_clear(&s->parts.certs);
}

/* Twice the CA's, which is not the signer. */
static void others_only(struct spoil *s)
{
        no_certs(s);
        add_ca(s);
        add_ca(s);
}

static void extra_certs(struct spoil *s)
{
        int64_t i, n = spoil_number(s, "count");

        for (i = 0; i < n; i++)
                add_ca(s);
}

/* ---- body -------------------------------------------------------------- */

static void set_body(struct spoil *s, const void *data, size_t len)
{
        buf_set(&s->out->der, (struct span){data, len});
}

static void bad_status(struct spoil *s)
{
        static const uint8_t bodies[][5] = {{0x30, 3, 0x0a, 1, 4},
            {0x30, 3, 0x0a, 1, 17}, {0x30, 3, 0x0a, 1, 0xff},
            {0x30, 2, 0x0a, 0}};
        int64_t n = spoil_number(s, "status");

        set_body(s, bodies[n], n == 3 ? 4 : 5);
}

static void skip_response_bytes(struct spoil *s)
{
        static const uint8_t body[] = {0x30, 3, 0x0a, 1, 0};

        set_body(s, body, sizeof(body));
}

/* id-pkix-ocsp 99 in the place of basic, 1. */
static void bad_response_type(struct spoil *s)
{
        static const uint8_t basic[] = {
            0x06, 9, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01};
        struct buf *der = &s->out->der;
        size_t i;

        for (i = 0; i + sizeof(basic) <= der->len; i++)
                if (memcmp(der->data + i, basic, sizeof(basic)) == 0) {
                        der->data[i + sizeof(basic) - 1] = 99;
                        return;
                }
}

static void empty(struct spoil *s)
{
        buf_clear(&s->out->der);
}

static void one_zero_byte(struct spoil *s)
{
        set_body(s, "", 1);
}

static void garbage(struct spoil *s)
{
        static const char text[] = "this is not an OCSP response\n";

        set_body(s, text, sizeof(text) - 1);
}

static void truncated(struct spoil *s)
{
        size_t cut = (size_t)spoil_number(s, "bytes");
        struct buf *der = &s->out->der;

        der->len = der->len > cut ? der->len - cut : 0;
}

static void invalid_response_data(struct spoil *s)
{
        static const uint8_t body[] = {0x30, 33, 0x0a, 1, 0, 0xa0, 28, 0x30, 26,
            0x06, 9, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01, 0x04,
            13, 'n', 'o', 't', ' ', 'a', ' ', 'r', 'e', 's', 'p', 'o', 'n',
            's'};

        set_body(s, body, sizeof(body));
}

static void trailing_data(struct spoil *s)
{
        buf_append(&s->out->der, "JUNK", 4);
}

static void html_page(struct spoil *s)
{
        static const char text[] =
            "<!DOCTYPE html>\n<html><head><title>Welcome</title></head>"
            "<body>Please log in to use this network.</body></html>\n";

        set_body(s, text, sizeof(text) - 1);
}

static void huge_body(struct spoil *s)
{
        size_t size = 1024 * (size_t)spoil_number(s, "kib");
        struct buf *der = &s->out->der;

        if (size <= der->len || !buf_reserve(der, size - der->len))
                return;
        memset(der->data + der->len, 0, size - der->len);
        der->len = size;
}

static void as_html(struct spoil *s)
{
        strcpy(s->out->delivery.headers[0].value, "text/html; charset=utf-8");
}

static const struct recipe rows[] = {
    {.name = "critical-extension", .tbs = critical_extension},
    {.name = "critical-single-extension", .tbs = critical_single_extension},
    {.name = "noncritical-extension", .tbs = noncritical_extension},
    {.name = "empty-extensions", .tbs = empty_extensions},
    {.name = "has-version", .tbs = has_version},
    {.name = "nonce-raw", .tbs = nonce_raw},
    {.name = "wrong-responder-id", .tbs = wrong_responder_id},
    {.name = "bad-signature", .pieces = bad_signature},
    {.name = "algorithm-mismatch", .pieces = algorithm_mismatch},
    {.name = "sha1-signature", .pieces = as_signed},
    {.name = "md5-signature", .pieces = as_signed},
    {.name = "weak-key", .pieces = as_signed},
    {.name = "unused-bits", .pieces = unused_bits},
    {.name = "ca-signed", .pieces = as_signed},
    {.name = "delegated-included", .pieces = as_signed},
    {.name = "delegated-included-last", .pieces = included_last},
    {.name = "delegated-missing", .pieces = no_certs},
    {.name = "delegated-missing-multiple", .pieces = others_only},
    {.name = "delegated-no-eku", .pieces = as_signed},
    {.name = "delegated-wrong-eku", .pieces = as_signed},
    {.name = "delegated-crlsign-only", .pieces = as_signed},
    {.name = "delegated-from-intermediate", .pieces = as_signed},
    {.name = "delegated-expired", .pieces = as_signed},
    {.name = "delegated-not-yet-valid", .pieces = as_signed},
    {.name = "delegated-no-nocheck", .pieces = as_signed},
    {.name = "delegated-revoked", .pieces = as_signed},
    {.name = "good-other-ca", .pieces = as_signed},
    {.name = "self-signed-by-leaf", .pieces = as_signed},
    {.name = "root-for-intermediate", .pieces = as_signed},
    {.name = "extra-certs", .pieces = extra_certs},
    {.name = "bad-status", .bytes = bad_status},
    {.name = "skip-response-bytes", .bytes = skip_response_bytes},
    {.name = "bad-response-type", .bytes = bad_response_type},
    {.name = "empty", .bytes = empty},
    {.name = "one-zero-byte", .bytes = one_zero_byte},
    {.name = "garbage", .bytes = garbage},
    {.name = "truncated", .bytes = truncated},
    {.name = "invalid-response-data", .bytes = invalid_response_data},
    {.name = "trailing-data", .bytes = trailing_data},
    {.name = "html-page", .bytes = html_page, .delivery = as_html},
    {.name = "huge-body", .bytes = huge_body},
};

const struct recipe_list recipes_der = RECIPES(rows);
