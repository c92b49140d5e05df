/* A database handle and one statement in use.  Private to this room. */
#ifndef OCSP_LAB_CADB_DB_H
#define OCSP_LAB_CADB_DB_H

#include <sqlite3.h>

#include <limits.h>

#include "cadb/cadb.h"
#include "cadb/sql.h"

enum { CADB_READ_BUSY_MS = 5000 };

/* Which file a path led to. */
struct identity {
        uint64_t device;
        uint64_t inode;
        uint64_t born_ns; /* 0 where the file system does not know */
};

struct cadb {
        sqlite3 *sql;
        sqlite3_stmt *statements[SQL_COUNT_]; /* prepared at first use */
        char path[PATH_MAX];                  /* as given, for messages */
        char absolute[PATH_MAX]; /* the same from any working directory */
        bool temporary;
        int busy_ms;           /* how long to wait for others' locks */
        int64_t busy_since_ns; /* since when it waits */
        struct identity file;  /* which file was opened */
        const uint64_t *index; /* mapped WAL-index header, or NULL */
        uint64_t opening;      /* no two handles of a process share it */
        int watch;             /* inotify on DIR, or -1 */
        int place;             /* inotify on the path to DIR, or -1 */
};

/* Opens DIR/name with SQLite's flags; nothing is read yet. */
int db_open(const char *dir, const char *name, int flags, int busy_ms,
    struct cadb **out, struct err *e);

/* -1 with the cause as people need it.  rc: what SQLite returned. */
int db_error(struct cadb *db, int rc, struct err *e);

/* Runs statements that are needed once, such as PRAGMAs. */
int db_exec(struct cadb *db, enum sql_id id, struct err *e);

/* The one number that the statement yields. */
int db_number(struct cadb *db, enum sql_id id, int64_t *out, struct err *e);

/* Whether the journal mode is WAL, asked by SQL_JOURNAL_MODE or after the
 * wish of SQL_JOURNAL_WAL. */
int db_is_wal(struct cadb *db, enum sql_id id, bool *wal, struct err *e);

/* ERR_DATA if it is not one of ours, ERR_CONFIG if it is newer than we are. */
int db_check_schema(struct cadb *db, int64_t *version, struct err *e);

/* The octets with which a database file begins (sqlite.org/fileformat.html,
 * section 1.3). */
struct database_header {
        uint8_t octets[100];
};
bool db_header_is_ours(const struct database_header *h);

/* Where it says 2, 2 if the database has a WAL, and 1, 1 if it has none, as a
 * backup (section 1.3.3). */
enum { DATABASE_VERSIONS_AT = 18 };

/* In stamp.c.  -1 with errno. */
int identity_of(const char *path, struct identity *out);

/* Maps the WAL index, which exists after the first read. */
void db_map_index(struct cadb *db);

/* In unfinished.c.  Whether a commit that was killed may come back.  Within
 * the write lock. */
bool db_has_unfinished(struct cadb *db);

/* Last step of opening: the path still leads to the file that SQLite has. */
int db_settle(struct cadb *db, struct err *e);

/*
 * One statement in use: open, bind in order, step, read columns, close.  The
 * first failure sticks and is told by query_step.  Bound bytes must live until
 * query_close.
 */
struct query {
        struct cadb *db;
        sqlite3_stmt *statement;
        int bound;
        int rc;
};

void query_open(struct query *q, struct cadb *db, enum sql_id id);
void query_int(struct query *q, int64_t v);
void query_int_unless(struct query *q, int64_t v, int64_t null);
void query_blob(struct query *q, struct span v); /* data NULL: NULL */
void query_text(struct query *q, const char *v); /* NULL: NULL */

/* 1: a row, 0: no more, -1. */
int query_step(struct query *q, struct err *e);
void query_close(struct query *q);

/* For statements without a row: steps to the end and closes. */
int query_run(struct query *q, struct err *e);

int64_t query_column(struct query *q, int i);
int64_t query_column_or(struct query *q, int i, int64_t null);
void query_column_text(struct query *q, int i, char *out, size_t size);
struct span query_column_span(struct query *q, int i); /* until next step */
size_t query_column_blob(struct query *q, int i, uint8_t *out, size_t size);

/* In cert.c: the six STATE_COLUMNS, from column 0. */
void state_read(struct query *q, struct cadb_state *out);

/* In cert.c: CERT_COLUMNS. */
void cert_read(struct query *q, struct cadb_cert *out);

#endif
