#include "responder/options.h"

#include <getopt.h>
#include <limits.h>
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
    "  --status ADDR:PORT    /healthz /metrics /requests /scenarios, or fd:N, "
    "or\n"
    "                        off;\n"
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
    "  --max-wait D          who would wait longer for a signature gets "
    "tryLater\n"
    "                        with Retry-After; default 5s\n"
    "  --max-requests N      answer so many, then stop\n"
    "  --requests-after N    number those of /requests from N + 1, so that "
    "numbers\n"
    "                        from before a restart stay behind; default 0\n"
    "  --log FILE            default: standard error; SIGHUP opens it anew\n"
    "  --log-format text|json    json: an object a line, and a line for every\n"
    "                        request; text (default): for those without good "
    "or\n"
    "                        revoked\n"
    "  --ready-file F        gets the line that is printed when it can serve\n"
    "  --no-jail             keep what a server gives up before it serves: "
    "files\n"
    "                        but DIR and the log, new connections, core "
    "dumps\n"
    "  --answer REQ.der      one answer, offline; --out F, else standard "
    "output;\n"
    "                        --at TIME, else the lab's time; --scenario "
    "NAME: with\n"
    "                        that fault, else with what 'ocsp-ca scenario set' "
    "did\n"
    "  --help, --version\n"
    "\n"
    "At URL/crl/CANAME.crl and URL/crl/CANAME-delta.crl are the CRLs that\n"
    "'ocsp-ca crl' makes.  CAs, certificates, signers and CRLs that are new "
    "are\n"
    "served at once; a signer that is near its end is named in the log, in\n"
    "/healthz and in /metrics.  When the database cannot be read or is "
    "damaged,\n"
    "every answer is internalError, never one that is kept from before.\n"
    "\n"
    "Limits: requests of 10,000 bytes and 64 certIDs, nonces of 128 bytes, "
    "CRLs\n"
    "of 1 GiB and 256 of them at once; a connection may be silent for 10 s.\n"
    "\n"
    "Exit status: 0 stopped by SIGTERM or done; 64 wrong command line; 71 "
    "port\n"
    "in use; 72 no lab; 78 a signer that must not sign; 70 to 78 others.\n";

enum {
        CONNECTIONS_DEFAULT = 16384,
        CACHE_DEFAULT_MIB = 64,
        WAIT_DEFAULT_MS = 5000, /* half of what clients wait */
};

/* ---- values ------------------------------------------------------------ */

/* Which of the names, up to NULL, the text is; -1 if none. */
static int choose(const char *text, const char *const *names, struct err *e)
{
        char all[128] = "";
        int i;

        for (i = 0; names[i] != NULL; i++) {
                if (strcmp(text, names[i]) == 0)
                        return i;
                strncat(all, i > 0 ? ", " : "", sizeof(all) - strlen(all) - 1);
                strncat(all, names[i], sizeof(all) - strlen(all) - 1);
        }
        return err_set(e, ERR_USAGE, "'%s' is none of %s", text, all);
}

static int set_nonce(struct options *o, const char *text, struct err *e)
{
        static const char *const names[] = {"echo", "ignore", "require", NULL};
        int n = choose(text, names, e);

        o->policy.nonce = (enum answer_nonce)n;
        return n < 0 ? -1 : 0;
}

static int set_unissued(struct options *o, const char *text, struct err *e)
{
        static const char *const names[] = {
            "unknown", "unauthorized", "good", "extended-revoke", NULL};
        int n = choose(text, names, e);

        o->policy.unissued = (enum answer_unissued)n;
        return n < 0 ? -1 : 0;
}

static int set_responder_id(struct options *o, const char *text, struct err *e)
{
        static const char *const names[] = {"key", "name", NULL};
        int n = choose(text, names, e);

        o->policy.responder_id = n == 1 ? OCSP_BY_NAME : OCSP_BY_KEY;
        return n < 0 ? -1 : 0;
}

static int set_digest(struct options *o, const char *text, struct err *e)
{
        static const char *const names[] = {"sha256", "sha384", "sha512", NULL};
        int n = choose(text, names, e);

        if (n < 0)
                return -1;
        o->digest = names[n];
        return 0;
}

static int read_duration(int64_t *out, const char *text, struct err *e)
{
        if (parse_duration(text, 's', out, e) != 0)
                return -1;
        return *out > 0 ? 0 : err_set(e, ERR_USAGE, "0s is too short");
}

static int set_validity(struct options *o, const char *text, struct err *e)
{
        return read_duration(&o->policy.validity, text, e);
}

static int set_max_age(struct options *o, const char *text, struct err *e)
{
        return read_duration(&o->policy.max_age, text, e);
}

/* From 1 to max. */
static int read_count(
    uint64_t *out, uint64_t max, const char *text, struct err *e)
{
        if (parse_uint(text, max, out, e) != 0)
                return -1;
        return *out > 0 ? 0 : err_set(e, ERR_USAGE, "0 is too few");
}

static int set_threads(struct options *o, const char *text, struct err *e)
{
        uint64_t n;

        if (read_count(&n, HTTPD_THREADS_MAX, text, e) != 0)
                return -1;
        o->threads = (unsigned)n;
        return 0;
}

static int set_max_connections(
    struct options *o, const char *text, struct err *e)
{
        uint64_t n;

        if (read_count(&n, UINT32_MAX, text, e) != 0)
                return -1;
        o->max_connections = (unsigned)n;
        return 0;
}

static int set_max_requests(struct options *o, const char *text, struct err *e)
{
        return read_count(&o->max_requests, UINT64_MAX, text, e);
}

static int set_log_format(struct options *o, const char *text, struct err *e)
{
        static const char *const names[] = {"text", "json", NULL};
        int n = choose(text, names, e);

        o->log_json = n == 1;
        return n < 0 ? -1 : 0;
}

static int set_max_wait(struct options *o, const char *text, struct err *e)
{
        return parse_duration_ms(text, 's', &o->max_wait_ms, e);
}

static int set_cache(struct options *o, const char *text, struct err *e)
{
        uint64_t mib;

        if (parse_uint(text, 1 << 20, &mib, e) != 0)
                return -1;
        o->cache = (size_t)mib << 20;
        return 0;
}

static int set_requests_after(
    struct options *o, const char *text, struct err *e)
{
        return parse_uint(text, INT64_MAX / 2, &o->requests_after, e);
}

/* ---- the table --------------------------------------------------------- */

/* Without set it is a text, kept at that offset, or a mere flag there. */
struct spec {
        const char *name;
        size_t at;
        int (*set)(struct options *o, const char *text, struct err *e);
        bool flag;
};

static const struct spec specs[] = {
    {"dir", offsetof(struct options, dir), NULL, false},
    {"listen", offsetof(struct options, listen), NULL, false},
    {"url", offsetof(struct options, url), NULL, false},
    {"status", offsetof(struct options, status), NULL, false},
    {"log", offsetof(struct options, log), NULL, false},
    {"ready-file", offsetof(struct options, ready_file), NULL, false},
    {"answer", offsetof(struct options, answer), NULL, false},
    {"out", offsetof(struct options, out), NULL, false},
    {"at", offsetof(struct options, at), NULL, false},
    {"scenario", offsetof(struct options, scenario), NULL, false},
    {"validity", 0, set_validity, false},
    {"max-age", 0, set_max_age, false},
    {"nonce", 0, set_nonce, false},
    {"unissued", 0, set_unissued, false},
    {"responder-id", 0, set_responder_id, false},
    {"digest", 0, set_digest, false},
    {"threads", 0, set_threads, false},
    {"cache", 0, set_cache, false},
    {"max-connections", 0, set_max_connections, false},
    {"log-format", 0, set_log_format, false},
    {"max-wait", 0, set_max_wait, false},
    {"max-requests", 0, set_max_requests, false},
    {"requests-after", 0, set_requests_after, false},
    {"no-jail", offsetof(struct options, no_jail), NULL, true},
};

enum { SPECS_LEN = sizeof(specs) / sizeof(specs[0]) };

/* What getopt_long returns: beyond all characters, which cli_bad_option tells
 * apart by that. */
enum { SPEC = CHAR_MAX + 1, HELP = SPEC + SPECS_LEN, VERSION };

static int set(
    struct options *o, const struct spec *s, const char *text, struct err *e)
{
        if (s->set != NULL)
                return s->set(o, text, e) == 0 ? 0
                                               : err_prefix(e, "--%s", s->name);
        if (s->flag)
                *(bool *)((char *)o + s->at) = true;
        else
                memcpy((char *)o + s->at, &text, sizeof(text));
        return 0;
}

static void fill_table(struct option table[SPECS_LEN + 3])
{
        int i;

        for (i = 0; i < SPECS_LEN; i++)
                table[i] = (struct option){specs[i].name,
                    specs[i].flag ? no_argument : required_argument, NULL,
                    SPEC + i};
        table[i++] = (struct option){"help", no_argument, NULL, HELP};
        table[i++] = (struct option){"version", no_argument, NULL, VERSION};
        table[i] = (struct option){NULL, 0, NULL, 0};
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
        if (o->answer == NULL && o->scenario != NULL)
                return err_set(e, ERR_USAGE,
                    "--scenario goes with --answer only: of a server, they are "
                    "set with 'ocsp-ca scenario set'");
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
        struct option table[SPECS_LEN + 3];
        int id;

        *out = (struct options){.status = "127.0.0.1:0",
            .threads = processors(),
            .max_connections = CONNECTIONS_DEFAULT,
            .max_wait_ms = WAIT_DEFAULT_MS,
            .cache = (size_t)CACHE_DEFAULT_MIB << 20,
            .policy = {.validity = 4 * 86400}};
        fill_table(table);
        opterr = 0;
        while ((id = getopt_long(argc, argv, ":", table, NULL)) != -1) {
                out->help = id == HELP;
                out->version = id == VERSION;
                if (out->help || out->version)
                        return 0;
                if (id == '?' || id == ':')
                        return cli_bad_option("ocsp-responder", id, argv, e);
                if (set(out, &specs[id - SPEC], optarg, e) != 0)
                        return -1;
        }
        return finish(out, argc, argv, e);
}
