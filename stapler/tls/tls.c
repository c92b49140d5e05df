#include "stapler/tls/tls.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "stapler/tls/internal.h"

/* ---- which site ---------------------------------------------------------- */

/* The name as it stands in the extension: a list with one entry, of type
 * host_name (RFC 6066 section 3).  What is malformed OpenSSL refuses later. */
static struct span name_in(const unsigned char *ext, size_t len)
{
        struct span none = {NULL, 0};
        size_t name_len;

        if (len < 5 || ext[2] != TLSEXT_NAMETYPE_host_name)
                return none;
        name_len = (size_t)ext[3] << 8 | ext[4];
        return name_len <= len - 5 ? (struct span){ext + 5, name_len} : none;
}

/* A name that nobody has: whose it is not. */
static const struct group *anybody(const struct table *table)
{
        return table->groups_len > 0 ? &table->groups[0] : NULL;
}

static bool is_held(const struct group *g)
{
        unsigned i;

        for (i = 0; g != NULL && i < g->len; i++) {
                if (tls_is_held(g->sites[i]))
                        return true;
        }
        return false;
}

/* Runs first of all.  What the owner has not heard yet, or a name that nobody
 * has, gets one chance to be there a little later.  Who asks for a staple that
 * is held waits until it is not. */
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
        struct tls *t = arg;
        struct tls_connection *c = tls_connection_of(ssl);
        const struct table *table = atomic_load(&t->table);
        const struct group *g = NULL;
        struct span name = {NULL, 0};
        const unsigned char *ext;
        size_t len;
        bool missing;

        (void)alert;
        if (SSL_client_hello_get0_ext(
                ssl, TLSEXT_TYPE_server_name, &ext, &len) == 1)
                name = name_in(ext, len);
        if (name.len > 0)
                g = tls_table_find(table, (const char *)name.data, name.len);
        missing = t->spec.may_miss && name.len > 0 && g == NULL;
        c->held = false;
        if (!c->waited &&
            (missing || (t->spec.news != NULL && t->spec.news(t->spec.arg)))) {
                c->waited = true;
                return SSL_CLIENT_HELLO_RETRY;
        }
        c->held = is_held(g != NULL ? g : anybody(table)) &&
                  SSL_client_hello_get0_ext(
                      ssl, TLSEXT_TYPE_status_request, &ext, &len) == 1;
        return c->held ? SSL_CLIENT_HELLO_RETRY : SSL_CLIENT_HELLO_SUCCESS;
}

static const struct group *choose(struct tls *t, const char *name)
{
        const struct table *table = atomic_load(&t->table);
        const struct group *g = NULL;

        if (name != NULL)
                g = tls_table_find(table, name, strlen(name));
        return g == NULL ? anybody(table) : g;
}

/* Those of g that do not refuse.  The connection keeps a reference of each. */
static void take(struct tls_connection *c, const struct group *g)
{
        unsigned i;

        for (i = 0; i < g->len; i++) {
                struct tls_site *site = g->sites[i];

                if (tls_would_refuse(site))
                        continue;
                SSL_CTX_up_ref(site->ctx);
                c->group.sites[c->group.len++] = site;
        }
}

/* One context, and the certificates of its twins beside its own: OpenSSL
 * chooses by what the client can verify. */
static bool use(SSL *ssl, const struct group *g)
{
        SSL_CTX *first = g->sites[0]->ctx;
        STACK_OF(X509) *chain;
        unsigned i;

        if (SSL_get_SSL_CTX(ssl) != first &&
            SSL_set_SSL_CTX(ssl, first) == NULL)
                return false;
        for (i = 1; i < g->len; i++) {
                SSL_CTX *ctx = g->sites[i]->ctx;

                SSL_CTX_get0_chain_certs(ctx, &chain);
                if (SSL_use_cert_and_key(ssl, g->sites[i]->leaf,
                        SSL_CTX_get0_privatekey(ctx), chain, 1) != 1)
                        return false;
        }
        return true;
}

/* Runs for each ClientHello, with or without SNI. */
static int on_server_name(SSL *ssl, int *alert, void *arg)
{
        struct tls *t = arg;
        struct tls_connection *c = tls_connection_of(ssl);
        const struct group *g;

        /* Once more after a HelloRetryRequest, with the same name. */
        if (c->group.len > 0)
                return SSL_TLSEXT_ERR_OK;
        g = choose(t, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
        if (g == NULL) {
                *alert = SSL_AD_UNRECOGNIZED_NAME;
                return SSL_TLSEXT_ERR_ALERT_FATAL;
        }
        take(c, g);
        if (c->group.len == 0) {
                atomic_fetch_add(&g->sites[0]->refused, 1);
                *alert = SSL_AD_HANDSHAKE_FAILURE;
                return SSL_TLSEXT_ERR_ALERT_FATAL;
        }
        if (!use(ssl, &c->group)) {
                *alert = SSL_AD_INTERNAL_ERROR;
                return SSL_TLSEXT_ERR_ALERT_FATAL;
        }
        return SSL_TLSEXT_ERR_OK;
}

/* ---- the staple ---------------------------------------------------------- */

/* OpenSSL frees what it is given, so each handshake gets a copy.  Without a
 * pointer it would not send the message. */
static int staple(
    SSL *ssl, struct tls_connection *c, struct tls_site *site, struct span der)
{
        uint8_t *copy = OPENSSL_malloc(der.len + 1);

        if (copy == NULL)
                return SSL_TLSEXT_ERR_ALERT_FATAL;
        if (der.len > 0)
                memcpy(copy, der.data, der.len);
        SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)der.len);
        c->stapled = true;
        atomic_fetch_add(&site->stapled, 1);
        return SSL_TLSEXT_ERR_OK;
}

/* What the handshake gets.  Of the offer as it is now: another one may come
 * while we look. */
static enum tls_answer decide(struct tls_site *site, struct span *der)
{
        const struct offer *offer = tls_offer_of(site);
        enum tls_answer answer = tls_answer_of(site, offer);
        const struct tls_fault *fault = tls_fault_take(site, offer);

        if (fault == NULL || fault->as_it_is) {
                if (offer != NULL)
                        *der = offer->is.der;
                return answer;
        }
        atomic_fetch_add(&site->spoilt, 1);
        *der = fault->der;
        return fault->answer;
}

/* Runs only if the client sent status_request (RFC 6066 section 8), when the
 * certificate is chosen, and on the context that SNI has chosen, so every
 * context has it. */
static int on_status(SSL *ssl, void *arg)
{
        struct tls_connection *c = tls_connection_of(ssl);
        struct tls_site *site = tls_site_of(c);
        struct span der = {NULL, 0};

        (void)arg;
        if (site == NULL)
                return SSL_TLSEXT_ERR_ALERT_FATAL;
        switch (decide(site, &der)) {
        case TLS_STAPLE:
                return staple(ssl, c, site, der);
        case TLS_BARE:
                atomic_fetch_add(&site->bare, 1);
                return SSL_TLSEXT_ERR_NOACK;
        case TLS_REFUSE:
                break;
        }
        atomic_fetch_add(&site->refused, 1);
        return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen,
    const unsigned char *in, unsigned inlen, void *arg)
{
        const struct tls *t = arg;
        unsigned char *chosen;

        (void)ssl;
        if (SSL_select_next_proto(&chosen, outlen, t->alpn, t->alpn_len, in,
                inlen) != OPENSSL_NPN_NEGOTIATED)
                return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 section 3.2 */
        *out = chosen;
        return SSL_TLSEXT_ERR_OK;
}

/* ---- the whole ---------------------------------------------------------- */

/* AES-128-GCM with SHA-256 first, which every client of TLS 1.3 has (RFC 8446
 * section 9.1) and whose key schedule costs the least; ChaCha20 for those that
 * want it most.  Then what OpenSSL has by default. */
static bool set_ciphers(SSL_CTX *ctx)
{
        SSL_CTX_set_options(
            ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
        return SSL_CTX_set_ciphersuites(ctx,
                   "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                   "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
               SSL_CTX_set_cipher_list(ctx,
                   "ECDHE+AESGCM+AES128:ECDHE+AESGCM:ECDHE+CHACHA20:"
                   "DEFAULT") == 1;
}

SSL_CTX *tls_context_new(struct tls *t)
{
        SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

        if (ctx == NULL || !set_ciphers(ctx)) {
                SSL_CTX_free(ctx);
                return NULL;
        }
        SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_num_tickets(ctx, 0);
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
        SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
                                  SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_read_ahead(ctx, 1);
        SSL_CTX_set_client_hello_cb(ctx, on_client_hello, t);
        SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
        SSL_CTX_set_tlsext_servername_arg(ctx, t);
        SSL_CTX_set_tlsext_status_cb(ctx, on_status);
        SSL_CTX_set_tlsext_status_arg(ctx, t);
        if (t->alpn_len > 0)
                SSL_CTX_set_alpn_select_cb(ctx, on_alpn, t);
        return ctx;
}

static bool take_alpn(struct tls *t)
{
        size_t len = t->spec.alpn == NULL ? 0 : strlen(t->spec.alpn);

        if (len == 0)
                return true;
        if (len >= sizeof(t->alpn))
                return false;
        t->alpn[0] = (uint8_t)len;
        memcpy(t->alpn + 1, t->spec.alpn, len);
        t->alpn_len = (unsigned)len + 1;
        return true;
}

int tls_new(const struct tls_spec *spec, struct tls **out, struct err *e)
{
        struct tls *t = calloc(1, sizeof(*t));

        *out = NULL;
        if (t == NULL)
                return err_set(e, ERR_OS, "out of memory");
        t->spec = *spec;
        t->changed = true;
        if (!take_alpn(t) || tls_wire_start() != 0 ||
            (t->ctx = tls_context_new(t)) == NULL) {
                tls_free(t);
                return err_set(e, ERR_INTERNAL, "OpenSSL gives no TLS context");
        }
        if (tls_commit(t, e) != 0) {
                tls_free(t);
                return -1;
        }
        *out = t;
        return 0;
}

void tls_free(struct tls *t)
{
        struct garbage *g;

        if (t == NULL)
                return;
        while (t->sites_len > 0)
                tls_site_remove(t, t->sites[t->sites_len - 1]);
        tls_collect(t);
        while ((g = t->removed) != NULL) {
                t->removed = g->next;
                g->free(g);
        }
        tls_table_free((struct garbage *)atomic_load(&t->table));
        SSL_CTX_free(t->ctx);
        free(t->sites);
        free(t);
}
