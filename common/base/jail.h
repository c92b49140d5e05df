/*
 * A server gives up what it does not need, once all is open and before the
 * first byte of a peer is read: no new privileges, and by Landlock (where the
 * kernel has it, Linux 5.13) no files but those named, no new TCP, no signals
 * to others.  Open descriptors stay as they are.
 *
 * It holds for the calling thread and those that it starts afterwards, so
 * call it before any.
 */
#ifndef OCSP_LAB_JAIL_H
#define OCSP_LAB_JAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum jail_access {
        JAIL_READ,
        JAIL_WRITE, /* read too; below a folder also make, rename, remove */
        JAIL_MAKE,  /* below a folder make files and write; all else is not
                       included: neither read nor rename nor remove */
};

/* A file, or a folder with all below it.  What is absent or cannot be reached
 * stays so: it is passed over. */
struct jail_place {
        const char *path;
        enum jail_access access;
};

struct jail_spec {
        const struct jail_place *places;
        size_t len;
        bool connects; /* may open TCP connections; never may it listen anew */
};

/* This build and this kernel have Landlock. */
bool jail_possible(void);

/* *on: by Landlock too, not only without new privileges. */
int jail_enter(const struct jail_spec *spec, bool *on, struct err *e);

#endif
