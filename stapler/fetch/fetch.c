#include "stapler/fetch/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "httpc/httpc.h"
#include "ocsp/ocsp.h"

struct fetch {
        struct event_base *base;
        struct fetch_request q;
        char *urls[FETCH_URLS_MAX];
        size_t tried;     /* URLs so far, the one in use included */
        size_t url;       /* index of the one in use */
        int64_t deadline; /* monotonic ms */
        struct buf der;   /* the OCSPRequest */
        struct httpc_call *call;
        struct fetch_result result;
};

static void fetch_free(struct fetch *f)
{
        size_t i;

        httpc_cancel(f->call);
        for (i = 0; i < f->q.urls_len; i++)
                free(f->urls[i]);
        buf_release(&f->der);
        free(f);
}

void fetch_cancel(struct fetch *f)
{
        if (f != NULL)
                fetch_free(f);
}

static void answered(void *arg, struct httpc_response *r, const struct err *e);

static int ask(struct fetch *f, struct err *e)
{
        struct httpc_request q = {.accept = "application/ocsp-response",
            .max_body = OCSP_RESPONSE_LIMIT};
        const char *scenario = f->q.staple_scenario;
        int64_t left = f->deadline - monotonic_ms();
        struct buf get = {0};
        int rc;

        if (left <= 0)
                return err_set(e, ERR_TRYLATER, "no time is left to ask it");
        /* Each gets its share, so that a silent first one does not use up the
         * time of the others. */
        q.timeout_ms = (int)(left / (int64_t)(f->q.urls_len - f->tried + 1));
        if (q.timeout_ms == 0)
                q.timeout_ms = 1;
        if (scenario != NULL) {
                q.header_name = FETCH_STAPLE_HEADER;
                q.header_value = scenario;
        }
        rc = ocsp_get_url_encode(f->urls[f->url], buf_span(&f->der), &get, e);
        if (rc == 0 && get.len <= OCSP_GET_URL_MAX) {
                q.url = buf_text(&get);
        } else {
                q.url = f->urls[f->url];
                q.body = buf_span(&f->der);
                q.content_type = "application/ocsp-request";
        }
        if (rc == 0)
                rc = httpc_start(f->base, &q, answered, f, &f->call, e);
        buf_release(&get);
        return rc;
}

/* Asks the next URL that can be asked at all.  -1: there is none left. */
static int ask_next(struct fetch *f)
{
        struct err e = ERR_INIT;

        while (f->tried < f->q.urls_len) {
                f->url = (f->q.first + f->tried++) % f->q.urls_len;
                if (ask(f, &e) == 0)
                        return 0;
                f->result.err = e;
        }
        return -1;
}

static int judge(
    struct fetch *f, const struct httpc_response *r, struct err *why)
{
        /* The media type is not looked at: the bytes speak for themselves. */
        if (r->status != 200)
                return err_set(why,
                    r->status >= 500 || r->status == 429 ? ERR_TRYLATER
                                                         : ERR_DATA,
                    "HTTP status %d", r->status);
        if (f->q.staple_scenario != NULL &&
            strcmp(r->header, f->q.staple_scenario) != 0)
                return err_set(why, ERR_DATA,
                    "it makes no staple for scenario %s: is it set with "
                    "'ocsp-ca scenario set'?",
                    f->q.staple_scenario);
        if (r->body.len == 0)
                return err_set(why, ERR_DATA, "an empty answer");
        return f->q.judge(f->q.arg,
            &(struct fetch_answer){buf_span(&r->body), r->max_age}, why);
}

static void consider(struct fetch *f, const struct httpc_response *r)
{
        f->result.err = (struct err)ERR_INIT;
        f->result.ok = judge(f, r, &f->result.err) == 0;
        f->result.url = f->url;
        if (f->result.ok)
                return;
        err_prefix(&f->result.err, "%.100s", f->urls[f->url]);
        if (r->retry_after > f->result.retry_after)
                f->result.retry_after = r->retry_after;
}

static void answered(void *arg, struct httpc_response *r, const struct err *e)
{
        struct fetch *f = arg;

        f->call = NULL;
        if (r == NULL)
                f->result.err = *e;
        else
                consider(f, r);
        if (!f->result.ok && ask_next(f) == 0)
                return;
        f->q.done(f->q.arg, &f->result);
        fetch_free(f);
}

static int make_request(struct fetch *f, struct err *e)
{
        struct ocsp_certid id;
        struct buf der = {0};
        int rc = -1;

        if (ocsp_certid_make(f->q.hash, f->q.leaf, f->q.issuer, &der, &id, e) ==
            0)
                rc = ocsp_request_encode(
                    &id, 1, (struct span){NULL, 0}, &f->der, e);
        buf_release(&der);
        return rc;
}

static int copy_urls(struct fetch *f, struct err *e)
{
        size_t i, n = f->q.urls_len;

        if (n > FETCH_URLS_MAX)
                n = FETCH_URLS_MAX;
        f->q.urls_len = 0;
        for (i = 0; i < n; i++) {
                f->urls[i] = strdup(f->q.urls[i]);
                if (f->urls[i] == NULL)
                        return err_set(e, ERR_OS, "out of memory");
                f->q.urls_len++;
        }
        if (n == 0)
                return err_set(e, ERR_DATA,
                    "the certificate names no OCSP responder (no AIA URL)");
        return 0;
}

int fetch_start(struct event_base *base, const struct fetch_request *q,
    struct fetch **out, struct err *e)
{
        struct fetch *f = calloc(1, sizeof(*f));

        *out = NULL;
        if (f == NULL)
                return err_set(e, ERR_OS, "out of memory");
        f->base = base;
        f->q = *q;
        f->result.retry_after = -1;
        f->deadline = monotonic_ms() +
                      (q->timeout_ms > 0 ? q->timeout_ms : FETCH_TIMEOUT_MS);
        if (copy_urls(f, e) != 0 || make_request(f, e) != 0)
                goto fail;
        if (ask_next(f) != 0) {
                *e = f->result.err;
                goto fail;
        }
        *out = f;
        return 0;
fail:
        fetch_free(f);
        return -1;
}
