#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include "forge.h"
#include "hierarchy.h"
#include "newlab.h"
#include "print.h"
#include "urls.h"

enum {
        OPT_NAME = ARGS_OWN,
        OPT_ALGORITHM,
        OPT_DEPTH,
        OPT_SIGNER,
        OPT_SIGNER_ALGORITHM,
        OPT_SIGNER_DAYS,
        OPT_OCSP_URL,
        OPT_CRL_URL,
        OPT_DAYS,
        OPT_NO_FAULTS,
        OPT_TEMPORARY,
        OPT_FREEZE,
};

static const struct option options[] = {
    {"name", required_argument, NULL, OPT_NAME},
    {"algorithm", required_argument, NULL, OPT_ALGORITHM},
    {"depth", required_argument, NULL, OPT_DEPTH},
    {"signer", required_argument, NULL, OPT_SIGNER},
    {"signer-algorithm", required_argument, NULL, OPT_SIGNER_ALGORITHM},
    {"signer-days", required_argument, NULL, OPT_SIGNER_DAYS},
    {"ocsp-url", required_argument, NULL, OPT_OCSP_URL},
    {"crl-url", required_argument, NULL, OPT_CRL_URL},
    {"days", required_argument, NULL, OPT_DAYS},
    {"no-faults", no_argument, NULL, OPT_NO_FAULTS},
    {"temporary", no_argument, NULL, OPT_TEMPORARY},
    {"freeze", required_argument, NULL, OPT_FREEZE},
    ARGS_COMMON,
};

#define DAY_S INT64_C(86400)
#define VALIDITY_S (3650 * DAY_S)

struct init {
        struct hierarchy_spec spec;
        struct cadb_settings settings;
        int64_t validity, signer_validity; /* the latter -1: the CAs' */
        bool signer_algorithm_given;
        bool frozen; /* --freeze: spec.now is where the clock stands */
        struct hierarchy_ca made[HIERARCHY_DEPTH_MAX];
};

/* http, since a client that checks CRLs over TLS would have to check a CRL for
 * that first (RFC 5280 section 8). */
static bool is_http_url(const char *url)
{
        const char *prefix;

        return strncmp(url, "http://", 7) == 0 &&
               pki_san_check(url, &prefix, NULL) == 0;
}

static int set_crl_url(struct cadb_settings *s, const char *url, struct err *e)
{
        if (strcmp(url, "lab") != 0 && !is_http_url(url))
                return err_set(e, ERR_USAGE,
                    "--crl-url '%s': neither 'lab' nor of the form "
                    "http://HOST[:PORT]/PATH",
                    url);
        if (strlen(url) >= CADB_URL_MAX)
                return err_set(e, ERR_USAGE,
                    "--crl-url '%s': longer than %d characters", url,
                    CADB_URL_MAX - 1);
        snprintf(s->crl_url, CADB_URL_MAX, "%s", url);
        return 0;
}

/* X.509 and OCSP have no later instant, and a CA is to end within theirs. */
static int set_freeze(struct init *init, const char *text, struct err *e)
{
        init->frozen = true;
        if (parse_time(text, labclock_now(NULL), &init->spec.now, e) != 0)
                return err_prefix(e, "--freeze");
        if (init->spec.now < 2 * FORGE_BACKDATE_S ||
            init->spec.now >= utc_seconds(9000, 1, 1, 0, 0, 0))
                return err_set(e, ERR_USAGE,
                    "--freeze '%s': not within the years 1970 to 8999", text);
        return 0;
}

static int set_option(struct init *init, int option, struct err *e)
{
        uint64_t depth;

        switch (option) {
        case OPT_NAME:
                init->spec.name = optarg;
                return 0;
        case OPT_ALGORITHM:
                return pki_algorithm_parse(optarg, &init->spec.algorithm, e);
        case OPT_DEPTH:
                if (parse_uint(optarg, HIERARCHY_DEPTH_MAX, &depth, NULL) !=
                        0 ||
                    depth == 0)
                        return err_set(e, ERR_USAGE,
                            "--depth '%s': not a number of CAs from 1 to %d",
                            optarg, HIERARCHY_DEPTH_MAX);
                init->spec.depth = (unsigned)depth;
                return 0;
        case OPT_SIGNER:
                return forge_model_parse(optarg, &init->spec.model, e);
        case OPT_SIGNER_ALGORITHM:
                init->signer_algorithm_given = true;
                return pki_algorithm_parse(
                    optarg, &init->spec.signer_algorithm, e);
        case OPT_SIGNER_DAYS:
                if (parse_duration(optarg, 'd', &init->signer_validity, e) != 0)
                        return err_prefix(e, "--signer-days");
                return 0;
        case OPT_OCSP_URL:
                return urls_add(&init->settings, optarg, e);
        case OPT_CRL_URL:
                return set_crl_url(&init->settings, optarg, e);
        case OPT_DAYS:
                if (parse_duration(optarg, 'd', &init->validity, e) != 0)
                        return err_prefix(e, "--days");
                return 0;
        case OPT_NO_FAULTS:
                init->settings.no_faults = true;
                return 0;
        case OPT_TEMPORARY:
                init->settings.temporary = true;
                return 0;
        case OPT_FREEZE:
                return set_freeze(init, optarg, e);
        }
        return -1;
}

/* What the options say together. */
static int settle(struct init *init, struct err *e)
{
        struct hierarchy_spec *spec = &init->spec;

        if (init->validity == 0)
                return err_set(e, ERR_USAGE, "--days: a CA must live a while");
        if (init->frozen && init->settings.no_faults)
                return err_set(e, ERR_USAGE,
                    "--freeze and --no-faults: its clock is the real one");
        if (!init->signer_algorithm_given)
                spec->signer_algorithm = spec->algorithm;
        else if (spec->model == CADB_SIGNER_CA)
                return err_set(e, ERR_USAGE,
                    "--signer-algorithm: with --signer ca the CA's key signs, "
                    "so say --algorithm");
        if (init->signer_validity < 0)
                init->signer_validity = init->validity;
        else if (spec->model == CADB_SIGNER_CA)
                return err_set(e, ERR_USAGE,
                    "--signer-days: with --signer ca the CA itself signs, so "
                    "say --days");
        else if (init->signer_validity == 0 ||
                 init->signer_validity > init->validity)
                return err_set(e, ERR_USAGE,
                    "--signer-days: not more than nothing, or more than the "
                    "CAs' --days");
        return 0;
}

static int parse(struct init *init, struct args *a, struct err *e)
{
        int option;

        while ((option = args_next(a, options, e)) != ARGS_END)
                if (option == ARGS_BAD || set_option(init, option, e) != 0)
                        return -1;
        /* "NAME Root" must fit. */
        if (args_words(a, 0, 0, "", e) != 0 ||
            forge_name_check(init->spec.name, 48, e) != 0)
                return -1;
        return settle(init, e);
}

/* ---- what it prints ---------------------------------------------------- */

static json_t *cas_json(const struct init *init)
{
        json_t *list = json_array();
        unsigned i;

        for (i = 0; i < init->spec.depth; i++)
                json_array_append_new(list,
                    json_pack("{s:s, s:s, s:o}", "name", init->made[i].name,
                        "subject", init->made[i].subject, "cert",
                        json_sprintf(
                            "%s/%s", init->spec.dir, init->made[i].cert_path)));
        return list;
}

static int print_init_json(const struct init *init, struct err *e)
{
        const char *dir = init->spec.dir, *urls[PKI_URLS_MAX];
        size_t urls_len = lab_urls(&init->settings, urls);
        bool trusted = init->spec.model == CADB_SIGNER_TRUSTED;

        return print_json(
            json_pack("{s:s, s:o, s:s, s:o, s:s, s:s, s:o, s:o, s:b, s:b, s:o, "
                      "s:s, s:o, s:o}",
                "dir", dir, "root", json_sprintf("%s/root.pem", dir),
                "ocsp_url", init->settings.ocsp_url, "ocsp_urls",
                json_strings(urls, urls_len), "algorithm",
                pki_algorithm_name(init->spec.algorithm), "signer",
                cadb_signer_model_name(init->spec.model), "responder_cert",
                trusted ? json_sprintf("%s/responder.pem", dir) : json_null(),
                "not_after", json_time(init->spec.not_after), "no_faults",
                init->settings.no_faults, "temporary", init->settings.temporary,
                "cas", cas_json(init), "signer_algorithm",
                pki_algorithm_name(init->spec.signer_algorithm),
                "signer_not_after", json_time(init->spec.signer_not_after),
                "crl_url",
                init->settings.crl_url[0] == '\0'
                    ? json_null()
                    : json_string(init->settings.crl_url)),
            e);
}

static int print_init(
    const struct args *a, const struct init *init, struct err *e)
{
        const char *dir = init->spec.dir;
        char until[TIME_TEXT_MAX];
        size_t i;

        if (a->json)
                return print_init_json(init, e);
        format_time(init->spec.not_after, until);
        printf("made a CA in %s\n", dir);
        for (i = 0; i < init->spec.depth; i++)
                printf("  %-8s %s, until %s\n", init->made[i].name,
                    init->made[i].subject, until);
        printf("  %-8s %s\n", "OCSP", init->settings.ocsp_url);
        for (i = 0; i < init->settings.more_urls_len; i++)
                printf("  %-8s %s\n", "", init->settings.more_urls[i]);
        printf("  %-8s %s/root.pem\n", "trust", dir);
        if (init->spec.model == CADB_SIGNER_TRUSTED)
                printf("  %-8s %s/responder.pem, for OCSP answers\n", "", dir);
        printf("next: ocsp-ca issue www");
        print_dir_option(a);
        printf("\n");
        return 0;
}

static int fill(struct cadb *db, void *arg, struct err *e)
{
        struct init *init = arg;
        struct labclock_setting s = {LABCLOCK_FROZEN, init->spec.now};

        if (init->frozen && labclock_set(init->spec.dir, s, e) != 0)
                return -1;
        return hierarchy_make(db, &init->spec, init->made, e);
}

static int run(struct args *a, struct err *e)
{
        struct init init = {
            .spec = {.name = "Lab",
                .algorithm = PKI_P256,
                .depth = 1,
                .model = CADB_SIGNER_DELEGATED},
            .validity = VALIDITY_S,
            .signer_validity = -1,
        };
        int rc = -1;

        init.spec.now = labclock_now(NULL);
        if (parse(&init, a, e) != 0)
                return -1;
        init.spec.dir = lab_dir(a->dir);
        init.spec.settings = &init.settings;
        init.spec.not_before = init.spec.now - FORGE_BACKDATE_S;
        init.spec.not_after = init.spec.now + init.validity;
        init.spec.signer_not_after = init.spec.now + init.signer_validity;
        init.settings.created_at = init.spec.now;
        if (urls_choose(&init.settings, e) == 0 &&
            newlab_make(init.spec.dir, &init.settings, fill, &init, e) == 0)
                rc = print_init(a, &init, e);
        return rc;
}

const struct command cmd_init = {
    .name = "init",
    .summary = "make a CA in a new directory",
    .help =
        "usage: ocsp-ca init [OPTION]...\n\n"
        "Makes a root, its intermediates, their OCSP signers and the "
        "database.\n\n"
        "  --name CN            subjects are 'CN Root', 'CN CA' (default: "
        "Lab)\n"
        "  --algorithm A        p256 (default), p384, rsa2048, rsa3072, "
        "rsa4096, ed25519\n"
        "  --depth N            CAs in the chain, 1 to 4; 1 (default): the "
        "root issues\n"
        "  --signer MODEL       who signs OCSP answers: delegated (default), "
        "ca, trusted\n"
        "  --signer-algorithm A of the signers' keys (default: the CAs')\n"
        "  --signer-days N      validity of the signers (default: the CAs'); "
        "'ocsp-ca signer\n"
        "                       rotate' makes new ones\n"
        "  --ocsp-url URL       where the responder will be (default: a free "
        "port of\n"
        "                       127.0.0.1, chosen now); repeated: what "
        "certificates name\n"
        "                       besides\n"
        "  --crl-url URL        CRL that certificates name by default: a URL, "
        "or 'lab' for the\n"
        "                       responder's own, OCSP-URL/crl/CANAME.crl "
        "(default: none)\n"
        "  --days N             validity of the CAs; 90s, 8h too (default: "
        "3650)\n"
        "  --no-faults          for ever refuse scenarios and a moving clock\n"
        "  --freeze TIME        the lab's clock stands at TIME from the "
        "beginning, and its CAs\n"
        "                       are as old as that: see 'clock freeze'\n"
        "  --temporary          do not wait for the disk: a power loss may "
        "destroy the lab\n" HELP_COMMON,
    .run = run,
};
