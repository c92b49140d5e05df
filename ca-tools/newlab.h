/* The directory of a new lab: claimed, filled, then there. */
#ifndef OCSP_LAB_CA_NEWLAB_H
#define OCSP_LAB_CA_NEWLAB_H

#include "cadb/cadb.h"

/*
 * Makes dir with an empty database, and lets fill put CAs, their files and
 * rows into it, inside a transaction; the folders ca, responder, certs and crl
 * are there then.  Waits for another one who makes the same.  ca.db appears
 * last, so the lab is there complete or not at all: what a failure leaves is
 * removed, what a kill leaves (known by ca.db.new) is overwritten by the next
 * call.
 *
 * ERR_EXISTS if there is a lab, or something in the way of one.
 */
int newlab_make(const char *dir, const struct cadb_settings *s,
    int (*fill)(struct cadb *db, void *arg, struct err *e), void *arg,
    struct err *e);

#endif
