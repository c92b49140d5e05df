/* An answer taken apart and put together again.  What is read here was written
 * by common/ocsp a moment ago, so it is DER; what is written may be anything
 * but. */
#include "responder/fault/internal.h"

#include <string.h>

/* ---- elements ---------------------------------------------------------- */

bool tlv_next(struct span *rest, struct tlv *out)
{
        const uint8_t *p = rest->data;
        size_t head = 2, len, i;

        if (rest->len < 2)
                return false;
        len = p[1];
        if (len > 0x80) {
                head += len & 0x7f;
                if (head > rest->len || head > 2 + sizeof(uint32_t))
                        return false;
                for (len = 0, i = 2; i < head; i++)
                        len = len << 8 | p[i];
        }
        if (len > rest->len - head)
                return false;
        out->tag = p[0];
        out->content = (struct span){p + head, len};
        out->whole = (struct span){p, head + len};
        rest->data += head + len;
        rest->len -= head + len;
        return true;
}

void tlv_put(struct buf *out, uint8_t tag, struct span content)
{
        uint8_t head[6] = {tag};
        size_t n = 2, octets = 0, rest;

        if (content.len < 0x80) {
                head[1] = (uint8_t)content.len;
        } else {
                for (rest = content.len; rest > 0; rest >>= 8)
                        octets++;
                head[1] = (uint8_t)(0x80 | octets);
                for (; octets > 0; octets--)
                        head[n++] =
                            (uint8_t)(content.len >> (8 * (octets - 1)));
        }
        buf_append(out, head, n);
        if (content.len > 0)
                buf_append(out, content.data, content.len);
}

void buf_set(struct buf *b, struct span s)
{
        buf_clear(b);
        if (s.len > 0)
                buf_append(b, s.data, s.len);
}

/* ---- apart ------------------------------------------------------------- */

void parts_release(struct parts *p)
{
        buf_release(&p->version);
        buf_release(&p->responder);
        buf_release(&p->produced);
        buf_release(&p->singles);
        buf_release(&p->extensions);
        buf_release(&p->algorithm);
        buf_release(&p->signature);
        buf_release(&p->certs);
}

/* Goes into the element, the next of rest. */
static bool enter(struct span *rest, struct tlv *out)
{
        if (!tlv_next(rest, out))
                return false;
        *rest = out->content;
        return true;
}

static bool read_tbs(struct span tbs, struct parts *p)
{
        struct tlv t, inner;

        if (!tlv_next(&tbs, &t))
                return false;
        buf_set(&p->responder, t.whole);
        if (!tlv_next(&tbs, &t))
                return false;
        buf_set(&p->produced, t.whole);
        if (!tlv_next(&tbs, &t))
                return false;
        buf_set(&p->singles, t.content);
        if (tlv_next(&tbs, &t) && tlv_next(&t.content, &inner))
                buf_set(&p->extensions, inner.content);
        return true;
}

static bool read_basic(struct span basic, struct parts *p)
{
        struct tlv t, inner;

        if (!tlv_next(&basic, &t) || !read_tbs(t.content, p) ||
            !tlv_next(&basic, &t))
                return false;
        buf_set(&p->algorithm, t.whole);
        if (!tlv_next(&basic, &t) || t.content.len == 0)
                return false;
        p->unused_bits = t.content.data[0];
        buf_set(&p->signature,
            (struct span){t.content.data + 1, t.content.len - 1});
        if (tlv_next(&basic, &t) && tlv_next(&t.content, &inner))
                buf_set(&p->certs, inner.content);
        return true;
}

int parts_read(struct span der, struct parts *p, struct err *e)
{
        struct span rest = der;
        struct tlv t;

        /* OCSPResponse, [0], ResponseBytes, and in it the second element. */
        if (enter(&rest, &t) && tlv_next(&rest, &t) && enter(&rest, &t) &&
            enter(&rest, &t) && tlv_next(&rest, &t) && enter(&rest, &t) &&
            enter(&rest, &t) && read_basic(rest, p))
                return 0;
        return err_set(e, ERR_INTERNAL, "an answer that cannot be taken apart");
}

/* ---- together ---------------------------------------------------------- */

/* Puts the content of from into to, with that tag; from is empty then. */
static void wrap(struct buf *to, uint8_t tag, struct buf *from)
{
        tlv_put(to, tag, buf_span(from));
        to->failed = to->failed || from->failed;
        buf_release(from);
}

static void append(struct buf *to, const struct buf *from)
{
        if (from->len > 0)
                buf_append(to, from->data, from->len);
        to->failed = to->failed || from->failed;
}

static void put_tbs(const struct parts *p, struct buf *out)
{
        struct buf tbs = {0}, list = {0};

        append(&tbs, &p->version);
        append(&tbs, &p->responder);
        append(&tbs, &p->produced);
        append(&list, &p->singles);
        wrap(&tbs, 0x30, &list);
        if (p->extensions.len > 0) {
                struct buf sequence = {0};

                append(&list, &p->extensions);
                wrap(&sequence, 0x30, &list);
                wrap(&tbs, 0xa1, &sequence);
        }
        wrap(out, 0x30, &tbs);
}

int parts_sign(struct parts *p, const struct ocsp_signer *signer, struct err *e)
{
        uint8_t signature[OCSP_SIGNATURE_MAX];
        struct buf tbs = {0};
        size_t len;
        int rc;

        put_tbs(p, &tbs);
        rc = tbs.failed
                 ? err_set(e, ERR_OS, "answer: out of memory")
                 : ocsp_signer_sign(signer, buf_span(&tbs), signature, &len, e);
        if (rc == 0)
                buf_set(&p->signature, (struct span){signature, len});
        buf_release(&tbs);
        return rc;
}

static void put_basic(const struct parts *p, struct buf *out)
{
        struct buf basic = {0}, bits = {0};

        put_tbs(p, &basic);
        append(&basic, &p->algorithm);
        buf_append(&bits, &p->unused_bits, 1);
        append(&bits, &p->signature);
        wrap(&basic, 0x03, &bits);
        if (p->certs.len > 0) {
                struct buf list = {0}, sequence = {0};

                append(&list, &p->certs);
                wrap(&sequence, 0x30, &list);
                wrap(&basic, 0xa0, &sequence);
        }
        wrap(out, 0x30, &basic);
}

int parts_write(const struct parts *p, struct buf *der, struct err *e)
{
        static const uint8_t successful[] = {0x0a, 1, 0};
        /* id-pkix-ocsp-basic */
        static const uint8_t type[] = {
            0x06, 9, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01};
        struct buf basic = {0}, bytes = {0}, explicit = {0}, response = {0};

        put_basic(p, &basic);
        buf_append(&bytes, type, sizeof(type));
        wrap(&bytes, 0x04, &basic);
        wrap(&explicit, 0x30, &bytes);
        buf_append(&response, successful, sizeof(successful));
        wrap(&response, 0xa0, &explicit);
        buf_clear(der);
        wrap(der, 0x30, &response);
        return der->failed ? err_set(e, ERR_OS, "answer: out of memory") : 0;
}
