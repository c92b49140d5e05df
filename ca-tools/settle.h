/* Folders of certificates that a command has left without their names. */
#ifndef OCSP_LAB_CA_SETTLE_H
#define OCSP_LAB_CA_SETTLE_H

#include "lab.h"

/* Moves a folder to the name that its certificate has in the database, or
 * removes it if it has none.  A folder that is in its place is moved
 * likewise.  Under the lock on DIR/certs. */
int settle_folder(const struct lab *lab, const char *path, struct err *e);

/* The first step of it: 0 if the folder has the name now, 1 if it has, and
 * path is now the folder that had it before. */
int settle_name(
    const struct lab *lab, const char *path, const char *name, struct err *e);

/* The serial of the certificate in a folder: 1, or 0 if it holds none. */
int settle_serial(const char *folder, struct pki_serial *out, struct err *e);

/* Every folder in DIR/certs/.new whose maker is dead. */
int settle_all(const struct lab *lab, struct err *e);

/* Whether there is a folder at all, to look at nothing more if not. */
bool settle_is_due(const struct lab *lab);

#endif
