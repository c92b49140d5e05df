/*
 * The server is a program of its own beside us: what it needs of libraries
 * would double the time in which every other command starts.
 */
#include "cmd.h"

#include <errno.h>
#include <unistd.h>

#include "base/base.h"
#include "sibling.h"

static int run(struct args *a, struct err *e)
{
        char path[PATH_MAX];

        if (sibling_path("ocsp-ca-serve", path, e) != 0)
                return -1;
        execv(path, a->argv);
        return err_errno(e, ERR_OS, "%s", path);
}

const struct command cmd_serve = {
    .name = "serve",
    .summary = "all this over HTTP, for programs that are no shells",
    .help = "", /* its own */
    .run = run,
};
