#include "responder/confine.h"

#include <openssl/crypto.h>

#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/jail_places.h"

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
static void add_database(struct jail_places *p, const char *dir)
{
        char given[PATH_MAX], path[PATH_MAX];

        if (file_path(given, sizeof(given), NULL, "%s/ca.db", dir) != 0 ||
            realpath(given, path) == NULL)
                return;
        if (is_there(path, "-wal") && is_there(path, "-shm")) {
                jail_add(p, JAIL_WRITE, path, "-wal");
                jail_add(p, JAIL_WRITE, path, "-shm");
        } else {
                jail_add_above(p, JAIL_READ, path);
                jail_add_above(p, JAIL_MAKE, path);
        }
}

static void add_all(struct jail_places *p, const struct options *o)
{
        jail_add(p, JAIL_READ, o->dir, "");
        /* They may be links that lead out of DIR. */
        jail_add(p, JAIL_READ, o->dir, "/ca");
        jail_add(p, JAIL_READ, o->dir, "/responder");
        jail_add(p, JAIL_READ, o->dir, "/crl");
        add_database(p, o->dir);
        if (o->log != NULL)
                jail_add_log(p, o->log);
        jail_add_libc(p);
}

/* ---- all --------------------------------------------------------------- */

/* What libraries open when they are first used. */
static void open_the_rest(void)
{
        tzset();                                             /* localtime */
        OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL); /* openssl.cnf */
}

static int enter(const struct jail_places *p, bool *on, struct err *e)
{
        struct jail_spec spec = {p->list, p->len, false};

        if (p->failed)
                return err_set(e, ERR_OS, "out of memory");
        return jail_enter(&spec, on, e) == 0
                   ? 0
                   : err_prefix(e, "confinement (--no-jail goes without)");
}

int confine(const struct options *o, enum confinement *out, struct err *e)
{
        const struct rlimit none = {0, 0};
        struct jail_places p = {0};
        bool on = false;
        int rc;

        *out = CONFINED_NOT;
        if (o->no_jail)
                return 0;
        /* The signers' keys would be in it. */
        setrlimit(RLIMIT_CORE, &none);
        open_the_rest();
        add_all(&p, o);
        rc = enter(&p, &on, e);
        jail_places_release(&p);
        *out = on ? CONFINED_LANDLOCK : CONFINED_NO_PRIVS;
        return rc;
}
