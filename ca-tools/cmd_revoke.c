/* revoke, hold and release: one transaction for all that are named. */
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>

#include "change.h"
#include "print.h"
#include "reason.h"
#include "target.h"

enum {
        OPT_CA = ARGS_OWN,
        OPT_FROM,
        OPT_REASON,
        OPT_REVOCATION_DATE,
        OPT_INVALIDITY_DATE,
};

static const struct option options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"from", required_argument, NULL, OPT_FROM},
    ARGS_COMMON,
};

static const struct option revoke_options[] = {
    {"reason", required_argument, NULL, OPT_REASON},
    {"revocation-date", required_argument, NULL, OPT_REVOCATION_DATE},
    {"invalidity-date", required_argument, NULL, OPT_INVALIDITY_DATE},
    {"ca", required_argument, NULL, OPT_CA},
    {"from", required_argument, NULL, OPT_FROM},
    ARGS_COMMON,
};

enum { CERTS_MAX = 1000 };

struct outcome {
        struct cadb_cert cert; /* as it is after the change */
        enum cadb_change change;
};

static int take_option(struct change_wish *w, int option, struct err *e)
{
        switch (option) {
        case OPT_REASON:
                if (reason_parse(optarg, &w->reason, e) != 0)
                        return err_prefix(e, "--reason");
                return 0;
        case OPT_REVOCATION_DATE:
                w->revocation_date = optarg;
                return 0;
        case OPT_INVALIDITY_DATE:
                w->invalidity_date = optarg;
                return 0;
        case OPT_CA:
                w->ca = optarg;
                return 0;
        case OPT_FROM:
                w->from = optarg;
                return 0;
        }
        return -1;
}

static int parse(struct change_wish *w, struct args *a, struct err *e)
{
        const struct option *table =
            w->action == CHANGE_REVOKE ? revoke_options : options;
        int option;

        while ((option = args_next(a, table, e)) != ARGS_END)
                if (take_option(w, option, e) != 0)
                        return -1;
        if (w->from == NULL)
                return args_words(a, 1, CERTS_MAX, "CERT", e);
        if (a->words_len > 0)
                return err_set(e, ERR_USAGE,
                    "%s: '%s' and --from: name certificates in one way: see "
                    "'ocsp-ca %s --help'",
                    a->command, a->words[0], a->command);
        return 0;
}

static int change_one(const struct lab *lab, const struct change_wish *w,
    const struct cadb_revocation *r, int64_t now, const char *text,
    struct outcome *out, struct err *e)
{
        struct cadb_cert *cert = &out->cert;
        struct span serial;

        if (target_get(lab, text, w->ca, cert, e) != 0)
                return -1;
        serial = (struct span){cert->serial, cert->serial_len};
        if (change_apply(lab, w, r, now, cert->ca, serial, &out->change, e) !=
            0)
                return -1;
        if (out->change != CADB_CHANGED)
                return 0;
        return cadb_state_find(lab->db, cert->ca, serial, &cert->state, e) == 1
                   ? 0
                   : -1;
}

static int change_words(const struct lab *lab, const struct change_wish *w,
    const struct args *a, struct outcome *out, struct err *e)
{
        struct cadb_revocation r;
        int64_t now;
        size_t i;

        if (cadb_begin(lab->db, e) != 0)
                return -1;
        now = lab_now(lab);
        if (change_revocation(w, now, &r, e) != 0)
                goto fail;
        for (i = 0; i < a->words_len; i++)
                if (change_one(lab, w, &r, now, a->words[i], &out[i], e) != 0)
                        goto fail;
        if (cadb_commit(lab->db, e) == 0)
                return 0;
fail:
        cadb_rollback(lab->db);
        return -1;
}

static int print_outcome(
    const struct outcome *o, int64_t now, bool json, struct err *e)
{
        char label[CERT_LABEL_MAX], state[STATE_TEXT_MAX];
        bool changed = o->change == CADB_CHANGED;
        json_t *record;

        if (!json) {
                printf("%s: %s%s\n", cert_label(&o->cert, label),
                    changed ? "" : "already ",
                    state_text(&o->cert.state, state));
                return 0;
        }
        record = json_cert(&o->cert, now);
        json_object_set_new(record, "changed", json_boolean(changed));
        return print_json(record, e);
}

static int run_words(const struct lab *lab, const struct change_wish *w,
    const struct args *a, struct err *e)
{
        struct outcome *outcomes = calloc(a->words_len, sizeof(*outcomes));
        size_t i;
        int rc;

        if (outcomes == NULL)
                return err_set(e, ERR_OS, "out of memory");
        rc = change_words(lab, w, a, outcomes, e);
        for (i = 0; rc == 0 && i < a->words_len; i++)
                rc = print_outcome(&outcomes[i], lab_now(lab), a->json, e);
        free(outcomes);
        return rc;
}

static int run(
    struct args *a, enum change_action action, int reason, struct err *e)
{
        struct change_wish w = {.action = action, .reason = reason};
        struct lab lab = {0};
        int rc = -1;

        if (parse(&w, a, e) != 0)
                return -1;
        if (lab_open_write(&lab, a, e) == 0)
                rc = w.from != NULL ? change_list(&lab, &w, a->json, e)
                                    : run_words(&lab, &w, a, e);
        lab_release(&lab);
        return rc;
}

static int run_revoke(struct args *a, struct err *e)
{
        return run(a, CHANGE_REVOKE, OCSP_REASON_NONE, e);
}

static int run_hold(struct args *a, struct err *e)
{
        return run(a, CHANGE_HOLD, OCSP_REASON_HOLD, e);
}

static int run_release(struct args *a, struct err *e)
{
        return run(a, CHANGE_RELEASE, OCSP_REASON_NONE, e);
}

#define HELP_CERT                                                              \
        "CERT is a name, a serial number in hex, or a certificate file; "      \
        "several are changed\nall or none.  With --json, one line each.\n"

#define HELP_OPTIONS                                                           \
        "  --from FILE          take them from a list instead; -: standard "   \
        "input\n"                                                              \
        "  --ca CANAME          whose serial number, if two CAs have it\n"

#define HELP_LIST(line)                                                        \
        "\nThe list has a line for each: " line "; CERT is a name or a "       \
        "serial here.\nBlanks or commas stand between words; '#' begins a "    \
        "comment.  A bad line is named, and\nnothing is changed then.  What "  \
        "is printed is the sum, with --json as {\"lines\",\n"                  \
        "\"changed\", \"already\"}.\n"

const struct command cmd_revoke = {
    .name = "revoke",
    .summary = "revoke certificates",
    .help =
        "usage: ocsp-ca revoke CERT... [OPTION]...\n"
        "       ocsp-ca revoke --from FILE [OPTION]...\n\n" HELP_CERT
        "The next OCSP answer says revoked.  Done again, it changes nothing, "
        "except that the\nreason may become keyCompromise.\n\n"
        "  --reason R           unspecified (default), keyCompromise, "
        "cACompromise,\n"
        "                       affiliationChanged, superseded, "
        "cessationOfOperation,\n"
        "                       certificateHold, privilegeWithdrawn, "
        "aACompromise; any case,\n"
        "                       or its number\n"
        "  --revocation-date TIME   since when (default: now)\n"
        "  --invalidity-date TIME   when the key became suspect, for "
        "CRLs\n" HELP_OPTIONS HELP_COMMON HELP_LIST(
            "CERT [REASON] [TIME]") "REASON and TIME come before --reason and "
                                    "--revocation-date.\n"
                                    "\n" HELP_TIME,
    .run = run_revoke,
};

const struct command cmd_hold = {
    .name = "hold",
    .summary = "revoke for the time being",
    .help = "usage: ocsp-ca hold CERT... [OPTION]...\n"
            "       ocsp-ca hold --from FILE [OPTION]...\n\n" HELP_CERT
            "The certificate counts as revoked, reason certificateHold, until "
            "'ocsp-ca release'.\n\n" HELP_OPTIONS HELP_COMMON HELP_LIST("CERT"),
    .run = run_hold,
};

const struct command cmd_release = {
    .name = "release",
    .summary = "end a hold",
    .help = "usage: ocsp-ca release CERT... [OPTION]...\n"
            "       ocsp-ca release --from FILE [OPTION]...\n\n" HELP_CERT
            "The certificate is good again.  One that is revoked for another "
            "reason stays so.\n\n" HELP_OPTIONS HELP_COMMON HELP_LIST("CERT"),
    .run = run_release,
};
