/*
 * An HTTP load: keep-alive connections that send prepared requests.
 *
 *   load [-c] ADDR:PORT REQUESTS-FILE CONNECTIONS COUNT [FIRST]
 *
 * REQUESTS-FILE holds raw HTTP requests, each after its length as a decimal
 * line.  They are sent in turn from number FIRST (0) on, one at a time per
 * connection, COUNT in all.  With -c each has a connection of its own, which
 * the server closes after its answer.
 * Prints one line of JSON: requests, errors (not status 200), seconds, and
 * the time of a request in microseconds (p50, p99, most).  Ends with 1 if
 * the server closed or said something else than HTTP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
        CONNECTIONS_MAX = 20000,
        REQUESTS_MAX = 1 << 20,
        RESPONSE_MAX = 64 << 10,
        EVENTS = 512,
        SLOTS = 4096, /* of the histogram: 1/64 octave each */
};

struct request {
        const char *bytes;
        size_t len;
};

struct connection {
        int fd;
        uint64_t began; /* ns */
        size_t sent, got;
        const struct request *request;
        char response[RESPONSE_MAX];
};

static struct request *requests;
static size_t requests_len, next_request;
static long started, done, wanted, errors;
static uint64_t histogram[SLOTS], most;
static struct sockaddr_in to;
static bool once; /* a connection a request */
static int epoll;

static void fail(const char *what)
{
        fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
        exit(1);
}

static uint64_t now_ns(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- figures ------------------------------------------------------------ */

/* 64 slots an octave: within 1.6 percent. */
static size_t slot_of(uint64_t ns)
{
        int octave = 63 - __builtin_clzll(ns | 64);
        uint64_t part = ns >> (octave - 6);

        return (size_t)(octave - 6) * 64 + (size_t)(part - 64);
}

static double slot_us(size_t slot)
{
        uint64_t part = 64 + slot % 64;

        return (double)(part << (slot / 64)) / 1000;
}

static void note(uint64_t ns)
{
        size_t slot = slot_of(ns);

        histogram[slot < SLOTS ? slot : SLOTS - 1]++;
        if (ns > most)
                most = ns;
}

static double quantile(double q)
{
        uint64_t below = 0, want = (uint64_t)(q * (double)done);
        size_t i;

        for (i = 0; i < SLOTS; i++)
                if ((below += histogram[i]) > want)
                        return slot_us(i);
        return 0;
}

/* ---- requests ----------------------------------------------------------- */

static void read_requests(const char *path)
{
        FILE *f = fopen(path, "rb");
        size_t len;
        char *bytes;

        requests = calloc(REQUESTS_MAX, sizeof(*requests));
        if (f == NULL || requests == NULL)
                fail(path);
        while (requests_len < REQUESTS_MAX && fscanf(f, "%zu", &len) == 1) {
                bytes = malloc(len + 1);
                if (bytes == NULL || fgetc(f) != '\n' ||
                    fread(bytes, 1, len, f) != len)
                        fail(path);
                requests[requests_len++] = (struct request){bytes, len};
        }
        fclose(f);
        if (requests_len == 0)
                fail(path);
}

static void send_some(struct connection *c)
{
        ssize_t n = send(c->fd, c->request->bytes + c->sent,
            c->request->len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno != EAGAIN)
                fail("send");
        if (n > 0)
                c->sent += (size_t)n;
}

static void connect_one(struct connection *c)
{
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        int one = 1;

        c->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (c->fd < 0 ||
            connect(c->fd, (const struct sockaddr *)(const void *)&to,
                sizeof(to)) != 0)
                fail("connect");
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
                fail("epoll");
}

static void begin(struct connection *c)
{
        c->request = &requests[next_request++ % requests_len];
        c->sent = c->got = 0;
        c->began = now_ns();
        started++;
        if (c->fd < 0)
                connect_one(c);
        send_some(c);
}

/* The length of the whole response, 0 if its header is not all there. */
static size_t response_len(const struct connection *c)
{
        const char *end = memmem(c->response, c->got, "\r\n\r\n", 4);
        const char *line;
        size_t body = 0;

        if (end == NULL)
                return 0;
        for (line = c->response; line < end;
             line =
                 (const char *)memchr(line, '\n', (size_t)(end + 2 - line)) + 1)
                if (strncasecmp(line, "Content-Length:", 15) == 0)
                        body = strtoul(line + 15, NULL, 10);
        return (size_t)(end + 4 - c->response) + body;
}

static void complete(struct connection *c)
{
        note(now_ns() - c->began);
        done++;
        if (c->got < 12 || memcmp(c->response + 9, "200", 3) != 0)
                errors++;
        if (once) {
                close(c->fd);
                c->fd = -1;
        }
        if (started < wanted)
                begin(c);
}

static void receive(struct connection *c)
{
        ssize_t n = recv(c->fd, c->response + c->got,
            sizeof(c->response) - c->got, MSG_DONTWAIT);
        size_t len;

        if (n < 0 && errno == EAGAIN)
                return;
        len = response_len(c);
        if (n == 0 && once && len != 0 && c->got == len) {
                complete(c);
                return;
        }
        if (n <= 0)
                fail("the server closed");
        c->got += (size_t)n;
        len = response_len(c);
        if (len != 0 && c->got >= len && !once)
                complete(c);
        else if (c->got == sizeof(c->response))
                fail("a response too large");
}

/* ---- connections -------------------------------------------------------- */

static struct sockaddr_in where(const char *text)
{
        struct sockaddr_in at = {.sin_family = AF_INET};
        const char *colon = strrchr(text, ':');
        char host[64];

        snprintf(host, sizeof(host), "%.*s",
            colon != NULL ? (int)(colon - text) : 0, text);
        if (colon == NULL || inet_pton(AF_INET, host, &at.sin_addr) != 1)
                fail(text);
        at.sin_port = htons((uint16_t)atoi(colon + 1));
        return at;
}

static void run(void)
{
        struct epoll_event events[EVENTS];
        struct connection *c;
        int i, n;

        while (done < wanted) {
                n = epoll_wait(epoll, events, EVENTS, 10000);
                if (n <= 0)
                        fail("no answer for 10 seconds");
                for (i = 0; i < n; i++) {
                        c = events[i].data.ptr;
                        if (c->sent < c->request->len)
                                send_some(c);
                        receive(c);
                }
        }
}

int main(int argc, char **argv)
{
        struct connection **all;
        long connections, i;
        uint64_t start;
        double seconds;

        once = argc > 1 && strcmp(argv[1], "-c") == 0;
        argv += once;
        argc -= once;
        if (argc != 5 && argc != 6) {
                fprintf(stderr, "usage: load [-c] ADDR:PORT REQUESTS "
                                "CONNECTIONS COUNT [FIRST]\n");
                return 64;
        }
        to = where(argv[1]);
        read_requests(argv[2]);
        connections = atol(argv[3]);
        wanted = atol(argv[4]);
        next_request = argc > 5 ? (size_t)atol(argv[5]) : 0;
        if (connections < 1 || connections > CONNECTIONS_MAX ||
            wanted < connections)
                return 64;
        epoll = epoll_create1(0);
        all = calloc((size_t)connections, sizeof(struct connection *));
        if (epoll < 0 || all == NULL)
                fail("start");
        for (i = 0; i < connections; i++) {
                all[i] = calloc(1, sizeof(struct connection));
                if (all[i] == NULL)
                        fail("memory");
                all[i]->fd = -1;
                if (!once)
                        connect_one(all[i]);
        }
        start = now_ns();
        for (i = 0; i < connections; i++)
                begin(all[i]);
        run();
        seconds = (double)(now_ns() - start) / 1e9;
        printf("{\"requests\": %ld, \"errors\": %ld, \"seconds\": %.4f, "
               "\"rate\": %.0f, \"p50\": %.1f, \"p99\": %.1f, \"most\": "
               "%.1f}\n",
            done, errors, seconds, (double)done / seconds, quantile(0.5),
            quantile(0.99), (double)most / 1000);
        return 0;
}
