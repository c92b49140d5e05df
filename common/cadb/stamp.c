/*
 * The change detector.
 *
 * In WAL mode every commit ends by writing the header of the WAL index, which
 * lies in memory that all connections map (ca.db-shm): a change counter, the
 * number of frames, their running checksum, the WAL's salt.  Reading its 48
 * octets costs nanoseconds and no system call.  The file format is SQLite's
 * public one (sqlite.org/walformat.html, section 2.1).
 */
#include "cadb/db.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <string.h>

enum {
        HEADER_OCTETS = 48,
        HEADER_WORDS = HEADER_OCTETS / 8,
        INDEX_REGION = 32768, /* SQLite maps the index in pieces of this */
        INDEX_VERSION = 3007000,
        INDEX_IS_INIT = 12, /* offset of a flag: the header is filled */
        TORN_TRIES = 32,
        /* Stands where a header has INDEX_VERSION, so neither kind of stamp
         * ever equals the other. */
        STAMP_BY_DATA_VERSION = 1,
};

/* Behind the header: which file it was, so that a lab made anew never repeats
 * a stamp of the one before. */
struct tail {
        uint64_t inode;
        uint64_t born_ns;
};
_Static_assert(sizeof(struct cadb_stamp) == HEADER_OCTETS + sizeof(struct tail),
    "a stamp is a header and a tail");

int identity_of(const char *path, struct identity *out)
{
        struct statx sx;

        if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &sx) != 0)
                return -1;
        out->device = (uint64_t)sx.stx_dev_major << 32 | sx.stx_dev_minor;
        out->inode = sx.stx_ino;
        out->born_ns =
            (uint64_t)sx.stx_btime.tv_sec * 1000000000 + sx.stx_btime.tv_nsec;
        return 0;
}

static bool same_file(const struct identity *a, const struct identity *b)
{
        return a->inode == b->inode && a->device == b->device;
}

int db_settle(struct cadb *db, struct err *e)
{
        struct identity now;

        if (identity_of(db->absolute, &now) != 0)
                return err_errno(e, ERR_IO, "%s", db->path);
        if (!same_file(&now, &db->file))
                return err_set(e, ERR_TRYLATER,
                    "%s: was replaced while it was being opened: try again",
                    db->path);
        db->file = now;
        db_map_index(db);
        return 0;
}

/*
 * Asks SQLite's own file object for its mapping.  Opening ca.db-shm by
 * ourselves would be a fault: closing any descriptor of that file drops the
 * POSIX locks that SQLite holds on it in this process.  Without WAL, asking
 * would make SQLite create the file.
 */
void db_map_index(struct cadb *db)
{
        sqlite3_file *file = NULL;
        volatile void *at = NULL;
        bool wal;
        int rc;

        db->index = NULL;
        if (db_is_wal(db, SQL_JOURNAL_MODE, &wal, NULL) != 0 || !wal)
                return;
        sqlite3_file_control(db->sql, "main", SQLITE_FCNTL_FILE_POINTER, &file);
        if (file == NULL || file->pMethods == NULL ||
            file->pMethods->iVersion < 2 || file->pMethods->xShmMap == NULL)
                return;
        rc = file->pMethods->xShmMap(file, 0, INDEX_REGION, 0, &at);
        /* SQLITE_READONLY: mapped, but this user may only read it. */
        if (rc == SQLITE_OK || rc == SQLITE_READONLY)
                db->index = (const uint64_t *)(uintptr_t)at;
}

/* Writers fill the second copy, then the first.  Read in the other order,
 * equal copies are one header and not parts of two. */
static bool read_copies(const uint64_t *index, uint64_t out[HEADER_WORDS])
{
        bool equal = true;
        int i;

        for (i = 0; i < HEADER_WORDS; i++)
                out[i] = __atomic_load_n(&index[i], __ATOMIC_ACQUIRE);
        for (i = 0; i < HEADER_WORDS; i++)
                equal &= out[i] == __atomic_load_n(&index[HEADER_WORDS + i],
                                       __ATOMIC_ACQUIRE);
        return equal;
}

static bool read_header(const struct cadb *db, uint8_t out[HEADER_OCTETS])
{
        uint64_t words[HEADER_WORDS];
        uint32_t version;
        int tries;

        if (db->index == NULL)
                return false;
        for (tries = 0; !read_copies(db->index, words); tries++)
                if (tries == TORN_TRIES)
                        return false;
        memcpy(out, words, HEADER_OCTETS);
        memcpy(&version, out, sizeof(version));
        return version == INDEX_VERSION && out[INDEX_IS_INIT] != 0;
}

/* data_version counts what other connections committed, as this one sees it,
 * so it says nothing to another handle. */
static int by_data_version(
    struct cadb *db, uint8_t out[HEADER_OCTETS], struct err *e)
{
        uint64_t words[HEADER_WORDS] = {STAMP_BY_DATA_VERSION, db->opening};
        int64_t version;

        if (db_number(db, SQL_DATA_VERSION, &version, e) != 0)
                return -1;
        words[2] = (uint64_t)version;
        memcpy(out, words, HEADER_OCTETS);
        return 0;
}

int cadb_stamp_take(struct cadb *db, struct cadb_stamp *out, struct err *e)
{
        struct tail tail = {db->file.inode, db->file.born_ns};

        memcpy(out->octets + HEADER_OCTETS, &tail, sizeof(tail));
        if (read_header(db, out->octets))
                return 0;
        /* Not WAL, or a writer was killed between the two copies.  The
         * transaction that data_version opens makes SQLite repair that. */
        if (by_data_version(db, out->octets, e) != 0)
                return -1;
        db_map_index(db);
        return 0;
}

bool cadb_stamp_equal(const struct cadb_stamp *a, const struct cadb_stamp *b)
{
        return memcmp(a->octets, b->octets, sizeof(a->octets)) == 0;
}

/* One stat.  SQLite keeps the file open, so its inode number is given to no
 * other while this handle lives: same number, same file. */
bool cadb_is_gone(struct cadb *db)
{
        struct identity now;

        return identity_of(db->absolute, &now) != 0 ||
               !same_file(&now, &db->file);
}
