#include "cadb/write.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "cadb/migration.h"
#include "cadb/trail.h"

/* What FULL costs is spared if the lab dies with its processes anyway. */
static int relax(struct cadb *db, struct err *e)
{
        struct cadb_settings s;

        if (cadb_settings_get(db, &s, e) != 0)
                return -1;
        db->temporary = s.temporary;
        return s.temporary ? db_exec(db, SQL_SETUP_TEMPORARY, e) : 0;
}

int schema_migrate(struct cadb *db, int64_t version, struct err *e)
{
        int rc;

        for (; version < CADB_SCHEMA_VERSION; version++) {
                rc = sqlite3_exec(
                    db->sql, migrations[version], NULL, NULL, NULL);
                if (rc != SQLITE_OK)
                        return db_error(db, rc, e);
        }
        return 0;
}

int schema_set_wal(struct cadb *db, struct err *e)
{
        bool wal;

        if (db_is_wal(db, SQL_JOURNAL_WAL, &wal, e) != 0)
                return -1;
        if (!wal)
                return err_set(e, ERR_IO,
                    "%s: this file system cannot hold the database: put the "
                    "directory on a local disk",
                    db->path);
        return 0;
}

/* The version is read again inside the transaction: of two programs that
 * come with an old database, one migrates. */
static int upgrade(struct cadb *db, struct err *e)
{
        int64_t version;

        if (db_check_schema(db, &version, e) != 0)
                return -1;
        if (version == CADB_SCHEMA_VERSION)
                return 0;
        if (cadb_begin(db, e) != 0)
                return -1;
        if (db_check_schema(db, &version, e) != 0 ||
            schema_migrate(db, version, e) != 0 || cadb_commit(db, e) != 0) {
                cadb_rollback(db);
                return -1;
        }
        return 0;
}

/* A backup has no WAL until it is somebody's database again. */
static int restore_wal(struct cadb *db, struct err *e)
{
        bool wal;

        if (db_is_wal(db, SQL_JOURNAL_MODE, &wal, e) != 0)
                return -1;
        return wal ? 0 : schema_set_wal(db, e);
}

int cadb_open_write(const char *dir, struct cadb **out, struct err *e)
{
        struct cadb *db;

        *out = NULL;
        if (lab_dir_check(dir, e) != 0 ||
            db_open(
                dir, "ca.db", SQLITE_OPEN_READWRITE, CADB_BUSY_MS, &db, e) != 0)
                return -1;
        /* Without the right to write, SQLite opens for reading and says so
         * only at the first change. */
        if (sqlite3_db_readonly(db->sql, "main") == 1) {
                err_set(e, ERR_IO, "%s: this user may not write it", db->path);
                goto fail;
        }
        /* First of all: an upgrade is to last too. */
        if (db_exec(db, SQL_SETUP_WRITE, e) != 0 || upgrade(db, e) != 0 ||
            relax(db, e) != 0 || restore_wal(db, e) != 0 ||
            db_settle(db, e) != 0)
                goto fail;
        *out = db;
        return 0;
fail:
        cadb_close(db);
        return -1;
}

static int transact(struct cadb *db, enum sql_id id, struct err *e)
{
        struct query q;

        query_open(&q, db, id);
        return query_run(&q, e);
}

/* For programs that stay: what is committed to a removed file is lost. */
static int check_in_place(struct cadb *db, struct err *e)
{
        bool unpublished = db->file.inode == 0;

        if (unpublished || !cadb_is_gone(db))
                return 0;
        return err_set(e, ERR_NOTFOUND,
            "%s: was removed or replaced since it was opened: nothing was "
            "changed: start again",
            db->path);
}

int cadb_begin(struct cadb *db, struct err *e)
{
        if (check_in_place(db, e) != 0)
                return -1;
        if (transact(db, SQL_BEGIN_IMMEDIATE, e) != 0)
                return -1;
        /* From here on, what is not seen will never be. */
        while (db_has_unfinished(db)) {
                if (db_exec(db, SQL_OVERWRITE, e) != 0 ||
                    cadb_commit(db, e) != 0) {
                        cadb_rollback(db);
                        return -1;
                }
                if (transact(db, SQL_BEGIN_IMMEDIATE, e) != 0)
                        return -1;
        }
        return 0;
}

/* The touch wakes those in cadb_wait_change: what SQLite wrote to files it
 * wrote before anybody could see the change.  If it fails they wait longer. */
int cadb_commit(struct cadb *db, struct err *e)
{
        if (transact(db, SQL_COMMIT, e) != 0) {
                cadb_rollback(db);
                return -1;
        }
        utimensat(AT_FDCWD, db->absolute, NULL, 0);
        return 0;
}

void cadb_rollback(struct cadb *db)
{
        /* A full disk may have rolled back already. */
        if (!sqlite3_get_autocommit(db->sql))
                transact(db, SQL_ROLLBACK, NULL);
}
