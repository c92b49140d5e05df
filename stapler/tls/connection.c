#include "stapler/tls/tls.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "stapler/tls/internal.h"

static int connection_index = -1;

static void unlink_connection(struct tls_connection *c)
{
        if (c->prev != NULL)
                c->prev->next = c->next;
        else
                c->tls->connections = c->next;
        if (c->next != NULL)
                c->next->prev = c->prev;
        c->tls->connections_len--;
        c->tls = NULL;
}

void tls_abandon_connections(struct tls *t)
{
        struct tls_connection *c, *next;

        for (c = t->connections; c != NULL; c = next) {
                next = c->next;
                unlink_connection(c);
        }
}

static void free_connection(void *parent, void *ptr, CRYPTO_EX_DATA *ad,
    int index, long argl, void *argp)
{
        struct tls_connection *c = ptr;

        (void)parent;
        (void)ad;
        (void)index;
        (void)argl;
        (void)argp;
        if (c == NULL)
                return;
        if (c->tls != NULL)
                unlink_connection(c);
        c->magic = 0;
        free(c);
}

static void make_index(void)
{
        connection_index =
            SSL_get_ex_new_index(0, NULL, NULL, NULL, free_connection);
}

int tls_connection_index(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        pthread_once(&once, make_index);
        return connection_index;
}

struct tls_connection *tls_connection_of(const SSL *ssl)
{
        struct tls_connection *c = SSL_get_ex_data(ssl, connection_index);

        return c != NULL && c->magic == TLS_CONNECTION_MAGIC ? c : NULL;
}

struct ssl_st *tls_accept(struct tls *t, int64_t deadline)
{
        struct tls_connection *c = calloc(1, sizeof(*c));
        SSL *ssl = SSL_new(t->ctx);

        if (c == NULL || ssl == NULL ||
            SSL_set_ex_data(ssl, connection_index, c) != 1) {
                SSL_free(ssl);
                free(c);
                return NULL;
        }
        c->magic = TLS_CONNECTION_MAGIC;
        c->tls = t;
        c->ssl = ssl;
        c->deadline = deadline;
        c->next = t->connections;
        if (c->next != NULL)
                c->next->prev = c;
        t->connections = c;
        t->connections_len++;
        return ssl;
}

void tls_extend(struct ssl_st *ssl, int64_t deadline)
{
        struct tls_connection *c = tls_connection_of(ssl);

        if (c != NULL)
                c->deadline = deadline;
}

void tls_enforce(struct tls *t, int64_t now_ms)
{
        struct tls_connection *c;
        int fd;

        for (c = t->connections; c != NULL; c = c->next) {
                fd = SSL_get_fd(c->ssl);
                if (now_ms >= c->deadline && fd >= 0)
                        shutdown(fd, SHUT_RDWR);
        }
}

size_t tls_open_connections(const struct tls *t)
{
        return t->connections_len;
}

struct tls_info tls_info(struct ssl_st *ssl)
{
        struct tls_site *site = tls_site_of(ssl);
        struct tls_connection *c = tls_connection_of(ssl);

        return (struct tls_info){
            .site_arg = site == NULL ? NULL : site->arg,
            .version = SSL_get_version(ssl),
            .server_name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name),
            .asked = SSL_get_tlsext_status_type(ssl) == TLSEXT_STATUSTYPE_ocsp,
            .stapled = c != NULL && c->stapled,
        };
}
