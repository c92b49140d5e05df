#include "httpd/internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes of a file that are read at once. */
enum { PIECE = 65536 };

/*
 * libmicrohttpd counts its own references while it sends, so the object can
 * outlive our last reference: it is freed by libmicrohttpd's callback.
 */
struct httpd_response {
        atomic_uint refs;
        struct MHD_Response *mhd;
        int fd;            /* of a file, else -1 */
        atomic_uint *open; /* counts the open ones; may be NULL */
        size_t len;        /* of body */
        uint8_t body[];
};

struct httpd_response *httpd_response_ref(struct httpd_response *r)
{
        atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
        return r;
}

void httpd_response_unref(struct httpd_response *r)
{
        if (r != NULL &&
            atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) == 1)
                MHD_destroy_response(r->mhd);
}

struct span httpd_response_body(const struct httpd_response *r)
{
        return (struct span){r->body, r->len};
}

struct MHD_Response *response_mhd(struct httpd_response *r)
{
        return r->mhd;
}

static enum MHD_Result copy_header(
    void *to, enum MHD_ValueKind kind, const char *name, const char *value)
{
        (void)kind;
        return MHD_add_response_header(to, name, value);
}

void response_copy_headers(struct httpd_response *r, struct MHD_Response *to)
{
        MHD_get_response_headers(r->mhd, copy_header, to);
}

/* ---- making ------------------------------------------------------------ */

/* Called by libmicrohttpd when nobody sends it any more. */
static void response_free(void *response)
{
        struct httpd_response *r = response;

        if (r->fd >= 0)
                close(r->fd);
        if (r->open != NULL)
                atomic_fetch_sub(r->open, 1);
        free(r);
}

static struct httpd_response *response_alloc(size_t len)
{
        struct httpd_response *r = malloc(sizeof(*r) + len);

        if (r == NULL)
                return NULL;
        atomic_init(&r->refs, 1);
        r->fd = -1;
        r->open = NULL;
        r->len = len;
        return r;
}

/* r->mhd is NULL if it could not be made.  r becomes *out or is freed. */
static int response_finish(struct httpd_response *r,
    const struct httpd_header *headers, size_t len, struct httpd_response **out,
    struct err *e)
{
        size_t i;

        if (r->mhd == NULL) {
                response_free(r);
                return err_set(e, ERR_OS, "HTTP response: out of memory");
        }
        for (i = 0; i < len; i++) {
                if (MHD_add_response_header(
                        r->mhd, headers[i].name, headers[i].value) == MHD_YES)
                        continue;
                err_set(e, ERR_INTERNAL, "HTTP header %s is not valid",
                    headers[i].name);
                MHD_destroy_response(r->mhd);
                return -1;
        }
        *out = r;
        return 0;
}

int httpd_response_new(struct span body, const struct httpd_header *headers,
    size_t len, struct httpd_response **out, struct err *e)
{
        struct httpd_response *r = response_alloc(body.len);

        if (r == NULL)
                return err_errno(e, ERR_OS, "HTTP response");
        if (body.len > 0)
                memcpy(r->body, body.data, body.len);
        r->mhd = MHD_create_response_from_buffer_with_free_callback_cls(
            body.len, r->body, response_free, r);
        return response_finish(r, headers, len, out, e);
}

/* ---- odd framing ------------------------------------------------------- */

static ssize_t copy_body(void *response, uint64_t at, char *out, size_t max)
{
        const struct httpd_response *r = response;
        size_t n = r->len - (size_t)at;

        if (n == 0)
                return MHD_CONTENT_READER_END_OF_STREAM;
        n = n < max ? n : max;
        memcpy(out, r->body + at, n);
        return (ssize_t)n;
}

static ssize_t copy_and_break(
    void *response, uint64_t at, char *out, size_t max)
{
        ssize_t n = copy_body(response, at, out, max);

        return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

static struct MHD_Response *framed(
    struct httpd_response *r, enum httpd_framing framing, size_t more)
{
        switch (framing) {
        case HTTPD_CHUNKED:
        case HTTPD_UNTIL_CLOSE:
                return MHD_create_response_from_callback(
                    MHD_SIZE_UNKNOWN, PIECE, copy_body, r, response_free);
        case HTTPD_CUT_OFF:
                return MHD_create_response_from_callback(
                    r->len + more, PIECE, copy_and_break, r, response_free);
        }
        return NULL;
}

int httpd_response_framed(enum httpd_framing framing, size_t more,
    struct span body, const struct httpd_header *headers, size_t len,
    struct httpd_response **out, struct err *e)
{
        struct httpd_response *r = response_alloc(body.len);

        if (r == NULL)
                return err_errno(e, ERR_OS, "HTTP response");
        if (body.len > 0)
                memcpy(r->body, body.data, body.len);
        r->mhd = framed(r, framing, more);
        if (response_finish(r, headers, len, out, e) != 0)
                return -1;
        /* As for a client of HTTP/1.0, which knows no chunks. */
        if (framing == HTTPD_UNTIL_CLOSE &&
            MHD_set_response_options((*out)->mhd,
                MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END) != MHD_YES) {
                httpd_response_unref(*out);
                return err_set(e, ERR_INTERNAL, "HTTP response");
        }
        return 0;
}

/* ---- files ------------------------------------------------------------- */

static ssize_t read_piece(void *response, uint64_t at, char *out, size_t max)
{
        const struct httpd_response *r = response;
        ssize_t n = pread(r->fd, out, max, (off_t)at);

        /* Shorter than it was: the connection ends before Content-Length. */
        return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

int httpd_response_file(int fd, uint64_t len,
    const struct httpd_header *headers, size_t headers_len, atomic_uint *open,
    struct httpd_response **out, struct err *e)
{
        struct httpd_response *r = response_alloc(0);

        if (r == NULL) {
                close(fd);
                if (open != NULL)
                        atomic_fetch_sub(open, 1);
                return err_errno(e, ERR_OS, "HTTP response");
        }
        r->fd = fd;
        r->open = open;
        r->mhd = MHD_create_response_from_callback(
            len, PIECE, read_piece, r, response_free);
        return response_finish(r, headers, headers_len, out, e);
}
