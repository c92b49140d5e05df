/* Recipes for instants: when, and how they are written. */
#include "responder/fault/internal.h"

#include <string.h>

enum { HOUR_S = 3600, DAY_S = 86400 };

/* ---- when -------------------------------------------------------------- */

static int64_t life(const struct spoil *s)
{
        return s->single->next_update - s->single->this_update;
}

static void end_at(struct spoil *s, int64_t next_update)
{
        s->single->this_update = next_update - life(s);
        s->single->next_update = next_update;
}

static void expired_fresh_signature(struct spoil *s)
{
        end_at(s, s->c->now - spoil_seconds(s, "ago"));
}

static void expired(struct spoil *s)
{
        expired_fresh_signature(s);
        s->answer->ocsp.produced_at = s->single->this_update;
}

static void future(struct spoil *s)
{
        end_at(s, s->c->now + spoil_seconds(s, "ahead") + life(s));
}

/* Every answer is made when it is asked for, and none is kept. */
static void this_update_now(struct spoil *s)
{
        (void)s;
}

static void no_next_update(struct spoil *s)
{
        s->single->next_update = 0;
}

static void next_before_this(struct spoil *s)
{
        s->single->next_update =
            s->single->this_update - spoil_seconds(s, "by");
}

static void last(struct spoil *s, int64_t seconds)
{
        s->single->next_update = s->single->this_update + seconds;
}

static void is_long(struct spoil *s)
{
        last(s, INT64_C(366) * DAY_S);
}

static void is_longer(struct spoil *s)
{
        last(s, INT64_C(368) * DAY_S);
}

static void almost_expired(struct spoil *s)
{
        s->single->next_update = s->c->now + spoil_seconds(s, "left");
}

static void produced_early(struct spoil *s)
{
        s->answer->ocsp.produced_at =
            s->single->this_update - spoil_seconds(s, "by");
}

static void produced_late(struct spoil *s)
{
        s->answer->ocsp.produced_at = s->c->now + spoil_seconds(s, "ahead");
}

static void beyond_signer(struct spoil *s)
{
        s->single->next_update = s->signer_not_after + DAY_S;
}

/* Of a serial that nobody issued there is no end to go beyond. */
static void beyond_certificate(struct spoil *s)
{
        if (s->c->not_after != 0)
                s->single->next_update = s->c->not_after + DAY_S;
}

/* GET only: what a cache has kept too long. */
static void stale_from_cache(struct spoil *s)
{
        if (!s->c->visit->get)
                return;
        end_at(s, s->c->now - HOUR_S);
        s->answer->ocsp.produced_at = s->single->this_update;
}

static void aged(struct spoil *s)
{
        struct delivery *d = &s->out->delivery;

        if (!s->c->visit->get)
                return;
        d->headers_len = 0;
        d->headers[d->headers_len].name = "Content-Type";
        strcpy(d->headers[d->headers_len++].value, "application/ocsp-response");
        d->headers[d->headers_len].name = "Cache-Control";
        strcpy(d->headers[d->headers_len++].value,
            "max-age=3600, public, no-transform, must-revalidate");
        d->headers[d->headers_len].name = "Age";
        strcpy(d->headers[d->headers_len++].value, "432000");
}

/* ---- how they are written ---------------------------------------------- */

enum field { FIELD_THIS_UPDATE, FIELD_NEXT_UPDATE, FIELD_PRODUCED_AT };

/* "YYYYMMDDHHMMSSZ" becomes what ends with end, cut octets before its Z
 * earlier. */
struct form {
        size_t cut;
        const char *end;
};

static void rewrite(
    const struct tlv *time, const struct form *form, struct buf *out)
{
        struct buf text = {0};

        buf_append(
            &text, time->content.data, time->content.len - 1 - form->cut);
        buf_append_text(&text, form->end);
        tlv_put(out, time->tag, buf_span(&text));
        buf_release(&text);
}

/* thisUpdate is the one GeneralizedTime of a SingleResponse, nextUpdate is in
 * [0]. */
static void rewrite_single(struct span content, enum field field,
    const struct form *form, struct buf *out)
{
        struct buf single = {0}, inner = {0};
        struct tlv t, time;

        while (tlv_next(&content, &t)) {
                if (t.tag == 0x18 && field == FIELD_THIS_UPDATE) {
                        rewrite(&t, form, &single);
                } else if (t.tag == 0xa0 && field == FIELD_NEXT_UPDATE &&
                           tlv_next(&t.content, &time)) {
                        rewrite(&time, form, &inner);
                        tlv_put(&single, t.tag, buf_span(&inner));
                } else {
                        buf_append(&single, t.whole.data, t.whole.len);
                }
        }
        tlv_put(out, 0x30, buf_span(&single));
        buf_release(&inner);
        buf_release(&single);
}

static void rewrite_produced(struct spoil *s, const struct form *form)
{
        struct span rest = buf_span(&s->parts.produced);
        struct buf produced = {0};
        struct tlv time;

        if (tlv_next(&rest, &time))
                rewrite(&time, form, &produced);
        buf_set(&s->parts.produced, buf_span(&produced));
        buf_release(&produced);
}

static void rewrite_time(struct spoil *s, const struct form *form)
{
        enum field field = (enum field)spoil_number(s, "field");
        struct span rest = buf_span(&s->parts.singles);
        struct buf singles = {0};
        struct tlv t;
        size_t i;

        if (field == FIELD_PRODUCED_AT) {
                rewrite_produced(s, form);
                return;
        }
        for (i = 0; tlv_next(&rest, &t); i++)
                if (i == s->c->target)
                        rewrite_single(t.content, field, form, &singles);
                else
                        buf_append(&singles, t.whole.data, t.whole.len);
        buf_set(&s->parts.singles, buf_span(&singles));
        buf_release(&singles);
}

static void fractional_seconds(struct spoil *s)
{
        static const struct form form = {0, ".5Z"};

        rewrite_time(s, &form);
}

static void no_seconds(struct spoil *s)
{
        static const struct form form = {2, "Z"};

        rewrite_time(s, &form);
}

static void offset_time(struct spoil *s)
{
        static const struct form form = {0, "+0000"};

        rewrite_time(s, &form);
}

static const struct recipe rows[] = {
    {.name = "expired", .before = expired},
    {.name = "expired-fresh-signature", .before = expired_fresh_signature},
    {.name = "future", .before = future},
    {.name = "this-update-now", .before = this_update_now},
    {.name = "no-next-update", .before = no_next_update},
    {.name = "next-before-this", .before = next_before_this},
    {.name = "long", .before = is_long},
    {.name = "longer", .before = is_longer},
    {.name = "almost-expired", .before = almost_expired},
    {.name = "produced-early", .before = produced_early},
    {.name = "produced-late", .before = produced_late},
    {.name = "beyond-signer", .before = beyond_signer},
    {.name = "beyond-certificate", .before = beyond_certificate},
    {.name = "fractional-seconds", .tbs = fractional_seconds},
    {.name = "no-seconds", .tbs = no_seconds},
    {.name = "offset-time", .tbs = offset_time},
    {.name = "cache-stale", .before = stale_from_cache, .delivery = aged},
};

const struct recipe_list recipes_time = RECIPES(rows);
