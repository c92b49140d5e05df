#include "responder/answer/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/httpdate.h"

_Static_assert(DELIVERY_VALUE_MAX >= (int)HTTP_DATE_MAX, "a date is a value");
_Static_assert(DELIVERY_VALUE_MAX >= (int)ANSWER_ETAG_MAX, "an entity tag too");

/* One header more; returns the room for its value. */
static char *add(struct delivery *d, const char *name)
{
        d->headers[d->headers_len].name = name;
        return d->headers[d->headers_len++].value;
}

static void add_text(struct delivery *d, const char *name, const char *text)
{
        size_t len = strnlen(text, DELIVERY_VALUE_MAX - 1);
        char *value = add(d, name);

        memcpy(value, text, len);
        value[len] = '\0';
}

/* RFC 9919 section 7.1: no cache may have it when a new one is signed, nor at
 * nextUpdate. */
static int64_t max_age(const struct answer_life *life, int64_t now)
{
        int64_t end = life->resign_at < life->next_update
                          ? life->resign_at
                          : life->next_update - 1;

        return end > now ? end - now : 0;
}

static void begin(struct delivery *out, struct span body, const char *type)
{
        out->status = 200;
        out->body = body;
        out->headers_len = 0;
        add_text(out, "Content-Type", type);
}

static void add_caching(struct delivery *out, const struct answer_life *life,
    const char *etag, int64_t now)
{
        http_date(life->this_update, add(out, "Last-Modified"));
        http_date(life->next_update, add(out, "Expires"));
        add_text(out, "ETag", etag);
        snprintf(add(out, "Cache-Control"), DELIVERY_VALUE_MAX,
            "max-age=%" PRId64 ", public, no-transform, must-revalidate",
            max_age(life, now));
}

void delivery_make(const struct answer_life *life, const char *etag,
    struct span body, int64_t now, struct delivery *out)
{
        begin(out, body, "application/ocsp-response");
        if (life == NULL || !life->shareable)
                add_text(out, "Cache-Control", "no-store");
        else
                add_caching(out, life, etag, now);
}

void delivery_make_crl(const struct answer_life *life, const char *etag,
    int64_t now, struct delivery *out)
{
        begin(out, (struct span){NULL, 0}, "application/pkix-crl");
        add_caching(out, life, etag, now);
}

/* ---- conditional requests ---------------------------------------------- */

/* Weak comparison against a list, RFC 9110 section 13.1.2. */
static bool etag_in(const char *list, const char *etag)
{
        size_t len = strlen(etag);

        while (*list != '\0') {
                list += strspn(list, " \t,");
                if (*list == '*')
                        return true;
                if (strncmp(list, "W/", 2) == 0)
                        list += 2;
                if (strncmp(list, etag, len) == 0 &&
                    strchr(" \t,", list[len]) != NULL)
                        return true;
                list += strcspn(list, ",");
        }
        return false;
}

bool delivery_not_modified(
    const struct answer_life *life, const char *etag, const char *none_match)
{
        return life->shareable && none_match != NULL &&
               etag_in(none_match, etag);
}
