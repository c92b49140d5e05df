#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool span_equal(struct span a, struct span b)
{
        if (a.len != b.len)
                return false;
        return a.len == 0 || memcmp(a.data, b.data, a.len) == 0;
}

/* Always with room for a NUL, which buf_text wants. */
bool buf_reserve(struct buf *b, size_t len)
{
        const size_t most = SIZE_MAX / 4; /* no sum here can wrap */
        size_t cap = b->cap == 0 ? 256 : b->cap;
        uint8_t *p = NULL;

        if (b->failed)
                return false;
        if (len < most && b->len + len < b->cap)
                return true;
        while (len < most && cap < most && cap <= b->len + len)
                cap *= 2;
        if (len < most && cap > b->len + len)
                p = realloc(b->data, cap);
        if (p == NULL) {
                b->failed = true;
                return false;
        }
        b->data = p;
        b->cap = cap;
        return true;
}

void buf_append(struct buf *b, const void *data, size_t len)
{
        if (!buf_reserve(b, len))
                return;
        if (len > 0)
                memcpy(b->data + b->len, data, len);
        b->len += len;
        b->data[b->len] = 0;
}

void buf_append_text(struct buf *b, const char *text)
{
        buf_append(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
        va_list ap;
        int len;

        va_start(ap, fmt);
        len = vsnprintf(NULL, 0, fmt, ap);
        va_end(ap);
        if (len < 0 || !buf_reserve(b, (size_t)len)) {
                b->failed = true;
                return;
        }
        va_start(ap, fmt);
        vsnprintf((char *)b->data + b->len, (size_t)len + 1, fmt, ap);
        va_end(ap);
        b->len += (size_t)len;
}

void buf_append_html(struct buf *b, const char *text)
{
        for (; *text != '\0'; text++) {
                switch (*text) {
                case '<':
                        buf_append_text(b, "&lt;");
                        break;
                case '>':
                        buf_append_text(b, "&gt;");
                        break;
                case '&':
                        buf_append_text(b, "&amp;");
                        break;
                case '"':
                        buf_append_text(b, "&quot;");
                        break;
                default:
                        buf_append(b, text, 1);
                }
        }
}

const char *buf_text(struct buf *b)
{
        buf_append(b, "", 0);
        return b->failed ? NULL : (const char *)b->data;
}

struct span buf_span(const struct buf *b)
{
        return (struct span){b->data, b->len};
}

void buf_clear(struct buf *b)
{
        b->len = 0;
}

void buf_release(struct buf *b)
{
        if (b == NULL)
                return;
        free(b->data);
        *b = (struct buf){0};
}
