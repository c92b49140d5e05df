#include "cadb/write.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cadb/migration.h"
#include "cadb/trail.h"

static const char *const companions[] = {"-wal", "-shm", "-journal"};

/* What SQLite keeps beside a database. */
static int remove_companions(const char *path, struct err *e)
{
        char name[PATH_MAX];
        size_t i;

        for (i = 0; i < sizeof(companions) / sizeof(companions[0]); i++) {
                if (file_path(name, sizeof(name), e, "%s%s", path,
                        companions[i]) != 0)
                        return -1;
                if (unlink(name) != 0 && errno != ENOENT)
                        return err_errno(e, ERR_IO, "%s: cannot remove", name);
        }
        return 0;
}

int cadb_unmake(const char *dir, struct err *e)
{
        char path[PATH_MAX];

        if (file_path(path, sizeof(path), e, "%s/ca.db.new", dir) != 0)
                return -1;
        if (unlink(path) != 0 && errno != ENOENT)
                return err_errno(e, ERR_IO, "%s: cannot remove", path);
        return remove_companions(path, e);
}

static int insert_settings(
    struct cadb *db, const struct cadb_settings *s, struct err *e)
{
        struct buf more = {0};
        struct query q;
        size_t i;
        int rc;

        for (i = 0; i < s->more_urls_len; i++)
                buf_printf(&more, "%s%s", i > 0 ? " " : "", s->more_urls[i]);
        query_open(&q, db, SQL_SETTINGS_INSERT);
        query_text(&q, s->ocsp_url);
        query_text(&q, buf_text(&more)); /* out of memory: NOT NULL fails */
        query_int(&q, s->no_faults);
        query_int(&q, s->temporary);
        query_int(&q, s->created_at);
        query_text(&q, s->crl_url);
        rc = query_run(&q, e);
        buf_release(&more);
        return rc;
}

static int fill(struct cadb *db, const struct cadb_settings *s, struct err *e)
{
        if (db_exec(db, SQL_SETUP_CREATE, e) != 0 || cadb_begin(db, e) != 0 ||
            schema_migrate(db, 0, e) != 0 || insert_settings(db, s, e) != 0)
                return -1;
        return cadb_commit(db, e);
}

int cadb_create(const char *dir, const struct cadb_settings *s,
    struct cadb **out, struct err *e)
{
        struct cadb *db;

        *out = NULL;
        /* SQLite would try to read what it may not make, and say ENOENT. */
        if (access(dir, W_OK | X_OK) != 0)
                return err_errno(e, ERR_IO, "%s", dir);
        if (cadb_unmake(dir, e) != 0 ||
            db_open(dir, "ca.db.new",
                SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, CADB_BUSY_MS, &db,
                e) != 0)
                return -1;
        db->temporary = s->temporary;
        if (fill(db, s, e) != 0) {
                cadb_rollback(db);
                cadb_close(db);
                return -1;
        }
        *out = db;
        return 0;
}

/* What lies beside an absent ca.db belonged to a removed one; SQLite would
 * replay it. */
static int give_name(const char *temp, const char *path, struct err *e)
{
        if (access(path, F_OK) == 0)
                return err_set(e, ERR_EXISTS,
                    "%s: there is a CA already: nothing was changed", path);
        if (remove_companions(path, e) != 0)
                return -1;
        if (rename(temp, path) != 0)
                return err_errno(e, ERR_IO, "%s: cannot make", path);
        return 0;
}

int cadb_publish(struct cadb *db, struct err *e)
{
        char temp[PATH_MAX], path[PATH_MAX], dir[PATH_MAX];
        bool durable = !db->temporary;
        int rc;

        memcpy(temp, db->path, sizeof(temp));
        memcpy(path, db->path, sizeof(path));
        path[strlen(path) - strlen(".new")] = '\0';
        memcpy(dir, path, sizeof(dir));
        rc = schema_set_wal(db, e);
        cadb_close(db);
        /* No handle is open: our close() here drops no lock of SQLite's. */
        if (rc != 0 || (durable && file_sync(temp, e) != 0) ||
            give_name(temp, path, e) != 0)
                return -1;
        return durable ? file_sync(dirname(dir), e) : 0;
}
