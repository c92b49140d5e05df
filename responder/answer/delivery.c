#include "responder/answer/answer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/httpdate.h"

__attribute__((format(printf, 3, 4))) static void add(
    struct delivery *d, const char *name, const char *fmt, ...)
{
        va_list ap;

        d->headers[d->headers_len].name = name;
        va_start(ap, fmt);
        vsnprintf(
            d->headers[d->headers_len].value, DELIVERY_VALUE_MAX, fmt, ap);
        va_end(ap);
        d->headers_len++;
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
        add(out, "Content-Type", "%s", type);
}

static void add_caching(struct delivery *out, const struct answer_life *life,
    const char *etag, int64_t now)
{
        char date[HTTP_DATE_MAX];

        add(out, "Last-Modified", "%s", http_date(life->this_update, date));
        add(out, "Expires", "%s", http_date(life->next_update, date));
        add(out, "ETag", "%s", etag);
        add(out, "Cache-Control",
            "max-age=%" PRId64 ", public, no-transform, must-revalidate",
            max_age(life, now));
}

void delivery_make(const struct answer_life *life, const char *etag,
    struct span body, int64_t now, struct delivery *out)
{
        begin(out, body, "application/ocsp-response");
        if (life == NULL || !life->shareable)
                add(out, "Cache-Control", "no-store");
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

bool delivery_not_modified(const struct answer_life *life, const char *etag,
    const char *none_match, const char *modified_since)
{
        int64_t since;

        if (!life->shareable)
                return false;
        if (none_match != NULL)
                return etag_in(none_match, etag);
        return modified_since != NULL && life->steady &&
               http_date_parse(modified_since, &since) &&
               life->this_update <= since;
}
