#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/listen.h"
#include "client.h"
#include "server.h"

static struct httpd_response *text_response(const char *text)
{
        const struct httpd_header headers[] = {{"Content-Type", "text/plain"}};
        struct span body = {(const uint8_t *)text, strlen(text)};
        struct httpd_response *r = NULL;

        assert_int_equal(httpd_response_new(body, headers, 1, &r, NULL), 0);
        return r;
}

/* A file of 3,000,000 bytes, of which it says more. */
static struct httpd_response *file_response(struct fixture *f, uint64_t len)
{
        char path[] = "/tmp/httpd.XXXXXX";
        int fd = mkstemp(path);
        struct httpd_response *r = NULL;

        assert_true(fd >= 0);
        unlink(path);
        assert_int_equal(ftruncate(fd, 3000000), 0);
        atomic_fetch_add(&f->files, 1);
        assert_int_equal(
            httpd_response_file(fd, len, NULL, 0, &f->files, &r, NULL), 0);
        return r;
}

/* "abc", or a lot of zeros, of 7 bytes more that never come. */
static struct httpd_reply reset_response(struct httpd_request *q)
{
        static uint8_t zeros[RESET_BIG];
        const struct span small = {(const uint8_t *)"abc", 3};
        const struct span big = {zeros, sizeof(zeros)};
        struct httpd_response *r = NULL;

        q->reset_short = 7;
        assert_int_equal(
            httpd_response_new(strcmp(q->path, "/reset") == 0 ? small : big,
                NULL, 0, &r, NULL),
            0);
        return (struct httpd_reply){r, 200, 0};
}

static struct httpd_reply echo(
    void *arg, unsigned thread, struct httpd_request *q)
{
        struct fixture *f = arg;
        const char *x = httpd_request_header(q, "X");
        char text[512], value[32] = "";
        int got = httpd_request_query(q, "q", value, sizeof(value));

        (void)thread;
        atomic_fetch_add(&f->calls, 1);
        if (strcmp(q->path, "/fixed") == 0)
                return (struct httpd_reply){
                    httpd_response_ref(f->fixed), 200, 0};
        if (strcmp(q->path, "/gate") == 0 && !atomic_load(&f->open))
                return (struct httpd_reply){NULL, 0, 3600 * 1000};
        while (strcmp(q->path, "/hold") == 0 && !atomic_load(&f->open))
                sched_yield();
        if (strcmp(q->path, "/later") == 0 && q->note++ == 0)
                return (struct httpd_reply){NULL, 0, 10};
        if (strcmp(q->path, "/drop") == 0)
                return (struct httpd_reply){NULL, 0, 0};
        if (strcmp(q->path, "/file") == 0)
                return (struct httpd_reply){file_response(f, 3000000), 200, 0};
        if (strcmp(q->path, "/short-file") == 0)
                return (struct httpd_reply){file_response(f, 3000001), 200, 0};
        if (strcmp(q->path, "/file-not-modified") == 0)
                return (struct httpd_reply){file_response(f, 3000000), 304, 0};
        if (strcmp(q->path, "/not-modified") == 0)
                return (struct httpd_reply){text_response("text"), 304, 0};
        if (strcmp(q->path, "/reset") == 0 ||
            strcmp(q->path, "/big-reset") == 0)
                return reset_response(q);
        snprintf(text, sizeof(text), "%d %s %zu X=%s q=%d:%s", (int)q->method,
            q->path, q->body.len, x != NULL ? x : "-", got, value);
        return (struct httpd_reply){text_response(text), 200, 0};
}

struct fixture *server_with(
    unsigned threads, unsigned connections, int64_t request_ms)
{
        struct fixture *f = calloc(1, sizeof(*f));
        struct httpd_options o = {.threads = threads,
            .max_connections = connections,
            .max_body = BODY_MAX,
            .request_ms = request_ms,
            .post = true,
            .handler = echo,
            .arg = f,
            .refused = &f->refused};
        char address[LISTEN_ADDRESS_MAX];
        struct err e = ERR_INIT;

        assert_non_null(f);
        f->fixed = text_response("fixed");
        assert_int_equal(listen_open("127.0.0.1:0", &o.fd, &e), 0);
        assert_int_equal(listen_address(o.fd, address, &e), 0);
        f->port = atoi(strrchr(address, ':') + 1);
        assert_int_equal(httpd_start(&o, &f->h, &e), 0);
        return f;
}

struct fixture *server_new(unsigned threads, unsigned connections)
{
        return server_with(threads, connections, 0);
}

void server_free(struct fixture *f)
{
        httpd_stop(f->h, 1000);
        httpd_response_unref(f->fixed);
        free(f);
}

void ask(int fd, const char *request, int status, const char *body)
{
        struct client_response r;

        client_send(fd, request);
        assert_true(client_read(fd, false, &r));
        assert_int_equal(r.status, status);
        if (body != NULL)
                assert_string_equal(r.body, body);
}
