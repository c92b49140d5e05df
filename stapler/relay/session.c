#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "stapler/relay/internal.h"

enum {
        /* Pieces in one direction in one turn: then it is the others'. */
        BURST = 16,
};

/* One direction. */
struct way {
        struct buf waiting; /* what the sink would not take */
        size_t at;
        bool ended;  /* the source sends no more */
        bool passed; /* and the sink knows */
};

struct session {
        struct relay *relay;
        struct engine_connection *c;
        const struct addrinfo *address; /* that is tried, or was reached */
        int fd;
        bool connected;
        bool moved; /* something, in this turn */
        struct way up, down;
};

/* What became of one step in one direction. */
enum progress { MOVED, STUCK, LOST };

/* ---- connecting --------------------------------------------------------- */

/* A connection that is being made, to the address or one behind it; or the
 * error of the last. */
static int try_from(struct session *s, const struct addrinfo *a)
{
        int one = 1, error = ENOENT;

        for (; a != NULL; a = a->ai_next) {
                s->address = a;
                s->fd = socket(a->ai_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                if (s->fd >= 0 &&
                    (connect(s->fd, a->ai_addr, a->ai_addrlen) == 0 ||
                        errno == EINPROGRESS) &&
                    engine_watch(s->c, s->fd) == 0) {
                        setsockopt(
                            s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
                        setsockopt(
                            s->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
                        return 0;
                }
                error = errno;
                if (s->fd >= 0)
                        close(s->fd);
                s->fd = -1;
        }
        return error;
}

static enum progress finish_connecting(struct session *s)
{
        struct pollfd news = {.fd = s->fd, .events = POLLOUT};
        int error = 0;
        socklen_t len = sizeof(error);

        if (poll(&news, 1, 0) <= 0)
                return STUCK;
        getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
        if (error == 0) {
                s->connected = true;
                s->moved = true; /* the deadline for connecting is over */
                return MOVED;
        }
        close(s->fd);
        s->fd = -1;
        error = s->address->ai_next == NULL ? error
                                            : try_from(s, s->address->ai_next);
        if (error == 0)
                return STUCK;
        relay_log_failure(s->relay, error);
        return LOST;
}

/* ---- client to service -------------------------------------------------- */

static bool is_wait(int error)
{
        return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* Keeps what was not taken.  The rest of what waits stays at its place. */
static enum progress keep(
    struct way *w, const uint8_t *data, size_t len, size_t taken)
{
        if (w->waiting.len > 0) {
                w->at += taken;
                if (w->at < w->waiting.len)
                        return STUCK;
                buf_release(&w->waiting);
                w->at = 0;
                return MOVED;
        }
        if (taken == len)
                return MOVED;
        buf_append(&w->waiting, data + taken, len - taken);
        return w->waiting.failed ? LOST : STUCK;
}

static enum progress send_up(struct session *s, const uint8_t *data, size_t len)
{
        ssize_t n = send(s->fd, data, len, MSG_NOSIGNAL);

        if (n < 0 && !is_wait(errno))
                return LOST;
        s->moved |= n > 0;
        return keep(&s->up, data, len, n < 0 ? 0 : (size_t)n);
}

static enum progress move_up(struct session *s)
{
        struct way *w = &s->up;
        uint8_t *scratch = engine_scratch(s->c);
        size_t got;

        if (w->waiting.len > 0)
                return send_up(
                    s, w->waiting.data + w->at, w->waiting.len - w->at);
        if (w->ended)
                return STUCK;
        switch (tls_read(engine_tls(s->c), scratch, ENGINE_SCRATCH, &got)) {
        case TLS_DONE:
                return send_up(s, scratch, got);
        case TLS_WAIT:
                return STUCK;
        case TLS_ENDED:
                w->ended = true;
                return STUCK;
        case TLS_MISSING:
        case TLS_HELD:
        case TLS_BROKEN:
                break;
        }
        return LOST;
}

/* ---- service to client -------------------------------------------------- */

static enum progress send_down(
    struct session *s, const uint8_t *data, size_t len)
{
        size_t taken = 0, more;
        enum tls_io rc = TLS_DONE;

        while (rc == TLS_DONE && taken < len) {
                rc = tls_write(
                    engine_tls(s->c), data + taken, len - taken, &more);
                taken += more;
        }
        s->moved |= taken > 0;
        return rc == TLS_BROKEN ? LOST : keep(&s->down, data, len, taken);
}

static enum progress move_down(struct session *s)
{
        struct way *w = &s->down;
        uint8_t *scratch = engine_scratch(s->c);
        ssize_t n;

        if (w->waiting.len > 0)
                return send_down(
                    s, w->waiting.data + w->at, w->waiting.len - w->at);
        if (w->ended)
                return STUCK;
        n = recv(s->fd, scratch, ENGINE_SCRATCH, 0);
        if (n > 0)
                return send_down(s, scratch, (size_t)n);
        if (n < 0)
                return is_wait(errno) ? STUCK : LOST;
        w->ended = true;
        return STUCK;
}

/* ---- the session -------------------------------------------------------- */

static bool is_over(struct way *w)
{
        return w->ended && w->waiting.len == 0 && !w->passed;
}

static enum progress move(struct session *s, struct way *w,
    enum progress (*step)(struct session *), bool *again)
{
        enum progress p = MOVED;
        int i;

        for (i = 0; p == MOVED && i < BURST; i++)
                p = step(s);
        *again |= p == MOVED;
        if (p == LOST || !is_over(w))
                return p;
        /* With no room for it, the next turn says it. */
        if (w == &s->up)
                shutdown(s->fd, SHUT_WR);
        else if (tls_finish(engine_tls(s->c)) == TLS_WAIT)
                return p;
        w->passed = true;
        s->moved = true;
        return p;
}

static enum engine_step turn(void *session)
{
        struct session *s = session;
        bool again = false;

        if (!s->connected) {
                switch (finish_connecting(s)) {
                case MOVED:
                        break;
                case STUCK:
                        return ENGINE_WAIT;
                case LOST:
                        return ENGINE_DROP;
                }
        }
        if (move(s, &s->up, move_up, &again) == LOST ||
            move(s, &s->down, move_down, &again) == LOST)
                return ENGINE_DROP;
        if (s->up.passed && s->down.passed)
                return ENGINE_LEAVE;
        if (s->moved)
                engine_deadline(s->c, s->up.passed || s->down.passed
                                          ? RELAY_HALF_MS
                                          : RELAY_IDLE_MS);
        s->moved = false;
        return again ? ENGINE_AGAIN : ENGINE_WAIT;
}

/* What the client has not said that it ended must not look ended: the service
 * gets a reset instead of a FIN. */
static void close_service(struct session *s)
{
        struct linger reset = {.l_onoff = 1, .l_linger = 0};

        if (s->fd < 0)
                return;
        if (!s->up.passed)
                setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(s->fd);
}

static void close_session(void *session)
{
        struct session *s = session;

        close_service(s);
        buf_release(&s->up.waiting);
        buf_release(&s->down.waiting);
        free(s);
}

static void *open_session(void *arg, struct engine_connection *c)
{
        struct session *s = calloc(1, sizeof(*s));
        int error;

        if (s == NULL)
                return NULL;
        s->relay = arg;
        s->c = c;
        engine_deadline(c, RELAY_CONNECT_MS);
        error = try_from(s, s->relay->addresses);
        if (error == 0)
                return s;
        relay_log_failure(s->relay, error);
        close_session(s);
        return NULL;
}

/* Who can tell what the two are in the middle of? */
static bool is_idle(const void *session)
{
        (void)session;
        return false;
}

struct engine_service relay_service(struct relay *r)
{
        return (struct engine_service){.open = open_session,
            .turn = turn,
            .close = close_session,
            .is_idle = is_idle,
            .arg = r};
}
