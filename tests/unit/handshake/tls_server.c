#include "tls_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int on_status(SSL *ssl, void *arg)
{
        struct tls_server *s = arg;
        unsigned char *copy;

        s->asked = true;
        if (!s->staples)
                return SSL_TLSEXT_ERR_NOACK;
        copy = OPENSSL_malloc(s->staple.len + 1); /* OpenSSL frees it */
        if (s->staple.len > 0)
                memcpy(copy, s->staple.data, s->staple.len);
        SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)s->staple.len);
        return SSL_TLSEXT_ERR_OK;
}

static void on_info(const SSL *ssl, int where, int what)
{
        struct tls_server *s = SSL_get_app_data(ssl);

        if (where == SSL_CB_READ_ALERT)
                s->alert = what & 0xff;
}

static void serve(struct tls_server *s, int fd)
{
        SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
        SSL *ssl;
        const char *name;

        SSL_CTX_use_certificate(ctx, s->leaf->cert);
        SSL_CTX_use_PrivateKey(ctx, s->leaf->key);
        if (s->extra != NULL)
                SSL_CTX_add1_chain_cert(ctx, s->extra->cert);
        SSL_CTX_set_tlsext_status_cb(ctx, on_status);
        SSL_CTX_set_tlsext_status_arg(ctx, s);
        ssl = SSL_new(ctx);
        SSL_set_fd(ssl, fd);
        SSL_set_app_data(ssl, s);
        SSL_set_info_callback(ssl, on_info);
        if (SSL_accept(ssl) == 1)
                SSL_shutdown(ssl);
        name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        if (name != NULL)
                strncpy(s->servername, name, sizeof(s->servername) - 1);
        SSL_free(ssl);
        SSL_CTX_free(ctx);
}

/* Until the client goes, or for so many times: 0 without end. */
static void repeat(int fd, const void *bytes, size_t len, int times)
{
        int n = 0;

        while ((times == 0 || n++ < times) &&
               send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len)
                ;
}

static void *run(void *arg)
{
        struct tls_server *s = arg;
        int fd = accept(s->fd, NULL, NULL);
        char waste[4096] = {0};

        if (fd < 0)
                return NULL;
        switch (s->manner) {
        case SERVE:
                serve(s, fd);
                break;
        case HANG_UP:
                break;
        case FLOOD:
                /* Whole records of them, so that there are always more. */
                memcpy(waste, "\x16\3\3\x0f\xf8", 5);
                repeat(fd, waste, 5 + 0xff8, 0);
                break;
        case GIANT:
                repeat(fd, "\x16\3\3\x40\0\x0b\xff\xff\xff", 9, 1);
                repeat(fd, waste, sizeof(waste), 64);
                break;
        case NOISE:
                repeat(fd, "\x91\x3f\x27\xc5\x1a\xe8\x60\x7d", 8, 10000);
                break;
        case PLAIN:
                (void)!write(fd, "HTTP/1.0 200 OK\r\n\r\n", 19);
                /* fall through */
        case SILENCE:
                while (read(fd, waste, sizeof(waste)) > 0)
                        ;
                break;
        }
        close(fd);
        return NULL;
}

void tls_server_start(struct tls_server *s)
{
        struct sockaddr_in a = {
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(a);

        s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(s->fd, (struct sockaddr *)&a, len), 0);
        assert_int_equal(listen(s->fd, 1), 0);
        assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &len), 0);
        s->port = ntohs(a.sin_port);
        assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
}

void tls_server_stop(struct tls_server *s)
{
        shutdown(s->fd, SHUT_RDWR); /* ends an accept that nobody answered */
        pthread_join(s->thread, NULL);
        close(s->fd);
}
