/* A response that goes out byte by byte. */
#include "httpd/internal.h"

#include <stdlib.h>

#include "base/clock.h"

/* Belongs to one call, and lives as long as libmicrohttpd sends it. */
struct drip {
        struct loop *loop;
        struct call *call;
        struct httpd_response *response; /* a reference */
        int64_t next_at;                 /* monotonic ms, of the next byte */
};

static void drip_free(void *drip)
{
        struct drip *d = drip;

        httpd_response_unref(d->response);
        free(d);
}

/* Between two bytes the connection is parked, like a request that has to wait.
 * A server that stops drips no more. */
static ssize_t drip_byte(void *drip, uint64_t at, char *out, size_t max)
{
        struct drip *d = drip;
        struct span body = httpd_response_body(d->response);
        int64_t now = monotonic_ms();

        (void)max; /* 1 at least */
        if (at >= body.len)
                return MHD_CONTENT_READER_END_OF_STREAM;
        if (now < d->next_at && !atomic_load(&d->loop->server->stopping)) {
                call_suspend(d->loop, d->call, (int)(d->next_at - now));
                return 0;
        }
        d->next_at = now + d->call->request.drip_ms;
        out[0] = (char)body.data[at];
        return 1;
}

enum MHD_Result drip_queue(
    struct loop *l, struct call *c, struct httpd_response *r, unsigned status)
{
        struct drip *d = calloc(1, sizeof(*d));
        struct MHD_Response *mhd;
        enum MHD_Result rc;

        if (d == NULL)
                return MHD_NO;
        *d = (struct drip){l, c, httpd_response_ref(r), 0};
        mhd = MHD_create_response_from_callback(
            httpd_response_body(r).len, 1, drip_byte, d, drip_free);
        if (mhd == NULL) {
                drip_free(d);
                return MHD_NO;
        }
        response_copy_headers(r, mhd);
        rc = MHD_queue_response(c->connection, status, mhd);
        MHD_destroy_response(mhd);
        return rc;
}
