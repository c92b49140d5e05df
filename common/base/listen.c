#include "base/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/parse.h"

union address {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
};

/* Splits "ADDR:PORT" or "[ADDR]:PORT". */
static bool split(const char *where, char host[64], const char **port)
{
        const char *colon = strrchr(where, ':');
        size_t len;

        if (colon == NULL || colon == where)
                return false;
        *port = colon + 1;
        len = (size_t)(colon - where);
        if (where[0] == '[') {
                if (colon[-1] != ']')
                        return false;
                where++;
                len -= 2;
        }
        if (len == 0 || len >= 64)
                return false;
        memcpy(host, where, len);
        host[len] = '\0';
        return true;
}

static bool address_of(
    const char *host, uint16_t port, union address *out, socklen_t *len)
{
        memset(out, 0, sizeof(*out));
        if (strcmp(host, "localhost") == 0)
                host = "127.0.0.1";
        if (inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
                out->v4.sin_family = AF_INET;
                out->v4.sin_port = htons(port);
                *len = sizeof(out->v4);
                return true;
        }
        if (inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1) {
                out->v6.sin6_family = AF_INET6;
                out->v6.sin6_port = htons(port);
                *len = sizeof(out->v6);
                return true;
        }
        return false;
}

static int inherit(const char *number, int *fd, struct err *e)
{
        uint64_t n;
        int listening = 0;
        socklen_t len = sizeof(listening);

        if (parse_uint(number, 1 << 20, &n, e) != 0)
                return err_prefix(e, "fd:%s", number);
        if (getsockopt((int)n, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) !=
                0 ||
            !listening)
                return err_set(e, ERR_USAGE,
                    "fd:%s: not an open listening socket", number);
        if (fcntl((int)n, F_SETFD, FD_CLOEXEC) != 0 ||
            fcntl((int)n, F_SETFL, fcntl((int)n, F_GETFL) | O_NONBLOCK) != 0)
                return err_errno(e, ERR_OS, "fd:%s", number);
        *fd = (int)n;
        return 0;
}

static int bind_and_listen(int fd, const union address *a, socklen_t len,
    const char *where, struct err *e)
{
        int on = 1;

        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (bind(fd, &a->any, len) == 0 && listen(fd, SOMAXCONN) == 0)
                return 0;
        if (errno == EADDRINUSE)
                return err_set(e, ERR_OS,
                    "%s: the port is in use: stop what uses it, or take "
                    "port 0 for any free one",
                    where);
        return err_errno(e, ERR_OS, "%s: cannot listen", where);
}

int listen_open(const char *where, int *fd, struct err *e)
{
        char host[64];
        const char *port;
        union address a;
        socklen_t len;
        uint64_t n;

        *fd = -1;
        if (strncmp(where, "fd:", 3) == 0)
                return inherit(where + 3, fd, e);
        if (!split(where, host, &port))
                return err_set(e, ERR_USAGE,
                    "'%s' is not ADDR:PORT or fd:N: write 127.0.0.1:0", where);
        if (parse_uint(port, 65535, &n, e) != 0)
                return err_prefix(e, "port of '%s'", where);
        if (!address_of(host, (uint16_t)n, &a, &len))
                return err_set(e, ERR_USAGE,
                    "'%s': %s is not an IP address or localhost", where, host);
        *fd = socket(
            a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (*fd < 0)
                return err_errno(e, ERR_OS, "%s", where);
        if (bind_and_listen(*fd, &a, len, where, e) == 0)
                return 0;
        close(*fd);
        *fd = -1;
        return -1;
}

int listen_address(int fd, char out[LISTEN_ADDRESS_MAX], struct err *e)
{
        char host[INET6_ADDRSTRLEN] = "?";
        union address a = {.any = {0}};
        socklen_t len = sizeof(a);

        if (getsockname(fd, &a.any, &len) != 0)
                return err_errno(e, ERR_OS, "fd:%d", fd);
        if (a.any.sa_family == AF_INET6) {
                inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof(host));
                snprintf(out, LISTEN_ADDRESS_MAX, "[%s]:%u", host,
                    ntohs(a.v6.sin6_port));
        } else if (a.any.sa_family == AF_INET) {
                inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof(host));
                snprintf(out, LISTEN_ADDRESS_MAX, "%s:%u", host,
                    ntohs(a.v4.sin_port));
        } else {
                return err_set(e, ERR_USAGE, "fd:%d: not a TCP socket", fd);
        }
        return 0;
}
