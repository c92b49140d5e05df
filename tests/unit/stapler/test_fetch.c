#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <event2/event.h>

#include "peer.h"
#include "pki/pki.h"
#include "stapler/fetch/fetch.h"

/* A certificate that is its own issuer, which is enough for a certID. */
static X509 *leaf;

/* One fetch over up to two peers, and what came of it. */
struct trial {
        char urls[2][600];
        const char *list[2];
        struct fetch_request q;
        char judged[64];
        int64_t max_age;
        bool reject; /* what judge says */
        int done;
        struct fetch_result result;
};

static int judge(void *arg, const struct fetch_answer *a, struct err *why)
{
        struct trial *t = arg;

        snprintf(t->judged, sizeof(t->judged), "%.*s", (int)a->der.len,
            (const char *)a->der.data);
        t->max_age = a->max_age;
        return t->reject ? err_set(why, ERR_DATA, "not liked") : 0;
}

static void done(void *arg, const struct fetch_result *result)
{
        struct trial *t = arg;

        t->done++;
        t->result = *result;
}

static void trial_init(struct trial *t, const struct peer *one,
    const struct peer *two, const char *path)
{
        const struct peer *peers[2] = {one, two};
        size_t i;

        memset(t, 0, sizeof(*t));
        t->q = (struct fetch_request){.leaf = leaf,
            .issuer = leaf,
            .hash = OCSP_SHA1,
            .urls = t->list,
            .judge = judge,
            .done = done,
            .arg = t};
        for (i = 0; i < 2 && peers[i] != NULL; i++) {
                snprintf(t->urls[i], sizeof(t->urls[i]),
                    "http://127.0.0.1:%d%s", peers[i]->port, path);
                t->list[i] = t->urls[i];
                t->q.urls_len++;
        }
}

static void trial_run(struct trial *t)
{
        struct event_base *base = event_base_new();
        struct fetch *fetch;
        struct err e = ERR_INIT;

        assert_int_equal(fetch_start(base, &t->q, &fetch, &e), 0);
        assert_int_equal(t->done, 0);
        event_base_dispatch(base);
        assert_int_equal(t->done, 1);
        event_base_free(base);
}

/* ---- peers -------------------------------------------------------------- */

static void say_yes(struct peer *p, int fd, int n)
{
        (void)p;
        (void)n;
        peer_say(fd, "HTTP/1.1 200 OK\r\nCache-Control: public, max-age=60\r\n"
                     "Age: 10\r\nContent-Length: 3\r\n\r\nyes");
}

static void say_busy(struct peer *p, int fd, int n)
{
        (void)p;
        (void)n;
        peer_say(fd, "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n"
                     "Content-Length: 2\r\n\r\nno");
}

static void say_nothing(struct peer *p, int fd, int n)
{
        (void)n;
        peer_wait(p, fd);
}

/* ---- tests -------------------------------------------------------------- */

static void a_short_url_is_asked_by_get(void **state)
{
        static const char *const paths[] = {"", "/", "/ocsp", "/ocsp//"};
        static const char *const begins[] = {
            "GET /M", "GET /M", "GET /ocsp/M", "GET /ocsp/M"};
        struct peer p;
        struct trial t;
        size_t i;

        (void)state;
        for (i = 0; i < 4; i++) {
                peer_start(&p, say_yes);
                trial_init(&t, &p, NULL, paths[i]);
                trial_run(&t);
                peer_stop(&p);
                assert_true(t.result.ok);
                assert_string_equal(t.judged, "yes");
                assert_int_equal(t.max_age, 50);
                assert_memory_equal(p.request, begins[i], strlen(begins[i]));
        }
}

static void a_long_url_is_asked_by_post(void **state)
{
        struct peer p;
        struct trial t;
        char path[300] = "/";

        (void)state;
        memset(path + 1, 'a', 200);
        peer_start(&p, say_yes);
        trial_init(&t, &p, NULL, path);
        trial_run(&t);
        peer_stop(&p);
        assert_true(t.result.ok);
        assert_memory_equal(p.request, "POST /aaa", 9);
        assert_non_null(strstr(
            p.request, "\r\nContent-Type: application/ocsp-request\r\n"));
}

static void a_failing_url_is_passed_over(void **state)
{
        struct peer one, two;
        struct trial t;

        (void)state;
        peer_start(&one, say_busy);
        peer_start(&two, say_yes);
        trial_init(&t, &one, &two, "");
        trial_run(&t);
        peer_stop(&one);
        peer_stop(&two);
        assert_true(t.result.ok);
        assert_int_equal(t.result.url, 1);
}

static void a_silent_url_leaves_time_for_the_next(void **state)
{
        struct peer one, two;
        struct trial t;

        (void)state;
        peer_start(&one, say_nothing);
        peer_start(&two, say_yes);
        trial_init(&t, &one, &two, "");
        t.q.timeout_ms = 400;
        trial_run(&t);
        peer_stop(&one);
        peer_stop(&two);
        assert_true(t.result.ok);
        assert_int_equal(t.result.url, 1);
}

static void the_url_that_worked_is_asked_first(void **state)
{
        struct peer one, two;
        struct trial t;

        (void)state;
        peer_start(&one, say_yes);
        peer_start(&two, say_yes);
        trial_init(&t, &one, &two, "");
        t.q.first = 1;
        trial_run(&t);
        peer_stop(&one);
        peer_stop(&two);
        assert_int_equal(one.connections, 0);
        assert_int_equal(two.connections, 1);
        assert_int_equal(t.result.url, 1);
}

static void a_failure_says_where_why_and_when_again(void **state)
{
        struct peer p;
        struct trial t;

        (void)state;
        peer_start(&p, say_busy);
        trial_init(&t, &p, NULL, "");
        trial_run(&t);
        peer_stop(&p);
        assert_false(t.result.ok);
        assert_int_equal(t.result.err.code, ERR_TRYLATER);
        assert_non_null(strstr(t.result.err.text, t.urls[0]));
        assert_non_null(strstr(t.result.err.text, "HTTP status 503"));
        assert_int_equal(t.result.retry_after, 7);
}

static void an_answer_that_is_not_liked_is_no_answer(void **state)
{
        struct peer p;
        struct trial t;

        (void)state;
        peer_start(&p, say_yes);
        trial_init(&t, &p, NULL, "");
        t.reject = true;
        trial_run(&t);
        peer_stop(&p);
        assert_false(t.result.ok);
        assert_int_equal(t.result.err.code, ERR_DATA);
        assert_non_null(strstr(t.result.err.text, "not liked"));
        assert_int_equal(t.result.retry_after, -1);
}

static void without_an_http_url_nothing_starts(void **state)
{
        struct event_base *base = event_base_new();
        struct trial t;
        struct fetch *fetch;
        struct err e = ERR_INIT;

        (void)state;
        trial_init(&t, NULL, NULL, "");
        assert_int_equal(fetch_start(base, &t.q, &fetch, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        t.list[0] = "ldap://host/";
        t.q.urls_len = 1;
        assert_int_equal(fetch_start(base, &t.q, &fetch, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        event_base_free(base);
}

static void a_cancelled_fetch_is_silent(void **state)
{
        struct event_base *base = event_base_new();
        struct peer p;
        struct trial t;
        struct fetch *fetch;
        struct err e = ERR_INIT;

        (void)state;
        peer_start(&p, say_nothing);
        trial_init(&t, &p, NULL, "");
        assert_int_equal(fetch_start(base, &t.q, &fetch, &e), 0);
        event_base_loop(base, EVLOOP_NONBLOCK);
        fetch_cancel(fetch);
        event_base_dispatch(base);
        assert_int_equal(t.done, 0);
        event_base_free(base);
        peer_stop(&p);
}

static int make_leaf(void **state)
{
        struct pki_cert_spec spec = {.profile = PKI_ROOT,
            .common_name = "x",
            .not_after = INT64_C(1) << 32,
            .path_len = -1};
        EVP_PKEY *key = NULL;
        struct err e = ERR_INIT;
        int rc;

        (void)state;
        if (pki_key_new(PKI_P256, &key, &e) != 0 ||
            pki_serial_new(&spec.serial, &e) != 0)
                return -1;
        spec.subject_key = spec.issuer_key = key;
        rc = pki_cert_make(&spec, &leaf, &e);
        EVP_PKEY_free(key);
        return rc;
}

static int free_leaf(void **state)
{
        (void)state;
        X509_free(leaf);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_short_url_is_asked_by_get),
            cmocka_unit_test(a_long_url_is_asked_by_post),
            cmocka_unit_test(a_failing_url_is_passed_over),
            cmocka_unit_test(a_silent_url_leaves_time_for_the_next),
            cmocka_unit_test(the_url_that_worked_is_asked_first),
            cmocka_unit_test(a_failure_says_where_why_and_when_again),
            cmocka_unit_test(an_answer_that_is_not_liked_is_no_answer),
            cmocka_unit_test(without_an_http_url_nothing_starts),
            cmocka_unit_test(a_cancelled_fetch_is_silent),
        };

        return cmocka_run_group_tests(tests, make_leaf, free_leaf);
}
