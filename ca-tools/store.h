/*
 * The files of issued certificates: DIR/certs/NAME/{cert,key,chain,fullchain}
 * .pem.
 *
 * A folder is made aside, in DIR/certs/.new/NAME.SERIAL, between cadb_begin
 * and cadb_commit, and gets its name after the commit.  So wherever a kill
 * strikes: a folder under its name has its row, and a folder aside belongs
 * either to a row that waits for it, or to nobody.  Who holds the database's
 * write lock can tell which, because no other process is between begin and
 * commit then.
 */
#ifndef OCSP_LAB_CA_STORE_H
#define OCSP_LAB_CA_STORE_H

#include "lab.h"
#include "pki/pki.h"

struct store_entry {
        const char *name;
        struct pki_serial serial;
        struct span cert, key, chain, fullchain; /* PEM */
};

/* Writes the folder aside, to last.  Between cadb_begin and cadb_commit. */
int store_stage(
    const struct lab *lab, const struct store_entry *entry, struct err *e);

/* Removes it again, before cadb_rollback. */
void store_discard(const struct lab *lab, const struct store_entry *entry);

/* Gives it its name, after cadb_commit. */
int store_publish(
    const struct lab *lab, const struct store_entry *entry, struct err *e);

/* Publishes or removes what killed processes have left aside. */
int store_recover(const struct lab *lab, struct err *e);

/* Writes a file of the lab: to last, unless the lab is temporary. */
int store_write(bool temporary, const char *path, struct span data, mode_t mode,
    struct err *e);

#endif
