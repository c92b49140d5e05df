#include "stapler/server_internal.h"

#include <string.h>

#include "stapler/status.h"

static void reply_status(struct server *s, struct web_request *r)
{
        char name[WEB_NAME_MAX];
        struct buf out = {0};

        status_json(&s->roster, web_query(r, "cert", name) ? name : NULL, &out);
        web_reply(
            r, out.failed ? 503 : 200, "application/json", buf_span(&out));
        buf_release(&out);
}

static void reply_metrics(struct server *s, struct web_request *r)
{
        struct buf out = {0};

        status_metrics(&s->roster, engine_connections(s->engine), &out);
        web_reply(r, out.failed ? 503 : 200,
            "text/plain; version=0.0.4; charset=utf-8", buf_span(&out));
        buf_release(&out);
}

static void reply_health(struct server *s, struct web_request *r)
{
        struct buf out = {0};
        bool healthy = status_health(&s->roster, &out);

        web_reply(r, healthy && !out.failed ? 200 : 503, "application/json",
            buf_span(&out));
        buf_release(&out);
}

static void post(struct server *s, struct web_request *r)
{
        char name[WEB_NAME_MAX];
        bool named = web_query(r, "cert", name);
        const char *path = web_path(r);

        /* One that was issued a moment ago, and the news are under way. */
        if (named && roster_find(&s->roster, name) == NULL)
                server_scan_news(s);
        if (strcmp(path, "/refresh") == 0 && named &&
            roster_find(&s->roster, name) == NULL) {
                web_reply_text(r, 404, "no such certificate here\n");
        } else if (strcmp(path, "/refresh") == 0) {
                batch_refresh(&s->batches, named ? name : NULL, r);
                server_poke(s);
        } else if (strcmp(path, "/reload") == 0) {
                batch_reload(&s->batches, r);
                server_scan(s);
        } else {
                web_reply_text(
                    r, 404, "POST /refresh, /refresh?cert=NAME or /reload\n");
        }
}

void server_on_control(void *arg, struct web_request *r)
{
        struct server *s = arg;
        const char *method = web_method(r), *path = web_path(r);

        if (method == NULL)
                web_reply_text(r, 405, "GET, HEAD or POST\n");
        else if (strcmp(method, "POST") == 0)
                post(s, r);
        else if (strcmp(path, "/") == 0 || strcmp(path, "/status") == 0)
                reply_status(s, r);
        else if (strcmp(path, "/metrics") == 0)
                reply_metrics(s, r);
        else if (strcmp(path, "/healthz") == 0)
                reply_health(s, r);
        else
                web_reply_text(r, 404,
                    "GET /status, /healthz or /metrics, POST /refresh or "
                    "/reload\n");
}
