/*
 * A connection's socket as OpenSSL's BIO.  Reads go to the socket, but not
 * again before it has news; writes are collected in the reader's buffer, so
 * that a whole flight, or a response and its close_notify, is one system call.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "stapler/tls/internal.h"

enum {
        /* Collected before it is sent in any case: a flight with a long chain,
         * or two records of 16 KiB. */
        COLLECT_MAX = 40 << 10,
};

static BIO_METHOD *method;

/* ---- reading ------------------------------------------------------------ */

static int wire_read(BIO *bio, char *data, int size)
{
        struct tls_connection *c = BIO_get_data(bio);
        ssize_t n;

        BIO_clear_retry_flags(bio);
        if (size <= 0)
                return 0;
        if (c->drained) {
                BIO_set_retry_read(bio);
                return -1;
        }
        do
                n = recv(c->fd, data, (size_t)size, 0);
        while (n < 0 && errno == EINTR);
        /* Less than there was room for: it has no more, unless its end was
         * announced together with this. */
        c->drained = n > 0 ? n < size && !c->ending : n < 0;
        c->heard |= n > 0;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                BIO_set_retry_read(bio);
        return (int)n;
}

/* ---- writing ------------------------------------------------------------ */

static ssize_t send_some(const struct tls_connection *c, struct span bytes)
{
        ssize_t n;

        do
                n = send(c->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                return 0;
        return n;
}

/* What the kernel did not take has waited since. */
static enum tls_io send_unsent(struct tls_connection *c)
{
        struct span rest = {
            c->unsent.data + c->unsent_at, c->unsent.len - c->unsent_at};
        ssize_t n = send_some(c, rest);

        if (n < 0)
                return TLS_BROKEN;
        c->unsent_at += (size_t)n;
        if (c->unsent_at < c->unsent.len)
                return TLS_WAIT;
        buf_release(&c->unsent);
        c->unsent_at = 0;
        return TLS_DONE;
}

static enum tls_io send_collected(struct tls_connection *c)
{
        struct tls_reader *r = c->reader;
        ssize_t n = 0;

        if (r->writer != c || r->out.len == 0)
                return TLS_DONE;
        n = send_some(c, buf_span(&r->out));
        if (n >= 0 && (size_t)n < r->out.len)
                buf_append(&c->unsent, r->out.data + n, r->out.len - (size_t)n);
        buf_clear(&r->out);
        r->writer = NULL;
        if (n < 0 || c->unsent.failed)
                return TLS_BROKEN;
        return c->unsent.len > 0 ? TLS_WAIT : TLS_DONE;
}

enum tls_io tls_flush(struct tls_connection *c)
{
        enum tls_io rc = TLS_DONE;

        if (c->unsent.len > 0)
                rc = send_unsent(c);
        return rc == TLS_DONE ? send_collected(c) : rc;
}

bool tls_was_stuck(struct tls_connection *c)
{
        bool stuck = c->stuck;

        c->stuck = false;
        return stuck;
}

static int wire_write(BIO *bio, const char *data, int len)
{
        struct tls_connection *c = BIO_get_data(bio);
        struct tls_reader *r = c->reader;
        enum tls_io rc = TLS_DONE;

        BIO_clear_retry_flags(bio);
        if (len <= 0)
                return 0;
        if (c->unsent.len > 0 || r->out.len > COLLECT_MAX)
                rc = tls_flush(c);
        if (rc == TLS_WAIT) {
                BIO_set_retry_write(bio);
                c->stuck = true;
        }
        if (rc != TLS_DONE)
                return -1;
        r->writer = c;
        buf_append(&r->out, data, (size_t)len);
        return r->out.failed ? -1 : len;
}

/* ---- the rest of a BIO --------------------------------------------------- */

static long wire_ctrl(BIO *bio, int what, long number, void *arg)
{
        (void)bio;
        (void)number;
        (void)arg;
        /* The connection's owner flushes. */
        return what == BIO_CTRL_FLUSH || what == BIO_CTRL_DUP;
}

static int wire_create(BIO *bio)
{
        BIO_set_init(bio, 1);
        return 1;
}

static void make_method(void)
{
        method = BIO_meth_new(
            BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
        if (method == NULL)
                return;
        BIO_meth_set_read(method, wire_read);
        BIO_meth_set_write(method, wire_write);
        BIO_meth_set_ctrl(method, wire_ctrl);
        BIO_meth_set_create(method, wire_create);
}

int tls_wire_start(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        pthread_once(&once, make_method);
        return method == NULL ? -1 : 0;
}

BIO *tls_wire_new(struct tls_connection *c)
{
        BIO *bio = BIO_new(method);

        if (bio != NULL)
                BIO_set_data(bio, c);
        return bio;
}
