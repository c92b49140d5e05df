#include "httpc/httpc.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpc/internal.h"

/* A responder's answer has a handful of headers. */
enum { HEADERS_LIMIT = 16384 };

/* evhttp has a time limit of its own for each step.  Ours covers them all, so
 * evhttp's is put out of the way. */
enum { EVHTTP_STEP_SECONDS = 24 * 3600 };

enum failure {
        NOT_FAILED,
        NO_CONNECTION, /* the next address may work */
        FAILED,
};

/*
 * One call.  evhttp's callbacks only note what came (a connection must not be
 * freed in them) and make `step` run, which goes on to the next address or
 * the next redirect, or ends the call.
 */
struct httpc_call {
        struct event_base *base;
        httpc_done *done;
        void *arg;
        struct event *deadline;
        struct event *step;

        struct httpc_url url;
        char *method;
        struct buf body;
        char *content_type;
        char *accept;
        char *header_name, *header_value; /* NULL: none */
        size_t max_body;
        int timeout_ms;
        bool no_redirects;
        int redirects;

        char addresses[HTTPC_ADDRESSES_MAX][HTTPC_ADDRESS_TEXT];
        int addresses_len;
        int address; /* the one in use */
        struct evhttp_connection *connection;

        enum failure failure;
        struct err err;
        struct httpc_response response;
        char *location;
};

static void call_free(struct httpc_call *c)
{
        if (c->connection != NULL)
                evhttp_connection_free(c->connection);
        if (c->deadline != NULL)
                event_free(c->deadline);
        if (c->step != NULL)
                event_free(c->step);
        httpc_response_release(&c->response);
        buf_release(&c->body);
        free(c->method);
        free(c->content_type);
        free(c->accept);
        free(c->header_name);
        free(c->header_value);
        free(c->location);
        free(c);
}

void httpc_cancel(struct httpc_call *c)
{
        if (c != NULL)
                call_free(c);
}

/* Ends the call: done once, with what the call holds. */
static void finish(struct httpc_call *c)
{
        if (c->failure == NOT_FAILED)
                c->done(c->arg, &c->response, &c->err);
        else
                c->done(c->arg, NULL, &c->err);
        call_free(c);
}

static void fail(struct httpc_call *c, enum failure failure, enum err_code code,
    const char *why)
{
        char authority[HTTPC_AUTHORITY_MAX];

        httpc_authority(&c->url, authority);
        c->failure = failure;
        err_set(&c->err, code, "%s: %s", authority, why);
        event_active(c->step, EV_TIMEOUT, 0);
}

static void expire(evutil_socket_t fd, short what, void *arg)
{
        struct httpc_call *c = arg;
        char why[64];

        (void)fd;
        (void)what;
        snprintf(
            why, sizeof(why), "no complete answer within %d ms", c->timeout_ms);
        fail(c, FAILED, ERR_TRYLATER, why);
}

/* ---- what evhttp reports ------------------------------------------------ */

/* Runs before answered(NULL).  Not called when there was no connection. */
static void broken(enum evhttp_request_error error, void *arg)
{
        struct httpc_call *c = arg;
        char why[96];

        switch (error) {
        case EVREQ_HTTP_INVALID_HEADER:
                fail(c, FAILED, ERR_DATA,
                    "the answer is not HTTP, or has too many headers");
                return;
        case EVREQ_HTTP_DATA_TOO_LONG:
                snprintf(why, sizeof(why),
                    "the answer is larger than the limit of %zu bytes",
                    c->max_body);
                fail(c, FAILED, ERR_DATA, why);
                return;
        case EVREQ_HTTP_TIMEOUT:
        case EVREQ_HTTP_EOF:
        case EVREQ_HTTP_BUFFER_ERROR:
        case EVREQ_HTTP_REQUEST_CANCEL:
                break;
        }
        fail(c, FAILED, ERR_TRYLATER,
            "the connection was closed before the answer was complete");
}

/* evhttp keeps errno of a failed connect for us, but not always. */
static void not_connected(struct httpc_call *c)
{
        char why[96];

        switch (errno) {
        case ECONNREFUSED:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case ETIMEDOUT:
        case EACCES:
                snprintf(
                    why, sizeof(why), "cannot connect: %s", strerror(errno));
                fail(c, NO_CONNECTION, ERR_TRYLATER, why);
                return;
        }
        fail(c, NO_CONNECTION, ERR_TRYLATER, "cannot connect");
}

static void take_body(struct httpc_call *c, struct evbuffer *in)
{
        size_t len = evbuffer_get_length(in);
        const uint8_t *data = evbuffer_pullup(in, -1);

        if (len > 0 && data != NULL)
                buf_append(&c->response.body, data, len);
        if (c->response.body.failed || (len > 0 && data == NULL)) {
                fail(c, FAILED, ERR_OS, "out of memory");
                return;
        }
        event_active(c->step, EV_TIMEOUT, 0);
}

static void answered(struct evhttp_request *req, void *arg)
{
        struct httpc_call *c = arg;
        struct evkeyvalq *headers;
        const char *value;

        if (c->failure != NOT_FAILED)
                return;
        if (req == NULL || evhttp_request_get_response_code(req) == 0) {
                not_connected(c);
                return;
        }
        headers = evhttp_request_get_input_headers(req);
        c->response.status = evhttp_request_get_response_code(req);
        value = evhttp_find_header(headers, "Content-Type");
        if (value != NULL)
                snprintf(c->response.content_type,
                    sizeof(c->response.content_type), "%s", value);
        c->response.retry_after =
            httpc_retry_after(evhttp_find_header(headers, "Retry-After"),
                evhttp_find_header(headers, "Date"));
        c->response.max_age =
            httpc_max_age(evhttp_find_header(headers, "Cache-Control"),
                evhttp_find_header(headers, "Age"));
        if (c->header_name != NULL &&
            (value = evhttp_find_header(headers, c->header_name)) != NULL)
                snprintf(c->response.header, sizeof(c->response.header), "%s",
                    value);
        value = evhttp_find_header(headers, "Location");
        c->location = value == NULL ? NULL : strdup(value);
        take_body(c, evhttp_request_get_input_buffer(req));
}

/* ---- sending ------------------------------------------------------------ */

static int add_headers(struct httpc_call *c, struct evkeyvalq *headers)
{
        char authority[HTTPC_AUTHORITY_MAX];
        int rc;

        httpc_authority(&c->url, authority);
        rc = evhttp_add_header(headers, "Host", authority);
        rc |= evhttp_add_header(headers, "Connection", "close");
        rc |= evhttp_add_header(
            headers, "User-Agent", "ocsp-lab/" OCSP_LAB_VERSION);
        if (c->accept != NULL)
                rc |= evhttp_add_header(headers, "Accept", c->accept);
        if (c->header_name != NULL)
                rc |=
                    evhttp_add_header(headers, c->header_name, c->header_value);
        if (c->body.len > 0 && c->content_type != NULL)
                rc |=
                    evhttp_add_header(headers, "Content-Type", c->content_type);
        return rc;
}

static int command_of(const char *method, enum evhttp_cmd_type *out)
{
        static const struct {
                const char *name;
                enum evhttp_cmd_type type;
        } commands[] = {{"GET", EVHTTP_REQ_GET}, {"POST", EVHTTP_REQ_POST},
            {"HEAD", EVHTTP_REQ_HEAD}, {"PUT", EVHTTP_REQ_PUT},
            {"DELETE", EVHTTP_REQ_DELETE}};
        size_t i;

        for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
                if (strcmp(method, commands[i].name) == 0) {
                        *out = commands[i].type;
                        return 0;
                }
        }
        return -1;
}

/* evhttp would close the descriptor of a bufferevent of its own before libevent
 * lets go of it: another thread may have it by then. */
static struct evhttp_connection *connect_to(
    struct event_base *base, const char *address, uint16_t port)
{
        struct bufferevent *bev =
            bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
        struct evhttp_connection *connection;

        if (bev == NULL)
                return NULL;
        connection = evhttp_connection_base_bufferevent_new(
            base, NULL, bev, address, port);
        if (connection == NULL)
                bufferevent_free(bev);
        return connection;
}

/* Sends the request to the address in use. */
static int send_request(struct httpc_call *c)
{
        enum evhttp_cmd_type command = EVHTTP_REQ_GET;
        struct evhttp_request *req;

        command_of(c->method, &command);
        c->connection =
            connect_to(c->base, c->addresses[c->address], c->url.port);
        req = evhttp_request_new(answered, c);
        if (c->connection == NULL || req == NULL)
                goto fail;
        evhttp_request_set_error_cb(req, broken);
        evhttp_connection_set_timeout(c->connection, EVHTTP_STEP_SECONDS);
        evhttp_connection_set_max_headers_size(c->connection, HEADERS_LIMIT);
        evhttp_connection_set_max_body_size(
            c->connection, (ev_ssize_t)c->max_body);
        if (add_headers(c, evhttp_request_get_output_headers(req)) != 0 ||
            evbuffer_add_reference(evhttp_request_get_output_buffer(req),
                c->body.data, c->body.len, NULL, NULL) != 0)
                goto fail;
        /* Takes req over, also when it fails. */
        return evhttp_make_request(c->connection, req, command,
            c->url.path[0] == '\0' ? "/" : c->url.path);
fail:
        if (req != NULL)
                evhttp_request_free(req);
        return -1;
}

static void attempt(struct httpc_call *c)
{
        if (c->connection != NULL)
                evhttp_connection_free(c->connection);
        c->connection = NULL;
        c->failure = NOT_FAILED;
        if (send_request(c) != 0 && c->failure == NOT_FAILED)
                fail(c, NO_CONNECTION, ERR_OS, "cannot send the request");
}

/* Points the call at a URL: from its start, or from a redirect. */
static int aim(struct httpc_call *c, const char *url, struct err *e)
{
        struct httpc_url next;

        if (httpc_url_parse_http(url, &next, e) != 0)
                return -1;
        c->url = next;
        c->address = 0;
        c->addresses_len =
            httpc_resolve(c->url.host, c->addresses, HTTPC_ADDRESSES_MAX, e);
        return c->addresses_len < 0 ? -1 : 0;
}

/* ---- redirects ---------------------------------------------------------- */

static bool is_redirect(const struct httpc_call *c)
{
        int s = c->response.status;

        return c->failure == NOT_FAILED && !c->no_redirects &&
               c->location != NULL &&
               (s == 301 || s == 302 || s == 303 || s == 307 || s == 308);
}

/* RFC 9110 section 15.4.4: only 303 turns a POST into a GET. */
static int become_get(struct httpc_call *c, struct err *e)
{
        char *get = strdup("GET");

        if (get == NULL)
                return err_set(e, ERR_OS, "out of memory");
        free(c->method);
        c->method = get;
        buf_clear(&c->body);
        return 0;
}

static int follow(struct httpc_call *c, struct err *e)
{
        char url[HTTPC_URL_MAX];
        int status = c->response.status;
        int rc;

        if (++c->redirects > HTTPC_REDIRECTS_MAX)
                return err_set(
                    e, ERR_DATA, "more than %d redirects", HTTPC_REDIRECTS_MAX);
        rc = httpc_url_join(&c->url, c->location, url, e);
        free(c->location);
        c->location = NULL;
        httpc_response_release(&c->response);
        if (rc != 0 || (status == 303 && become_get(c, e) != 0))
                return -1;
        return aim(c, url, e);
}

static void go_on(evutil_socket_t fd, short what, void *arg)
{
        struct httpc_call *c = arg;
        struct err e = ERR_INIT;

        (void)fd;
        (void)what;
        if (c->failure == NO_CONNECTION && c->address + 1 < c->addresses_len) {
                c->address++;
                attempt(c);
                return;
        }
        if (!is_redirect(c)) {
                finish(c);
                return;
        }
        if (follow(c, &e) == 0) {
                attempt(c);
                return;
        }
        fail(c, FAILED, e.code, e.text);
}

/* ---- start -------------------------------------------------------------- */

/* libevent prints its warnings on standard error, a refused connection among
 * them.  What matters of those comes back as a struct err. */
static void keep_quiet(int severity, const char *text)
{
        (void)severity;
        (void)text;
}

static void quiet_libevent(void)
{
        event_set_log_callback(keep_quiet);
}

static char *copy_text(const char *text, bool *failed)
{
        char *copy = text == NULL ? NULL : strdup(text);

        if (text != NULL && copy == NULL)
                *failed = true;
        return copy;
}

static int copy_request(
    struct httpc_call *c, const struct httpc_request *q, struct err *e)
{
        const char *method = q->method;
        enum evhttp_cmd_type command;
        bool failed = false;

        if (method == NULL)
                method = q->body.data != NULL ? "POST" : "GET";
        if (command_of(method, &command) != 0)
                return err_set(e, ERR_INTERNAL, "HTTP method %s", method);
        if (q->max_body == 0)
                return err_set(e, ERR_INTERNAL, "an HTTP call without a limit");
        c->method = copy_text(method, &failed);
        c->content_type = copy_text(q->content_type, &failed);
        c->accept = copy_text(q->accept, &failed);
        c->header_name = copy_text(q->header_name, &failed);
        c->header_value = copy_text(q->header_value, &failed);
        if (q->body.data != NULL)
                buf_append(&c->body, q->body.data, q->body.len);
        c->max_body = q->max_body;
        c->no_redirects = q->no_redirects;
        c->timeout_ms = q->timeout_ms > 0 ? q->timeout_ms : HTTPC_TIMEOUT_MS;
        if (failed || c->body.failed)
                return err_set(e, ERR_OS, "out of memory");
        return 0;
}

static int arm(struct httpc_call *c, struct err *e)
{
        struct timeval tv = {
            c->timeout_ms / 1000, (c->timeout_ms % 1000) * 1000};

        c->deadline = evtimer_new(c->base, expire, c);
        c->step = evtimer_new(c->base, go_on, c);
        if (c->deadline == NULL || c->step == NULL ||
            evtimer_add(c->deadline, &tv) != 0)
                return err_set(e, ERR_OS, "out of memory");
        return 0;
}

int httpc_start(struct event_base *base, const struct httpc_request *q,
    httpc_done *done, void *arg, struct httpc_call **out, struct err *e)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        struct httpc_call *c = calloc(1, sizeof(*c));

        *out = NULL;
        pthread_once(&once, quiet_libevent);
        if (c == NULL)
                return err_set(e, ERR_OS, "out of memory");
        c->base = base;
        c->done = done;
        c->arg = arg;
        if (copy_request(c, q, e) != 0 || arm(c, e) != 0 ||
            aim(c, q->url, e) != 0) {
                call_free(c);
                return -1;
        }
        attempt(c);
        *out = c;
        return 0;
}
