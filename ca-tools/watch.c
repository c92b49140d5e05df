#include "watch.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/base.h"

/* For who writes without closing: so long nothing must have happened, and so
 * long at most is waited for that. */
enum { QUIET_MS = 200, PATIENCE_MS = 2000 };

/* The file as it is called, and what a symbolic link leads to. */
enum { PLACES_MAX = 2 };

struct place {
        int wd;
        char folder[PATH_MAX], name[NAME_MAX + 1];
};

struct watch {
        int inotify, signals;
        struct place places[PLACES_MAX];
        size_t places_len;
        bool pending; /* something has happened that may not be over */
        int64_t first_ms, last_ms;
};

#define WHOLE ((uint32_t)(IN_CLOSE_WRITE | IN_MOVED_TO))
#define PART                                                                   \
        ((uint32_t)(IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM |        \
                    IN_ATTRIB))
#define LOST ((uint32_t)(IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT))

static int add_place(struct watch *w, const char *path, struct err *e)
{
        struct place *p = &w->places[w->places_len];
        char copy[PATH_MAX];

        if (file_path(copy, sizeof(copy), e, "%s", path) != 0 ||
            file_path(p->folder, sizeof(p->folder), e, "%s", dirname(copy)) !=
                0 ||
            file_path(copy, sizeof(copy), e, "%s", path) != 0 ||
            file_path(p->name, sizeof(p->name), e, "%s", basename(copy)) != 0)
                return -1;
        p->wd = inotify_add_watch(
            w->inotify, p->folder, WHOLE | PART | LOST | IN_ONLYDIR);
        if (p->wd < 0)
                return err_errno(
                    e, ERR_OS, "%s: cannot be watched (inotify)", p->folder);
        w->places_len++;
        return 0;
}

static int catch_signals(struct watch *w, struct err *e)
{
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
                return err_errno(e, ERR_OS, "sigprocmask");
        w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return w->signals < 0 ? err_errno(e, ERR_OS, "signalfd") : 0;
}

int watch_open(const char *path, struct watch **out, struct err *e)
{
        struct watch *w = calloc(1, sizeof(*w));
        char real[PATH_MAX];

        *out = NULL;
        if (w == NULL)
                return err_set(e, ERR_OS, "out of memory");
        w->signals = -1;
        w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (w->inotify < 0)
                err_errno(e, ERR_OS, "inotify");
        else if (add_place(w, path, e) == 0 &&
                 (realpath(path, real) == NULL || add_place(w, real, e) == 0) &&
                 catch_signals(w, e) == 0) {
                *out = w;
                return 0;
        }
        watch_close(w);
        return -1;
}

void watch_close(struct watch *w)
{
        if (w == NULL)
                return;
        if (w->inotify >= 0)
                close(w->inotify);
        if (w->signals >= 0)
                close(w->signals);
        free(w);
}

static bool is_ours(const struct watch *w, const struct inotify_event *ev)
{
        size_t i;

        for (i = 0; i < w->places_len; i++)
                if (ev->wd == w->places[i].wd && ev->len > 0 &&
                    strcmp(ev->name, w->places[i].name) == 0)
                        return true;
        return false;
}

/* What the events in buffer come to: a change that is over, one that may not
 * be, or the end of the folder. */
static int judge(
    struct watch *w, const char *buffer, size_t len, bool *whole, struct err *e)
{
        const struct inotify_event *ev;
        size_t at;

        for (at = 0; at < len; at += sizeof(*ev) + ev->len) {
                ev = (const void *)(buffer + at);
                if ((ev->mask & LOST) != 0 || (ev->mask & IN_IGNORED) != 0)
                        return err_set(e, ERR_NOTFOUND,
                            "%s: is gone, so nothing in it can be watched",
                            w->places[0].folder);
                if ((ev->mask & IN_Q_OVERFLOW) != 0)
                        *whole = true;
                else if (is_ours(w, ev) && (ev->mask & WHOLE) != 0)
                        *whole = true;
                else if (is_ours(w, ev)) {
                        w->last_ms = monotonic_ms();
                        if (!w->pending)
                                w->first_ms = w->last_ms;
                        w->pending = true;
                }
        }
        return 0;
}

static int read_events(struct watch *w, bool *whole, struct err *e)
{
        _Alignas(struct inotify_event) char buffer[16384];
        ssize_t n;

        while ((n = read(w->inotify, buffer, sizeof(buffer))) > 0)
                if (judge(w, buffer, (size_t)n, whole, e) != 0)
                        return -1;
        if (n < 0 && errno != EAGAIN && errno != EINTR)
                return err_errno(e, ERR_OS, "inotify");
        return 0;
}

/* Until something pending is over: ms, or limit if that comes before. */
static int quiet_in(const struct watch *w, int limit)
{
        int64_t now = monotonic_ms(), at = w->last_ms + QUIET_MS;

        if (!w->pending)
                return limit;
        if (at > w->first_ms + PATIENCE_MS)
                at = w->first_ms + PATIENCE_MS;
        at = at > now ? at - now : 0;
        return limit >= 0 && limit < at ? limit : (int)at;
}

int watch_wait(
    struct watch *w, int timeout_ms, enum watch_event *out, struct err *e)
{
        struct pollfd fds[] = {
            {w->inotify, POLLIN, 0}, {w->signals, POLLIN, 0}};
        int64_t end = monotonic_ms() + timeout_ms;
        bool whole = false;
        int n, left = timeout_ms;

        for (;;) {
                n = poll(fds, 2, quiet_in(w, left));
                if (n < 0 && errno != EINTR)
                        return err_errno(e, ERR_OS, "poll");
                if (n > 0 && fds[1].revents != 0) {
                        *out = WATCH_STOP;
                        return 0;
                }
                if (read_events(w, &whole, e) != 0)
                        return -1;
                if (whole || (w->pending && quiet_in(w, -1) == 0)) {
                        w->pending = false;
                        *out = WATCH_CHANGED;
                        return 0;
                }
                if (timeout_ms < 0)
                        continue;
                left = end > monotonic_ms() ? (int)(end - monotonic_ms()) : 0;
                if (left == 0) {
                        *out = WATCH_TIMEOUT;
                        return 0;
                }
        }
}
