/* Handshakes that get something else on purpose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tls_world.h"

/* ---- faults that tell what is done to them ------------------------------- */

/* They outlive the test: offers let go of them in its teardown. */

struct probe {
        int left, refs, taken;
};

static bool holds(void *arg)
{
        return ((struct probe *)arg)->left > 0;
}

static bool take(void *arg, const char *name)
{
        struct probe *p = arg;

        assert_string_equal(name, "a");
        if (p->left == 0)
                return false;
        p->left--;
        p->taken++;
        return true;
}

static void ref(void *arg)
{
        ((struct probe *)arg)->refs++;
}

static void unref(void *arg)
{
        ((struct probe *)arg)->refs--;
}

static const struct tls_fault_class class = {holds, take, ref, unref};

static struct tls_fault fault(
    struct probe *p, enum tls_answer answer, const char *text)
{
        return (struct tls_fault){.is = &class,
            .arg = p,
            .answer = answer,
            .der = {(const uint8_t *)text, strlen(text)}};
}

/* Over what "a" has: within as said. */
static void publish(
    enum tls_answer within, const struct tls_fault *faults, unsigned len)
{
        struct tls_offer o = {.der = {(const uint8_t *)"a", 1},
            .from = 100,
            .until = 200,
            .within = within,
            .outside = within,
            .about = {(const uint8_t *)"a", 1},
            .faults_len = len};
        struct err e = ERR_INIT;

        if (len > 0)
                memcpy(o.faults, faults, len * sizeof(*faults));
        assert_int_equal(tls_site_offer(w.a, &o, &e), 0);
}

static void gets(const char *staple)
{
        struct pair p;

        pair_open(&p, "a", true);
        assert_true(shake(&p));
        assert_staple(&p, staple);
        pair_close(&p);
}

/* ---- tests --------------------------------------------------------------- */

static void those_that_take_it_get_it_and_then_it_is_as_before(void **state)
{
        static struct probe p = {.left = 2};
        struct tls_fault f = fault(&p, TLS_STAPLE, "wrong");

        (void)state;
        publish(TLS_STAPLE, &f, 1);
        gets("wrong");
        gets("wrong");
        gets("a");
        assert_int_equal(tls_site_counts(w.a).spoilt, 2);
        assert_int_equal(tls_site_counts(w.a).stapled, 3);
        assert_gets("b", "b");
        publish(TLS_STAPLE, NULL, 0);
        commit();
        assert_int_equal(p.refs, 0);
}

static void the_first_one_that_takes_it_holds(void **state)
{
        static struct probe p = {.left = 1}, q = {.left = 1}, r = {.left = 9};
        const struct tls_fault list[] = {fault(&p, TLS_STAPLE, "p"),
            fault(&q, TLS_BARE, ""), fault(&r, TLS_STAPLE, "r")};

        (void)state;
        publish(TLS_STAPLE, list, 3);
        gets("p");
        gets(NULL);
        gets("r");
        assert_int_equal(r.taken, 1);
}

static void one_that_leaves_it_as_it_is_keeps_others_away(void **state)
{
        static struct probe p = {.left = 1}, q = {.left = 9};
        struct tls_fault list[] = {
            fault(&p, TLS_STAPLE, "p"), fault(&q, TLS_STAPLE, "q")};

        (void)state;
        list[0].as_it_is = true;
        publish(TLS_STAPLE, list, 2);
        gets("a");
        gets("q");
        assert_int_equal(tls_site_counts(w.a).spoilt, 1);
}

static void who_does_not_ask_is_not_counted(void **state)
{
        static struct probe p = {.left = 1};
        struct tls_fault f = fault(&p, TLS_STAPLE, "wrong");
        struct pair pair;

        (void)state;
        publish(TLS_REFUSE, &f, 1);
        pair_open(&pair, "a", false);
        assert_true(shake(&pair)); /* nor refused */
        pair_close(&pair);
        assert_int_equal(p.left, 1);
        gets("wrong");
        pair_open(&pair, "a", true);
        assert_false(shake(&pair));
        pair_close(&pair);
}

static void a_fault_that_cannot_be_had_refuses(void **state)
{
        static struct probe p = {.left = 1};
        struct tls_fault f = fault(&p, TLS_REFUSE, "");
        struct pair pair;

        (void)state;
        publish(TLS_STAPLE, &f, 1);
        pair_open(&pair, "a", true);
        assert_false(shake(&pair));
        pair_close(&pair);
        assert_int_equal(tls_site_counts(w.a).refused, 1);
        assert_int_equal(p.left, 1);
}

static void who_asks_waits_for_what_is_held(void **state)
{
        static struct probe p = {.left = 1};
        struct tls_fault f = fault(&p, TLS_STAPLE, "");
        struct pair pair, silent;

        (void)state;
        f.held = true;
        publish(TLS_STAPLE, &f, 1);
        pair_open(&pair, "a", true);
        SSL_do_handshake(pair.client);
        assert_int_equal(answer(&pair), TLS_HELD);
        assert_int_equal(answer(&pair), TLS_HELD);
        /* Others do not. */
        assert_gets("b", "b");
        pair_open(&silent, "a", false);
        assert_true(shake(&silent));
        pair_close(&silent);
        f = fault(&p, TLS_STAPLE, "wrong");
        publish(TLS_STAPLE, &f, 1);
        assert_int_equal(answer(&pair), TLS_WAIT);
        assert_true(shake(&pair));
        assert_staple(&pair, "wrong");
        pair_close(&pair);
}

/* CertificateStatus without a byte: OpenSSL's client ends there (RFC 6066
 * section 8 has no such thing), so the message is looked at as it comes. */
static size_t status_len;

static void watch(int write_p, int version, int type, const void *data,
    size_t len, SSL *ssl, void *arg)
{
        const uint8_t *message = data;

        (void)version;
        (void)ssl;
        (void)arg;
        if (!write_p && type == SSL3_RT_HANDSHAKE && len >= 8 &&
            message[0] == SSL3_MT_CERTIFICATE_STATUS)
                status_len =
                    (size_t)message[5] << 16 | message[6] << 8 | message[7];
}

static void an_empty_one_is_sent_as_such(void **state)
{
        static struct probe p = {.left = 1};
        struct tls_fault f = fault(&p, TLS_STAPLE, "");
        struct pair pair;

        (void)state;
        publish(TLS_STAPLE, &f, 1);
        pair_open(&pair, "a", true);
        SSL_set_max_proto_version(pair.client, TLS1_2_VERSION);
        SSL_set_msg_callback(pair.client, watch);
        status_len = 999;
        shake(&pair);
        assert_int_equal(status_len, 0);
        assert_int_equal(p.taken, 1);
        pair_close(&pair);
}

static bool has_news;

static bool news(void *arg)
{
        (void)arg;
        return has_news;
}

static int64_t now(void *arg)
{
        (void)arg;
        return 150;
}

static void news_is_waited_for_once(void **state)
{
        struct tls_spec spec = {.now = now, .news = news};
        static struct probe p = {.left = 1};
        struct tls_fault f = fault(&p, TLS_STAPLE, "wrong");
        struct err e = ERR_INIT;
        struct pair pair;

        world_end(state);
        w = (struct world){.now = 150};
        assert_int_equal(tls_new(&spec, &w.tls, &e), 0);
        w.reader = tls_reader_new(w.tls);
        w.a = add_site("a", NULL);
        commit();
        has_news = true;
        pair_open(&pair, "a", true);
        SSL_do_handshake(pair.client);
        assert_int_equal(answer(&pair), TLS_MISSING);
        publish(TLS_STAPLE, &f, 1);
        assert_int_equal(answer(&pair), TLS_WAIT); /* other news */
        assert_true(shake(&pair));
        assert_staple(&pair, "wrong");
        pair_close(&pair);
        has_news = false;
        gets("a");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_start, world_end)
        const struct CMUnitTest tests[] = {
            TEST(those_that_take_it_get_it_and_then_it_is_as_before),
            TEST(the_first_one_that_takes_it_holds),
            TEST(one_that_leaves_it_as_it_is_keeps_others_away),
            TEST(who_does_not_ask_is_not_counted),
            TEST(a_fault_that_cannot_be_had_refuses),
            TEST(who_asks_waits_for_what_is_held),
            TEST(an_empty_one_is_sent_as_such),
            TEST(news_is_waited_for_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
