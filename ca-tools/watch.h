/*
 * Follows a file by inotify on the folder that it is in, so that it may be
 * replaced by rename (openssl, most editors) or written in place.
 */
#ifndef OCSP_LAB_CA_WATCH_H
#define OCSP_LAB_CA_WATCH_H

#include "base/err.h"

enum watch_event {
        WATCH_CHANGED, /* look at the file again */
        WATCH_TIMEOUT,
        WATCH_STOP, /* SIGTERM, SIGINT or SIGHUP came */
};

struct watch;

/* From now on no change is missed, and those signals only end watch_wait.
 * One per process. */
int watch_open(const char *path, struct watch **out, struct err *e);
void watch_close(struct watch *w); /* NULL is fine */

/*
 * Waits for a change, at most timeout_ms (-1: for ever).  A file that was
 * replaced or closed after writing has changed at once, one that is being
 * written once nothing has happened to it for a moment.  ERR_NOTFOUND when the
 * folder is gone.
 */
int watch_wait(
    struct watch *w, int timeout_ms, enum watch_event *out, struct err *e);

#endif
