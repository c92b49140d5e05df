#include "sibling.h"

#include <string.h>
#include <unistd.h>

#include "base/base.h"

int sibling_path(const char *name, char out[PATH_MAX], struct err *e)
{
        char folder[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
        char *slash;

        if (n < 0)
                return err_errno(e, ERR_OS, "/proc/self/exe");
        folder[n] = '\0';
        slash = strrchr(folder, '/');
        if (slash != NULL)
                *slash = '\0';
        return file_path(out, PATH_MAX, e, "%s/%s", folder, name);
}
