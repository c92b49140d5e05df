#include "stapler/confine.h"
#include "stapler/server_internal.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
        TICK_MS = 250,
        /* Files appear in twos and threes: one scan for all of them. */
        SCAN_DELAY_MS = 20,
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
        if (s->ready ||
            (!roster_is_settled(&s->roster) &&
                monotonic_ms() - s->started_ms < s->options->patience_ms))
                return;
        s->ready = true;
        if (!roster_is_settled(&s->roster))
                log_line(LOG_WARN_, "server",
                    "why=\"no answer from a responder yet\" "
                    "next=\"serving; asking on\"");
        if (s->status != NULL)
                web_accept(s->status, true);
        log_line(LOG_INFO_, "server",
            "listening url=%s status=%s "
            "certificates=%zu jail=%s",
            s->url, s->status == NULL ? "off" : s->status_url, s->roster.len,
            jail_kind_name(s->jail));
        if (front_start(s, &s->err) != 0 || write_ready(s, &s->err) != 0)
                event_base_loopbreak(s->base);
}

void server_poke(struct server *s)
{
        event_active(s->tick, EV_TIMEOUT, 0);
}

/* A fetch has ended: whoever waits for it need not wait for the next tick. */
void server_on_settled(void *arg, struct site *site)
{
        (void)site;
        server_poke(arg);
}

/* ---- news of the lab ---------------------------------------------------- */

const struct site *server_find_twin(void *arg, const struct site *site)
{
        const struct server *s = arg;

        return roster_twin(&s->roster, site);
}

void server_on_offered(void *arg)
{
        struct server *s = arg;

        if (s->engine != NULL)
                engine_offered(s->engine);
}

static bool clock_was_set(struct server *s)
{
        struct labclock_setting was = s->setting;

        s->setting = labclock_get(s->clock);
        return s->setting.mode != was.mode || s->setting.value != was.value;
}

/* Handshakes that come from now on do not wait for us: what there is to do must
 * be done before. */
void server_listen(struct server *s)
{
        uint64_t now = labclock_generation(s->clock);

        if (now == atomic_load(&s->heard))
                return;
        if (clock_was_set(s))
                roster_replan(&s->roster);
        roster_look(&s->roster);
        atomic_store(&s->heard, now);
        server_poke(s);
}

/* ---- certificates on disk ----------------------------------------------- */

void server_scan(struct server *s)
{
        roster_scan(&s->roster);
        roster_look(&s->roster);
        server_poke(s);
}

static void on_scan(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        server_scan(arg);
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

/* A folder that does not exist yet can't be watched yet. */
static void watch_disk(struct server *s)
{
        if (s->watch != NULL)
                return;
        if (s->roster.watch < 0) {
                roster_watch(&s->roster);
                if (s->roster.watch < 0)
                        return;
                roster_scan(&s->roster);
        }
        s->watch = event_new(
            s->base, s->roster.watch, EV_READ | EV_PERSIST, on_watch, s);
        if (s->watch != NULL)
                event_add(s->watch, NULL);
}

void server_scan_news(struct server *s)
{
        if (roster_poll(&s->roster) || event_pending(s->scan, EV_TIMEOUT, NULL))
                server_scan(s);
}

void server_commit(struct server *s)
{
        struct err e = ERR_INIT;

        if (tls_commit(s->tls, &e) != 0)
                log_line(LOG_ERROR_, "server",
                    "why=\"%s\" next=\"serving the certificates from before; "
                    "trying again\"",
                    e.text);
}

/* ---- time --------------------------------------------------------------- */

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
        struct server *s = arg;

        (void)fd;
        (void)what;
        server_listen(s);
        watch_disk(s);
        roster_tick(&s->roster);
        server_commit(s);
        batch_check(&s->batches);
        waiters_check(&s->waiters);
        if (s->status != NULL)
                web_accept(s->status, s->ready);
        check_ready(s);
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
        server_scan(arg);
}

static const int signals[SERVER_SIGNALS] = {SIGTERM, SIGINT, SIGHUP};

/* One that comes before the loop can take it waits, instead of ending us with
 * a code that says nothing. */
static void hold_signals(int how)
{
        sigset_t set;
        size_t i;

        sigemptyset(&set);
        for (i = 0; i < SERVER_SIGNALS; i++)
                sigaddset(&set, signals[i]);
        sigprocmask(how, &set, NULL);
}

static bool take_signals(struct server *s)
{
        bool ok = true;
        size_t i;

        for (i = 0; i < SERVER_SIGNALS; i++) {
                s->signals[i] = evsignal_new(s->base, signals[i],
                    signals[i] == SIGHUP ? on_hangup : on_stop, s);
                ok = ok && s->signals[i] != NULL &&
                     event_add(s->signals[i], NULL) == 0;
        }
        return ok;
}

/* ---- loop --------------------------------------------------------------- */

static int add_events(struct server *s, struct err *e)
{
        static const struct timeval tick = {0, TICK_MS * 1000};

        s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
        s->scan = evtimer_new(s->base, on_scan, s);
        if (s->tick == NULL || s->scan == NULL ||
            event_add(s->tick, &tick) != 0 || !take_signals(s))
                return err_set(e, ERR_OS, "cannot set up the event loop");
        watch_disk(s);
        return 0;
}

int serve(const struct options *o, struct err *e)
{
        struct server s;
        int rc;

        signal(SIGPIPE, SIG_IGN);
        hold_signals(SIG_BLOCK);
        rc = server_open(&s, o, e);
        if (rc == 0)
                rc = add_events(&s, e);
        /* Before the first byte of a peer, and before all threads. */
        if (rc == 0)
                rc = confine(o, &s.roster, s.keeper.store, &s.jail, e);
        if (rc == 0) {
                hold_signals(SIG_UNBLOCK);
                server_poke(&s);
                event_base_dispatch(s.base);
                hold_signals(SIG_BLOCK); /* stopping already */
                if (s.err.code != ERR_NONE) {
                        *e = s.err;
                        rc = -1;
                }
        }
        server_release(&s);
        return rc;
}
