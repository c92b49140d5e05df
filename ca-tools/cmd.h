/* The subcommands: one file each, one row each in main.c. */
#ifndef OCSP_LAB_CMD_H
#define OCSP_LAB_CMD_H

#include "args.h"
#include "base/err.h"

struct command {
        const char *name;
        const char *summary; /* for 'ocsp-ca --help' */
        const char *help;    /* for 'ocsp-ca NAME --help' */
        /* The exit status, or -1 and *e. */
        int (*run)(struct args *a, struct err *e);
};

/* Of a command with several: 'ocsp-ca signer list'. */
struct action {
        const char *name;
        const char *command; /* for messages: "signer list" */
        int (*run)(struct args *a, struct err *e);
};

/* The word in front says which one, and so which options there are.  missing:
 * what there is to choose from, for the message. */
int action_run(const struct action *actions, size_t len, const char *missing,
    struct args *a, struct err *e);

extern const struct command cmd_init, cmd_issue, cmd_sign, cmd_revoke, cmd_hold,
    cmd_release, cmd_list, cmd_show, cmd_status, cmd_crl, cmd_clock, cmd_events,
    cmd_add_ca, cmd_signer;
extern const struct command cmd_import, cmd_export, cmd_backup, cmd_scenario,
    cmd_serve;

/* Exit status of 'status'. */
enum { EXIT_GOOD = 0, EXIT_REVOKED = 1, EXIT_NEVER_ISSUED = 2 };

/* For the end of each help text. */
#define HELP_COMMON                                                            \
        "  --dir DIR            the lab (default: $OCSP_LAB_DIR, else "        \
        "./ocsp-lab.d)\n"                                                      \
        "  --json               print JSON\n"                                  \
        "  --help               this text\n"

/* For commands that take one. */
#define HELP_TIME                                                              \
        "TIME is 2026-01-31T12:00:00Z, 2026-01-31, now, +8d or -3h, relative " \
        "to the lab's\nclock.\n"

#endif
