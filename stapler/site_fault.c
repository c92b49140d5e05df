#include "stapler/site_fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "stapler/site.h"

/* Between two tries to get the bytes of a fault. */
enum { SITE_FAULT_RETRY_MS = 1000 };

/* ---- at a handshake ----------------------------------------------------- */

static bool holds(void *fault)
{
        return fault_holds(fault);
}

static bool take(void *arg, const char *name)
{
        struct fault *f = arg;
        char count[32] = "";
        int64_t left;

        if (!fault_take(f, &left))
                return false;
        if (left >= 0)
                snprintf(count, sizeof(count), " left=%" PRId64, left);
        if (fault_deed(f) != FAULT_NOTHING)
                log_line(LOG_INFO_, "scenario", "cert=%s handshake=%s%s", name,
                    f->text, count);
        return true;
}

static void ref(void *fault)
{
        (void)fault_ref(fault);
}

static void unref(void *fault)
{
        fault_unref(fault);
}

static const struct tls_fault_class class = {holds, take, ref, unref};

static struct tls_fault offer_of(const struct site_fault *f)
{
        struct tls_fault out = {
            .is = &class, .arg = f->fault, .answer = TLS_STAPLE};

        switch (fault_deed(f->fault)) {
        case FAULT_NOTHING:
                out.as_it_is = true;
                return out;
        case FAULT_BARE:
                out.answer = TLS_BARE;
                return out;
        case FAULT_BYTES:
                out.der = fault_bytes(f->fault);
                return out;
        case FAULT_TWIN:
        case FAULT_ANSWER:
                break;
        }
        out.der = buf_span(&f->der);
        out.held = f->state == SITE_FAULT_WAITING;
        if (f->state == SITE_FAULT_BROKEN)
                out.answer = TLS_REFUSE;
        return out;
}

void site_faults_offer(const struct site *site, struct tls_offer *offer)
{
        const struct site_faults *fs = &site->faults;
        unsigned i;

        offer->faults_len = fs->len;
        for (i = 0; i < fs->len; i++)
                offer->faults[i] = offer_of(fs->list[i]);
}

/* Those that wait for bytes look again. */
static void tell(struct site *site)
{
        site_publish(site);
        site->keeper->offered(site->keeper->arg);
}

/* ---- which -------------------------------------------------------------- */

static bool needs_bytes(const struct fault *f)
{
        enum fault_deed deed = fault_deed(f);

        return deed == FAULT_TWIN || deed == FAULT_ANSWER;
}

/* If one is under way. */
static void stop_fetch(struct site_fault *f)
{
        if (f->fetch != NULL)
                f->site->keeper->in_flight--;
        fetch_cancel(f->fetch);
        f->fetch = NULL;
}

static void drop(struct site_fault *f)
{
        if (f == NULL)
                return;
        stop_fetch(f);
        fault_unref(f->fault);
        buf_release(&f->der);
        free(f);
}

/* The one that is there, taken out of it, or a new one. */
static struct site_fault *keep_or_make(
    struct site *site, struct site_faults *old, struct fault *fault)
{
        struct site_fault *f;
        unsigned i;

        for (i = 0; i < old->len; i++) {
                f = old->list[i];
                if (f == NULL || f->fault != fault)
                        continue;
                old->list[i] = NULL;
                return f;
        }
        f = calloc(1, sizeof(*f));
        if (f == NULL)
                return NULL;
        f->site = site;
        f->fault = fault_ref(fault);
        f->wanted = needs_bytes(fault);
        f->state = f->wanted ? SITE_FAULT_WAITING : SITE_FAULT_READY;
        return f;
}

static void add(struct site *site, struct site_faults *old, struct fault *fault)
{
        struct site_faults *fs = &site->faults;
        struct site_fault *f =
            fault == NULL ? NULL : keep_or_make(site, old, fault);

        if (f != NULL)
                fs->list[fs->len++] = f;
        else if (fault != NULL)
                log_line(LOG_ERROR_, "scenario",
                    "cert=%s scenario=%s why=\"out of memory\" next=\"it does "
                    "not happen\"",
                    site->id.name, fault->text);
}

/* What somebody sets on the certificate later takes the place of what was set
 * by hand. */
static void forget_posted(struct site *site, const struct fault *on_cert)
{
        struct site_faults *fs = &site->faults;

        if (fs->posted == NULL ||
            (on_cert == NULL ? 0 : on_cert->version) == fs->over)
                return;
        fault_unref(fs->posted);
        fs->posted = NULL;
}

static bool same(const struct site_faults *a, const struct site_faults *b)
{
        return a->len == b->len &&
               memcmp(a->list, b->list, a->len * sizeof(a->list[0])) == 0;
}

static void log_set(const struct site *site)
{
        const struct site_fault *f = site_fault_now(site);
        char times[48] = "";

        if (f == NULL) {
                log_line(LOG_INFO_, "scenario",
                    "cert=%s scenario=- next=\"handshakes get the staple as it "
                    "is\"",
                    site->id.name);
                return;
        }
        if (f->fault->times > 0)
                snprintf(times, sizeof(times), " left=%" PRId64,
                    fault_left(f->fault));
        log_line(LOG_WARN_, "scenario", "cert=%s scenario=%s%s next=\"%s\"",
            site->id.name, f->fault->text, times,
            fault_deed(f->fault) == FAULT_NOTHING
                ? "handshakes get the staple as it is"
                : "handshakes get that, on purpose");
}

void site_faults_look(struct site *site)
{
        struct site_faults *fs = &site->faults, old = *fs, before = *fs;
        struct fault *at[SCENARIO_LEVELS];
        unsigned i;

        for (i = 0; i < SCENARIO_LEVELS; i++)
                at[i] = faults_at(&site->keeper->faults, (enum scenario_level)i,
                    site->id.leaf, site->id.issuer);
        forget_posted(site, at[SCENARIO_ON_CERTIFICATE]);
        fs->len = 0;
        add(site, &old, fs->posted);
        for (i = 0; i < SCENARIO_LEVELS; i++)
                add(site, &old, at[i]);
        for (i = 0; i < old.len; i++)
                drop(old.list[i]);
        if (same(fs, &before))
                return;
        log_set(site);
        tell(site);
}

void site_faults_post(struct site *site, struct fault *fault)
{
        const struct fault *there = faults_at(&site->keeper->faults,
            SCENARIO_ON_CERTIFICATE, site->id.leaf, site->id.issuer);

        fault_unref(site->faults.posted);
        site->faults.posted = fault;
        site->faults.over = there == NULL ? 0 : there->version;
        site_faults_look(site);
        site_faults_tick(site);
}

/* ---- bytes -------------------------------------------------------------- */

static void again_later(struct site_fault *f)
{
        f->wanted = true;
        f->retry_at = monotonic_ms() + SITE_FAULT_RETRY_MS;
}

static void settle(
    struct site_fault *f, enum site_fault_state state, const char *why)
{
        char escaped[LOG_ESCAPED_MAX];
        bool news = strcmp(f->why, why) != 0;

        f->state = state;
        snprintf(f->why, sizeof(f->why), "%s", why);
        if (state == SITE_FAULT_BROKEN)
                again_later(f);
        if (state == SITE_FAULT_BROKEN && news) {
                log_escape(
                    (struct span){(const uint8_t *)why, strlen(why)}, escaped);
                log_line(LOG_ERROR_, "scenario",
                    "cert=%s scenario=%s why=\"%s\" next=\"handshakes that it "
                    "is for are refused; trying again\"",
                    f->site->id.name, f->fault->text, escaped);
        }
        tell(f->site);
}

static int keep(void *arg, const struct fetch_answer *a, struct err *why)
{
        struct site_fault *f = arg;

        buf_clear(&f->der);
        buf_append(&f->der, a->der.data, a->der.len);
        return f->der.failed ? err_set(why, ERR_OS, "out of memory") : 0;
}

static void fetched(void *arg, const struct fetch_result *r)
{
        struct site_fault *f = arg;
        struct keeper *k = f->site->keeper;

        f->fetch = NULL;
        k->in_flight--;
        if (r->ok)
                settle(f, SITE_FAULT_READY, "");
        else if (f->state == SITE_FAULT_READY)
                again_later(f); /* what there is, is as wrong as before */
        else
                settle(f, SITE_FAULT_BROKEN, r->err.text);
        k->settled(k->arg, f->site);
}

static void start_fetch(struct site_fault *f)
{
        const struct site *site = f->site;
        struct fetch_request q = {.leaf = site->id.leaf,
            .issuer = site->id.issuer,
            .hash = site->keeper->hash,
            .urls = (const char *const *)site->id.urls,
            .urls_len = site->id.urls_len,
            .first = site->first_url,
            .timeout_ms = site->keeper->timeout_ms,
            .staple_scenario = f->fault->choice.scenario->name,
            .judge = keep,
            .done = fetched,
            .arg = f};
        struct err e = ERR_INIT;

        f->wanted = false;
        if (site->id.trouble[0] != '\0') {
                settle(f, SITE_FAULT_BROKEN, site->id.trouble);
                return;
        }
        site->keeper->in_flight++;
        if (fetch_start(site->keeper->base, &q, &f->fetch, &e) == 0)
                return;
        site->keeper->in_flight--;
        settle(f, SITE_FAULT_BROKEN, e.text);
}

/* That of the other certificate, as long as it has a good one. */
static void take_twin(struct site_fault *f)
{
        const struct site *twin =
            f->site->keeper->twin(f->site->keeper->arg, f->site);
        struct span der;

        if (twin == NULL) {
                settle(f, SITE_FAULT_BROKEN,
                    "no certificate of the same names with another kind of key "
                    "is served");
                return;
        }
        if (site_state(twin) != STAPLE_GOOD && !site_has_tried(twin))
                return;
        if (site_state(twin) != STAPLE_GOOD) {
                settle(f, SITE_FAULT_BROKEN,
                    "the other certificate has no staple");
                return;
        }
        der = buf_span(&twin->staple.der);
        if (f->state == SITE_FAULT_READY && span_equal(der, buf_span(&f->der)))
                return;
        buf_clear(&f->der);
        buf_append(&f->der, der.data, der.len);
        settle(f, f->der.failed ? SITE_FAULT_BROKEN : SITE_FAULT_READY,
            f->der.failed ? "out of memory" : "");
}

static void tick(struct site_fault *f)
{
        bool due = monotonic_ms() >= f->retry_at;

        switch (fault_deed(f->fault)) {
        case FAULT_NOTHING:
        case FAULT_BARE:
        case FAULT_BYTES:
                return;
        case FAULT_TWIN:
                if (due)
                        take_twin(f);
                return;
        case FAULT_ANSWER:
                if (due && f->wanted && f->fetch == NULL &&
                    f->site->keeper->in_flight < KEEPER_FETCHES_MAX)
                        start_fetch(f);
                return;
        }
}

void site_faults_tick(struct site *site)
{
        unsigned i;

        for (i = 0; i < site->faults.len; i++)
                tick(site->faults.list[i]);
}

void site_faults_renew(struct site *site, bool at_once)
{
        unsigned i;

        for (i = 0; i < site->faults.len; i++) {
                struct site_fault *f = site->faults.list[i];

                if (!needs_bytes(f->fault))
                        continue;
                f->wanted = true;
                f->retry_at = 0;
                if (!at_once)
                        continue;
                f->state = SITE_FAULT_WAITING;
                /* What it brings may be of the time before. */
                stop_fetch(f);
        }
}

/* ---- telling ------------------------------------------------------------ */

bool site_faults_are_settled(const struct site *site)
{
        unsigned i;

        for (i = 0; i < site->faults.len; i++) {
                if (site->faults.list[i]->state == SITE_FAULT_WAITING)
                        return false;
        }
        return true;
}

const struct site_fault *site_fault_now(const struct site *site)
{
        unsigned i;

        for (i = 0; i < site->faults.len; i++) {
                if (fault_holds(site->faults.list[i]->fault))
                        return site->faults.list[i];
        }
        return NULL;
}

void site_faults_release(struct site *site)
{
        unsigned i;

        for (i = 0; i < site->faults.len; i++)
                drop(site->faults.list[i]);
        fault_unref(site->faults.posted);
        site->faults = (struct site_faults){.len = 0};
}
