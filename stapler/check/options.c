#include "stapler/check/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cli.h"
#include "base/dir.h"
#include "base/parse.h"
#include "httpc/httpc.h"

static const char help[] =
    "Usage: ocsp-check [URL | HOST:PORT | NAME] [options]   a server's staple\n"
    "       ocsp-check --cert C.pem [options]               ask the responder\n"
    "       ocsp-check --response R.der --cert C.pem        an answer in a "
    "file\n"
    "Judges an OCSP answer as strictly as the RFCs do, and says why.\n"
    "NAME is a certificate of the lab; none: the lab's own server\n"
    "($OCSP_LAB_HTTPS_URL).\n"
    "\n"
    "Trust:\n"
    "  --ca F              trust anchors (PEM); else $OCSP_LAB_CA, else\n"
    "                      DIR/root.pem\n"
    "  --issuer F          the certificate's issuer, where it is not beside\n"
    "                      the certificate (chain.pem) or sent by the server\n"
    "  --responder-cert F  responders that may sign without delegation; else\n"
    "                      DIR/responder.pem, if it is there\n"
    "  --crl F             a CRL, for CAs and signers whose state nothing "
    "else\n"
    "                      tells; may be given several times\n"
    "  --at TIME           judge as of then: RFC 3339, +8d, -3h\n"
    "  --dir DIR           the lab; else $OCSP_LAB_DIR, else ./ocsp-lab.d\n"
    "A TLS server:\n"
    "  --servername N      name to ask for and to find in the certificate\n"
    "  --connect H:P       connect there instead\n"
    "  --tls1.2, --tls1.3  this version only\n"
    "A live answer:\n"
    "  --cert C            PEM or DER file, or a certificate's name in DIR\n"
    "  --url U             responder, instead of the one in the certificate\n"
    "  --method get|post   default: get if the URL has at most 255 bytes\n"
    "  --hash sha1|sha256  of the certID asked for; default sha256, as RFC\n"
    "                      9919 wants it; either is found in an answer\n"
    "  --nonce, --no-nonce default: with POST only; --nonce alone makes it a\n"
    "                      POST\n"
    "  --require-nonce     --nonce, and an answer without it is refused\n"
    "  --save-request F    write the request (DER) and ask nobody: for\n"
    "                      ocsp-responder --answer and the like\n"
    "An answer in a file:\n"
    "  --response R        DER, - is standard input; with --cert\n"
    "Outcome:\n"
    "  --max-age D         refuse an answer whose thisUpdate is older\n"
    "  --policy P          strict (default): wants a good answer\n"
    "                      must-staple: none will do, unless the certificate\n"
    "                      demands one (RFC 7633)\n"
    "                      soft-fail: none will do, and so will unknown\n"
    "  --expect WHAT       good, revoked[:REASON], unknown, untrusted, "
    "missing\n"
    "                      or unreachable: exit 0 if so, 6 if not\n"
    "  --compare           the staple or file beside the live answer; the\n"
    "                      exit code is that of the former\n"
    "  --explain           every step, and what was compared with what\n"
    "  --json              the same for programs\n"
    "  --save F            write the answer (DER)\n"
    "  --watch D           look every D (2s, 500ms, ...), and print a line\n"
    "                      whenever state, thisUpdate or serial has changed;\n"
    "                      until SIGINT or SIGTERM, then exit 0\n"
    "\n"
    "Exit: 0 good, or accepted by the policy; 1 revoked; 2 unknown; 3 an\n"
    "answer that must not be trusted; 4 no answer or staple; 5 no connection\n"
    "or handshake; 6 not what --expect said; 64 usage; 70 and more: other\n"
    "failures.\n";

enum {
        OPT_HELP = 256,
        OPT_VERSION,
        OPT_CA,
        OPT_ISSUER,
        OPT_RESPONDER_CERT,
        OPT_AT,
        OPT_DIR,
        OPT_SERVERNAME,
        OPT_CONNECT,
        OPT_TLS12,
        OPT_TLS13,
        OPT_CERT,
        OPT_URL,
        OPT_RESPONSE,
        OPT_METHOD,
        OPT_HASH,
        OPT_NONCE,
        OPT_NO_NONCE,
        OPT_POLICY,
        OPT_EXPECT,
        OPT_COMPARE,
        OPT_EXPLAIN,
        OPT_JSON,
        OPT_SAVE,
        OPT_SAVE_REQUEST,
        OPT_CRL,
        OPT_MAX_AGE,
        OPT_REQUIRE_NONCE,
        OPT_WATCH,
};

static const struct option long_options[] = {
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {"ca", required_argument, NULL, OPT_CA},
    {"issuer", required_argument, NULL, OPT_ISSUER},
    {"responder-cert", required_argument, NULL, OPT_RESPONDER_CERT},
    {"at", required_argument, NULL, OPT_AT},
    {"dir", required_argument, NULL, OPT_DIR},
    {"servername", required_argument, NULL, OPT_SERVERNAME},
    {"connect", required_argument, NULL, OPT_CONNECT},
    {"tls1.2", no_argument, NULL, OPT_TLS12},
    {"tls1.3", no_argument, NULL, OPT_TLS13},
    {"cert", required_argument, NULL, OPT_CERT},
    {"url", required_argument, NULL, OPT_URL},
    {"response", required_argument, NULL, OPT_RESPONSE},
    {"method", required_argument, NULL, OPT_METHOD},
    {"hash", required_argument, NULL, OPT_HASH},
    {"nonce", no_argument, NULL, OPT_NONCE},
    {"no-nonce", no_argument, NULL, OPT_NO_NONCE},
    {"policy", required_argument, NULL, OPT_POLICY},
    {"expect", required_argument, NULL, OPT_EXPECT},
    {"compare", no_argument, NULL, OPT_COMPARE},
    {"explain", no_argument, NULL, OPT_EXPLAIN},
    {"json", no_argument, NULL, OPT_JSON},
    {"save", required_argument, NULL, OPT_SAVE},
    {"save-request", required_argument, NULL, OPT_SAVE_REQUEST},
    {"crl", required_argument, NULL, OPT_CRL},
    {"max-age", required_argument, NULL, OPT_MAX_AGE},
    {"require-nonce", no_argument, NULL, OPT_REQUIRE_NONCE},
    {"watch", required_argument, NULL, OPT_WATCH},
    {NULL, 0, NULL, 0},
};

/* ---- words -------------------------------------------------------------- */

static const char *const policies[] = {
    [POLICY_STRICT] = "strict",
    [POLICY_MUST_STAPLE] = "must-staple",
    [POLICY_SOFT_FAIL] = "soft-fail",
};
static const char *const methods[] = {
    [METHOD_AUTO] = "auto",
    [METHOD_GET] = "get",
    [METHOD_POST] = "post",
};
static const char *const hashes[] = {
    [OCSP_SHA1] = "sha1",
    [OCSP_SHA256] = "sha256",
};

const char *policy_name(enum policy p)
{
        return policies[p];
}

/* The index of the word, or -1 and *e lists those there are. */
static int word(const char *option, const char *given, const char *const *words,
    int len, struct err *e)
{
        char all[128] = "";
        size_t used = 0;
        int i;

        for (i = 0; i < len; i++) {
                if (strcasecmp(given, words[i]) == 0)
                        return i;
                used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
                    i > 0 ? ", " : "", words[i]);
        }
        return err_set(
            e, ERR_USAGE, "--%s '%.60s': not one of %s", option, given, all);
}

static int parse_expectation(
    const char *text, struct expectation *x, struct err *e)
{
        size_t len = strcspn(text, ":");
        int o;

        x->is_set = true;
        x->text = text;
        for (o = OCSP_V_GOOD; o <= OCSP_V_UNREACHABLE; o++) {
                const char *name = ocsp_outcome_name((enum ocsp_outcome)o);

                if (strlen(name) == len && strncasecmp(text, name, len) == 0)
                        break;
        }
        x->outcome = (enum ocsp_outcome)o;
        if (o > OCSP_V_UNREACHABLE || (text[len] == ':' && o != OCSP_V_REVOKED))
                return err_set(e, ERR_USAGE,
                    "--expect '%.60s': not one of good, revoked[:REASON], "
                    "unknown, untrusted, missing, unreachable",
                    text);
        if (text[len] == '\0')
                return 0;
        x->has_reason = true;
        if (ocsp_reason_parse(text + len + 1, &x->reason) != 0)
                return err_set(e, ERR_USAGE,
                    "--expect '%.60s': no such reason: for example "
                    "keyCompromise, superseded, certificateHold",
                    text);
        return 0;
}

/* ---- one option --------------------------------------------------------- */

static const char **text_option(struct options *o, int opt)
{
        switch (opt) {
        case OPT_CA:
                return &o->ca;
        case OPT_ISSUER:
                return &o->issuer;
        case OPT_RESPONDER_CERT:
                return &o->responder_cert;
        case OPT_AT:
                return &o->at;
        case OPT_DIR:
                return &o->dir;
        case OPT_SERVERNAME:
                return &o->servername;
        case OPT_CONNECT:
                return &o->connect;
        case OPT_CERT:
                return &o->cert;
        case OPT_URL:
                return &o->url;
        case OPT_RESPONSE:
                return &o->response;
        case OPT_SAVE:
                return &o->save;
        case OPT_SAVE_REQUEST:
                return &o->save_request;
        default:
                return NULL;
        }
}

static int take_word(struct options *o, int opt, struct err *e)
{
        int i;

        switch (opt) {
        case OPT_METHOD:
                i = word("method", optarg, methods, 3, e);
                o->method = (enum method)i;
                break;
        case OPT_HASH:
                i = word("hash", optarg, hashes, 2, e);
                o->hash = (enum ocsp_hash)i;
                break;
        case OPT_POLICY:
                i = word("policy", optarg, policies, 3, e);
                o->policy = (enum policy)i;
                break;
        default:
                return parse_expectation(optarg, &o->expect, e);
        }
        return i < 0 ? -1 : 0;
}

static int take_switch(struct options *o, int opt, struct err *e)
{
        switch (opt) {
        case OPT_TLS12:
        case OPT_TLS13:
                if (o->version != HANDSHAKE_ANY)
                        return err_set(
                            e, ERR_USAGE, "--tls1.2 and --tls1.3: one of them");
                o->version =
                    opt == OPT_TLS12 ? HANDSHAKE_TLS12 : HANDSHAKE_TLS13;
                return 0;
        case OPT_NONCE:
                o->nonce = CHOICE_YES;
                return 0;
        case OPT_NO_NONCE:
                o->nonce = CHOICE_NO;
                return 0;
        case OPT_REQUIRE_NONCE:
                o->require_nonce = true;
                return 0;
        case OPT_COMPARE:
                o->compare = true;
                return 0;
        case OPT_EXPLAIN:
                o->explain = true;
                return 0;
        default:
                o->json = true;
                return 0;
        }
}

static int take_crl(struct options *o, struct err *e)
{
        if (o->crls_len == OPTIONS_CRLS_MAX)
                return err_set(e, ERR_USAGE, "--crl: at most %d of them",
                    OPTIONS_CRLS_MAX);
        o->crls[o->crls_len++] = optarg;
        return 0;
}

/* Neither may be nothing: that would be a limit nobody can meet, and a look
 * without a pause. */
static int take_duration(struct options *o, int opt, struct err *e)
{
        const char *name = opt == OPT_WATCH ? "--watch" : "--max-age";
        int64_t value;

        if ((opt == OPT_WATCH ? parse_duration_ms(optarg, 's', &value, e)
                              : parse_duration(optarg, 's', &value, e)) != 0)
                return err_prefix(e, "%s", name);
        if (value == 0)
                return err_set(e, ERR_USAGE, "%s '%.60s': more than nothing",
                    name, optarg);
        *(opt == OPT_WATCH ? &o->watch_ms : &o->max_age) = value;
        return 0;
}

static int take_option(struct options *o, int opt, struct err *e)
{
        const char **text = text_option(o, opt);

        if (text != NULL) {
                *text = optarg;
                return 0;
        }
        switch (opt) {
        case OPT_METHOD:
        case OPT_HASH:
        case OPT_POLICY:
        case OPT_EXPECT:
                return take_word(o, opt, e);
        case OPT_CRL:
                return take_crl(o, e);
        case OPT_MAX_AGE:
        case OPT_WATCH:
                return take_duration(o, opt, e);
        default:
                return take_switch(o, opt, e);
        }
}

/* ---- the whole ---------------------------------------------------------- */

static int check_staple_form(const struct options *o, struct err *e)
{
        if (o->response != NULL)
                return err_set(e, ERR_USAGE,
                    "--response needs --cert: the certificate that it is "
                    "about");
        if (!o->compare && (o->url != NULL || o->method != METHOD_AUTO ||
                               o->nonce != CHOICE_AUTO || o->require_nonce))
                return err_set(e, ERR_USAGE,
                    "--url, --method and --nonce are for a live answer: give "
                    "--cert, or --compare");
        return 0;
}

static int check_cert_forms(const struct options *o, struct err *e)
{
        if (o->target != NULL)
                return err_set(e, ERR_USAGE,
                    "'%.100s' and --cert: either a server's staple, or a "
                    "certificate",
                    o->target);
        if (o->servername != NULL || o->connect != NULL ||
            o->version != HANDSHAKE_ANY)
                return err_set(e, ERR_USAGE,
                    "--servername, --connect and --tls1.x are for a TLS "
                    "server, not for --cert");
        if (o->compare && o->response == NULL)
                return err_set(e, ERR_USAGE,
                    "--compare needs a staple (URL, HOST:PORT or NAME) or a "
                    "--response to compare with the live answer");
        return 0;
}

static int check_url(const struct options *o, struct err *e)
{
        struct httpc_url url;

        if (o->url == NULL || httpc_url_parse_http(o->url, &url, e) == 0)
                return 0;
        e->code = ERR_USAGE;
        return err_prefix(e, "--url");
}

/* What is sent must be able to come back. */
static int check_nonce(struct options *o, struct err *e)
{
        if (!o->require_nonce)
                return 0;
        if (o->nonce == CHOICE_NO)
                return err_set(e, ERR_USAGE,
                    "--require-nonce and --no-nonce: one of them");
        o->nonce = CHOICE_YES;
        return 0;
}

static int check_watch(const struct options *o, struct err *e)
{
        if (o->watch_ms == 0)
                return 0;
        if (o->response != NULL)
                return err_set(e, ERR_USAGE,
                    "--watch looks at what a server staples or a responder "
                    "says: a --response never changes");
        if (o->compare || o->save != NULL || o->expect.is_set)
                return err_set(e, ERR_USAGE,
                    "--watch tells of every change: --compare, --save and "
                    "--expect are for one look");
        return 0;
}

static int check_save_request(const struct options *o, struct err *e)
{
        if (o->save_request == NULL)
                return 0;
        if (o->cert == NULL || o->response != NULL)
                return err_set(e, ERR_USAGE,
                    "--save-request is about a certificate to ask about: give "
                    "--cert, and no --response");
        if (o->watch_ms != 0 || o->save != NULL || o->expect.is_set)
                return err_set(e, ERR_USAGE,
                    "--save-request asks nobody: --watch, --save and --expect "
                    "need an answer");
        return 0;
}

/* What is left on the command line, and whether all fits together. */
static int finish(int argc, char **argv, struct options *o, struct err *e)
{
        if (argc - optind > 1)
                return err_set(e, ERR_USAGE, "'%.100s': one target at a time",
                    argv[optind + 1]);
        if (optind < argc)
                o->target = argv[optind];
        o->dir = lab_dir(o->dir);
        if (check_url(o, e) != 0 || check_nonce(o, e) != 0 ||
            check_watch(o, e) != 0 || check_save_request(o, e) != 0)
                return -1;
        if (o->cert == NULL) {
                o->form = FORM_STAPLE;
                return check_staple_form(o, e);
        }
        o->form = o->response != NULL ? FORM_FILE : FORM_LIVE;
        return check_cert_forms(o, e);
}

enum options_result options_parse(
    int argc, char **argv, struct options *out, struct err *e)
{
        int opt;

        memset(out, 0, sizeof(*out));
        out->hash = OCSP_SHA256;
        opterr = 0;
        while ((opt = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
                switch (opt) {
                case OPT_HELP:
                        fputs(help, stdout);
                        return cli_flush(e) == 0 ? OPTIONS_DONE : OPTIONS_BAD;
                case OPT_VERSION:
                        printf("ocsp-check %s\n", OCSP_LAB_VERSION);
                        return cli_flush(e) == 0 ? OPTIONS_DONE : OPTIONS_BAD;
                case ':':
                case '?':
                        cli_bad_option("ocsp-check", opt, argv, e);
                        return OPTIONS_BAD;
                default:
                        if (take_option(out, opt, e) != 0)
                                return OPTIONS_BAD;
                }
        }
        return finish(argc, argv, out, e) == 0 ? OPTIONS_RUN : OPTIONS_BAD;
}
