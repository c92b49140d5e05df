#include "cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "crlmaker.h"
#include "print.h"

enum { OPT_CA = ARGS_OWN, OPT_ALL, OPT_DELTA, OPT_IDP, OPT_OUT, OPT_DAYS };

static const struct option options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"all", no_argument, NULL, OPT_ALL},
    {"delta", no_argument, NULL, OPT_DELTA},
    {"idp", required_argument, NULL, OPT_IDP},
    {"out", required_argument, NULL, OPT_OUT},
    {"days", required_argument, NULL, OPT_DAYS},
    ARGS_COMMON,
};

#define DAY_S INT64_C(86400)
#define VALIDITY_S (7 * DAY_S)

struct request {
        const char *ca; /* NULL: not given */
        bool all, json;
        struct crl_wish wish;
};

static int take_option(struct request *r, int option, struct err *e)
{
        switch (option) {
        case OPT_CA:
                r->ca = optarg;
                return 0;
        case OPT_ALL:
                r->all = true;
                return 0;
        case OPT_DELTA:
                r->wish.delta = true;
                return 0;
        case OPT_IDP:
                r->wish.idp = optarg;
                return crl_idp_check(optarg, e);
        case OPT_OUT:
                r->wish.out = optarg;
                return 0;
        case OPT_DAYS:
                if (parse_duration(optarg, 'd', &r->wish.validity, e) != 0)
                        return err_prefix(e, "--days");
                return 0;
        }
        return -1;
}

static int parse(struct request *r, struct args *a, struct err *e)
{
        int option;

        while ((option = args_next(a, options, e)) != ARGS_END)
                if (take_option(r, option, e) != 0)
                        return -1;
        r->json = a->json;
        if (r->all && r->ca != NULL)
                return err_set(
                    e, ERR_USAGE, "--all and --ca exclude each other");
        if (r->all && r->wish.out != NULL)
                return err_set(e, ERR_USAGE,
                    "--all and --out exclude each other: several CRLs do not "
                    "fit into one file");
        if (a->json && r->wish.out != NULL && strcmp(r->wish.out, "-") == 0)
                return err_set(e, ERR_USAGE,
                    "--json and --out - both want standard output");
        return args_words(a, 0, 0, "", e);
}

static int print_crl_json(const struct crl_made *m, struct err *e)
{
        return print_json(
            json_pack("{s:s, s:s, s:I, s:o, s:I, s:o, s:o, s:s?}", "ca",
                m->ca_name, "path", m->path, "number", (json_int_t)m->number,
                "base",
                m->base != 0 ? json_integer((json_int_t)m->base) : json_null(),
                "entries", (json_int_t)m->entries, "this_update",
                json_time(m->this_update), "next_update",
                json_time(m->next_update), "idp",
                m->idp[0] != '\0' ? m->idp : NULL),
            e);
}

static int print_crl(
    const struct request *r, const struct crl_made *m, struct err *e)
{
        char until[TIME_TEXT_MAX];

        format_time(m->next_update, until);
        if (r->json)
                return print_crl_json(m, e);
        if (r->wish.out != NULL && strcmp(r->wish.out, "-") == 0)
                return 0;
        if (m->base != 0)
                printf(
                    "%s: delta CRL number %llu over %llu, %zu changed, until "
                    "%s\n",
                    m->path, (unsigned long long)m->number,
                    (unsigned long long)m->base, m->entries, until);
        else
                printf("%s: CRL number %llu, %zu revoked, until %s\n", m->path,
                    (unsigned long long)m->number, m->entries, until);
        return 0;
}

static int make_one(
    struct lab *lab, const struct request *r, const char *name, struct err *e)
{
        struct crl_made made;

        if (crl_make(lab, name, &r->wish, &made, e) != 0)
                return -1;
        return print_crl(r, &made, e);
}

/* Names of those whose key is here, each with its NUL. */
static int add_name(void *arg, const struct cadb_ca *ca, struct err *e)
{
        struct buf *names = arg;

        if (ca->key_path[0] != '\0')
                buf_append(names, ca->name, strlen(ca->name) + 1);
        return names->failed ? err_set(e, ERR_OS, "out of memory") : 0;
}

static int make_all(struct lab *lab, const struct request *r, struct err *e)
{
        struct buf names = {0};
        size_t at;
        int rc;

        rc = cadb_ca_each(lab->db, add_name, &names, e);
        if (rc == 0 && names.len == 0)
                rc = err_set(e, ERR_CONFIG,
                    "%s: no key of a CA is here, so no CRL can be signed",
                    lab->dir);
        for (at = 0; rc == 0 && at < names.len;
             at += strlen((const char *)names.data + at) + 1)
                rc = make_one(lab, r, (const char *)names.data + at, e);
        buf_release(&names);
        return rc;
}

/* One CRL at a time: else one with a lower number could take the place of
 * one with a higher.  So what is half written there is of a killed one. */
static int take_lock(const struct lab *lab, int *lock, struct err *e)
{
        char folder[PATH_MAX];

        if (file_path(folder, sizeof(folder), e, "%s/crl", lab->dir) != 0 ||
            file_mkdir(folder, 0755, e) != 0)
                return -1;
        *lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (*lock < 0 || flock(*lock, LOCK_EX) != 0)
                return err_errno(e, ERR_IO, "%s: cannot lock", folder);
        return file_remove_temps(folder, e);
}

static int run(struct args *a, struct err *e)
{
        struct request r = {.wish.validity = VALIDITY_S};
        struct lab lab = {0};
        int lock = -1, rc = -1;

        if (parse(&r, a, e) != 0)
                return -1;
        if (lab_open_write(&lab, a, e) == 0 && take_lock(&lab, &lock, e) == 0)
                rc =
                    r.all ? make_all(&lab, &r, e) : make_one(&lab, &r, r.ca, e);
        lab_release(&lab);
        if (lock >= 0)
                close(lock);
        return rc;
}

const struct command cmd_crl = {
    .name = "crl",
    .summary = "make a certificate revocation list",
    .help =
        "usage: ocsp-ca crl [OPTION]...\n\n"
        "Signs a full CRL with the next number, as DER, into "
        "DIR/crl/CANAME.crl.  Revoked\ncertificates stay in it when they have "
        "expired.\n\n"
        "  --ca CANAME          whose (default: the CA that issues)\n"
        "  --all                of every CA whose key is here\n"
        "  --delta              what has changed since the last full one, "
        "into\n"
        "                       DIR/crl/CANAME-delta.crl; a released hold "
        "stands there as\n"
        "                       removeFromCRL.  The next full CRL removes that "
        "file: it\n"
        "                       says all that the delta said\n"
        "  --idp URL            the issuing distribution point; lab: what "
        "certificates name\n"
        "                       with the responder's own CRL URL; none.  "
        "Default: the lab's\n"
        "                       CRL URL (init --crl-url), else none.  A delta "
        "needs the one\n"
        "                       of its full CRL\n"
        "  --out FILE           write it there too, as PEM; -: standard "
        "output\n"
        "  --days N             until its nextUpdate; 90s, 8h too (default: "
        "7)\n" HELP_COMMON "\nWith --json, one line for each CRL.\n",
    .run = run,
};
