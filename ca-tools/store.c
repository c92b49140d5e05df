#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cadb/write.h"

int store_write(bool temporary, const char *path, struct span data, mode_t mode,
    struct err *e)
{
        return temporary ? file_write_fast(path, data.data, data.len, mode, e)
                         : file_write(path, data.data, data.len, mode, e);
}

static int aside_path(char out[PATH_MAX], const struct lab *lab,
    const struct store_entry *entry, struct err *e)
{
        char serial[PKI_SERIAL_TEXT_MAX];

        pki_serial_text(
            (struct span){entry->serial.octets, entry->serial.len}, serial);
        return file_path(out, PATH_MAX, e, "%s/certs/.new/%s.%s", lab->dir,
            entry->name, serial);
}

static int final_path(
    char out[PATH_MAX], const struct lab *lab, const char *name, struct err *e)
{
        return file_path(out, PATH_MAX, e, "%s/certs/%s", lab->dir, name);
}

static int sync_name(const struct lab *lab, const char *path, struct err *e)
{
        return lab->settings.temporary ? 0 : file_sync(path, e);
}

static int sync_certs(const struct lab *lab, const char *sub, struct err *e)
{
        char path[PATH_MAX];

        if (file_path(path, sizeof(path), e, "%s/certs%s", lab->dir, sub) != 0)
                return -1;
        return sync_name(lab, path, e);
}

/* A new file in a folder that nobody else knows of yet. */
static int write_new(const struct lab *lab, const char *folder,
    const char *name, struct span data, mode_t mode, struct err *e)
{
        char path[PATH_MAX];

        if (file_path(path, sizeof(path), e, "%s/%s.pem", folder, name) != 0 ||
            file_write_fast(path, data.data, data.len, mode, e) != 0)
                return -1;
        return sync_name(lab, path, e);
}

/* The folder for new ones may be gone from a copy: git keeps no empty ones. */
static int make_aside(char out[PATH_MAX], const struct lab *lab,
    const struct store_entry *entry, struct err *e)
{
        char parent[PATH_MAX];

        if (file_path(parent, sizeof(parent), e, "%s/certs/.new", lab->dir) !=
                0 ||
            file_mkdir(parent, 0755, e) != 0 ||
            aside_path(out, lab, entry, e) != 0)
                return -1;
        if (mkdir(out, 0755) != 0)
                return err_errno(e, ERR_IO, "%s: cannot make folder", out);
        return 0;
}

int store_stage(
    const struct lab *lab, const struct store_entry *entry, struct err *e)
{
        char path[PATH_MAX];
        struct stat st;

        /* What would fail after the commit must fail before it. */
        if (file_path(path, sizeof(path), e, "%s/certs", lab->dir) != 0)
                return -1;
        if (access(path, W_OK | X_OK) != 0)
                return err_errno(e, ERR_IO, "%s", path);
        if (final_path(path, lab, entry->name, e) != 0)
                return -1;
        if (lstat(path, &st) == 0)
                return err_set(e, ERR_EXISTS,
                    "%s: in the way, but the database has no certificate of "
                    "that name: move it away",
                    path);
        if (make_aside(path, lab, entry, e) != 0)
                return -1;
        if (write_new(lab, path, "key", entry->key, 0600, e) != 0 ||
            write_new(lab, path, "cert", entry->cert, 0644, e) != 0 ||
            write_new(lab, path, "chain", entry->chain, 0644, e) != 0 ||
            write_new(lab, path, "fullchain", entry->fullchain, 0644, e) != 0 ||
            sync_name(lab, path, e) != 0 || sync_certs(lab, "/.new", e) != 0) {
                store_discard(lab, entry);
                return -1;
        }
        return 0;
}

void store_discard(const struct lab *lab, const struct store_entry *entry)
{
        char path[PATH_MAX];

        if (aside_path(path, lab, entry, NULL) == 0)
                file_remove_tree(path, NULL);
}

/* Two processes may do this for the same folder: the one that issued it, and
 * one that recovers in between.  The later one finds it done. */
static int give_name(
    const struct lab *lab, const char *aside, const char *name, struct err *e)
{
        char path[PATH_MAX];
        struct stat st;
        int saved;

        if (final_path(path, lab, name, e) != 0)
                return -1;
        if (rename(aside, path) != 0) {
                saved = errno;
                if (saved == ENOENT && stat(path, &st) == 0)
                        return 0;
                errno = saved;
                return err_errno(e, ERR_IO,
                    "%s: issued, but its files have to stay in %s", path,
                    aside);
        }
        return sync_certs(lab, "", e);
}

int store_publish(
    const struct lab *lab, const struct store_entry *entry, struct err *e)
{
        char aside[PATH_MAX];

        if (aside_path(aside, lab, entry, e) != 0)
                return -1;
        return give_name(lab, aside, entry->name, e);
}

/* Splits "NAME.SERIAL" (the name may hold dots, the serial does not). */
static bool split(
    const char *folder, char name[NAME_MAX + 1], struct pki_serial *serial)
{
        char *dot;

        snprintf(name, NAME_MAX + 1, "%s", folder);
        dot = strrchr(name, '.');
        if (dot == NULL || pki_serial_parse(dot + 1, serial, NULL) != 0)
                return false;
        *dot = '\0';
        return lab_name_valid(name);
}

/* 1: the database has that certificate under that name; 0: not. */
static int has_row(const struct lab *lab, const char *name,
    const struct pki_serial *serial, struct err *e)
{
        struct cadb_cert row;
        int found = cadb_cert_find_name(lab->db, name, &row, e);

        if (found != 1)
                return found;
        return span_equal((struct span){row.serial, row.serial_len},
            (struct span){serial->octets, serial->len});
}

/* Under the write lock. */
static int recover_one(const struct lab *lab, const char *folder, struct err *e)
{
        char aside[PATH_MAX], name[NAME_MAX + 1];
        struct pki_serial serial;
        int found = 0;

        if (file_path(aside, sizeof(aside), e, "%s/certs/.new/%s", lab->dir,
                folder) != 0)
                return -1;
        if (split(folder, name, &serial))
                found = has_row(lab, name, &serial, e);
        if (found < 0)
                return -1;
        return found == 1 ? give_name(lab, aside, name, e)
                          : file_remove_tree(aside, e);
}

static int recover_all(const struct lab *lab, DIR *aside, struct err *e)
{
        struct dirent *entry;

        rewinddir(aside);
        while ((entry = readdir(aside)) != NULL)
                if (entry->d_name[0] != '.' &&
                    recover_one(lab, entry->d_name, e) != 0)
                        return -1;
        return 0;
}

static bool has_entries(DIR *dir)
{
        struct dirent *entry;

        while ((entry = readdir(dir)) != NULL)
                if (entry->d_name[0] != '.')
                        return true;
        return false;
}

int store_recover(const struct lab *lab, struct err *e)
{
        char path[PATH_MAX];
        DIR *aside;
        int rc = 0;

        if (file_path(path, sizeof(path), e, "%s/certs/.new", lab->dir) != 0)
                return -1;
        aside = opendir(path);
        if (aside == NULL && errno == ENOENT)
                return 0;
        if (aside == NULL)
                return err_errno(e, ERR_IO, "%s", path);
        if (has_entries(aside)) {
                rc = cadb_begin(lab->db, e);
                if (rc == 0)
                        rc = recover_all(lab, aside, e);
                cadb_rollback(lab->db);
        }
        closedir(aside);
        return rc;
}
