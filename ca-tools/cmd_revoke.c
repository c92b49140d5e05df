/* revoke, hold and release: one transaction for all that are named. */
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>

#include "cadb/write.h"
#include "print.h"
#include "reason.h"
#include "target.h"

enum {
        OPT_REASON = ARGS_OWN,
        OPT_REVOCATION_DATE,
        OPT_INVALIDITY_DATE,
        OPT_CA,
};

static const struct option options[] = {
    {"reason", required_argument, NULL, OPT_REASON},
    {"revocation-date", required_argument, NULL, OPT_REVOCATION_DATE},
    {"invalidity-date", required_argument, NULL, OPT_INVALIDITY_DATE},
    {"ca", required_argument, NULL, OPT_CA},
    ARGS_COMMON,
};

enum { CERTS_MAX = 1000 };

enum action { REVOKE, RELEASE };

struct wish {
        enum action action;
        int reason;
        const char *revocation_date, *invalidity_date; /* NULL: not given */
        const char *ca;
};

struct outcome {
        struct cadb_cert cert; /* as it is after the change */
        enum cadb_change change;
};

static int parse(struct wish *w, struct args *a, struct err *e)
{
        int option;

        while ((option = args_next(a, options, e)) != ARGS_END) {
                switch (option) {
                case OPT_REASON:
                        if (reason_parse(optarg, &w->reason, e) != 0)
                                return err_prefix(e, "--reason");
                        break;
                case OPT_REVOCATION_DATE:
                        w->revocation_date = optarg;
                        break;
                case OPT_INVALIDITY_DATE:
                        w->invalidity_date = optarg;
                        break;
                case OPT_CA:
                        w->ca = optarg;
                        break;
                default:
                        return -1;
                }
        }
        return args_words(a, 1, CERTS_MAX, "CERT", e);
}

/* text NULL: *out stays.  0 is how the database says "none". */
static int parse_past(const char *option, const char *text, int64_t now,
    int64_t *out, struct err *e)
{
        char at[TIME_TEXT_MAX];

        if (text == NULL)
                return 0;
        if (parse_time(text, now, out, e) != 0)
                return err_prefix(e, "%s", option);
        if (*out > now)
                return err_set(e, ERR_USAGE,
                    "%s '%s': in the future: the lab's clock is at %s", option,
                    text, format_time(now, at));
        if (*out <= 0)
                return err_set(e, ERR_USAGE,
                    "%s '%s': must be after 1970-01-01", option, text);
        return 0;
}

/* Only for what cadb has refused: cert is as it was. */
static int forbidden(
    const struct wish *w, const struct cadb_cert *cert, struct err *e)
{
        char label[CERT_LABEL_MAX], state[STATE_TEXT_MAX];

        return err_set(e, ERR_CONFIG, "%s: is %s, for good: it cannot be %s",
            cert_label(cert, label), state_text(&cert->state, state),
            w->action == RELEASE ? "released" : "put on hold");
}

static int change_one(const struct lab *lab, const struct wish *w,
    const struct cadb_revocation *r, int64_t now, const char *text,
    struct outcome *out, struct err *e)
{
        struct cadb_cert *cert = &out->cert;
        struct span serial;

        if (target_get(lab, text, w->ca, cert, e) != 0)
                return -1;
        /* The wished for state is there already. */
        out->change = CADB_SAME;
        if (w->action == RELEASE && cert->state.status == CADB_GOOD)
                return 0;
        serial = (struct span){cert->serial, cert->serial_len};
        if ((w->action == RELEASE ? cadb_release(lab->db, cert->ca, serial, now,
                                        &out->change, e)
                                  : cadb_revoke(lab->db, cert->ca, serial, r,
                                        now, &out->change, e)) != 0)
                return -1;
        switch (out->change) {
        case CADB_CHANGED:
                return cadb_state_find(
                           lab->db, cert->ca, serial, &cert->state, e) == 1
                           ? 0
                           : -1;
        case CADB_SAME:
                return 0;
        case CADB_FORBIDDEN:
                return forbidden(w, cert, e);
        case CADB_ABSENT:
                break;
        }
        return err_set(e, ERR_NOTFOUND, "%s: never issued", text);
}

/* The times are taken under the write lock, so they grow with the events. */
static int change_all(const struct lab *lab, const struct wish *w,
    const struct args *a, struct outcome *out, struct err *e)
{
        struct cadb_revocation r = {.reason = w->reason};
        int64_t now;
        size_t i;

        if (cadb_begin(lab->db, e) != 0)
                return -1;
        r.revoked_at = now = lab_now(lab);
        if (parse_past("--revocation-date", w->revocation_date, now,
                &r.revoked_at, e) != 0 ||
            parse_past("--invalidity-date", w->invalidity_date, now,
                &r.invalidity_at, e) != 0)
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

static int print_outcome(const struct outcome *o, bool json, struct err *e)
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
        record = json_cert(&o->cert);
        json_object_set_new(record, "changed", json_boolean(changed));
        return print_json(record, e);
}

static int run(struct args *a, const struct wish *w, struct err *e)
{
        struct outcome *outcomes = calloc(a->words_len, sizeof(*outcomes));
        struct lab lab = {0};
        size_t i;
        int rc = -1;

        if (outcomes == NULL) {
                err_set(e, ERR_OS, "out of memory");
                goto out;
        }
        if (lab_open_write(&lab, a, e) != 0 ||
            change_all(&lab, w, a, outcomes, e) != 0)
                goto out;
        for (i = 0; i < a->words_len; i++)
                if (print_outcome(&outcomes[i], a->json, e) != 0)
                        goto out;
        rc = 0;
out:
        free(outcomes);
        lab_release(&lab);
        return rc;
}

static int run_revoke(struct args *a, struct err *e)
{
        struct wish w = {.action = REVOKE, .reason = OCSP_REASON_NONE};

        return parse(&w, a, e) == 0 ? run(a, &w, e) : -1;
}

static int run_hold(struct args *a, struct err *e)
{
        struct wish w = {.action = REVOKE, .reason = OCSP_REASON_HOLD};

        if (args_ca(a, &w.ca, 1, CERTS_MAX, "CERT", e) != 0)
                return -1;
        return run(a, &w, e);
}

static int run_release(struct args *a, struct err *e)
{
        struct wish w = {.action = RELEASE, .reason = OCSP_REASON_NONE};

        if (args_ca(a, &w.ca, 1, CERTS_MAX, "CERT", e) != 0)
                return -1;
        return run(a, &w, e);
}

#define HELP_CERT                                                              \
        "CERT is a name, a serial number in hex, or a certificate file; "      \
        "several are changed\nall or none.  With --json, one line each.\n"

#define HELP_CA                                                                \
        "  --ca CANAME          whose serial number, if two CAs have it\n"

const struct command cmd_revoke = {
    .name = "revoke",
    .summary = "revoke certificates",
    .help =
        "usage: ocsp-ca revoke CERT... [OPTION]...\n\n" HELP_CERT
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
        "CRLs\n" HELP_CA HELP_COMMON "\n" HELP_TIME,
    .run = run_revoke,
};

const struct command cmd_hold = {
    .name = "hold",
    .summary = "revoke for the time being",
    .help = "usage: ocsp-ca hold CERT... [OPTION]...\n\n" HELP_CERT
            "The certificate counts as revoked, reason certificateHold, until "
            "'ocsp-ca release'.\n\n" HELP_CA HELP_COMMON,
    .run = run_hold,
};

const struct command cmd_release = {
    .name = "release",
    .summary = "end a hold",
    .help = "usage: ocsp-ca release CERT... [OPTION]...\n\n" HELP_CERT
            "The certificate is good again.  One that is revoked for another "
            "reason stays so.\n\n" HELP_CA HELP_COMMON,
    .run = run_release,
};
