#include "httpd/internal.h"

#include <stdlib.h>
#include <string.h>

/*
 * libmicrohttpd counts its own references while it sends, so the object can
 * outlive our last reference: it is freed by libmicrohttpd's callback.
 */
struct httpd_response {
        atomic_uint refs;
        struct MHD_Response *mhd;
        size_t len;
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

int httpd_response_new(struct span body, const struct httpd_header *headers,
    size_t len, struct httpd_response **out, struct err *e)
{
        struct httpd_response *r = malloc(sizeof(*r) + body.len);
        size_t i;

        if (r == NULL)
                return err_errno(e, ERR_OS, "HTTP response");
        atomic_init(&r->refs, 1);
        r->len = body.len;
        if (body.len > 0)
                memcpy(r->body, body.data, body.len);
        r->mhd = MHD_create_response_from_buffer_with_free_callback_cls(
            body.len, r->body, free, r);
        if (r->mhd == NULL) {
                free(r);
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
