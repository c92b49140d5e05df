#include "args.h"

#include <jansson.h>

#include <stdint.h>
#include <string.h>

#include "base/base.h"

void args_init(struct args *a, int argc, char **argv)
{
        *a = (struct args){.command = argv[0], .argc = argc, .argv = argv};
        /* The words move to the front of argv: there are never more of them
         * than getopt has read already. */
        a->words = argv + 1;
        opterr = 0;
        optind = 1;
}

static void add_word(struct args *a, char *word)
{
        a->words[a->words_len++] = word;
}

static int bad_option(const struct args *a, struct err *e)
{
        const char *option = a->argv[optind - 1];

        if (optopt > 0 && optopt < ARGS_DIR) /* optind may lag: "-xyz" */
                return err_set(e, ERR_USAGE,
                    "%s: unknown option '-%c': see 'ocsp-ca %s --help'",
                    a->command, optopt, a->command);
        return err_set(e, ERR_USAGE,
            "%s: unknown, ambiguous or wrongly used option '%s': see 'ocsp-ca "
            "%s --help'",
            a->command, option, a->command);
}

/* "-" in front: words are returned in order, as option 1.  The digits make
 * "-3h" and "-15m" options that args_next turns back into words. */
static const char short_options[] = "-:0::1::2::3::4::5::6::7::8::9::";

static int common_option(struct args *a, int c, struct err *e)
{
        switch (c) {
        case ARGS_DIR:
                a->dir = optarg;
                return 0;
        case ARGS_JSON:
                a->json = true;
                return 0;
        case ARGS_HELP:
                a->help = true;
                return -1;
        case 1:
                add_word(a, optarg);
                return 0;
        case ':':
                return err_set(e, ERR_USAGE,
                    "%s: option '%s' needs a value: see 'ocsp-ca %s --help'",
                    a->command, a->argv[optind - 1], a->command);
        case '?':
                return bad_option(a, e);
        }
        add_word(a, a->argv[optind - 1]); /* a digit: "-3h" */
        return 0;
}

/* JSON text is UTF-8, and what it says names paths: better to hear that now
 * than when the work is done. */
static int check_json(const struct args *a, struct err *e)
{
        const char *dir = lab_dir(a->dir);
        json_t *text = json_string(dir);

        if (text == NULL)
                return err_set(e, ERR_USAGE,
                    "%s: --json cannot name this directory: its path is not "
                    "UTF-8",
                    dir);
        json_decref(text);
        return 0;
}

int args_next(struct args *a, const struct option *options, struct err *e)
{
        int c;

        while ((c = getopt_long(
                    a->argc, a->argv, short_options, options, NULL)) != -1) {
                if (c >= ARGS_OWN)
                        return c;
                if (common_option(a, c, e) != 0)
                        return ARGS_BAD;
        }
        while (optind < a->argc) /* what follows "--" */
                add_word(a, a->argv[optind++]);
        if (a->json && check_json(a, e) != 0)
                return ARGS_BAD;
        return ARGS_END;
}

int args_words(const struct args *a, size_t min, size_t max, const char *what,
    struct err *e)
{
        if (a->words_len < min)
                return err_set(e, ERR_USAGE,
                    "%s: %s is missing: see 'ocsp-ca %s --help'", a->command,
                    what, a->command);
        if (a->words_len > max)
                return err_set(e, ERR_USAGE,
                    "%s: '%s' is one word too many: see 'ocsp-ca %s --help'",
                    a->command, a->words[max], a->command);
        return 0;
}

int args_ca(struct args *a, const char **ca, size_t min, size_t max,
    const char *what, struct err *e)
{
        enum { OPT_CA = ARGS_OWN };
        static const struct option options[] = {
            {"ca", required_argument, NULL, OPT_CA},
            ARGS_COMMON,
        };
        int option;

        while ((option = args_next(a, options, e)) == OPT_CA)
                *ca = optarg;
        return option == ARGS_END ? args_words(a, min, max, what, e) : -1;
}
