/* CRLs as ocsp-ca has written them: DIR/crl/NAME.crl and NAME-delta.crl. */
#include "responder/worker.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "responder/crlfile.h"

/* Of whom, and which of the two. */
struct wanted {
        const struct issuer *ca;
        bool delta;
        char file[LAB_NAME_MAX + sizeof("-delta.crl")];
};

static const struct issuer *find_ca(
    const struct issuers *s, const char *name, size_t len)
{
        size_t i;

        for (i = 0; i < s->len; i++)
                if (strlen(s->list[i]->name) == len &&
                    memcmp(s->list[i]->name, name, len) == 0)
                        return s->list[i];
        return NULL;
}

/* text minus a suffix; its length, or 0 if it does not end so. */
static size_t without(const char *text, size_t len, const char *suffix)
{
        size_t end = strlen(suffix);

        return len > end && memcmp(text + len - end, suffix, end) == 0
                   ? len - end
                   : 0;
}

/* The name is looked up among the CAs, so it cannot lead elsewhere. */
static bool find_wanted(
    const struct issuers *s, const char *name, struct wanted *out)
{
        size_t stem = without(name, strlen(name), ".crl");
        size_t base = without(name, stem, "-delta");

        out->ca = find_ca(s, name, stem);
        out->delta = out->ca == NULL && base > 0;
        if (out->delta)
                out->ca = find_ca(s, name, base);
        if (out->ca == NULL)
                return false;
        snprintf(out->file, sizeof(out->file), "%s", name);
        return true;
}

/* ---- outcomes ---------------------------------------------------------- */

static void count(struct worker *w, enum crl_outcome what)
{
        tally_add(&w->tally.crls[what]);
}

static struct httpd_reply tell_absent(
    struct worker *w, const struct wanted *want)
{
        char text[3 * LAB_NAME_MAX + 256];

        count(w, CRL_ABSENT);
        if (want->ca == NULL)
                snprintf(text, sizeof(text),
                    "not found: no CA of this lab has that name; a CRL is at "
                    "crl/CANAME.crl, a delta CRL at crl/CANAME-delta.crl\n");
        else if (!want->ca->key_here)
                snprintf(text, sizeof(text),
                    "not found: the key of CA %s is not in this lab, so it "
                    "has no CRL until one is imported: ocsp-ca import\n",
                    want->ca->name);
        else
                snprintf(text, sizeof(text),
                    "not found: CA %s has no %s yet: 'ocsp-ca crl --ca %s%s' "
                    "makes it\n",
                    want->ca->name, want->delta ? "delta CRL" : "CRL",
                    want->ca->name, want->delta ? " --delta" : "");
        return page_text(404, text);
}

static struct httpd_reply tell_failure(
    struct worker *w, enum crl_outcome what, const struct err *e)
{
        char why[LOG_ESCAPED_MAX];

        count(w, what);
        log_escape(
            (struct span){(const uint8_t *)e->text, strlen(e->text)}, why);
        tell(LOG_ERROR_, "crl", "refused: %s", why);
        /* Paths are no business of the peer. */
        if (what == CRL_UNREADABLE)
                return page_text(
                    500, "the CRL cannot be read: see the responder's log\n");
        return page_text(503, "not now: see the responder's log\n");
}

/* ---- sending ----------------------------------------------------------- */

/* How long a cache may have it: until its nextUpdate in the lab's time, and no
 * longer than --max-age. */
static struct answer_life life_of(
    const struct worker *w, const struct crlfile *f, int64_t now)
{
        int64_t most = w->responder->options->policy.max_age;
        struct answer_life life = {
            f->this_update, f->next_update, f->next_update, true};

        if (now < f->this_update)
                life.resign_at = now; /* the clock was moved back */
        else if (most > 0 && now + most < life.resign_at)
                life.resign_at = now + most;
        return life;
}

/* Takes f->fd over. */
static struct httpd_reply send_file(struct worker *w,
    const struct httpd_request *q, struct crlfile *f, int64_t now)
{
        struct answer_life life = life_of(w, f, now);
        struct httpd_header headers[DELIVERY_HEADERS_MAX];
        struct httpd_reply reply = {NULL, 200, 0};
        struct err e = ERR_INIT;
        struct delivery d;
        size_t i;

        delivery_make_crl(&life, f->etag, now, &d);
        for (i = 0; i < d.headers_len; i++)
                headers[i] = (struct httpd_header){
                    d.headers[i].name, d.headers[i].value};
        if (httpd_response_file(f->fd, f->size, headers, d.headers_len,
                &w->responder->crls_open, &reply.response, &e) != 0)
                return tell_failure(w, CRL_UNAVAILABLE, &e);
        if (delivery_not_modified(&life, f->etag, q->none_match))
                reply.status = 304;
        count(w, reply.status == 304 ? CRL_NOT_MODIFIED : CRL_SENT);
        return reply;
}

/* The count of open files is ours here, and httpd's once it sends one. */
static struct httpd_reply open_and_send(struct worker *w,
    const struct httpd_request *q, const struct wanted *want, int64_t now)
{
        struct responder *r = w->responder;
        struct err e = ERR_INIT;
        struct httpd_reply reply;
        char path[PATH_MAX];
        struct crlfile f;
        int found = file_path(
            path, sizeof(path), &e, "%s/crl/%s", r->options->dir, want->file);

        if (found == 0)
                found = crlfile_open(path, &f, &e);
        if (found == 1)
                return send_file(w, q, &f, now);
        reply = found == 0 ? tell_absent(w, want)
                           : tell_failure(w, CRL_UNREADABLE, &e);
        atomic_fetch_sub(&r->crls_open, 1);
        return reply;
}

struct httpd_reply serve_crl(
    struct worker *w, const struct httpd_request *q, const char *name)
{
        struct responder *r = w->responder;
        struct err e = ERR_INIT;
        struct wanted want;
        struct moment m;

        /* A lab that was removed or made anew has no CRLs for anybody. */
        if (worker_look(w, &m, &e) != 0)
                return tell_failure(w, CRL_UNAVAILABLE, &e);
        if (!find_wanted(w->issuers, name, &want))
                return tell_absent(w, &want);
        if (atomic_fetch_add(&r->crls_open, 1) >= CRLS_OPEN_MAX) {
                atomic_fetch_sub(&r->crls_open, 1);
                err_set(&e, ERR_TRYLATER,
                    "%d CRLs are being sent, which is the limit",
                    CRLS_OPEN_MAX);
                return tell_failure(w, CRL_UNAVAILABLE, &e);
        }
        return open_and_send(w, q, &want, m.now);
}
