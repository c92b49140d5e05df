/* Bytes: a view of somebody's (span), and a growing buffer of one's own. */
#ifndef OCSP_LAB_BUF_H
#define OCSP_LAB_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A view; whoever made it owns the bytes.  {NULL, 0} means absent. */
struct span {
        const uint8_t *data;
        size_t len;
};

bool span_equal(struct span a, struct span b);

/* Heap bytes, owned.  Zeroed memory is a valid empty buffer.  A failed
 * allocation sets failed and later appends do nothing: test it once at the
 * end. */
struct buf {
        uint8_t *data;
        size_t len;
        size_t cap;
        bool failed;
};

void buf_append(struct buf *b, const void *data, size_t len);

/* Makes room for len more bytes at data + len, for writers that fill it
 * themselves and then raise len.  false: failed is set. */
bool buf_reserve(struct buf *b, size_t len);

void buf_append_text(struct buf *b, const char *text);
/* As text or as a value in double quotes of HTML. */
void buf_append_html(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The content as a C string (a NUL stands behind len); NULL if failed.
 * Owned by the buffer. */
const char *buf_text(struct buf *b);

struct span buf_span(const struct buf *b);
void buf_clear(struct buf *b);   /* empties, keeps the memory */
void buf_release(struct buf *b); /* frees; NULL is fine */

#endif
