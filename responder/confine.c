#include "responder/confine.h"

#include <openssl/crypto.h>

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/jail_places.h"

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

int confine(const struct options *o, enum jail_kind *out, struct err *e)
{
        struct jail_places p = {0};

        *out = JAIL_OFF;
        if (o->no_jail)
                return 0;
        /* openssl.cnf, which would be opened when first needed. */
        OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
        add_all(&p, o);
        return jail_lock(&p, false, out, e);
}
