#include "stapler/web/web.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "stapler/web/internal.h"

struct web_request {
        struct evhttp_request *req; /* NULL: the connection was closed */
        struct evhttp_connection *connection;
};

/* evhttp frees the request with the connection; a late reply must not touch
 * it. */
static void gone(struct evhttp_connection *connection, void *arg)
{
        struct web_request *r = arg;

        (void)connection;
        r->req = NULL;
}

void web_on_request(struct evhttp_request *req, void *arg)
{
        struct web *w = arg;
        struct evhttp_connection *connection =
            evhttp_request_get_connection(req);
        struct web_request *r;

        if (w->magic != WEB_MAGIC)
                return;
        r = calloc(1, sizeof(*r));
        if (r == NULL) {
                evhttp_send_error(req, 503, NULL);
                return;
        }
        r->req = req;
        r->connection = connection;
        evhttp_connection_set_closecb(connection, gone, r);
        w->spec.handle(w->spec.arg, r);
}

const char *web_method(const struct web_request *r)
{
        switch (evhttp_request_get_command(r->req)) {
        case EVHTTP_REQ_GET:
                return "GET";
        case EVHTTP_REQ_HEAD:
                return "HEAD";
        case EVHTTP_REQ_POST:
                return "POST";
        case EVHTTP_REQ_DELETE:
                return "DELETE";
        case EVHTTP_REQ_PUT:
        case EVHTTP_REQ_OPTIONS:
        case EVHTTP_REQ_TRACE:
        case EVHTTP_REQ_CONNECT:
        case EVHTTP_REQ_PATCH:
                break;
        }
        return NULL;
}

const char *web_path(const struct web_request *r)
{
        const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(r->req);
        const char *path = uri == NULL ? NULL : evhttp_uri_get_path(uri);

        return path == NULL || *path == '\0' ? "/" : path;
}

const char *web_header(const struct web_request *r, const char *name)
{
        return evhttp_find_header(
            evhttp_request_get_input_headers(r->req), name);
}

static bool find_field(
    const char *query, const char *name, char out[WEB_NAME_MAX])
{
        struct evkeyvalq pairs;
        const char *value;
        bool found = false;

        if (query == NULL || evhttp_parse_query_str(query, &pairs) != 0)
                return false;
        value = evhttp_find_header(&pairs, name);
        if (value != NULL && strlen(value) < WEB_NAME_MAX) {
                snprintf(out, WEB_NAME_MAX, "%s", value);
                found = true;
        }
        evhttp_clear_headers(&pairs);
        return found;
}

static bool is_form(const struct web_request *r)
{
        static const char form[] = "application/x-www-form-urlencoded";
        const char *type = web_header(r, "Content-Type");

        return type != NULL && strncasecmp(type, form, sizeof(form) - 1) == 0;
}

bool web_query(
    const struct web_request *r, const char *name, char out[WEB_NAME_MAX])
{
        const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(r->req);
        const char *query = uri == NULL ? NULL : evhttp_uri_get_query(uri);
        struct evbuffer *in = evhttp_request_get_input_buffer(r->req);
        char form[8 * WEB_NAME_MAX];
        ev_ssize_t len;

        if (find_field(query, name, out))
                return true;
        if (!is_form(r) || evbuffer_get_length(in) >= sizeof(form))
                return false;
        len = evbuffer_copyout(in, form, sizeof(form) - 1);
        form[len < 0 ? 0 : len] = '\0';
        return find_field(form, name, out);
}

void web_reply(struct web_request *r, int status, const char *content_type,
    struct span body)
{
        struct evkeyvalq *headers;
        char length[32];

        if (r->req == NULL) {
                free(r);
                return;
        }
        evhttp_connection_set_closecb(r->connection, NULL, NULL);
        headers = evhttp_request_get_output_headers(r->req);
        evhttp_add_header(headers, "Content-Type", content_type);
        evhttp_add_header(headers, "Cache-Control", "no-store");
        if (status == 405)
                evhttp_add_header(headers, "Allow", "GET, HEAD, POST, DELETE");
        snprintf(length, sizeof(length), "%zu", body.len);
        evhttp_add_header(headers, "Content-Length", length);
        if (evhttp_request_get_command(r->req) != EVHTTP_REQ_HEAD &&
            body.len > 0)
                evbuffer_add(evhttp_request_get_output_buffer(r->req),
                    body.data, body.len);
        /* NULL: the usual reason phrase. */
        evhttp_send_reply(r->req, status, NULL, NULL);
        free(r);
}

void web_reply_text(struct web_request *r, int status, const char *text)
{
        web_reply(r, status, "text/plain; charset=utf-8",
            (struct span){(const uint8_t *)text, strlen(text)});
}
