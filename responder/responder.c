#include "responder/worker.h"

#include <stdio.h>
#include <stdlib.h>

int64_t responder_now(const struct responder *r)
{
        return r->at_set ? r->at : labclock_now(r->clock);
}

static int open_workers(struct responder *r, struct err *e)
{
        const struct options *o = r->options;
        unsigned i, len = o->answer != NULL ? 1 : o->threads + 1;

        r->workers = calloc(len, sizeof(struct worker *));
        if (r->workers == NULL)
                return err_errno(e, ERR_OS, "workers");
        r->workers_len = len;
        for (i = 0; i < len; i++)
                if (worker_new(r, &r->workers[i], e) != 0)
                        return -1;
        return 0;
}

static int open_all(struct responder *r, struct err *e)
{
        const struct options *o = r->options;

        if (lab_dir_check(o->dir, e) != 0 || open_workers(r, e) != 0 ||
            cadb_settings_get(r->workers[0]->db, &r->settings, e) != 0 ||
            labclock_open(o->dir, &r->clock, e) != 0 ||
            registry_new(&r->source, &r->registry, e) != 0 ||
            cache_new(o->cache, &r->cache, e) != 0 ||
            faultbook_new(o->dir, r->settings.no_faults, &r->faults, e) != 0)
                return -1;
        return journal_new(o->requests_after, &r->journal, e);
}

int responder_open(struct responder *r, const struct options *o, struct err *e)
{
        *r = (struct responder){
            .options = o, .source = {.dir = o->dir, .digest = o->digest}};
        atomic_init(&r->answered, 0);
        atomic_init(&r->refused, 0);
        atomic_init(&r->crls_open, 0);
        if (open_all(r, e) == 0)
                return 0;
        responder_release(r);
        return -1;
}

void responder_release(struct responder *r)
{
        unsigned i;

        for (i = 0; i < r->workers_len; i++)
                worker_free(r->workers[i]);
        free(r->workers);
        pages_release(&r->pages);
        journal_free(r->journal);
        cache_free(r->cache);
        fault_unref(r->offline_fault);
        faultbook_free(r->faults);
        registry_free(r->registry);
        labclock_close(r->clock);
}

void responder_watch_signers(struct responder *r, int64_t now)
{
        struct issuers *cas = registry_current(r->registry);
        char notice[ERR_TEXT_MAX];
        size_t i;

        for (i = 0; cas != NULL && i < cas->len; i++)
                if (issuer_ends_soon_first(cas->list[i], now))
                        tell(LOG_WARN_, "signer", "ca=%s %s",
                            cas->list[i]->name,
                            issuer_notice(cas->list[i], now, notice));
        issuers_unref(cas);
}

int responder_check_signers(struct responder *r, struct err *e)
{
        struct worker *w = r->workers[0];
        char why[ERR_TEXT_MAX];
        struct moment m;
        size_t i;

        if (worker_look(w, &m, e) != 0)
                return -1;
        for (i = 0; i < w->issuers->len; i++) {
                const struct issuer *ca = w->issuers->list[i];

                if (ca->has_signer && !issuer_can_sign(ca, m.now, why))
                        return err_set(e, ERR_CONFIG, "%s", why);
        }
        return 0;
}
