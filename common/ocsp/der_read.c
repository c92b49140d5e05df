#include "ocsp/der.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Deepest nesting that der_any follows.  A certificate needs about 10. */
enum { NESTING_MAX = 32 };

struct der der_start(struct span message, struct ocsp_flaw *flaw)
{
        const uint8_t *at = message.data;

        return (struct der){at, at == NULL ? at : at + message.len, at, flaw};
}

void der_explain(const struct der *d, const uint8_t *at, const char *ref,
    const char *fmt, ...)
{
        va_list ap;

        if (d->flaw == NULL)
                return;
        va_start(ap, fmt);
        vsnprintf(d->flaw->text, sizeof(d->flaw->text), fmt, ap);
        va_end(ap);
        d->flaw->ref = ref;
        d->flaw->offset = at == NULL ? 0 : (size_t)(at - d->message);
}

/* Long form of a length: X.690 section 8.1.3.5, minimal by section 10.1. */
static bool read_long_length(
    struct der *d, const char *what, size_t *head, size_t *len)
{
        size_t octets = d->at[1] & 0x7f, i;

        if (octets == 0)
                return der_refuse(d, d->at, "X.690 10.1",
                    "%s: indefinite length, which DER does not have", what);
        if (octets > 4)
                return der_refuse(d, d->at, "X.690 8.1.3",
                    "%s: a length of %zu octets", what, octets);
        if (octets > (size_t)(d->end - d->at) - 2)
                return der_refuse(d, d->at, "X.690 8.1.3",
                    "%s: cut off within its length", what);
        *len = 0;
        for (i = 0; i < octets; i++)
                *len = *len << 8 | d->at[2 + i];
        if (d->at[2] == 0 || *len < 0x80)
                return der_refuse(d, d->at, "X.690 10.1",
                    "%s: length is not in its shortest form", what);
        *head = 2 + octets;
        return true;
}

static bool read_header(
    struct der *d, const char *what, size_t *head, size_t *len)
{
        size_t left = (size_t)(d->end - d->at);

        if (left == 0)
                return der_refuse(d, d->at, "X.690 8.1",
                    "%s: missing, the data ends before it", what);
        if (left == 1)
                return der_refuse(
                    d, d->at, "X.690 8.1", "%s: cut off after its tag", what);
        if ((d->at[0] & 0x1f) == 0x1f)
                return der_refuse(d, d->at, "X.690 8.1.2",
                    "%s: a tag of several octets", what);
        *head = 2;
        *len = d->at[1];
        return *len < 0x80 || read_long_length(d, what, head, len);
}

bool der_next(struct der *d, const char *what, struct der_item *out)
{
        size_t head, len;

        if (!read_header(d, what, &head, &len))
                return false;
        if (len > (size_t)(d->end - d->at) - head)
                return der_refuse(d, d->at, "X.690 8.1.3",
                    "%s: length of %zu bytes, but only %zu are left", what, len,
                    (size_t)(d->end - d->at) - head);
        out->tag = d->at[0];
        out->content = (struct span){d->at + head, len};
        out->whole = (struct span){d->at, head + len};
        d->at += head + len;
        return true;
}

bool der_peek(const struct der *d, uint8_t tag)
{
        return d->at < d->end && *d->at == tag;
}

bool der_get(struct der *d, uint8_t tag, const char *what, struct der_item *out)
{
        if (d->at < d->end && *d->at != tag)
                return der_refuse(d, d->at, "X.690 8.1.2",
                    "%s: tag %02x where %02x belongs", what, *d->at, tag);
        return der_next(d, what, out);
}

static struct der inside(const struct der *d, const struct der_item *item)
{
        const uint8_t *at = item->content.data;

        return (struct der){at, at + item->content.len, d->message, d->flaw};
}

bool der_enter(struct der *d, uint8_t tag, const char *what, struct der *inner)
{
        struct der_item item;

        if (!der_get(d, tag, what, &item))
                return false;
        *inner = inside(d, &item);
        return true;
}

bool der_finish(struct der *d, const char *what)
{
        if (d->at == d->end)
                return true;
        return der_refuse(d, d->at, "X.690 8.1",
            "%s: %zu bytes more than belong to it", what,
            (size_t)(d->end - d->at));
}

/* ---- values ------------------------------------------------------------ */

static bool check_integer(const struct der *d, const char *what, struct span c)
{
        if (c.len == 0)
                return der_refuse(d, c.data, "X.690 8.3.1",
                    "%s: INTEGER without content", what);
        if (c.len > 1 && ((c.data[0] == 0x00 && c.data[1] < 0x80) ||
                             (c.data[0] == 0xff && c.data[1] >= 0x80)))
                return der_refuse(d, c.data, "X.690 8.3.2",
                    "%s: INTEGER is not in its shortest form", what);
        return true;
}

static bool check_oid(const struct der *d, const char *what, struct span c)
{
        bool first = true; /* octet of a subidentifier */
        size_t i;

        for (i = 0; i < c.len; i++) {
                if (first && c.data[i] == 0x80)
                        return der_refuse(d, c.data, "X.690 8.19.2",
                            "%s: OBJECT IDENTIFIER is not in its shortest "
                            "form",
                            what);
                first = c.data[i] < 0x80;
        }
        if (c.len == 0 || !first)
                return der_refuse(d, c.data, "X.690 8.19.2",
                    "%s: OBJECT IDENTIFIER is cut off", what);
        return true;
}

static bool check_bits(const struct der *d, const char *what, struct span c)
{
        unsigned unused = c.len == 0 ? 8 : c.data[0];

        if (unused > 7 || (c.len == 1 && unused > 0))
                return der_refuse(d, c.data, "X.690 8.6.2",
                    "%s: BIT STRING with a wrong count of unused bits", what);
        if ((c.data[c.len - 1] & ((1U << unused) - 1)) != 0 && c.len > 1)
                return der_refuse(d, c.data, "X.690 11.2.1",
                    "%s: unused bits of a BIT STRING are not zero", what);
        return true;
}

bool der_integer(
    struct der *d, uint8_t tag, const char *what, struct span *content)
{
        struct der_item item;

        if (!der_get(d, tag, what, &item) ||
            !check_integer(d, what, item.content))
                return false;
        *content = item.content;
        return true;
}

bool der_small(struct der *d, uint8_t tag, const char *what, int *value)
{
        struct span c;
        uint32_t v;
        size_t i;

        if (!der_integer(d, tag, what, &c))
                return false;
        if (c.len > sizeof(v))
                return der_refuse(d, c.data, "X.690 8.3",
                    "%s: a number of %zu octets", what, c.len);
        v = c.data[0] >= 0x80 ? UINT32_MAX : 0;
        for (i = 0; i < c.len; i++)
                v = v << 8 | c.data[i];
        *value = (int)(int32_t)v;
        return true;
}

bool der_true(struct der *d, const char *what)
{
        struct der_item item;

        if (!der_get(d, DER_BOOLEAN, what, &item))
                return false;
        if (item.content.len != 1)
                return der_refuse(d, item.whole.data, "X.690 8.2.1",
                    "%s: BOOLEAN of %zu octets", what, item.content.len);
        if (item.content.data[0] == 0)
                return der_refuse(d, item.whole.data, "X.690 11.5",
                    "%s: FALSE is the default and must be left out", what);
        if (item.content.data[0] != 0xff)
                return der_refuse(d, item.whole.data, "X.690 11.1",
                    "%s: TRUE is written as %02x, not as ff", what,
                    item.content.data[0]);
        return true;
}

bool der_null(struct der *d, uint8_t tag, const char *what)
{
        struct der_item item;

        if (!der_get(d, tag, what, &item))
                return false;
        if (item.content.len != 0)
                return der_refuse(d, item.whole.data, "X.690 8.8.2",
                    "%s: NULL with content", what);
        return true;
}

bool der_oid(struct der *d, const char *what, struct span *content)
{
        struct der_item item;

        if (!der_get(d, DER_OID, what, &item) ||
            !check_oid(d, what, item.content))
                return false;
        *content = item.content;
        return true;
}

bool der_octets_in_bits(struct der *d, const char *what, struct span *octets)
{
        struct der_item item;

        if (!der_get(d, DER_BIT_STRING, what, &item) ||
            !check_bits(d, what, item.content))
                return false;
        if (item.content.data[0] != 0)
                return der_refuse(d, item.whole.data, "X.690 8.6.2",
                    "%s: %u unused bits where whole octets belong", what,
                    item.content.data[0]);
        *octets = (struct span){item.content.data + 1, item.content.len - 1};
        return true;
}

bool der_algorithm(struct der *d, const char *what, struct span *whole,
    struct span *oid, struct span *parameters)
{
        const uint8_t *start = d->at;
        struct der_item item = {0};
        struct der inner;
        struct span id;

        if (!der_enter(d, DER_SEQUENCE, what, &inner) ||
            !der_oid(&inner, what, &id))
                return false;
        if (inner.at < inner.end && !der_any(&inner, what, &item))
                return false;
        if (!der_finish(&inner, what))
                return false;
        if (whole != NULL)
                *whole = (struct span){start, (size_t)(d->at - start)};
        if (oid != NULL)
                *oid = id;
        if (parameters != NULL)
                *parameters = item.whole;
        return true;
}

/* ---- elements that are only skipped ------------------------------------ */

static bool check_boolean(const struct der *d, const char *what, struct span c)
{
        if (c.len == 1 && (c.data[0] == 0 || c.data[0] == 0xff))
                return true;
        return der_refuse(d, c.data, "X.690 11.1",
            "%s: BOOLEAN that is neither 00 nor ff", what);
}

/* A universal type that is primitive in DER. */
static bool check_primitive(
    const struct der *d, const char *what, const struct der_item *item)
{
        switch (item->tag) {
        case DER_BOOLEAN:
                return check_boolean(d, what, item->content);
        case DER_INTEGER:
        case DER_ENUMERATED:
                return check_integer(d, what, item->content);
        case DER_BIT_STRING:
                return check_bits(d, what, item->content);
        case DER_OID:
                return check_oid(d, what, item->content);
        case DER_NULL:
                if (item->content.len == 0)
                        return true;
                return der_refuse(d, item->whole.data, "X.690 8.8.2",
                    "%s: NULL with content", what);
        case DER_SEQUENCE & 0x1f:
        case DER_SET & 0x1f:
                return der_refuse(d, item->whole.data, "X.690 8.9.1",
                    "%s: primitive SEQUENCE or SET", what);
        case 0:
                return der_refuse(d, item->whole.data, "X.690 8.1.5",
                    "%s: end-of-contents, which DER does not have", what);
        default:
                return true;
        }
}

/* Strings in pieces are BER: X.690 section 10.2.  EXTERNAL and EMBEDDED PDV
 * would be constructed too, but no message here has them. */
static bool may_be_constructed(uint8_t tag)
{
        return (tag & 0xc0) != 0 || tag == DER_SEQUENCE || tag == DER_SET;
}

static bool check_nested(struct der d, const char *what, unsigned levels)
{
        struct der_item item;

        while (d.at < d.end) {
                if (!der_next(&d, what, &item))
                        return false;
                if ((item.tag & 0x20) == 0) {
                        if ((item.tag & 0xc0) == 0 &&
                            !check_primitive(&d, what, &item))
                                return false;
                        continue;
                }
                if (!may_be_constructed(item.tag))
                        return der_refuse(&d, item.whole.data, "X.690 10.2",
                            "%s: string in pieces (tag %02x)", what, item.tag);
                if (levels == 0)
                        return der_refuse(&d, item.whole.data, "X.690 8.1",
                            "%s: nested more than %d deep", what, NESTING_MAX);
                if (!check_nested(inside(&d, &item), what, levels - 1))
                        return false;
        }
        return true;
}

bool der_any(struct der *d, const char *what, struct der_item *out)
{
        struct der whole = *d;

        if (!der_next(d, what, out))
                return false;
        whole.end = d->at;
        return check_nested(whole, what, NESTING_MAX);
}
