/* Recipes for the way the answer goes: HTTP, and the connection. */
#include "responder/fault/internal.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- HTTP -------------------------------------------------------------- */

static void set_header(struct spoil *s, const char *name, const char *value)
{
        struct delivery *d = &s->out->delivery;
        size_t i;

        for (i = 0; i < d->headers_len; i++)
                if (strcmp(d->headers[i].name, name) == 0)
                        break;
        if (i == DELIVERY_HEADERS_MAX)
                return;
        d->headers[i].name = name;
        snprintf(d->headers[i].value, DELIVERY_VALUE_MAX, "%s", value);
        if (i == d->headers_len)
                d->headers_len++;
}

/* A page of text instead of an answer. */
static void refuse(struct spoil *s, unsigned status, const char *text)
{
        s->out->delivery.status = status;
        s->out->encoded = false;
        set_header(s, "Content-Type", "text/plain; charset=utf-8");
        buf_set(
            &s->out->der, (struct span){(const uint8_t *)text, strlen(text)});
}

static void http_404(struct spoil *s)
{
        refuse(s, 404, "not found\n");
}

static void http_500(struct spoil *s)
{
        refuse(s, 500, "internal server error\n");
}

static void http_503(struct spoil *s)
{
        char after[DELIVERY_VALUE_MAX];

        snprintf(after, sizeof(after), "%" PRId64, spoil_seconds(s, "after"));
        refuse(s, 503, "service unavailable\n");
        set_header(s, "Retry-After", after);
}

static void redirect_to(struct spoil *s, const char *query)
{
        refuse(s, 307, "");
        snprintf(s->out->location, sizeof(s->out->location), "%s%s",
            s->c->visit->path, query);
}

static void redirect(struct spoil *s)
{
        if (!s->c->visit->redirected)
                redirect_to(s, "?redirected=1");
}

static void redirect_loop(struct spoil *s)
{
        redirect_to(s, "");
}

static void wrong_content_type(struct spoil *s)
{
        set_header(s, "Content-Type", "application/octet-stream");
}

static void charset(struct spoil *s)
{
        set_header(
            s, "Content-Type", "application/ocsp-response; charset=utf-8");
}

static void missing_content_type(struct spoil *s)
{
        struct delivery *d = &s->out->delivery;
        size_t i, n = 0;

        for (i = 0; i < d->headers_len; i++)
                if (strcmp(d->headers[i].name, "Content-Type") != 0)
                        d->headers[n++] = d->headers[i];
        d->headers_len = n;
}

static void refuse_method(struct spoil *s, const char *allow)
{
        refuse(s, 405, "method not allowed\n");
        set_header(s, "Allow", allow);
}

static void get_refused(struct spoil *s)
{
        if (s->c->visit->get)
                refuse_method(s, "POST");
}

static void post_refused(struct spoil *s)
{
        if (!s->c->visit->get)
                refuse_method(s, "GET, HEAD");
}

/* ---- gzip -------------------------------------------------------------- */

/* RFC 1952 section 8. */
static uint32_t crc32(struct span data)
{
        uint32_t crc = UINT32_MAX;
        size_t i;
        int bit;

        for (i = 0; i < data.len; i++) {
                crc ^= data.data[i];
                for (bit = 0; bit < 8; bit++)
                        crc = (crc >> 1) ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
        }
        return ~crc;
}

static void put_little(struct buf *out, uint32_t n, size_t octets)
{
        uint8_t octet;

        for (; octets > 0; octets--, n >>= 8) {
                octet = (uint8_t)n;
                buf_append(out, &octet, 1);
        }
}

/* One stored block (RFC 1951 section 3.2.4): every gunzip takes it. */
static void gzip(struct spoil *s)
{
        static const uint8_t header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
        struct span body = buf_span(&s->out->der);
        uint16_t len = (uint16_t)body.len;
        struct buf packed = {0};

        if (body.len > UINT16_MAX)
                return;
        buf_append(&packed, header, sizeof(header));
        buf_append(&packed, "\1", 1);
        put_little(&packed, len, 2);
        put_little(&packed, (uint16_t)~len, 2);
        buf_append(&packed, body.data, body.len);
        put_little(&packed, crc32(body), 4);
        put_little(&packed, len, 4);
        buf_set(&s->out->der, buf_span(&packed));
        buf_release(&packed);
        set_header(s, "Content-Encoding", "gzip");
}

/* ---- framing ----------------------------------------------------------- */

static void chunked(struct spoil *s)
{
        s->out->framing = FAULT_CHUNKED;
}

static void until_close(struct spoil *s)
{
        s->out->framing = FAULT_UNTIL_CLOSE;
}

static void cut_off(struct spoil *s, size_t missing)
{
        s->out->framing = FAULT_CUT_OFF;
        s->out->missing = missing;
}

static void wrong_length(struct spoil *s)
{
        cut_off(s, 10);
}

static void half_a_body(struct spoil *s)
{
        size_t half = s->out->der.len / 2;

        s->out->der.len -= half;
        cut_off(s, half);
}

static void reset_after_half(struct spoil *s)
{
        half_a_body(s);
        s->out->framing = FAULT_RESET;
}

/* ---- the connection ---------------------------------------------------- */

/* At once, or what is left to do when the wait is over. */
static void close_silently(struct spoil *s)
{
        s->out->close = true;
}

static void answer_at_last(struct spoil *s)
{
        (void)s;
}

bool fault_waits(
    const struct fault *f, struct fault_visit *v, struct fault_outcome *out)
{
        const char *name = f->choice.scenario->name, *param = NULL;
        int64_t now = monotonic_ms();

        if (f->broken[0] != '\0' || !v->live)
                return false;
        if (strcmp(name, "slow") == 0)
                param = "delay";
        else if (strcmp(name, "never-answers") == 0)
                param = "for";
        if (param == NULL)
                return false;
        if (v->note == 0)
                v->note = now + scenario_value(&f->choice, param);
        if (now >= v->note)
                return false;
        out->park_ms = (int)(v->note - now);
        return true;
}

/* ---- drip -------------------------------------------------------------- */

static void drip(struct spoil *s)
{
        s->out->drip_ms = (int)spoil_number(s, "every");
}

/* ---- flap -------------------------------------------------------------- */

enum { FLAP_TRY_LATER, FLAP_INTERNAL_ERROR, FLAP_HTTP_503 };

/* How often is for the count of answers to say. */
static void fail(struct spoil *s)
{
        switch (spoil_number(s, "how")) {
        case FLAP_TRY_LATER:
                s->answer->status = OCSP_TRY_LATER;
                return;
        case FLAP_INTERNAL_ERROR:
                s->answer->status = OCSP_INTERNAL_ERROR;
                return;
        }
}

static void fail_http(struct spoil *s)
{
        if (spoil_number(s, "how") == FLAP_HTTP_503)
                refuse(s, 503, "service unavailable\n");
}

static const struct recipe rows[] = {
    {.name = "http-404", .delivery = http_404},
    {.name = "http-500", .delivery = http_500},
    {.name = "http-503-retry-after", .delivery = http_503},
    {.name = "redirect", .delivery = redirect},
    {.name = "redirect-loop", .delivery = redirect_loop},
    {.name = "wrong-content-type", .delivery = wrong_content_type},
    {.name = "missing-content-type", .delivery = missing_content_type},
    {.name = "charset", .delivery = charset},
    {.name = "gzip", .delivery = gzip},
    {.name = "chunked", .delivery = chunked},
    {.name = "no-content-length", .delivery = until_close},
    {.name = "wrong-length", .delivery = wrong_length},
    {.name = "cut-mid-body", .delivery = half_a_body},
    {.name = "reset-mid-body", .delivery = reset_after_half},
    {.name = "get-refused", .delivery = get_refused},
    {.name = "post-refused", .delivery = post_refused},
    {.name = "accept-then-close", .delivery = close_silently},
    {.name = "never-answers", .delivery = close_silently},
    {.name = "drip", .delivery = drip},
    {.name = "slow", .delivery = answer_at_last},
    {.name = "flap", .before = fail, .delivery = fail_http},
};

const struct recipe_list recipes_delivery = RECIPES(rows);
