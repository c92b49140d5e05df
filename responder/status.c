#include "responder/status.h"

#include <string.h>

#include "pki/pki.h"

enum {
        WAIT_DEFAULT_MS = 5000,
        WAIT_MAX_MS = 60000,
};

static struct httpd_reply reply(
    unsigned status, const char *type, struct buf *body)
{
        const struct httpd_header headers[] = {
            {"Content-Type", type},
            {"Cache-Control", "no-store"},
        };
        struct httpd_reply r = {NULL, status, 0};

        if (body->failed || httpd_response_new(buf_span(body), headers, 2,
                                &r.response, NULL) != 0)
                r.response = NULL; /* out of memory: the connection ends */
        buf_release(body);
        return r;
}

static struct httpd_reply reply_text(unsigned status, const char *text)
{
        struct buf body = {.len = 0};

        buf_append_text(&body, text);
        return reply(status, "text/plain; charset=utf-8", &body);
}

static struct httpd_reply serve_health(struct worker *w)
{
        struct buf body = {.len = 0};
        bool healthy = status_health(w, &body);

        return reply(healthy ? 200 : 503, "application/json", &body);
}

static struct httpd_reply serve_metrics(struct worker *w)
{
        struct buf body = {.len = 0};

        status_metrics(w, &body);
        return reply(200, "text/plain; version=0.0.4", &body);
}

static struct httpd_reply serve_scenarios(struct worker *w)
{
        struct buf body = {.len = 0};
        bool known = status_scenarios(w, &body);

        return reply(known ? 200 : 503, "application/json", &body);
}

/* ---- /requests --------------------------------------------------------- */

struct wish {
        uint64_t since;
        uint64_t min;
        int64_t timeout_ms;
        bool has_serial;
        struct pki_serial serial;
};

/* Text of a query value; NULL if it is absent.  *bad: too long. */
static const char *query(
    const struct httpd_request *q, const char *key, char out[256], bool *bad)
{
        int found = httpd_request_query(q, key, out, 256);

        *bad = *bad || found < 0;
        return found == 1 ? out : NULL;
}

static bool read_wish(const struct httpd_request *q, struct wish *w)
{
        char text[256];
        const char *value;
        bool bad = false;

        *w = (struct wish){.timeout_ms = WAIT_DEFAULT_MS};
        if ((value = query(q, "since", text, &bad)) != NULL)
                bad = bad || parse_uint(value, UINT64_MAX, &w->since, NULL);
        if ((value = query(q, "min", text, &bad)) != NULL)
                bad = bad || parse_uint(value, JOURNAL_LEN, &w->min, NULL);
        if ((value = query(q, "timeout", text, &bad)) != NULL)
                bad =
                    bad || parse_duration_ms(value, 's', &w->timeout_ms, NULL);
        if ((value = query(q, "serial", text, &bad)) != NULL)
                bad = bad || pki_serial_parse(value, &w->serial, NULL);
        w->has_serial = value != NULL;
        if (w->timeout_ms > WAIT_MAX_MS)
                w->timeout_ms = WAIT_MAX_MS;
        return !bad;
}

/* Answers when there are enough, or at the deadline, which the request keeps
 * in its note. */
static struct httpd_reply serve_requests(
    struct worker *w, struct httpd_request *q)
{
        int64_t now = monotonic_ms();
        struct buf body = {.len = 0};
        struct span serial = {NULL, 0};
        struct wish wish;
        size_t n;

        if (!read_wish(q, &wish))
                return reply_text(
                    400, "bad query: ?since=SEQ&min=N&timeout=5s&serial=HEX\n");
        if (wish.has_serial)
                serial = (struct span){wish.serial.octets, wish.serial.len};
        if (q->note == 0)
                q->note = now + wish.timeout_ms + 1;
        /* Before looking, so that none is missed in between. */
        journal_want_wake(w->responder->journal);
        n = status_requests(w, wish.since, serial, &body);
        if (n >= wish.min || now >= q->note - 1)
                return reply(200, "application/json", &body);
        buf_release(&body);
        return (struct httpd_reply){NULL, 0, (int)(q->note - now)};
}

struct httpd_reply serve_status(
    void *responder, unsigned thread, struct httpd_request *q)
{
        struct responder *r = responder;
        struct worker *w = r->workers[r->workers_len - 1];

        (void)thread;
        if (strcmp(q->path, "/healthz") == 0)
                return serve_health(w);
        if (strcmp(q->path, "/metrics") == 0)
                return serve_metrics(w);
        if (strcmp(q->path, "/requests") == 0)
                return serve_requests(w, q);
        if (strcmp(q->path, "/scenarios") == 0)
                return serve_scenarios(w);
        return reply_text(404, "here are /healthz, /metrics, /scenarios and "
                               "/requests?since=SEQ&min=N&timeout=5s&"
                               "serial=HEX\n");
}
