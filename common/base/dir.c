#include "base/dir.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

const char *lab_dir(const char *given)
{
        const char *env = getenv("OCSP_LAB_DIR");

        if (given != NULL)
                return given;
        return env != NULL && *env != '\0' ? env : "./ocsp-lab.d";
}

int lab_dir_check(const char *dir, struct err *e)
{
        char path[PATH_MAX];

        if (file_path(path, sizeof(path), e, "%s/ca.db", dir) != 0)
                return -1;
        if (access(path, R_OK) == 0)
                return 0;
        if (errno == ENOENT)
                return err_set(e, ERR_NOTFOUND,
                    "%s: no CA there: make one with 'ocsp-ca init', or name "
                    "the directory with --dir or OCSP_LAB_DIR",
                    dir);
        return err_errno(e, ERR_IO, "%s", path);
}

bool lab_name_valid(const char *name)
{
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "abcdefghijklmnopqrstuvwxyz"
                                      "0123456789._-";
        size_t len = strlen(name);

        return len > 0 && len <= LAB_NAME_MAX && name[0] != '.' &&
               name[0] != '-' && strspn(name, allowed) == len;
}
