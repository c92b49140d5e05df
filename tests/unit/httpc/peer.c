#include "peer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void must(int ok)
{
        if (!ok)
                abort();
}

/* 0: fd is readable; -1: the peer was stopped. */
static int readable(struct peer *p, int fd)
{
        struct pollfd fds[2] = {{fd, POLLIN, 0}, {p->stop[0], POLLIN, 0}};

        must(poll(fds, 2, -1) > 0);
        return fds[1].revents != 0 ? -1 : 0;
}

static size_t body_length(const char *request)
{
        const char *at = strcasestr(request, "\r\nContent-Length:");

        return at == NULL ? 0 : strtoul(at + 17, NULL, 10);
}

static void read_request(struct peer *p, int fd)
{
        size_t used = 0;
        const char *end = NULL;
        ssize_t n;

        while (end == NULL || used < (size_t)(end + 4 - p->request) +
                                         body_length(p->request)) {
                if (used + 1 == sizeof(p->request) || readable(p, fd) != 0)
                        return;
                n = read(fd, p->request + used, sizeof(p->request) - 1 - used);
                if (n <= 0)
                        return;
                used += (size_t)n;
                p->request[used] = '\0';
                end = strstr(p->request, "\r\n\r\n");
        }
}

static void *serve(void *arg)
{
        struct peer *p = arg;
        int fd;

        while (readable(p, p->listener) == 0) {
                fd = accept(p->listener, NULL, NULL);
                must(fd >= 0);
                memset(p->request, 0, sizeof(p->request));
                read_request(p, fd);
                p->act(p, fd, p->connections++);
                close(fd);
        }
        return NULL;
}

void peer_start(struct peer *p, peer_act *act)
{
        struct sockaddr_in a = {
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(a);

        memset(p, 0, sizeof(*p));
        p->act = act;
        p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        must(p->listener >= 0 && pipe(p->stop) == 0);
        must(bind(p->listener, (struct sockaddr *)&a, sizeof(a)) == 0);
        must(listen(p->listener, 8) == 0);
        must(getsockname(p->listener, (struct sockaddr *)&a, &len) == 0);
        p->port = ntohs(a.sin_port);
        must(pthread_create(&p->thread, NULL, serve, p) == 0);
}

void peer_stop(struct peer *p)
{
        close(p->stop[1]);
        pthread_join(p->thread, NULL);
        close(p->stop[0]);
        close(p->listener);
}

void peer_say(int fd, const char *text)
{
        size_t len = strlen(text);
        ssize_t n;

        while (len > 0) {
                n = send(fd, text, len, MSG_NOSIGNAL);
                if (n <= 0)
                        return;
                text += n;
                len -= (size_t)n;
        }
}

void peer_wait(struct peer *p, int fd)
{
        char c[256];

        while (readable(p, fd) == 0 && read(fd, c, sizeof(c)) > 0)
                ;
}

void peer_drip(struct peer *p, int fd)
{
        struct pollfd fds[2] = {{fd, POLLIN, 0}, {p->stop[0], POLLIN, 0}};

        while (poll(fds, 2, 5) == 0) {
                if (send(fd, "x", 1, MSG_NOSIGNAL) != 1)
                        return;
        }
}

void peer_reset(int fd)
{
        struct linger now = {1, 0};

        must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0);
}
