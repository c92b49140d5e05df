/*
 * Whether the path to ca.db may lead elsewhere now.
 *
 * To look at the path costs as much as all else of an answer that is kept.  But
 * the kernel notes what happens to DIR, and to the folders above it, before the
 * call that does it returns: while nothing is noted, nothing has happened.
 */
#include "cadb/db.h"

#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <string.h>
#include <unistd.h>

/* Those above may be unreadable, and then nothing is told of them. */
static void watch_above(int watch, char *path)
{
        char *slash;

        while ((slash = strrchr(path, '/')) != NULL && slash != path) {
                *slash = '\0';
                inotify_add_watch(watch, path, IN_MOVE_SELF | IN_ONLYDIR);
        }
}

/* Leaves -1 where the kernel has no watch for us. */
static void open_place(struct cadb *db)
{
        char path[PATH_MAX];
        char *slash;

        memcpy(path, db->absolute, sizeof(path));
        slash = strrchr(path, '/');
        if (slash == NULL || slash == path)
                return;
        *slash = '\0';
        db->place = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (db->place < 0)
                return;
        if (inotify_add_watch(db->place, path,
                IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF) >= 0) {
                watch_above(db->place, path);
                return;
        }
        close(db->place);
        db->place = -1;
}

bool cadb_may_be_gone(struct cadb *db)
{
        uint8_t events[4096];
        int waiting = 0;

        if (db->place < 0) {
                open_place(db);
                return true;
        }
        if (ioctl(db->place, FIONREAD, &waiting) == 0 && waiting == 0)
                return false;
        while (read(db->place, events, sizeof(events)) > 0)
                ;
        return true;
}
