/*
 * staple_server CERT KEY STAPLE: a TLS server on a free port of 127.0.0.1,
 * which it prints, that staples the bytes of the file STAPLE whatever they are;
 * other servers want them to be an answer.  Until it is killed.
 */
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned char staple[200000];
static size_t staple_len;

static int on_status(SSL *ssl, void *arg)
{
        unsigned char *copy = OPENSSL_malloc(staple_len + 1);

        (void)arg;
        memcpy(copy, staple, staple_len);
        SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)staple_len);
        return SSL_TLSEXT_ERR_OK;
}

static int listen_anywhere(void)
{
        struct sockaddr_in a = {
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (bind(fd, (struct sockaddr *)&a, len) != 0 || listen(fd, 8) != 0 ||
            getsockname(fd, (struct sockaddr *)&a, &len) != 0)
                return -1;
        printf("%u\n", (unsigned)ntohs(a.sin_port));
        fflush(stdout);
        return fd;
}

int main(int argc, char **argv)
{
        SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
        FILE *f = argc == 4 ? fopen(argv[3], "rb") : NULL;
        SSL *ssl;
        int fd, peer;

        signal(SIGPIPE, SIG_IGN);
        if (f == NULL ||
            SSL_CTX_use_certificate_chain_file(ctx, argv[1]) != 1 ||
            SSL_CTX_use_PrivateKey_file(ctx, argv[2], SSL_FILETYPE_PEM) != 1)
                return 1;
        staple_len = fread(staple, 1, sizeof(staple), f);
        fclose(f);
        SSL_CTX_set_tlsext_status_cb(ctx, on_status);
        fd = listen_anywhere();
        while ((peer = accept(fd, NULL, NULL)) >= 0) {
                ssl = SSL_new(ctx);
                SSL_set_fd(ssl, peer);
                if (SSL_accept(ssl) == 1)
                        SSL_shutdown(ssl);
                SSL_free(ssl);
                close(peer);
        }
        return 1;
}
