/*
 * The files of issued certificates: DIR/certs/NAME/{cert,key,chain,fullchain}
 * .pem.
 *
 * The folders of one command are made in a folder of its own,
 * DIR/certs/.new/PID.XXXXXX/, and get their names after the rows are
 * committed.  So wherever a kill strikes: a folder under its name has its row,
 * and a folder aside belongs either to a row that waits for it, or to nobody.
 *
 * Two locks (flock, which ends with its process) keep commands apart.  The one
 * on the folder aside says that its maker lives; without it the next command
 * that writes settles what is in there, by what the database says of the
 * certificates.  The one on DIR/certs is taken between cadb_begin and
 * cadb_commit and kept until the folders have their names, so folders get
 * their names in the order of the commits.
 */
#ifndef OCSP_LAB_CA_STORE_H
#define OCSP_LAB_CA_STORE_H

#include "lab.h"
#include "pki/pki.h"

struct store_entry {
        const char *name;
        struct pki_serial serial;
        struct span cert, chain, fullchain; /* PEM */
        struct span key;                    /* PEM; empty: not here */
};

/* One command's folders.  Zero it before. */
struct store {
        const struct lab *lab;
        char path[PATH_MAX]; /* of the folder aside; "": none yet */
        int aside, certs;    /* open folders */
        bool sync_each;      /* few: each file for itself */
        bool committed;      /* what is still aside waits for its name */
};

/* Makes the folder aside, for about that many certificates. */
int store_open(
    struct store *s, const struct lab *lab, size_t expected, struct err *e);

/* Removes what is aside, unless store_commit was called; unlocks. */
void store_close(struct store *s);

/* Writes the folder of a certificate aside. */
int store_stage(
    struct store *s, const struct store_entry *entry, struct err *e);

/* That folder's path, until it has its name. */
int store_aside(const struct store *s, const char *name,
    const struct pki_serial *serial, char out[PATH_MAX], struct err *e);

/* All that is aside to last.  Nothing for a temporary lab. */
int store_sync(struct store *s, struct err *e);

/* Waits for other commands whose folders do not have their names yet, at most
 * CADB_BUSY_MS; then settles what killed ones have left.  After cadb_begin. */
int store_lock(struct store *s, struct err *e);

/* Whether a certificate can have that folder; before is the serial of the one
 * whose name it takes over, len 0: none.  ERR_EXISTS if it cannot: what would
 * fail after the commit must fail before it. */
int store_check(
    const struct store *s, const char *name, struct span before, struct err *e);

/* Tells that the rows are committed. */
void store_committed(struct store *s);

/* Gives a folder its name, at once, so that readers never miss one of that
 * name.  The folder that had it goes where the database says. */
int store_publish(struct store *s, const char *name,
    const struct pki_serial *serial, struct err *e);

/* All names to last. */
int store_publish_end(const struct store *s, struct err *e);

/* Publishes or removes what killed commands have left aside, as far as it
 * can; leaves alone what living ones are at.  Who issues hears of a failure
 * from store_lock; who revokes need not. */
void store_recover(const struct lab *lab);

/* Writes a file of the lab: to last, unless the lab is temporary. */
int store_write(bool temporary, const char *path, struct span data, mode_t mode,
    struct err *e);

#endif
