/* A copy of the database while others write: the pages as of one moment,
 * which SQLite keeps for us as long as the copy takes. */
#include "cadb/db.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct copy {
        const char *path;
        char part[PATH_MAX];   /* what it is called until it is whole */
        char folder[PATH_MAX]; /* of both */
        int fd;                /* of part, locked: no other backup writes it */
};

/* ---- what stands there already ------------------------------------------ */

/* SQLite would replay the WAL of another database into the copy. */
static int check_companions(const char *path, struct err *e)
{
        static const char *const names[] = {"-wal", "-journal"};
        char beside[PATH_MAX];
        struct stat st;
        size_t i;

        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                if (file_path(
                        beside, sizeof(beside), e, "%s%s", path, names[i]) != 0)
                        return -1;
                if (lstat(beside, &st) == 0)
                        return err_set(e, ERR_EXISTS,
                            "%s: a database of that name is in use, or was: "
                            "choose another name for the backup",
                            beside);
        }
        return 0;
}

/* A CA that nobody uses at the moment. */
static bool is_of_a_lab(const struct copy *c)
{
        char copy[PATH_MAX], beside[PATH_MAX];
        struct stat st;

        return file_path(copy, sizeof(copy), NULL, "%s", c->path) == 0 &&
               strcmp(basename(copy), "ca.db") == 0 &&
               file_path(beside, sizeof(beside), NULL, "%s/ca", c->folder) ==
                   0 &&
               stat(beside, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Whether the file may go: it is empty or a database of ours.  Never called
 * for a file that SQLite has open here: closing it would drop its locks. */
static int may_go(const char *path, bool *out, struct err *e)
{
        struct database_header header;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        ssize_t n;

        if (fd < 0)
                return err_errno(e, ERR_IO, "%s", path);
        n = read(fd, &header, sizeof(header));
        close(fd);
        if (n < 0)
                return err_errno(e, ERR_IO, "%s", path);
        *out = n == 0 || (n == sizeof(header) && db_header_is_ours(&header));
        return 0;
}

static int check_target(struct cadb *db, const struct copy *c, struct err *e)
{
        struct identity there;
        struct stat st;
        bool ok = false;

        if (check_companions(c->path, e) != 0)
                return -1;
        if (lstat(c->path, &st) != 0)
                return errno == ENOENT ? 0
                                       : err_errno(e, ERR_IO, "%s", c->path);
        if (identity_of(c->path, &there) == 0 &&
            there.device == db->file.device && there.inode == db->file.inode)
                return err_set(e, ERR_EXISTS,
                    "%s: is the database itself: choose another name", c->path);
        if (S_ISREG(st.st_mode) && may_go(c->path, &ok, e) != 0)
                return -1;
        if (ok && !is_of_a_lab(c))
                return 0;
        return err_set(e, ERR_EXISTS,
            "%s: %s: nothing was changed: choose another name", c->path,
            ok ? "is the database of a CA directory"
               : "is there already, and no older backup");
}

/* ---- the copy ------------------------------------------------------------ */

static int name_parts(struct copy *c, const char *path, struct err *e)
{
        char copy[PATH_MAX];

        c->path = path;
        if (file_path(copy, sizeof(copy), e, "%s", path) != 0 ||
            file_path(c->part, sizeof(c->part), e, "%s.part", path) != 0)
                return -1;
        return file_path(c->folder, sizeof(c->folder), e, "%s", dirname(copy));
}

/* Nobody else can write into it, by another name or as its owner. */
static int check_part(
    const struct copy *c, const struct stat *st, struct err *e)
{
        if (S_ISREG(st->st_mode) && st->st_nlink == 1 &&
            st->st_uid == geteuid())
                return 0;
        return err_set(e, ERR_EXISTS,
            "%s: is there already, and is no file of an earlier backup: "
            "remove it, or choose another name for the backup",
            c->part);
}

/* What a killed backup left is taken over. */
static int open_part(struct copy *c, struct err *e)
{
        struct identity there;
        struct stat st;

        c->fd = open(c->part, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (c->fd < 0)
                return err_errno(e, ERR_IO, "%s: cannot write", c->part);
        if (flock(c->fd, LOCK_EX | LOCK_NB) != 0 || fstat(c->fd, &st) != 0 ||
            identity_of(c->part, &there) != 0 || there.inode != st.st_ino)
                return err_set(e, ERR_TRYLATER,
                    "%s: another backup to that file is being made", c->path);
        if (check_part(c, &st, e) != 0)
                return -1;
        if (fchmod(c->fd, 0600) != 0 || ftruncate(c->fd, 0) != 0)
                return err_errno(e, ERR_IO, "%s: cannot write", c->part);
        return 0;
}

/* Which of the two failed. */
static int copy_error(struct cadb *from, struct cadb *to, int rc, struct err *e)
{
        switch (rc & 0xff) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL:
                return db_error(from, rc, e);
        }
        return rc == SQLITE_IOERR_READ ? db_error(from, rc, e)
                                       : db_error(to, rc, e);
}

static int copy_pages(struct cadb *from, struct cadb *to, struct err *e)
{
        sqlite3_backup *backup;
        int rc;

        backup = sqlite3_backup_init(to->sql, "main", from->sql, "main");
        if (backup == NULL)
                return db_error(to, sqlite3_extended_errcode(to->sql), e);
        rc = sqlite3_backup_step(backup, -1);
        sqlite3_backup_finish(backup);
        return rc == SQLITE_DONE ? 0 : copy_error(from, to, rc, e);
}

static int fill_part(struct cadb *db, const struct copy *c, struct err *e)
{
        char copy[PATH_MAX];
        struct cadb *to;
        int rc = -1;

        memcpy(copy, c->part, sizeof(copy));
        if (db_open(c->folder, basename(copy), SQLITE_OPEN_READWRITE,
                db->busy_ms, &to, e) != 0)
                return -1;
        if (db_exec(to, SQL_SETUP_COPY, e) == 0)
                rc = copy_pages(db, to, e);
        cadb_close(to);
        return rc;
}

/* No WAL: so who only looks at the copy leaves no other file beside it.
 * cadb_open_write takes that back. */
static int finish_part(const struct copy *c, struct err *e)
{
        static const uint8_t versions[] = {1, 1};

        if (pwrite(c->fd, versions, sizeof(versions), DATABASE_VERSIONS_AT) !=
            (ssize_t)sizeof(versions))
                return err_errno(e, ERR_IO, "%s: cannot write", c->part);
        if (fsync(c->fd) != 0)
                return err_errno(e, ERR_IO, "%s: cannot sync", c->part);
        return 0;
}

/* Looked at again: a long copy may have been overtaken. */
static int give_name(struct cadb *db, const struct copy *c, struct err *e)
{
        if (check_target(db, c, e) != 0)
                return -1;
        if (rename(c->part, c->path) != 0)
                return err_errno(e, ERR_IO, "%s: cannot make", c->path);
        return file_sync(c->folder, e);
}

int cadb_backup(struct cadb *db, const char *path, struct err *e)
{
        struct copy c = {.fd = -1};
        int rc = -1;

        if (name_parts(&c, path, e) != 0 || check_target(db, &c, e) != 0)
                return -1;
        if (open_part(&c, e) == 0) {
                if (fill_part(db, &c, e) == 0 && finish_part(&c, e) == 0)
                        rc = give_name(db, &c, e);
                if (rc != 0)
                        unlink(c.part);
        }
        /* After SQLite's own descriptor: see db_map_index. */
        if (c.fd >= 0)
                close(c.fd);
        return rc;
}
