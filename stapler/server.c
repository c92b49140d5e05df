#include "stapler/server.h"

#include <event2/event.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/base.h"
#include "stapler/batch.h"
#include "stapler/page.h"
#include "stapler/roster.h"
#include "stapler/status.h"
#include "stapler/web/web.h"

enum {
        TICK_MS = 250,
        /* Longest wait for first staples before the server accepts. */
        START_PATIENCE_MS = 5000,
        /* From the accept to the end of the first request, however slowly it
         * trickles in, and from one request to the end of the next. */
        HANDSHAKE_MS = 10000,
        IDLE_MS = 60000,
        CONNECTIONS_MAX = 4096,
        /* Descriptors that are not TLS connections. */
        DESCRIPTORS_SPARE = 128,
        /* Files appear in twos and threes: one scan for all of them. */
        SCAN_DELAY_MS = 20,
};

struct server {
        const struct options *options;
        struct event_base *base;
        struct labclock *clock;
        uint64_t clock_generation;
        struct trust trust;
        struct keeper keeper;
        struct tls *tls;
        struct roster roster;
        struct batches batches;
        struct web *web, *status;
        struct event *tick, *scan, *watch, *signals[3];
        size_t connections_max;
        char store[PATH_MAX];
        char url[LISTEN_ADDRESS_MAX + 16];
        char status_url[LISTEN_ADDRESS_MAX + 16];
        int64_t started_ms;
        bool ready, full;
        struct err err; /* what ended the loop */
};

/* ---- ready -------------------------------------------------------------- */

static int write_ready(struct server *s, struct err *e)
{
        json_t *line =
            json_pack("{s:s, s:s, s:s?, s:I}", "event", "ready", "url", s->url,
                "status_url", s->status == NULL ? NULL : s->status_url, "pid",
                (json_int_t)getpid());
        char *text = json_dumps(line, JSON_COMPACT);
        struct buf out = {0};
        int rc = 0;

        json_decref(line);
        buf_printf(&out, "%s\n", text == NULL ? "" : text);
        free(text);
        if (out.failed)
                rc = err_set(e, ERR_OS, "out of memory");
        if (rc == 0 && s->options->ready_file != NULL)
                rc = file_write_fast(
                    s->options->ready_file, out.data, out.len, 0644, e);
        if (rc == 0) {
                fputs(buf_text(&out), stdout);
                rc = cli_flush(e);
        }
        buf_release(&out);
        return rc;
}

/* Serves once each certificate has a staple or has tried, or patience ends:
 * a responder that is down is no reason to be down too. */
static void check_ready(struct server *s)
{
        if (s->ready || (!roster_is_settled(&s->roster) &&
                            monotonic_ms() - s->started_ms < START_PATIENCE_MS))
                return;
        s->ready = true;
        if (!roster_is_settled(&s->roster))
                log_line(LOG_WARN_, "server",
                    "why=\"no answer from a responder yet\" "
                    "next=\"serving; asking on\"");
        web_accept(s->web, true);
        if (s->status != NULL)
                web_accept(s->status, true);
        log_line(LOG_INFO_, "server",
            "listening url=%s status=%s "
            "certificates=%zu",
            s->url, s->status == NULL ? "off" : s->status_url, s->roster.len);
        if (write_ready(s, &s->err) != 0)
                event_base_loopbreak(s->base);
}

/* ---- time --------------------------------------------------------------- */

/* Over the limit, clients wait in the backlog. */
static void limit_connections(struct server *s)
{
        bool full = tls_open_connections(s->tls) >= s->connections_max;

        if (full && !s->full)
                log_line(LOG_WARN_, "server",
                    "why=\"%zu connections are open\" "
                    "next=\"accepting again when one closes\"",
                    s->connections_max);
        s->full = full;
        web_accept(s->web, s->ready && !full);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
        struct server *s = arg;
        uint64_t generation = labclock_generation(s->clock);

        (void)fd;
        (void)what;
        if (generation != s->clock_generation) {
                s->clock_generation = generation;
                roster_replan(&s->roster);
        }
        roster_tick(&s->roster);
        batch_check(&s->batches);
        tls_enforce(s->tls, monotonic_ms());
        if (s->status != NULL)
                web_accept(s->status, s->ready);
        limit_connections(s);
        check_ready(s);
}

/* A fetch has ended: whoever waits for it need not wait for the next tick. */
static void on_settled(void *arg, struct site *site)
{
        struct server *s = arg;

        (void)site;
        event_active(s->tick, EV_TIMEOUT, 0);
}

/* ---- certificates on disk ----------------------------------------------- */

static void scan_now(struct server *s)
{
        roster_scan(&s->roster);
        event_active(s->tick, EV_TIMEOUT, 0);
}

static void on_scan(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        scan_now(arg);
}

static void on_watch(evutil_socket_t fd, short what, void *arg)
{
        static const struct timeval delay = {0, SCAN_DELAY_MS * 1000};
        struct server *s = arg;

        (void)fd;
        (void)what;
        if (roster_poll(&s->roster) &&
            !event_pending(s->scan, EV_TIMEOUT, NULL))
                event_add(s->scan, &delay);
}

/* A certificate may have been issued so recently that its news is still on
 * the way: whoever asks for it by name gets it. */
static void on_miss(void *arg, const char *name)
{
        struct server *s = arg;

        (void)name;
        if (roster_poll(&s->roster) || event_pending(s->scan, EV_TIMEOUT, NULL))
                scan_now(s);
}

/* ---- signals ------------------------------------------------------------ */

static void on_stop(evutil_socket_t number, short what, void *arg)
{
        struct server *s = arg;

        (void)what;
        log_line(LOG_INFO_, "server", "why=\"signal %d\" next=\"stopping\"",
            (int)number);
        event_base_loopbreak(s->base);
}

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
        (void)number;
        (void)what;
        log_reopen();
        log_line(LOG_INFO_, "server",
            "why=\"SIGHUP\" next=\"reading the certificates anew\"");
        scan_now(arg);
}

/* ---- requests ----------------------------------------------------------- */

static struct ssl_st *on_accept(void *arg)
{
        struct server *s = arg;
        struct ssl_st *ssl = tls_accept(s->tls, monotonic_ms() + HANDSHAKE_MS);

        limit_connections(s);
        return ssl;
}

static void on_page(void *arg, struct web_request *r)
{
        struct server *s = arg;
        struct page_spec p = {.host = web_host(r), .dir = s->options->dir};
        const char *method = web_method(r);
        struct buf out = {0};

        p.tls = tls_info(web_ssl(r));
        p.site = p.tls.site_arg;
        tls_extend(web_ssl(r), monotonic_ms() + IDLE_MS);
        if (method == NULL || strcmp(method, "POST") == 0) {
                web_reply_text(r, 405, "only GET and HEAD\n");
        } else if (strcmp(web_path(r), "/") != 0) {
                web_reply_text(r, 404, "there is only /\n");
        } else {
                page_html(&p, &out);
                web_reply(r, out.failed ? 503 : 200, "text/html; charset=utf-8",
                    buf_span(&out));
        }
        buf_release(&out);
}

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

        status_metrics(&s->roster, tls_open_connections(s->tls), &out);
        web_reply(r, out.failed ? 503 : 200,
            "text/plain; version=0.0.4; charset=utf-8", buf_span(&out));
        buf_release(&out);
}

static void post(struct server *s, struct web_request *r)
{
        char name[WEB_NAME_MAX];
        bool named = web_query(r, "cert", name);
        const char *path = web_path(r);

        if (strcmp(path, "/refresh") == 0 && named &&
            roster_find(&s->roster, name) == NULL) {
                web_reply_text(r, 404, "no such certificate here\n");
        } else if (strcmp(path, "/refresh") == 0) {
                batch_refresh(&s->batches, named ? name : NULL, r);
                event_active(s->tick, EV_TIMEOUT, 0);
        } else if (strcmp(path, "/reload") == 0) {
                batch_reload(&s->batches, r);
                scan_now(s);
        } else {
                web_reply_text(
                    r, 404, "POST /refresh, /refresh?cert=NAME or /reload\n");
        }
}

static void on_control(void *arg, struct web_request *r)
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
        else
                web_reply_text(r, 404,
                    "GET /status or /metrics, POST /refresh or /reload\n");
}

/* ---- start -------------------------------------------------------------- */

static void url_of(
    const char *scheme, const char *address, char *out, size_t size)
{
        const char *port = strrchr(address, ':');
        bool local = strncmp(address, "127.0.0.1:", 10) == 0 ||
                     strncmp(address, "[::1]:", 6) == 0 ||
                     strncmp(address, "0.0.0.0:", 8) == 0 ||
                     strncmp(address, "[::]:", 5) == 0;

        /* Certificates are for names. */
        if (local && strcmp(scheme, "https") == 0)
                snprintf(out, size, "https://localhost%s", port);
        else
                snprintf(out, size, "%s://%s", scheme, address);
}

static int open_listener(
    struct server *s, const char *where, bool secure, struct err *e)
{
        struct web_spec spec = {.secure = secure ? on_accept : NULL,
            .handle = secure ? on_page : on_control,
            .arg = s};
        char address[LISTEN_ADDRESS_MAX];

        if (listen_open(where, &spec.fd, e) != 0)
                return -1;
        if (listen_address(spec.fd, address, e) != 0) {
                close(spec.fd);
                return -1;
        }
        if (secure)
                url_of("https", address, s->url, sizeof(s->url));
        else
                url_of("http", address, s->status_url, sizeof(s->status_url));
        return web_new(s->base, &spec, secure ? &s->web : &s->status, e);
}

static int open_listeners(struct server *s, struct err *e)
{
        if (open_listener(s, s->options->listen, true, e) != 0)
                return err_prefix(e, "--listen %.100s", s->options->listen);
        if (s->options->status != NULL &&
            open_listener(s, s->options->status, false, e) != 0)
                return err_prefix(e, "--status %.100s", s->options->status);
        return 0;
}

static int add_events(struct server *s, struct err *e)
{
        static const struct timeval tick = {0, TICK_MS * 1000};
        bool ok;

        s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
        s->scan = evtimer_new(s->base, on_scan, s);
        s->signals[0] = evsignal_new(s->base, SIGTERM, on_stop, s);
        s->signals[1] = evsignal_new(s->base, SIGINT, on_stop, s);
        s->signals[2] = evsignal_new(s->base, SIGHUP, on_hangup, s);
        ok = s->tick != NULL && s->scan != NULL && s->signals[0] != NULL &&
             s->signals[1] != NULL && s->signals[2] != NULL;
        ok = ok && event_add(s->tick, &tick) == 0 &&
             event_add(s->signals[0], NULL) == 0 &&
             event_add(s->signals[1], NULL) == 0 &&
             event_add(s->signals[2], NULL) == 0;
        if (ok && s->roster.watch >= 0) {
                s->watch = event_new(s->base, s->roster.watch,
                    EV_READ | EV_PERSIST, on_watch, s);
                ok = s->watch != NULL && event_add(s->watch, NULL) == 0;
        }
        return ok ? 0 : err_set(e, ERR_OS, "cannot set up the event loop");
}

/* As many connections as there may be descriptors. */
static size_t raise_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
                return 256;
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        if (limit.rlim_cur >= CONNECTIONS_MAX + DESCRIPTORS_SPARE)
                return CONNECTIONS_MAX;
        if (limit.rlim_cur <= 2 * DESCRIPTORS_SPARE)
                return DESCRIPTORS_SPARE;
        return (size_t)limit.rlim_cur - DESCRIPTORS_SPARE;
}

static int choose_store(struct server *s, struct err *e)
{
        const struct options *o = s->options;

        s->keeper.store = o->store;
        if (o->store != NULL || o->certs_len > 0 || o->folder != NULL)
                return 0;
        s->keeper.store = s->store;
        return file_path(s->store, sizeof(s->store), e, "%s/staples", o->dir);
}

static int open_keeper(struct server *s, struct err *e)
{
        const struct options *o = s->options;
        struct trust_spec trust = {
            o->issuer, o->ca, o->dir, o->responder_cert, o->responder};
        struct tls_hooks hooks = {site_answer, site_count, on_miss, s};

        if (labclock_open(o->dir, &s->clock, e) != 0 ||
            trust_load(&trust, &s->trust, e) != 0 || choose_store(s, e) != 0 ||
            tls_new(&hooks, &s->tls, e) != 0)
                return -1;
        s->clock_generation = labclock_generation(s->clock);
        s->keeper.base = s->base;
        s->keeper.clock = s->clock;
        s->keeper.policy = o->policy;
        s->keeper.hash = o->hash;
        s->keeper.trust = &s->trust;
        s->keeper.settled = on_settled;
        s->keeper.arg = s;
        s->batches.roster = &s->roster;
        return roster_open(&s->roster, &s->keeper, s->tls, o, e);
}

static void free_event(struct event *event)
{
        if (event != NULL)
                event_free(event);
}

/* Connections go first: they hold on to what comes after. */
static void server_release(struct server *s)
{
        size_t i;

        web_free(s->web);
        web_free(s->status);
        batch_drop(&s->batches);
        free_event(s->watch);
        roster_close(&s->roster);
        tls_free(s->tls);
        free_event(s->tick);
        free_event(s->scan);
        for (i = 0; i < 3; i++)
                free_event(s->signals[i]);
        trust_release(&s->trust);
        labclock_close(s->clock);
        if (s->base != NULL)
                event_base_free(s->base);
}

int serve(const struct options *o, struct err *e)
{
        struct server s = {.options = o, .roster = {.watch = -1}};
        int rc = -1;

        signal(SIGPIPE, SIG_IGN);
        s.connections_max = raise_limit();
        s.started_ms = monotonic_ms();
        s.base = event_base_new();
        if (s.base == NULL) {
                err_set(e, ERR_OS, "cannot make an event loop");
                goto out;
        }
        if (open_listeners(&s, e) != 0 || open_keeper(&s, e) != 0 ||
            add_events(&s, e) != 0)
                goto out;
        if (s.roster.len == 0)
                log_line(LOG_WARN_, "server",
                    "why=\"no certificate in %s yet\" "
                    "next=\"serving the first that 'ocsp-ca issue' makes\"",
                    s.roster.folder);
        event_active(s.tick, EV_TIMEOUT, 0);
        event_base_dispatch(s.base);
        rc = s.err.code == ERR_NONE ? 0 : -1;
        if (rc != 0)
                *e = s.err;
out:
        server_release(&s);
        return rc;
}
