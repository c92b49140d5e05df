/*
 * The certificates that are served, as they stand on disk: read at the start,
 * and again by roster_scan, which is due when something changes in a folder
 * that has one of their files, when somebody asks for it, and now and then
 * (some file systems tell nobody).  A renewed certificate takes
 * the place of the old one once it has a staple; one that can't be read leaves
 * the old one where it is.
 */
#ifndef OCSP_LAB_STAPLER_ROSTER_H
#define OCSP_LAB_STAPLER_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "base/err.h"
#include "stapler/options.h"
#include "stapler/site.h"
#include "stapler/tls/tls.h"

enum { ROSTER_SCAN_MS = 60000 };

/* What tells one state of a file from the next. */
struct file_mark {
        ino_t inode;
        off_t size;
        struct timespec changed;
};

struct roster_entry {
        char name[LAB_NAME_MAX + 1];
        char *fullchain, *chain, *key; /* paths; chain may be NULL */
        struct file_mark marks[3];     /* of the three */
        bool marked;                   /* they were looked at */
        struct site *site;             /* NULL: see error */
        struct site *successor;        /* not served yet; NULL: none */
        struct err error;              /* of the last reading */
};

struct roster {
        struct keeper *keeper;
        struct tls *tls;
        const struct options *options;
        char folder[PATH_MAX]; /* "" with --cert */
        enum pki_key_mode mode;
        bool all; /* whatever is in folder */
        bool serving;
        struct roster_entry *entries;
        size_t len;
        int watch; /* inotify; -1: none */
        int64_t scanned_ms;
};

/* Everything that was named must be there and readable.  Of a whole folder,
 * what can't be read is logged and left out. */
int roster_open(struct roster *r, struct keeper *k, struct tls *tls,
    const struct options *o, struct err *e);
void roster_close(struct roster *r);

/* Begins to watch, if the folder is there: see watch. */
void roster_watch(struct roster *r);

/* Reads anew what has changed on disk. */
void roster_scan(struct roster *r);
/* Takes what the watch reports: true if a scan is due. */
bool roster_poll(struct roster *r);

void roster_tick(struct roster *r);
void roster_replan(struct roster *r);

/* Looks which scenarios are set. */
void roster_look(struct roster *r);
/* The site with the same names and another kind of key; NULL: none. */
const struct site *roster_twin(const struct roster *r, const struct site *site);

/* All have a staple, or have tried. */
bool roster_is_settled(const struct roster *r);

/* NULL if there is none of that name. */
struct roster_entry *roster_find(const struct roster *r, const char *name);

#endif
