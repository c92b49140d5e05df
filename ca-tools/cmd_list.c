#include "cmd.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "authority.h"
#include "print.h"
#include "signer_note.h"

enum { OPT_CA = ARGS_OWN, OPT_STATUS, OPT_EXPIRES_BEFORE, OPT_COUNT };

static const struct option options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"status", required_argument, NULL, OPT_STATUS},
    {"expires-before", required_argument, NULL, OPT_EXPIRES_BEFORE},
    {"count", no_argument, NULL, OPT_COUNT},
    ARGS_COMMON,
};

/* No name is longer than CADB_NAME_MAX; SQLite gives up at 50,000. */
enum { GLOBS_MAX = 100, GLOB_OCTETS_MAX = 1000 };

/* "root", "ca1" */
enum { CA_WIDTH_MIN = 6 };

struct listing {
        const char *ca, *expires_before; /* NULL: not given */
        bool json, only_count;
        char **globs; /* those that the database is not asked with */
        size_t globs_len;
        struct cadb_filter filter;
        int ca_width; /* of the longest name of a CA */
        size_t count;
};

static int parse_status(
    const char *text, enum cadb_filter_status *out, struct err *e)
{
        static const struct {
                const char *name;
                enum cadb_filter_status status;
        } known[] = {
            {"good", CADB_ONLY_GOOD},
            {"revoked", CADB_ONLY_REVOKED},
            {"hold", CADB_ONLY_HOLD},
            {"expired", CADB_ONLY_EXPIRED},
        };
        size_t i;

        for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
                if (strcmp(text, known[i].name) != 0)
                        continue;
                *out = known[i].status;
                return 0;
        }
        return err_set(e, ERR_USAGE,
            "--status '%s': choose good, revoked, hold or expired", text);
}

static int take_globs(struct listing *l, const struct args *a, struct err *e)
{
        size_t i;

        l->globs = a->words;
        l->globs_len = a->words_len;
        for (i = 0; i < l->globs_len; i++)
                if (strlen(l->globs[i]) > GLOB_OCTETS_MAX)
                        return err_set(e, ERR_USAGE,
                            "'%s': a pattern of more than %d octets",
                            l->globs[i], GLOB_OCTETS_MAX);
        return args_words(a, 0, GLOBS_MAX, "", e);
}

static int parse(struct listing *l, struct args *a, struct err *e)
{
        int option;

        while ((option = args_next(a, options, e)) != ARGS_END) {
                switch (option) {
                case OPT_CA:
                        l->ca = optarg;
                        break;
                case OPT_STATUS:
                        if (parse_status(optarg, &l->filter.status, e) != 0)
                                return -1;
                        break;
                case OPT_EXPIRES_BEFORE:
                        l->expires_before = optarg;
                        break;
                case OPT_COUNT:
                        l->only_count = true;
                        break;
                default:
                        return -1;
                }
        }
        l->json = a->json;
        return take_globs(l, a, e);
}

/* The lab's clock decides what has expired, and what +8d is. */
static int set_filter(struct listing *l, const struct lab *lab, struct err *e)
{
        struct cadb_filter *f = &l->filter;
        struct cadb_ca ca = {.id = 0};

        if (l->ca != NULL && authority_find(lab, l->ca, &ca, e) != 0)
                return -1;
        f->ca = ca.id;
        f->now = lab_now(lab);
        if (l->expires_before != NULL &&
            parse_time(l->expires_before, f->now, &f->expires_before, e) != 0)
                return err_prefix(e, "--expires-before");
        if (l->expires_before != NULL && f->expires_before == 0)
                f->expires_before = -1; /* 1970-01-01: 0 says any */
        /* The database finds one name, or those that begin alike, by its
         * index; its brackets are not the shell's. */
        if (l->globs_len == 1 && strpbrk(l->globs[0], "[\\") == NULL) {
                f->name_glob = l->globs[0];
                l->globs_len = 0;
        }
        return 0;
}

static bool wanted(const struct listing *l, const struct cadb_cert *cert)
{
        size_t i;

        for (i = 0; i < l->globs_len; i++)
                if (cert->name[0] != '\0' &&
                    fnmatch(l->globs[i], cert->name, FNM_NOESCAPE) == 0)
                        return true;
        return l->globs_len == 0;
}

/* A row at a time, so that a million of them need no memory: the array is
 * written by hand around its elements. */
static int row_json(
    const struct listing *l, const struct cadb_cert *cert, struct err *e)
{
        printf(l->count == 0 ? "[" : ",");
        return print_json(json_cert(cert, l->filter.now), e);
}

static void row_text(const struct listing *l, const struct cadb_cert *cert)
{
        static const char format[] = "%-20s %-*s %-20s %-32s %s%s\n";
        char state[STATE_TEXT_MAX], end[TIME_TEXT_MAX];
        char serial[PKI_SERIAL_TEXT_MAX];

        if (l->count == 0)
                printf(format, "NAME", l->ca_width, "CA", "EXPIRES", "SERIAL",
                    "STATUS", "");
        /* What has no name is still somebody: an OCSP signer. */
        printf(format, cert->name[0] != '\0' ? cert->name : cert->subject,
            l->ca_width, cert->ca_name, format_time(cert->state.not_after, end),
            pki_serial_text(
                (struct span){cert->serial, cert->serial_len}, serial),
            state_text(&cert->state, state),
            state_expired(&cert->state, l->filter.now));
}

static int row(void *arg, const struct cadb_cert *cert, struct err *e)
{
        struct listing *l = arg;
        int rc = 0;

        if (!wanted(l, cert))
                return 0;
        if (l->only_count)
                ; /* only that */
        else if (l->json)
                rc = row_json(l, cert, e);
        else
                row_text(l, cert);
        l->count++;
        /* Gone or full: no use in going on. */
        return rc == 0 && ferror(stdout) ? cli_flush(e) : rc;
}

static int count(const struct lab *lab, struct listing *l, struct err *e)
{
        int64_t n = 0;
        int rc = l->globs_len > 0
                     ? cadb_cert_each(lab->db, &l->filter, row, l, e)
                     : cadb_cert_count(lab->db, &l->filter, &n, e);

        if (rc != 0)
                return -1;
        n += (int64_t)l->count;
        if (l->json)
                return print_json(
                    json_pack("{s:I}", "count", (json_int_t)n), e);
        printf("%lld\n", (long long)n);
        return 0;
}

static int widen(void *arg, const struct cadb_ca *ca, struct err *e)
{
        int len = (int)strlen(ca->name);
        struct listing *l = arg;

        (void)e;
        if (l->ca_width < len)
                l->ca_width = len;
        return 0;
}

static int list(const struct lab *lab, struct listing *l, struct err *e)
{
        if (set_filter(l, lab, e) != 0)
                return -1;
        if (l->only_count)
                return count(lab, l, e);
        if (cadb_ca_each(lab->db, widen, l, e) != 0 ||
            cadb_cert_each(lab->db, &l->filter, row, l, e) != 0)
                return -1;
        if (l->json)
                printf(l->count == 0 ? "[]\n" : "]\n");
        return 0;
}

static int run(struct args *a, struct err *e)
{
        struct listing l = {.ca_width = CA_WIDTH_MIN};
        struct lab lab = {0};
        int rc = -1;

        if (parse(&l, a, e) != 0)
                return -1;
        if (lab_open(&lab, a, e) == 0 && list(&lab, &l, e) == 0) {
                signer_note(&lab);
                rc = 0;
        }
        lab_release(&lab);
        return rc;
}

const struct command cmd_list = {
    .name = "list",
    .summary = "list certificates with their status",
    .help =
        "usage: ocsp-ca list [GLOB...] [OPTION]...\n\n"
        "Certificates in order of issue, those of intermediate CAs and OCSP "
        "signers too (which\nhave no name, but a subject).  With --json, an "
        "array.  A note on standard error says\nwhich OCSP signer is near its "
        "end.\n\n"
        "  GLOB                 only names like one of these: 'www*', "
        "'n[0-9]', 'www@?'\n"
        "  --status S           good: and not expired; revoked: for good; "
        "hold; expired:\n"
        "                       revoked or not\n"
        "  --ca CANAME          only those that this CA has issued\n"
        "  --expires-before TIME   only those that end before\n"
        "  --count              print how many, nothing else\n" HELP_COMMON
        "\nNothing that fits is no failure.\n\n" HELP_TIME,
    .run = run,
};
