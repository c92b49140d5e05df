#include "stapler/cmd_fetch.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "ocsp/ocsp.h"
#include "stapler/fetch/fetch.h"
#include "stapler/identity.h"

struct errand {
        const struct options *options;
        const struct trust *trust;
        struct identity id;
        int64_t now;
        struct staple staple;
        struct err err;
};

static int judge(void *arg, const struct fetch_answer *a, struct err *why)
{
        struct staple_answer fresh = {a->der, true, a->max_age};
        struct errand *d = arg;
        struct ocsp_question q = {.leaf = d->id.leaf,
            .issuer = d->id.issuer,
            .responders = d->trust->responders,
            .now = d->now,
            .skew = OCSP_SKEW_DEFAULT};
        struct ocsp_verdict v;

        ocsp_judge(&q, a->der, &v);
        return staple_take(&d->staple, &d->options->policy, &v, &fresh,
            (struct staple_now){d->now, 0}, 0.5, why);
}

static void done(void *arg, const struct fetch_result *r)
{
        struct errand *d = arg;

        if (!r->ok)
                d->err = r->err;
}

static int run(struct errand *d, struct err *e)
{
        struct fetch_request q = {.leaf = d->id.leaf,
            .issuer = d->id.issuer,
            .hash = d->options->hash,
            .urls = (const char *const *)d->id.urls,
            .urls_len = d->id.urls_len,
            .timeout_ms = (int)d->options->timeout_ms,
            .judge = judge,
            .done = done,
            .arg = d};
        struct event_base *base = event_base_new();
        struct fetch *fetch;
        int rc;

        if (base == NULL)
                return err_set(e, ERR_OS, "cannot make an event loop");
        rc = fetch_start(base, &q, &fetch, e);
        if (rc == 0)
                event_base_dispatch(base);
        event_base_free(base);
        if (rc == 0 && d->err.code != ERR_NONE) {
                *e = d->err;
                rc = -1;
        }
        return rc;
}

static int report(const struct errand *d, struct err *e)
{
        const struct staple_facts *f = &d->staple.held;
        char until[TIME_TEXT_MAX];

        printf("%s: %s", d->options->out, staple_state_name(f->state));
        if (f->next_update != 0)
                printf(", valid until %s", format_time(f->next_update, until));
        putchar('\n');
        return cli_flush(e);
}

/* "certs/api/fullchain.pem" may have its issuer in certs/api/chain.pem. */
static int load(struct errand *d, struct err *e)
{
        const char *path = d->options->certs[0];
        const char *slash = strrchr(path, '/');
        char chain[PATH_MAX];
        struct identity_spec spec = {
            .name = "certificate", .fullchain = path, .chain = chain};

        if (file_path(chain, sizeof(chain), e, "%.*schain.pem",
                slash == NULL ? 0 : (int)(slash + 1 - path), path) != 0 ||
            identity_load(&spec, d->trust, &d->id, e) != 0)
                return -1;
        if (d->id.trouble[0] != '\0')
                return err_set(e, ERR_DATA, "%s: %s", path, d->id.trouble);
        return 0;
}

int cmd_fetch(const struct options *o, struct err *e)
{
        struct trust_spec spec = {
            o->issuer, o->ca, o->dir, o->responder_cert, o->responder};
        struct trust trust = {0};
        struct errand d = {.options = o, .trust = &trust};
        struct labclock *clock = NULL;
        int rc = -1;

        signal(SIGPIPE, SIG_IGN);
        if (labclock_open(o->dir, &clock, e) != 0 ||
            trust_load(&spec, &trust, e) != 0 || load(&d, e) != 0)
                goto out;
        d.now = labclock_now(clock);
        if (run(&d, e) != 0)
                goto out;
        rc = file_write(o->out, d.staple.der.data, d.staple.der.len, 0644, e);
        if (rc == 0)
                rc = report(&d, e);
out:
        staple_release(&d.staple);
        identity_release(&d.id);
        trust_release(&trust);
        labclock_close(clock);
        return rc;
}
