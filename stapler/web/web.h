/*
 * A small plain HTTP server over evhttp, in the caller's event loop: for the
 * status listener.
 */
#ifndef OCSP_LAB_WEB_H
#define OCSP_LAB_WEB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct event_base;
struct web;
struct web_request;

enum {
        WEB_HEADERS_MAX = 16384, /* bytes; more is answered with 400 */
        WEB_BODY_MAX = 65536,    /* forms of a few fields */
        WEB_IDLE_S = 60,         /* between two bytes */
        WEB_NAME_MAX = 256,      /* of a query parameter's value */
};

struct web_spec {
        int fd; /* listening; taken over, also on failure */
        /* Answers r with web_reply, now or later. */
        void (*handle)(void *arg, struct web_request *r);
        void *arg;
};

/* Accepts nothing before web_accept(w, true): clients wait in the backlog. */
int web_new(struct event_base *base, const struct web_spec *spec,
    struct web **out, struct err *e);
void web_free(struct web *w); /* drops open connections; NULL is fine */

void web_accept(struct web *w, bool on);

/* "GET", "HEAD", "POST", "DELETE", or NULL for what we never answer. */
const char *web_method(const struct web_request *r);
const char *web_path(const struct web_request *r); /* "/status" */

/* The first header of that name; NULL if absent. */
const char *web_header(const struct web_request *r, const char *name);

/* Value of a query parameter, or of a field of the form that is the body; false
 * if it is absent or too long. */
bool web_query(
    const struct web_request *r, const char *name, char out[WEB_NAME_MAX]);

/* Exactly once for each request, which it frees; the client may be gone. */
void web_reply(struct web_request *r, int status, const char *content_type,
    struct span body);
void web_reply_text(struct web_request *r, int status, const char *text);

#endif
