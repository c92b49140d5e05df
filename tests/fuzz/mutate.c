#include "mutate.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "fuzz.h"

enum { NODES_MAX = 400, DEPTH_MAX = 24, GROWTH_MAX = 64 };

/* An element.  Those within it follow it, up to the one numbered next. */
struct node {
        size_t at, header, len; /* offset, of tag and length, of the content */
        size_t skip;            /* octets of the content before the first
                                   element in it: unused bits */
        size_t next;
        bool parent;
};

struct tree {
        const uint8_t *data;
        size_t len;
        struct node nodes[NODES_MAX];
};

/* ---- reading ------------------------------------------------------------ */

static bool read_header(const uint8_t *p, size_t size, struct node *n)
{
        size_t octets, i;

        if (size < 2 || (p[0] & 0x1f) == 0x1f)
                return false;
        n->header = 2;
        n->len = p[1];
        if (p[1] & 0x80) {
                octets = p[1] & 0x7f;
                if (octets == 0 || octets > 3 || size < 2 + octets)
                        return false;
                for (n->len = 0, i = 0; i < octets; i++)
                        n->len = n->len << 8 | p[2 + i];
                n->header += octets;
        }
        return n->len <= size - n->header;
}

static bool read_all(struct tree *t, size_t at, size_t end, int depth);

/* Constructed, or a string that happens to hold elements and nothing else. */
static void read_inner(struct tree *t, struct node *n, int depth)
{
        size_t start = n->at + n->header, before = t->len;
        uint8_t tag = t->data[n->at];

        if (tag == 3 && n->len > 1)
                n->skip = 1;
        if (n->len > n->skip && (tag & 0x20 || tag == 3 || tag == 4) &&
            depth < DEPTH_MAX &&
            read_all(t, start + n->skip, start + n->len, depth + 1)) {
                n->parent = true;
                return;
        }
        t->len = before;
        n->skip = 0;
}

static bool read_all(struct tree *t, size_t at, size_t end, int depth)
{
        while (at < end) {
                struct node *n = &t->nodes[t->len];

                if (t->len == NODES_MAX)
                        return false;
                *n = (struct node){.at = at};
                if (!read_header(t->data + at, end - at, n))
                        return false;
                t->len++;
                read_inner(t, n, depth);
                n->next = t->len;
                at += n->header + n->len;
        }
        return true;
}

/* ---- writing, with one element changed ----------------------------------- */

struct change {
        size_t node;    /* which */
        struct span in; /* what stands in its place */
};

static void put_header(struct buf *out, size_t from, uint8_t tag)
{
        size_t len = out->len - from;
        uint8_t header[5] = {tag, (uint8_t)len};
        size_t octets = len < 128 ? 0 : len < 256 ? 1 : len < 65536 ? 2 : 3, i;

        if (octets > 0)
                header[1] = (uint8_t)(0x80 + octets);
        for (i = 0; i < octets; i++)
                header[2 + i] = (uint8_t)(len >> (8 * (octets - 1 - i)));
        if (!buf_reserve(out, 2 + octets))
                return;
        memmove(out->data + from + 2 + octets, out->data + from, len);
        memcpy(out->data + from, header, 2 + octets);
        out->len += 2 + octets;
}

static void put_node(
    const struct tree *t, size_t i, const struct change *c, struct buf *out)
{
        const struct node *n = &t->nodes[i];
        size_t from = out->len, child;

        if (i == c->node) {
                buf_append(out, c->in.data, c->in.len);
        } else if (c->node < i || c->node >= n->next) {
                buf_append(out, t->data + n->at, n->header + n->len);
        } else {
                buf_append(out, t->data + n->at + n->header, n->skip);
                for (child = i + 1; child < n->next;
                     child = t->nodes[child].next)
                        put_node(t, child, c, out);
                put_header(out, from, t->data[n->at]);
        }
}

/* ---- changes ------------------------------------------------------------ */

static struct span whole(const struct tree *t, const struct node *n)
{
        return (struct span){t->data + n->at, n->header + n->len};
}

static unsigned next(unsigned *seed)
{
        *seed = *seed * 1103515245u + 12345u;
        return *seed >> 8;
}

/* The content, changed by libFuzzer, in a new element of the same tag. */
static void change_content(
    const struct tree *t, const struct node *n, struct buf *out)
{
        size_t from = out->len;

        buf_append(out, t->data + n->at + n->header, n->len);
        if (!buf_reserve(out, GROWTH_MAX))
                return;
        out->len = from + LLVMFuzzerMutate(
                              out->data + from, n->len, n->len + GROWTH_MAX);
        put_header(out, from, t->data[n->at]);
}

/* What comes in the place of the n-th element. */
static void replace(
    const struct tree *t, size_t n, unsigned *seed, struct buf *out)
{
        struct span old = whole(t, &t->nodes[n]);
        struct span other = whole(t, &t->nodes[next(seed) % t->len]);

        switch (next(seed) % 8) {
        case 0: /* nothing */
                return;
        case 1: /* twice the same */
                buf_append(out, old.data, old.len);
                buf_append(out, old.data, old.len);
                return;
        case 2: /* another one */
                buf_append(out, other.data, other.len);
                return;
        case 3: /* another one before it */
                buf_append(out, other.data, other.len);
                buf_append(out, old.data, old.len);
                return;
        case 4: /* another tag */
                buf_append(out, old.data, old.len);
                if (!out->failed)
                        out->data[out->len - old.len] ^=
                            (uint8_t)(1u << next(seed) % 8);
                return;
        default:
                change_content(t, &t->nodes[n], out);
                return;
        }
}

/* A leaf of the tree more often than not: there are the values. */
static size_t choose(const struct tree *t, unsigned *seed)
{
        size_t n = next(seed) % t->len;
        int tries = 3;

        while (t->nodes[n].parent && tries-- > 0)
                n = next(seed) % t->len;
        return n;
}

/* 0: it would not fit, or is out of memory. */
static size_t change_one(
    const struct tree *t, uint8_t *data, size_t max_size, unsigned seed)
{
        struct buf in = {0}, out = {0};
        struct change c = {.node = choose(t, &seed)};
        size_t i, len = 0;

        replace(t, c.node, &seed, &in);
        c.in = buf_span(&in);
        for (i = 0; i < t->len; i = t->nodes[i].next)
                put_node(t, i, &c, &out);
        if (!in.failed && !out.failed && out.len <= max_size) {
                len = out.len;
                memcpy(data, out.data, len);
        }
        buf_release(&in);
        buf_release(&out);
        return len;
}

size_t mutate_der(
    uint8_t *data, size_t size, size_t max_size, size_t skip, unsigned int seed)
{
        static struct tree t;
        size_t len = 0;

        if (skip > 0 && size >= skip && next(&seed) % 8 == 0) {
                data[next(&seed) % skip] = (uint8_t)next(&seed);
                return size;
        }
        if (size > skip && next(&seed) % 4 != 0) {
                t.data = data + skip;
                t.len = 0;
                if (read_all(&t, 0, size - skip, 0) && t.len > 0)
                        len =
                            change_one(&t, data + skip, max_size - skip, seed);
        }
        return len > 0 ? skip + len : LLVMFuzzerMutate(data, size, max_size);
}
