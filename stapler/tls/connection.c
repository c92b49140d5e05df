#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "stapler/tls/internal.h"

/* ---- life --------------------------------------------------------------- */

/* Begins with the site that most get, which spares a change of context. */
static SSL *ssl_new(struct tls *t)
{
        const struct table *table = atomic_load(&t->table);

        return SSL_new(table == NULL || table->groups_len == 0
                           ? t->ctx
                           : table->groups[0].sites[0]->ctx);
}

struct tls_connection *tls_connection_new(struct tls_reader *r, int fd)
{
        struct tls_connection *c = calloc(1, sizeof(*c));
        BIO *wire;

        if (c == NULL)
                return NULL;
        c->reader = r;
        c->fd = fd;
        c->ssl = ssl_new(r->tls);
        wire = tls_wire_new(c);
        if (c->ssl == NULL || wire == NULL ||
            SSL_set_app_data(c->ssl, c) != 1) {
                BIO_free(wire);
                SSL_free(c->ssl);
                free(c);
                return NULL;
        }
        SSL_set_bio(c->ssl, wire, wire);
        SSL_set_accept_state(c->ssl);
        return c;
}

void tls_connection_free(struct tls_connection *c)
{
        unsigned i;

        if (c == NULL)
                return;
        if (c->reader->writer == c) {
                buf_clear(&c->reader->out);
                c->reader->writer = NULL;
        }
        SSL_free(c->ssl);
        for (i = 0; i < c->group.len; i++)
                SSL_CTX_free(c->group.sites[i]->ctx);
        buf_release(&c->unsent);
        free(c);
}

struct tls_connection *tls_connection_of(const SSL *ssl)
{
        return SSL_get_app_data(ssl);
}

void tls_readable(struct tls_connection *c, bool ending)
{
        c->drained = false;
        c->ending |= ending;
}

bool tls_has_heard(const struct tls_connection *c)
{
        return c->heard;
}

/* ---- bytes -------------------------------------------------------------- */

/* What OpenSSL could not do.  The queue of errors is the thread's: what one
 * connection leaves there must not be taken for another's. */
static enum tls_io outcome(struct tls_connection *c, int rc)
{
        int why = SSL_get_error(c->ssl, rc);

        switch (why) {
        case SSL_ERROR_NONE:
                return TLS_DONE;
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
                return TLS_WAIT;
        case SSL_ERROR_WANT_CLIENT_HELLO_CB:
                return c->held ? TLS_HELD : TLS_MISSING;
        case SSL_ERROR_ZERO_RETURN:
                return TLS_ENDED;
        }
        ERR_clear_error();
        return TLS_BROKEN;
}

enum tls_io tls_handshake(struct tls_connection *c)
{
        return outcome(c, SSL_do_handshake(c->ssl));
}

enum tls_io tls_read(
    struct tls_connection *c, void *data, size_t size, size_t *got)
{
        *got = 0;
        return outcome(c, SSL_read_ex(c->ssl, data, size, got));
}

enum tls_io tls_write(
    struct tls_connection *c, const void *data, size_t len, size_t *taken)
{
        enum tls_io rc;

        *taken = 0;
        rc = outcome(c, SSL_write_ex(c->ssl, data, len, taken));
        return rc == TLS_ENDED ? TLS_BROKEN : rc;
}

enum tls_io tls_finish(struct tls_connection *c)
{
        int rc = SSL_shutdown(c->ssl);

        /* 0: it is said, and the peer has not said it yet. */
        return rc >= 0 ? TLS_DONE : outcome(c, rc);
}

/* ---- what is known ------------------------------------------------------- */

struct tls_site *tls_site_of(const struct tls_connection *c)
{
        const X509 *chosen = SSL_get_certificate(c->ssl);
        unsigned i;

        for (i = 0; i < c->group.len; i++) {
                if (c->group.sites[i]->leaf == chosen)
                        return c->group.sites[i];
        }
        return NULL;
}

struct tls_info tls_info(const struct tls_connection *c)
{
        const struct tls_site *site = tls_site_of(c);
        const struct offer *offer = site == NULL ? NULL : tls_offer_of(site);

        return (struct tls_info){
            .about = offer == NULL ? (struct span){NULL, 0} : offer->is.about,
            .version = SSL_get_version(c->ssl),
            .server_name =
                SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name),
            .asked =
                SSL_get_tlsext_status_type(c->ssl) == TLSEXT_STATUSTYPE_ocsp,
            .stapled = c->stapled,
        };
}
