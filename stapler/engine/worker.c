#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "stapler/engine/internal.h"

enum {
        EVENTS = 64,
        ACCEPTS = 16,   /* at a time, so that other threads get some */
        SWEEP_MS = 250, /* how late a deadline may be noticed */
};

/* ---- accepting ----------------------------------------------------------- */

/* The set's entry for the listening socket is NULL, for w->wake it is w. */
static void listen_on(struct worker *w)
{
        struct epoll_event event = {
            .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = NULL};

        if (!w->listening && w->stop_at == 0 &&
            epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->n->spec.fd, &event) == 0)
                w->listening = true;
}

static void listen_off(struct worker *w)
{
        if (w->listening)
                epoll_ctl(w->epoll, EPOLL_CTL_DEL, w->n->spec.fd, NULL);
        w->listening = false;
}

static bool is_full(const struct worker *w)
{
        const struct engine_spec *spec = &w->n->spec;

        return atomic_load(&w->len) * spec->threads >= spec->connections_max;
}

static void rest(struct worker *w)
{
        listen_off(w);
        if (!atomic_exchange(&w->n->full, true))
                log_line(LOG_WARN_, "server",
                    "why=\"%zu connections are open\" "
                    "next=\"accepting again when one closes\"",
                    engine_connections(w->n));
}

static void accept_some(struct worker *w)
{
        int i, fd;

        for (i = 0; i < ACCEPTS; i++) {
                if (is_full(w)) {
                        rest(w);
                        return;
                }
                fd = accept4(
                    w->n->spec.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd >= 0) {
                        connection_new(w, fd);
                        continue;
                }
                /* No descriptor or no memory is left: the socket would stay
                 * readable and this loop spin.  The next sweep tries again. */
                if (errno != EAGAIN && errno != EWOULDBLOCK &&
                    errno != ECONNABORTED && errno != EINTR)
                        listen_off(w);
                return;
        }
}

/* ---- deadlines ----------------------------------------------------------- */

/* Has neither said nor asked anything that we would owe an answer. */
static bool is_idle(const struct engine_connection *c)
{
        switch (c->phase) {
        case PHASE_SILENT:
        case PHASE_LINGERING:
                return true;
        case PHASE_SERVING:
                return c->w->n->spec.service.is_idle(c->session);
        case PHASE_HANDSHAKE:
        case PHASE_MISSING:
        case PHASE_HELD:
        case PHASE_FLUSHING:
        case PHASE_GONE:
                break;
        }
        return false;
}

static void sweep(struct worker *w)
{
        struct engine_connection *c, *next;
        bool over = w->stop_at != 0 && w->now >= w->stop_at;

        if (w->now - w->swept < SWEEP_MS && !over)
                return;
        w->swept = w->now;
        for (c = w->connections; c != NULL; c = next) {
                next = c->next;
                if (over)
                        connection_drop(c);
                else if (w->now >= c->deadline ||
                         (w->stop_at != 0 && is_idle(c)))
                        connection_expire(c);
        }
        if (!is_full(w) && !w->listening && w->stop_at == 0) {
                listen_on(w);
                atomic_store(&w->n->full, false);
        }
}

/* ---- words from the owner ------------------------------------------------ */

void worker_wake(struct worker *w)
{
        static const uint64_t one = 1;

        /* It fails only when it is full of wakes already. */
        if (write(w->wake, &one, sizeof(one)) < 0)
                return;
}

static void start_stopping(struct worker *w)
{
        if (w->stop_at != 0 || !atomic_load(&w->n->stopping))
                return;
        w->stop_at = w->now + ENGINE_STOP_MS;
        w->swept = w->now - SWEEP_MS;
        listen_off(w);
}

static void on_wake(struct worker *w)
{
        struct engine_connection *c;
        uint64_t count;

        if (read(w->wake, &count, sizeof(count)) < 0)
                return;
        start_stopping(w);
        for (c = w->connections; c != NULL; c = c->next) {
                if (c->phase == PHASE_MISSING || c->phase == PHASE_HELD)
                        connection_queue(c);
        }
}

/* ---- the loop ------------------------------------------------------------ */

static void take_turns_again(struct worker *w)
{
        struct engine_connection *list = w->again, *c;

        w->again = NULL;
        while ((c = list) != NULL) {
                list = c->next_again;
                c->queued = false;
                if (c->phase == PHASE_GONE)
                        free(c);
                else
                        connection_turn(c);
        }
}

static int timeout(const struct worker *w)
{
        if (w->again != NULL)
                return 0;
        return w->connections == NULL && (w->listening || w->stop_at != 0)
                   ? -1
                   : SWEEP_MS;
}

static void round_of(struct worker *w, struct epoll_event *events, int n)
{
        struct engine_connection *c;
        int i;

        for (i = 0; i < n; i++) {
                c = events[i].data.ptr;
                if ((void *)c == (void *)w)
                        on_wake(w);
                else if (c == NULL)
                        accept_some(w);
                else
                        connection_news(c, events[i].events);
        }
}

void *worker_main(void *arg)
{
        struct worker *w = arg;
        struct epoll_event events[EVENTS];
        int n;

        listen_on(w);
        for (;;) {
                n = epoll_wait(w->epoll, events, EVENTS, timeout(w));
                w->now = monotonic_ms();
                tls_enter(w->reader);
                take_turns_again(w);
                round_of(w, events, n);
                sweep(w);
                connection_free_dead(w);
                tls_leave(w->reader);
                if (w->stop_at != 0 && w->connections == NULL)
                        break;
        }
        take_turns_again(w);
        return NULL;
}

/* ---- life --------------------------------------------------------------- */

struct worker *worker_new(struct engine *n)
{
        struct worker *w = calloc(1, sizeof(*w));
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = w};

        if (w == NULL)
                return NULL;
        w->n = n;
        w->epoll = epoll_create1(EPOLL_CLOEXEC);
        w->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        w->reader = tls_reader_new(n->spec.tls);
        if (w->epoll >= 0 && w->wake >= 0 && w->reader != NULL &&
            epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->wake, &event) == 0)
                return w;
        worker_free(w);
        return NULL;
}

void worker_free(struct worker *w)
{
        if (w == NULL)
                return;
        tls_reader_free(w->reader);
        if (w->epoll >= 0)
                close(w->epoll);
        if (w->wake >= 0)
                close(w->wake);
        free(w);
}
