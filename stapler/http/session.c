#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "base/httpdate.h"
#include "stapler/http/http.h"

enum {
        /* Records of a file in one turn: then it is the others' turn. */
        BURST = 16,
};

struct session {
        const struct http_spec *spec;
        struct engine_connection *c;
        struct buf in;  /* what came and is not read yet */
        struct buf out; /* head, and content that is no file */
        size_t out_at;
        struct http_file file; /* content; fd -1: none */
        int64_t file_at;
        bool answering;
        bool last; /* nothing is read after this answer */
};

/* ---- answers ------------------------------------------------------------ */

static const char *reason_of(int status)
{
        switch (status) {
        case 200:
                return "OK";
        case 301:
                return "Moved Permanently";
        case 304:
                return "Not Modified";
        case 404:
                return "Not Found";
        case 405:
                return "Method Not Allowed";
        case 414:
                return "URI Too Long";
        case 431:
                return "Request Header Fields Too Large";
        case 500:
                return "Internal Server Error";
        case 505:
                return "HTTP Version Not Supported";
        }
        return "Bad Request";
}

/* Dates in headers are the world's, not the lab's. */
static void begin_head(struct session *s, int status)
{
        char date[HTTP_DATE_MAX];

        buf_printf(&s->out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status,
            reason_of(status), http_date((int64_t)time(NULL), date));
        if (status == 405)
                buf_append_text(&s->out, "Allow: GET, HEAD\r\n");
        if (s->last)
                buf_append_text(&s->out, "Connection: close\r\n");
}

static void end_head(struct session *s, const char *type, int64_t length)
{
        buf_printf(&s->out,
            "Content-Type: %s\r\nX-Content-Type-Options: nosniff\r\n"
            "Content-Length: %lld\r\n\r\n",
            type, (long long)length);
}

static void answer_text(
    struct session *s, int status, const char *text, bool with_body)
{
        begin_head(s, status);
        end_head(s, "text/plain; charset=utf-8", (int64_t)strlen(text));
        if (with_body)
                buf_append_text(&s->out, text);
}

static void answer_page(struct session *s, const struct http_request *r)
{
        struct tls_info tls = tls_info(engine_tls(s->c));
        struct buf html = {0};

        s->spec->page(s->spec->arg, &tls, r, &html);
        s->out.failed |= html.failed;
        begin_head(s, 200);
        buf_append_text(&s->out, "Cache-Control: no-store\r\n");
        end_head(s, "text/html; charset=utf-8", (int64_t)html.len);
        if (r->method == HTTP_GET)
                buf_append(&s->out, html.data, html.len);
        buf_release(&html);
}

/* A path may hold anything; as a header's value it must not. */
static void append_path(struct buf *out, const char *path)
{
        for (; *path != '\0'; path++) {
                if (strchr("/-._~", *path) != NULL ||
                    (*path >= '0' && *path <= '9') ||
                    (*path >= 'a' && *path <= 'z') ||
                    (*path >= 'A' && *path <= 'Z'))
                        buf_append(out, path, 1);
                else
                        buf_printf(out, "%%%02X", (unsigned char)*path);
        }
}

static void answer_moved(struct session *s, const struct http_request *r)
{
        begin_head(s, 301);
        buf_append_text(&s->out, "Location: ");
        append_path(&s->out, r->path);
        buf_append_text(&s->out, "/\r\n");
        end_head(s, "text/plain; charset=utf-8", 0);
}

/* A file that was written within this second may be written once more in it:
 * its date says nothing yet (RFC 9110 section 8.8.2.2). */
static void answer_found(struct session *s, const struct http_request *r)
{
        bool dated = s->file.modified + 2 <= (int64_t)time(NULL);
        char date[HTTP_DATE_MAX];
        bool same =
            dated && r->is_conditional && s->file.modified <= r->modified_since;

        begin_head(s, same ? 304 : 200);
        if (dated)
                buf_printf(&s->out, "Last-Modified: %s\r\n",
                    http_date(s->file.modified, date));
        if (same)
                buf_append_text(&s->out, "\r\n");
        else
                end_head(s, s->file.type, s->file.size);
        s->file_at = 0;
        if (!same && r->method == HTTP_GET)
                return;
        close(s->file.fd);
        s->file.fd = -1;
}

static void answer_file(struct session *s, const struct http_request *r)
{
        int status = 404;

        if (s->spec->by_host)
                status = http_file_open_of(
                    s->spec->root, r->host, r->path, &s->file);
        if (status == 404)
                status = http_file_open(s->spec->root, r->path, &s->file);
        if (status == 200) {
                answer_found(s, r);
                return;
        }
        s->file.fd = -1;
        if (status == 301)
                answer_moved(s, r);
        else
                answer_text(s, 404, "not found\n", r->method == HTTP_GET);
}

static void answer(struct session *s, const struct http_request *r)
{
        s->last = !r->keep || r->has_content || engine_is_stopping(s->c);
        if (r->method == HTTP_OTHER)
                answer_text(s, 405, "only GET and HEAD\n", true);
        else if (s->spec->root >= 0)
                answer_file(s, r);
        else if (strcmp(r->path, "/") == 0)
                answer_page(s, r);
        else
                answer_text(s, 404, "there is only /\n", r->method == HTTP_GET);
}

/* ---- reading ------------------------------------------------------------ */

static void forget(struct buf *in, size_t len)
{
        in->len -= len;
        if (in->len == 0)
                buf_release(in); /* idle connections keep no memory */
        else
                memmove(in->data, in->data + len, in->len);
}

static void begin_answer(struct session *s)
{
        int64_t length = (int64_t)s->out.len;

        if (s->file.fd >= 0)
                length += s->file.size;
        s->answering = true;
        engine_deadline(s->c, HTTP_RESPONSE_MS + length * 1000 / HTTP_PACE);
}

/* false: not all of a request is there. */
static bool take_request(struct session *s)
{
        struct http_request r;
        size_t used = 0;
        int status;

        if (s->in.len == 0)
                return false;
        status = http_parse((const char *)s->in.data, s->in.len, &r, &used);
        if (status < 0)
                return false;
        if (status == 0) {
                answer(s, &r);
                forget(&s->in, used);
        } else {
                s->last = true;
                answer_text(s, status, "this is no request for us\n", true);
        }
        begin_answer(s);
        return true;
}

static enum engine_step receive(struct session *s, bool *more)
{
        uint8_t *scratch = engine_scratch(s->c);
        size_t got;

        *more = false;
        switch (tls_read(engine_tls(s->c), scratch, ENGINE_SCRATCH, &got)) {
        case TLS_DONE:
                if (s->in.len == 0)
                        engine_deadline(s->c, HTTP_REQUEST_MS);
                buf_append(&s->in, scratch, got);
                *more = !s->in.failed;
                return *more ? ENGINE_WAIT : ENGINE_DROP;
        case TLS_WAIT:
                return ENGINE_WAIT;
        case TLS_ENDED:
                return ENGINE_LEAVE;
        case TLS_MISSING:
        case TLS_HELD:
        case TLS_BROKEN:
                break;
        }
        return ENGINE_DROP;
}

/* ---- sending ------------------------------------------------------------ */

static enum tls_io send_out(struct session *s)
{
        enum tls_io rc = TLS_DONE;
        size_t taken;

        while (rc == TLS_DONE && s->out_at < s->out.len) {
                rc = tls_write(engine_tls(s->c), s->out.data + s->out_at,
                    s->out.len - s->out_at, &taken);
                s->out_at += taken;
        }
        if (rc == TLS_DONE) {
                buf_release(&s->out);
                s->out_at = 0;
        }
        return rc;
}

/* One record.  A file that has become shorter meanwhile cannot be what was
 * announced: the connection breaks, so that the client knows. */
static enum tls_io send_piece(struct session *s)
{
        uint8_t *scratch = engine_scratch(s->c);
        int64_t left = s->file.size - s->file_at;
        size_t want = left < ENGINE_SCRATCH ? (size_t)left : ENGINE_SCRATCH;
        size_t taken;
        ssize_t n = pread(s->file.fd, scratch, want, s->file_at);
        enum tls_io rc;

        if (n != (ssize_t)want)
                return TLS_BROKEN;
        rc = tls_write(engine_tls(s->c), scratch, want, &taken);
        s->file_at += (int64_t)taken;
        return rc;
}

static enum tls_io send_file(struct session *s, bool *burst)
{
        enum tls_io rc = TLS_DONE;
        int i;

        *burst = false;
        if (s->file.fd < 0)
                return TLS_DONE;
        for (i = 0; rc == TLS_DONE && s->file_at < s->file.size; i++) {
                if (i == BURST) {
                        *burst = true;
                        return TLS_DONE;
                }
                rc = send_piece(s);
        }
        if (rc == TLS_DONE) {
                close(s->file.fd);
                s->file.fd = -1;
        }
        return rc;
}

/* ---- the session -------------------------------------------------------- */

static enum engine_step send_answer(struct session *s)
{
        bool burst = false;
        enum tls_io rc = s->out.failed ? TLS_BROKEN : send_out(s);

        if (rc == TLS_DONE)
                rc = send_file(s, &burst);
        if (rc == TLS_BROKEN)
                return ENGINE_DROP;
        if (burst)
                return ENGINE_AGAIN;
        if (rc == TLS_DONE) {
                s->answering = false;
                engine_deadline(
                    s->c, s->in.len > 0 ? HTTP_REQUEST_MS : HTTP_IDLE_MS);
        }
        return ENGINE_WAIT;
}

static enum engine_step turn(void *session)
{
        struct session *s = session;
        enum engine_step step;
        bool more = true;

        while (more) {
                if (!s->answering && !take_request(s)) {
                        step = receive(s, &more);
                        if (step != ENGINE_WAIT)
                                return step;
                        continue;
                }
                step = send_answer(s);
                if (step != ENGINE_WAIT || s->answering)
                        return step;
                if (s->last)
                        return ENGINE_END;
        }
        return ENGINE_WAIT;
}

static void *open_session(void *arg, struct engine_connection *c)
{
        struct session *s = calloc(1, sizeof(*s));

        if (s == NULL)
                return NULL;
        s->spec = arg;
        s->c = c;
        s->file.fd = -1;
        engine_deadline(c, HTTP_IDLE_MS);
        return s;
}

static void close_session(void *session)
{
        struct session *s = session;

        if (s->file.fd >= 0)
                close(s->file.fd);
        buf_release(&s->in);
        buf_release(&s->out);
        free(s);
}

static bool is_idle(const void *session)
{
        const struct session *s = session;

        return !s->answering && s->in.len == 0;
}

struct engine_service http_service(const struct http_spec *spec)
{
        union {
                const struct http_spec *in;
                void *out;
        } arg = {spec};

        return (struct engine_service){.open = open_session,
            .turn = turn,
            .close = close_session,
            .is_idle = is_idle,
            .arg = arg.out};
}
