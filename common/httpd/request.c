#include "httpd/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"

#define CALL_MAGIC UINT32_C(0x0c5bca11)

/* Used calls that a thread keeps for the next requests. */
enum { SPARE_MAX = 64 };

/* The public struct is inside the private one. */
static const struct call *call_of(const struct httpd_request *q)
{
        return (const struct call *)((const char *)q -
                                     offsetof(struct call, request));
}

/* ---- begin ------------------------------------------------------------- */

static struct call *call_new(struct loop *l)
{
        struct call *c = l->spare;

        if (c == NULL)
                return calloc(1, sizeof(*c));
        l->spare = c->next;
        l->spare_len--;
        return c;
}

static void call_free(struct loop *l, struct call *c)
{
        if (l->spare_len >= SPARE_MAX) {
                buf_release(&c->body);
                free(c);
                return;
        }
        buf_clear(&c->body);
        *c = (struct call){.body = c->body, .next = l->spare};
        l->spare = c;
        l->spare_len++;
}

void calls_free_spare(struct loop *l)
{
        while (l->spare != NULL) {
                struct call *c = l->spare;

                l->spare = c->next;
                buf_release(&c->body);
                free(c);
        }
}

/* The absolute form too, RFC 9112 section 3.2.2. */
static const char *path_of(const char *url)
{
        const char *slash;

        if (url[0] == '/' || strncasecmp(url, "http://", 7) != 0)
                return url;
        slash = strchr(url + 7, '/');
        return slash != NULL ? slash : "/";
}

static bool method_of(
    const struct httpd *h, const char *text, enum httpd_method *out)
{
        if (strcmp(text, "GET") == 0)
                *out = HTTPD_GET;
        else if (strcmp(text, "HEAD") == 0)
                *out = HTTPD_HEAD;
        else if (strcmp(text, "POST") == 0 && h->options.post)
                *out = HTTPD_POST;
        else
                return false;
        return true;
}

/* Those that are asked for each time, in one pass; the first of each name. */
static enum MHD_Result note_header(void *call, enum MHD_ValueKind kind,
    const char *name, size_t len, const char *value, size_t value_len)
{
        static const struct {
                const char *name;
                size_t len, at;
        } noted[] = {
            {"Content-Length", 14, offsetof(struct call, length)},
            {"Transfer-Encoding", 17, offsetof(struct call, coding)},
            {"If-None-Match", 13, offsetof(struct call, request.none_match)},
        };
        size_t i;

        (void)kind;
        (void)value_len;
        for (i = 0; i < sizeof(noted) / sizeof(noted[0]); i++) {
                const char **to =
                    (const char **)(void *)((char *)call + noted[i].at);

                if (len == noted[i].len && *to == NULL &&
                    strncasecmp(name, noted[i].name, len) == 0)
                        *to = value;
        }
        return MHD_YES;
}

/* A length beside a transfer coding may be an attempt at request smuggling
 * (RFC 9112 section 6.1); libmicrohttpd 0.9.75 takes it. */
static bool framing_is_sound(const struct call *c)
{
        return c->coding == NULL || c->length == NULL;
}

/* So long that reading it to its end is not worth a polite answer. */
static bool length_is_absurd(const struct loop *l, const struct call *c)
{
        return c->length != NULL &&
               strtoull(c->length, NULL, 10) >
                   l->server->options.max_body + HTTPD_DISCARD_MAX;
}

static void call_refuse(struct call *c, enum refusal why)
{
        c->refused = true;
        c->why = why;
}

static enum MHD_Result call_begin(struct loop *l,
    struct MHD_Connection *connection, const char *url, const char *method,
    void **con_cls)
{
        struct call *c = call_new(l);

        if (c == NULL)
                return MHD_NO;
        c->magic = CALL_MAGIC;
        c->connection = connection;
        c->peer = peer_of(connection);
        c->request.path = path_of(url);
        *con_cls = c;
        l->in_flight++;
        MHD_get_connection_values_n(
            connection, MHD_HEADER_KIND, note_header, c);
        if (length_is_absurd(l, c))
                return refuse(l, c, REFUSAL_TOO_LARGE);
        if (!framing_is_sound(c))
                return refuse(l, c, REFUSAL_BAD_REQUEST);
        if (!method_of(l->server, method, &c->request.method))
                call_refuse(c, REFUSAL_METHOD);
        return MHD_YES;
}

/* ---- body -------------------------------------------------------------- */

static enum MHD_Result call_body(
    struct loop *l, struct call *c, const char *data, size_t len)
{
        size_t room = l->server->options.max_body - c->body.len;

        if (!c->refused && len <= room) {
                buf_append(&c->body, data, len);
                return c->body.failed ? MHD_NO : MHD_YES;
        }
        if (!c->refused)
                call_refuse(c, REFUSAL_TOO_LARGE);
        c->discarded += len;
        return c->discarded > HTTPD_DISCARD_MAX ? MHD_NO : MHD_YES;
}

/* ---- answer ------------------------------------------------------------ */

void call_suspend(struct loop *l, struct call *c, int ms)
{
        c->wake_at = monotonic_ms() + ms;
        c->next = l->parked;
        l->parked = c;
        MHD_suspend_connection(c->connection);
}

static enum MHD_Result call_park(struct loop *l, struct call *c, int ms)
{
        if (atomic_load(&l->server->stopping))
                return refuse(l, c, REFUSAL_STOPPING);
        call_suspend(l, c, ms);
        return MHD_YES;
}

static enum MHD_Result call_answer(struct loop *l, struct call *c)
{
        const struct httpd_options *o = &l->server->options;
        struct httpd_reply r;
        enum MHD_Result rc;

        if (c->peer != NULL)
                c->peer->whole = true;
        if (c->refused)
                return refuse(l, c, c->why);
        c->request.body = buf_span(&c->body);
        c->request.since_ms = l->turn_ms;
        r = o->handler(o->arg, l->index, &c->request);
        if (r.response != NULL) {
                if (c->request.drip_ms > 0)
                        rc = drip_queue(l, c, r.response, r.status);
                else if (c->request.reset_short > 0)
                        rc = reset_queue(l, c, r.response, r.status);
                else
                        rc = MHD_queue_response(
                            c->connection, r.status, response_mhd(r.response));
                httpd_response_unref(r.response);
                return rc;
        }
        return r.park_ms > 0 ? call_park(l, c, r.park_ms) : MHD_NO;
}

enum MHD_Result call_step(void *loop, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *upload_data, size_t *upload_data_size, void **con_cls)
{
        struct loop *l = loop;
        struct call *c = *con_cls;
        size_t len = *upload_data_size;

        (void)version;
        if (c == NULL)
                return call_begin(l, connection, url, method, con_cls);
        if (c->magic != CALL_MAGIC)
                return MHD_NO;
        if (len == 0)
                return call_answer(l, c);
        *upload_data_size = 0;
        return call_body(l, c, upload_data, len);
}

void call_completed(void *loop, struct MHD_Connection *connection,
    void **con_cls, enum MHD_RequestTerminationCode how)
{
        struct loop *l = loop;
        struct call *c = *con_cls;

        (void)connection;
        (void)how;
        if (c == NULL || c->magic != CALL_MAGIC)
                return;
        *con_cls = NULL;
        if (c->peer != NULL) {
                c->peer->whole = false;
                c->peer->since_ms = l->turn_ms;
        }
        l->in_flight--;
        call_free(l, c);
}

/* Decoding in place would hide what was sent: %00 would end the path. */
size_t call_keep_raw(void *cls, struct MHD_Connection *connection, char *text)
{
        (void)cls;
        (void)connection;
        return strlen(text);
}

/* ---- parked ------------------------------------------------------------ */

void calls_resume(struct loop *l, int64_t now, bool all)
{
        struct call **at = &l->parked;

        while (*at != NULL) {
                struct call *c = *at;

                if (!all && c->wake_at > now) {
                        at = &c->next;
                        continue;
                }
                *at = c->next;
                MHD_resume_connection(c->connection);
        }
}

int calls_timeout(const struct loop *l, int64_t now)
{
        const struct call *c;
        int64_t least = INT64_MAX;

        for (c = l->parked; c != NULL; c = c->next)
                if (c->wake_at < least)
                        least = c->wake_at;
        if (least == INT64_MAX)
                return -1;
        if (least <= now)
                return 0;
        return least - now > INT32_MAX ? INT32_MAX : (int)(least - now);
}

/* ---- what the handler reads -------------------------------------------- */

const char *httpd_request_header(
    const struct httpd_request *q, const char *name)
{
        return MHD_lookup_connection_value(
            call_of(q)->connection, MHD_HEADER_KIND, name);
}

static int hex_digit(char c)
{
        static const char digits[] = "0123456789abcdef";
        const char *at = c == '\0' ? NULL : strchr(digits, c | 0x20);

        return at == NULL ? -1 : (int)(at - digits);
}

int httpd_request_query(
    const struct httpd_request *q, const char *key, char *out, size_t size)
{
        const char *in = MHD_lookup_connection_value(
            call_of(q)->connection, MHD_GET_ARGUMENT_KIND, key);
        size_t n;

        if (in == NULL)
                return 0;
        for (n = 0; *in != '\0'; n++) {
                int hi = *in == '%' ? hex_digit(in[1]) : -1;
                int lo = hi >= 0 ? hex_digit(in[2]) : -1;

                if (n + 1 >= size || (lo >= 0 && hi + lo == 0))
                        return -1;
                out[n] = lo >= 0 ? (char)(hi << 4 | lo) : *in;
                in += lo >= 0 ? 3 : 1;
        }
        out[n] = '\0';
        return 1;
}
