#include "serve.h"

#include <string.h>

#include "cmd.h"
#include "events.h"

enum {
        WAIT_DEFAULT_MS = 5000,
        WAIT_MAX_MS = 60000,
        EVENTS_MAX = 1000, /* in one answer; "last" says where to go on */
};

/* ---- replies ------------------------------------------------------------ */

struct httpd_reply serve_reply(
    unsigned status, const char *type, const char *allow, struct buf *body)
{
        const struct httpd_header headers[] = {
            {"Content-Type", type},
            {"Cache-Control", "no-store"},
            {"X-Content-Type-Options", "nosniff"},
            {"Allow", allow},
        };
        struct httpd_reply r = {NULL, status, 0};

        if (body->failed || httpd_response_new(buf_span(body), headers,
                                allow != NULL ? 4 : 3, &r.response, NULL) != 0)
                r.response = NULL; /* out of memory: the connection ends */
        buf_release(body);
        return r;
}

struct httpd_reply serve_error(unsigned status, const char *allow,
    const char *code, const char *what, const char *why)
{
        json_t *json = json_pack("{s:{s:s, s:s, s:o}}", "error", "code", code,
            "what", what, "why", json_text(why));
        char *text = json_dumps(json, JSON_COMPACT);
        struct buf body = {0};

        buf_printf(&body, "%s\n", text != NULL ? text : "{}");
        free(text);
        json_decref(json);
        return serve_reply(status, "application/json", allow, &body);
}

/* ---- outcomes ----------------------------------------------------------- */

static const struct {
        int exit;
        unsigned status;
        const char *code;
} failures[] = {
    {ERR_USAGE, 400, "usage"}, {ERR_NOTFOUND, 404, "not_found"},
    {ERR_EXISTS, 409, "exists"}, {ERR_CONFIG, 403, "forbidden"},
    {ERR_DATA, 422, "data"}, {ERR_TRYLATER, 503, "try_later"},
    {ERR_OS, 500, "system"}, {ERR_IO, 500, "io"},
    {ERR_INTERNAL, 500, "internal"}, /* and all others */
};

static struct httpd_reply failure(
    int exit_status, const char *what, const char *why)
{
        size_t i = 0, last = sizeof(failures) / sizeof(failures[0]) - 1;

        while (i < last && failures[i].exit != exit_status)
                i++;
        return serve_error(
            failures[i].status, NULL, failures[i].code, what, why);
}

/* The last line on its standard error, without its name. */
static const char *last_line(struct buf *errors)
{
        static const char name[] = "ocsp-ca: ";
        char *text, *start;

        while (errors->len > 0 && errors->data[errors->len - 1] == '\n')
                errors->len--;
        buf_append(errors, "", 0);
        if (errors->len == 0 || buf_text(errors) == NULL)
                return "it said nothing";
        text = (char *)errors->data;
        text[errors->len] = '\0';
        start = strrchr(text, '\n');
        text = start != NULL ? start + 1 : text;
        return strncmp(text, name, strlen(name)) == 0 ? text + strlen(name)
                                                      : text;
}

/* "A\nB\n" -> "[A,\nB]\n": of what is JSON a line. */
static void put_lines(const struct buf *lines, struct buf *out)
{
        const char *at = (const char *)lines->data, *end;
        const char *stop = lines->len > 0 ? at + lines->len : at;

        buf_append_text(out, "[");
        for (; at < stop; at = end + 1) {
                end = memchr(at, '\n', (size_t)(stop - at));
                if (end == NULL)
                        end = stop;
                if (out->len > 1)
                        buf_append_text(out, ",\n");
                buf_append(out, at, (size_t)(end - at));
        }
        buf_append_text(out, "]\n");
}

static void put_text(const char *key, struct buf *text, struct buf *out)
{
        json_t *json = json_pack(
            "{s:o}", key, json_text(text->len > 0 ? buf_text(text) : ""));
        char *line = json_dumps(json, JSON_COMPACT);

        if (line == NULL)
                out->failed = true;
        else
                buf_printf(out, "%s\n", line);
        free(line);
        json_decref(json);
}

static struct httpd_reply success(const struct call *c, struct outcome *o)
{
        struct buf body = {0};

        if (o->cut)
                return serve_error(500, NULL, "internal", c->command,
                    "it is done, but the answer is too long to be told");
        if (c->text != NULL)
                put_text(c->text, &o->output, &body);
        else if (c->lines && !c->one)
                put_lines(&o->output, &body);
        else
                buf_append(&body, o->output.data, o->output.len);
        return serve_reply(200, "application/json", NULL, &body);
}

static struct httpd_reply run_call(struct serve *s, struct httpd_request *q)
{
        struct err e = ERR_INIT;
        struct outcome o = {.exit = 0};
        struct call c = {.len = 0};
        const char *allow = NULL;
        struct httpd_reply r;

        if (call_read(q, s->dir, &c, &allow, &e) != 0)
                r = allow != NULL
                        ? serve_error(405, allow, "method", q->path, e.text)
                        : failure(e.code,
                              c.command != NULL ? c.command : q->path, e.text);
        else if (outcome_of(&c, s->ocsp_ca, &o, &e) != 0)
                r = failure(e.code, c.command, e.text);
        /* 'status' tells by it what it has found. */
        else if (o.exit == 0 || (strcmp(c.command, "status") == 0 &&
                                    o.exit <= EXIT_NEVER_ISSUED))
                r = success(&c, &o);
        else
                r = failure(o.exit, c.command, last_line(&o.errors));
        outcome_release(&o);
        call_release(&c);
        return r;
}

/* ---- events ------------------------------------------------------------- */

struct gathering {
        json_t *list;
        int64_t last;
        bool full;
};

static int gather(void *arg, const struct cadb_event *ev, struct err *e)
{
        struct gathering *g = arg;

        (void)e;
        g->last = ev->seq;
        json_array_append_new(g->list, event_json(ev));
        g->full = json_array_size(g->list) == EVENTS_MAX;
        return g->full ? -1 : 0;
}

static bool read_since(
    const struct httpd_request *q, int64_t *since, int64_t *timeout_ms)
{
        char text[64];
        uint64_t number = 0;
        int found;

        *timeout_ms = WAIT_DEFAULT_MS;
        found = httpd_request_query(q, "since", text, sizeof(text));
        if (found < 0 ||
            (found == 1 && parse_uint(text, INT64_MAX, &number, NULL) != 0))
                return false;
        *since = (int64_t)number;
        found = httpd_request_query(q, "timeout", text, sizeof(text));
        if (found < 0 ||
            (found == 1 && parse_duration_ms(text, 's', timeout_ms, NULL) != 0))
                return false;
        if (*timeout_ms > WAIT_MAX_MS)
                *timeout_ms = WAIT_MAX_MS;
        return true;
}

static int read_events(struct serve *s, struct gathering *g, struct err *e)
{
        int rc;

        pthread_mutex_lock(&s->mutex);
        rc = cadb_event_each(s->db, g->last, gather, g, e);
        pthread_mutex_unlock(&s->mutex);
        return g->full ? 0 : rc;
}

struct httpd_reply serve_events(struct serve *s, struct httpd_request *q)
{
        struct gathering g = {.list = json_array()};
        int64_t now = monotonic_ms(), timeout_ms;
        struct err e = ERR_INIT;
        struct buf body = {0};
        json_t *json;
        char *text;

        if (!read_since(q, &g.last, &timeout_ms)) {
                json_decref(g.list);
                return serve_error(400, NULL, "usage", "events",
                    "write /events?since=SEQ&timeout=5s");
        }
        if (q->note == 0)
                q->note = now + timeout_ms + 1;
        if (read_events(s, &g, &e) != 0) {
                json_decref(g.list);
                return failure(e.code, "events", e.text);
        }
        if (json_array_size(g.list) == 0 && now < q->note - 1) {
                json_decref(g.list);
                return (struct httpd_reply){NULL, 0, (int)(q->note - now)};
        }
        json = json_pack(
            "{s:I, s:o}", "last", (json_int_t)g.last, "events", g.list);
        text = json_dumps(json, JSON_COMPACT);
        buf_printf(&body, "%s\n", text != NULL ? text : "{}");
        free(text);
        json_decref(json);
        return serve_reply(200, "application/json", NULL, &body);
}

/* ---- the handler -------------------------------------------------------- */

static struct httpd_reply answer(struct serve *s, struct httpd_request *q)
{
        bool help = q->method != HTTPD_POST && strcmp(q->path, "/") == 0;
        struct buf body = {0};
        unsigned status;
        const char *why = guard_refuses(&s->guard, q, help, &status);

        if (why != NULL)
                return serve_error(status, NULL,
                    status == 401 ? "token" : "caller", q->path, why);
        if (help) {
                buf_append_text(&body, serve_help);
                return serve_reply(
                    200, "text/plain; charset=utf-8", NULL, &body);
        }
        if (q->method != HTTPD_POST && strcmp(q->path, "/events") == 0)
                return serve_events(s, q);
        return run_call(s, q);
}

struct httpd_reply serve_call(
    void *arg, unsigned thread, struct httpd_request *q)
{
        static const char *const methods[] = {"GET", "HEAD", "POST"};
        struct httpd_reply r = answer(arg, q);
        char path[LOG_ESCAPED_MAX];

        (void)thread;
        if (r.response != NULL)
                log_line(r.status < 400 ? LOG_INFO_ : LOG_WARN_, "call",
                    "method=%s path=\"%s\" status=%u", methods[q->method],
                    log_escape((struct span){(const uint8_t *)q->path,
                                   strlen(q->path)},
                        path),
                    r.status);
        return r;
}
