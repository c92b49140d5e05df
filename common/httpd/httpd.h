/*
 * A small HTTP/1.1 server over libmicrohttpd: some threads on one listening
 * socket, whole requests in, ready-made responses out.
 *
 * The Date header is the machine's own time, not the lab's: HTTP caches count
 * with it.
 */
#ifndef OCSP_LAB_HTTPD_H
#define OCSP_LAB_HTTPD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Limits on what a peer may do. */
enum {
        HTTPD_MEMORY = 16384,        /* bytes of request line and headers; more:
                                        414 or 431 */
        HTTPD_DISCARD_MAX = 1 << 20, /* bytes of a body past its limit that we
                                      read in order to say 413; then close */
        HTTPD_IDLE_S = 10,           /* a silent connection is closed */
        HTTPD_REQUEST_MS = 30000,    /* a request is whole so long after the
                                        answer before it, or the connection is
                                        closed: 1 KiB a second for the largest
                                        one */
        HTTPD_THREADS_MAX = 256,
};

/* ---- responses --------------------------------------------------------- */

/* Body and headers, ready to send.  Never changes, so many threads may send
 * it at once; counted references. */
struct httpd_response;

struct httpd_header {
        const char *name;
        const char *value;
};

/* Copies everything.  Content-Length and Date are added when it is sent. */
int httpd_response_new(struct span body, const struct httpd_header *headers,
    size_t len, struct httpd_response **out, struct err *e);
struct httpd_response *httpd_response_ref(struct httpd_response *r);
void httpd_response_unref(struct httpd_response *r); /* NULL is fine */

/* How a response that is made to be wrong, or unusual, goes out. */
enum httpd_framing {
        HTTPD_CHUNKED,     /* without Content-Length, in chunks if the client
                              speaks HTTP/1.1 (RFC 9112 section 7.1) */
        HTTPD_UNTIL_CLOSE, /* without any length: the connection's end is the
                              body's (RFC 9112 section 6.3) */
        HTTPD_CUT_OFF,     /* Content-Length says more than comes before the
                              connection ends */
};
/* Copies everything.  more: how many bytes are missing, of HTTPD_CUT_OFF. */
int httpd_response_framed(enum httpd_framing framing, size_t more,
    struct span body, const struct httpd_header *headers, size_t len,
    struct httpd_response **out, struct err *e);

/*
 * The body is the first len bytes of an open regular file, read piece by piece
 * while it is sent: it is never in memory as a whole.  A file that becomes
 * shorter meanwhile ends the connection, so what comes is never taken for
 * complete.  Takes fd over, also when it fails; *open (may be NULL) is counted
 * down when it is closed.
 */
int httpd_response_file(int fd, uint64_t len,
    const struct httpd_header *headers, size_t headers_len, atomic_uint *open,
    struct httpd_response **out, struct err *e);

/* Borrowed from r; nothing if it is a file. */
struct span httpd_response_body(const struct httpd_response *r);

/* ---- requests ---------------------------------------------------------- */

enum httpd_method { HTTPD_GET, HTTPD_HEAD, HTTPD_POST };

/* One request, complete, lent to the handler for the length of its call. */
struct httpd_request {
        enum httpd_method method;
        const char *path;       /* as it stood on the request line, not decoded,
                                   without scheme, authority, '?' and what follows */
        const char *none_match; /* If-None-Match; NULL if absent */
        struct span body;       /* at most max_body */
        int64_t note;           /* the handler's own; 0 at the first call */
        int drip_ms;        /* the handler's wish; > 0: the response's body goes
                               out byte by byte, that long apart */
        size_t reset_short; /* the handler's wish; > 0: Content-Length says so
                               many bytes more than come, and then the
                               connection is reset (RST), not closed */
        int64_t since_ms;   /* monotonic: when this thread began to work off the
                               requests that had come in; this one has waited
                               since then at least */
};

/* The first header of that name; NULL if absent. */
const char *httpd_request_header(
    const struct httpd_request *q, const char *name);

/* Copies the query's value for key, percent-decoded, into out.  1; 0 if it is
 * absent; -1 if it is longer than size - 1 or holds %00. */
int httpd_request_query(
    const struct httpd_request *q, const char *key, char *out, size_t size);

/* What to do with a request.  Either a response, whose reference passes to
 * httpd, with its status; 304 and HEAD send the headers only.  Or response
 * NULL: park_ms 0 closes the connection without a word, else the handler is
 * called again for the same request after park_ms, or sooner after
 * httpd_wake. */
struct httpd_reply {
        struct httpd_response *response;
        unsigned status;
        int park_ms;
};

/* Called on the server's threads; thread counts from 0. */
typedef struct httpd_reply httpd_handler(
    void *arg, unsigned thread, struct httpd_request *q);

/* ---- the server -------------------------------------------------------- */

struct httpd;

struct httpd_options {
        int fd; /* listening, from listen_open; closed by httpd_stop, and
                   by a httpd_start that fails */
        unsigned threads;         /* 1 to HTTPD_THREADS_MAX */
        unsigned max_connections; /* of all threads together; the next ones
                                     wait in the kernel's queue */
        size_t max_body;          /* bytes; more: 413 and close */
        int64_t request_ms;       /* 0: HTTPD_REQUEST_MS */
        bool post;                /* POST too, not only GET and HEAD; other
                                     methods: 405 with Allow */
        httpd_handler *handler;
        void *arg;
        atomic_uint_fast64_t *refused; /* counts what httpd answers by itself
                                          (400, 405, 413); may be NULL */
};

int httpd_start(
    const struct httpd_options *o, struct httpd **out, struct err *e);

/* Calls the handler again for all parked requests.  From any thread. */
void httpd_wake(struct httpd *h);

/* Takes no more connections, lets requests that have begun come to their end
 * for at most grace_ms (parked ones get 503), joins the threads, frees h.
 * NULL is fine. */
void httpd_stop(struct httpd *h, int grace_ms);

#endif
