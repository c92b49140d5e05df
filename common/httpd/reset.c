/* A response whose connection is reset before its end. */
#include "httpd/internal.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"

/* A reset takes away what the peer has not got yet: so long we wait for it to
 * say that it has, looking so often. */
enum { PATIENCE_MS = HTTPD_IDLE_S * 1000, LOOK_MS = 2 };

/* Belongs to one call, and lives as long as libmicrohttpd sends it. */
struct reset {
        struct loop *loop;
        struct call *call;
        struct httpd_response *response; /* a reference */
        int64_t give_up_at;              /* monotonic ms; 0: not waiting yet */
};

static void reset_free(void *reset)
{
        struct reset *r = reset;

        httpd_response_unref(r->response);
        free(r);
}

static int fd_of(const struct reset *r)
{
        return MHD_get_connection_info(
            r->call->connection, MHD_CONNECTION_INFO_CONNECTION_FD)
            ->connect_fd;
}

/* Out with what libmicrohttpd keeps in the socket until there is more; false:
 * the peer has not got all of it yet. */
static bool is_delivered(int fd)
{
        const int on = 1;
        int unsent = 0;

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        return ioctl(fd, SIOCOUTQ, &unsent) != 0 || unsent == 0;
}

/* To dissolve an established connection is to reset it, at once.  With
 * SO_LINGER alone libmicrohttpd would end it first, by a shutdown. */
static void tear(int fd)
{
        const struct linger at_once = {1, 0};
        struct sockaddr nobody;

        memset(&nobody, 0, sizeof(nobody));
        nobody.sa_family = AF_UNSPEC;
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        (void)connect(fd, &nobody, sizeof(nobody));
}

static ssize_t reset_piece(void *reset, uint64_t at, char *out, size_t max)
{
        struct reset *r = reset;
        struct span body = httpd_response_body(r->response);
        size_t n = body.len - (size_t)at;
        int64_t now = monotonic_ms();
        int fd;

        if (n > 0) {
                n = n < max ? n : max;
                memcpy(out, body.data + at, n);
                return (ssize_t)n;
        }
        fd = fd_of(r);
        if (r->give_up_at == 0)
                r->give_up_at = now + PATIENCE_MS;
        if (!is_delivered(fd) && now < r->give_up_at &&
            !atomic_load(&r->loop->server->stopping)) {
                call_suspend(r->loop, r->call, LOOK_MS);
                return 0;
        }
        tear(fd);
        return MHD_CONTENT_READER_END_WITH_ERROR;
}

enum MHD_Result reset_queue(
    struct loop *l, struct call *c, struct httpd_response *r, unsigned status)
{
        uint64_t len = httpd_response_body(r).len + c->request.reset_short;
        struct reset *own = calloc(1, sizeof(*own));
        struct MHD_Response *mhd;
        enum MHD_Result rc;

        if (own == NULL)
                return MHD_NO;
        *own = (struct reset){l, c, httpd_response_ref(r), 0};
        mhd = MHD_create_response_from_callback(
            len, 65536, reset_piece, own, reset_free);
        if (mhd == NULL) {
                reset_free(own);
                return MHD_NO;
        }
        response_copy_headers(r, mhd);
        rc = MHD_queue_response(c->connection, status, mhd);
        MHD_destroy_response(mhd);
        return rc;
}
