#include "stapler/web/web.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <unistd.h>

#include "stapler/web/internal.h"

/* No descriptor is left, say: the listener would spin, so it rests until the
 * owner's next web_accept. */
static void cannot_accept(struct evconnlistener *listener, void *arg)
{
        (void)arg;
        evconnlistener_disable(listener);
}

static int listen_on(struct web *w, struct event_base *base)
{
        /* Backlog 0: the socket listens already. */
        w->listener = evconnlistener_new(base, NULL, NULL,
            LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_DISABLED, 0,
            w->spec.fd);
        if (w->listener == NULL)
                return -1;
        w->spec.fd = -1;
        if (evhttp_bind_listener(w->http, w->listener) == NULL) {
                evconnlistener_free(w->listener);
                return -1;
        }
        evconnlistener_set_error_cb(w->listener, cannot_accept);
        return 0;
}

/* The descriptor is closed after libevent has let go of it: evhttp would do it
 * before, when another thread may have it already. */
static struct bufferevent *connection_new(struct event_base *base, void *arg)
{
        (void)arg;
        return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
}

int web_new(struct event_base *base, const struct web_spec *spec,
    struct web **out, struct err *e)
{
        struct web *w = calloc(1, sizeof(*w));

        *out = NULL;
        if (w == NULL) {
                close(spec->fd);
                return err_set(e, ERR_OS, "out of memory");
        }
        w->magic = WEB_MAGIC;
        w->spec = *spec;
        w->http = evhttp_new(base);
        if (w->http == NULL || listen_on(w, base) != 0) {
                web_free(w);
                return err_set(e, ERR_OS, "cannot serve HTTP: out of memory");
        }
        evhttp_set_max_headers_size(w->http, WEB_HEADERS_MAX);
        evhttp_set_max_body_size(w->http, WEB_BODY_MAX);
        evhttp_set_timeout(w->http, WEB_IDLE_S);
        evhttp_set_default_content_type(w->http, "text/plain; charset=utf-8");
        /* The handler answers what it does not serve, with 405. */
        evhttp_set_allowed_methods(w->http, UINT16_MAX);
        evhttp_set_bevcb(w->http, connection_new, NULL);
        evhttp_set_gencb(w->http, web_on_request, w);
        *out = w;
        return 0;
}

void web_free(struct web *w)
{
        if (w == NULL)
                return;
        if (w->http != NULL)
                evhttp_free(w->http);
        if (w->spec.fd >= 0)
                close(w->spec.fd);
        w->magic = 0;
        free(w);
}

void web_accept(struct web *w, bool on)
{
        if (on)
                evconnlistener_enable(w->listener);
        else
                evconnlistener_disable(w->listener);
}
