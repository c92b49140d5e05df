#include "settle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- whose folder is it -------------------------------------------------- */

int settle_serial(const char *folder, struct pki_serial *out, struct err *e)
{
        struct err why = ERR_INIT;
        char path[PATH_MAX];
        X509 *cert = NULL;

        if (file_path(path, sizeof(path), e, "%s/cert.pem", folder) != 0)
                return -1;
        if (pki_cert_load(path, &cert, &why) == 0) {
                *out = pki_serial_of(cert);
                X509_free(cert);
                return out->len > 0;
        }
        /* A folder that was never finished, or is none. */
        if (why.code == ERR_NOTFOUND || why.code == ERR_DATA)
                return 0;
        return err_set(e, why.code, "%s", why.text);
}

/* 1: the database has that folder's certificate under that name; 0: not. */
static int name_of(const struct lab *lab, const char *folder,
    char name[CADB_NAME_MAX + 1], struct err *e)
{
        struct pki_serial serial;
        struct cadb_cert row;
        int found = settle_serial(folder, &serial, e);

        if (found == 1)
                found = cadb_cert_find_serial(lab->db, 0,
                    (struct span){serial.octets, serial.len}, &row, e);
        if (found == 1)
                memcpy(name, row.name, sizeof(row.name));
        return found == 1 ? row.name[0] != '\0' : found;
}

/* ---- names --------------------------------------------------------------- */

/* Where the file system cannot exchange two names, there is none for a
 * moment, and three folders aside if a kill strikes. */
static int swap(const char *path, const char *named, struct err *e)
{
        char old[PATH_MAX];

        if (renameat2(AT_FDCWD, path, AT_FDCWD, named, RENAME_EXCHANGE) == 0)
                return 0;
        if (errno != EINVAL && errno != ENOSYS)
                return err_errno(e, ERR_IO, "%s", named);
        if (file_path(old, sizeof(old), e, "%s.old", path) != 0)
                return -1;
        if (rename(named, old) != 0 || rename(path, named) != 0 ||
            rename(old, path) != 0)
                return err_errno(e, ERR_IO, "%s", named);
        return 0;
}

/* Puts the folder in the place of one that is to go elsewhere. */
static int take_over(const struct lab *lab, const char *path, const char *named,
    const char *name, struct err *e)
{
        char other[CADB_NAME_MAX + 1];
        int found = name_of(lab, named, other, e);

        if (found < 0)
                return -1;
        if (found == 0 || strcmp(other, name) == 0)
                return err_set(e, ERR_EXISTS,
                    "%s: in the way: a certificate of that name is issued, but "
                    "its files have to stay in %s: move it away, and the next "
                    "'ocsp-ca issue' brings them",
                    named, path);
        return swap(path, named, e) == 0 ? 1 : -1;
}

int settle_name(
    const struct lab *lab, const char *path, const char *name, struct err *e)
{
        char named[PATH_MAX];
        int saved;

        if (file_path(named, sizeof(named), e, "%s/certs/%s", lab->dir, name) !=
            0)
                return -1;
        if (rename(path, named) == 0)
                return 0;
        saved = errno;
        if (saved == ENOTEMPTY || saved == EEXIST)
                return take_over(lab, path, named, name, e);
        errno = saved;
        return err_errno(e, ERR_IO,
            "%s: issued, but its files have to stay in %s", named, path);
}

int settle_folder(const struct lab *lab, const char *path, struct err *e)
{
        char name[CADB_NAME_MAX + 1];
        int found, rc, tries = 3; /* "www", "www@1", and no circle */

        do {
                found = name_of(lab, path, name, e);
                if (found < 0)
                        return -1;
                if (found == 0)
                        return file_remove_tree(path, e);
                rc = settle_name(lab, path, name, e);
        } while (rc == 1 && --tries > 0);
        return rc < 0 ? -1 : 0;
}

/* ---- what the dead have left --------------------------------------------- */

static int settle_inside(
    const struct lab *lab, DIR *dir, const char *aside, struct err *e)
{
        struct dirent *entry;
        char path[PATH_MAX];

        while ((entry = readdir(dir)) != NULL) {
                if (strcmp(entry->d_name, ".") == 0 ||
                    strcmp(entry->d_name, "..") == 0)
                        continue;
                if (file_path(path, sizeof(path), e, "%s/%s", aside,
                        entry->d_name) != 0 ||
                    settle_folder(lab, path, e) != 0)
                        return -1;
        }
        return file_remove_tree(aside, e);
}

static int settle_one(const struct lab *lab, const char *name, struct err *e)
{
        char aside[PATH_MAX];
        int fd, rc = 0;
        DIR *dir;

        if (file_path(aside, sizeof(aside), e, "%s/certs/.new/%s", lab->dir,
                name) != 0)
                return -1;
        fd = open(aside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return 0;
        if (fd < 0 && errno == ENOTDIR)
                return file_remove_tree(aside, e);
        if (fd < 0)
                return err_errno(e, ERR_IO, "%s", aside);
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
                close(fd); /* its maker lives */
                return 0;
        }
        dir = fdopendir(fd);
        if (dir == NULL) {
                close(fd);
                return err_errno(e, ERR_OS, "%s", aside);
        }
        rc = settle_inside(lab, dir, aside, e);
        closedir(dir);
        return rc;
}

static int open_new(const struct lab *lab, DIR **out, struct err *e)
{
        char path[PATH_MAX];

        if (file_path(path, sizeof(path), e, "%s/certs/.new", lab->dir) != 0)
                return -1;
        *out = opendir(path);
        if (*out == NULL && errno != ENOENT)
                return err_errno(e, ERR_IO, "%s", path);
        return 0;
}

int settle_all(const struct lab *lab, struct err *e)
{
        struct dirent *entry;
        DIR *dir;
        int rc;

        rc = open_new(lab, &dir, e);
        if (dir == NULL)
                return rc;
        while (rc == 0 && (entry = readdir(dir)) != NULL)
                if (entry->d_name[0] != '.')
                        rc = settle_one(lab, entry->d_name, e);
        closedir(dir);
        return rc;
}

bool settle_is_due(const struct lab *lab)
{
        struct dirent *entry;
        bool due = false;
        DIR *dir;

        if (open_new(lab, &dir, NULL) != 0)
                return true; /* settle_all says why */
        while (dir != NULL && !due && (entry = readdir(dir)) != NULL)
                due = entry->d_name[0] != '.';
        if (dir != NULL)
                closedir(dir);
        return due;
}
