#include "ocsp/ocsp.h"

#include <string.h>

/* ---- to a path --------------------------------------------------------- */

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* '+' and '/' mean something in a URL, or to what stands on the way. */
static void put_sextet(struct buf *out, unsigned value)
{
        switch (alphabet[value & 0x3f]) {
        case '+':
                buf_append_text(out, "%2B");
                break;
        case '/':
                buf_append_text(out, "%2F");
                break;
        default:
                buf_append(out, &alphabet[value & 0x3f], 1);
                break;
        }
}

int ocsp_get_path_encode(struct span der, struct buf *out, struct err *e)
{
        size_t i, left;

        for (i = 0; i < der.len; i += 3) {
                unsigned v = (unsigned)der.data[i] << 16;

                left = der.len - i;
                if (left > 1)
                        v |= (unsigned)der.data[i + 1] << 8;
                if (left > 2)
                        v |= der.data[i + 2];
                put_sextet(out, v >> 18);
                put_sextet(out, v >> 12);
                if (left > 1)
                        put_sextet(out, v >> 6);
                else
                        buf_append_text(out, "%3D");
                if (left > 2)
                        put_sextet(out, v);
                else
                        buf_append_text(out, "%3D");
        }
        if (out->failed)
                return err_set(e, ERR_OS, "GET path: out of memory");
        return 0;
}

int ocsp_get_url_encode(
    const char *responder, struct span der, struct buf *out, struct err *e)
{
        size_t len = strlen(responder);

        while (len > 0 && responder[len - 1] == '/')
                len--;
        buf_append(out, responder, len);
        buf_append_text(out, "/");
        return ocsp_get_path_encode(der, out, e);
}

/* ---- and back ---------------------------------------------------------- */

static int hex_digit(uint8_t c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next character, percent encoding undone; -1 at the end, -2 if wrong. */
static inline int take_char(struct span *path)
{
        const uint8_t *p = path->data;
        int high, low;

        if (path->len == 0)
                return -1;
        if (p[0] != '%') {
                *path = (struct span){p + 1, path->len - 1};
                return p[0];
        }
        if (path->len < 3)
                return -2;
        high = hex_digit(p[1]);
        low = hex_digit(p[2]);
        if (high < 0 || low < 0)
                return -2;
        *path = (struct span){p + 3, path->len - 3};
        return high << 4 | low;
}

/* Value in the alphabet of RFC 4648 section 4 plus one; 0 for all others.
 * Some stacks on the way turn a plus into a space. */
static const uint8_t sextets_by_char[256] = {
    /* clang-format off */
    ['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
    20, 21, 22, 23, 24, 25, 26,
    ['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52,
    ['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62,
    ['+'] = 63, [' '] = 63,
    ['/'] = 64,
    /* clang-format on */
};

/* All padding, or none: some clients cut it off. */
static bool padding_fits(struct span path, int c, size_t sextets)
{
        size_t pads = 0;

        for (; c == '='; c = take_char(&path))
                pads++;
        return c == -1 && sextets % 4 != 1 &&
               (pads == 0 || pads == (4 - sextets % 4) % 4);
}

bool ocsp_get_path_decode(struct span path, struct buf *der)
{
        size_t sextets = 0, len = 0;
        uint32_t bits = 0;
        uint8_t *out;
        int c;

        /* The responder's URL may end in a slash, and clients put one more.
         * No base64 of a SEQUENCE starts with one: 0x30 makes it an 'M'. */
        do
                c = take_char(&path);
        while (c == '/');
        if (c < 0 || !buf_reserve(der, path.len / 4 * 3 + 6))
                return false;
        out = der->data + der->len;
        for (; c >= 0 && sextets_by_char[c] != 0; c = take_char(&path)) {
                bits = bits << 6 | (sextets_by_char[c] - 1U);
                if (sextets % 4 != 0)
                        out[len++] = (uint8_t)(bits >> (6 - 2 * (sextets % 4)));
                sextets++;
        }
        if (!padding_fits(path, c, sextets))
                return false;
        /* what is left over of the last sextet must be zero, so that one
         * request has one path */
        if (sextets % 4 != 0 && (bits & ((sextets % 4 == 2) ? 0xf : 0x3)) != 0)
                return false;
        der->len += len;
        return true;
}
