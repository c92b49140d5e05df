/*
 * The yardstick: libmicrohttpd alone, one answer for every request.
 *
 *   bare_mhd RESPONSE-FILE [THREADS [COPIES]]
 *
 * RESPONSE-FILE: header lines as they shall be sent, an empty line, the body.
 * Prints its port.  COPIES: response objects that are sent in turn, since a
 * thousand different answers don't fit into a processor's nearest cache as one
 * does.  One daemon a thread on one socket, as in common/httpd, so
 * that only what is above libmicrohttpd differs.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
        THREADS_MAX = 64,
        COPIES_MAX = 100000,
        FILE_MAX = 64 << 10,
        CONNECTIONS = 10000,
        /* As in common/httpd: half of libmicrohttpd's default, all of which is
         * cleared for each request. */
        MEMORY = 16384,
};

static struct MHD_Response *responses[COPIES_MAX];
static int copies = 1;

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *data,
    size_t *data_len, void **state)
{
        static char seen;
        static _Thread_local int next;

        (void)arg;
        (void)url;
        (void)method;
        (void)version;
        (void)data;
        if (*state == NULL) {
                *state = &seen;
                return MHD_YES;
        }
        if (*data_len > 0) {
                *data_len = 0;
                return MHD_YES;
        }
        next = (next + 1) % copies;
        return MHD_queue_response(connection, MHD_HTTP_OK, responses[next]);
}

/* Of header lines, an empty one, and a body. */
static struct MHD_Response *make_response(const char *text, size_t len)
{
        const char *body = (const char *)memmem(text, len, "\r\n\r\n", 4) + 4;
        struct MHD_Response *r =
            MHD_create_response_from_buffer(len - (size_t)(body - text),
                (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
        const char *line, *colon, *end;
        char name[64], value[256];

        for (line = text; line < body - 2; line = end + 2) {
                end = strstr(line, "\r\n");
                colon = strstr(line, ": ");
                if (colon == NULL || colon > end)
                        continue;
                snprintf(name, sizeof(name), "%.*s", (int)(colon - line), line);
                snprintf(value, sizeof(value), "%.*s", (int)(end - colon - 2),
                    colon + 2);
                MHD_add_response_header(r, name, value);
        }
        return r;
}

static void read_response(const char *path)
{
        static char text[FILE_MAX];
        FILE *f = fopen(path, "rb");
        size_t len = f != NULL ? fread(text, 1, sizeof(text) - 1, f) : 0;
        int i;

        if (memmem(text, len, "\r\n\r\n", 4) == NULL)
                exit(1);
        for (i = 0; i < copies; i++)
                responses[i] = make_response(text, len);
        fclose(f);
}

static int listener(void)
{
        struct sockaddr_in at = {
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(at);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

        if (bind(fd, (const struct sockaddr *)(const void *)&at, len) != 0 ||
            listen(fd, SOMAXCONN) != 0 ||
            getsockname(fd, (struct sockaddr *)(void *)&at, &len) != 0)
                exit(1);
        printf("%u\n", ntohs(at.sin_port));
        fflush(stdout);
        return fd;
}

static void *serve(void *arg)
{
        int fd = dup(*(const int *)arg);
        struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL,
            NULL, answer, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
            MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
            MHD_OPTION_CONNECTION_TIMEOUT, 10U,
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, MHD_OPTION_END);
        const union MHD_DaemonInfo *info;
        MHD_UNSIGNED_LONG_LONG ms;
        struct pollfd p = {.events = POLLIN};

        if (daemon == NULL)
                exit(1);
        info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
        p.fd = info->epoll_fd;
        for (;;) {
                int wait = -1;

                if (MHD_get_timeout(daemon, &ms) == MHD_YES)
                        wait = ms > 1000 ? 1000 : (int)ms;
                poll(&p, 1, wait);
                MHD_run(daemon);
        }
        return NULL;
}

int main(int argc, char **argv)
{
        int threads = argc > 2 ? atoi(argv[2]) : 1, fd, i;
        pthread_t id;

        copies = argc > 3 ? atoi(argv[3]) : 1;
        if (argc < 2 || threads < 1 || threads > THREADS_MAX || copies < 1 ||
            copies > COPIES_MAX)
                return 64;
        read_response(argv[1]);
        fd = listener();
        for (i = 0; i < threads; i++)
                if (pthread_create(&id, NULL, serve, &fd) != 0)
                        return 1;
        pause();
        return 0;
}
