#include "cadb/db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* PRAGMA application_id of our databases: "OCSP". */
enum { APPLICATION_ID = 0x4f435350 };

static int full_error(struct cadb *db, struct err *e)
{
        return err_set(e, ERR_IO,
            "%s: disk full, or a quota or file size limit reached: nothing "
            "was changed: make room, then try again",
            db->path);
}

static int io_error(struct cadb *db, int rc, struct err *e)
{
        int number = sqlite3_system_errno(db->sql);

        /* A commit that fails does not say with which errno. */
        if (number == 0 &&
            (rc == SQLITE_IOERR_WRITE || rc == SQLITE_IOERR_SHMSIZE))
                return full_error(db, e);
        if (number == ENOSPC || number == EDQUOT || number == EFBIG)
                return full_error(db, e);
        return err_set(e, ERR_IO, "%s: cannot read or write: %s", db->path,
            number != 0 ? strerror(number) : sqlite3_errmsg(db->sql));
}

static int access_error(struct cadb *db, struct err *e)
{
        int number = sqlite3_system_errno(db->sql);
        const char *hint = "";

        if (number == 0)
                number = EACCES;
        if (number == EACCES || number == EPERM || number == EROFS)
                hint = ": this user needs to write its folder too (SQLite "
                       "keeps ca.db-wal and ca.db-shm there)";
        return err_set(e, ERR_IO, "%s: cannot open: %s%s", db->path,
            strerror(number), hint);
}

int db_error(struct cadb *db, int rc, struct err *e)
{
        switch (rc & 0xff) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return err_set(e, ERR_DATA,
                    "%s: damaged (%s): restore a backup", db->path,
                    sqlite3_errmsg(db->sql));
        case SQLITE_FULL:
                return full_error(db, e);
        case SQLITE_IOERR:
                return io_error(db, rc, e);
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL: /* waited for others to recover the WAL */
                return err_set(e, ERR_TRYLATER,
                    "%s: another process kept it locked for %d s: try "
                    "again when that one is done",
                    db->path, db->busy_ms / 1000);
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
                return access_error(db, e);
        case SQLITE_NOMEM:
                return err_set(e, ERR_OS, "%s: out of memory", db->path);
        case SQLITE_MISUSE:
                return err_set(
                    e, ERR_INTERNAL, "%s: call out of turn", db->path);
        }
        return err_set(
            e, ERR_INTERNAL, "%s: %s", db->path, sqlite3_errmsg(db->sql));
}

int db_exec(struct cadb *db, enum sql_id id, struct err *e)
{
        int rc = sqlite3_exec(db->sql, sql_text[id], NULL, NULL, NULL);

        return rc == SQLITE_OK ? 0 : db_error(db, rc, e);
}

int db_number(struct cadb *db, enum sql_id id, int64_t *out, struct err *e)
{
        struct query q;
        int rc;

        query_open(&q, db, id);
        rc = query_step(&q, e);
        if (rc == 1)
                *out = query_column(&q, 0);
        query_close(&q);
        if (rc == 0)
                return err_set(
                    e, ERR_DATA, "%s: damaged: a row is missing", db->path);
        return rc == 1 ? 0 : -1;
}

int db_is_wal(struct cadb *db, enum sql_id id, bool *wal, struct err *e)
{
        char mode[16] = "";
        struct query q;
        int rc;

        query_open(&q, db, id);
        rc = query_step(&q, e);
        if (rc == 1)
                query_column_text(&q, 0, mode, sizeof(mode));
        query_close(&q);
        *wal = strcmp(mode, "wal") == 0;
        return rc == 1 ? 0 : -1;
}

bool db_header_is_ours(const struct database_header *h)
{
        enum { APPLICATION_ID_AT = 68 };
        static const char magic[16] = "SQLite format 3";
        const uint8_t *id = h->octets + APPLICATION_ID_AT;

        return memcmp(h->octets, magic, sizeof(magic)) == 0 &&
               ((uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 |
                   (uint32_t)id[2] << 8 | id[3]) == APPLICATION_ID;
}

int db_check_schema(struct cadb *db, int64_t *version, struct err *e)
{
        int64_t application = 0;

        *version = 0;
        if (db_number(db, SQL_APPLICATION_ID, &application, e) != 0 ||
            db_number(db, SQL_USER_VERSION, version, e) != 0)
                return -1;
        if (application != APPLICATION_ID || *version < 1)
                return err_set(e, ERR_DATA,
                    "%s: an SQLite file, but not a database of ocsp-lab",
                    db->path);
        if (*version > CADB_SCHEMA_VERSION)
                return err_set(e, ERR_CONFIG,
                    "%s: schema version %lld is newer than this program's "
                    "%d: use the newer ocsp-lab that wrote it",
                    db->path, (long long)*version, CADB_SCHEMA_VERSION);
        return 0;
}

/*
 * SQLite's own waiting sleeps longer the longer it has waited, up to 100 ms: a
 * newcomer gets ahead of who waits, and of 8 that write without a pause some
 * never get a turn.  Asking costs a microsecond, so ask often, not in step.
 */
static int wait_for_lock(void *arg, int tries)
{
        enum { SHORTEST_NS = 1000000, SPREAD_NS = 3000000 };
        struct cadb *db = arg;
        struct timespec ts;
        int64_t now;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        now = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
        if (tries == 0)
                db->busy_since_ns = now;
        if (now - db->busy_since_ns >= (int64_t)db->busy_ms * 1000000)
                return 0;
        ts.tv_sec = 0;
        ts.tv_nsec = SHORTEST_NS + now % SPREAD_NS;
        nanosleep(&ts, NULL);
        return 1;
}

static int set_paths(
    struct cadb *db, const char *dir, const char *name, struct err *e)
{
        char cwd[PATH_MAX] = "";

        if (*dir != '/' && getcwd(cwd, sizeof(cwd)) == NULL)
                return err_errno(e, ERR_OS, "working directory");
        if (file_path(db->path, sizeof(db->path), e, "%s/%s", dir, name) != 0)
                return -1;
        return file_path(db->absolute, sizeof(db->absolute), e, "%s%s%s", cwd,
            *dir != '/' ? "/" : "", db->path);
}

/*
 * Of a WAL that a killed program has left SQLite does not see that it belongs
 * to another file: it would mix that database into a backup that was put in
 * its place.  The WAL is looked for first: one that comes later comes after
 * the header has changed.
 */
static int check_wal(struct cadb *db, struct err *e)
{
        const char *wal =
            sqlite3_filename_wal(sqlite3_db_filename(db->sql, "main"));
        sqlite3_file *file = NULL;
        uint8_t versions[2];
        struct stat st;

        if (stat(wal, &st) != 0 || st.st_size == 0)
                return 0;
        sqlite3_file_control(db->sql, "main", SQLITE_FCNTL_FILE_POINTER, &file);
        if (file == NULL || file->pMethods == NULL ||
            file->pMethods->xRead(file, versions, sizeof(versions),
                DATABASE_VERSIONS_AT) != SQLITE_OK ||
            versions[0] != 1 || versions[1] != 1)
                return 0;
        return err_set(e, ERR_DATA,
            "%s: a backup, but %s is of the database that was there before "
            "and would damage it: remove that file, then try again",
            db->path, wal);
}

int db_open(const char *dir, const char *name, int flags, int busy_ms,
    struct cadb **out, struct err *e)
{
        static uint64_t openings;
        struct cadb *db = calloc(1, sizeof(*db));
        int rc;

        *out = NULL;
        if (db == NULL)
                return err_set(e, ERR_OS, "out of memory");
        db->busy_ms = busy_ms;
        db->watch = -1;
        db->place = -1;
        db->opening = __atomic_add_fetch(&openings, 1, __ATOMIC_RELAXED);
        if (set_paths(db, dir, name, e) != 0)
                goto fail;
        /* Absent if it is to be made. */
        if (identity_of(db->absolute, &db->file) != 0 && errno != ENOENT) {
                err_errno(e, ERR_IO, "%s", db->path);
                goto fail;
        }
        /* One thread per handle: SQLite need not lock. */
        rc = sqlite3_open_v2(db->absolute, &db->sql,
            flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
        if (rc != SQLITE_OK) {
                db_error(db, rc, e);
                goto fail;
        }
        if (check_wal(db, e) != 0)
                goto fail;
        sqlite3_busy_handler(db->sql, wait_for_lock, db);
        *out = db;
        return 0;
fail:
        cadb_close(db);
        return -1;
}

int cadb_open(const char *dir, struct cadb **out, struct err *e)
{
        struct cadb *db;
        int64_t version;

        *out = NULL;
        if (lab_dir_check(dir, e) != 0 ||
            db_open(dir, "ca.db", SQLITE_OPEN_READONLY, CADB_READ_BUSY_MS, &db,
                e) != 0)
                return -1;
        if (db_check_schema(db, &version, e) != 0)
                goto fail;
        if (version < CADB_SCHEMA_VERSION) {
                err_set(e, ERR_CONFIG,
                    "%s: made by an older ocsp-lab (schema version %lld, this "
                    "program's is %d): bring it up to date, nothing is lost, "
                    "with 'ocsp-ca crl --dir %s' or any other command of "
                    "ocsp-ca that writes, then start this again",
                    db->path, (long long)version, CADB_SCHEMA_VERSION, dir);
                goto fail;
        }
        if (db_settle(db, e) != 0)
                goto fail;
        *out = db;
        return 0;
fail:
        cadb_close(db);
        return -1;
}

void cadb_close(struct cadb *db)
{
        int i;

        if (db == NULL)
                return;
        for (i = 0; i < SQL_COUNT_; i++)
                sqlite3_finalize(db->statements[i]);
        sqlite3_close(db->sql);
        if (db->watch >= 0)
                close(db->watch);
        if (db->place >= 0)
                close(db->place);
        free(db);
}

int cadb_snapshot_begin(struct cadb *db, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_BEGIN);
        return query_run(&q, e);
}

void cadb_snapshot_end(struct cadb *db)
{
        struct query q;

        /* Ending a transaction that only read cannot fail. */
        query_open(&q, db, SQL_COMMIT);
        query_run(&q, NULL);
}
