#include "httpd/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

/* ---- one thread -------------------------------------------------------- */

/* libmicrohttpd's epoll set is edge-triggered: a timeout of 0 means that work
 * is left over, and no event will come for it. */
static int loop_timeout(const struct loop *l)
{
        unsigned long long ms;
        int parked = -1, own = -1;

        if (MHD_get_timeout(l->daemon, &ms) == MHD_YES)
                own = ms > 60000 ? 60000 : (int)ms;
        if (l->parked != NULL)
                parked = calls_timeout(l, monotonic_ms());
        if (parked < 0 || (own >= 0 && own < parked))
                return own;
        return parked;
}

static void loop_drain_wakes(const struct loop *l)
{
        uint64_t count;

        while (read(l->wake_fd, &count, sizeof(count)) > 0)
                ;
}

static unsigned loop_connections(const struct loop *l)
{
        return MHD_get_daemon_info(
            l->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
            ->num_connections;
}

/* At its limit libmicrohttpd leaves the listening socket alone until it runs
 * again with a free place, for which no event may come. */
static void loop_work(const struct loop *l)
{
        bool full = loop_connections(l) >= l->limit;

        MHD_run(l->daemon);
        if (full && loop_connections(l) < l->limit)
                MHD_run(l->daemon);
}

/*
 * Waits at most max ms (-1: no limit of its own) and does what there is to do;
 * false if nothing had come in.
 *
 * The waiting is ours because libmicrohttpd's own, after a batch of exactly
 * 128 events, waits again before it handles them.
 */
static bool loop_turn(struct loop *l, int max)
{
        const union MHD_DaemonInfo *epoll =
            MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);
        struct pollfd p[2] = {
            {epoll->epoll_fd, POLLIN, 0}, {l->wake_fd, POLLIN, 0}};
        int wait = loop_timeout(l);

        if (wait < 0 || (max >= 0 && max < wait))
                wait = max;
        poll(p, 2, wait);
        l->turn_ms = monotonic_ms();
        if (p[1].revents != 0)
                loop_drain_wakes(l);
        if (l->parked != NULL)
                calls_resume(l, l->turn_ms, p[1].revents != 0);
        peers_sweep(l);
        loop_work(l);
        return p[0].revents != 0;
}

/* Requests that have begun or wait in the sockets are answered; no new
 * connections. */
static void loop_finish(struct loop *l)
{
        bool busy = true;

        MHD_quiesce_daemon(l->daemon);
        while (busy) {
                int64_t now = monotonic_ms();
                int left = now < l->server->stop_at
                               ? (int)(l->server->stop_at - now)
                               : 0;

                calls_resume(l, now, true);
                busy = loop_turn(l, l->in_flight > 0 ? left : 0) ||
                       l->in_flight > 0;
                busy = busy && left > 0;
        }
        MHD_stop_daemon(l->daemon);
        calls_free_spare(l);
}

static void *loop_run(void *arg)
{
        struct loop *l = arg;

        while (!atomic_load(&l->server->stopping))
                loop_turn(l, -1);
        loop_finish(l);
        return NULL;
}

static int loop_start(struct loop *l, struct err *e)
{
        const struct httpd_options *o = &l->server->options;
        int rc;

        l->limit = o->max_connections / o->threads;
        if (l->limit == 0)
                l->limit = 1;
        l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (l->wake_fd < 0)
                return err_errno(e, ERR_OS, "HTTP server");
        l->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME,
            0, NULL, NULL, call_step, l, MHD_OPTION_LISTEN_SOCKET, o->fd,
            MHD_OPTION_CONNECTION_LIMIT, l->limit,
            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTPD_IDLE_S,
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTPD_MEMORY,
            MHD_OPTION_UNESCAPE_CALLBACK, call_keep_raw, NULL,
            MHD_OPTION_NOTIFY_COMPLETED, call_completed, l,
            MHD_OPTION_NOTIFY_CONNECTION, peer_notify, l, MHD_OPTION_END);
        if (l->daemon == NULL)
                return err_set(e, ERR_OS, "cannot start the HTTP server");
        rc = pthread_create(&l->thread, NULL, loop_run, l);
        if (rc == 0) {
                l->started = true;
                return 0;
        }
        MHD_quiesce_daemon(l->daemon);
        MHD_stop_daemon(l->daemon);
        errno = rc;
        return err_errno(e, ERR_OS, "HTTP server thread");
}

/* ---- the server -------------------------------------------------------- */

static int server_start(struct httpd *h, struct err *e)
{
        unsigned i;

        h->loops = calloc(h->options.threads, sizeof(*h->loops));
        if (h->loops == NULL)
                return err_errno(e, ERR_OS, "HTTP server");
        for (i = 0; i < h->options.threads; i++)
                h->loops[i] =
                    (struct loop){.server = h, .index = i, .wake_fd = -1};
        h->loops_len = h->options.threads;
        if (refusals_make(h, e) != 0)
                return -1;
        for (i = 0; i < h->loops_len; i++)
                if (loop_start(&h->loops[i], e) != 0)
                        return -1;
        return 0;
}

int httpd_start(
    const struct httpd_options *o, struct httpd **out, struct err *e)
{
        struct httpd *h = calloc(1, sizeof(*h));

        *out = NULL;
        if (h == NULL) {
                close(o->fd);
                return err_errno(e, ERR_OS, "HTTP server");
        }
        h->options = *o;
        if (h->options.request_ms == 0)
                h->options.request_ms = HTTPD_REQUEST_MS;
        atomic_init(&h->stopping, false);
        if (server_start(h, e) == 0) {
                *out = h;
                return 0;
        }
        httpd_stop(h, 0);
        return -1;
}

void httpd_wake(struct httpd *h)
{
        const uint64_t one = 1;
        unsigned i;

        /* A full counter wakes as well: the write may fail. */
        for (i = 0; i < h->loops_len; i++)
                if (write(h->loops[i].wake_fd, &one, sizeof(one)) < 0)
                        continue;
}

void httpd_stop(struct httpd *h, int grace_ms)
{
        unsigned i;

        if (h == NULL)
                return;
        h->stop_at = monotonic_ms() + grace_ms;
        atomic_store(&h->stopping, true);
        httpd_wake(h);
        for (i = 0; i < h->loops_len; i++) {
                if (h->loops[i].started)
                        pthread_join(h->loops[i].thread, NULL);
                if (h->loops[i].wake_fd >= 0)
                        close(h->loops[i].wake_fd);
        }
        refusals_release(h);
        close(h->options.fd);
        free(h->loops);
        free(h);
}
