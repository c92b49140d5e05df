/* Answers of certificates for which a scenario is set. */
#include "responder/worker.h"

#include <stdio.h>
#include <string.h>

#include "pki/pki.h"

/* Of a request: the scenario at the staple that the answer is for.  Of an
 * answer: that it was made so. */
#define RESPONDER_STAPLE_HEADER "OCSP-Lab-Staple"

/* ---- which ------------------------------------------------------------- */

/* What is known of the certificate in question. */
struct subject {
        struct cadb *db;
        bool found;
        struct cadb_state state; /* if found */
};

static int find_state(void *arg, int64_t ca, struct span serial,
    struct cadb_state *out, struct err *e)
{
        struct subject *s = arg;
        int rc = cadb_state_find(s->db, ca, serial, out, e);

        s->found = rc == 1;
        if (s->found)
                s->state = *out;
        return rc;
}

/* Some are about serials that nobody issued, and no others; offline there is no
 * connection to act at. */
static bool concerns(
    struct worker *w, const struct fault *f, int64_t ca, struct span serial)
{
        struct subject s = {.db = w->db};
        struct cadb_state state;

        if (f->broken[0] != '\0')
                return true;
        if (w->visitor == NULL &&
            f->choice.scenario->place == SCENARIO_AT_CONNECTION)
                return false;
        if ((f->choice.scenario->needs & SCENARIO_NEEDS_UNISSUED) == 0)
                return true;
        return find_state(&s, ca, serial, &state, NULL) == 0;
}

/* A TLS server says for which scenario it wants the answer, and gets it if that
 * is set: which one holds it knows, for it counts them. */
static struct fault *for_staple(
    struct worker *w, int64_t ca, struct span serial)
{
        const char *name = NULL;
        struct fault *f;
        int level;

        if (w->visitor != NULL)
                name =
                    httpd_request_header(w->visitor, RESPONDER_STAPLE_HEADER);
        for (level = 0; name != NULL && level < FAULT_LEVELS; level++) {
                f = faults_at(w->faults, (enum fault_level)level, ca, serial);
                if (f != NULL && f->staple != NULL &&
                    f->staple->answer != NULL &&
                    strcmp(name, f->staple->name) == 0)
                        return f;
        }
        return NULL;
}

/* The most specific one that holds for that certID.  A request that comes
 * again after a wait was counted when it came first. */
static struct fault *choose(
    struct worker *w, const struct ocsp_certid *id, bool again)
{
        const struct issuer *ca;
        struct fault *f;
        int level;

        if (issuers_find(w->issuers, id, &ca) != ISSUER_FOUND)
                return NULL;
        f = for_staple(w, ca->id, id->serial);
        if (f != NULL)
                return f;
        for (level = 0; level < FAULT_LEVELS; level++) {
                f = faults_at(
                    w->faults, (enum fault_level)level, ca->id, id->serial);
                /* It acts elsewhere, and all other answers are good. */
                if (f != NULL && f->staple != NULL)
                        return NULL;
                if (f != NULL && concerns(w, f, ca->id, id->serial) &&
                    (again || fault_take(f)))
                        return f;
        }
        return NULL;
}

static struct fault *find_fault(
    struct worker *w, const struct fault_visit *v, size_t *target)
{
        struct fault *f = w->responder->offline_fault;
        size_t i;

        *target = 0;
        for (i = 0; f == NULL && i < w->request.certids_len; i++) {
                f = choose(w, &w->request.certids[i], v->note != 0);
                *target = i;
        }
        return f;
}

/* ---- the answer -------------------------------------------------------- */

static void refuse(struct worker *w, enum ocsp_response_status status,
    const char *why, struct outcome *out)
{
        out->status = status;
        out->response = httpd_response_ref(w->responder->pages.errors[status]);
        snprintf(out->why, sizeof(out->why), "%s", why);
}

/* As if there was no scenario; those about serials that nobody issued are a
 * matter of policy. */
static void plan(struct worker *w, const struct fault *f,
    const struct moment *m, struct subject *s)
{
        const struct answer_source source = {find_state, s};
        struct answer_policy policy = w->responder->options->policy;
        const char *name = f->broken[0] == '\0' ? f->choice.scenario->name : "";

        if (strcmp(name, "good-never-issued") == 0)
                policy.unissued = ANSWER_UNISSUED_GOOD;
        else if (strcmp(name, "extended-revoke") == 0)
                policy.unissued = ANSWER_UNISSUED_REVOKE;
        answer_plan(
            &policy, w->issuers, &source, &w->request, m->now, &w->answer);
}

static enum httpd_framing framing_of(enum fault_framing framing)
{
        switch (framing) {
        case FAULT_FRAMED:
        case FAULT_CHUNKED:
        case FAULT_RESET:
                break;
        case FAULT_UNTIL_CLOSE:
                return HTTPD_UNTIL_CLOSE;
        case FAULT_CUT_OFF:
                return HTTPD_CUT_OFF;
        }
        return HTTPD_CHUNKED;
}

static int make_response(struct worker *w, const struct fault *f,
    const struct fault_outcome *o, struct outcome *out, struct err *e)
{
        struct httpd_header headers[DELIVERY_HEADERS_MAX + 2];
        const struct delivery *d = &o->delivery;
        size_t i;

        for (i = 0; i < d->headers_len; i++) {
                headers[i].name = d->headers[i].name;
                headers[i].value = d->headers[i].value;
        }
        if (o->location[0] != '\0') {
                headers[i].name = "Location";
                headers[i++].value = o->location;
        }
        if (f->staple != NULL) {
                headers[i].name = RESPONDER_STAPLE_HEADER;
                headers[i++].value = f->staple->name;
        }
        out->http = d->status;
        if (w->visitor != NULL)
                w->visitor->drip_ms = o->drip_ms;
        if (w->visitor != NULL && o->framing == FAULT_RESET)
                w->visitor->reset_short = o->missing;
        if (o->framing == FAULT_FRAMED || o->framing == FAULT_RESET)
                return httpd_response_new(
                    d->body, headers, i, &out->response, e);
        return httpd_response_framed(framing_of(o->framing), o->missing,
            d->body, headers, i, &out->response, e);
}

static void deliver(struct worker *w, const struct fault *f,
    const struct fault_outcome *o, struct outcome *out)
{
        struct err e = ERR_INIT;

        out->status = o->status;
        /* Without a response the connection is closed. */
        if (!o->close && make_response(w, f, o, out, &e) != 0) {
                refuse(w, OCSP_INTERNAL_ERROR, e.text, out);
                return;
        }
        snprintf(out->why, sizeof(out->why), "scenario %s", out->scenario);
        if (o->status != OCSP_SUCCESSFUL)
                return;
        out->findings = w->answer.findings;
        out->life = (struct answer_life){.shareable = false};
}

static void spoil(struct worker *w, struct fault *f,
    const struct fault_visit *v, size_t target, const struct moment *m,
    struct outcome *out)
{
        struct subject subject = {.db = w->db};
        struct fault_outcome o = {.der = w->encoded};
        struct fault_case c = {.visit = v,
            .request = &w->request,
            .answer = &w->answer,
            .target = target,
            .now = m->now};
        struct err e = ERR_INIT;

        plan(w, f, m, &subject);
        if (w->answer.issuer != NULL)
                out->issuer = w->answer.issuer->id;
        if (w->answer.status != OCSP_SUCCESSFUL) {
                refuse(w, w->answer.status, w->answer.why, out);
                return;
        }
        c.not_after = subject.found ? subject.state.not_after : 0;
        buf_clear(&o.der);
        if (fault_spoil(f, &c, &o, &e) != 0)
                refuse(w, OCSP_INTERNAL_ERROR, e.text, out);
        else
                deliver(w, f, &o, out);
        w->encoded = o.der;
}

static struct fault_visit visit_of(const struct httpd_request *q)
{
        char value[8];

        if (q == NULL)
                return (struct fault_visit){.live = false};
        return (struct fault_visit){.live = true,
            .get = q->method != HTTPD_POST,
            .redirected =
                httpd_request_query(q, "redirected", value, sizeof(value)) != 0,
            .path = q->path,
            .note = q->note};
}

/* Never kept: whoever clears the scenario must not meet it again. */
bool worker_faulty(
    struct worker *w, const struct moment *m, struct outcome *out)
{
        struct fault_visit visit = visit_of(w->visitor);
        struct fault_outcome wait = {.park_ms = 0};
        size_t target;
        struct fault *f = find_fault(w, &visit, &target);

        if (f == NULL)
                return false;
        snprintf(out->scenario, sizeof(out->scenario), "%s", f->text);
        out->response = NULL;
        if (!fault_waits(f, &visit, &wait)) {
                spoil(w, f, &visit, target, m, out);
                return true;
        }
        w->visitor->note = visit.note;
        out->park_ms = wait.park_ms;
        return true;
}
