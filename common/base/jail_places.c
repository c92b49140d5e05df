#include "base/jail_places.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"

void jail_add(struct jail_places *p, enum jail_access access,
    const char *folder, const char *name)
{
        struct jail_place *more;
        char path[PATH_MAX], *copy;

        if (file_path(path, sizeof(path), NULL, "%s%s", folder, name) != 0)
                return;
        copy = strdup(path);
        more = realloc(p->list, (p->len + 1) * sizeof(*more));
        if (more != NULL)
                p->list = more;
        if (copy == NULL || more == NULL) {
                free(copy);
                p->failed = true;
                return;
        }
        p->list[p->len++] = (struct jail_place){copy, access};
}

void jail_add_above(
    struct jail_places *p, enum jail_access access, const char *path)
{
        const char *slash = strrchr(path, '/');
        char folder[PATH_MAX];

        if (slash == NULL)
                jail_add(p, access, ".", "");
        else if (file_path(folder, sizeof(folder), NULL, "%.*s/",
                     (int)(slash - path), path) == 0)
                jail_add(p, access, folder, "");
}

void jail_add_file(
    struct jail_places *p, enum jail_access access, const char *path)
{
        char real[PATH_MAX];

        jail_add_above(p, access, path);
        if (realpath(path, real) != NULL)
                jail_add_above(p, access, real);
}

void jail_add_log(struct jail_places *p, const char *log)
{
        struct stat st;

        if (stat(log, &st) != 0 || !S_ISREG(st.st_mode))
                jail_add(p, JAIL_MAKE, log, "");
        else
                jail_add_file(p, JAIL_MAKE, log);
}

void jail_add_libc(struct jail_places *p)
{
        /* malloc asks there, once, before it gives memory back. */
        jail_add(p, JAIL_READ, "/proc/sys/vm/overcommit_memory", "");
}

/* glibc's modules of nsswitch.conf are libraries; resolv.conf and the like are
 * replaced by others while we run, so their folders are needed. */
void jail_add_resolver(struct jail_places *p)
{
        static const char *const folders[] = {"/etc", "/run/systemd/resolve",
            "/run/resolvconf", "/run/NetworkManager", "/lib", "/lib64",
            "/usr/lib"};
        size_t i;

        for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
                jail_add(p, JAIL_READ, folders[i], "");
}

static void release(struct jail_places *p)
{
        size_t i;

        for (i = 0; i < p->len; i++)
                free((void *)(uintptr_t)p->list[i].path);
        free(p->list);
        *p = (struct jail_places){0};
}

/* ---- all ---------------------------------------------------------------- */

const char *jail_kind_name(enum jail_kind k)
{
        switch (k) {
        case JAIL_OFF:
                return "off";
        case JAIL_NO_PRIVS:
                return "no_new_privs";
        case JAIL_LANDLOCK:
                return "landlock";
        }
        return "?";
}

int jail_lock(
    struct jail_places *p, bool connects, enum jail_kind *out, struct err *e)
{
        const struct rlimit none = {0, 0};
        const struct jail_spec spec = {p->list, p->len, connects};
        bool on = false;
        int rc;

        setrlimit(RLIMIT_CORE, &none);
        tzset(); /* localtime, which would be opened when first used */
        if (p->failed)
                rc = err_set(e, ERR_OS, "out of memory");
        else
                rc = jail_enter(&spec, &on, e);
        if (rc != 0)
                err_prefix(e, "confinement (--no-jail goes without)");
        *out = on ? JAIL_LANDLOCK : JAIL_NO_PRIVS;
        release(p);
        return rc;
}
