#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "stapler/engine/internal.h"

enum {
        /* What a peer may still send while it is told that we are done. */
        DISCARD_MAX = 1 << 20,
};

/* ---- life --------------------------------------------------------------- */

static int watch(struct engine_connection *c, int how, uint32_t more)
{
        struct epoll_event event = {
            .events = EPOLLIN | EPOLLRDHUP | EPOLLET | more, .data.ptr = c};

        return epoll_ctl(c->w->epoll, how, c->fd, &event);
}

void connection_new(struct worker *w, int fd)
{
        struct engine_connection *c = calloc(1, sizeof(*c));

        if (c == NULL) {
                close(fd);
                return;
        }
        c->w = w;
        c->fd = fd;
        c->deadline = w->now + ENGINE_HANDSHAKE_MS;
        if (watch(c, EPOLL_CTL_ADD, 0) != 0) {
                close(fd);
                free(c);
                return;
        }
        c->next = w->connections;
        if (c->next != NULL)
                c->next->prev = c;
        w->connections = c;
        atomic_fetch_add(&w->len, 1);
}

/* Others of this round may still point at it: an event that came with the one
 * that ended it finds a connection without anything. */
void connection_drop(struct engine_connection *c)
{
        struct worker *w = c->w;

        if (c->phase == PHASE_GONE)
                return;
        c->phase = PHASE_GONE;
        if (c->session != NULL)
                w->n->spec.service.close(c->session);
        c->session = NULL;
        tls_connection_free(c->tls);
        c->tls = NULL;
        close(c->fd);
        if (c->prev != NULL)
                c->prev->next = c->next;
        else
                w->connections = c->next;
        if (c->next != NULL)
                c->next->prev = c->prev;
        atomic_fetch_sub(&w->len, 1);
        if (!c->queued) {
                c->next_again = w->dead;
                w->dead = c;
        }
}

void connection_free_dead(struct worker *w)
{
        struct engine_connection *c;

        while ((c = w->dead) != NULL) {
                w->dead = c->next_again;
                free(c);
        }
}

void connection_queue(struct engine_connection *c)
{
        if (c->queued || c->phase == PHASE_GONE)
                return;
        c->queued = true;
        c->next_again = c->w->again;
        c->w->again = c;
}

/* ---- the end ------------------------------------------------------------- */

/* Closing with something unread would make the kernel send a reset, and that
 * may overtake our last words. */
static void linger(struct engine_connection *c)
{
        ssize_t n;

        do {
                n = recv(c->fd, c->w->scratch, ENGINE_SCRATCH, 0);
                if (n > 0)
                        c->discarded += (size_t)n;
        } while (
            (n > 0 && c->discarded < DISCARD_MAX) || (n < 0 && errno == EINTR));
        if (n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
                connection_drop(c);
}

static void start_lingering(struct engine_connection *c)
{
        if (c->leaves) {
                connection_drop(c);
                return;
        }
        /* All that TLS holds is freed before we wait for nothing but a FIN. */
        tls_connection_free(c->tls);
        c->tls = NULL;
        c->phase = PHASE_LINGERING;
        c->deadline = c->w->now + ENGINE_LINGER_MS;
        shutdown(c->fd, SHUT_WR);
        linger(c);
}

/* Sends what was collected in this turn. */
static void flush(struct engine_connection *c)
{
        switch (tls_flush(c->tls)) {
        case TLS_DONE:
                if (tls_was_stuck(c->tls))
                        connection_queue(c);
                else if (c->phase == PHASE_FLUSHING)
                        start_lingering(c);
                return;
        case TLS_WAIT:
                if (!c->wants_write && watch(c, EPOLL_CTL_MOD, EPOLLOUT) == 0)
                        c->wants_write = true;
                return;
        case TLS_MISSING:
        case TLS_HELD:
        case TLS_ENDED:
        case TLS_BROKEN:
                break;
        }
        connection_drop(c);
}

static void end(struct engine_connection *c, bool leaves)
{
        if (c->session != NULL)
                c->w->n->spec.service.close(c->session);
        c->session = NULL;
        c->leaves = leaves;
        c->phase = PHASE_FLUSHING;
        c->deadline = c->w->now + ENGINE_LINGER_MS;
        c->unsaid = tls_finish(c->tls) == TLS_WAIT;
}

void connection_expire(struct engine_connection *c)
{
        if (c->phase != PHASE_SERVING ||
            !c->w->n->spec.service.is_idle(c->session)) {
                connection_drop(c);
                return;
        }
        end(c, false);
        flush(c);
}

/* ---- turns --------------------------------------------------------------- */

static void serve(struct engine_connection *c)
{
        switch (c->w->n->spec.service.turn(c->session)) {
        case ENGINE_WAIT:
                return;
        case ENGINE_AGAIN:
                connection_queue(c);
                return;
        case ENGINE_END:
                end(c, false);
                return;
        case ENGINE_LEAVE:
                end(c, true);
                return;
        case ENGINE_DROP:
                break;
        }
        connection_drop(c);
}

static void begin_serving(struct engine_connection *c)
{
        const struct engine_service *service = &c->w->n->spec.service;

        c->session = service->open(service->arg, c);
        if (c->session == NULL) {
                connection_drop(c);
                return;
        }
        c->phase = PHASE_SERVING;
        serve(c);
}

/* The owner is asked; by its answer or, if we are stopping and it listens no
 * more, at once, the handshake goes on. */
static void wait_for_name(struct engine_connection *c)
{
        static const uint64_t one = 1;
        struct engine *n = c->w->n;

        if (atomic_load(&n->stopping)) {
                connection_queue(c);
                return;
        }
        c->phase = PHASE_MISSING;
        c->miss = atomic_fetch_add(&n->missed, 1) + 1;
        /* It fails only when the owner has news in plenty. */
        if (write(n->news, &one, sizeof(one)) < 0)
                return;
}

static void wait_for_offer(struct engine_connection *c)
{
        if (atomic_load(&c->w->n->stopping))
                connection_drop(c);
        else
                c->phase = PHASE_HELD;
}

static void shake(struct engine_connection *c)
{
        c->phase = PHASE_HANDSHAKE;
        /* Before the look, so that none is missed. */
        c->offers = atomic_load(&c->w->n->offered);
        switch (tls_handshake(c->tls)) {
        case TLS_DONE:
                begin_serving(c);
                return;
        case TLS_WAIT:
                return;
        case TLS_MISSING:
                wait_for_name(c);
                return;
        case TLS_HELD:
                wait_for_offer(c);
                return;
        case TLS_ENDED:
        case TLS_BROKEN:
                break;
        }
        /* An alert may be on its way. */
        c->phase = PHASE_FLUSHING;
        c->deadline = c->w->now + ENGINE_LINGER_MS;
}

void connection_turn(struct engine_connection *c)
{
        switch (c->phase) {
        case PHASE_SILENT:
                c->tls = tls_connection_new(c->w->reader, c->fd);
                if (c->tls == NULL) {
                        connection_drop(c);
                        return;
                }
                shake(c);
                break;
        case PHASE_HANDSHAKE:
                shake(c);
                break;
        case PHASE_MISSING:
                if (atomic_load(&c->w->n->named) < c->miss &&
                    !atomic_load(&c->w->n->stopping))
                        return;
                shake(c);
                break;
        case PHASE_HELD:
                if (atomic_load(&c->w->n->offered) == c->offers &&
                    !atomic_load(&c->w->n->stopping))
                        return;
                shake(c);
                break;
        case PHASE_SERVING:
                serve(c);
                break;
        case PHASE_FLUSHING:
                if (c->unsaid)
                        c->unsaid = tls_finish(c->tls) == TLS_WAIT;
                break;
        case PHASE_LINGERING:
                linger(c);
                return;
        case PHASE_GONE:
                return;
        }
        if (c->phase != PHASE_GONE)
                flush(c);
}

void connection_news(struct engine_connection *c, uint32_t events)
{
        bool ending = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;

        if (c->tls != NULL)
                tls_readable(c->tls, ending);
        connection_turn(c);
}

/* ---- for services -------------------------------------------------------- */

struct tls_connection *engine_tls(const struct engine_connection *c)
{
        return c->tls;
}

void engine_deadline(struct engine_connection *c, int64_t ms)
{
        c->deadline = c->w->now + ms;
}

uint8_t *engine_scratch(const struct engine_connection *c)
{
        return c->w->scratch;
}

bool engine_is_stopping(const struct engine_connection *c)
{
        return c->w->stop_at != 0;
}

/* A turn looks at both descriptors, so the event says only whose turn it
 * is. */
int engine_watch(struct engine_connection *c, int fd)
{
        struct epoll_event event = {
            .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};

        return epoll_ctl(c->w->epoll, EPOLL_CTL_ADD, fd, &event);
}
