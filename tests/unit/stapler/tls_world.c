#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tls_world.h"

struct world w;

static int64_t now(void *arg)
{
        assert_ptr_equal(arg, &w);
        return w.now;
}

/* ---- sites --------------------------------------------------------------- */

void offer(struct tls_site *site, enum tls_answer within,
    enum tls_answer outside, const char *text)
{
        struct span span = {(const uint8_t *)text, strlen(text)};
        struct tls_offer o = {.der = span,
            .from = 100,
            .until = 200,
            .within = within,
            .outside = outside,
            .about = span};
        struct err e = ERR_INIT;

        assert_int_equal(tls_site_offer(site, &o, &e), 0);
}

void commit(void)
{
        struct err e = ERR_INIT;

        assert_int_equal(tls_commit(w.tls, &e), 0);
}

/* Its certificate is for the given names. */
struct tls_site *add_named(const char *name, const char *const *sans,
    size_t sans_len, enum pki_algorithm algorithm, struct tls_site *old)
{
        struct pki_cert_spec spec = {.profile = PKI_SERVER,
            .common_name = name,
            .not_before = 0,
            .not_after = INT64_C(1) << 32,
            .path_len = -1,
            .sans = sans,
            .sans_len = sans_len};
        struct tls_site_spec site = {.name = name};
        struct tls_site *out = NULL;
        struct err e = ERR_INIT;

        assert_int_equal(pki_key_new(algorithm, &site.key, &e), 0);
        assert_int_equal(pki_serial_new(&spec.serial, &e), 0);
        spec.subject_key = spec.issuer_key = site.key;
        if (pki_cert_make(&spec, &site.leaf, &e) != 0)
                fail_msg("%s", e.text);
        assert_int_equal(tls_site_add(w.tls, &site, old, &out, &e), 0);
        X509_free(site.leaf);
        EVP_PKEY_free(site.key);
        offer(out, TLS_STAPLE, TLS_BARE, name);
        return out;
}

struct tls_site *add_site(const char *name, struct tls_site *old)
{
        return add_named(name, &name, 1, PKI_P256, old);
}

void world_start_with(bool may_miss)
{
        struct tls_spec spec = {
            .now = now, .arg = &w, .alpn = "http/1.1", .may_miss = may_miss};
        struct err e = ERR_INIT;

        w = (struct world){.now = 150};
        assert_int_equal(tls_new(&spec, &w.tls, &e), 0);
        w.reader = tls_reader_new(w.tls);
        assert_non_null(w.reader);
        w.a = add_site("a", NULL);
        w.b = add_site("b", NULL);
        commit();
}

int world_start(void **state)
{
        (void)state;
        world_start_with(true);
        return 0;
}

int world_end(void **state)
{
        (void)state;
        tls_reader_free(w.reader);
        tls_free(w.tls);
        return 0;
}

/* ---- handshakes ---------------------------------------------------------- */

/* SSL_set_tlsext_host_name, whose macro casts const away. */
static void set_server_name(SSL *ssl, const char *name)
{
        char copy[64];

        snprintf(copy, sizeof(copy), "%s", name);
        SSL_ctrl(
            ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, copy);
}

void pair_open(struct pair *p, const char *sni, bool ask)
{
        assert_int_equal(
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->fds), 0);
        p->ctx = SSL_CTX_new(TLS_client_method());
        p->client = SSL_new(p->ctx);
        SSL_set_fd(p->client, p->fds[0]);
        SSL_set_connect_state(p->client);
        if (sni != NULL)
                set_server_name(p->client, sni);
        if (ask)
                SSL_set_tlsext_status_type(p->client, TLSEXT_STATUSTYPE_ocsp);
        tls_enter(w.reader);
        p->server = tls_connection_new(w.reader, p->fds[1]);
        tls_leave(w.reader);
        assert_non_null(p->server);
}

/* The server's turn. */
enum tls_io answer(struct pair *p)
{
        enum tls_io rc;

        tls_enter(w.reader);
        tls_readable(p->server, false);
        rc = tls_handshake(p->server);
        tls_flush(p->server);
        tls_leave(w.reader);
        return rc;
}

bool shake(struct pair *p)
{
        enum tls_io rc = TLS_WAIT;
        int i;

        for (i = 0; i < 10; i++) {
                SSL_do_handshake(p->client);
                if (rc == TLS_WAIT || rc == TLS_MISSING)
                        rc = answer(p);
        }
        return SSL_is_init_finished(p->client) && rc == TLS_DONE;
}

void pair_close(struct pair *p)
{
        SSL_free(p->client);
        tls_connection_free(p->server);
        SSL_CTX_free(p->ctx);
        close(p->fds[0]);
        close(p->fds[1]);
}

void assert_subject(const struct pair *p, const char *name)
{
        char text[PKI_NAME_TEXT_MAX];
        X509 *cert = SSL_get1_peer_certificate(p->client);

        assert_non_null(cert);
        pki_subject(cert, text);
        assert_string_equal(text + strlen("CN="), name);
        X509_free(cert);
}

/* NULL: none. */
void assert_staple(const struct pair *p, const char *text)
{
        const unsigned char *got;
        long len = SSL_get_tlsext_status_ocsp_resp(p->client, &got);

        if (text == NULL) {
                assert_int_equal(len, -1);
                return;
        }
        assert_int_equal(len, strlen(text));
        assert_memory_equal(got, text, strlen(text));
}

struct tls_info info(const struct pair *p)
{
        struct tls_info i;

        tls_enter(w.reader);
        i = tls_info(p->server);
        tls_leave(w.reader);
        return i;
}

/* A client with that name gets this certificate, and its staple. */
void assert_gets(const char *sni, const char *name)
{
        struct pair p;

        pair_open(&p, sni, true);
        assert_true(shake(&p));
        assert_subject(&p, name);
        assert_staple(&p, name);
        pair_close(&p);
}
