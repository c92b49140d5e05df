/* A TLS server for one connection, in a thread. */
#ifndef OCSP_LAB_TEST_TLS_SERVER_H
#define OCSP_LAB_TEST_TLS_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "kitchen.h"

enum manner {
        SERVE,   /* as a server does */
        HANG_UP, /* accept, then close */
        SILENCE, /* accept, then nothing until the client goes */
        PLAIN,   /* speak HTTP without TLS */
        FLOOD,   /* HelloRequests, which are legal, for ever */
        GIANT,   /* a handshake message of 16 MiB begins */
        NOISE,   /* bytes without sense */
};

struct tls_server {
        enum manner manner;
        const struct actor *leaf;
        const struct actor *extra; /* sent after it; NULL: none */
        bool staples;
        struct span staple; /* may be of 0 bytes */
        bool displeases;    /* for who judges it */
        /* set by tls_server_start */
        uint16_t port;
        int fd;
        pthread_t thread;
        /* seen; read after tls_server_stop */
        char servername[256]; /* "" if the client sent none */
        bool asked;           /* for a staple */
        int alert;            /* the last one received; 0: none */
};

void tls_server_start(struct tls_server *s);
void tls_server_stop(struct tls_server *s);

#endif
