/* Shared by roster.c and roster_open.c only. */
#ifndef OCSP_LAB_STAPLER_ROSTER_INTERNAL_H
#define OCSP_LAB_STAPLER_ROSTER_INTERNAL_H

#include "stapler/roster.h"

/* Adds an entry that nothing is read of yet.  chain may be NULL. */
int roster_add(struct roster *r, const char *name, const char *fullchain,
    const char *chain, const char *key, struct err *e);
/* FOLDER/NAME/{fullchain,chain,key}.pem, if that name is not there already;
 * with --certs the key may be privkey.pem. */
int roster_add_named(struct roster *r, const char *name, struct err *e);
/* Adds whatever the folder holds, subfolders as above and, with --certs,
 * NAME.key beside NAME.pem or NAME.crt. */
int roster_list(struct roster *r, struct err *e);
/* Watches the folders of all files, as far as that can be. */
void roster_watch_files(const struct roster *r);

/* Serves the site in the place of the entry's old one, which is freed.  On
 * failure the site stays the caller's. */
int roster_install(
    struct roster *r, struct roster_entry *n, struct site *site, struct err *e);

#endif
