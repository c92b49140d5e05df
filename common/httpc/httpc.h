/*
 * A small HTTP client over libevent: http only, one deadline for everything
 * from connecting to the last byte, bounded redirects and size.
 */
#ifndef OCSP_LAB_HTTPC_H
#define OCSP_LAB_HTTPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct event_base;

enum {
        HTTPC_REDIRECTS_MAX = 3,
        HTTPC_TIMEOUT_MS = 10000,
        HTTPC_URL_MAX = 2048,
};

struct httpc_request {
        const char *url;    /* http://host[:port][/path] */
        const char *method; /* NULL: GET, or POST if body.data is set */
        struct span body;
        const char *content_type; /* of body */
        const char *accept;       /* NULL: none */
        /* One header more; NULL: none. */
        const char *header_name, *header_value;
        size_t max_body;   /* bytes; 0 is an error */
        int timeout_ms;    /* <= 0: HTTPC_TIMEOUT_MS */
        bool no_redirects; /* a redirect is then an ordinary answer */
};

struct httpc_response {
        int status;
        char content_type[128]; /* "" if absent; as sent, cut */
        int64_t retry_after;    /* seconds from now; -1: absent */
        int64_t max_age;        /* what is left of Cache-Control max-age (less
                                   the Age of a cache's answer); -1: absent */
        char header[128]; /* what the answer's header_name says, cut; "" if
                             absent or not asked for */
        struct buf body;
};
void httpc_response_release(struct httpc_response *r);

/* Blocks.  Errors: ERR_TRYLATER for what another try may mend (refused, timed
 * out, reset), ERR_DATA for what it will not (not HTTP, too large, too many
 * redirects, not http://), each naming host and port.  An HTTP status, any
 * status, is no error. */
int httpc_fetch(
    const struct httpc_request *q, struct httpc_response *out, struct err *e);

/* The same inside a running loop.  Exactly one call of done, never from
 * within httpc_start; response is NULL on failure, and is released after done
 * returns unless done moved body out (then zero it).  The request's strings
 * and body are copied. */
struct httpc_call;
typedef void httpc_done(
    void *arg, struct httpc_response *response, const struct err *e);
int httpc_start(struct event_base *base, const struct httpc_request *q,
    httpc_done *done, void *arg, struct httpc_call **out, struct err *e);
void httpc_cancel(struct httpc_call *c); /* done is not called; NULL fine */

/* ---- URLs and names ----------------------------------------------------- */

struct httpc_url {
        char scheme[8];
        char host[256];           /* no brackets around IPv6 */
        uint16_t port;            /* 80, 443 if not written */
        char path[HTTPC_URL_MAX]; /* with query; "" if none */
};
int httpc_url_parse(const char *text, struct httpc_url *out, struct err *e);
/* The same, for what is fetched here: http:// only. */
int httpc_url_parse_http(
    const char *text, struct httpc_url *out, struct err *e);

/*
 * Addresses of host as text, in the order to try.  localhost and
 * *.localhost are always 127.0.0.1 and ::1 (RFC 6761 section 6.3; glibc does
 * not).  Others: getaddrinfo, which may block.  At most max; returns how
 * many, or -1.
 */
enum { HTTPC_ADDRESSES_MAX = 8, HTTPC_ADDRESS_TEXT = 64 };
int httpc_resolve(
    const char *host, char out[][HTTPC_ADDRESS_TEXT], int max, struct err *e);

#endif
