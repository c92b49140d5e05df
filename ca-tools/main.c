/* ocsp-ca: a test CA on one SQLite database.  Each subcommand has a file. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "cmd.h"

static const char program[] = "ocsp-ca";

static const struct command *const commands[] = {&cmd_init, &cmd_add_ca,
    &cmd_issue, &cmd_sign, &cmd_revoke, &cmd_hold, &cmd_release, &cmd_list,
    &cmd_show, &cmd_status, &cmd_crl, &cmd_signer, &cmd_scenario, &cmd_clock,
    &cmd_events, &cmd_import, &cmd_export, &cmd_backup, &cmd_serve};
enum { COMMANDS_LEN = sizeof(commands) / sizeof(commands[0]) };

static int help(void)
{
        struct err e = ERR_INIT;
        size_t i;

        printf("usage: ocsp-ca COMMAND [OPTION]...\n\n"
               "A test CA: makes certificates and changes their state in the "
               "database that\nocsp-responder answers from.\n\n");
        for (i = 0; i < COMMANDS_LEN; i++)
                printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
        printf("\n'ocsp-ca COMMAND --help' tells more.  Exit status: 0 done, "
               "64 wrong command line,\n70 and more: other failures, with one "
               "line on standard error.\n");
        return cli_flush(&e) == 0 ? 0 : cli_fail(program, &e);
}

static const struct command *find(const char *name)
{
        size_t i;

        for (i = 0; i < COMMANDS_LEN; i++)
                if (strcmp(commands[i]->name, name) == 0)
                        return commands[i];
        return NULL;
}

static int run(const struct command *c, int argc, char **argv, struct err *e)
{
        struct args args;
        int rc;

        args_init(&args, argc, argv);
        rc = c->run(&args, e);
        if (rc < 0 && args.help) {
                printf("%s", c->help);
                rc = 0;
        }
        /* What was asked for is done by now, but a caller whose disk is full
         * must hear that the words are lost. */
        if (rc >= 0 && cli_flush(e) != 0)
                rc = -1;
        return rc < 0 ? cli_fail(program, e) : rc;
}

int main(int argc, char **argv)
{
        struct err e = ERR_INIT;
        const struct command *c;

        cli_hold_descriptors();
        signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error with a line */
        signal(SIGXFSZ, SIG_IGN); /* so is a file size limit */
        if (argc < 2)
                err_set(&e, ERR_USAGE,
                    "a command is missing: see 'ocsp-ca --help'");
        else if (strcmp(argv[1], "--help") == 0)
                return help();
        else if (strcmp(argv[1], "--version") == 0)
                return cli_version(program);
        else if ((c = find(argv[1])) != NULL)
                return run(c, argc - 1, argv + 1, &e);
        else if (argv[1][0] == '-')
                err_set(&e, ERR_USAGE,
                    "'%s': options follow the command: ocsp-ca COMMAND "
                    "[OPTION]...: see 'ocsp-ca --help'",
                    argv[1]);
        else
                err_set(&e, ERR_USAGE,
                    "'%s' is no command: see 'ocsp-ca --help'", argv[1]);
        return cli_fail(program, &e);
}
