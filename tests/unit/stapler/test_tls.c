#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/ssl.h>

#include "pki/pki.h"
#include "stapler/tls/tls.h"

/* A server with two certificates, "a" and "b", and what its hooks saw. */
struct world {
        struct tls *tls;
        struct tls_site *a, *b;
        enum tls_answer answer;
        int stapled, bare, refused, missed;
};

static struct world w;

static enum tls_answer answer(void *site_arg, struct span *der)
{
        *der = (struct span){(const uint8_t *)"staple", 6};
        assert_non_null(site_arg);
        return w.answer;
}

static void count(void *site_arg, enum tls_event what)
{
        assert_non_null(site_arg);
        w.stapled += what == TLS_STAPLED;
        w.bare += what == TLS_WENT_BARE;
        w.refused += what == TLS_WAS_REFUSED;
}

static struct tls_site *add_site(const char *name, struct tls_site *old);

static void miss(void *arg, const char *name)
{
        assert_ptr_equal(arg, &w);
        w.missed++;
        if (strcmp(name, "late") == 0)
                add_site("late", NULL);
}

static struct tls_site *add_site(const char *name, struct tls_site *old)
{
        struct pki_cert_spec spec = {.profile = PKI_SERVER,
            .common_name = name,
            .not_before = 0,
            .not_after = INT64_C(1) << 32,
            .path_len = -1,
            .sans = &name,
            .sans_len = 1};
        struct tls_site_spec site = {.name = name};
        struct tls_site *out = NULL;
        struct err e = ERR_INIT;

        assert_int_equal(pki_key_new(PKI_P256, &site.key, &e), 0);
        assert_int_equal(pki_serial_new(&spec.serial, &e), 0);
        spec.subject_key = spec.issuer_key = site.key;
        if (pki_cert_make(&spec, &site.leaf, &e) != 0)
                fail_msg("%s", e.text);
        site.arg = &w;
        assert_int_equal(tls_site_add(w.tls, &site, old, &out, &e), 0);
        X509_free(site.leaf);
        EVP_PKEY_free(site.key);
        return out;
}

static int start(void **state)
{
        struct tls_hooks hooks = {answer, count, miss, &w};
        struct err e = ERR_INIT;

        (void)state;
        w = (struct world){.answer = TLS_STAPLE};
        assert_int_equal(tls_new(&hooks, &w.tls, &e), 0);
        w.a = add_site("a", NULL);
        w.b = add_site("b", NULL);
        return 0;
}

static int end(void **state)
{
        (void)state;
        tls_free(w.tls);
        return 0;
}

/* ---- handshakes in memory ----------------------------------------------- */

struct pair {
        SSL_CTX *ctx;
        SSL *client, *server;
};

/* SSL_set_tlsext_host_name, whose macro casts const away. */
static void set_server_name(SSL *ssl, const char *name)
{
        char copy[64];

        snprintf(copy, sizeof(copy), "%s", name);
        SSL_ctrl(
            ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, copy);
}

static void pair_open(struct pair *p, const char *sni, bool ask)
{
        BIO *c, *s;

        p->ctx = SSL_CTX_new(TLS_client_method());
        p->client = SSL_new(p->ctx);
        p->server = tls_accept(w.tls, 1000);
        assert_non_null(p->server);
        assert_int_equal(BIO_new_bio_pair(&c, 0, &s, 0), 1);
        SSL_set_bio(p->client, c, c);
        SSL_set_bio(p->server, s, s);
        SSL_set_connect_state(p->client);
        SSL_set_accept_state(p->server);
        if (sni != NULL)
                set_server_name(p->client, sni);
        if (ask)
                SSL_set_tlsext_status_type(p->client, TLSEXT_STATUSTYPE_ocsp);
}

static bool shake(struct pair *p)
{
        int i;

        for (i = 0; i < 10; i++) {
                SSL_do_handshake(p->client);
                SSL_do_handshake(p->server);
        }
        return SSL_is_init_finished(p->client) &&
               SSL_is_init_finished(p->server);
}

static void assert_subject(const struct pair *p, const char *name)
{
        char text[PKI_NAME_TEXT_MAX];
        X509 *cert = SSL_get1_peer_certificate(p->client);

        assert_non_null(cert);
        pki_subject(cert, text);
        assert_string_equal(text + strlen("CN="), name);
        X509_free(cert);
}

static void pair_close(struct pair *p)
{
        SSL_free(p->client);
        SSL_free(p->server);
        SSL_CTX_free(p->ctx);
}

static void who_asks_gets_the_staple(void **state)
{
        struct pair p;
        const unsigned char *got;

        (void)state;
        pair_open(&p, "b", true);
        assert_true(shake(&p));
        assert_subject(&p, "b");
        assert_int_equal(SSL_get_tlsext_status_ocsp_resp(p.client, &got), 6);
        assert_memory_equal(got, "staple", 6);
        assert_true(tls_info(p.server).asked);
        assert_true(tls_info(p.server).stapled);
        assert_int_equal(w.stapled, 1);
        pair_close(&p);
}

static void who_does_not_ask_gets_none(void **state)
{
        struct pair p;
        const unsigned char *got;

        (void)state;
        pair_open(&p, "a", false);
        assert_true(shake(&p));
        assert_int_equal(SSL_get_tlsext_status_ocsp_resp(p.client, &got), -1);
        assert_false(tls_info(p.server).asked);
        assert_int_equal(w.stapled, 0);
        pair_close(&p);
}

static void bare_goes_on_and_refuse_does_not(void **state)
{
        struct pair p;

        (void)state;
        w.answer = TLS_BARE;
        pair_open(&p, "a", true);
        assert_true(shake(&p));
        assert_int_equal(w.bare, 1);
        pair_close(&p);

        w.answer = TLS_REFUSE;
        pair_open(&p, "a", false);
        assert_false(shake(&p));
        assert_int_equal(w.refused, 1);
        pair_close(&p);
}

static void without_a_known_name_it_is_the_first(void **state)
{
        struct pair p;

        (void)state;
        pair_open(&p, NULL, false);
        assert_true(shake(&p));
        assert_subject(&p, "a");
        pair_close(&p);

        tls_site_prefer(w.tls, w.b);
        pair_open(&p, "nobody", false);
        assert_true(shake(&p));
        assert_subject(&p, "b");
        assert_int_equal(w.missed, 1);
        pair_close(&p);
}

static void a_missing_name_may_be_added_in_time(void **state)
{
        struct pair p;

        (void)state;
        pair_open(&p, "late", true);
        assert_true(shake(&p));
        assert_subject(&p, "late");
        pair_close(&p);
}

static void a_removed_site_lives_on_in_its_connections(void **state)
{
        struct pair p;

        (void)state;
        pair_open(&p, "a", true);
        assert_true(shake(&p));
        assert_ptr_equal(tls_info(p.server).site_arg, &w);
        add_site("a", w.a);
        assert_null(tls_info(p.server).site_arg);
        assert_int_equal(SSL_write(p.server, "x", 1), 1);
        pair_close(&p);
}

static void a_server_without_sites_knows_no_name(void **state)
{
        struct pair p;

        (void)state;
        tls_site_remove(w.tls, w.a);
        tls_site_remove(w.tls, w.b);
        pair_open(&p, "a", false);
        assert_false(shake(&p));
        pair_close(&p);
}

static void nothing_is_resumed(void **state)
{
        struct pair p;
        SSL_SESSION *session;

        (void)state;
        pair_open(&p, "a", false);
        assert_true(shake(&p));
        session = SSL_get1_session(p.client);
        pair_close(&p);
        assert_false(SSL_SESSION_is_resumable(session));
        SSL_SESSION_free(session);
}

/* ---- deadlines ---------------------------------------------------------- */

static bool is_shut(int fd)
{
        char c;

        return recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

static void a_connection_past_its_deadline_is_shut(void **state)
{
        int fds[2];
        SSL *ssl = tls_accept(w.tls, 1000);

        (void)state;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        SSL_set_fd(ssl, fds[0]);
        tls_enforce(w.tls, 999);
        assert_false(is_shut(fds[1]));
        tls_extend(ssl, 2000);
        tls_enforce(w.tls, 1999);
        assert_false(is_shut(fds[1]));
        tls_enforce(w.tls, 2000);
        assert_true(is_shut(fds[1]));
        SSL_free(ssl);
        close(fds[0]);
        close(fds[1]);
}

static void open_connections_are_counted(void **state)
{
        SSL *one = tls_accept(w.tls, 1000), *two = tls_accept(w.tls, 1000);
        SSL *three = tls_accept(w.tls, 1000);

        (void)state;
        assert_int_equal(tls_open_connections(w.tls), 3);
        SSL_free(two);
        SSL_free(three);
        assert_int_equal(tls_open_connections(w.tls), 1);
        SSL_free(one);
        assert_int_equal(tls_open_connections(w.tls), 0);
}

static void a_connection_may_outlive_the_server(void **state)
{
        SSL *ssl = tls_accept(w.tls, 1000);

        (void)state;
        tls_free(w.tls);
        w.tls = NULL;
        SSL_free(ssl);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(who_asks_gets_the_staple),
            TEST(who_does_not_ask_gets_none),
            TEST(bare_goes_on_and_refuse_does_not),
            TEST(without_a_known_name_it_is_the_first),
            TEST(a_missing_name_may_be_added_in_time),
            TEST(a_removed_site_lives_on_in_its_connections),
            TEST(a_server_without_sites_knows_no_name),
            TEST(nothing_is_resumed),
            TEST(a_connection_past_its_deadline_is_shut),
            TEST(open_connections_are_counted),
            TEST(a_connection_may_outlive_the_server),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
