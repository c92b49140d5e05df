/* HTTP on the one side, the worker on the other: RFC 6960 appendix A. */
#include "responder/worker.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "pki/pki.h"

/* The path below our prefix; NULL if it is not below. */
static const char *below_prefix(const struct responder *r, const char *path)
{
        size_t len = strlen(r->prefix);

        if (strncmp(path, r->prefix, len) != 0 ||
            (path[len] != '\0' && path[len] != '/'))
                return NULL;
        return path + len;
}

static struct httpd_reply page(struct httpd_response *response, unsigned status)
{
        return (struct httpd_reply){httpd_response_ref(response), status, 0};
}

/* ---- telling ----------------------------------------------------------- */

/* Which certID has no good or revoked to show; else the first. */
static size_t find_odd(const struct worker *w, const struct outcome *o)
{
        size_t i;

        for (i = 0; i < w->request.certids_len; i++)
                if (!o->findings[i].issued)
                        return i;
        return 0;
}

static const char *method_name(enum httpd_method m)
{
        static const char *const names[METHODS] = {"GET", "HEAD", "POST"};

        return names[m];
}

/* Good and revoked are what everybody expects; all else has its line, and in
 * JSON all have. */
static void log_outcome(const struct worker *w, const struct httpd_request *q,
    const struct outcome *o)
{
        char serial[PKI_SERIAL_TEXT_MAX] = "", escaped[LOG_ESCAPED_MAX];
        char explained[ANSWER_WHY_MAX];
        const struct ocsp_certid *certid = w->request.certids;
        const char *why = o->why, *verdict = "none";

        if (o->findings != NULL) {
                size_t odd = find_odd(w, o);

                if (o->findings[odd].issued && !tell_is_json())
                        return;
                certid += odd;
                verdict = ocsp_cert_status_name(o->findings[odd].status);
                why = answer_explain(&o->findings[odd],
                    issuers_by_id(w->issuers, o->issuer), explained);
        }
        if (o->readable)
                pki_serial_text(certid->serial, serial);
        tell(o->status == OCSP_INTERNAL_ERROR ? LOG_ERROR_ : LOG_INFO_,
            "answer",
            "method=%s status=%s verdict=%s cache=%s serial=%s why=\"%s\"",
            method_name(q->method), ocsp_response_status_name(o->status),
            verdict, cache_use_name(o->cached), serial,
            log_escape(
                (struct span){(const uint8_t *)why, strlen(why)}, escaped));
}

static void record(struct worker *w, const struct httpd_request *q,
    const struct outcome *o, unsigned http)
{
        const struct journal_note n = {.at = o->now,
            .method = q->method,
            .http = http,
            .status = o->status,
            .cached = o->cached,
            .request = o->readable ? &w->request : NULL,
            .issuer = o->issuer,
            .findings = o->findings,
            .why = o->findings == NULL ? o->why : NULL,
            .scenario = o->scenario[0] != '\0' ? o->scenario : NULL};

        tally_add(&w->tally.answers[q->method][o->status][o->cached]);
        if (http == 304)
                tally_add(&w->tally.not_modified);
        journal_add(w->responder->journal, &n);
        log_outcome(w, q, o);
}

/* ---- answering --------------------------------------------------------- */

/* POST answers are not for caches: no 304 (RFC 9110 section 13.1.2). */
static unsigned http_status(
    const struct httpd_request *q, const struct outcome *o)
{
        if (o->response == NULL || o->http != 0)
                return o->http;
        if (q->method == HTTPD_POST || o->status != OCSP_SUCCESSFUL)
                return 200;
        return delivery_not_modified(
                   &o->life, o->etag, httpd_request_header(q, "If-None-Match"))
                   ? 304
                   : 200;
}

static void answer_path(struct worker *w, const char *path, struct outcome *out)
{
        struct span text = {(const uint8_t *)path, strlen(path)};

        buf_clear(&w->der);
        if (ocsp_get_path_decode(text, &w->der))
                worker_answer(w, buf_span(&w->der), out);
        else
                worker_unreadable(
                    w, "the path is not base64 (RFC 6960 A.1)", out);
}

static void count_down(struct responder *r)
{
        if (r->options->max_requests > 0 &&
            atomic_fetch_add(&r->answered, 1) + 1 == r->options->max_requests)
                kill(getpid(), SIGTERM);
}

/* What stands after "crl/"; NULL: it is not about a CRL.  No OCSP request
 * looks like that: the base64 of a SEQUENCE begins with 'M'. */
static const char *below_crl(const char *path)
{
        static const char folder[] = "crl";

        path += strspn(path, "/");
        if (strncmp(path, folder, strlen(folder)) != 0)
                return NULL;
        path += strlen(folder);
        return *path == '/' ? path + 1 : *path == '\0' ? path : NULL;
}

struct httpd_reply serve_ocsp(
    void *responder, unsigned thread, struct httpd_request *q)
{
        struct responder *r = responder;
        struct worker *w = r->workers[thread];
        const char *path = below_prefix(r, q->path), *crl;
        struct outcome o;
        unsigned status;

        if (path == NULL)
                return page(r->pages.not_found, 404);
        if (q->method != HTTPD_POST && path[strspn(path, "/")] == '\0')
                return page(r->pages.root, 200);
        if (q->method != HTTPD_POST && (crl = below_crl(path)) != NULL)
                return serve_crl(w, q, crl);
        w->since_ms = q->since_ms;
        w->visitor = q;
        if (q->method == HTTPD_POST)
                worker_answer(w, q->body, &o);
        else
                answer_path(w, path, &o);
        if (o.park_ms > 0)
                return (struct httpd_reply){NULL, 0, o.park_ms};
        status = http_status(q, &o);
        record(w, q, &o, status);
        count_down(r);
        return (struct httpd_reply){o.response, status, 0};
}
