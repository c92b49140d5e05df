#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cadb/write.h"
#include "settle.h"

/* From so many certificates on, to write out the whole file system once is
 * quicker than to wait for each file. */
enum { SYNC_EACH_MAX = 16 };

/* How often a lock that others have is tried again. */
enum { LOCK_PAUSE_MS = 5 };

int store_write(bool temporary, const char *path, struct span data, mode_t mode,
    struct err *e)
{
        return temporary ? file_write_fast(path, data.data, data.len, mode, e)
                         : file_write(path, data.data, data.len, mode, e);
}

/* ---- the folder aside ---------------------------------------------------- */

/* A new folder with its lock.  1: another command has seen it before it was
 * locked, taken it for a dead one's, and removed it. */
static int try_claim(struct store *s, struct err *e)
{
        struct stat open_, named;

        if (file_path(s->path, sizeof(s->path), e, "%s/certs/.new/%ld.XXXXXX",
                s->lab->dir, (long)getpid()) != 0)
                return -1;
        if (mkdtemp(s->path) == NULL) {
                err_errno(e, ERR_IO, "%s: cannot make folder", s->path);
                s->path[0] = '\0';
                return -1;
        }
        s->aside = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s->aside < 0 && errno == ENOENT)
                return 1;
        if (s->aside < 0 || flock(s->aside, LOCK_EX) != 0 ||
            fstat(s->aside, &open_) != 0)
                return err_errno(e, ERR_IO, "%s: cannot lock", s->path);
        if (stat(s->path, &named) == 0 && open_.st_ino == named.st_ino &&
            open_.st_dev == named.st_dev)
                return 0;
        close(s->aside);
        s->aside = -1;
        return 1;
}

static int claim(struct store *s, struct err *e)
{
        int rc;

        while ((rc = try_claim(s, e)) == 1)
                continue;
        return rc;
}

int store_open(
    struct store *s, const struct lab *lab, size_t expected, struct err *e)
{
        char path[PATH_MAX];

        *s = (struct store){.lab = lab,
            .aside = -1,
            .certs = -1,
            .sync_each = expected <= SYNC_EACH_MAX};
        if (file_path(path, sizeof(path), e, "%s/certs", lab->dir) != 0)
                return -1;
        s->certs = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        /* What would fail after the commit must fail before it. */
        if (s->certs < 0 || access(path, W_OK | X_OK) != 0)
                return err_errno(e, ERR_IO, "%s", path);
        /* It may be gone from a copy: git keeps no empty folders. */
        if (file_path(path, sizeof(path), e, "%s/certs/.new", lab->dir) != 0 ||
            file_mkdir(path, 0755, e) != 0)
                return -1;
        return claim(s, e);
}

void store_close(struct store *s)
{
        if (s->lab == NULL)
                return;
        /* rmdir fails if something still waits for its name. */
        if (s->path[0] != '\0' && s->committed)
                rmdir(s->path);
        else if (s->path[0] != '\0')
                file_remove_tree(s->path, NULL);
        if (s->aside >= 0)
                close(s->aside);
        if (s->certs >= 0)
                close(s->certs);
        *s = (struct store){.lab = NULL};
}

/* ---- files --------------------------------------------------------------- */

static int sync_fd(const struct store *s, int fd)
{
        return s->sync_each && !s->lab->settings.temporary ? fsync(fd) : 0;
}

static int write_all(int fd, struct span data)
{
        ssize_t n;

        for (; data.len > 0; data.data += n, data.len -= (size_t)n) {
                n = write(fd, data.data, data.len);
                if (n < 0 && errno == EINTR)
                        n = 0;
                else if (n < 0)
                        return -1;
        }
        return 0;
}

/* A new file in a folder that nobody else knows of yet. */
static int put(const struct store *s, int folder, const char *name,
    struct span data, mode_t mode)
{
        int fd = openat(folder, name,
            O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        int rc = -1, saved;

        if (fd < 0)
                return -1;
        if (write_all(fd, data) == 0 && fchmod(fd, mode) == 0)
                rc = sync_fd(s, fd);
        saved = errno;
        if (close(fd) != 0)
                return -1;
        errno = saved;
        return rc;
}

static int put_all(
    const struct store *s, int folder, const struct store_entry *entry)
{
        if ((entry->key.len > 0 &&
                put(s, folder, "key.pem", entry->key, 0600) != 0) ||
            put(s, folder, "cert.pem", entry->cert, 0644) != 0 ||
            put(s, folder, "chain.pem", entry->chain, 0644) != 0 ||
            put(s, folder, "fullchain.pem", entry->fullchain, 0644) != 0)
                return -1;
        return sync_fd(s, folder);
}

/* The name aside: the certificate's own may be that of another folder here. */
static int aside_name(char out[NAME_MAX + 1], const char *name,
    const struct pki_serial *serial, struct err *e)
{
        char text[PKI_SERIAL_TEXT_MAX];

        return file_path(out, NAME_MAX + 1, e, "%s.%s", name,
            pki_serial_text((struct span){serial->octets, serial->len}, text));
}

int store_aside(const struct store *s, const char *name,
    const struct pki_serial *serial, char out[PATH_MAX], struct err *e)
{
        char aside[NAME_MAX + 1];

        if (aside_name(aside, name, serial, e) != 0)
                return -1;
        return file_path(out, PATH_MAX, e, "%s/%s", s->path, aside);
}

int store_stage(struct store *s, const struct store_entry *entry, struct err *e)
{
        char name[NAME_MAX + 1];
        int folder = -1, rc;

        if (aside_name(name, entry->name, &entry->serial, e) != 0)
                return -1;
        if (mkdirat(s->aside, name, 0755) != 0 ||
            (folder = openat(
                 s->aside, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
            put_all(s, folder, entry) != 0)
                rc = err_errno(e, ERR_IO, "%s/%s: cannot write", s->path, name);
        else
                rc = 0;
        if (folder >= 0)
                close(folder);
        return rc;
}

int store_sync(struct store *s, struct err *e)
{
        char parent[PATH_MAX];

        if (s->lab->settings.temporary)
                return 0;
        if ((s->sync_each ? fsync(s->aside) : syncfs(s->aside)) != 0)
                return err_errno(e, ERR_IO, "%s: cannot sync", s->path);
        if (file_path(
                parent, sizeof(parent), e, "%s/certs/.new", s->lab->dir) != 0)
                return -1;
        return file_sync(parent, e);
}

/* ---- names --------------------------------------------------------------- */

int store_lock(struct store *s, struct err *e)
{
        const struct timespec pause = {0, LOCK_PAUSE_MS * 1000 * 1000};
        int64_t end = monotonic_ms() + CADB_BUSY_MS;

        while (flock(s->certs, LOCK_EX | LOCK_NB) != 0) {
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return err_errno(
                            e, ERR_IO, "%s/certs: cannot lock", s->lab->dir);
                if (monotonic_ms() >= end)
                        return err_set(e, ERR_TRYLATER,
                            "%s/certs: another ocsp-ca is at work there for "
                            "more than %d s: try again later",
                            s->lab->dir, CADB_BUSY_MS / 1000);
                nanosleep(&pause, NULL);
        }
        return settle_all(s->lab, e);
}

/* A folder that the database knows nothing of stays as it is. */
static int in_the_way(const char *path, struct err *e)
{
        return err_set(e, ERR_EXISTS,
            "%s: in the way, but the database has no certificate of that "
            "name: move it away",
            path);
}

int store_check(
    const struct store *s, const char *name, struct span before, struct err *e)
{
        char path[PATH_MAX];
        struct pki_serial serial;
        struct stat st;
        int found;

        if (file_path(
                path, sizeof(path), e, "%s/certs/%s", s->lab->dir, name) != 0)
                return -1;
        if (lstat(path, &st) != 0)
                return errno == ENOENT ? 0 : err_errno(e, ERR_IO, "%s", path);
        if (before.len == 0)
                return in_the_way(path, e);
        if (!S_ISDIR(st.st_mode))
                return err_set(e, ERR_EXISTS,
                    "%s: is no folder, so another cannot take its place: move "
                    "it away",
                    path);
        found = settle_serial(path, &serial, e);
        if (found < 0)
                return -1;
        if (found == 1 &&
            span_equal((struct span){serial.octets, serial.len}, before))
                return 0;
        return err_set(e, ERR_EXISTS,
            "%s: does not hold the certificate that the database has under "
            "that name: move it away",
            path);
}

void store_committed(struct store *s)
{
        s->committed = true;
}

int store_publish(struct store *s, const char *name,
    const struct pki_serial *serial, struct err *e)
{
        char path[PATH_MAX];
        int rc;

        if (store_aside(s, name, serial, path, e) != 0)
                return -1;
        rc = settle_name(s->lab, path, name, e);
        return rc == 1 ? settle_folder(s->lab, path, e) : rc;
}

int store_publish_end(const struct store *s, struct err *e)
{
        if (!s->lab->settings.temporary && fsync(s->certs) != 0)
                return err_errno(
                    e, ERR_IO, "%s/certs: cannot sync", s->lab->dir);
        return 0;
}

/* ---- recovery ------------------------------------------------------------ */

void store_recover(const struct lab *lab)
{
        char path[PATH_MAX];
        int fd;

        if (!settle_is_due(lab) ||
            file_path(path, sizeof(path), NULL, "%s/certs", lab->dir) != 0)
                return;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return;
        /* Only within the write lock what has no row will never have one.
         * Who has the lock on the folder does this too. */
        if (cadb_begin(lab->db, NULL) == 0) {
                if (flock(fd, LOCK_EX | LOCK_NB) == 0)
                        settle_all(lab, NULL);
                cadb_rollback(lab->db);
        }
        close(fd);
}
