#include "responder/options.h"

#include <getopt.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/httpd.h"

const char options_help[] =
    "usage: ocsp-responder [OPTION]...\n"
    "       ocsp-responder --answer REQ.der [--out RESP.der] [--at TIME]\n"
    "\n"
    "Answers OCSP requests (RFC 6960, RFC 9919) from a lab's database.  What\n"
    "ocsp-ca has changed is in every answer from then on.\n"
    "\n"
    "  --dir DIR             the lab (else $OCSP_LAB_DIR, ./ocsp-lab.d)\n"
    "  --listen ADDR:PORT    or fd:N; default: where the lab's URL says\n"
    "  --url URL             as certificates name it; its path is the prefix\n"
    "  --status ADDR:PORT    /healthz /metrics /requests, or fd:N, or off;\n"
    "                        default 127.0.0.1:0\n"
    "  --validity D          thisUpdate to nextUpdate, default 4d\n"
    "  --max-age D           longest that caches keep an answer; default: "
    "half\n"
    "                        of the validity\n"
    "  --nonce echo|ignore|require\n"
    "  --unissued unknown|unauthorized|good|extended-revoke\n"
    "                        answer about serials that were never issued\n"
    "  --responder-id key|name\n"
    "  --digest sha256|sha384|sha512     of signatures; not for Ed25519\n"
    "  --threads N           default: one for each processor\n"
    "  --cache MIB           memory for signed answers, default 64\n"
    "  --max-connections N   default 16384\n"
    "  --max-requests N      answer so many, then stop\n"
    "  --log FILE            default: standard error; SIGHUP opens it anew\n"
    "  --ready-file F        gets the line that is printed when it can serve\n"
    "  --answer REQ.der      one answer, offline; --out F, else standard "
    "output;\n"
    "                        --at TIME, else the lab's time\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 stopped by SIGTERM or done; 64 wrong command line; 71 "
    "port\n"
    "in use; 72 no lab; 78 a signer that must not sign; 70 to 78 others.\n";

enum option_id {
        O_HELP,
        O_VERSION,
        O_DIR,
        O_LISTEN,
        O_URL,
        O_STATUS,
        O_LOG,
        O_READY_FILE,
        O_VALIDITY,
        O_MAX_AGE,
        O_NONCE,
        O_UNISSUED,
        O_RESPONDER_ID,
        O_DIGEST,
        O_THREADS,
        O_CACHE,
        O_MAX_CONNECTIONS,
        O_MAX_REQUESTS,
        O_ANSWER,
        O_OUT,
        O_AT,
};

static const struct option table[] = {
    {"help", no_argument, NULL, O_HELP},
    {"version", no_argument, NULL, O_VERSION},
    {"dir", required_argument, NULL, O_DIR},
    {"listen", required_argument, NULL, O_LISTEN},
    {"url", required_argument, NULL, O_URL},
    {"status", required_argument, NULL, O_STATUS},
    {"log", required_argument, NULL, O_LOG},
    {"ready-file", required_argument, NULL, O_READY_FILE},
    {"validity", required_argument, NULL, O_VALIDITY},
    {"max-age", required_argument, NULL, O_MAX_AGE},
    {"nonce", required_argument, NULL, O_NONCE},
    {"unissued", required_argument, NULL, O_UNISSUED},
    {"responder-id", required_argument, NULL, O_RESPONDER_ID},
    {"digest", required_argument, NULL, O_DIGEST},
    {"threads", required_argument, NULL, O_THREADS},
    {"cache", required_argument, NULL, O_CACHE},
    {"max-connections", required_argument, NULL, O_MAX_CONNECTIONS},
    {"max-requests", required_argument, NULL, O_MAX_REQUESTS},
    {"answer", required_argument, NULL, O_ANSWER},
    {"out", required_argument, NULL, O_OUT},
    {"at", required_argument, NULL, O_AT},
    {NULL, 0, NULL, 0},
};

enum { CONNECTIONS_DEFAULT = 16384, CACHE_DEFAULT_MIB = 64 };

/* ---- values ------------------------------------------------------------ */

static int choose(const char *text, const char *const *names, size_t len,
    int *out, struct err *e)
{
        char all[128] = "";
        size_t i;

        for (i = 0; i < len; i++) {
                if (strcmp(text, names[i]) == 0) {
                        *out = (int)i;
                        return 0;
                }
                strncat(all, i > 0 ? ", " : "", sizeof(all) - strlen(all) - 1);
                strncat(all, names[i], sizeof(all) - strlen(all) - 1);
        }
        return err_set(e, ERR_USAGE, "'%s' is none of %s", text, all);
}

static int set_choice(
    struct options *o, enum option_id id, const char *text, struct err *e)
{
        static const char *const nonces[] = {"echo", "ignore", "require"};
        static const char *const unissued[] = {
            "unknown", "unauthorized", "good", "extended-revoke"};
        static const char *const ids[] = {"key", "name"};
        static const char *const digests[] = {"sha256", "sha384", "sha512"};
        int n = 0, rc;

        if (id == O_NONCE) {
                rc = choose(text, nonces, 3, &n, e);
                o->policy.nonce = (enum answer_nonce)n;
        } else if (id == O_UNISSUED) {
                rc = choose(text, unissued, 4, &n, e);
                o->policy.unissued = (enum answer_unissued)n;
        } else if (id == O_RESPONDER_ID) {
                rc = choose(text, ids, 2, &n, e);
                o->policy.responder_id = n == 0 ? OCSP_BY_KEY : OCSP_BY_NAME;
        } else {
                rc = choose(text, digests, 3, &n, e);
                o->digest = digests[n];
        }
        return rc;
}

static int set_number(
    struct options *o, enum option_id id, const char *text, struct err *e)
{
        uint64_t max = UINT32_MAX, n;

        if (id == O_THREADS)
                max = HTTPD_THREADS_MAX;
        else if (id == O_CACHE)
                max = 1 << 20; /* MiB: a tebibyte */
        if (parse_uint(text, max, &n, e) != 0)
                return -1;
        if (n == 0 && id != O_CACHE)
                return err_set(e, ERR_USAGE, "0 is too few");
        if (id == O_THREADS)
                o->threads = (unsigned)n;
        else if (id == O_CACHE)
                o->cache = (size_t)n << 20;
        else if (id == O_MAX_CONNECTIONS)
                o->max_connections = (unsigned)n;
        else
                o->max_requests = n;
        return 0;
}

static int set_duration(int64_t *out, const char *text, struct err *e)
{
        if (parse_duration(text, 's', out, e) != 0)
                return -1;
        if (*out == 0)
                return err_set(e, ERR_USAGE, "0s is too short");
        return 0;
}

static const char **text_field(struct options *o, enum option_id id)
{
        switch ((int)id) {
        case O_DIR:
                return &o->dir;
        case O_LISTEN:
                return &o->listen;
        case O_URL:
                return &o->url;
        case O_STATUS:
                return &o->status;
        case O_LOG:
                return &o->log;
        case O_READY_FILE:
                return &o->ready_file;
        case O_ANSWER:
                return &o->answer;
        case O_OUT:
                return &o->out;
        case O_AT:
                return &o->at;
        }
        return NULL;
}

static int set(
    struct options *o, enum option_id id, const char *text, struct err *e)
{
        const char **field = text_field(o, id);

        if (field != NULL) {
                *field = text;
                return 0;
        }
        switch ((int)id) {
        case O_VALIDITY:
                return set_duration(&o->policy.validity, text, e);
        case O_MAX_AGE:
                return set_duration(&o->policy.max_age, text, e);
        case O_NONCE:
        case O_UNISSUED:
        case O_RESPONDER_ID:
        case O_DIGEST:
                return set_choice(o, id, text, e);
        }
        return set_number(o, id, text, e);
}

/* ---- all --------------------------------------------------------------- */

/* Those that we may run on, which in a container are fewer than there are. */
static unsigned processors(void)
{
        cpu_set_t mine;
        int n = 1;

        if (sched_getaffinity(0, sizeof(mine), &mine) == 0)
                n = CPU_COUNT(&mine);
        return n < HTTPD_THREADS_MAX ? (unsigned)n : HTTPD_THREADS_MAX;
}

static int finish(struct options *o, int argc, char **argv, struct err *e)
{
        if (optind < argc)
                return err_set(e, ERR_USAGE, "'%s' is not expected: see --help",
                    argv[optind]);
        if (o->answer == NULL && (o->out != NULL || o->at != NULL))
                return err_set(e, ERR_USAGE,
                    "%s goes with --answer only: a server takes the lab's "
                    "clock (ocsp-ca clock)",
                    o->at != NULL ? "--at" : "--out");
        if (o->status != NULL && strcmp(o->status, "off") == 0)
                o->status = NULL;
        o->dir = lab_dir(o->dir);
        return 0;
}

int options_parse(int argc, char **argv, struct options *out, struct err *e)
{
        struct options o = {.status = "127.0.0.1:0",
            .threads = processors(),
            .max_connections = CONNECTIONS_DEFAULT,
            .cache = (size_t)CACHE_DEFAULT_MIB << 20,
            .policy = {.validity = 4 * 86400}};
        int id, index = 0;

        opterr = 0;
        while ((id = getopt_long(argc, argv, "", table, &index)) != -1) {
                if (id == '?')
                        return err_set(e, ERR_USAGE,
                            "'%s' is no option, or lacks or has a value: see "
                            "--help",
                            argv[optind - 1]);
                if (id == O_HELP || id == O_VERSION) {
                        o.help = id == O_HELP;
                        o.version = id == O_VERSION;
                        *out = o;
                        return 0;
                }
                if (set(&o, (enum option_id)id, optarg, e) != 0)
                        return err_prefix(e, "--%s", table[index].name);
        }
        if (finish(&o, argc, argv, e) != 0)
                return -1;
        *out = o;
        return 0;
}
