/*
 * DIR/ca/NAME of a CA that is added to a lab which people use: nothing of
 * theirs is overwritten, and what a killed add-ca has left is.
 */
#ifndef OCSP_LAB_CA_CAFOLDER_H
#define OCSP_LAB_CA_CAFOLDER_H

#include "forge.h"

/* Makes the folder, with a mark in it.  Within the write lock, and only for a
 * name that no CA of the database has.  ERR_EXISTS if something is in the way
 * that has no mark. */
int cafolder_claim(const struct forge *f, const char *name, struct err *e);

/* After the commit: the mark goes.  Before a rollback: all of it. */
void cafolder_keep(const struct forge *f, const char *name);
void cafolder_discard(const struct forge *f, const char *name);

#endif
