#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_path(char *out, size_t size, struct err *e, const char *fmt, ...)
{
        va_list ap;
        int n;

        va_start(ap, fmt);
        n = vsnprintf(out, size, fmt, ap);
        va_end(ap);
        if (n < 0 || (size_t)n >= size)
                return err_set(e, ERR_USAGE, "%.60s...: path too long", out);
        return 0;
}

static int read_fd(
    int fd, const char *path, size_t limit, struct buf *out, struct err *e)
{
        uint8_t chunk[16384];
        size_t total = 0;
        ssize_t n;

        while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return err_errno(e, ERR_IO, "%s", path);
                total += (size_t)n;
                if (total > limit)
                        return err_set(e, ERR_DATA,
                            "%s: larger than the limit of %zu bytes", path,
                            limit);
                buf_append(out, chunk, (size_t)n);
        }
        if (out->failed)
                return err_set(e, ERR_OS, "%s: out of memory", path);
        return 0;
}

int file_read(const char *path, size_t limit, struct buf *out, struct err *e)
{
        int fd, rc;

        if (strcmp(path, "-") == 0)
                return read_fd(STDIN_FILENO, "standard input", limit, out, e);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return err_errno(e, ERR_IO, "%s", path);
        rc = read_fd(fd, path, limit, out, e);
        close(fd);
        return rc;
}

int file_sync(const char *path, struct err *e)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        int rc = 0;

        if (fd < 0)
                return err_errno(e, ERR_IO, "%s", path);
        if (fsync(fd) != 0)
                rc = err_errno(e, ERR_IO, "%s: cannot sync", path);
        close(fd);
        return rc;
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
        ssize_t n;

        while (len > 0) {
                n = write(fd, data, len);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -1;
                data += n;
                len -= (size_t)n;
        }
        return 0;
}

/* Makes a file of its own beside path, open for writing.  A name that a killed
 * process left behind is passed over: in containers process ids repeat. */
static int open_temp(char *temp, size_t size, const char *path, struct err *e)
{
        static unsigned counter;
        int fd, tries = 1000;

        do {
                if (file_path(temp, size, e, "%s.%ld.%u.tmp", path,
                        (long)getpid(),
                        __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED)) != 0)
                        return -1;
                fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        } while (fd < 0 && errno == EEXIST && --tries > 0);
        if (fd < 0)
                return err_errno(e, ERR_IO, "%s: cannot write", path);
        return fd;
}

int file_remove_temps(const char *folder, struct err *e)
{
        /* As open_temp names them. */
        static const char pattern[] = "?*.+([0-9]).+([0-9]).tmp";
        DIR *dir = opendir(folder);
        struct dirent *entry;
        int rc = 0;

        if (dir == NULL)
                return err_errno(e, ERR_IO, "%s", folder);
        while (rc == 0 && (entry = readdir(dir)) != NULL)
                if (fnmatch(pattern, entry->d_name, FNM_EXTMATCH) == 0 &&
                    unlinkat(dirfd(dir), entry->d_name, 0) != 0 &&
                    errno != ENOENT)
                        rc = err_errno(e, ERR_IO, "%s/%s: cannot remove",
                            folder, entry->d_name);
        closedir(dir);
        return rc;
}

/* Closes fd in any case. */
static int fill(int fd, struct span data, mode_t mode, bool durable)
{
        int saved;

        if (fchmod(fd, mode) == 0 && write_all(fd, data.data, data.len) == 0 &&
            (!durable || fsync(fd) == 0))
                return close(fd);
        saved = errno;
        close(fd);
        errno = saved;
        return -1;
}

static int sync_parent(const char *path, struct err *e)
{
        char copy[PATH_MAX];

        if (file_path(copy, sizeof(copy), e, "%s", path) != 0)
                return -1;
        return file_sync(dirname(copy), e);
}

static int replace(const char *path, struct span data, mode_t mode,
    bool durable, struct err *e)
{
        char temp[PATH_MAX];
        int fd = open_temp(temp, sizeof(temp), path, e);

        if (fd < 0)
                return -1;
        if (fill(fd, data, mode, durable) != 0 || rename(temp, path) != 0) {
                err_errno(e, ERR_IO, "%s: cannot write", path);
                unlink(temp);
                return -1;
        }
        return durable ? sync_parent(path, e) : 0;
}

/* A rename would put a file in the place of the device, pipe or link. */
static bool is_special(const char *path)
{
        struct stat st;

        return lstat(path, &st) == 0 && !S_ISREG(st.st_mode) &&
               !S_ISDIR(st.st_mode);
}

static int write_through(
    const char *path, struct span data, mode_t mode, struct err *e)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
        int rc = 0;

        if (fd < 0)
                return err_errno(e, ERR_IO, "%s: cannot write", path);
        if (write_all(fd, data.data, data.len) != 0)
                rc = err_errno(e, ERR_IO, "%s: cannot write", path);
        if (close(fd) != 0 && rc == 0)
                rc = err_errno(e, ERR_IO, "%s: cannot write", path);
        return rc;
}

static int write_file(const char *path, struct span data, mode_t mode,
    bool durable, struct err *e)
{
        if (is_special(path))
                return write_through(path, data, mode, e);
        return replace(path, data, mode, durable, e);
}

int file_write(
    const char *path, const void *data, size_t len, mode_t mode, struct err *e)
{
        return write_file(path, (struct span){data, len}, mode, true, e);
}

int file_write_fast(
    const char *path, const void *data, size_t len, mode_t mode, struct err *e)
{
        return write_file(path, (struct span){data, len}, mode, false, e);
}

int file_mkdir(const char *path, mode_t mode, struct err *e)
{
        char copy[PATH_MAX];
        struct stat st;
        char *p;

        if (file_path(copy, sizeof(copy), e, "%s", path) != 0)
                return -1;
        for (p = copy + strlen(copy); p > copy + 1 && p[-1] == '/'; p--)
                p[-1] = '\0';
        for (p = copy + 1; *p != '\0'; p++) {
                if (*p != '/')
                        continue;
                *p = '\0';
                if (mkdir(copy, 0777) != 0 && errno != EEXIST)
                        return err_errno(
                            e, ERR_IO, "%s: cannot make folder", copy);
                *p = '/';
        }
        if (mkdir(copy, mode) == 0)
                return 0;
        if (errno == EEXIST && stat(copy, &st) == 0 && S_ISDIR(st.st_mode))
                return 0;
        return err_errno(e, ERR_IO, "%s: cannot make folder", copy);
}

static int remove_one(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st, (void)type, (void)ftw;
        return remove(path) != 0 && errno != ENOENT ? -1 : 0;
}

int file_remove_tree(const char *path, struct err *e)
{
        if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 &&
            errno != ENOENT)
                return err_errno(e, ERR_IO, "%s: cannot remove", path);
        return 0;
}
