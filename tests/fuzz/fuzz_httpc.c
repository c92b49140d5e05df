/*
 * What a server may send to the HTTP client: a byte of circumstances, then all
 * that comes over the connection.  Whatever it is, the call ends once, and
 * what it brings keeps to its limits.  Redirects are not followed: they could
 * lead anywhere; where they would is read in fuzz_text.
 */
#include "fuzz.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "httpc/httpc.h"

enum { HEAD = 1, BODY_MAX = 512, SENT_MAX = 65536 };

static struct event_base *base;
static char url[64];

/* The call that goes on. */
static struct {
        const uint8_t *data;
        size_t size;
        int fd; /* the server's end; -1: not connected yet */
        int ended;
} now;

/* What is sent fits into the socket's buffer, so nothing waits here. */
static void serve(int listener, short what, void *arg)
{
        int fd = accept(listener, NULL, NULL);

        (void)what;
        (void)arg;
        must(fd >= 0 && now.fd < 0);
        now.fd = fd;
        send(fd, now.data, now.size, MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
}

static void prepare(void)
{
        struct sockaddr_in a = {
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct event *event;

        base = event_base_new();
        must(base != NULL && fd >= 0);
        must(bind(fd, (struct sockaddr *)&a, len) == 0);
        must(listen(fd, 8) == 0);
        must(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
        snprintf(url, sizeof(url), "http://127.0.0.1:%u/x",
            (unsigned)ntohs(a.sin_port));
        event = event_new(base, fd, EV_READ | EV_PERSIST, serve, NULL);
        must(event != NULL && event_add(event, NULL) == 0);
}

static void check_response(const struct httpc_response *r)
{
        must(r->body.len <= BODY_MAX && !r->body.failed);
        must(memchr(r->content_type, '\0', sizeof(r->content_type)) != NULL);
        must(r->retry_after >= -1 && r->max_age >= -1);
}

static void done(
    void *arg, struct httpc_response *response, const struct err *e)
{
        (void)arg;
        must(now.ended++ == 0);
        if (response != NULL)
                check_response(response);
        else
                must((e->code == ERR_TRYLATER || e->code == ERR_DATA) &&
                     e->text[0] != '\0');
        event_base_loopbreak(base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const methods[] = {NULL, "POST", "HEAD"};
        struct httpc_request q = {.url = url,
            .max_body = BODY_MAX,
            .timeout_ms = 2000,
            .no_redirects = true};
        struct httpc_call *call;
        struct err e = ERR_INIT;

        if (size < HEAD || size > SENT_MAX)
                return 0;
        if (base == NULL)
                prepare();
        q.method = methods[data[0] % 3];
        now.data = data + HEAD;
        now.size = size - HEAD;
        now.fd = -1;
        now.ended = 0;
        must(httpc_start(base, &q, done, NULL, &call, &e) == 0);
        while (now.ended == 0)
                event_base_dispatch(base);
        /* What is due after it, but nothing new. */
        event_base_loop(base, EVLOOP_NONBLOCK);
        if (now.fd >= 0)
                close(now.fd);
        return 0;
}
