/* HTTP on the one side, the worker on the other: RFC 6960 appendix A. */
#include "responder/worker.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "pki/pki.h"

/* The path below our prefix; NULL if it is not below. */
static const char *below_prefix(const struct responder *r, const char *path)
{
        size_t len = r->prefix_len;

        if ((len > 0 && strncmp(path, r->prefix, len) != 0) ||
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

/* spent: as journal_add has it. */
static void record(struct worker *w, enum ocsp_response_status status,
    struct journal_record r, struct journal_subject *spent)
{
        tally_add(&w->tally.answers[r.method][status][r.cached]);
        if (r.http == 304)
                tally_add(&w->tally.not_modified);
        journal_add(w->responder->journal, r, spent);
}

/* ---- answering --------------------------------------------------------- */

/* POST answers are not for caches: no 304 (RFC 9110 section 13.1.2). */
static unsigned http_status(const struct httpd_request *q,
    const struct answer_life *life, const char *etag)
{
        return q->none_match != NULL && q->method != HTTPD_POST &&
                       delivery_not_modified(life, etag, q->none_match)
                   ? 304
                   : 200;
}

static void answer_path(struct worker *w, struct span text, struct outcome *out)
{
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

/* What was asked before with the same octets. */
static bool serve_again(struct worker *w, const struct httpd_request *q,
    struct span asked, struct httpd_reply *reply)
{
        struct moment m;
        enum cache_use use;
        const struct front_entry *n = worker_again(w, asked, &m, &use);

        if (n == NULL)
                return false;
        *reply =
            (struct httpd_reply){.response = httpd_response_ref(n->response),
                .status = http_status(q, &n->answer.life, n->answer.etag)};
        record(w, OCSP_SUCCESSFUL,
            (struct journal_record){.at = m.now,
                .subject = n->subject,
                .method = q->method,
                .cached = use,
                .http = reply->status},
            NULL);
        return true;
}

static struct journal_subject *subject_of(
    const struct worker *w, const struct outcome *o)
{
        return journal_subject_new(o->status, o->readable ? &w->request : NULL,
            o->issuer, o->findings, o->findings == NULL ? o->why : NULL,
            o->scenario[0] != '\0' ? o->scenario : NULL);
}

static struct httpd_reply serve_new(
    struct worker *w, const struct httpd_request *q, struct span asked)
{
        struct journal_subject *subject;
        struct outcome o;
        unsigned http;

        if (q->method == HTTPD_POST)
                worker_answer(w, asked, &o);
        else
                answer_path(w, asked, &o);
        if (o.park_ms > 0)
                return (struct httpd_reply){NULL, 0, o.park_ms};
        if (o.response == NULL || o.http != 0)
                http = o.http;
        else if (o.status == OCSP_SUCCESSFUL)
                http = http_status(q, &o.life, o.etag);
        else
                http = 200;
        subject = subject_of(w, &o);
        record(w, o.status,
            (struct journal_record){.at = o.now,
                .subject = subject,
                .method = q->method,
                .cached = o.cached,
                .http = http},
            worker_remember(w, asked, &o, subject));
        log_outcome(w, q, &o);
        count_down(w->responder);
        return (struct httpd_reply){o.response, http, 0};
}

/* Asked for the first time, or no question at all. */
static struct httpd_reply serve_first(struct worker *w,
    const struct httpd_request *q, const char *path, struct span asked)
{
        bool post = q->method == HTTPD_POST;
        const char *crl;

        if (!post && path[strspn(path, "/")] == '\0')
                return page(w->responder->pages.root, 200);
        if (!post && (crl = below_crl(path)) != NULL)
                return serve_crl(w, q, crl);
        return serve_new(w, q, asked);
}

struct httpd_reply serve_ocsp(
    void *responder, unsigned thread, struct httpd_request *q)
{
        struct responder *r = responder;
        struct worker *w = r->workers[thread];
        const char *path = below_prefix(r, q->path);
        struct httpd_reply reply;
        struct span asked = q->body;

        if (path == NULL)
                return page(r->pages.not_found, 404);
        if (q->method != HTTPD_POST)
                asked = (struct span){(const uint8_t *)path, strlen(path)};
        w->since_ms = q->since_ms;
        w->visitor = q;
        /* In JSON each answer has its line. */
        if (tell_is_json() || !serve_again(w, q, asked, &reply))
                return serve_first(w, q, path, asked);
        count_down(r);
        return reply;
}
