/* Which files a folder of certificates has, and news of all that are served. */
#include "stapler/roster.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/base.h"
#include "stapler/roster_internal.h"

/* ---- news ---------------------------------------------------------------- */

/* A file that was replaced, written in place, or may be read at last. */
enum {
        NEWS = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
               IN_CLOSE_WRITE | IN_ATTRIB | IN_ONLYDIR,
};

/* What cannot be watched is seen by the scan that time alone makes due. */
static void watch_folder(const struct roster *r, const char *path)
{
        if (r->watch >= 0)
                (void)inotify_add_watch(r->watch, path, NEWS);
}

static void watch_folder_of(const struct roster *r, const char *path)
{
        const char *slash = strrchr(path, '/');
        char folder[PATH_MAX];

        if (slash == NULL)
                watch_folder(r, ".");
        else if (file_path(folder, sizeof(folder), NULL, "%.*s/",
                     (int)(slash - path), path) == 0)
                watch_folder(r, folder);
}

void roster_watch_files(const struct roster *r)
{
        size_t i;

        for (i = 0; i < r->len; i++) {
                watch_folder_of(r, r->entries[i].fullchain);
                watch_folder_of(r, r->entries[i].key);
        }
}

void roster_watch(struct roster *r)
{
        if (r->watch >= 0)
                return;
        r->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (r->watch < 0 || r->folder[0] == '\0' ||
            inotify_add_watch(r->watch, r->folder, NEWS) >= 0)
                return;
        close(r->watch);
        r->watch = -1;
}

bool roster_poll(struct roster *r)
{
        char events[4096];
        bool any = false;

        while (r->watch >= 0 && read(r->watch, events, sizeof(events)) > 0)
                any = true;
        return any;
}

/* ---- layouts ------------------------------------------------------------- */

static bool is_there(const char *path)
{
        return access(path, F_OK) == 0;
}

/* certbot calls it privkey.pem; a lab has its own names only. */
static int key_path(
    const struct roster *r, const char *name, char out[PATH_MAX], struct err *e)
{
        char other[PATH_MAX];

        if (file_path(out, PATH_MAX, e, "%s/%s/key.pem", r->folder, name) !=
                0 ||
            file_path(
                other, PATH_MAX, e, "%s/%s/privkey.pem", r->folder, name) != 0)
                return -1;
        if (r->options->folder != NULL && !is_there(out) && is_there(other))
                memcpy(out, other, PATH_MAX);
        return 0;
}

/* The key of an entry that could not be read may have come under its other
 * name. */
static int point_at_key(struct roster_entry *n, const char *key, struct err *e)
{
        char *copy;

        if (n->site != NULL || strcmp(n->key, key) == 0)
                return 0;
        copy = strdup(key);
        if (copy == NULL)
                return err_set(e, ERR_OS, "out of memory");
        free(n->key);
        n->key = copy;
        return 0;
}

int roster_add_named(struct roster *r, const char *name, struct err *e)
{
        struct roster_entry *there = roster_find(r, name);
        char fullchain[PATH_MAX], chain[PATH_MAX], key[PATH_MAX];

        if (file_path(fullchain, PATH_MAX, e, "%s/%s/fullchain.pem", r->folder,
                name) != 0 ||
            file_path(chain, PATH_MAX, e, "%s/%s/chain.pem", r->folder, name) !=
                0 ||
            key_path(r, name, key, e) != 0)
                return -1;
        if (there == NULL)
                return roster_add(r, name, fullchain, chain, key, e);
        if (strcmp(there->fullchain, fullchain) == 0)
                return point_at_key(there, key, e);
        return 0;
}

static int add_subfolder(struct roster *r, const char *name, struct err *e)
{
        char path[PATH_MAX];

        if (file_path(path, PATH_MAX, e, "%s/%s", r->folder, name) != 0)
                return -1;
        watch_folder(r, path);
        if (file_path(
                path, PATH_MAX, e, "%s/%s/fullchain.pem", r->folder, name) != 0)
                return -1;
        return is_there(path) ? roster_add_named(r, name, e) : 0;
}

/* FOLDER/NAME.key, with NAME.pem or NAME.crt beside it. */
static int add_pair(struct roster *r, const char *file, struct err *e)
{
        static const char *const ends[] = {"pem", "crt"};
        size_t i, len = strlen(file);
        char name[LAB_NAME_MAX + 1], fullchain[PATH_MAX], key[PATH_MAX];

        if (r->options->folder == NULL || len < 5 ||
            strcmp(file + len - 4, ".key") != 0)
                return 0;
        snprintf(name, sizeof(name), "%.*s", (int)len - 4, file);
        if (roster_find(r, name) != NULL)
                return 0;
        if (file_path(key, PATH_MAX, e, "%s/%s", r->folder, file) != 0)
                return -1;
        for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
                if (file_path(fullchain, PATH_MAX, e, "%s/%s.%s", r->folder,
                        name, ends[i]) != 0)
                        return -1;
                if (is_there(fullchain))
                        return roster_add(r, name, fullchain, NULL, key, e);
        }
        return 0;
}

int roster_list(struct roster *r, struct err *e)
{
        DIR *d = opendir(r->folder);
        struct dirent *one;
        int rc = 0;

        if (d == NULL)
                return err_errno(e, ERR_IO, "%s", r->folder);
        while (rc == 0 && (one = readdir(d)) != NULL) {
                if (!lab_name_valid(one->d_name))
                        continue;
                rc = add_subfolder(r, one->d_name, e);
                if (rc == 0)
                        rc = add_pair(r, one->d_name, e);
        }
        closedir(d);
        return rc;
}
