/* What the wire brought, against a server in a thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stapler/check/handshake.h"
#include "tls_server.h"

static struct actor ca, leaf;
static const uint8_t garbage[] = "these are no OCSP bytes";
static const enum handshake_version versions[] = {
    HANDSHAKE_TLS12, HANDSHAKE_TLS13};

static int setup(void **state)
{
        struct casting c = {.cn = "ca", .ca = true};

        (void)state;
        signal(SIGPIPE, SIG_IGN);
        ca = actor_make(&c);
        c = (struct casting){.cn = "leaf", .issuer = &ca};
        leaf = actor_make(&c);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        actor_free(&ca);
        actor_free(&leaf);
        return 0;
}

/* Sees all that there is to judge, and says what the test wants. */
static bool judgement(void *arg, const struct handshake *h)
{
        struct tls_server *s = arg;

        assert_true(h->certs_len > 0);
        assert_int_equal(h->certs[0].stapled, s->staples);
        assert_true(h->version[0] != '\0');
        return !s->displeases;
}

static int shake_as(struct tls_server *s, const char *servername,
    enum handshake_version version, struct handshake *h, struct err *e)
{
        struct handshake_request q = {.host = "www.localhost",
            .servername = servername,
            .version = version};
        int rc;

        s->leaf = &leaf;
        tls_server_start(s);
        q.port = s->port;
        if (s->manner == SILENCE || s->manner == FLOOD)
                q.timeout_ms = 50;
        q.accept = s->manner == SERVE ? judgement : NULL;
        q.arg = s;
        rc = handshake_run(&q, h, e);
        tls_server_stop(s);
        return rc;
}

static int shake(struct tls_server *s, enum handshake_version version,
    struct handshake *h, struct err *e)
{
        return shake_as(s, "www.localhost", version, h, e);
}

static void test_a_staple_comes_byte_for_byte(void **state)
{
        size_t i;

        (void)state;
        for (i = 0; i < 2; i++) {
                struct tls_server s = {
                    .staples = true, .staple = {garbage, sizeof(garbage)}};
                struct handshake h;
                struct err e = ERR_INIT;

                assert_int_equal(shake(&s, versions[i], &h, &e), 0);
                assert_true(h.certs[0].stapled);
                assert_int_equal(h.certs[0].staple.len, sizeof(garbage));
                assert_memory_equal(
                    h.certs[0].staple.data, garbage, sizeof(garbage));
                assert_string_equal(h.version, i == 0 ? "TLSv1.2" : "TLSv1.3");
                handshake_release(&h);
        }
}

/* OpenSSL breaks the handshake off, before any callback of its own. */
static void test_an_empty_staple_is_seen(void **state)
{
        size_t i;

        (void)state;
        for (i = 0; i < 2; i++) {
                struct tls_server s = {.staples = true};
                struct handshake h;
                struct err e = ERR_INIT;

                assert_int_equal(shake(&s, versions[i], &h, &e), 0);
                assert_true(h.certs[0].stapled);
                assert_int_equal(h.certs[0].staple.len, 0);
                handshake_release(&h);
        }
}

static void test_no_staple_is_not_an_empty_one(void **state)
{
        size_t i;

        (void)state;
        for (i = 0; i < 2; i++) {
                struct tls_server s = {.staples = false};
                struct handshake h;
                struct err e = ERR_INIT;

                assert_int_equal(shake(&s, versions[i], &h, &e), 0);
                assert_true(s.asked);
                assert_false(h.certs[0].stapled);
                handshake_release(&h);
        }
}

static void test_the_chain_is_kept_as_sent(void **state)
{
        size_t i;

        (void)state;
        for (i = 0; i < 2; i++) {
                struct tls_server s = {.extra = &ca};
                struct handshake h;
                struct err e = ERR_INIT;

                assert_int_equal(shake(&s, versions[i], &h, &e), 0);
                assert_int_equal(h.certs_len, 2);
                assert_int_equal(X509_cmp(h.certs[0].cert, leaf.cert), 0);
                assert_int_equal(X509_cmp(h.certs[1].cert, ca.cert), 0);
                handshake_release(&h);
        }
}

static void test_a_name_is_sent_and_an_address_is_not(void **state)
{
        struct tls_server s = {.manner = SERVE};
        struct tls_server t = {.manner = SERVE};
        struct handshake h;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(
            shake_as(&s, "other.example", HANDSHAKE_ANY, &h, &e), 0);
        assert_string_equal(s.servername, "other.example");
        handshake_release(&h);
        assert_int_equal(shake_as(&t, "127.0.0.1", HANDSHAKE_ANY, &h, &e), 0);
        assert_string_equal(t.servername, "");
        handshake_release(&h);
}

static void test_a_server_that_hangs_up_is_no_handshake(void **state)
{
        struct tls_server s = {.manner = HANG_UP};
        struct handshake h;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(shake(&s, HANDSHAKE_ANY, &h, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_int_equal(h.certs_len, 0);
        handshake_release(&h);
}

static void test_a_port_without_tls_is_told(void **state)
{
        struct tls_server s = {.manner = PLAIN};
        struct handshake h;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(shake(&s, HANDSHAKE_ANY, &h, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_non_null(strstr(e.text, "is it a TLS port?"));
        handshake_release(&h);
}

static void test_a_silent_server_meets_the_deadline(void **state)
{
        struct tls_server s = {.manner = SILENCE};
        struct handshake h;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(shake(&s, HANDSHAKE_ANY, &h, &e), -1);
        assert_int_equal(e.code, ERR_TRYLATER);
        assert_non_null(strstr(e.text, "timed out"));
        handshake_release(&h);
}

/* They never block, so OpenSSL never comes back by itself. */
static void test_legal_messages_without_end_meet_the_deadline(void **state)
{
        struct tls_server s = {.manner = FLOOD};
        struct handshake h;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(shake(&s, HANDSHAKE_TLS12, &h, &e), -1);
        assert_int_equal(e.code, ERR_TRYLATER);
        assert_non_null(strstr(e.text, "timed out"));
        handshake_release(&h);
}

static void test_giants_and_noise_are_no_handshake(void **state)
{
        static const enum manner manners[] = {GIANT, NOISE};
        size_t i;

        (void)state;
        for (i = 0; i < 4; i++) {
                struct tls_server s = {.manner = manners[i / 2]};
                struct handshake h;
                struct err e = ERR_INIT;

                assert_int_equal(shake(&s, versions[i % 2], &h, &e), -1);
                assert_int_equal(e.code, ERR_DATA);
                assert_int_equal(h.certs_len, 0);
                handshake_release(&h);
        }
}

/* By the alert, which the server sees; here it is no failure. */
static void test_a_staple_can_be_refused(void **state)
{
        size_t i;

        (void)state;
        for (i = 0; i < 2; i++) {
                struct tls_server s = {.staples = true,
                    .staple = {garbage, sizeof(garbage)},
                    .displeases = true};
                struct handshake h;
                struct err e = ERR_INIT;

                assert_int_equal(shake(&s, versions[i], &h, &e), 0);
                assert_true(h.refused);
                assert_true(h.certs[0].stapled);
                assert_int_equal(s.alert, 113);
                handshake_release(&h);
        }
}

/* Bound, so that nobody else has the port, but not listening. */
static void test_a_refused_connection_is_worth_another_try(void **state)
{
        struct sockaddr_in a = {
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct handshake_request q = {.host = "127.0.0.1"};
        struct handshake h;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
        q.port = ntohs(a.sin_port);
        assert_int_equal(handshake_run(&q, &h, &e), -1);
        assert_int_equal(e.code, ERR_TRYLATER);
        assert_non_null(strstr(e.text, "refused"));
        handshake_release(&h);
        close(fd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_staple_comes_byte_for_byte),
            cmocka_unit_test(test_an_empty_staple_is_seen),
            cmocka_unit_test(test_no_staple_is_not_an_empty_one),
            cmocka_unit_test(test_the_chain_is_kept_as_sent),
            cmocka_unit_test(test_a_name_is_sent_and_an_address_is_not),
            cmocka_unit_test(test_a_server_that_hangs_up_is_no_handshake),
            cmocka_unit_test(test_a_port_without_tls_is_told),
            cmocka_unit_test(test_a_silent_server_meets_the_deadline),
            cmocka_unit_test(test_legal_messages_without_end_meet_the_deadline),
            cmocka_unit_test(test_giants_and_noise_are_no_handshake),
            cmocka_unit_test(test_a_staple_can_be_refused),
            cmocka_unit_test(test_a_refused_connection_is_worth_another_try),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
