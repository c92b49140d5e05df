#include "stapler/check/live.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/file.h"
#include "httpc/httpc.h"

static const char ref_http[] = "RFC 6960 A.1";
static const char media_type[] = "application/ocsp-response";

/* One request, in both forms. */
struct asking {
        const struct subject *subject;
        struct report *report;
        uint8_t nonce[OCSP_NONCE_OURS];
        bool has_nonce;
        struct buf der;
        int64_t deadline;
};

/* ---- the request -------------------------------------------------------- */

static int encode(struct asking *a, bool with_nonce, struct err *e)
{
        const struct subject *s = a->subject;
        struct buf der = {0};
        struct ocsp_certid certid;
        struct span nonce = {NULL, 0};
        int rc;

        if (with_nonce && RAND_bytes(a->nonce, sizeof(a->nonce)) != 1)
                return err_set(e, ERR_INTERNAL, "no random numbers");
        if (with_nonce)
                nonce = (struct span){a->nonce, sizeof(a->nonce)};
        a->has_nonce = with_nonce;
        buf_clear(&a->der);
        rc = ocsp_certid_make(
            s->options->hash, s->leaf, s->issuer, &der, &certid, e);
        if (rc == 0)
                rc = ocsp_request_encode(&certid, 1, nonce, &a->der, e);
        buf_release(&der);
        return rc;
}

/* Decides on GET or POST and on the nonce, and prepares the one or the
 * other. */
static int prepare(struct asking *a, const char *base, bool *is_get,
    struct buf *url, struct err *e)
{
        enum method method = a->subject->options->method;
        enum choice nonce = a->subject->options->nonce;

        *is_get = method == METHOD_GET ||
                  (method == METHOD_AUTO && nonce != CHOICE_YES);
        if (*is_get) {
                if (encode(a, nonce == CHOICE_YES, e) != 0 ||
                    ocsp_get_url_encode(base, buf_span(&a->der), url, e) != 0)
                        return -1;
                if (method == METHOD_GET || url->len <= OCSP_GET_URL_MAX)
                        return 0;
                *is_get = false;
        }
        buf_clear(url);
        buf_append_text(url, base);
        if (buf_text(url) == NULL)
                return err_set(e, ERR_OS, "out of memory");
        return encode(a, nonce != CHOICE_NO, e);
}

/* ---- the answer --------------------------------------------------------- */

static bool is_ocsp_response(const char *content_type)
{
        size_t len = strcspn(content_type, "; ");

        return len == strlen(media_type) &&
               strncasecmp(content_type, media_type, len) == 0;
}

/* true if there is something to judge. */
static bool take_response(
    struct asking *a, const char *what, struct httpc_response *response)
{
        struct report *r = a->report;

        if (response->status != 200) {
                report_check(r, "http", 0, ref_http, "%.200s: HTTP status %d",
                    what, response->status);
                report_absent(r, OCSP_V_MISSING,
                    "%.300s: HTTP status %d, no answer", what,
                    response->status);
                return false;
        }
        if (is_ocsp_response(response->content_type))
                report_check(r, "http", 1, ref_http, "%.180s: 200, %zu bytes",
                    what, response->body.len);
        else
                report_check(r, "http", -1, ref_http,
                    "%.140s: 200, %zu bytes, but Content-Type is not %s", what,
                    response->body.len, media_type);
        r->der = response->body;
        memset(&response->body, 0, sizeof(response->body));
        return true;
}

/* 1: an answer is there, 0: none, and the report says why, -1: our fault. */
static int ask_url(
    struct asking *a, const char *base, int timeout_ms, struct err *e)
{
        struct httpc_request q = {.accept = media_type,
            .max_body = OCSP_RESPONSE_LIMIT,
            .timeout_ms = timeout_ms};
        struct httpc_response response;
        struct err why = ERR_INIT;
        struct buf url = {0};
        char what[300];
        bool is_get;
        int rc = -1;

        memset(&response, 0, sizeof(response));
        if (prepare(a, base, &is_get, &url, e) != 0)
                goto out;
        q.url = buf_text(&url);
        if (!is_get) {
                q.body = buf_span(&a->der);
                q.content_type = "application/ocsp-request";
        }
        snprintf(a->report->url, sizeof(a->report->url), "%s", base);
        snprintf(
            what, sizeof(what), "%s %.250s", is_get ? "GET" : "POST", base);
        if (httpc_fetch(&q, &response, &why) == 0) {
                rc = take_response(a, what, &response);
                goto out;
        }
        report_check(a->report, "http", 0, ref_http, "%.40s: %.200s",
            is_get ? "GET" : "POST", why.text);
        if (why.code == ERR_DATA)
                report_absent(a->report, OCSP_V_MISSING, "%.400s", why.text);
        else
                report_absent(a->report, OCSP_V_UNREACHABLE,
                    "%.400s: is the responder up?", why.text);
        rc = 0;
out:
        httpc_response_release(&response);
        buf_release(&url);
        return rc;
}

/* In order, each with its share of the time that is left. */
static int ask_all(
    struct asking *a, char *const *urls, size_t len, struct err *e)
{
        int64_t left;
        size_t i;
        int rc = 0;

        for (i = 0; i < len && rc == 0; i++) {
                left = a->deadline - monotonic_ms();
                left /= (int64_t)(len - i);
                rc = ask_url(a, urls[i], left > 0 ? (int)left : 1, e);
                /* A failed try is no fault as long as there is another. */
                if (rc == 0 && i + 1 < len)
                        a->report->checks[a->report->checks_len - 1].ok = -1;
        }
        return rc;
}

static int ask(struct asking *a, struct err *e)
{
        const struct options *o = a->subject->options;
        char *urls[PKI_URLS_MAX];
        size_t len = 1;
        size_t i;
        int rc;

        if (o->url == NULL)
                len = pki_ocsp_urls(a->subject->leaf, urls, PKI_URLS_MAX);
        else if ((urls[0] = OPENSSL_strdup(o->url)) == NULL)
                return err_set(e, ERR_OS, "out of memory");
        if (len == 0)
                report_absent(a->report, OCSP_V_MISSING,
                    "the certificate names no responder (authority "
                    "information access): name one with --url");
        rc = ask_all(a, urls, len, e);
        for (i = 0; i < len; i++)
                OPENSSL_free(urls[i]);
        return rc;
}

int live_ask(const struct subject *s, struct report *r, struct err *e)
{
        struct ocsp_question q = subject_question(s);
        struct asking a = {.subject = s,
            .report = r,
            .deadline = monotonic_ms() + HTTPC_TIMEOUT_MS};
        int rc;

        if (report_has_failed(r)) {
                report_check(r, "http", -1, "RFC 9919 4.2",
                    "not asked: the certificate itself is not trusted");
                return 0;
        }
        rc = ask(&a, e);
        if (rc == 1) {
                if (a.has_nonce)
                        q.nonce = (struct span){a.nonce, sizeof(a.nonce)};
                report_judge(r, &q);
        }
        buf_release(&a.der);
        return rc < 0 ? -1 : 0;
}

int live_save_request(const struct subject *s, const char *path, struct err *e)
{
        struct asking a = {.subject = s};
        enum method method = s->options->method;
        bool nonce =
            s->options->nonce == CHOICE_YES ||
            (s->options->nonce == CHOICE_AUTO && method == METHOD_POST);
        int rc = encode(&a, nonce, e);

        if (rc == 0)
                rc = file_write_fast(path, a.der.data, a.der.len, 0644, e);
        buf_release(&a.der);
        return rc;
}
