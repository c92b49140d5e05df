#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "server.h"

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
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
