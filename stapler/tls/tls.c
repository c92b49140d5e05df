#include "stapler/tls/tls.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "stapler/tls/internal.h"

/* Chooses the site.  Runs for each ClientHello, with or without SNI. */
static int on_server_name(SSL *ssl, int *alert, void *arg)
{
        struct tls *t = arg;
        struct tls_site *site;
        struct span der;

        site = tls_site_find(
            t, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
        if (site == NULL) {
                *alert = SSL_AD_UNRECOGNIZED_NAME;
                return SSL_TLSEXT_ERR_ALERT_FATAL;
        }
        if (t->hooks.answer(site->arg, &der) == TLS_REFUSE) {
                t->hooks.count(site->arg, TLS_WAS_REFUSED);
                *alert = SSL_AD_HANDSHAKE_FAILURE;
                return SSL_TLSEXT_ERR_ALERT_FATAL;
        }
        if (SSL_set_SSL_CTX(ssl, site->ctx) == NULL) {
                *alert = SSL_AD_INTERNAL_ERROR;
                return SSL_TLSEXT_ERR_ALERT_FATAL;
        }
        return SSL_TLSEXT_ERR_OK;
}

/* Runs only if the client sent status_request (RFC 6066 section 8), and on
 * the context that SNI has chosen, so every context has it. */
static int on_status(SSL *ssl, void *arg)
{
        struct tls *t = arg;
        struct tls_site *site = tls_site_of(ssl);
        struct tls_connection *c = tls_connection_of(ssl);
        struct span der = {NULL, 0};
        uint8_t *copy;

        if (site == NULL || site->arg == NULL || c == NULL)
                return SSL_TLSEXT_ERR_ALERT_FATAL;
        switch (t->hooks.answer(site->arg, &der)) {
        case TLS_STAPLE:
                break;
        case TLS_BARE:
                t->hooks.count(site->arg, TLS_WENT_BARE);
                return SSL_TLSEXT_ERR_NOACK;
        case TLS_REFUSE:
                t->hooks.count(site->arg, TLS_WAS_REFUSED);
                return SSL_TLSEXT_ERR_ALERT_FATAL;
        }
        /* OpenSSL frees what it is given, so each handshake gets a copy. */
        copy = OPENSSL_memdup(der.data, der.len);
        if (copy == NULL)
                return SSL_TLSEXT_ERR_ALERT_FATAL;
        SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)der.len);
        c->stapled = true;
        t->hooks.count(site->arg, TLS_STAPLED);
        return SSL_TLSEXT_ERR_OK;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen,
    const unsigned char *in, unsigned inlen, void *arg)
{
        static const unsigned char ours[] = "\x08http/1.1";
        unsigned char *chosen;

        (void)ssl;
        (void)arg;
        if (SSL_select_next_proto(&chosen, outlen, ours, sizeof(ours) - 1, in,
                inlen) != OPENSSL_NPN_NEGOTIATED)
                return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 section 3.2 */
        *out = chosen;
        return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *tls_context_new(struct tls *t)
{
        SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

        if (ctx == NULL)
                return NULL;
        SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_num_tickets(ctx, 0);
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
        SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
        SSL_CTX_set_tlsext_servername_arg(ctx, t);
        SSL_CTX_set_tlsext_status_cb(ctx, on_status);
        SSL_CTX_set_tlsext_status_arg(ctx, t);
        SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
        return ctx;
}

int tls_new(const struct tls_hooks *hooks, struct tls **out, struct err *e)
{
        struct tls *t = calloc(1, sizeof(*t));

        *out = NULL;
        if (t == NULL)
                return err_set(e, ERR_OS, "out of memory");
        t->hooks = *hooks;
        t->ctx = tls_context_new(t);
        if (t->ctx == NULL || tls_site_index() < 0 ||
            tls_connection_index() < 0) {
                tls_free(t);
                return err_set(e, ERR_INTERNAL, "OpenSSL gives no TLS context");
        }
        *out = t;
        return 0;
}

void tls_free(struct tls *t)
{
        if (t == NULL)
                return;
        tls_abandon_connections(t);
        while (t->sites_len > 0)
                tls_site_remove(t, t->sites[t->sites_len - 1]);
        SSL_CTX_free(t->ctx);
        free(t->sites);
        free(t);
}
