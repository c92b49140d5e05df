#include "httpd/internal.h"

#include <string.h>

static const struct {
        unsigned status;
        const char *text;
} table[REFUSALS] = {
    [REFUSAL_BAD_REQUEST] = {400, "bad request\n"},
    [REFUSAL_METHOD] = {405, "method not allowed\n"},
    [REFUSAL_TOO_LARGE] = {413, "the request body is too large\n"},
    [REFUSAL_STOPPING] = {503, "stopping\n"},
};

int refusals_make(struct httpd *h, struct err *e)
{
        const struct httpd_header headers[] = {
            {"Content-Type", "text/plain; charset=utf-8"},
            {"Connection", "close"},
            {"Cache-Control", "no-store"},
            {"Allow", h->options.post ? "GET, HEAD, POST" : "GET, HEAD"},
        };
        size_t i;

        for (i = 0; i < REFUSALS; i++) {
                struct span text = {
                    (const uint8_t *)table[i].text, strlen(table[i].text)};
                /* Allow belongs to 405 only, RFC 9110 section 15.5.6. */
                size_t len = i == REFUSAL_METHOD ? 4 : 3;

                if (httpd_response_new(
                        text, headers, len, &h->refusals[i], e) != 0)
                        return -1;
        }
        return 0;
}

void refusals_release(struct httpd *h)
{
        size_t i;

        for (i = 0; i < REFUSALS; i++)
                httpd_response_unref(h->refusals[i]);
}

enum MHD_Result refuse(struct loop *l, struct call *c, enum refusal why)
{
        struct httpd *h = l->server;

        if (h->options.refused != NULL && why != REFUSAL_STOPPING)
                atomic_fetch_add_explicit(
                    h->options.refused, 1, memory_order_relaxed);
        return MHD_queue_response(
            c->connection, table[why].status, response_mhd(h->refusals[why]));
}
