#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/base.h"
#include "base/listen.h"
#include "client.h"
#include "httpd/httpd.h"

enum { BODY_MAX = 1000 };

/* ---- a server that tells what it got ----------------------------------- */

struct fixture {
        struct httpd *h;
        int port;
        struct httpd_response *fixed; /* what /fixed gets */
        atomic_uint_fast64_t refused;
        atomic_int calls;
        atomic_int open; /* 1: /gate is answered */
        atomic_uint files;
};

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

/* /gate is parked until it is opened, /hold holds up its whole thread;
 * /not-modified is 304; everything else gets method, path, body length, header
 * X and query value q. */
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
        snprintf(text, sizeof(text), "%d %s %zu X=%s q=%d:%s", (int)q->method,
            q->path, q->body.len, x != NULL ? x : "-", got, value);
        return (struct httpd_reply){text_response(text), 200, 0};
}

static struct fixture *server_new(unsigned threads, unsigned connections)
{
        struct fixture *f = calloc(1, sizeof(*f));
        struct httpd_options o = {.threads = threads,
            .max_connections = connections,
            .max_body = BODY_MAX,
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

static void server_free(struct fixture *f)
{
        httpd_stop(f->h, 1000);
        httpd_response_unref(f->fixed);
        free(f);
}

static int setup(void **state)
{
        *state = server_new(2, 2000);
        return 0;
}

static int teardown(void **state)
{
        server_free(*state);
        return 0;
}

/* Sends, and checks the status and the body of the one response. */
static void ask(int fd, const char *request, int status, const char *body)
{
        struct client_response r;

        client_send(fd, request);
        assert_true(client_read(fd, false, &r));
        assert_int_equal(r.status, status);
        if (body != NULL)
                assert_string_equal(r.body, body);
}

/* ---- what the handler sees --------------------------------------------- */

static void path_reaches_the_handler_undecoded(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);

        ask(fd, "GET /a%2Fb%00c%zz+//d HTTP/1.1\r\nHost: h\r\n\r\n", 200,
            "0 /a%2Fb%00c%zz+//d 0 X=- q=0:");
        ask(fd, "GET //a?b HTTP/1.1\r\nHost: h\r\n\r\n", 200,
            "0 //a 0 X=- q=0:");
        close(fd);
}

static void absolute_form_loses_scheme_and_authority(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);

        ask(fd, "GET http://h:1/x/y HTTP/1.1\r\nHost: h\r\n\r\n", 200,
            "0 /x/y 0 X=- q=0:");
        ask(fd, "GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", 200,
            "0 / 0 X=- q=0:");
        close(fd);
}

static void headers_are_found_in_any_case(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);

        ask(fd, "GET / HTTP/1.1\r\nHost: h\r\nx: 7\r\n\r\n", 200,
            "0 / 0 X=7 q=0:");
        close(fd);
}

static void query_values_are_decoded_and_bounded(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);

        ask(fd, "GET /?p=1&q=a%3Ab%4 HTTP/1.1\r\nHost: h\r\n\r\n", 200,
            "0 / 0 X=- q=1:a:b%4");
        ask(fd, "GET /?q=a%00b HTTP/1.1\r\nHost: h\r\n\r\n", 200,
            "0 / 0 X=- q=-1:a");
        ask(fd,
            "GET /?q=0123456789012345678901234567890 HTTP/1.1\r\n"
            "Host: h\r\n\r\n",
            200, "0 / 0 X=- q=1:0123456789012345678901234567890");
        ask(fd,
            "GET /?q=01234567890123456789012345678901 HTTP/1.1\r\n"
            "Host: h\r\n\r\n",
            200, NULL);
        close(fd);
}

static void bodies_arrive_whole(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);

        ask(fd, "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
            200, "2 /p 5 X=- q=0:");
        ask(fd,
            "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
            200, "2 /p 7 X=- q=0:");
        ask(fd, "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 200,
            "2 /p 0 X=- q=0:");
        close(fd);
}

/* ---- what httpd refuses ------------------------------------------------ */

static void post_of(int fd, size_t len)
{
        char head[128], *body = calloc(1, len);

        assert_non_null(body);
        snprintf(head, sizeof(head),
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", len);
        client_send(fd, head);
        client_send_bytes(fd, body, len);
        free(body);
}

static void body_at_the_limit_passes_and_beyond_gets_413(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);
        struct client_response r;

        post_of(fd, BODY_MAX);
        assert_true(client_read(fd, false, &r));
        assert_int_equal(r.status, 200);
        post_of(fd, BODY_MAX + 1);
        assert_true(client_read(fd, false, &r));
        assert_int_equal(r.status, 413);
        assert_true(client_at_end(fd));
        close(fd);
        assert_int_equal(atomic_load(&f->refused), 1);
}

static void absurd_length_gets_413_before_the_body(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);

        ask(fd,
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n",
            413, NULL);
        assert_true(client_at_end(fd));
        close(fd);
}

static void endless_chunked_body_is_cut_off(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);
        char chunk[4096 + 8];
        int i;

        client_send(fd, "POST / HTTP/1.1\r\nHost: h\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n");
        memset(chunk, 'x', sizeof(chunk));
        memcpy(chunk, "1000\r\n", 6);
        memcpy(chunk + 6 + 4096, "\r\n", 2);
        for (i = 0; i < 2 * HTTPD_DISCARD_MAX / 4096; i++)
                client_send_bytes(fd, chunk, sizeof(chunk));
        assert_true(client_at_end(fd));
        close(fd);
}

static void length_beside_transfer_encoding_gets_400(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);

        ask(fd,
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400, NULL);
        assert_true(client_at_end(fd));
        close(fd);
        assert_int_equal(atomic_load(&f->calls), 0);
}

static void other_methods_get_405_with_allow(void **state)
{
        static const char *const methods[] = {
            "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "X"};
        struct fixture *f = *state;
        struct client_response r;
        char request[128];
        size_t i;

        for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
                int fd = client_connect(f->port);

                snprintf(request, sizeof(request),
                    "%s / HTTP/1.1\r\nHost: h\r\n\r\n", methods[i]);
                client_send(fd, request);
                assert_true(client_read(fd, false, &r));
                assert_int_equal(r.status, 405);
                assert_non_null(
                    strstr(r.head, "\r\nAllow: GET, HEAD, POST\r\n"));
                close(fd);
        }
        assert_int_equal(atomic_load(&f->calls), 0);
}

static void headers_beyond_the_memory_limit_get_an_error(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);
        struct client_response r;
        static char path[2 * HTTPD_MEMORY];

        memset(path, 'a', sizeof(path));
        client_send(fd, "GET /");
        client_send_bytes(fd, path, sizeof(path));
        assert_true(client_read(fd, false, &r));
        assert_int_equal(r.status, 414);
        close(fd);
}

/* ---- what httpd sends -------------------------------------------------- */

static void head_and_304_have_no_body(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);
        struct client_response r;

        client_send(fd, "HEAD /fixed HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_true(client_read(fd, true, &r));
        assert_int_equal(r.status, 200);
        assert_non_null(strstr(r.head, "Content-Length: 5\r\n"));
        ask(fd, "GET /not-modified HTTP/1.1\r\nHost: h\r\n\r\n", 304, "");
        ask(fd, "GET /fixed HTTP/1.1\r\nHost: h\r\n\r\n", 200, "fixed");
        close(fd);
}

/* How many bytes come after the header block until the server closes. */
static size_t read_body(int fd)
{
        static char data[65536];
        size_t len = 0, head = 0;
        ssize_t n;

        while ((n = recv(fd, data, sizeof(data), 0)) > 0) {
                const char *end =
                    head == 0 ? memmem(data, (size_t)n, "\r\n\r\n", 4) : NULL;

                if (end != NULL)
                        head = (size_t)(end - data) + 4;
                len += (size_t)n;
        }
        return len - head;
}

static void file_is_sent_whole_and_closed(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);
        struct client_response r;

        client_send(fd, "HEAD /file HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_true(client_read(fd, true, &r));
        assert_non_null(strstr(r.head, "Content-Length: 3000000\r\n"));
        ask(fd, "GET /file-not-modified HTTP/1.1\r\nHost: h\r\n\r\n", 304, "");
        client_send(fd, "GET /file HTTP/1.1\r\nHost: h\r\n"
                        "Connection: close\r\n\r\n");
        assert_int_equal(read_body(fd), 3000000);
        close(fd);
        while (atomic_load(&f->files) > 0)
                sched_yield();
}

static void file_that_is_too_short_ends_the_connection(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);

        client_send(fd, "GET /short-file HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_true(read_body(fd) <= 3000000);
        close(fd);
        while (atomic_load(&f->files) > 0)
                sched_yield();
}

static void reader_that_leaves_a_file_leaves_nothing_open(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);
        char byte;

        client_send(fd, "GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_int_equal(recv(fd, &byte, 1, 0), 1);
        close(fd);
        while (atomic_load(&f->files) > 0)
                sched_yield();
}

static void pipelined_requests_are_answered_in_order(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);
        struct client_response r;

        client_send(fd, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
                        "GET /later HTTP/1.1\r\nHost: h\r\n\r\n"
                        "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_true(client_read(fd, false, &r));
        assert_string_equal(r.body, "0 /1 0 X=- q=0:");
        assert_true(client_read(fd, false, &r));
        assert_string_equal(r.body, "0 /later 0 X=- q=0:");
        assert_true(client_read(fd, false, &r));
        assert_string_equal(r.body, "0 /3 0 X=- q=0:");
        close(fd);
}

static void no_response_closes_without_a_word(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);

        client_send(fd, "GET /drop HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_true(client_at_end(fd));
        close(fd);
}

/* ---- parked requests --------------------------------------------------- */

static void parked_request_is_asked_again_after_a_wake(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);
        struct client_response r;

        client_send(fd, "GET /gate HTTP/1.1\r\nHost: h\r\n\r\n");
        while (atomic_load(&f->calls) == 0)
                sched_yield();
        atomic_store(&f->open, 1);
        httpd_wake(f->h);
        assert_true(client_read(fd, false, &r));
        assert_int_equal(r.status, 200);
        assert_int_equal(atomic_load(&f->calls), 2);
        close(fd);
}

static void parked_request_that_stays_parked_survives_wakes(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port), i;
        struct client_response r;

        client_send(fd, "GET /gate HTTP/1.1\r\nHost: h\r\n\r\n");
        for (i = 1; i < 50; i++) {
                while (atomic_load(&f->calls) < i)
                        sched_yield();
                httpd_wake(f->h);
        }
        atomic_store(&f->open, 1);
        httpd_wake(f->h);
        assert_true(client_read(fd, false, &r));
        assert_int_equal(r.status, 200);
        close(fd);
}

/* ---- stopping ---------------------------------------------------------- */

static void stop_gives_parked_requests_503_and_closes_idle_ones(void **state)
{
        struct fixture *f = server_new(2, 100);
        int parked = client_connect(f->port), idle = client_connect(f->port);
        struct client_response r;

        (void)state;
        ask(idle, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 200, NULL);
        client_send(parked, "GET /gate HTTP/1.1\r\nHost: h\r\n\r\n");
        while (atomic_load(&f->calls) < 2)
                sched_yield();
        server_free(f);
        assert_true(client_read(parked, false, &r));
        assert_int_equal(r.status, 503);
        assert_true(client_at_end(idle));
        close(parked);
        close(idle);
}

/* ---- many connections -------------------------------------------------- */

/* While one request holds up the only thread, so many others become ready: the
 * thread then finds exactly that batch.  libmicrohttpd's own loop, when it
 * finds 128, waits for the idle timeout with the work in hand; clients here
 * have less patience than that. */
static void batch(unsigned connections)
{
        struct fixture *f = server_new(1, 1000);
        struct timeval patience = {HTTPD_IDLE_S / 2, 0};
        int *fds = calloc(connections, sizeof(*fds));
        int hold = client_connect(f->port);
        struct client_response r;
        unsigned i;

        assert_non_null(fds);
        for (i = 0; i < connections; i++) {
                fds[i] = client_connect(f->port);
                setsockopt(fds[i], SOL_SOCKET, SO_RCVTIMEO, &patience,
                    sizeof(patience));
                ask(fds[i], "GET /fixed HTTP/1.1\r\nHost: h\r\n\r\n", 200,
                    "fixed");
        }
        client_send(hold, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
        while (atomic_load(&f->calls) < (int)connections + 1)
                sched_yield();
        for (i = 0; i < connections; i++)
                client_send(fds[i], "GET /fixed HTTP/1.1\r\nHost: h\r\n\r\n");
        atomic_store(&f->open, 1);
        for (i = 0; i < connections; i++) {
                assert_true(client_read(fds[i], false, &r));
                assert_int_equal(r.status, 200);
                close(fds[i]);
        }
        close(hold);
        free(fds);
        server_free(f);
}

static void no_stall_at_128_ready_connections(void **state)
{
        (void)state;
        batch(127);
        batch(128);
        batch(129);
        batch(256);
}

static void connections_beyond_the_limit_wait_for_their_turn(void **state)
{
        struct fixture *f = server_new(1, 2);
        int a = client_connect(f->port), b = client_connect(f->port), c;
        int64_t start = monotonic_ms();

        (void)state;
        ask(a, "GET /fixed HTTP/1.1\r\nHost: h\r\n\r\n", 200, "fixed");
        ask(b, "GET /fixed HTTP/1.1\r\nHost: h\r\n\r\n", 200, "fixed");
        c = client_connect(f->port);
        client_send(c, "GET /fixed HTTP/1.1\r\nHost: h\r\n\r\n");
        close(a);
        ask(c, "", 200, "fixed");
        /* When a has gone, and not when the idle b is closed. */
        assert_true(monotonic_ms() - start < HTTPD_IDLE_S * 1000 / 2);
        close(b);
        close(c);
        server_free(f);
}

int main(void)
{
#define SERVED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        const struct CMUnitTest tests[] = {
            SERVED(path_reaches_the_handler_undecoded),
            SERVED(absolute_form_loses_scheme_and_authority),
            SERVED(headers_are_found_in_any_case),
            SERVED(query_values_are_decoded_and_bounded),
            SERVED(bodies_arrive_whole),
            SERVED(body_at_the_limit_passes_and_beyond_gets_413),
            SERVED(absurd_length_gets_413_before_the_body),
            SERVED(endless_chunked_body_is_cut_off),
            SERVED(length_beside_transfer_encoding_gets_400),
            SERVED(other_methods_get_405_with_allow),
            SERVED(headers_beyond_the_memory_limit_get_an_error),
            SERVED(head_and_304_have_no_body),
            SERVED(file_is_sent_whole_and_closed),
            SERVED(file_that_is_too_short_ends_the_connection),
            SERVED(reader_that_leaves_a_file_leaves_nothing_open),
            SERVED(pipelined_requests_are_answered_in_order),
            SERVED(no_response_closes_without_a_word),
            SERVED(parked_request_is_asked_again_after_a_wake),
            SERVED(parked_request_that_stays_parked_survives_wakes),
            cmocka_unit_test(
                stop_gives_parked_requests_503_and_closes_idle_ones),
            cmocka_unit_test(no_stall_at_128_ready_connections),
            cmocka_unit_test(connections_beyond_the_limit_wait_for_their_turn),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
