#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <event2/event.h>

#include "httpc/httpc.h"
#include "peer.h"

/* One fetch against one peer. */
struct trial {
        struct peer peer;
        char url[128];
        struct httpc_request request;
        struct httpc_response response;
        struct err err;
        int rc;
};

static void trial_start(struct trial *t, peer_act *act)
{
        memset(t, 0, sizeof(*t));
        peer_start(&t->peer, act);
        snprintf(
            t->url, sizeof(t->url), "http://127.0.0.1:%d/ocsp", t->peer.port);
        t->request.url = t->url;
        t->request.max_body = 1000;
}

static void trial_run(struct trial *t)
{
        t->rc = httpc_fetch(&t->request, &t->response, &t->err);
        peer_stop(&t->peer);
}

static void trial_end(struct trial *t)
{
        httpc_response_release(&t->response);
}

static void assert_failed(
    struct trial *t, enum err_code code, const char *words)
{
        char authority[32];

        assert_int_equal(t->rc, -1);
        assert_int_equal(t->err.code, code);
        if (strstr(t->err.text, words) == NULL)
                fail_msg("'%s' does not say '%s'", t->err.text, words);
        snprintf(authority, sizeof(authority), "127.0.0.1:%d", t->peer.port);
        assert_non_null(strstr(t->err.text, authority));
}

static void assert_body(struct trial *t, const char *text)
{
        if (t->rc != 0)
                fail_msg("%s", t->err.text);
        assert_int_equal(t->response.body.len, strlen(text));
        assert_memory_equal(t->response.body.data, text, strlen(text));
}

/* ---- answers ------------------------------------------------------------ */

static void say_hello(struct peer *p, int fd, int n)
{
        (void)p;
        (void)n;
        peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/x; a=b\r\n"
                     "Retry-After: 7\r\nCache-Control: max-age=9\r\n"
                     "Content-Length: 5\r\n\r\nhello");
}

static void an_answer_comes_with_status_type_and_body(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_hello);
        t.request.accept = "text/x";
        trial_run(&t);
        assert_body(&t, "hello");
        assert_int_equal(t.response.status, 200);
        assert_string_equal(t.response.content_type, "text/x; a=b");
        assert_int_equal(t.response.retry_after, 7);
        assert_int_equal(t.response.max_age, 9);
        assert_memory_equal(t.peer.request, "GET /ocsp HTTP/1.1\r\n", 20);
        assert_non_null(strstr(t.peer.request, "\r\nAccept: text/x\r\n"));
        assert_non_null(strstr(t.peer.request, "\r\nHost: 127.0.0.1:"));
        trial_end(&t);
}

static void a_body_is_posted_as_it_is(void **state)
{
        struct trial t;
        const char *end;

        (void)state;
        trial_start(&t, say_hello);
        t.request.body = (struct span){(const uint8_t *)"a\nb", 3};
        t.request.content_type = "application/ocsp-request";
        trial_run(&t);
        assert_body(&t, "hello");
        assert_memory_equal(t.peer.request, "POST /ocsp HTTP/1.1\r\n", 21);
        assert_non_null(strstr(
            t.peer.request, "\r\nContent-Type: application/ocsp-request\r\n"));
        end = strstr(t.peer.request, "\r\n\r\n");
        assert_string_equal(end, "\r\n\r\na\nb");
        trial_end(&t);
}

static void say_busy(struct peer *p, int fd, int n)
{
        (void)p;
        (void)n;
        peer_say(fd, "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno");
}

static void an_http_error_status_is_an_answer(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_busy);
        trial_run(&t);
        assert_body(&t, "no");
        assert_int_equal(t.response.status, 503);
        assert_int_equal(t.response.retry_after, -1);
        trial_end(&t);
}

static void say_until_close(struct peer *p, int fd, int n)
{
        (void)p;
        (void)n;
        peer_say(fd, "HTTP/1.0 200 OK\r\n\r\nold style");
}

static void a_body_may_end_with_the_connection(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_until_close);
        trial_run(&t);
        assert_body(&t, "old style");
        trial_end(&t);
}

static void say_chunks(struct peer *p, int fd, int n)
{
        (void)p;
        (void)n;
        peer_say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
}

static void a_chunked_body_is_put_together(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_chunks);
        trial_run(&t);
        assert_body(&t, "abcde");
        trial_end(&t);
}

static void localhost_falls_back_to_the_address_that_listens(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_hello);
        snprintf(t.url, sizeof(t.url), "http://x.localhost:%d", t.peer.port);
        trial_run(&t);
        assert_body(&t, "hello");
        assert_memory_equal(t.peer.request, "GET / HTTP/1.1\r\n", 16);
        trial_end(&t);
}

/* ---- redirects ---------------------------------------------------------- */

static void say_moved_once(struct peer *p, int fd, int n)
{
        if (n == 0)
                peer_say(fd, "HTTP/1.1 302 Found\r\nLocation: /new\r\n"
                             "Content-Length: 0\r\n\r\n");
        else
                say_hello(p, fd, n);
}

static void a_redirect_is_followed(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_moved_once);
        t.request.body = (struct span){(const uint8_t *)"q", 1};
        trial_run(&t);
        assert_body(&t, "hello");
        assert_memory_equal(t.peer.request, "POST /new ", 10);
        trial_end(&t);
}

static void a_redirect_is_an_answer_if_asked_so(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_moved_once);
        t.request.no_redirects = true;
        trial_run(&t);
        assert_int_equal(t.rc, 0);
        assert_int_equal(t.response.status, 302);
        trial_end(&t);
}

static void say_see_other_once(struct peer *p, int fd, int n)
{
        if (n == 0)
                peer_say(fd, "HTTP/1.1 303 See\r\nLocation: new\r\n"
                             "Content-Length: 0\r\n\r\n");
        else
                say_hello(p, fd, n);
}

static void see_other_turns_a_post_into_a_get(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_see_other_once);
        t.request.body = (struct span){(const uint8_t *)"q", 1};
        trial_run(&t);
        assert_body(&t, "hello");
        assert_memory_equal(t.peer.request, "GET /new ", 9);
        trial_end(&t);
}

static void say_moved(struct peer *p, int fd, int n)
{
        (void)p;
        (void)n;
        peer_say(fd, "HTTP/1.1 301 Moved\r\nLocation: /again\r\n"
                     "Content-Length: 0\r\n\r\n");
}

static void a_redirect_loop_ends(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_moved);
        trial_run(&t);
        assert_failed(&t, ERR_DATA, "more than 3 redirects");
        assert_int_equal(t.peer.connections, HTTPC_REDIRECTS_MAX + 1);
        trial_end(&t);
}

static void say_moved_to_file(struct peer *p, int fd, int n)
{
        (void)p;
        (void)n;
        peer_say(fd, "HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\n"
                     "Content-Length: 0\r\n\r\n");
}

static void a_redirect_out_of_http_is_refused(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_moved_to_file);
        trial_run(&t);
        assert_failed(&t, ERR_DATA, "file:///etc/passwd");
        trial_end(&t);
}

/* ---- bad peers ---------------------------------------------------------- */

static void a_refused_connection_is_worth_another_try(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_hello);
        peer_stop(&t.peer);
        t.rc = httpc_fetch(&t.request, &t.response, &t.err);
        assert_failed(&t, ERR_TRYLATER, "cannot connect");
        trial_end(&t);
}

static void say_nothing(struct peer *p, int fd, int n)
{
        (void)n;
        peer_wait(p, fd);
}

static void a_silent_peer_runs_into_the_deadline(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_nothing);
        t.request.timeout_ms = 50;
        trial_run(&t);
        assert_failed(&t, ERR_TRYLATER, "within 50 ms");
        trial_end(&t);
}

/* Each piece comes in time; all of them together do not. */
static void say_slowly(struct peer *p, int fd, int n)
{
        (void)n;
        peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n");
        peer_drip(p, fd);
}

static void the_deadline_covers_the_body(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_slowly);
        t.request.timeout_ms = 50;
        trial_run(&t);
        assert_failed(&t, ERR_TRYLATER, "within 50 ms");
        trial_end(&t);
}

static void say_without_end(struct peer *p, int fd, int n)
{
        int i;

        (void)p;
        (void)n;
        peer_say(fd, "HTTP/1.1 200 OK\r\n\r\n");
        for (i = 0; i < 10000; i++)
                peer_say(fd, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

static void an_endless_body_is_cut_off(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_without_end);
        trial_run(&t);
        assert_failed(&t, ERR_DATA, "limit of 1000 bytes");
        trial_end(&t);
}

static void say_huge_length(struct peer *p, int fd, int n)
{
        (void)n;
        peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n");
        peer_wait(p, fd);
}

static void a_length_over_the_limit_is_refused_at_once(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_huge_length);
        trial_run(&t);
        assert_failed(&t, ERR_DATA, "limit of 1000 bytes");
        trial_end(&t);
}

static void say_many_headers(struct peer *p, int fd, int n)
{
        int i;

        (void)n;
        peer_say(fd, "HTTP/1.1 200 OK\r\n");
        for (i = 0; i < 2000; i++)
                peer_say(fd, "X-Filler: aaaaaaaaaaaaaaaaaaaaaaa\r\n");
        peer_wait(p, fd);
}

static void endless_headers_are_cut_off(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_many_headers);
        trial_run(&t);
        assert_int_equal(t.rc, -1);
        assert_int_equal(t.err.code, ERR_DATA);
        trial_end(&t);
}

static void say_garbage(struct peer *p, int fd, int n)
{
        (void)p;
        (void)n;
        peer_say(fd, "\x16\x03\x01 what?\r\n\r\n");
}

static void what_is_not_http_is_wrong_data(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, say_garbage);
        trial_run(&t);
        assert_failed(&t, ERR_DATA, "not HTTP");
        trial_end(&t);
}

static void close_at_once(struct peer *p, int fd, int n)
{
        (void)p;
        (void)fd;
        (void)n;
}

static void an_early_close_is_worth_another_try(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, close_at_once);
        trial_run(&t);
        assert_failed(&t, ERR_TRYLATER, "closed before");
        trial_end(&t);
}

static void reset_in_the_body(struct peer *p, int fd, int n)
{
        (void)p;
        (void)n;
        peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        peer_reset(fd);
}

static void half_a_body_is_no_answer(void **state)
{
        struct trial t;

        (void)state;
        trial_start(&t, reset_in_the_body);
        trial_run(&t);
        assert_failed(&t, ERR_TRYLATER, "closed before");
        trial_end(&t);
}

static void https_is_not_fetched(void **state)
{
        struct httpc_request q = {.url = "https://localhost:1/", .max_body = 1};
        struct httpc_response r;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(httpc_fetch(&q, &r, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
}

/* ---- in a loop ---------------------------------------------------------- */

static void count(
    void *arg, struct httpc_response *response, const struct err *e)
{
        int *n = arg;

        (void)response;
        (void)e;
        ++*n;
}

static void done_is_called_once_and_later(void **state)
{
        struct event_base *base = event_base_new();
        struct httpc_call *call;
        struct trial t;
        int calls = 0;

        (void)state;
        trial_start(&t, say_hello);
        peer_stop(&t.peer);
        assert_int_equal(
            httpc_start(base, &t.request, count, &calls, &call, &t.err), 0);
        assert_int_equal(calls, 0);
        event_base_dispatch(base);
        assert_int_equal(calls, 1);
        event_base_free(base);
}

static void a_cancelled_call_is_silent(void **state)
{
        struct event_base *base = event_base_new();
        struct httpc_call *call;
        struct trial t;
        int calls = 0;

        (void)state;
        trial_start(&t, say_nothing);
        assert_int_equal(
            httpc_start(base, &t.request, count, &calls, &call, &t.err), 0);
        event_base_loop(base, EVLOOP_NONBLOCK);
        httpc_cancel(call);
        event_base_dispatch(base);
        assert_int_equal(calls, 0);
        event_base_free(base);
        peer_stop(&t.peer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(an_answer_comes_with_status_type_and_body),
            cmocka_unit_test(a_body_is_posted_as_it_is),
            cmocka_unit_test(an_http_error_status_is_an_answer),
            cmocka_unit_test(a_body_may_end_with_the_connection),
            cmocka_unit_test(a_chunked_body_is_put_together),
            cmocka_unit_test(localhost_falls_back_to_the_address_that_listens),
            cmocka_unit_test(a_redirect_is_followed),
            cmocka_unit_test(a_redirect_is_an_answer_if_asked_so),
            cmocka_unit_test(see_other_turns_a_post_into_a_get),
            cmocka_unit_test(a_redirect_loop_ends),
            cmocka_unit_test(a_redirect_out_of_http_is_refused),
            cmocka_unit_test(a_refused_connection_is_worth_another_try),
            cmocka_unit_test(a_silent_peer_runs_into_the_deadline),
            cmocka_unit_test(the_deadline_covers_the_body),
            cmocka_unit_test(an_endless_body_is_cut_off),
            cmocka_unit_test(a_length_over_the_limit_is_refused_at_once),
            cmocka_unit_test(endless_headers_are_cut_off),
            cmocka_unit_test(what_is_not_http_is_wrong_data),
            cmocka_unit_test(an_early_close_is_worth_another_try),
            cmocka_unit_test(half_a_body_is_no_answer),
            cmocka_unit_test(https_is_not_fetched),
            cmocka_unit_test(done_is_called_once_and_later),
            cmocka_unit_test(a_cancelled_call_is_silent),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
