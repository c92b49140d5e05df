#include "cmd_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "anchors.h"
#include "cadb/write.h"
#include "cmd.h"
#include "newlab.h"
#include "print.h"
#include "urls.h"
#include "watch.h"

enum {
        OPT_CA = ARGS_OWN,
        OPT_CA_CERT,
        OPT_CA_KEY,
        OPT_CERTS,
        OPT_SKIP_UNFINISHED,
        OPT_SIGNER,
        OPT_SIGNER_ALGORITHM,
        OPT_SIGNER_DAYS,
        OPT_OCSP_URL,
        OPT_NO_FAULTS,
        OPT_TEMPORARY,
        OPT_WATCH,
};

static const struct option options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"ca-cert", required_argument, NULL, OPT_CA_CERT},
    {"ca-key", required_argument, NULL, OPT_CA_KEY},
    {"certs", required_argument, NULL, OPT_CERTS},
    {"skip-unfinished", no_argument, NULL, OPT_SKIP_UNFINISHED},
    {"signer", required_argument, NULL, OPT_SIGNER},
    {"signer-algorithm", required_argument, NULL, OPT_SIGNER_ALGORITHM},
    {"signer-days", required_argument, NULL, OPT_SIGNER_DAYS},
    {"ocsp-url", required_argument, NULL, OPT_OCSP_URL},
    {"no-faults", no_argument, NULL, OPT_NO_FAULTS},
    {"temporary", no_argument, NULL, OPT_TEMPORARY},
    {"watch", no_argument, NULL, OPT_WATCH},
    ARGS_COMMON,
};

enum { FILES_MAX = 1000 };

/* When the database, not the file, is to blame. */
enum { RETRY_MS = 5000 };

struct job {
        struct args *args;
        struct import_wish wish;
        struct cadb_settings settings; /* wished for; later: as they are */
        bool watch;
        struct lab lab;
        struct import im;
        struct import_result *results; /* one per word */
        struct watch *watcher;
        char last_failure[ERR_TEXT_MAX];
};

/* ---- wishes ------------------------------------------------------------ */

static int set_signer_option(struct job *j, int option, struct err *e)
{
        struct import_wish *w = &j->wish;

        switch (option) {
        case OPT_SIGNER:
                w->model_given = true;
                if (forge_model_parse(optarg, &w->model, e) != 0)
                        return -1;
                if (w->model == CADB_SIGNER_TRUSTED)
                        return err_set(e, ERR_USAGE,
                            "--signer trusted: for a CA from elsewhere choose "
                            "delegated or ca");
                return 0;
        case OPT_SIGNER_ALGORITHM:
                w->algorithm_given = true;
                return pki_algorithm_parse(optarg, &w->algorithm, e);
        case OPT_SIGNER_DAYS:
                if (parse_duration(optarg, 'd', &w->signer_validity, e) != 0)
                        return err_prefix(e, "--signer-days");
                if (w->signer_validity == 0)
                        return err_set(e, ERR_USAGE,
                            "--signer-days: a signer must live a while");
                return 0;
        }
        return -1;
}

static int add_ca_cert(struct import_wish *w, const char *path, struct err *e)
{
        if (w->ca_certs_len == IMPORT_CHAIN_MAX)
                return err_set(e, ERR_USAGE, "--ca-cert: more than %d files",
                    IMPORT_CHAIN_MAX);
        w->ca_certs[w->ca_certs_len++] = path;
        return 0;
}

static int set_option(struct job *j, int option, struct err *e)
{
        switch (option) {
        case OPT_CA:
                j->wish.ca = optarg;
                return 0;
        case OPT_CA_CERT:
                return add_ca_cert(&j->wish, optarg, e);
        case OPT_CA_KEY:
                j->wish.ca_key = optarg;
                return 0;
        case OPT_CERTS:
                j->wish.certs = optarg;
                return 0;
        case OPT_SKIP_UNFINISHED:
                j->wish.skip_unfinished = true;
                return 0;
        case OPT_OCSP_URL:
                return urls_add(&j->settings, optarg, e);
        case OPT_NO_FAULTS:
                j->settings.no_faults = true;
                return 0;
        case OPT_TEMPORARY:
                j->settings.temporary = true;
                return 0;
        case OPT_WATCH:
                j->watch = true;
                return 0;
        }
        return set_signer_option(j, option, e);
}

static int check_wishes(const struct job *j, struct err *e)
{
        const struct import_wish *w = &j->wish;

        if (w->ca_key != NULL && w->ca_certs_len == 0)
                return err_set(
                    e, ERR_USAGE, "--ca-key: say whose it is with --ca-cert");
        if (w->ca_key == NULL &&
            (w->model_given || w->algorithm_given || w->signer_validity >= 0))
                return err_set(e, ERR_USAGE,
                    "--signer, --signer-algorithm and --signer-days want the "
                    "CA's key, --ca-key; without it see 'ocsp-ca signer "
                    "request'");
        if (w->model == CADB_SIGNER_CA &&
            (w->algorithm_given || w->signer_validity >= 0))
                return err_set(e, ERR_USAGE,
                    "--signer ca: the CA itself signs, so --signer-algorithm "
                    "and --signer-days have no use");
        if (w->certs != NULL && access(w->certs, X_OK) != 0)
                return err_errno(e, ERR_IO, "--certs %s", w->certs);
        return 0;
}

static int parse(struct job *j, struct err *e)
{
        int option;

        while ((option = args_next(j->args, options, e)) != ARGS_END)
                if (option == ARGS_BAD || set_option(j, option, e) != 0)
                        return -1;
        if (j->watch ? args_words(j->args, 1, 1, "FILE", e) != 0
                     : args_words(j->args, j->wish.ca_certs_len > 0 ? 0 : 1,
                           FILES_MAX, "FILE", e) != 0)
                return -1;
        return check_wishes(j, e);
}

int import_settings_check(const struct cadb_settings *there,
    const struct cadb_settings *wish, const char *dir, struct err *e)
{
        const char *urls[PKI_URLS_MAX], *wished[PKI_URLS_MAX];
        size_t i, n = lab_urls(wish, wished);
        bool same = n == lab_urls(there, urls);

        for (i = 0; same && i < n; i++)
                same = strcmp(urls[i], wished[i]) == 0;
        if (wish->ocsp_url[0] != '\0' && !same)
                return err_set(e, ERR_EXISTS,
                    "--ocsp-url: %s is there already, and was made for %s", dir,
                    there->ocsp_url);
        if (wish->no_faults && !there->no_faults)
                return err_set(e, ERR_EXISTS,
                    "--no-faults: %s is there already, and was made without",
                    dir);
        if (wish->temporary && !there->temporary)
                return err_set(e, ERR_EXISTS,
                    "--temporary: %s is there already, and was made without",
                    dir);
        return 0;
}

/* ---- take over --------------------------------------------------------- */

/* Inside a transaction. */
static int take_all(struct job *j, struct err *e)
{
        size_t i;

        if (import_ca(&j->im, e) != 0)
                return -1;
        for (i = 0; i < j->args->words_len; i++)
                if (import_file(&j->im, j->args->words[i], j->watch,
                        &j->results[i], e) != 0)
                        return -1;
        return 0;
}

static int fill_new(struct cadb *db, void *arg, struct err *e)
{
        struct job *j = arg;

        j->im.forge.db = db;
        return take_all(j, e);
}

/* A directory that is not there yet: it comes into being with the CA and its
 * certificates, or not at all. */
static int take_into_new(struct job *j, struct err *e)
{
        j->im.fresh = true;
        j->im.forge.now = labclock_now(NULL);
        j->im.forge.temporary = j->settings.temporary;
        j->settings.created_at = j->im.forge.now;
        if (urls_choose(&j->settings, e) != 0)
                return -1;
        return newlab_make(j->im.forge.dir, &j->settings, fill_new, j, e);
}

static int take_in_transaction(struct job *j, struct err *e)
{
        int rc;

        if (cadb_begin(j->lab.db, e) != 0)
                return -1;
        j->im.forge.now = lab_now(&j->lab);
        rc = take_all(j, e);
        if (rc == 0)
                rc = cadb_commit(j->lab.db, e);
        import_ca_end(&j->im, rc == 0);
        if (rc != 0)
                cadb_rollback(j->lab.db);
        return rc;
}

static int open_lab(struct job *j, struct err *e)
{
        if (lab_open_write(&j->lab, j->args, e) != 0)
                return -1;
        j->im.forge.db = j->lab.db;
        j->im.forge.temporary = j->lab.settings.temporary;
        return 0;
}

static int take_into_old(struct job *j, struct err *e)
{
        if (open_lab(j, e) != 0 ||
            import_settings_check(
                &j->lab.settings, &j->settings, j->im.forge.dir, e) != 0 ||
            take_in_transaction(j, e) != 0)
                return -1;
        j->settings = j->lab.settings;
        return j->im.made_len > 0 ? anchors_recover(&j->lab, e) : 0;
}

static int take(struct job *j, struct err *e)
{
        const struct cadb_settings wish = j->settings;
        const char *dir = j->im.forge.dir;

        if (lab_dir_check(dir, NULL) == 0)
                return take_into_old(j, e);
        if (j->wish.ca_certs_len == 0)
                return err_set(e, ERR_NOTFOUND,
                    "%s: no CA there: bring one with --ca-cert, or name the "
                    "directory with --dir or OCSP_LAB_DIR",
                    dir);
        if (take_into_new(j, e) == 0)
                return j->watch ? open_lab(j, e) : 0;
        if (e->code != ERR_EXISTS || lab_dir_check(dir, NULL) != 0)
                return -1;
        /* Somebody else has made it meanwhile. */
        j->settings = wish;
        j->im.fresh = false;
        j->im.made_len = 0;
        return take_into_old(j, e);
}

static int print_all(const struct job *j, struct err *e)
{
        size_t i;

        if (j->im.key_is_wide)
                fprintf(stderr,
                    "ocsp-ca: warning: %s: others than you may read it\n",
                    j->wish.ca_key);
        /* With --watch the first line says that it is ready. */
        if (j->watch && j->im.made_len > 0 && !j->im.has_signer)
                fprintf(stderr,
                    "ocsp-ca: %s has no signer for its OCSP answers yet: see "
                    "'ocsp-ca signer --help'\n",
                    j->results[0].ca);
        if (j->watch)
                return import_print_ready(&j->results[0], e);
        if (import_print_cas(j->args, &j->im, &j->settings, e) != 0)
                return -1;
        for (i = 0; i < j->args->words_len; i++)
                if (import_print_result(
                        j->args, &j->results[i], j->im.forge.now, e) != 0)
                        return -1;
        return 0;
}

/* ---- --watch ----------------------------------------------------------- */

/* The same once only: a file that is being written may be wrong for long. */
static void tell_failure(struct job *j, const struct err *e)
{
        if (strcmp(j->last_failure, e->text) == 0)
                return;
        snprintf(j->last_failure, sizeof(j->last_failure), "%s", e->text);
        fprintf(stderr,
            "ocsp-ca: %s: the database stays as it is until the file is "
            "right\n",
            e->text);
}

/* *timeout: until another try, if it was not the file's fault. */
static int take_again(struct job *j, int *timeout, struct err *e)
{
        struct err why = ERR_INIT;

        *timeout = -1;
        if (take_in_transaction(j, &why) == 0) {
                j->last_failure[0] = '\0';
                if (import_print_result(
                        j->args, &j->results[0], j->im.forge.now, e) != 0)
                        return -1;
                return cli_flush(e);
        }
        if (cadb_is_gone(j->lab.db))
                return err_set(e, why.code, "%s", why.text);
        tell_failure(j, &why);
        if (why.code != ERR_DATA && why.code != ERR_NOTFOUND)
                *timeout = RETRY_MS;
        return 0;
}

static int follow(struct job *j, struct err *e)
{
        enum watch_event event;
        int timeout = -1;

        /* The CA is known by now. */
        j->im.made_len = 0;
        if (cli_flush(e) != 0)
                return -1;
        for (;;) {
                if (watch_wait(j->watcher, timeout, &event, e) != 0)
                        return -1;
                if (event == WATCH_STOP)
                        return 0;
                if (take_again(j, &timeout, e) != 0)
                        return -1;
        }
}

/* ---- all --------------------------------------------------------------- */

static int run_job(struct job *j, struct err *e)
{
        size_t n = j->args->words_len;

        j->im.wish = &j->wish;
        j->im.forge.dir = lab_dir(j->args->dir);
        j->results = calloc(n > 0 ? n : 1, sizeof(*j->results));
        if (j->results == NULL)
                return err_set(e, ERR_OS, "out of memory");
        /* First, so that no change is missed. */
        if (j->watch && watch_open(j->args->words[0], &j->watcher, e) != 0)
                return -1;
        if (take(j, e) != 0 || print_all(j, e) != 0)
                return -1;
        return j->watch ? follow(j, e) : 0;
}

static int run(struct args *a, struct err *e)
{
        struct job j = {
            .args = a,
            .wish = {.model = CADB_SIGNER_DELEGATED, .signer_validity = -1},
        };
        int rc = -1;

        if (parse(&j, e) == 0)
                rc = run_job(&j, e);
        watch_close(j.watcher);
        lab_release(&j.lab);
        free(j.results);
        return rc;
}

const struct command cmd_import = {
    .name = "import",
    .summary = "take over a CA from elsewhere",
    .help =
        "usage: ocsp-ca import FILE... [OPTION]...\n\n"
        "Takes over what FILE tells of certificates, so that ocsp-responder "
        "answers for\nthem.  What it is shows in its content:\n\n"
        "  index.txt      the database of 'openssl ca', with the state of "
        "every\n"
        "                 certificate.  It is the authority: what it says "
        "valid is good\n"
        "                 here too, even if it was revoked before.  Expired "
        "(E) is not\n"
        "                 revoked.\n"
        "  certificates   PEM or DER, of a CA that is known here.  Their state "
        "stays; a\n"
        "                 new one is good.\n"
        "  CRL            PEM or DER, full or delta, signed by such a CA.  "
        "What it lists\n"
        "                 is revoked, known before or not; removeFromCRL in a "
        "delta ends\n"
        "                 a hold.  What a full one does not list stays as it "
        "is.  One with\n"
        "                 a lower number than the last neither holds nor "
        "releases what is\n"
        "                 known.  'ocsp-ca crl' counts on from the highest "
        "number.\n\n"
        "All files are taken over in one transaction, or nothing is.  What is "
        "as before is\nnot written again.  A certificate is called by its "
        "common name if that can be a\nname here and is free; of several the "
        "newest valid one is.\n\n"
        "  --ca-cert FILE       the CA's certificate, and those above it; "
        "repeated: further\n"
        "                       ones.  Makes the CA known; done again, it "
        "only says whose\n"
        "                       the FILE is.  Without the one above it, it "
        "is trusted by\n"
        "                       itself, which many clients do not accept.  "
        "A DIR that is\n"
        "                       not there is made.  Then FILE may be missing\n"
        "  --ca CANAME          how the CA shall be called (default: by its "
        "common name), or\n"
        "                       whose the FILE is\n"
        "  --ca-key FILE        the CA's key, to be copied into DIR, now or "
        "when the CA is\n"
        "                       known already: a signer for OCSP answers is "
        "made at once if\n"
        "                       it has none.  Without the key see 'signer "
        "request'\n"
        "  --signer MODEL       who signs then: delegated (default), ca\n"
        "  --signer-algorithm A   of its key (default: as the CA)\n"
        "  --signer-days N      how long it lives; 90s, 8h too (default: as "
        "the CA)\n"
        "  --certs FOLDER       where openssl keeps certificates as "
        "SERIAL.pem: takes those\n"
        "                       of the lines of an index.txt too\n"
        "  --skip-unfinished    an index.txt whose last line has no end is "
        "taken "
        "without that\n"
        "                       line, as 'openssl ocsp' does; else it is "
        "refused\n"
        "  --ocsp-url URL       for a new DIR: where the responder will be "
        "(default: a free\n"
        "                       port of 127.0.0.1, chosen now); repeated: "
        "what\n"
        "                       certificates name besides\n"
        "  --no-faults          for a new DIR: for ever refuse scenarios and "
        "a moving clock\n"
        "  --temporary          for a new DIR: do not wait for the disk\n"
        "  --watch              stay, and take over the one FILE whenever it "
        "changes, until\n"
        "                       SIGTERM or SIGINT.  Prints a line of JSON "
        "with \"event\":\n"
        "                       \"ready\" first, then a line for each time.  "
        "A FILE that is\n"
        "                       wrong or half written changes nothing: it "
        "is reported on\n"
        "                       standard error and looked at again at the "
        "next change\n" HELP_COMMON "\n"
        "Limits: lines of 8192 octets, 10 million lines, index.txt of 4 GiB, "
        "CRLs of\n256 MiB, other files of 1 MiB.  An index.txt takes under 50 "
        "bytes of memory a line.\n",
    .run = run,
};
