#include "cafolder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

static int folder_path(
    char out[PATH_MAX], const struct forge *f, const char *name, struct err *e)
{
        return file_path(out, PATH_MAX, e, "%s/ca/%s", f->dir, name);
}

static int mark_path(
    char out[PATH_MAX], const struct forge *f, const char *name, struct err *e)
{
        return file_path(out, PATH_MAX, e, "%s/ca/%s/unfinished", f->dir, name);
}

/* Empty, or with the mark, or not there. */
static int clear(const struct forge *f, const char *name, struct err *e)
{
        char folder[PATH_MAX], mark[PATH_MAX];
        struct stat st;

        if (folder_path(folder, f, name, e) != 0 ||
            mark_path(mark, f, name, e) != 0)
                return -1;
        if (lstat(folder, &st) != 0)
                return errno == ENOENT ? 0 : err_errno(e, ERR_IO, "%s", folder);
        if (lstat(mark, &st) == 0)
                return file_remove_tree(folder, e);
        if (rmdir(folder) == 0)
                return 0;
        return err_set(e, ERR_EXISTS,
            "%s: in the way, but the database has no CA of that name: move it "
            "away",
            folder);
}

int cafolder_claim(const struct forge *f, const char *name, struct err *e)
{
        char folder[PATH_MAX], mark[PATH_MAX];
        int fd;

        if (clear(f, name, e) != 0 || folder_path(folder, f, name, e) != 0 ||
            mark_path(mark, f, name, e) != 0 ||
            file_mkdir(folder, 0700, e) != 0)
                return -1;
        /* In one step: anything else in there would not be known as ours. */
        fd = open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                return err_errno(e, ERR_IO, "%s: cannot write", mark);
        close(fd);
        return 0;
}

void cafolder_keep(const struct forge *f, const char *name)
{
        char mark[PATH_MAX];

        if (mark_path(mark, f, name, NULL) == 0)
                unlink(mark);
}

void cafolder_discard(const struct forge *f, const char *name)
{
        char folder[PATH_MAX];

        if (folder_path(folder, f, name, NULL) == 0)
                file_remove_tree(folder, NULL);
}
