#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/base.h"
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

/* ---- resets ------------------------------------------------------------ */

/* Reads to the end; how many bytes of body there were before the reset, or -1
 * if it was none. */
static long read_until_reset(int fd)
{
        struct client_response r;
        char bytes[65536];
        long body = 0;
        ssize_t n;

        assert_true(client_read(fd, true, &r));
        assert_int_equal(r.status, 200);
        while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
                body += n;
        return n < 0 && errno == ECONNRESET ? body : -1;
}

static void reset_comes_after_the_body_that_there_is(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port), beside = client_connect(f->port);
        struct client_response r;

        ask(beside, "GET /fixed HTTP/1.1\r\nHost: h\r\n\r\n", 200, "fixed");
        client_send(fd, "GET /reset HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_int_equal(read_until_reset(fd), 3);
        ask(beside, "GET /fixed HTTP/1.1\r\nHost: h\r\n\r\n", 200, "fixed");
        close(beside);
        close(fd);
        /* HEAD has no body to be short of. */
        fd = client_connect(f->port);
        client_send(fd, "HEAD /reset HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_true(client_read(fd, true, &r));
        ask(fd, "GET /fixed HTTP/1.1\r\nHost: h\r\n\r\n", 200, "fixed");
        close(fd);
}

/* More than fits into the sockets: the reset must not overtake it. */
static void reset_waits_for_who_reads_slowly(void **state)
{
        struct fixture *f = *state;
        int fd = client_connect(f->port);

        client_send(fd, "GET /big-reset HTTP/1.1\r\nHost: h\r\n\r\n");
        while (atomic_load(&f->calls) == 0)
                sched_yield();
        assert_int_equal(read_until_reset(fd), RESET_BIG);
        close(fd);
}

/* Who never reads keeps no one: the server stops all the same. */
static void reset_of_who_never_reads_does_not_keep_the_server(void **state)
{
        struct fixture *f = server_new(1, 10);
        int fd = client_connect(f->port);

        (void)state;
        client_send(fd, "GET /big-reset HTTP/1.1\r\nHost: h\r\n\r\n");
        while (atomic_load(&f->calls) == 0)
                sched_yield();
        server_free(f);
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

/* ---- requests without an end ------------------------------------------- */

enum { SHORT_MS = 50 };

/* An octet a millisecond, until the server has closed or the text is at its
 * end; how many it took. */
static size_t drip(int fd, const char *text)
{
        struct pollfd p = {.fd = fd, .events = POLLIN | POLLRDHUP};
        size_t sent = 0;

        while (text[sent] != '\0') {
                client_send_bytes(fd, text + sent, 1);
                sent++;
                if (poll(&p, 1, 1) > 0)
                        break;
        }
        return sent;
}

static const char *endless(const char *begin)
{
        static char text[8000];

        memset(text, 'a', sizeof(text) - 1);
        memcpy(text, begin, strlen(begin));
        return text;
}

static void request_without_an_end_is_cut_off(void **state)
{
        static const char *const begins[] = {"GET /", "GET / HTTP/1.1\r\nX: ",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999\r\n\r\n"};
        struct fixture *f = server_with(1, 100, SHORT_MS);
        struct client_response r;
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
                const char *text = endless(begins[i]);
                int fd = client_connect(f->port);

                assert_in_range(drip(fd, text), 1, strlen(text) - 1);
                assert_false(client_read(fd, false, &r));
                close(fd);
        }
        assert_int_equal(atomic_load(&f->calls), 0);
        server_free(f);
}

static void a_whole_request_may_wait_longer_than_one_that_is_not(void **state)
{
        struct fixture *f = server_with(1, 100, SHORT_MS);
        int waits = client_connect(f->port), drips = client_connect(f->port);
        struct client_response r;

        (void)state;
        client_send(waits, "GET /gate HTTP/1.1\r\nHost: h\r\n\r\n");
        while (atomic_load(&f->calls) == 0)
                sched_yield();
        drip(drips, endless("GET /"));
        assert_true(client_at_end(drips));
        atomic_store(&f->open, 1);
        httpd_wake(f->h);
        assert_true(client_read(waits, false, &r));
        assert_int_equal(r.status, 200);
        close(waits);
        close(drips);
        server_free(f);
}

/* As often as the machine lets it, and in all longer than the limit: unless
 * the machine took one of the pauses for itself, which proves nothing. */
static void each_request_of_a_connection_has_its_own_time(void **state)
{
        struct fixture *f = server_with(1, 100, 4 * (int64_t)SHORT_MS);
        int fd = client_connect(f->port);
        int64_t first = monotonic_ms(), last = first, longest = 0, now = first;
        struct client_response r;
        bool kept = true;

        (void)state;
        while (kept && now - first < 6 * (int64_t)SHORT_MS) {
                client_send(fd, "GET /fixed HTTP/1.1\r\nHost: h\r\n\r\n");
                kept = client_read(fd, false, &r);
                now = monotonic_ms();
                longest = now - last > longest ? now - last : longest;
                last = now;
        }
        assert_true(kept || longest > 3 * SHORT_MS);
        close(fd);
        server_free(f);
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
            SERVED(reset_comes_after_the_body_that_there_is),
            SERVED(reset_waits_for_who_reads_slowly),
            cmocka_unit_test(reset_of_who_never_reads_does_not_keep_the_server),
            SERVED(parked_request_is_asked_again_after_a_wake),
            SERVED(parked_request_that_stays_parked_survives_wakes),
            cmocka_unit_test(request_without_an_end_is_cut_off),
            cmocka_unit_test(
                a_whole_request_may_wait_longer_than_one_that_is_not),
            cmocka_unit_test(each_request_of_a_connection_has_its_own_time),
            cmocka_unit_test(
                stop_gives_parked_requests_503_and_closes_idle_ones),
            cmocka_unit_test(no_stall_at_128_ready_connections),
            cmocka_unit_test(connections_beyond_the_limit_wait_for_their_turn),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
