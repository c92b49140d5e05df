/*
 * HTTP/1.1 (RFC 9110, 9112) inside TLS: GET and HEAD, of one page or of the
 * files of a folder.
 */
#ifndef OCSP_LAB_HTTP_H
#define OCSP_LAB_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "stapler/engine/engine.h"

enum {
        HTTP_HEAD_MAX = 16384, /* bytes of request line and headers */
        HTTP_PATH_MAX = 2048,  /* of the path in it */
        HTTP_HOST_MAX = 256,
        HTTP_IDLE_MS = 60000,    /* between two requests */
        HTTP_REQUEST_MS = 10000, /* from a request's first byte to its last */
        /* For a response, and for each 8 KiB of it another second: a client
         * slower than that is not waited for. */
        HTTP_RESPONSE_MS = 30000,
        HTTP_PACE = 8192,
};

/* ---- requests ------------------------------------------------------------ */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER };

struct http_request {
        enum http_method method;
        char path[HTTP_PATH_MAX]; /* from '/', percent-decoded, no query */
        char host[HTTP_HOST_MAX]; /* with the port, if one is there; or "" */
        bool keep;                /* the connection, when this is answered */
        bool has_content;         /* which we do not read */
        bool is_conditional;      /* If-Modified-Since, which holds */
        int64_t modified_since;
};

/* Reads a request's head at the start of data: 0, with its length in *used; or
 * -1, if it is not all there yet; or the status that refuses it, after which
 * nothing more can be read of this connection. */
int http_parse(
    const char *data, size_t len, struct http_request *out, size_t *used);

/* ---- files -------------------------------------------------------------- */

struct http_file {
        int fd;
        int64_t size, modified;
        const char *type; /* static */
};

/* A folder to serve; its descriptor in *root.  Needs openat2 (Linux 5.6), by
 * which no path and no link leads out of it. */
int http_root_open(const char *folder, int *root, struct err *e);

/* 200, and the caller owns out->fd; or 404, or 301 if a slash is missing at the
 * end.  A path that ends with a slash means its index.html.  Names that begin
 * with a dot are not there, but for /.well-known. */
int http_file_open(int root, const char *path, struct http_file *out);

/* The same in the folder below the root that has the name of the host, as in
 * http_request. */
int http_file_open_of(
    int root, const char *host, const char *path, struct http_file *out);

/* ---- the service -------------------------------------------------------- */

struct http_spec {
        int root;     /* of http_root_open; -1: only the page */
        bool by_host; /* first in the folder of that host */
        /* Appends the page that is "/", as HTML.  Any thread. */
        void (*page)(void *arg, const struct tls_info *tls,
            const struct http_request *request, struct buf *html);
        void *arg;
};

/* spec must live as long as the engine. */
struct engine_service http_service(const struct http_spec *spec);

#endif
