#include "cmd_export.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authority.h"
#include "cmd.h"
#include "print.h"

enum { OPT_FORMAT = ARGS_OWN, OPT_CA, OPT_OUT };

static const struct option options[] = {
    {"format", required_argument, NULL, OPT_FORMAT},
    {"ca", required_argument, NULL, OPT_CA},
    {"out", required_argument, NULL, OPT_OUT},
    ARGS_COMMON,
};

struct wish {
        bool format_given;
        enum export_format format;
        const char *ca, *out; /* NULL: not given */
};

/* ---- wishes ------------------------------------------------------------ */

static int parse_format(
    const char *text, enum export_format *out, struct err *e)
{
        static const char *const names[] = {
            [EXPORT_INDEX] = "index",
            [EXPORT_CSV] = "csv",
            [EXPORT_JSON] = "json",
        };
        size_t i;

        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (strcmp(text, names[i]) == 0) {
                        *out = (enum export_format)i;
                        return 0;
                }
        return err_set(
            e, ERR_USAGE, "--format '%s': choose index, csv or json", text);
}

static int parse(struct wish *w, struct args *a, struct err *e)
{
        int option;

        while ((option = args_next(a, options, e)) != ARGS_END) {
                switch (option) {
                case OPT_FORMAT:
                        if (parse_format(optarg, &w->format, e) != 0)
                                return -1;
                        w->format_given = true;
                        break;
                case OPT_CA:
                        w->ca = optarg;
                        break;
                case OPT_OUT:
                        w->out = optarg;
                        break;
                default:
                        return -1;
                }
        }
        if (a->json && w->format_given && w->format != EXPORT_JSON)
                return err_set(
                    e, ERR_USAGE, "--json and --format say different things");
        if (a->json)
                w->format = EXPORT_JSON;
        else if (!w->format_given)
                return err_set(e, ERR_USAGE,
                    "export: --format is missing: choose index, csv or json");
        return args_words(a, 0, 0, "", e);
}

/* ---- whose ------------------------------------------------------------- */

struct owners {
        struct cadb *db;
        int64_t ca; /* the first that has certificates; 0: none has */
        size_t count;
        struct buf names;
};

static int add_owner(void *arg, const struct cadb_ca *ca, struct err *e)
{
        struct cadb_filter f = {.ca = ca->id};
        struct owners *o = arg;
        int64_t n;

        if (cadb_cert_count(o->db, &f, &n, e) != 0)
                return -1;
        if (n == 0)
                return 0;
        if (o->count++ == 0)
                o->ca = ca->id;
        buf_printf(&o->names, "%s%s", o->names.len > 0 ? ", " : "", ca->name);
        return 0;
}

/* An index.txt has no room for the name of a CA. */
static int the_only_ca(const struct lab *lab, int64_t *out, struct err *e)
{
        struct owners o = {.db = lab->db};
        int rc = cadb_ca_each(lab->db, add_owner, &o, e);

        if (rc == 0 && o.count > 1)
                rc = err_set(e, ERR_USAGE,
                    "an index.txt is of one CA: choose with --ca: %s have "
                    "issued certificates",
                    o.names.failed ? "several" : buf_text(&o.names));
        *out = o.ca;
        buf_release(&o.names);
        return rc;
}

static int find_ca(
    const struct lab *lab, const struct wish *w, int64_t *out, struct err *e)
{
        struct cadb_ca ca;

        *out = 0;
        if (w->ca == NULL)
                return w->format == EXPORT_INDEX ? the_only_ca(lab, out, e) : 0;
        if (authority_find(lab, w->ca, &ca, e) != 0)
                return -1;
        *out = ca.id;
        return 0;
}

/* ---- where to ---------------------------------------------------------- */

/* A file is written aside and renamed, so that a reader never sees a part. */
struct sink {
        const char *path;    /* NULL: standard output */
        char temp[PATH_MAX]; /* "": written into directly */
        FILE *file;
};

static int sink_open(struct sink *s, const char *path, struct err *e)
{
        struct stat st;
        int fd;

        s->file = stdout;
        if (path == NULL || strcmp(path, "-") == 0)
                return 0;
        s->path = path;
        /* A rename would put a file in the place of the device or link. */
        if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
                s->file = fopen(path, "we");
                if (s->file != NULL)
                        return 0;
                return err_errno(e, ERR_IO, "%s: cannot write", path);
        }
        if (file_path(s->temp, sizeof(s->temp), e, "%s.XXXXXX", path) != 0)
                return -1;
        fd = mkostemp(s->temp, O_CLOEXEC);
        s->file = fd >= 0 && fchmod(fd, 0644) == 0 ? fdopen(fd, "w") : NULL;
        if (s->file != NULL)
                return 0;
        err_errno(e, ERR_IO, "%s: cannot write", path);
        if (fd >= 0) {
                unlink(s->temp);
                close(fd);
        }
        s->temp[0] = '\0';
        return -1;
}

static int sink_finish(struct sink *s, struct err *e)
{
        char folder[PATH_MAX];
        bool aside = s->temp[0] != '\0';
        int rc = 0;

        if (s->path == NULL)
                return cli_flush(e);
        if (fflush(s->file) != 0 || (aside && fsync(fileno(s->file)) != 0))
                rc = err_errno(e, ERR_IO, "%s: cannot write", s->path);
        if (fclose(s->file) != 0 && rc == 0)
                rc = err_errno(e, ERR_IO, "%s: cannot write", s->path);
        s->file = NULL;
        if (rc != 0 || !aside)
                return rc;
        if (rename(s->temp, s->path) != 0)
                return err_errno(e, ERR_IO, "%s: cannot write", s->path);
        s->temp[0] = '\0';
        if (file_path(folder, sizeof(folder), e, "%s", s->path) != 0)
                return -1;
        return file_sync(dirname(folder), e);
}

static void sink_release(struct sink *s)
{
        if (s->path != NULL && s->file != NULL)
                fclose(s->file);
        if (s->temp[0] != '\0')
                unlink(s->temp);
}

/* ---- all --------------------------------------------------------------- */

static void warn_of_loss(const struct index_loss *l)
{
        if (l->reasons > 0)
                fprintf(stderr,
                    "ocsp-ca: warning: %zu revoked without their reason: "
                    "openssl's format knows no privilegeWithdrawn or "
                    "aACompromise\n",
                    l->reasons);
        if (l->invalidity_dates > 0)
                fprintf(stderr,
                    "ocsp-ca: warning: %zu revoked without their invalidity "
                    "date: openssl's format has one for keyCompromise and "
                    "cACompromise only\n",
                    l->invalidity_dates);
}

static int write_rows(struct export *x, const struct wish *w, struct err *e)
{
        struct cadb_filter f = {.now = x->now};
        int rc;

        if (find_ca(x->lab, w, &f.ca, e) != 0)
                return -1;
        /* One moment for all that is read. */
        if (cadb_snapshot_begin(x->lab->db, e) != 0)
                return -1;
        export_head(x);
        /* No CA has certificates: f.ca would mean all, which is none too. */
        rc = cadb_cert_each(x->lab->db, &f, export_row, x, e);
        cadb_snapshot_end(x->lab->db);
        return rc;
}

static int export(const struct lab *lab, const struct wish *w, struct err *e)
{
        struct export x = {
            .lab = lab, .format = w->format, .now = lab_now(lab)};
        struct sink sink = {.path = NULL};
        int rc = -1;

        if (sink_open(&sink, w->out, e) != 0)
                return -1;
        x.out = sink.file;
        if (write_rows(&x, w, e) == 0 && sink_finish(&sink, e) == 0) {
                warn_of_loss(&x.loss);
                rc = 0;
        } else if (w->out != NULL && sink.path != NULL) {
                err_prefix(e, "--out");
        }
        sink_release(&sink);
        buf_release(&x.line);
        return rc;
}

static int run(struct args *a, struct err *e)
{
        struct wish w = {.out = NULL};
        struct lab lab = {0};
        int rc = -1;

        if (parse(&w, a, e) != 0)
                return -1;
        if (lab_open(&lab, a, e) == 0)
                rc = export(&lab, &w, e);
        lab_release(&lab);
        return rc;
}

const struct command cmd_export = {
    .name = "export",
    .summary = "write the certificates and their states as a file",
    .help =
        "usage: ocsp-ca export --format FORMAT [OPTION]...\n\n"
        "Writes every certificate with its state, in order of issue, as of one "
        "moment.\n\n"
        "  --format index       an index.txt as 'openssl ca' and 'openssl ocsp "
        "-index' read\n"
        "                       it.  Expired ones get an E.  What 'ocsp-ca "
        "import' has read\n"
        "                       comes back to the letter, except for E; "
        "\",unspecified\",\n"
        "                       which is left out; holdInstruction, which "
        "becomes\n"
        "                       certificateHold; the file name, always "
        "\"unknown\".  A warning\n"
        "                       counts what openssl has no words for: "
        "privilegeWithdrawn,\n"
        "                       aACompromise, an invalidity date without a "
        "compromise\n"
        "  --format csv         with a line of titles, RFC 4180 quotes and LF\n"
        "  --format json        an object a line, as in 'ocsp-ca list --json'; "
        "--json means\n"
        "                       the same\n"
        "  --ca CANAME          only those that this CA has issued; for index "
        "needed if\n"
        "                       several have\n"
        "  --out FILE           write it there, complete or not at all "
        "(default, "
        "and -:\n"
        "                       standard output)\n" HELP_COMMON,
    .run = run,
};
