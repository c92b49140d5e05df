#include "cmd.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "authority.h"
#include "cadb/write.h"
#include "print.h"
#include "store.h"

enum { OPT_CA = ARGS_OWN, OPT_OUT, OPT_DAYS };

static const struct option options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"out", required_argument, NULL, OPT_OUT},
    {"days", required_argument, NULL, OPT_DAYS},
    ARGS_COMMON,
};

#define DAY_S INT64_C(86400)
#define VALIDITY_S (7 * DAY_S)

struct wish {
        const char *ca, *out; /* NULL: not given */
        int64_t validity;
};

struct work {
        struct lab lab;
        struct authority ca;
        int lock; /* -1: not held */
        struct pki_crl_spec spec;
        struct pki_crl *crl;
        size_t count;
        struct buf pem, der;
        char path[PATH_MAX];
};

static int parse(struct wish *w, struct args *a, struct err *e)
{
        int option;

        while ((option = args_next(a, options, e)) != ARGS_END) {
                switch (option) {
                case OPT_CA:
                        w->ca = optarg;
                        break;
                case OPT_OUT:
                        w->out = optarg;
                        break;
                case OPT_DAYS:
                        if (parse_duration(optarg, 'd', &w->validity, e) != 0)
                                return err_prefix(e, "--days");
                        break;
                default:
                        return -1;
                }
        }
        return args_words(a, 0, 0, "", e);
}

/* One CRL at a time: else one with a lower number could take the place of
 * one with a higher.  So what is half written there is of a killed one. */
static int take_lock(struct work *w, struct err *e)
{
        char folder[PATH_MAX];

        if (file_path(folder, sizeof(folder), e, "%s/crl", w->lab.dir) != 0 ||
            file_mkdir(folder, 0755, e) != 0 ||
            file_path(w->path, sizeof(w->path), e, "%s/%s.crl", folder,
                w->ca.row.name) != 0)
                return -1;
        w->lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (w->lock < 0 || flock(w->lock, LOCK_EX) != 0)
                return err_errno(e, ERR_IO, "%s: cannot lock", folder);
        return file_remove_temps(folder, e);
}

static int add_entry(
    void *arg, struct span serial, const struct cadb_state *s, struct err *e)
{
        struct work *w = arg;
        struct pki_crl_entry entry = {
            .serial = serial,
            .revocation_time = s->revoked_at,
            .reason = s->reason,
            .invalidity_at = s->invalidity_at,
        };

        w->count++;
        return pki_crl_add(w->crl, &entry, e);
}

/* Number, time and entries are of one moment: nobody else writes now. */
static int collect(struct work *w, int64_t validity, struct err *e)
{
        const struct cadb_ca *ca = &w->ca.row;

        if (cadb_begin(w->lab.db, e) != 0)
                return -1;
        w->spec = (struct pki_crl_spec){
            .issuer = w->ca.cert,
            .issuer_key = w->ca.key,
            .this_update = lab_now(&w->lab),
        };
        w->spec.next_update = w->spec.this_update + validity;
        if (cadb_crl_number(w->lab.db, ca->id, 0, w->spec.this_update,
                &w->spec.number, e) == 0 &&
            pki_crl_new(&w->spec, &w->crl, e) == 0 &&
            cadb_revoked_each(w->lab.db, ca->id, add_entry, w, e) == 0 &&
            cadb_commit(w->lab.db, e) == 0)
                return 0;
        cadb_rollback(w->lab.db);
        return -1;
}

/* The number is committed by now: a CRL that does not come into being leaves
 * a gap, which is allowed; a number that comes twice is not (RFC 5280 section
 * 5.2.3). */
static int write_out(struct work *w, const char *out, struct err *e)
{
        if (pki_crl_finish(w->crl, &w->der, e) != 0 ||
            store_write(w->lab.settings.temporary, w->path, buf_span(&w->der),
                0644, e) != 0)
                return -1;
        if (out == NULL)
                return 0;
        if (pki_crl_pem(buf_span(&w->der), &w->pem, e) != 0)
                return -1;
        if (strcmp(out, "-") != 0)
                return file_write(out, w->pem.data, w->pem.len, 0644, e);
        if (fwrite(w->pem.data, 1, w->pem.len, stdout) != w->pem.len)
                return err_errno(e, ERR_IO, "standard output");
        return 0;
}

static int print_crl(
    const struct work *w, const struct wish *wish, bool json, struct err *e)
{
        char until[TIME_TEXT_MAX];

        if (json)
                return print_json(
                    json_pack("{s:s, s:s, s:I, s:I, s:o, s:o}", "ca",
                        w->ca.row.name, "path", w->path, "number",
                        (json_int_t)w->spec.number, "entries",
                        (json_int_t)w->count, "this_update",
                        json_time(w->spec.this_update), "next_update",
                        json_time(w->spec.next_update)),
                    e);
        if (wish->out == NULL || strcmp(wish->out, "-") != 0)
                printf("%s: CRL number %llu, %zu revoked, until %s\n", w->path,
                    (unsigned long long)w->spec.number, w->count,
                    format_time(w->spec.next_update, until));
        return 0;
}

static int run(struct args *a, struct err *e)
{
        struct wish wish = {.validity = VALIDITY_S};
        struct work w = {.lock = -1};
        int rc = -1;

        if (parse(&wish, a, e) != 0)
                return -1;
        if (a->json && wish.out != NULL && strcmp(wish.out, "-") == 0)
                return err_set(e, ERR_USAGE,
                    "--json and --out - both want standard output");
        if (lab_open_write(&w.lab, a, e) == 0 &&
            authority_load(&w.lab, wish.ca, &w.ca, e) == 0 &&
            take_lock(&w, e) == 0 && collect(&w, wish.validity, e) == 0 &&
            write_out(&w, wish.out, e) == 0)
                rc = print_crl(&w, &wish, a->json, e);
        pki_crl_free(w.crl);
        buf_release(&w.pem);
        buf_release(&w.der);
        authority_release(&w.ca);
        lab_release(&w.lab);
        if (w.lock >= 0)
                close(w.lock);
        return rc;
}

const struct command cmd_crl = {
    .name = "crl",
    .summary = "make a certificate revocation list",
    .help =
        "usage: ocsp-ca crl [OPTION]...\n\n"
        "Signs a full CRL with the next number, as DER, into "
        "DIR/crl/CANAME.crl.\n\n"
        "  --ca CANAME          whose (default: the CA that issues)\n"
        "  --out FILE           write it there too, as PEM; -: standard "
        "output\n"
        "  --days N             until its nextUpdate; 90s, 8h too (default: "
        "7)\n" HELP_COMMON,
    .run = run,
};
