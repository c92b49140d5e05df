#include "base/cli.h"

#include <stdio.h>

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
