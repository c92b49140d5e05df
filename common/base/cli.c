#include "base/cli.h"

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

void cli_hold_descriptors(void)
{
        int fd;

        do {
                fd = open("/dev/null", O_RDONLY);
        } while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd > STDERR_FILENO)
                close(fd);
}

int cli_bad_option(const char *program, int c, char **argv, struct err *e)
{
        if (c == ':')
                return err_set(
                    e, ERR_USAGE, "%.60s wants a value", argv[optind - 1]);
        /* A short one; optind is still at "-xyz" then. */
        if (optopt > 0 && optopt <= CHAR_MAX)
                return err_set(e, ERR_USAGE,
                    "-%c: no such option: see %s --help", optopt, program);
        /* One that exists, in the form --option=VALUE. */
        if (optopt > CHAR_MAX)
                return err_set(
                    e, ERR_USAGE, "%.60s: it takes no value", argv[optind - 1]);
        return err_set(e, ERR_USAGE,
            "%.60s: no such option, or short for several: see %s --help",
            argv[optind - 1], program);
}

int cli_fail(const char *program, const struct err *e)
{
        fflush(stdout);
        fprintf(stderr, "%s: %s\n", program,
            e->text[0] != '\0' ? e->text : "failed, without a word why");
        return e->code == ERR_NONE ? ERR_INTERNAL : (int)e->code;
}

int cli_version(const char *program)
{
        struct err e = ERR_INIT;

        printf("%s %s\n", program, OCSP_LAB_VERSION);
        return cli_flush(&e) == 0 ? 0 : cli_fail(program, &e);
}

int cli_flush(struct err *e)
{
        if (fflush(stdout) == 0 && !ferror(stdout))
                return 0;
        return err_errno(e, ERR_IO, "cannot write to standard output");
}
