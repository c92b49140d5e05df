#include "httpc/httpc.h"

#include <event2/event.h>
#include <string.h>

struct outcome {
        struct httpc_response *out;
        struct err *e;
        int rc;
};

static void fetched(
    void *arg, struct httpc_response *response, const struct err *e)
{
        struct outcome *o = arg;

        if (response == NULL) {
                if (o->e != NULL)
                        *o->e = *e;
                o->rc = -1;
                return;
        }
        *o->out = *response;
        memset(response, 0, sizeof(*response));
        o->rc = 0;
}

int httpc_fetch(
    const struct httpc_request *q, struct httpc_response *out, struct err *e)
{
        struct outcome o = {out, e, -1};
        struct event_base *base = event_base_new();
        struct httpc_call *call;

        memset(out, 0, sizeof(*out));
        if (base == NULL)
                return err_set(e, ERR_OS, "cannot make an event loop");
        if (httpc_start(base, q, fetched, &o, &call, e) == 0)
                event_base_dispatch(base);
        event_base_free(base);
        return o.rc;
}

void httpc_response_release(struct httpc_response *r)
{
        if (r == NULL)
                return;
        buf_release(&r->body);
        memset(r, 0, sizeof(*r));
}
