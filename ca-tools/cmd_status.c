#include "cmd.h"

#include <stdio.h>

#include "print.h"
#include "target.h"

static int print_never_issued(const char *text, bool json, struct err *e)
{
        if (json && print_json(json_pack("{s:o, s:s}", "cert", json_text(text),
                                   "status", "never issued"),
                        e) != 0)
                return -1;
        if (!json)
                printf("%s: never issued\n", text);
        return EXIT_NEVER_ISSUED;
}

static int print_status(
    const struct cadb_cert *cert, int64_t now, bool json, struct err *e)
{
        char label[CERT_LABEL_MAX], state[STATE_TEXT_MAX];

        if (json && print_json(json_cert(cert, now), e) != 0)
                return -1;
        if (!json)
                printf("%s: %s%s\n", cert_label(cert, label),
                    state_text(&cert->state, state),
                    state_expired(&cert->state, now));
        return cert->state.status == CADB_GOOD ? EXIT_GOOD : EXIT_REVOKED;
}

static int run(struct args *a, struct err *e)
{
        enum target_result result;
        const char *ca = NULL;
        struct lab lab = {0};
        struct cadb_cert cert;
        int rc = -1;

        if (args_ca(a, &ca, 1, 1, "CERT", e) != 0)
                return -1;
        if (lab_open(&lab, a, e) == 0 &&
            target_find(&lab, a->words[0], ca, &result, &cert, e) == 0)
                rc = result == TARGET_FOUND
                         ? print_status(&cert, lab_now(&lab), a->json, e)
                         : print_never_issued(a->words[0], a->json, e);
        lab_release(&lab);
        return rc;
}

const struct command cmd_status = {
    .name = "status",
    .summary = "good, revoked or never issued, as exit status",
    .help = "usage: ocsp-ca status CERT [OPTION]...\n\n"
            "Exit status: 0 good, 1 revoked or on hold, 2 a serial number "
            "that was never\nissued; an unknown name is a failure (72).  CERT "
            "is a name, a serial number in hex,\nor a certificate file.  An "
            "expired one counts by its state.\n\n"
            "  --ca CANAME          whose serial number, if two CAs have "
            "it\n" HELP_COMMON,
    .run = run,
};
