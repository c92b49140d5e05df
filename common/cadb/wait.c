/*
 * Waiting for a commit.
 *
 * The stamp says whether something was committed, but wakes nobody: it lies in
 * mapped memory.  The kernel tells of every write to a file of DIR, and of the
 * touch with which cadb_commit ends, so one watch of the folder does; it
 * outlives the WAL, which comes and goes.
 */
#include "cadb/db.h"

#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <sys/inotify.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
        /* What no event tells: a folder above DIR moved away, a file system
         * without events. */
        HEARTBEAT_MS = 10000,
        /* Without inotify: the limit of fs.inotify.max_user_instances. */
        POLL_MS = 100,
        /* Events of a long transaction are taken in heaps. */
        NAP_MS = 1,
        /* A writer that is not ours writes first and commits a little later,
         * with no event: look again after 2, 4, ... ms. */
        SETTLE_FIRST_MS = 2,
        SETTLE_LAST_MS = 512,
};

/* Leaves -1 where the kernel has no watch for us. */
static void open_watch(struct cadb *db)
{
        char path[PATH_MAX];

        if (db->watch >= 0)
                return;
        db->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (db->watch < 0)
                return;
        /* The file itself, where ca.db is a symbolic link. */
        if (file_path(path, sizeof(path), NULL, "%s",
                sqlite3_db_filename(db->sql, "main")) == 0 &&
            inotify_add_watch(db->watch, dirname(path),
                IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE |
                    IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF) >= 0)
                return;
        close(db->watch);
        db->watch = -1;
}

static int64_t now_ms(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int look(struct cadb *db, const struct cadb_stamp *since, struct err *e)
{
        struct cadb_stamp now;

        if (cadb_is_gone(db))
                return err_set(e, ERR_NOTFOUND,
                    "%s: was removed or replaced since it was opened: start "
                    "again",
                    db->path);
        if (cadb_stamp_take(db, &now, e) != 0)
                return -1;
        return !cadb_stamp_equal(&now, since);
}

static int step_after_silence(const struct cadb *db, int step)
{
        if (db->watch < 0)
                return POLL_MS;
        return step < SETTLE_LAST_MS ? 2 * step : HEARTBEAT_MS;
}

/* Until the kernel tells something or *step ms have passed; then *step is how
 * long to doze next time.  False: a signal came. */
static bool doze(struct cadb *db, int64_t left, int *step)
{
        struct pollfd p = {.fd = db->watch, .events = POLLIN};
        uint8_t events[4096];
        int n = poll(&p, 1, left < *step ? (int)left : *step);

        if (n <= 0) {
                *step = step_after_silence(db, *step);
                return n == 0 || errno != EINTR;
        }
        if (poll(NULL, 0, NAP_MS) < 0)
                return false;
        while (read(db->watch, events, sizeof(events)) > 0)
                ;
        *step = SETTLE_FIRST_MS;
        return true;
}

int cadb_wait_change(struct cadb *db, const struct cadb_stamp *since,
    int timeout_ms, struct err *e)
{
        int64_t left, end = now_ms() + timeout_ms;
        int rc, step;

        open_watch(db);
        /* What came before the watch may still be on its way. */
        step = db->watch >= 0 ? SETTLE_FIRST_MS : POLL_MS;
        for (;;) {
                rc = look(db, since, e);
                if (rc != 0)
                        return rc;
                left = timeout_ms < 0 ? HEARTBEAT_MS : end - now_ms();
                if (left <= 0 || !doze(db, left, &step))
                        return 0;
        }
}
