/*
 * Who is connected, and whether they bring their requests to an end.
 *
 * libmicrohttpd closes a connection that is silent; one that says an octet now
 * and then would keep its place, and those behind the limit of connections
 * out, for ever.
 */
#include "httpd/internal.h"

#include <stdlib.h>
#include <sys/socket.h>

void peer_notify(void *loop, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode what)
{
        struct loop *l = loop;
        struct peer *p = *context;
        int fd = MHD_get_connection_info(
            connection, MHD_CONNECTION_INFO_CONNECTION_FD)
                     ->connect_fd;

        if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
                if (p == NULL)
                        return;
                *p->at = p->next;
                if (p->next != NULL)
                        p->next->at = p->at;
                free(p);
                return;
        }
        *context = p = malloc(sizeof(*p));
        if (p == NULL) {
                shutdown(fd, SHUT_RDWR);
                return;
        }
        *p = (struct peer){.fd = fd,
            .since_ms = l->turn_ms,
            .next = l->peers,
            .at = &l->peers};
        if (l->peers != NULL)
                l->peers->at = &p->next;
        l->peers = p;
}

struct peer *peer_of(struct MHD_Connection *connection)
{
        return MHD_get_connection_info(
            connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
            ->socket_context;
}

/* Whoever sends an octet makes a turn, and whoever doesn't is closed by
 * libmicrohttpd: so no timer is needed, and all that is due is found here. */
void peers_sweep(struct loop *l)
{
        int64_t limit = l->server->options.request_ms;
        struct peer *p;

        if (l->turn_ms < l->sweep_at)
                return;
        l->sweep_at = l->turn_ms + limit / 8;
        for (p = l->peers; p != NULL; p = p->next)
                if (!p->whole && l->turn_ms - p->since_ms > limit)
                        shutdown(p->fd, SHUT_RDWR);
}
