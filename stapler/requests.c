#include "stapler/server_internal.h"

#include <stdio.h>
#include <string.h>

#include "stapler/status.h"

static void on_due(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        server_poke(arg);
}

/* The ticks are too far apart for a short wait. */
static void poke_in(struct server *s, int64_t ms)
{
        struct timeval due = {ms / 1000, ms % 1000 * 1000};

        event_base_once(s->base, -1, EV_TIMEOUT, on_due, s, &due);
}

static void await_state(struct server *s, struct web_request *r,
    const char *name, const char *state)
{
        char text[WEB_NAME_MAX];
        int64_t ms = 0;

        if (!waiters_know_state(state) ||
            (web_query(r, "timeout", text) &&
                parse_duration_ms(text, 's', &ms, NULL) != 0)) {
                web_reply_text(r, 400,
                    "bad query: /status?cert=NAME&state=good&timeout=5s\n");
                return;
        }
        if (ms > WAITERS_MAX_MS)
                ms = WAITERS_MAX_MS;
        if (ms > 0)
                poke_in(s, ms);
        waiters_add(&s->waiters, name, state, monotonic_ms() + ms, r);
}

static void reply_status(struct server *s, struct web_request *r)
{
        char name[WEB_NAME_MAX], state[WEB_NAME_MAX];
        struct buf out = {0};

        /* Nobody is shown what was before a command that has returned. */
        server_listen(s);
        if (web_query(r, "cert", name) && web_query(r, "state", state)) {
                await_state(s, r, name, state);
                return;
        }
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

/* ---- POST and DELETE /scenario ------------------------------------------ */

/* What a browser sends for somebody else's page sets nothing here. */
static bool may_set(const struct server *s, struct web_request *r)
{
        const char *why = NULL;

        if (web_header(r, "Origin") != NULL)
                why = "not from a web page\n";
        else if (!s->keeper.faults.may)
                why = "no scenario can be set here: only in a lab, and not in "
                      "one of 'ocsp-ca init --no-faults'\n";
        if (why != NULL)
                web_reply_text(r, 403, why);
        return why == NULL;
}

static int parse_scenario(const struct web_request *r,
    struct scenario_choice *c, uint64_t *times, struct err *e)
{
        char text[WEB_NAME_MAX], number[WEB_NAME_MAX];

        *times = 0;
        if (!web_query(r, "scenario", text))
                return err_set(e, ERR_USAGE, "scenario=NAME is missing");
        if (scenario_parse(text, c, e) != 0 ||
            scenario_check_made(c->scenario, e) != 0)
                return -1;
        if (c->scenario->place != SCENARIO_AT_STAPLE &&
            c->scenario->layer != SCENARIO_NONE)
                return err_set(e, ERR_USAGE,
                    "scenario %s acts at the %s: 'ocsp-ca scenario set'",
                    c->scenario->name, scenario_place_name(c->scenario->place));
        return web_query(r, "times", number)
                   ? parse_uint(number, INT32_MAX, times, e)
                   : 0;
}

static void set_scenario(
    struct server *s, struct site *site, struct web_request *r)
{
        struct scenario_choice c;
        char line[ERR_TEXT_MAX + 1];
        struct err e = ERR_INIT;
        struct fault *fault;
        uint64_t times;

        if (parse_scenario(r, &c, &times, &e) == 0 &&
            (c.scenario->needs & SCENARIO_NEEDS_MUST_STAPLE) != 0 &&
            !site->id.must_staple)
                err_set(&e, ERR_USAGE,
                    "scenario %s needs a certificate with must-staple",
                    c.scenario->name);
        if (e.code != ERR_NONE) {
                snprintf(line, sizeof(line), "%s\n", e.text);
                web_reply_text(r, 400, line);
                return;
        }
        fault = fault_new(&c, 0, (int64_t)times);
        if (fault == NULL) {
                web_reply_text(r, 503, "out of memory\n");
                return;
        }
        site_faults_post(site, fault);
        batch_scenario(&s->batches, site->id.name, r);
        server_poke(s);
}

static void on_scenario(struct server *s, struct web_request *r)
{
        struct roster_entry *n = NULL;
        char name[WEB_NAME_MAX];

        if (!may_set(s, r))
                return;
        /* What was set before comes before. */
        server_listen(s);
        if (web_query(r, "cert", name) || web_query(r, "name", name))
                n = roster_find(&s->roster, name);
        if (n == NULL || n->site == NULL) {
                web_reply_text(r, 404, "cert=NAME: no such certificate here\n");
                return;
        }
        if (strcmp(web_method(r), "POST") == 0) {
                set_scenario(s, n->site, r);
                return;
        }
        site_faults_post(n->site, NULL);
        batch_scenario(&s->batches, n->name, r);
        server_poke(s);
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
        } else if (strcmp(path, "/scenario") == 0) {
                on_scenario(s, r);
        } else {
                web_reply_text(r, 404,
                    "POST /refresh, /refresh?cert=NAME, /reload or "
                    "/scenario?cert=NAME&scenario=S\n");
        }
}

void server_on_control(void *arg, struct web_request *r)
{
        struct server *s = arg;
        const char *method = web_method(r), *path = web_path(r);

        if (method == NULL)
                web_reply_text(r, 405, "GET, HEAD, POST or DELETE\n");
        else if (strcmp(method, "POST") == 0)
                post(s, r);
        else if (strcmp(method, "DELETE") == 0 &&
                 strcmp(path, "/scenario") == 0)
                on_scenario(s, r);
        else if (strcmp(method, "DELETE") == 0)
                web_reply_text(r, 405, "DELETE /scenario?cert=NAME\n");
        else if (strcmp(path, "/") == 0 || strcmp(path, "/status") == 0)
                reply_status(s, r);
        else if (strcmp(path, "/metrics") == 0)
                reply_metrics(s, r);
        else if (strcmp(path, "/healthz") == 0)
                reply_health(s, r);
        else
                web_reply_text(r, 404,
                    "GET /status, /healthz or /metrics, POST /refresh, "
                    "/reload or /scenario\n");
}
