#include "cmd_signer.h"

#include "cmd.h"

static const struct action actions[] = {
    {"list", "signer list", signer_list},
    {"rotate", "signer rotate", signer_rotate},
    {"request", "signer request", signer_request},
    {"install", "signer install", signer_install},
};

static int run(struct args *a, struct err *e)
{
        return action_run(actions, sizeof(actions) / sizeof(actions[0]),
            "list, rotate, request or install", a, e);
}

const struct command cmd_signer = {
    .name = "signer",
    .summary = "list, replace or request OCSP signers",
    .help =
        "usage: ocsp-ca signer list [--ca CANAME]\n"
        "       ocsp-ca signer rotate [--ca CANAME] [--if-due D] [--algorithm "
        "A] [--days N]\n"
        "       ocsp-ca signer request --out FILE [--ca CANAME] [--algorithm "
        "A]\n"
        "       ocsp-ca signer install FILE [--ca CANAME] [--trusted\n"
        "                             [--unchecked]]\n\n"
        "Who signs the OCSP answers of each CA.  A responder that runs signs "
        "with the new\none as soon as the command has ended; answers that the "
        "one before has signed stay\nvalid, since its certificate is in them.\n"
        "\nlist      each CA's signer, until when, and what was requested or "
        "retired\n"
        "rotate    makes new keys and certificates for the delegates of all "
        "CAs, or of one;\n"
        "          a trusted signer is shared: all its CAs get the new one, "
        "and\n"
        "          responder.pem holds it first, then those that are still "
        "valid\n"
        "request   makes a key in DIR/responder and a request (PKCS#10), for a "
        "CA whose key\n"
        "          is elsewhere; it replaces an older request of that CA\n"
        "install   takes the certificate that came of it, PEM or DER, with or "
        "without its\n"
        "          chain; a key in the PEM file comes before the requested "
        "one.  It must be\n"
        "          issued by that CA for OCSPSigning (RFC 6960 section "
        "4.2.2.2)\n\n"
        "  --ca CANAME          whose signer (default: list and rotate: all; "
        "request: the CA\n"
        "                       that issues by default; install: the "
        "certificate's issuer)\n"
        "  --if-due D           only where less than D is left: 7d, 12h; exits "
        "0 if nothing is\n"
        "                       due, so cron may run it every day\n"
        "  --algorithm A        p256, p384, rsa2048, rsa3072, rsa4096, ed25519 "
        "(default:\n"
        "                       rotate: as before; request: as the CA)\n"
        "  --days N             validity; 90s, 8h too (default: as long as the "
        "one before); it\n"
        "                       ends with the CA at the latest\n"
        "  --out FILE           where the request goes; '-' is standard "
        "output\n"
        "  --trusted            whoever issued it: clients are told to trust "
        "it by\n"
        "                       DIR/responder.pem\n"
        "  --unchecked          even a CA's certificate, or one whose keyUsage "
        "lacks\n"
        "                       digitalSignature, as test suites have them; "
        "not "
        "with\n"
        "                       --no-faults\n"
        "\nThe keys of retired signers are removed by later commands, but for "
        "the last two.\n\n" HELP_COMMON,
    .run = run,
};
