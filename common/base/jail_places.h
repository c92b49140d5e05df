/*
 * The list of places for base/jail, put together.  What cannot be named (a
 * path that is too long) is none that could be needed, and is left out.
 */
#ifndef OCSP_LAB_JAIL_PLACES_H
#define OCSP_LAB_JAIL_PLACES_H

#include "base/jail.h"

/* Zeroed memory is an empty list. */
struct jail_places {
        struct jail_place *list; /* its paths are owned */
        size_t len;
        bool failed; /* out of memory */
};

/* folder and name, one behind the other. */
void jail_add(struct jail_places *p, enum jail_access access,
    const char *folder, const char *name);

/* The folder of path. */
void jail_add_above(
    struct jail_places *p, enum jail_access access, const char *path);

/* The folder of path, and where path leads to if it is a link. */
void jail_add_file(
    struct jail_places *p, enum jail_access access, const char *path);

/* What a log is opened anew with: a file is made where its name is, or if that
 * is a link, where it leads to; a device or a pipe stays what it is. */
void jail_add_log(struct jail_places *p, const char *log);

/* What the C library opens when it is first used, or finds a name. */
void jail_add_libc(struct jail_places *p);
void jail_add_resolver(struct jail_places *p);

enum jail_kind {
        JAIL_OFF,
        JAIL_NO_PRIVS, /* only no_new_privs: the kernel has no Landlock */
        JAIL_LANDLOCK,
};

/* "off", "no_new_privs", "landlock" */
const char *jail_kind_name(enum jail_kind k);

/* Enters (see jail_enter), after which no core dump is made either: keys would
 * be in it.  Releases p. */
int jail_lock(
    struct jail_places *p, bool connects, enum jail_kind *out, struct err *e);

#endif
