#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>

#include "batch.h"
#include "cast.h"
#include "progress.h"
#include "scenario.h"

static bool wants_twin(const struct wish *w)
{
        return w->has_scenario && scenario_needs_twin(w->scenario.scenario);
}

/* The terms, the certificate and its files of one name. */
static int add_named(struct batch *b, const char *name, struct err *e)
{
        struct model m = {.csr = NULL};
        struct terms t;
        int rc = 0;

        if (b->plan->wish->renew)
                rc = model_of_name(&m, &b->plan->lab, name, e);
        if (rc == 0)
                rc = terms_make(&t, b->plan, &m, name, e);
        if (rc == 0)
                rc = batch_add(b, &t, e);
        if (rc == 0 && wants_twin(b->plan->wish))
                rc = batch_add_twin(b, &t, e);
        model_release(&m);
        return rc;
}

/* ---- NAME... --------------------------------------------------------------
 */

static int issue_names(struct batch *b, const struct args *a, struct err *e)
{
        size_t i;

        /* Before keys are made that nobody will get. */
        for (i = 0; i < a->words_len; i++)
                if (batch_check(b, a->words[i], e) != 0)
                        return -1;
        for (i = 0; i < a->words_len; i++)
                if (add_named(b, a->words[i], e) != 0)
                        return -1;
        return 0;
}

/* ---- NAME --count N -------------------------------------------------------
 */

static void series_name(char out[LAB_NAME_MAX + 1], const char *name, size_t i)
{
        snprintf(out, LAB_NAME_MAX + 1, "%s-%zu", name, i + 1);
}

static int issue_series(struct batch *b, const char *base, struct err *e)
{
        size_t i, count = b->plan->wish->count;
        char name[LAB_NAME_MAX + 1];
        struct progress progress;
        int rc = 0;

        for (i = 0; i < count; i++) {
                series_name(name, base, i);
                if (batch_check(b, name, e) != 0)
                        return -1;
        }
        progress_start(&progress, "issue");
        for (i = 0; rc == 0 && i < count; i++) {
                series_name(name, base, i);
                rc = add_named(b, name, e);
                progress_tick(&progress, i + 1, (int)((i + 1) * 100 / count));
        }
        progress_end(&progress);
        return rc;
}

/* ---- run ------------------------------------------------------------------
 */

/* Before a certificate is made that it does not fit: as if the CA alone was
 * meant, for the certificate is not there yet. */
static int check_scenario(const struct plan *p, struct err *e)
{
        const struct scenario *s = p->wish->scenario.scenario;

        if (!p->wish->has_scenario && !p->wish->scenarios)
                return 0;
        if (p->lab.settings.no_faults)
                return err_set(e, ERR_CONFIG,
                    "%s: made with --no-faults: no scenario can be set",
                    p->lab.dir);
        if (p->wish->scenarios)
                return 0;
        return scenario_issue_check(&p->lab, p->wish->ca, s, e);
}

static int set_scenario(
    void *arg, const struct batch *b, const struct forge *f, struct err *e)
{
        const struct wish *w = b->plan->wish;
        char folder[PATH_MAX];
        size_t i;

        (void)arg;
        for (i = 0; i < b->len; i++)
                if ((!w->no_files &&
                        batch_folder(b, &b->items[i], folder, e) != 0) ||
                    scenario_put_new(&b->plan->lab, f, b->items[i].name,
                        w->no_files ? NULL : folder, &w->scenario, e) != 0)
                        return -1;
        return 0;
}

/* What stands in the certificate itself need not be set. */
static batch_with *with_scenario(const struct wish *w)
{
        return w->has_scenario &&
                       w->scenario.scenario->place != SCENARIO_AT_CERTIFICATE
                   ? set_scenario
                   : NULL;
}

/* NAME..., or NAME --count N. */
static int issue_usual(
    struct batch *b, struct plan *p, const struct args *a, struct err *e)
{
        size_t count = p->wish->count;
        size_t each = wants_twin(p->wish) ? 2 : 1;
        int rc = batch_open(b, p, each * (count > 0 ? count : a->words_len), e);

        if (rc == 0)
                rc = count > 0 ? issue_series(b, a->words[0], e)
                               : issue_names(b, a, e);
        if (rc == 0)
                rc = batch_commit(b, with_scenario(p->wish), NULL, e);
        return rc;
}

static int issue_cast(
    struct batch *b, struct plan *p, const struct args *a, struct err *e)
{
        struct cast c;
        int rc = cast_choose(&c, p, a->words, a->words_len, e);

        if (rc == 0)
                rc = batch_open(b, p, c.len + c.twins, e);
        if (rc == 0)
                rc = cast_add(&c, b, e);
        if (rc == 0)
                rc = batch_commit(b, cast_put, &c, e);
        cast_release(&c);
        return rc;
}

static int issue(
    struct batch *b, struct plan *p, const struct args *a, struct err *e)
{
        int rc = check_scenario(p, e);

        if (rc == 0)
                rc = p->wish->scenarios ? issue_cast(b, p, a, e)
                                        : issue_usual(b, p, a, e);
        return rc == 0 ? batch_print(b, a->json, e) : rc;
}

static int run(struct args *a, struct err *e)
{
        struct wish w = {.profile = PKI_SERVER};
        struct batch b = {0};
        struct plan p = {0};
        int rc;

        if (wish_issue(&w, a, e) != 0)
                return -1;
        rc = plan_open(&p, &w, a, e);
        if (rc == 0)
                rc = issue(&b, &p, a, e);
        batch_close(&b);
        plan_release(&p);
        return rc;
}

const struct command cmd_issue = {
    .name = "issue",
    .summary = "issue certificates",
    .help =
        "usage: ocsp-ca issue NAME... [OPTION]...\n"
        "       ocsp-ca issue --scenarios [SCENARIO[:param=v,...]]... "
        "[OPTION]...\n\n"
        "Makes a key and a certificate for each NAME, in "
        "DIR/certs/NAME/{cert,key,chain,fullchain}.pem.\n"
        "Several are issued all or none.  With --json, one line each.\n\n"
        "  --san X,Y            DNS names, IP and mail addresses, URIs "
        "(default: NAME,\n"
        "                       NAME.localhost, localhost, 127.0.0.1, ::1)\n"
        "  --must-staple        TLS feature status_request (RFC 7633)\n"
        "  --no-must-staple     not, though the one before has it\n"
        "  --ocsp-url URL       responder named in the certificate, up to 8 "
        "times\n"
        "                       (default: the lab's)\n"
        "  --no-ocsp-url        name none\n"
        "  --crl-url URL        CRL distribution point; 'lab': the responder's "
        "own, its\n"
        "                       URL/crl/CANAME.crl (default: as 'init "
        "--crl-url' said)\n"
        "  --no-crl-url         name none\n"
        "  --not-before TIME    begin (default: an hour ago)\n"
        "  --not-after TIME     end; or\n"
        "  --days N             validity from now or --not-before; 90s, 8h too "
        "(default: 90)\n"
        "  --algorithm A        p256, p384, rsa2048, rsa3072, rsa4096, ed25519 "
        "(default: the\n"
        "                       CA's)\n"
        "  --ca CANAME          who issues (default: the last of the chain)\n"
        "  --profile P          server (default) or client\n"
        "  --scenario S         a fault that its answers have from the "
        "beginning: "
        "see 'ocsp-ca\n"
        "                       scenario list'; wrong-key-type makes a "
        "second one,\n"
        "                       NAME-rsa or NAME-ecdsa\n"
        "  --scenarios          one certificate for each SCENARIO (none: for "
        "all that can have\n"
        "                       one), with its name, for NAME.localhost; all "
        "share a key\n"
        "  --renew              NAME may exist: the new certificate takes its "
        "name and folder,\n"
        "                       with a new key and serial, and is like the old "
        "one where no\n"
        "                       option says otherwise (names, URLs, CA, "
        "algorithm, length).\n"
        "                       The old one stays as it is, as NAME@1, the "
        "next as NAME@2;\n"
        "                       revoke it if it shall end.  A NAME that is "
        "new is issued\n"
        "  --count N            NAME-1 to NAME-N, at most 100000, for load "
        "tests\n"
        "  --no-files           with --count: only in the database; keys are "
        "not kept\n" HELP_COMMON "\n" HELP_TIME,
    .run = run,
};
