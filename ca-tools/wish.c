#include "wish.h"

#include <stdio.h>
#include <string.h>

enum {
        OPT_SAN = ARGS_OWN,
        OPT_MUST_STAPLE,
        OPT_OCSP_URL,
        OPT_NO_OCSP_URL,
        OPT_NOT_BEFORE,
        OPT_NOT_AFTER,
        OPT_DAYS,
        OPT_ALGORITHM,
        OPT_CA,
        OPT_PROFILE,
};

static const struct option options[] = {
    {"san", required_argument, NULL, OPT_SAN},
    {"must-staple", no_argument, NULL, OPT_MUST_STAPLE},
    {"ocsp-url", required_argument, NULL, OPT_OCSP_URL},
    {"no-ocsp-url", no_argument, NULL, OPT_NO_OCSP_URL},
    {"not-before", required_argument, NULL, OPT_NOT_BEFORE},
    {"not-after", required_argument, NULL, OPT_NOT_AFTER},
    {"days", required_argument, NULL, OPT_DAYS},
    {"algorithm", required_argument, NULL, OPT_ALGORITHM},
    {"ca", required_argument, NULL, OPT_CA},
    {"profile", required_argument, NULL, OPT_PROFILE},
    ARGS_COMMON,
};

#define DAY_S INT64_C(86400)
#define VALIDITY_S (90 * DAY_S)
#define BACKDATE_S INT64_C(3600) /* for peers whose clock is behind */

/* ---- command line ------------------------------------------------------ */

static int add_sans(struct wish *w, char *list, struct err *e)
{
        const char *prefix;
        char *word, *rest = list;

        while ((word = strsep(&rest, ",")) != NULL) {
                if (pki_san_check(word, &prefix, e) != 0)
                        return err_prefix(e, "--san");
                if (w->sans_len == PKI_SANS_MAX)
                        return err_set(e, ERR_USAGE,
                            "--san: more than %d names", PKI_SANS_MAX);
                w->sans[w->sans_len++] = word;
        }
        return 0;
}

static int add_url(struct wish *w, const char *url, struct err *e)
{
        const char *prefix;

        if (strstr(url, "://") == NULL || pki_san_check(url, &prefix, e) != 0)
                return err_set(e, ERR_USAGE,
                    "--ocsp-url '%s': not a URL: write http://HOST[:PORT]",
                    url);
        if (w->urls_len == PKI_URLS_MAX)
                return err_set(
                    e, ERR_USAGE, "--ocsp-url: more than %d", PKI_URLS_MAX);
        w->urls[w->urls_len++] = url;
        return 0;
}

static int parse_profile(const char *text, enum pki_profile *out, struct err *e)
{
        if (strcmp(text, "server") == 0)
                *out = PKI_SERVER;
        else if (strcmp(text, "client") == 0)
                *out = PKI_CLIENT;
        else
                return err_set(e, ERR_USAGE,
                    "'%s' is no profile: choose server or client", text);
        return 0;
}

static int set_option(struct wish *w, int option, struct err *e)
{
        switch (option) {
        case OPT_SAN:
                return add_sans(w, optarg, e);
        case OPT_MUST_STAPLE:
                w->must_staple = true;
                return 0;
        case OPT_OCSP_URL:
                return add_url(w, optarg, e);
        case OPT_NO_OCSP_URL:
                w->no_url = true;
                return 0;
        case OPT_NOT_BEFORE:
                w->not_before = optarg;
                return 0;
        case OPT_NOT_AFTER:
                w->not_after = optarg;
                return 0;
        case OPT_DAYS:
                w->days = optarg;
                return 0;
        case OPT_ALGORITHM:
                w->has_algorithm = true;
                return pki_algorithm_parse(optarg, &w->algorithm, e);
        case OPT_CA:
                w->ca = optarg;
                return 0;
        case OPT_PROFILE:
                return parse_profile(optarg, &w->profile, e);
        }
        return -1;
}

static int check_names(const struct args *a, struct err *e)
{
        size_t i, j;

        for (i = 0; i < a->words_len; i++) {
                if (!lab_name_valid(a->words[i]))
                        return err_set(e, ERR_USAGE,
                            "'%s' cannot be a name: letters, digits, '.', '_' "
                            "and '-', at most %d, no '.' or '-' in front; "
                            "other names go into --san",
                            a->words[i], LAB_NAME_MAX);
                for (j = 0; j < i; j++)
                        if (strcmp(a->words[i], a->words[j]) == 0)
                                return err_set(e, ERR_USAGE, "%s: named twice",
                                    a->words[i]);
        }
        return 0;
}

int wish_parse(struct wish *w, struct args *a, struct err *e)
{
        int option;

        while ((option = args_next(a, options, e)) != ARGS_END)
                if (option == ARGS_BAD || set_option(w, option, e) != 0)
                        return -1;
        if (w->no_url && w->urls_len > 0)
                return err_set(e, ERR_USAGE,
                    "--ocsp-url and --no-ocsp-url exclude each other");
        if (w->days != NULL && w->not_after != NULL)
                return err_set(
                    e, ERR_USAGE, "--days and --not-after exclude each other");
        if (args_words(a, 1, NAMES_MAX, "NAME", e) != 0)
                return -1;
        return check_names(a, e);
}

/* ---- plan -------------------------------------------------------------- */

static int parse_when(const char *option, const char *text, int64_t now,
    int64_t *out, struct err *e)
{
        if (text == NULL || parse_time(text, now, out, e) == 0)
                return 0;
        return err_prefix(e, "%s", option);
}

/* What the command line says, over what is usual. */
static int read_validity(struct plan *p, const struct wish *w, struct err *e)
{
        const struct cadb_ca *ca = &p->ca.row;
        int64_t length = VALIDITY_S;

        if (w->days != NULL && parse_duration(w->days, 'd', &length, e) != 0)
                return err_prefix(e, "--days");
        p->not_before = p->now - BACKDATE_S;
        if (p->not_before < ca->not_before)
                p->not_before = ca->not_before;
        if (parse_when(
                "--not-before", w->not_before, p->now, &p->not_before, e) != 0)
                return -1;
        p->not_after =
            (w->not_before != NULL ? p->not_before : p->now) + length;
        if (w->days == NULL && p->not_after > ca->not_after)
                p->not_after = ca->not_after;
        return parse_when(
            "--not-after", w->not_after, p->now, &p->not_after, e);
}

/* What is asked for is done, also if no client will take it, since a lab needs
 * such certificates.  Only what nobody asked for is kept in bounds. */
static int plan_validity(struct plan *p, const struct wish *w, struct err *e)
{
        bool asked = w->days != NULL || w->not_after != NULL;
        char end[TIME_TEXT_MAX];

        if (read_validity(p, w, e) != 0)
                return -1;
        /* An end in the past is asked for to get an expired certificate. */
        if (p->not_after <= p->not_before && asked && w->not_before == NULL)
                p->not_before = p->not_after - VALIDITY_S;
        if (p->not_after > p->not_before)
                return 0;
        if (asked)
                return err_set(
                    e, ERR_USAGE, "the certificate would end before it begins");
        return err_set(e, ERR_CONFIG,
            "%s: this CA ends on %s, before the certificate begins: say "
            "--not-after, or see 'ocsp-ca clock'",
            p->ca.row.name, format_time(p->ca.row.not_after, end));
}

void plan_note(const struct plan *p, const struct wish *w)
{
        bool asked = w->not_after != NULL || w->days != NULL;
        char end[TIME_TEXT_MAX];

        format_time(p->ca.row.not_after, end);
        if (asked && p->not_after > p->ca.row.not_after)
                fprintf(stderr,
                    "ocsp-ca: note: outlives its CA %s, which ends on %s\n",
                    p->ca.row.name, end);
        else if (!asked && p->not_after == p->ca.row.not_after)
                fprintf(stderr, "ocsp-ca: note: ends with its CA %s, on %s\n",
                    p->ca.row.name, end);
}

int plan_make(
    struct plan *p, struct wish *w, const struct args *a, struct err *e)
{
        if (lab_open_write(&p->lab, a, e) != 0 ||
            authority_load(&p->lab, w->ca, &p->ca, e) != 0 ||
            authority_chain(&p->lab, &p->ca, &p->chain, &p->intermediates, e) !=
                0)
                return -1;
        p->now = lab_now(&p->lab);
        if (!w->has_algorithm &&
            authority_algorithm(&p->ca, &w->algorithm, e) != 0)
                return -1;
        if (!w->no_url && w->urls_len == 0)
                w->urls_len = lab_urls(&p->lab.settings, w->urls);
        return plan_validity(p, w, e);
}

void plan_release(struct plan *p)
{
        authority_release(&p->ca);
        buf_release(&p->chain);
        buf_release(&p->intermediates);
        lab_release(&p->lab);
}
