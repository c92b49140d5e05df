#include "responder/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Seconds for which one max-age is said. */
enum { DATED_MAX_S = 60 };

int worker_new(struct responder *r, struct worker **out, struct err *e)
{
        struct worker *w = calloc(1, sizeof(*w));

        if (w == NULL)
                return err_errno(e, ERR_OS, "worker");
        w->responder = r;
        if (front_new(&w->front, e) != 0 || rows_new(&w->rows, e) != 0 ||
            cadb_open(r->options->dir, &w->db, e) != 0) {
                worker_free(w);
                return -1;
        }
        *out = w;
        return 0;
}

void worker_free(struct worker *w)
{
        if (w == NULL)
                return;
        issuers_unref(w->issuers);
        faults_unref(w->faults);
        front_free(w->front);
        rows_free(w->rows);
        cadb_close(w->db);
        buf_release(&w->der);
        buf_release(&w->encoded);
        free(w);
}

/* ---- where things stand ------------------------------------------------ */

void worker_tell_issuer(const struct issuer *i)
{
        char until[TIME_TEXT_MAX];

        if (i->signer != NULL)
                tell(LOG_INFO_, "signer", "ca=%s valid-until=%s", i->name,
                    format_time(i->not_after, until));
        else if (i->has_signer)
                tell(LOG_ERROR_, "signer",
                    "ca=%s unusable: its certificates get internalError "
                    "until that is mended: %s",
                    i->name, i->fault);
        else
                tell(LOG_WARN_, "signer",
                    "ca=%s its certificates get unauthorized: %s", i->name,
                    i->fault);
        if (i->warning[0] != '\0')
                tell(LOG_WARN_, "signer", "ca=%s %s", i->name, i->warning);
}

/* Moves every few milliseconds, and costs next to nothing. */
static int64_t coarse_ms(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Whenever something was told, and once in some milliseconds because of what
 * is not told. */
static int check_place(struct worker *w, struct err *e)
{
        int64_t ms = coarse_ms();

        if (!cadb_may_be_gone(w->db) && ms == w->checked_ms)
                return 0;
        w->checked_ms = 0;
        if (cadb_is_gone(w->db))
                return err_set(e, ERR_NOTFOUND,
                    "%s/ca.db was removed or replaced: start the responder "
                    "anew",
                    w->responder->options->dir);
        w->checked_ms = ms;
        return 0;
}

int worker_look(struct worker *w, struct moment *out, struct err *e)
{
        const struct responder *r = w->responder;
        uint64_t generation = registry_generation(r->registry);

        if (check_place(w, e) != 0)
                return -1;
        /* Each before what it vouches for: the clock's generation before the
         * time, the stamp before anything is read from the database. */
        out->clock = labclock_generation(r->clock);
        out->now = responder_now(r);
        if (cadb_stamp_take(w->db, &out->stamp, e) != 0)
                return -1;
        if (w->looked && w->generation == generation &&
            w->clock == out->clock && cadb_stamp_equal(&w->stamp, &out->stamp))
                return 0;
        /* A signer that was loaded anew has no event. */
        if (w->generation != generation)
                changes_forget(&w->changes);
        /* Before the CAs, so that these are as new as its last event.  If it
         * can't be read, all rows are looked up. */
        changes_read(&w->changes, w->db, NULL);
        if (registry_refresh(r->registry, w->db,
                r->serving ? worker_tell_issuer : NULL, &w->issuers, e) != 0 ||
            faultbook_refresh(r->faults, w->db, &w->faults, e) != 0)
                return -1;
        w->stamp = out->stamp;
        w->generation = generation;
        w->clock = out->clock;
        w->looked = true;
        w->epoch++;
        if (r->serving)
                responder_watch_signers(w->responder, out->now);
        return 0;
}

/* ---- outcomes ---------------------------------------------------------- */

static void refuse(struct worker *w, enum ocsp_response_status status,
    const char *why, struct outcome *out)
{
        struct pages *p = &w->responder->pages;

        out->status = status;
        out->response = httpd_response_ref(p->errors[status]);
        if (why != out->why)
                snprintf(out->why, sizeof(out->why), "%s", why);
}

static int make_response(const struct answer_life *life, const char *etag,
    struct span body, int64_t now, struct httpd_response **out, struct err *e)
{
        struct httpd_header headers[DELIVERY_HEADERS_MAX];
        struct delivery d;
        size_t i;

        delivery_make(life, etag, body, now, &d);
        for (i = 0; i < d.headers_len; i++) {
                headers[i].name = d.headers[i].name;
                headers[i].value = d.headers[i].value;
        }
        return httpd_response_new(d.body, headers, d.headers_len, out, e);
}

/* That all of c->basis is as it was is known up to here. */
static void restamp(
    const struct worker *w, const struct moment *m, struct cached *c)
{
        c->stamp = m->stamp;
        if (c->seen < w->changes.last)
                c->seen = w->changes.last;
}

static bool is_dated(const struct cached *c, int64_t now)
{
        return c->dated <= now && now <= c->dated_until;
}

/* max-age counts from the moment it is sent.  Not to make the response anew in
 * each second, it is said a thousandth too low, a minute at most. */
static void date_anew(struct cached *c, int64_t now)
{
        int64_t left = c->life.resign_at - now;
        int64_t ahead = left / 1000 < DATED_MAX_S ? left / 1000 : DATED_MAX_S;
        int64_t until = ahead > 1 ? now + ahead - 1 : now;
        struct httpd_response *fresh = NULL;

        if (make_response(&c->life, c->etag, httpd_response_body(c->response),
                until, &fresh, NULL) != 0)
                return;
        httpd_response_unref(c->response);
        c->response = fresh;
        c->dated = now;
        c->dated_until = until;
}

/* An answer from the cache.  c's reference moves to out. */
static void take_cached(struct worker *w, struct cached *c, struct span key,
    const struct moment *m, enum cache_use use, struct outcome *out)
{
        bool dated = is_dated(c, m->now);

        if (!dated)
                date_anew(c, m->now);
        if (!dated || use != CACHE_HIT)
                cache_put(w->responder->cache, key, c);
        out->status = OCSP_SUCCESSFUL;
        out->cached = use;
        out->response = c->response;
        out->life = c->life;
        memcpy(out->etag, c->etag, sizeof(out->etag));
        out->finding = c->finding;
        out->findings = &out->finding;
        out->issuer = c->basis.issuer;
}

/* ---- signing ----------------------------------------------------------- */

static int find_state(void *arg, int64_t ca, struct span serial,
    struct cadb_state *out, struct err *e)
{
        return cadb_state_find(arg, ca, serial, out, e);
}

/* As find_state, but what was read before is taken if nothing that has happened
 * since concerns it. */
static int find_kept(void *arg, int64_t ca, struct span serial,
    struct cadb_state *out, struct err *e)
{
        struct worker *w = arg;
        struct kept_row *k = rows_find(w->rows, ca, serial);
        int rc;

        if (k != NULL && (k->epoch == w->epoch ||
                             changes_spare(&w->changes, k->seen, serial))) {
                k->epoch = w->epoch;
                k->seen = w->changes.last;
                *out = k->state;
                return 1;
        }
        rc = cadb_state_find(w->db, ca, serial, out, e);
        if (rc == 1)
                rows_put(w->rows, ca, serial, out, w->epoch, w->changes.last);
        return rc;
}

/* One view for several certIDs, so that of two revocations the answer never has
 * the second alone; a single read is one by itself. */
static void plan(struct worker *w, const struct moment *m)
{
        bool several = w->request.certids_len > 1;
        const struct answer_source source = {
            several ? find_state : find_kept, several ? (void *)w->db : w};
        struct err e = ERR_INIT;

        if (several && cadb_snapshot_begin(w->db, &e) != 0) {
                w->answer.status = OCSP_INTERNAL_ERROR;
                snprintf(w->answer.why, sizeof(w->answer.why), "%.*s",
                    ANSWER_WHY_MAX - 1, e.text);
                return;
        }
        answer_plan(&w->responder->options->policy, w->issuers, &source,
            &w->request, m->now, &w->answer);
        if (several)
                cadb_snapshot_end(w->db);
}

static struct cache_basis basis_of(
    const struct answer *a, const struct moment *m)
{
        return (struct cache_basis){.clock = m->clock,
            .issuer = a->issuer->id,
            .issuer_version = a->issuer->version,
            .row_version = a->row_version};
}

static uint64_t monotonic_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Requests that came in together are worked off one after the other.  When the
 * signatures of those before have taken so long, it is better to ask again
 * than to wait for more of them: so the wait has an end, however many come.
 * One of each lot is signed, however slow the machine. */
static bool waits_too_long(const struct worker *w, struct outcome *out)
{
        int64_t most = w->responder->options->max_wait_ms;

        if (w->since_ms == 0 || w->since_ms != w->signed_at ||
            monotonic_ms() - w->since_ms <= most)
                return false;
        snprintf(out->why, sizeof(out->why),
            "too many signatures are waiting: more than %lld ms for this one "
            "(--max-wait)",
            (long long)most);
        return true;
}

static int encode(struct worker *w, struct err *e)
{
        uint64_t start = monotonic_ns();

        buf_clear(&w->encoded);
        if (answer_encode(&w->answer, &w->encoded, e) != 0)
                return -1;
        tally_signature(&w->tally, monotonic_ns() - start);
        return 0;
}

static void sign(struct worker *w, const struct moment *m, struct outcome *out)
{
        const struct answer *a = &w->answer;
        struct err e = ERR_INIT;
        struct span der;

        if (waits_too_long(w, out)) {
                refuse(w, OCSP_TRY_LATER, out->why, out);
                return;
        }
        w->signed_at = w->since_ms;
        if (encode(w, &e) != 0) {
                refuse(w, OCSP_INTERNAL_ERROR, e.text, out);
                return;
        }
        der = buf_span(&w->encoded);
        /* Only what caches may keep has a use for one. */
        if (a->life.shareable)
                answer_etag(der, out->etag);
        if (make_response(
                &a->life, out->etag, der, m->now, &out->response, &e) != 0) {
                refuse(w, OCSP_INTERNAL_ERROR, e.text, out);
                return;
        }
        out->status = OCSP_SUCCESSFUL;
        out->life = a->life;
        out->findings = a->findings;
}

static void keep(struct worker *w, struct span key, const struct moment *m,
    struct outcome *out)
{
        struct cached c = {.stamp = m->stamp,
            .seen = w->changes.last,
            .basis = basis_of(&w->answer, m),
            .life = out->life,
            .finding = out->findings[0],
            .dated = m->now,
            .dated_until = m->now,
            .response = out->response};

        memcpy(c.etag, out->etag, sizeof(c.etag));
        cache_put(w->responder->cache, key, &c);
        out->cached = CACHE_MISS;
}

/* ---- one request ------------------------------------------------------- */

/* Neither its time nor the lab's clock says that a new one is due. */
static bool in_time(const struct cached *c, const struct moment *m)
{
        return c->basis.clock == m->clock && c->life.this_update <= m->now &&
               m->now < c->life.resign_at;
}

static bool same_basis(const struct cache_basis *a, const struct cache_basis *b)
{
        return a->clock == b->clock && a->issuer == b->issuer &&
               a->issuer_version == b->issuer_version &&
               a->row_version == b->row_version;
}

/* From a plan to its outcome. */
static void carry_out(
    struct worker *w, const struct moment *m, struct outcome *out)
{
        if (w->answer.issuer != NULL)
                out->issuer = w->answer.issuer->id;
        if (w->answer.status != OCSP_SUCCESSFUL)
                refuse(w, w->answer.status, w->answer.why, out);
        else
                sign(w, m, out);
}

/* What is in the answer of the worker is what c was made from. */
static bool still_right(
    const struct worker *w, const struct cached *c, const struct moment *m)
{
        struct cache_basis basis;

        if (w->answer.status != OCSP_SUCCESSFUL)
                return false;
        basis = basis_of(&w->answer, m);
        return same_basis(&basis, &c->basis);
}

/* Nothing has happened to what c was made from, as the trail of changes says:
 * no need to look at the row. */
static bool is_spared(
    const struct worker *w, const struct cached *c, struct span serial)
{
        const struct issuer *i = issuers_by_id(w->issuers, c->basis.issuer);

        return i != NULL && i->version == c->basis.issuer_version &&
               changes_spare(&w->changes, c->seen, serial);
}

/* One certID without a nonce: the kind of answer that is kept.  An entry of an
 * older state is not thrown away: if nothing that has happened since concerns
 * it, or its row and its signer are still the same, it is stamped with the
 * state of now. */
static void answer_kept(
    struct worker *w, const struct moment *m, struct outcome *out)
{
        const struct ocsp_certid *id = &w->request.certids[0];
        struct cached *c = &w->kept;
        bool usable;

        c->response = NULL;
        usable = cache_get(w->responder->cache, id->der, c) && in_time(c, m);
        if (usable && cadb_stamp_equal(&c->stamp, &m->stamp)) {
                take_cached(w, c, id->der, m, CACHE_HIT, out);
                return;
        }
        if (usable && is_spared(w, c, id->serial)) {
                restamp(w, m, c);
                take_cached(w, c, id->der, m, CACHE_AGAIN, out);
                return;
        }
        plan(w, m);
        if (usable && still_right(w, c, m)) {
                restamp(w, m, c);
                take_cached(w, c, id->der, m, CACHE_AGAIN, out);
                return;
        }
        httpd_response_unref(c->response);
        carry_out(w, m, out);
        if (out->status == OCSP_SUCCESSFUL)
                keep(w, id->der, m, out);
}

/* A nonce or several certIDs: signed for this one request. */
static void answer_once(
    struct worker *w, const struct moment *m, struct outcome *out)
{
        plan(w, m);
        carry_out(w, m, out);
}

static void outcome_begin(struct worker *w, struct outcome *out)
{
        out->cached = CACHE_NONE;
        out->findings = NULL;
        out->issuer = 0;
        out->why[0] = '\0';
        out->etag[0] = '\0';
        out->readable = false;
        out->scenario[0] = '\0';
        out->http = 0;
        out->park_ms = 0;
        out->now = responder_now(w->responder);
}

void worker_unreadable(struct worker *w, const char *why, struct outcome *out)
{
        outcome_begin(w, out);
        refuse(w, OCSP_MALFORMED_REQUEST, why, out);
}

/* When the database cannot be read, an answer that is kept is not sent, though
 * its nextUpdate may be days away: it could be the good of a certificate that
 * was revoked a moment ago. */
void worker_answer(struct worker *w, struct span der, struct outcome *out)
{
        const struct answer_policy *p = &w->responder->options->policy;
        enum ocsp_response_status status;
        char why[ANSWER_WHY_MAX];
        struct err e = ERR_INIT;
        struct ocsp_flaw flaw;
        struct moment m;

        outcome_begin(w, out);
        status = ocsp_request_parse(der, &w->request, &flaw);
        if (status != OCSP_SUCCESSFUL) {
                snprintf(why, sizeof(why), "%s (%s, byte %zu)", flaw.text,
                    flaw.ref, flaw.offset);
                refuse(w, status, why, out);
                return;
        }
        out->readable = true;
        if (worker_look(w, &m, &e) != 0) {
                refuse(w, OCSP_INTERNAL_ERROR, e.text, out);
                return;
        }
        out->now = m.now;
        if ((w->faults->len > 0 || w->responder->offline_fault != NULL) &&
            worker_faulty(w, &m, out))
                return;
        if (w->request.certids_len == 1 &&
            !answer_wants_nonce(p, &w->request) &&
            p->nonce != ANSWER_NONCE_REQUIRE)
                answer_kept(w, &m, out);
        else
                answer_once(w, &m, out);
}

/* ---- the same once more ------------------------------------------------ */

static struct span serial_of(const struct front_entry *n)
{
        const struct journal_certid *id = n->subject->certids;

        return (struct span){id->serial, id->serial_len};
}

struct front_entry *worker_again(struct worker *w, struct span asked,
    struct moment *out, enum cache_use *use)
{
        struct front_entry *n = front_find(w->front, asked);

        if (n == NULL || worker_look(w, out, NULL) != 0 || w->faults->len > 0 ||
            out->now < n->dated || out->now > n->dated_until)
                return NULL;
        *use = CACHE_HIT;
        if (n->epoch == w->epoch)
                return n;
        if (!in_time(&n->answer, out) ||
            !is_spared(w, &n->answer, serial_of(n)))
                return NULL;
        restamp(w, out, &n->answer);
        n->epoch = w->epoch;
        *use = CACHE_AGAIN;
        return n;
}

/* Only what is asked more than once, and what is not worth a word. */
struct journal_subject *worker_remember(struct worker *w, struct span asked,
    const struct outcome *o, struct journal_subject *subject)
{
        if ((o->cached != CACHE_HIT && o->cached != CACHE_AGAIN) ||
            !o->life.shareable)
                return subject;
        return front_put(w->front, asked, w->epoch, &w->kept, subject);
}
