/* The command line of one subcommand: options in a loop, the rest as words. */
#ifndef OCSP_LAB_ARGS_H
#define OCSP_LAB_ARGS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct args {
        const char *command;
        int argc;
        char **argv;     /* argv[0] is the command's name */
        const char *dir; /* --dir; NULL if not given */
        bool json;       /* --json */
        bool help;       /* --help was seen: args_next returned ARGS_BAD */
        char **words;    /* what is no option, in order */
        size_t words_len;
};

/* Values of args_next that are no option of the command.  The command's own
 * start at ARGS_OWN. */
enum {
        ARGS_END = -1,
        ARGS_BAD = -2,
        ARGS_DIR = 256, /* no character: unlike what optopt has of "-x" */
        ARGS_JSON,
        ARGS_HELP,
        ARGS_OWN,
};

/* Options of every subcommand; last in its table. */
#define ARGS_COMMON                                                            \
        {"dir", required_argument, NULL, ARGS_DIR},                            \
            {"json", no_argument, NULL, ARGS_JSON},                            \
            {"help", no_argument, NULL, ARGS_HELP},                            \
        {                                                                      \
                NULL, 0, NULL, 0                                               \
        }

void args_init(struct args *a, int argc, char **argv);

/*
 * The next own option (its argument is in optarg), ARGS_END, or ARGS_BAD with
 * *e filled.  Words may stand anywhere among the options, and "-3h" is a word:
 * a time or duration that counts back.  With --json, a DIR that JSON cannot
 * name (not UTF-8) is ERR_USAGE here, before anything is done.
 */
int args_next(struct args *a, const struct option *options, struct err *e);

/* The whole command line of a command that has no own option but --ca CANAME,
 * and from min to max words; *ca stays if it is not given. */
int args_ca(struct args *a, const char **ca, size_t min, size_t max,
    const char *what, struct err *e);

/* ERR_USAGE unless the number of words is from min to max; what says what
 * they are: "CERT". */
int args_words(const struct args *a, size_t min, size_t max, const char *what,
    struct err *e);

#endif
