#include "newlab.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "cadb/write.h"
#include "scenario.h"

static bool exists(const char *dir, const char *name)
{
        char path[PATH_MAX];
        struct stat st;

        return file_path(path, sizeof(path), NULL, "%s/%s", dir, name) == 0 &&
               lstat(path, &st) == 0;
}

static const struct {
        const char *name;
        mode_t mode; /* of a folder; 0: a file */
} ours[] = {
    {"ca", 0700}, /* keys inside */
    {"responder", 0700},
    {"certs", 0755},
    {"certs/.new", 0755},
    {"crl", 0755},
    {"root.pem", 0},
    {"responder.pem", 0},
    {"clock", 0},
};
enum { OURS_LEN = sizeof(ours) / sizeof(ours[0]) };

static int remove_ours(const char *dir, struct err *e)
{
        char path[PATH_MAX];
        size_t i;

        for (i = 0; i < OURS_LEN; i++)
                if (file_path(path, sizeof(path), e, "%s/%s", dir,
                        ours[i].name) != 0 ||
                    file_remove_tree(path, e) != 0)
                        return -1;
        return 0;
}

/* "ca.db.new" tells that what lies there is of one that was killed. */
static int clear_way(const char *dir, struct err *e)
{
        size_t i;

        if (exists(dir, "ca.db.new"))
                return remove_ours(dir, e) != 0 ? -1
                                                : file_remove_temps(dir, e);
        for (i = 0; i < OURS_LEN; i++)
                if (exists(dir, ours[i].name))
                        return err_set(e, ERR_EXISTS,
                            "%s/%s: in the way, though no CA is there: name "
                            "another directory with --dir",
                            dir, ours[i].name);
        return 0;
}

/* The lock goes with the process that holds it. */
static int claim(const char *dir, int *lock, struct err *e)
{
        if (file_mkdir(dir, 0755, e) != 0)
                return -1;
        *lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (*lock < 0 || flock(*lock, LOCK_EX) != 0)
                return err_errno(e, ERR_IO, "%s", dir);
        if (exists(dir, "ca.db"))
                return err_set(e, ERR_EXISTS,
                    "%s: there is a CA already: remove the directory, or name "
                    "another one with --dir",
                    dir);
        return clear_way(dir, e);
}

static int make_folders(const char *dir, struct err *e)
{
        char path[PATH_MAX];
        size_t i;

        for (i = 0; i < OURS_LEN; i++)
                if (ours[i].mode != 0 &&
                    (file_path(path, sizeof(path), e, "%s/%s", dir,
                         ours[i].name) != 0 ||
                        file_mkdir(path, ours[i].mode, e) != 0))
                        return -1;
        return 0;
}

/* What file_write has not: the clock, the names of the folders.  The one above
 * DIR may be unreadable for us, and then DIR was there before. */
static int sync_rest(const char *dir, struct err *e)
{
        static const char *const names[] = {"clock", "ca", "certs", "."};
        char path[PATH_MAX];
        size_t i;

        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (file_path(path, sizeof(path), e, "%s/%s", dir, names[i]) !=
                        0 ||
                    file_sync(path, e) != 0)
                        return -1;
        if (file_path(path, sizeof(path), e, "%s/..", dir) != 0)
                return -1;
        file_sync(path, NULL);
        return 0;
}

/* What one call of newlab_make is about. */
struct plan {
        const char *dir;
        const struct cadb_settings *settings;
        int (*fill)(struct cadb *db, void *arg, struct err *e);
        void *arg;
};

static int build(const struct plan *p, struct err *e)
{
        struct cadb *db;

        if (cadb_create(p->dir, p->settings, &db, e) != 0)
                return -1;
        if (make_folders(p->dir, e) != 0 || labclock_create(p->dir, e) != 0 ||
            scenario_tell_first(p->dir, p->settings, e) != 0 ||
            cadb_begin(db, e) != 0 || p->fill(db, p->arg, e) != 0 ||
            (!p->settings->temporary && sync_rest(p->dir, e) != 0) ||
            cadb_commit(db, e) != 0) {
                cadb_rollback(db);
                cadb_close(db);
                return -1;
        }
        return cadb_publish(db, e);
}

/* The mark of an unfinished one goes last, in case that this is killed. */
static void undo(const char *dir)
{
        bool published = exists(dir, "ca.db");

        if (!published && remove_ours(dir, NULL) == 0)
                cadb_unmake(dir, NULL);
}

int newlab_make(const char *dir, const struct cadb_settings *s,
    int (*fill)(struct cadb *db, void *arg, struct err *e), void *arg,
    struct err *e)
{
        struct plan plan = {dir, s, fill, arg};
        bool new_folder = access(dir, F_OK) != 0;
        int lock = -1;
        int rc = claim(dir, &lock, e);

        if (rc == 0) {
                rc = build(&plan, e);
                if (rc != 0)
                        undo(dir);
                if (rc != 0 && new_folder)
                        rmdir(dir);
        }
        if (lock >= 0)
                close(lock);
        return rc;
}
