#include "responder/confine.h"

#include <openssl/crypto.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/jail.h"

const char *confinement_name(enum confinement c)
{
        switch (c) {
        case CONFINED_NOT:
                return "off";
        case CONFINED_NO_PRIVS:
                return "no_new_privs";
        case CONFINED_LANDLOCK:
                return "landlock";
        }
        return "?";
}

/* ---- what stays within reach ------------------------------------------- */

enum { PLACES_MAX = 16 };

struct places {
        size_t len;
        struct jail_place list[PLACES_MAX];
        char paths[PLACES_MAX][PATH_MAX];
};

/* Paths too long to be opened are none that could be needed. */
static void add(struct places *p, enum jail_access access, const char *folder,
    const char *name)
{
        char *path = p->paths[p->len];

        if (p->len == PLACES_MAX ||
            file_path(path, PATH_MAX, NULL, "%s%s", folder, name) != 0)
                return;
        p->list[p->len] = (struct jail_place){path, access};
        p->len++;
}

/* The folder of path. */
static void add_above(
    struct places *p, enum jail_access access, const char *path)
{
        const char *slash = strrchr(path, '/');
        char folder[PATH_MAX];

        if (slash == NULL)
                add(p, access, ".", "");
        else if (file_path(folder, sizeof(folder), NULL, "%.*s/",
                     (int)(slash - path), path) == 0)
                add(p, access, folder, "");
}

static bool is_there(const char *path, const char *end)
{
        char whole[PATH_MAX];

        return file_path(whole, sizeof(whole), NULL, "%s%s", path, end) == 0 &&
               access(whole, F_OK) == 0;
}

/*
 * A database in WAL mode is open with its two companions, which stay as long
 * as we read: nothing needs to be made.  One that is not yet (a backup that
 * was put in place) gets into it by the next change, and then SQLite makes or
 * opens them here, for readers too.
 */
static void add_database(struct places *p, const char *dir)
{
        char given[PATH_MAX], path[PATH_MAX];

        if (file_path(given, sizeof(given), NULL, "%s/ca.db", dir) != 0 ||
            realpath(given, path) == NULL)
                return;
        if (is_there(path, "-wal") && is_there(path, "-shm")) {
                add(p, JAIL_WRITE, path, "-wal");
                add(p, JAIL_WRITE, path, "-shm");
        } else {
                add_above(p, JAIL_READ, path);
                add_above(p, JAIL_MAKE, path);
        }
}

/* A file is made anew where its name is, or if that is a link, where it leads
 * to; a device or a pipe stays what it is. */
static void add_log(struct places *p, const char *log)
{
        char real[PATH_MAX];
        struct stat st;

        if (stat(log, &st) != 0 || !S_ISREG(st.st_mode)) {
                add(p, JAIL_MAKE, log, "");
                return;
        }
        add_above(p, JAIL_MAKE, log);
        if (realpath(log, real) != NULL)
                add_above(p, JAIL_MAKE, real);
}

static void add_all(struct places *p, const struct options *o)
{
        add(p, JAIL_READ, o->dir, "");
        /* They may be links that lead out of DIR. */
        add(p, JAIL_READ, o->dir, "/ca");
        add(p, JAIL_READ, o->dir, "/responder");
        add(p, JAIL_READ, o->dir, "/crl");
        add_database(p, o->dir);
        if (o->log != NULL)
                add_log(p, o->log);
        /* malloc asks there, once, before it gives memory back. */
        add(p, JAIL_READ, "/proc/sys/vm/overcommit_memory", "");
}

/* ---- all --------------------------------------------------------------- */

/* What libraries open when they are first used. */
static void open_the_rest(void)
{
        tzset();                                             /* localtime */
        OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL); /* openssl.cnf */
}

int confine(const struct options *o, enum confinement *out, struct err *e)
{
        const struct rlimit none = {0, 0};
        struct places p = {.len = 0};
        struct jail_spec spec = {p.list, 0, false};
        bool on;

        *out = CONFINED_NOT;
        if (o->no_jail)
                return 0;
        /* The signers' keys would be in it. */
        setrlimit(RLIMIT_CORE, &none);
        open_the_rest();
        add_all(&p, o);
        spec.len = p.len;
        if (jail_enter(&spec, &on, e) != 0)
                return err_prefix(e, "confinement (--no-jail goes without)");
        *out = on ? CONFINED_LANDLOCK : CONFINED_NO_PRIVS;
        return 0;
}
