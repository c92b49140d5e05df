#include "stapler/check/handshake.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "httpc/httpc.h"
#include "stapler/check/messages.h"

/* ---- waiting ------------------------------------------------------------ */

static int timed_out(struct err *e)
{
        ERR_clear_error();
        return err_set(e, ERR_TRYLATER,
            "timed out: is the server up, and does it speak TLS?");
}

/* Until fd is ready or the deadline is there. */
static int wait_for(int fd, short events, int64_t deadline, struct err *e)
{
        struct pollfd p = {.fd = fd, .events = events};
        int64_t left;
        int n;

        do {
                left = deadline - monotonic_ms();
                n = left > 0 ? poll(&p, 1, (int)left) : 0;
        } while (n < 0 && errno == EINTR);
        if (n < 0)
                return err_errno(e, ERR_OS, "poll");
        return n > 0 ? 0 : timed_out(e);
}

/* ---- connecting --------------------------------------------------------- */

static int connect_failure(int error, struct err *e)
{
        return err_set(
            e, ERR_TRYLATER, "%s: is the server up?", strerror(error));
}

static int connect_finish(int fd, int64_t deadline, struct err *e)
{
        int error = 0;
        socklen_t len = sizeof(error);

        if (wait_for(fd, POLLOUT, deadline, e) != 0)
                return -1;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
                return err_errno(e, ERR_OS, "getsockopt");
        if (error != 0)
                return connect_failure(error, e);
        return 0;
}

/* address is an IP address as text.  Returns the socket, or -1. */
static int connect_to(
    const char *address, uint16_t port, int64_t deadline, struct err *e)
{
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
            .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
        struct addrinfo *ai;
        char service[8];
        int fd;
        int rc;

        snprintf(service, sizeof(service), "%u", (unsigned)port);
        if (getaddrinfo(address, service, &hints, &ai) != 0)
                return err_set(e, ERR_OS, "not an address");
        fd = socket(
            ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0) {
                freeaddrinfo(ai);
                return err_errno(e, ERR_OS, "socket");
        }
        rc = connect(fd, ai->ai_addr, ai->ai_addrlen);
        if (rc != 0 && errno == EINPROGRESS)
                rc = connect_finish(fd, deadline, e);
        else if (rc != 0)
                connect_failure(errno, e);
        freeaddrinfo(ai);
        if (rc == 0)
                return fd;
        close(fd);
        return -1;
}

static void address_text(
    const char *ip, uint16_t port, char out[HANDSHAKE_ADDRESS_MAX])
{
        bool v6 = strchr(ip, ':') != NULL;

        snprintf(out, HANDSHAKE_ADDRESS_MAX, "%s%s%s:%u", v6 ? "[" : "", ip,
            v6 ? "]" : "", (unsigned)port);
}

/* Of several failures the first is told. */
static int connect_any(const struct handshake_request *q, int64_t deadline,
    char address[HANDSHAKE_ADDRESS_MAX], struct err *e)
{
        char ips[HTTPC_ADDRESSES_MAX][HTTPC_ADDRESS_TEXT];
        int n = httpc_resolve(q->host, ips, HTTPC_ADDRESSES_MAX, e);
        char tried[HANDSHAKE_ADDRESS_MAX];
        struct err why = ERR_INIT;
        int fd = -1;
        int i;

        for (i = 0; i < n && fd < 0; i++) {
                address_text(ips[i], q->port, tried);
                fd = connect_to(ips[i], q->port, deadline, &why);
                if (fd < 0)
                        err_prefix(&why, "%s", tried);
                if (fd >= 0 || i == 0) {
                        memcpy(address, tried, sizeof(tried));
                        *e = why;
                }
        }
        return fd;
}

/* ---- TLS ---------------------------------------------------------------- */

/* What the callbacks of one connection work on. */
struct shake {
        const struct handshake_request *request;
        struct handshake *out;
        int64_t deadline;
};

/* OpenSSL passes over HelloRequests without coming back as long as there are
 * more: whoever sends them for ever meets the deadline here. */
static long on_read(BIO *bio, int operation, const char *data, size_t len,
    int argi, long argl, int result, size_t *processed)
{
        const struct shake *s = (const void *)BIO_get_callback_arg(bio);

        (void)data;
        (void)len;
        (void)argi;
        (void)argl;
        (void)processed;
        return operation == BIO_CB_READ && monotonic_ms() >= s->deadline
                   ? 0
                   : result;
}

static void on_message(int is_sent, int version, int content_type,
    const void *data, size_t len, SSL *ssl, void *arg)
{
        struct shake *s = arg;

        (void)version;
        if (!is_sent && content_type == SSL3_RT_HANDSHAKE)
                messages_take(s->out, SSL_version(ssl) == TLS1_3_VERSION,
                    (struct span){data, len});
}

/* OpenSSL calls it once in a full handshake, also where there is no staple;
 * 0 has it send the alert. */
static int on_status(SSL *ssl, void *arg)
{
        struct shake *s = arg;

        snprintf(s->out->version, sizeof(s->out->version), "%s",
            SSL_get_version(ssl));
        if (s->request->accept == NULL || s->out->certs_len == 0)
                return 1;
        s->out->refused = !s->request->accept(s->request->arg, s->out);
        return !s->out->refused;
}

/* Certificates are not verified here: OpenSSL would ask the machine's clock,
 * and stop at the first fault. */
static SSL_CTX *context_new(enum handshake_version version)
{
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

        if (ctx == NULL)
                return NULL;
        SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
        SSL_CTX_set_min_proto_version(
            ctx, version == HANDSHAKE_TLS13 ? TLS1_3_VERSION : TLS1_2_VERSION);
        SSL_CTX_set_max_proto_version(
            ctx, version == HANDSHAKE_TLS12 ? TLS1_2_VERSION : TLS1_3_VERSION);
        return ctx;
}

static bool is_ip(const char *name)
{
        struct in6_addr any;

        return inet_pton(AF_INET, name, &any) == 1 ||
               inet_pton(AF_INET6, name, &any) == 1;
}

/* SNI carries host names only (RFC 6066 section 3). */
static bool set_servername(SSL *ssl, const char *servername)
{
        char name[TLSEXT_MAXLEN_host_name + 1]; /* OpenSSL's macro takes no
                                                   const */

        if (servername == NULL || is_ip(servername))
                return true;
        if (strlen(servername) >= sizeof(name))
                return false;
        strcpy(name, servername);
        return SSL_set_tlsext_host_name(ssl, name) == 1;
}

static SSL *ssl_new(SSL_CTX *ctx, int fd, struct shake *s)
{
        SSL *ssl = SSL_new(ctx);

        if (ssl == NULL)
                return NULL;
        SSL_CTX_set_tlsext_status_cb(ctx, on_status);
        SSL_CTX_set_tlsext_status_arg(ctx, s);
        SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
        SSL_set_msg_callback(ssl, on_message);
        SSL_set_msg_callback_arg(ssl, s);
        if (SSL_set_fd(ssl, fd) == 1 &&
            set_servername(ssl, s->request->servername)) {
                BIO_set_callback_ex(SSL_get_rbio(ssl), on_read);
                BIO_set_callback_arg(SSL_get_rbio(ssl), (char *)s);
                return ssl;
        }
        SSL_free(ssl);
        return NULL;
}

/* What may help, by OpenSSL's reason code. */
static const char *advice(unsigned long code)
{
        switch (ERR_GET_REASON(code)) {
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
                return "is it a TLS port?";
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
                return "try another of --tls1.2 and --tls1.3, or neither";
        case SSL_R_TLSV1_UNRECOGNIZED_NAME:
                return "name one that the server has with --servername";
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
                return "it may want a client certificate, which this program "
                       "has not";
        default:
                return "look into the server's log";
        }
}

/* The library's reason, or what the socket says. */
static int handshake_failure(SSL *ssl, int rc, struct err *e)
{
        int why = SSL_get_error(ssl, rc);
        unsigned long code = ERR_peek_last_error();
        const char *reason = ERR_reason_error_string(code);

        if (why == SSL_ERROR_SYSCALL && code == 0)
                reason = errno != 0 ? strerror(errno) : "connection closed";
        err_set(e, ERR_DATA, "TLS handshake failed: %s: %s",
            reason != NULL ? reason : "no reason known", advice(code));
        ERR_clear_error();
        return -1;
}

static int negotiate(SSL *ssl, int fd, int64_t deadline, struct err *e)
{
        short events;
        int rc;

        for (;;) {
                ERR_clear_error();
                errno = 0;
                rc = SSL_connect(ssl);
                if (rc == 1)
                        return 0;
                switch (SSL_get_error(ssl, rc)) {
                case SSL_ERROR_WANT_READ:
                        events = POLLIN;
                        break;
                case SSL_ERROR_WANT_WRITE:
                        events = POLLOUT;
                        break;
                default:
                        if (monotonic_ms() >= deadline)
                                return timed_out(e);
                        return handshake_failure(ssl, rc, e);
                }
                if (wait_for(fd, events, deadline, e) != 0)
                        return err_prefix(e, "TLS handshake");
        }
}

static bool has_empty_staple(const struct handshake *h)
{
        return h->certs_len > 0 && h->certs[0].stapled &&
               h->certs[0].staple.len == 0;
}

static int handshake_over(int fd, const struct handshake_request *q,
    int64_t deadline, struct handshake *out, struct err *e)
{
        SSL_CTX *ctx = context_new(q->version);
        struct shake shake = {.request = q, .out = out, .deadline = deadline};
        SSL *ssl = NULL;
        int rc = -1;

        if (ctx != NULL)
                ssl = ssl_new(ctx, fd, &shake);
        if (ssl == NULL) {
                err_set(e, ERR_INTERNAL, "cannot prepare TLS");
                ERR_clear_error();
                goto out;
        }
        rc = negotiate(ssl, fd, deadline, e);
        snprintf(
            out->version, sizeof(out->version), "%s", SSL_get_version(ssl));
        if (rc == 0)
                SSL_shutdown(ssl);
        else if (out->refused || has_empty_staple(out))
                rc = 0;
        if (rc == 0 && out->certs_len == 0)
                rc = err_set(e, ERR_DATA, "the server sent no certificate");
out:
        SSL_free(ssl);
        SSL_CTX_free(ctx);
        return rc;
}

int handshake_run(
    const struct handshake_request *q, struct handshake *out, struct err *e)
{
        int timeout = q->timeout_ms > 0 ? q->timeout_ms : HANDSHAKE_TIMEOUT_MS;
        int64_t deadline = monotonic_ms() + timeout;
        size_t i;
        int fd;
        int rc;

        memset(out, 0, sizeof(*out));
        fd = connect_any(q, deadline, out->address, e);
        if (fd < 0)
                return -1;
        rc = handshake_over(fd, q, deadline, out, e);
        close(fd);
        for (i = 0; i < out->certs_len; i++) {
                if (out->certs[i].staple.failed)
                        rc = err_set(e, ERR_OS, "out of memory");
        }
        return rc == 0 ? 0 : err_prefix(e, "%s", out->address);
}

void handshake_release(struct handshake *h)
{
        size_t i;

        for (i = 0; i < h->certs_len; i++) {
                X509_free(h->certs[i].cert);
                buf_release(&h->certs[i].staple);
        }
        memset(h, 0, sizeof(*h));
}
