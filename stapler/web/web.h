/*
 * A small HTTP server over evhttp, plain or over TLS, in the caller's event
 * loop.  The TLS itself is a matter of whoever makes the connections' SSL
 * objects: this room only carries them.
 */
#ifndef OCSP_LAB_WEB_H
#define OCSP_LAB_WEB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct event_base;
struct ssl_st;
struct web;
struct web_request;

enum {
        WEB_HEADERS_MAX = 16384, /* bytes; more is answered with 400 */
        WEB_BODY_MAX = 65536,    /* nothing we serve takes a body */
        WEB_IDLE_S = 60,         /* between two bytes */
        WEB_NAME_MAX = 256,      /* of a query parameter's value */
};

struct web_spec {
        int fd; /* listening; taken over, also on failure */
        /* The server side of a new TLS connection, or NULL if it cannot be
         * had.  The hook itself NULL: plain HTTP. */
        struct ssl_st *(*secure)(void *arg);
        /* Answers r with web_reply, now or later. */
        void (*handle)(void *arg, struct web_request *r);
        void *arg;
};

/* Accepts nothing before web_accept(w, true): clients wait in the backlog. */
int web_new(struct event_base *base, const struct web_spec *spec,
    struct web **out, struct err *e);
void web_free(struct web *w); /* drops open connections; NULL is fine */

void web_accept(struct web *w, bool on);

/* "GET", "HEAD", "POST", or NULL for what we never answer. */
const char *web_method(const struct web_request *r);
const char *web_path(const struct web_request *r); /* "/status" */
const char *web_host(const struct web_request *r); /* Host header or NULL */

/* Value of a query parameter; false if it is absent or too long. */
bool web_query(
    const struct web_request *r, const char *name, char out[WEB_NAME_MAX]);

/* NULL: plain HTTP. */
struct ssl_st *web_ssl(const struct web_request *r);

/* Exactly once for each request, which it frees; the client may be gone. */
void web_reply(struct web_request *r, int status, const char *content_type,
    struct span body);
void web_reply_text(struct web_request *r, int status, const char *text);

#endif
