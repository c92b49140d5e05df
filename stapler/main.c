/* ocsp-stapler: an HTTPS server that staples, and keeps its staples fresh. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "stapler/cmd_fetch.h"
#include "stapler/options.h"
#include "stapler/server.h"

static const char usage[] =
    "ocsp-stapler: an HTTPS server that staples OCSP answers\n"
    "\n"
    "  ocsp-stapler [NAME...]                 certificates of the lab (none: "
    "all)\n"
    "  ocsp-stapler --cert FULLCHAIN --key KEY [--cert ... --key ...]\n"
    "  ocsp-stapler --certs FOLDER            what is there, each by its "
    "name:\n"
    "                        NAME/fullchain.pem with NAME/key.pem or\n"
    "                        NAME/privkey.pem; NAME.pem or NAME.crt with "
    "NAME.key\n"
    "  ocsp-stapler fetch --cert F --out F.der\n"
    "\n"
    "  --dir DIR             the lab (default: $OCSP_LAB_DIR, ./ocsp-lab.d)\n"
    "  --default NAME        certificate for clients without SNI (default: "
    "the\n"
    "                        oldest)\n"
    "  --listen ADDR:PORT    or fd:N; default 127.0.0.1:0, any free port\n"
    "  --status ADDR:PORT    GET /status, /healthz, /metrics;\n"
    "                        POST /refresh[?cert=NAME], /reload,\n"
    "                        /scenario?cert=NAME&scenario=S; or off;\n"
    "                        default 127.0.0.1:0\n"
    "  --store FOLDER        where staples outlive a restart (default:\n"
    "                        DIR/staples)\n"
    "  --issuer F, --ca F    more certificates to find an issuer among\n"
    "  --responder URL       ask there, not where the certificate says\n"
    "  --responder-cert F    signers to trust, whoever issued them; default:\n"
    "                        DIR/responder.pem, if it is there\n"
    "  --hash sha1|sha256    in the certID asked for; default sha1: every\n"
    "                        client finds such a staple, curl no other\n"
    "  --verify strict|off   off: staple whatever the responder sends\n"
    "  --on-revoked staple|keep|drop|refuse\n"
    "                        staple (default): the revoked answer is stapled;\n"
    "                        keep: the last good one until its nextUpdate;\n"
    "                        drop: no staple; refuse: no handshake\n"
    "  --on-missing serve|refuse\n"
    "                        a handshake with nothing to staple; default: "
    "refuse\n"
    "                        if the certificate is must-staple\n"
    "  --refresh FRACTION    of the validity, then fetch anew; default 0.5\n"
    "  --patience D          to wait for first staples before it serves;\n"
    "                        default 5s\n"
    "  --root FOLDER         serve its files (GET, HEAD); default: one page "
    "that\n"
    "                        shows the staple\n"
    "  --by-host             with --root: a file of FOLDER/HOST/, where there "
    "is\n"
    "                        one, for requests to that host\n"
    "  --backend HOST:PORT   pass what is inside TLS on to a TCP service, and "
    "back\n"
    "  --threads N           for handshakes and what follows, 1 to 64; "
    "default:\n"
    "                        one a core, at most 8\n"
    "  --timeout D           of one fetch, over all its URLs; default 10s\n"
    "  --log FILE            default: standard error\n"
    "  --log-format text|json\n"
    "                        json: an object a line\n"
    "  --ready-file FILE     gets the line that is printed when serving\n"
    "  --no-jail             keep what a server gives up before it serves: "
    "see\n"
    "                        ocsp-stapler(1)\n"
    "  --help, --version\n"
    "\n"
    "SIGTERM stops.  Certificates that come, go or are replaced on disk are\n"
    "noticed; SIGHUP reads them anew.\n"
    "fetch takes --dir --issuer --ca --responder --responder-cert --hash\n"
    "--verify --timeout;\n"
    "exit 0: F.der is new; 75: try later; 76: an answer not to be trusted.  "
    "F.der\n"
    "stays as it was unless the new answer verifies.\n";

static int help(void)
{
        struct err e = ERR_INIT;

        fputs(usage, stdout);
        return cli_flush(&e) == 0 ? 0 : cli_fail(PROGRAM, &e);
}

int main(int argc, char **argv)
{
        bool fetch = argc > 1 && strcmp(argv[1], "fetch") == 0;
        struct options o;
        struct err e = ERR_INIT;

        cli_hold_descriptors();
        if (fetch) {
                argc--;
                argv++;
        }
        if (options_parse(argc, argv, &o, &e) != 0)
                return cli_fail(PROGRAM, &e);
        if (o.help)
                return help();
        if (o.version)
                return cli_version(PROGRAM);
        if (log_open(o.log, LOG_INFO_, &e) != 0)
                return cli_fail(PROGRAM, &e);
        if (o.log_json)
                log_as_json();
        if ((fetch ? cmd_fetch(&o, &e) : serve(&o, &e)) != 0)
                return cli_fail(PROGRAM, &e);
        return 0;
}
