#include "stapler/options.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "httpc/httpc.h"
#include "stapler/engine/engine.h"
#include "stapler/fetch/fetch.h"

enum {
        OPT_DIR = 256,
        OPT_CERT,
        OPT_KEY,
        OPT_CERTS,
        OPT_DEFAULT,
        OPT_LISTEN,
        OPT_STATUS,
        OPT_STORE,
        OPT_ISSUER,
        OPT_CA,
        OPT_RESPONDER,
        OPT_RESPONDER_CERT,
        OPT_HASH,
        OPT_VERIFY,
        OPT_ON_REVOKED,
        OPT_ON_MISSING,
        OPT_REFRESH,
        OPT_PATIENCE,
        OPT_ROOT,
        OPT_BY_HOST,
        OPT_BACKEND,
        OPT_THREADS,
        OPT_TIMEOUT,
        OPT_LOG,
        OPT_LOG_FORMAT,
        OPT_READY_FILE,
        OPT_NO_JAIL,
        OPT_OUT,
        OPT_HELP,
        OPT_VERSION,
};

static const struct option serve_options[] = {
    {"dir", required_argument, NULL, OPT_DIR},
    {"cert", required_argument, NULL, OPT_CERT},
    {"key", required_argument, NULL, OPT_KEY},
    {"certs", required_argument, NULL, OPT_CERTS},
    {"default", required_argument, NULL, OPT_DEFAULT},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"status", required_argument, NULL, OPT_STATUS},
    {"store", required_argument, NULL, OPT_STORE},
    {"issuer", required_argument, NULL, OPT_ISSUER},
    {"ca", required_argument, NULL, OPT_CA},
    {"responder", required_argument, NULL, OPT_RESPONDER},
    {"responder-cert", required_argument, NULL, OPT_RESPONDER_CERT},
    {"hash", required_argument, NULL, OPT_HASH},
    {"verify", required_argument, NULL, OPT_VERIFY},
    {"on-revoked", required_argument, NULL, OPT_ON_REVOKED},
    {"on-missing", required_argument, NULL, OPT_ON_MISSING},
    {"refresh", required_argument, NULL, OPT_REFRESH},
    {"patience", required_argument, NULL, OPT_PATIENCE},
    {"root", required_argument, NULL, OPT_ROOT},
    {"by-host", no_argument, NULL, OPT_BY_HOST},
    {"backend", required_argument, NULL, OPT_BACKEND},
    {"threads", required_argument, NULL, OPT_THREADS},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"log", required_argument, NULL, OPT_LOG},
    {"log-format", required_argument, NULL, OPT_LOG_FORMAT},
    {"ready-file", required_argument, NULL, OPT_READY_FILE},
    {"no-jail", no_argument, NULL, OPT_NO_JAIL},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static const struct option fetch_options[] = {
    {"dir", required_argument, NULL, OPT_DIR},
    {"cert", required_argument, NULL, OPT_CERT},
    {"out", required_argument, NULL, OPT_OUT},
    {"issuer", required_argument, NULL, OPT_ISSUER},
    {"ca", required_argument, NULL, OPT_CA},
    {"responder", required_argument, NULL, OPT_RESPONDER},
    {"responder-cert", required_argument, NULL, OPT_RESPONDER_CERT},
    {"hash", required_argument, NULL, OPT_HASH},
    {"verify", required_argument, NULL, OPT_VERIFY},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

/* ---- words -------------------------------------------------------------- */

/* One of the words in list (separated by '|'), by position. */
static int one_of(const char *option, const char *list, const char *text,
    int *out, struct err *e)
{
        const char *p = list;
        size_t len;
        int i;

        for (i = 0; *p != '\0'; i++) {
                len = strcspn(p, "|");
                if (strlen(text) == len && strncmp(p, text, len) == 0) {
                        *out = i;
                        return 0;
                }
                p += len;
                p += *p == '|';
        }
        return err_set(
            e, ERR_USAGE, "--%s '%.40s': choose %s", option, text, list);
}

static int parse_fraction(const char *text, double *out, struct err *e)
{
        char *end;
        double value = strtod(text, &end);

        if (end == text || *end != '\0' || !isfinite(value) || value < 0.01 ||
            value > 0.99)
                return err_set(e, ERR_USAGE,
                    "--refresh '%.40s': a fraction of the validity is wanted, "
                    "0.01 to 0.99",
                    text);
        *out = value;
        return 0;
}

static int parse_hash(enum ocsp_hash *out, struct err *e)
{
        int choice = 0;

        if (one_of("hash", "sha1|sha256", optarg, &choice, e) != 0)
                return -1;
        *out = choice == 0 ? OCSP_SHA1 : OCSP_SHA256;
        return 0;
}

static int parse_timeout(int64_t *out, struct err *e)
{
        if (parse_duration_ms(optarg, 's', out, e) != 0)
                return err_prefix(e, "--timeout");
        if (*out < 1 || *out > OPTIONS_TIMEOUT_MAX_MS)
                return err_set(e, ERR_USAGE,
                    "--timeout '%.40s': 1ms to 5m are possible", optarg);
        return 0;
}

static int parse_log_format(bool *json, struct err *e)
{
        int choice = 0;

        if (one_of("log-format", "text|json", optarg, &choice, e) != 0)
                return -1;
        *json = choice == 1;
        return 0;
}

static int parse_policy(int c, struct staple_policy *p, struct err *e)
{
        int choice = 0;

        switch (c) {
        case OPT_VERIFY:
                if (one_of("verify", "off|strict", optarg, &choice, e) != 0)
                        return -1;
                p->strict = choice == 1;
                return 0;
        case OPT_ON_REVOKED:
                if (one_of("on-revoked", "staple|keep|drop|refuse", optarg,
                        &choice, e) != 0)
                        return -1;
                p->on_revoked = (enum staple_on_revoked)choice;
                return 0;
        case OPT_ON_MISSING:
                if (one_of("on-missing", "serve|refuse", optarg, &choice, e) !=
                    0)
                        return -1;
                p->on_missing =
                    choice == 0 ? STAPLE_MISSING_SERVE : STAPLE_MISSING_REFUSE;
                return 0;
        }
        return parse_fraction(optarg, &p->fraction, e);
}

static int add_path(
    const char *option, const char *list[], size_t *len, struct err *e)
{
        if (*len == PAIRS_MAX)
                return err_set(e, ERR_USAGE, "--%s: more than %d of them",
                    option, PAIRS_MAX);
        list[(*len)++] = optarg;
        return 0;
}

/* ---- options ------------------------------------------------------------ */

/* Where the text of a plain option goes. */
static const char **text_of(int c, struct options *o)
{
        switch (c) {
        case OPT_DIR:
                return &o->dir;
        case OPT_CERTS:
                return &o->folder;
        case OPT_DEFAULT:
                return &o->preferred;
        case OPT_LISTEN:
                return &o->listen;
        case OPT_STATUS:
                return &o->status;
        case OPT_STORE:
                return &o->store;
        case OPT_ISSUER:
                return &o->issuer;
        case OPT_CA:
                return &o->ca;
        case OPT_RESPONDER:
                return &o->responder;
        case OPT_RESPONDER_CERT:
                return &o->responder_cert;
        case OPT_BACKEND:
                return &o->backend;
        case OPT_ROOT:
                return &o->root;
        case OPT_LOG:
                return &o->log;
        case OPT_READY_FILE:
                return &o->ready_file;
        case OPT_OUT:
                return &o->out;
        }
        return NULL;
}

static int parse_threads(struct options *o, struct err *e)
{
        if (parse_uint(optarg, ENGINE_THREADS_MAX, &o->threads, e) == 0 &&
            o->threads > 0)
                return 0;
        return err_set(e, ERR_USAGE, "--threads '%.40s': 1 to %d are wanted",
            optarg, ENGINE_THREADS_MAX);
}

static int parse_one(int c, char **argv, struct options *o, struct err *e)
{
        const char **text = text_of(c, o);

        if (text != NULL) {
                *text = optarg;
                return 0;
        }
        switch (c) {
        case OPT_CERT:
                return add_path("cert", o->certs, &o->certs_len, e);
        case OPT_KEY:
                return add_path("key", o->keys, &o->keys_len, e);
        case OPT_HASH:
                return parse_hash(&o->hash, e);
        case OPT_LOG_FORMAT:
                return parse_log_format(&o->log_json, e);
        case OPT_VERIFY:
        case OPT_ON_REVOKED:
        case OPT_ON_MISSING:
        case OPT_REFRESH:
                return parse_policy(c, &o->policy, e);
        case OPT_PATIENCE:
                return parse_duration_ms(optarg, 's', &o->patience_ms, e) == 0
                           ? 0
                           : err_prefix(e, "--patience");
        case OPT_THREADS:
                return parse_threads(o, e);
        case OPT_TIMEOUT:
                return parse_timeout(&o->timeout_ms, e);
        case OPT_BY_HOST:
                o->by_host = true;
                return 0;
        case OPT_NO_JAIL:
                o->no_jail = true;
                return 0;
        case OPT_HELP:
                o->help = true;
                return 0;
        case OPT_VERSION:
                o->version = true;
                return 0;
        }
        return cli_bad_option(PROGRAM, c, argv, e);
}

static int check_responder(const struct options *o, struct err *e)
{
        struct httpc_url url;

        if (o->responder == NULL ||
            httpc_url_parse_http(o->responder, &url, e) == 0)
                return 0;
        e->code = ERR_USAGE;
        return err_prefix(e, "--responder");
}

static int check_serve(const struct options *o, struct err *e)
{
        size_t i;

        if (o->certs_len != o->keys_len)
                return err_set(e, ERR_USAGE,
                    "%zu --cert and %zu --key: each certificate needs its key",
                    o->certs_len, o->keys_len);
        if ((o->names_len > 0) + (o->certs_len > 0) + (o->folder != NULL) > 1)
                return err_set(e, ERR_USAGE,
                    "names, --cert and --certs do not go together: choose one");
        if (o->root != NULL && o->backend != NULL)
                return err_set(e, ERR_USAGE,
                    "--root and --backend do not go together: choose one");
        if (o->by_host && o->root == NULL)
                return err_set(e, ERR_USAGE, "--by-host needs --root");
        for (i = 0; i < o->names_len; i++) {
                if (!lab_name_valid(o->names[i]))
                        return err_set(e, ERR_USAGE,
                            "'%.100s' is not the name of a certificate: see "
                            "'ocsp-ca list'",
                            o->names[i]);
        }
        return 0;
}

static int check_fetch(const struct options *o, struct err *e)
{
        if (o->names_len > 0)
                return err_set(e, ERR_USAGE, "fetch: '%.100s' is not expected",
                    o->names[0]);
        if (o->certs_len != 1 || o->out == NULL)
                return err_set(e, ERR_USAGE,
                    "fetch: one --cert FILE and an --out FILE are needed");
        return 0;
}

int options_parse(int argc, char **argv, struct options *out, struct err *e)
{
        bool fetch = strcmp(argv[0], "fetch") == 0;
        int c;

        /* A staple is looked up by other people's clients.  Tried with an
         * answer for a SHA-256 certID: `openssl s_client` 3.0, GnuTLS 3.7 and
         * ocsp-check take it; curl 7.88 with OpenSSL, which makes its own
         * certID with SHA-1 and no other, finds none in it (error 91).  All of
         * them take SHA-1. */
        *out = (struct options){.listen = "127.0.0.1:0",
            .status = "127.0.0.1:0",
            .hash = OCSP_SHA1,
            .patience_ms = 5000,
            .timeout_ms = FETCH_TIMEOUT_MS,
            .policy = {.fraction = 0.5, .strict = true}};
        opterr = 0;
        while ((c = getopt_long(argc, argv, ":",
                    fetch ? fetch_options : serve_options, NULL)) != -1) {
                if (parse_one(c, argv, out, e) != 0)
                        return -1;
        }
        out->names = argv + optind;
        out->names_len = (size_t)(argc - optind);
        out->dir = lab_dir(out->dir);
        if (strcmp(out->status, "off") == 0)
                out->status = NULL;
        if (out->help || out->version)
                return 0;
        if (check_responder(out, e) != 0)
                return -1;
        return fetch ? check_fetch(out, e) : check_serve(out, e);
}
