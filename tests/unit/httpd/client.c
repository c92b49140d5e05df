#include "client.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int client_connect(int port)
{
        struct sockaddr_in a = {.sin_family = AF_INET};
        struct timeval patience = {20, 0};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        a.sin_port = htons((unsigned short)port);
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
                perror("connect");
                abort();
        }
        return fd;
}

void client_send_bytes(int fd, const void *data, size_t len)
{
        const char *p = data;

        while (len > 0) {
                ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

                if (n <= 0)
                        return; /* closed: the test sees it when it reads */
                p += n;
                len -= (size_t)n;
        }
}

void client_send(int fd, const char *text)
{
        client_send_bytes(fd, text, strlen(text));
}

bool client_read(int fd, bool head, struct client_response *out)
{
        const char *length;
        size_t n = 0, want;

        memset(out, 0, sizeof(*out));
        while (
            n < sizeof(out->head) - 1 && strstr(out->head, "\r\n\r\n") == NULL)
                if (recv(fd, out->head + n++, 1, 0) != 1)
                        return false;
        if (sscanf(out->head, "HTTP/1.1 %d", &out->status) != 1)
                return false;
        length = strstr(out->head, "Content-Length: ");
        if (head || length == NULL || out->status == 304)
                return true;
        want = strtoul(length + 16, NULL, 10);
        return want < sizeof(out->body) &&
               recv(fd, out->body, want, MSG_WAITALL) == (ssize_t)want;
}

bool client_at_end(int fd)
{
        char c;

        return recv(fd, &c, 1, 0) <= 0;
}
