#include "wish.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "cadb/cadb.h"

enum {
        OPT_SAN = ARGS_OWN,
        OPT_MUST_STAPLE,
        OPT_NO_MUST_STAPLE,
        OPT_OCSP_URL,
        OPT_NO_OCSP_URL,
        OPT_CRL_URL,
        OPT_NO_CRL_URL,
        OPT_NOT_BEFORE,
        OPT_NOT_AFTER,
        OPT_DAYS,
        OPT_CA,
        OPT_PROFILE,
        OPT_RENEW,
        OPT_ALGORITHM,
        OPT_COUNT,
        OPT_NO_FILES,
        OPT_SCENARIO,
        OPT_SCENARIOS,
        OPT_NAME,
};

/* What both commands know; last in their tables. */
#define SHARED                                                                 \
        {"san", required_argument, NULL, OPT_SAN},                             \
            {"must-staple", no_argument, NULL, OPT_MUST_STAPLE},               \
            {"no-must-staple", no_argument, NULL, OPT_NO_MUST_STAPLE},         \
            {"ocsp-url", required_argument, NULL, OPT_OCSP_URL},               \
            {"no-ocsp-url", no_argument, NULL, OPT_NO_OCSP_URL},               \
            {"crl-url", required_argument, NULL, OPT_CRL_URL},                 \
            {"no-crl-url", no_argument, NULL, OPT_NO_CRL_URL},                 \
            {"not-before", required_argument, NULL, OPT_NOT_BEFORE},           \
            {"not-after", required_argument, NULL, OPT_NOT_AFTER},             \
            {"days", required_argument, NULL, OPT_DAYS},                       \
            {"ca", required_argument, NULL, OPT_CA},                           \
            {"profile", required_argument, NULL, OPT_PROFILE},                 \
            {"renew", no_argument, NULL, OPT_RENEW}, ARGS_COMMON

static const struct option issue_options[] = {
    {"algorithm", required_argument, NULL, OPT_ALGORITHM},
    {"count", required_argument, NULL, OPT_COUNT},
    {"no-files", no_argument, NULL, OPT_NO_FILES},
    {"scenario", required_argument, NULL, OPT_SCENARIO},
    {"scenarios", no_argument, NULL, OPT_SCENARIOS},
    SHARED,
};

static const struct option sign_options[] = {
    {"name", required_argument, NULL, OPT_NAME},
    SHARED,
};

/* ---- values ------------------------------------------------------------- */

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

static int check_url(const char *option, const char *url, struct err *e)
{
        const char *prefix;

        if (strstr(url, "://") == NULL || pki_san_check(url, &prefix, e) != 0)
                return err_set(e, ERR_USAGE,
                    "%s '%s': not a URL: write http://HOST[:PORT]", option,
                    url);
        return 0;
}

static int add_ocsp_url(struct wish *w, const char *url, struct err *e)
{
        if (check_url("--ocsp-url", url, e) != 0)
                return -1;
        if (w->urls_len == PKI_URLS_MAX)
                return err_set(
                    e, ERR_USAGE, "--ocsp-url: more than %d", PKI_URLS_MAX);
        w->urls[w->urls_len++] = url;
        return 0;
}

static int set_crl_url(struct wish *w, const char *url, struct err *e)
{
        if (strcmp(url, "lab") != 0 && check_url("--crl-url", url, e) != 0)
                return -1;
        if (strlen(url) >= CADB_URL_MAX)
                return err_set(e, ERR_USAGE,
                    "--crl-url: longer than %d characters", CADB_URL_MAX - 1);
        w->crl_url = url;
        return 0;
}

static int set_profile(struct wish *w, const char *text, struct err *e)
{
        w->has_profile = true;
        if (strcmp(text, "server") == 0)
                w->profile = PKI_SERVER;
        else if (strcmp(text, "client") == 0)
                w->profile = PKI_CLIENT;
        else
                return err_set(e, ERR_USAGE,
                    "'%s' is no profile: choose server or client", text);
        return 0;
}

static int set_count(struct wish *w, const char *text, struct err *e)
{
        uint64_t count;

        if (parse_uint(text, COUNT_MAX, &count, NULL) != 0 || count == 0)
                return err_set(e, ERR_USAGE,
                    "--count '%s': not a number from 1 to %d", text, COUNT_MAX);
        w->count = (size_t)count;
        return 0;
}

static int set_scenario(struct wish *w, const char *text, struct err *e)
{
        const struct scenario *s;

        if (scenario_parse(text, &w->scenario, e) != 0 ||
            scenario_check_made(w->scenario.scenario, e) != 0)
                return err_prefix(e, "--scenario");
        s = w->scenario.scenario;
        if ((s->needs & SCENARIO_NEEDS_UNISSUED) != 0)
                return err_set(e, ERR_USAGE,
                    "--scenario: %s is about serials that nobody issued",
                    s->name);
        w->has_scenario = true;
        w->must_staple |= (s->needs & SCENARIO_NEEDS_MUST_STAPLE) != 0;
        return 0;
}

/* ---- options ------------------------------------------------------------ */

static void set_flag(struct wish *w, int option)
{
        w->must_staple |= option == OPT_MUST_STAPLE;
        w->no_must_staple |= option == OPT_NO_MUST_STAPLE;
        w->no_url |= option == OPT_NO_OCSP_URL;
        w->no_crl_url |= option == OPT_NO_CRL_URL;
        w->renew |= option == OPT_RENEW;
        w->no_files |= option == OPT_NO_FILES;
        w->scenarios |= option == OPT_SCENARIOS;
}

static int set_option(struct wish *w, int option, struct err *e)
{
        switch (option) {
        case OPT_SAN:
                return add_sans(w, optarg, e);
        case OPT_OCSP_URL:
                return add_ocsp_url(w, optarg, e);
        case OPT_CRL_URL:
                return set_crl_url(w, optarg, e);
        case OPT_NOT_BEFORE:
                w->not_before = optarg;
                return 0;
        case OPT_NOT_AFTER:
                w->not_after = optarg;
                return 0;
        case OPT_DAYS:
                w->days = optarg;
                return 0;
        case OPT_CA:
                w->ca = optarg;
                return 0;
        case OPT_NAME:
                w->name = optarg;
                return 0;
        case OPT_PROFILE:
                return set_profile(w, optarg, e);
        case OPT_ALGORITHM:
                w->has_algorithm = true;
                return pki_algorithm_parse(optarg, &w->algorithm, e);
        case OPT_COUNT:
                return set_count(w, optarg, e);
        case OPT_SCENARIO:
                return set_scenario(w, optarg, e);
        }
        set_flag(w, option);
        return 0;
}

static int exclude(bool both, const char *one, const char *other, struct err *e)
{
        return both ? err_set(e, ERR_USAGE, "%s and %s exclude each other", one,
                          other)
                    : 0;
}

static int parse(
    struct wish *w, struct args *a, const struct option *options, struct err *e)
{
        int option;

        while ((option = args_next(a, options, e)) != ARGS_END)
                if (option == ARGS_BAD || set_option(w, option, e) != 0)
                        return -1;
        if (exclude(w->no_url && w->urls_len > 0, "--ocsp-url", "--no-ocsp-url",
                e) != 0 ||
            exclude(w->no_crl_url && w->crl_url != NULL, "--crl-url",
                "--no-crl-url", e) != 0 ||
            exclude(w->no_must_staple && w->must_staple, "--must-staple",
                "--no-must-staple", e) != 0 ||
            exclude(w->days != NULL && w->not_after != NULL, "--days",
                "--not-after", e) != 0 ||
            exclude(w->count > 0 && w->renew, "--count", "--renew", e) != 0)
                return -1;
        if (w->no_files && w->count == 0)
                return err_set(e, ERR_USAGE, "--no-files needs --count");
        return 0;
}

/* ---- names -------------------------------------------------------------- */

int wish_check_name(const char *name, struct err *e)
{
        if (lab_name_valid(name))
                return 0;
        return err_set(e, ERR_USAGE,
            "'%s' cannot be a name: letters, digits, '.', '_' and '-', at most "
            "%d, no '.' or '-' in front; other names go into --san",
            name, LAB_NAME_MAX);
}

static int check_names(const struct args *a, struct err *e)
{
        size_t i, j;

        for (i = 0; i < a->words_len; i++) {
                if (wish_check_name(a->words[i], e) != 0)
                        return -1;
                for (j = 0; j < i; j++)
                        if (strcmp(a->words[i], a->words[j]) == 0)
                                return err_set(e, ERR_USAGE, "%s: named twice",
                                    a->words[i]);
        }
        return 0;
}

/* The last name of a series is its longest. */
static int check_series(const struct wish *w, const char *name, struct err *e)
{
        size_t digits = (size_t)snprintf(NULL, 0, "-%zu", w->count);

        if (w->count > 0 && strlen(name) + digits > LAB_NAME_MAX)
                return err_set(e, ERR_USAGE,
                    "%s-%zu: a name has at most %d characters", name, w->count,
                    LAB_NAME_MAX);
        return 0;
}

/* Each has its own name, and what its scenario needs. */
static int check_scenarios(const struct wish *w, struct err *e)
{
        if (exclude(w->has_scenario, "--scenarios", "--scenario", e) != 0 ||
            exclude(w->sans_len > 0, "--scenarios", "--san", e) != 0 ||
            exclude(w->count > 0, "--scenarios", "--count", e) != 0 ||
            exclude(w->no_must_staple, "--scenarios", "--no-must-staple", e) !=
                0)
                return -1;
        return exclude(w->renew, "--scenarios", "--renew", e);
}

int wish_issue(struct wish *w, struct args *a, struct err *e)
{
        if (parse(w, a, issue_options, e) != 0)
                return -1;
        if (w->scenarios)
                return check_scenarios(w, e);
        if (args_words(a, 1, w->count > 0 ? 1 : NAMES_MAX, "NAME", e) != 0 ||
            check_names(a, e) != 0)
                return -1;
        return check_series(w, a->words[0], e);
}

int wish_sign(struct wish *w, struct args *a, struct err *e)
{
        if (parse(w, a, sign_options, e) != 0 ||
            args_words(a, 1, 1, "REQ.csr", e) != 0)
                return -1;
        return w->name != NULL ? wish_check_name(w->name, e) : 0;
}
