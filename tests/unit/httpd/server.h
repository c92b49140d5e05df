/* A server for tests, that tells what it got. */
#ifndef TEST_HTTPD_SERVER_H
#define TEST_HTTPD_SERVER_H

#include <stdatomic.h>
#include <stdint.h>

#include "httpd/httpd.h"

enum { BODY_MAX = 1000, RESET_BIG = 1 << 23 };

struct fixture {
        struct httpd *h;
        int port;
        struct httpd_response *fixed; /* what /fixed gets */
        atomic_uint_fast64_t refused;
        atomic_int calls;
        atomic_int open; /* 1: /gate is answered */
        atomic_uint files;
};

/* /gate is parked until it is opened, /hold holds up its whole thread;
 * /reset and /big-reset end in a reset; /not-modified is 304; everything else
 * gets method, path, body length, header X and query value q.  request_ms: of
 * httpd_options. */
struct fixture *server_with(
    unsigned threads, unsigned connections, int64_t request_ms);
struct fixture *server_new(unsigned threads, unsigned connections);
void server_free(struct fixture *f);

/* Sends, and checks the status and the body of the one response. */
void ask(int fd, const char *request, int status, const char *body);

#endif
