/*
 * What clients of the lab trust: DIR/root.pem, with every root of the
 * database, and DIR/responder.pem, with the signers of CADB_SIGNER_TRUSTED.
 */
#ifndef OCSP_LAB_CA_ANCHORS_H
#define OCSP_LAB_CA_ANCHORS_H

#include "forge.h"
#include "lab.h"

/* Writes root.pem anew if it lacks a root of the database; what somebody has
 * added to it stays.  Within the write lock. */
int anchors_roots(const struct forge *f, struct err *e);

/* The same where a kill after the commit of a new root may have left the old
 * root.pem.  Takes the write lock if there is something to do. */
int anchors_recover(const struct lab *lab, struct err *e);

/*
 * Writes responder.pem: fresh (NULL: none) first, for clients that read only
 * one, then the current signers, then those that were trusted before, all that
 * are still valid, since answers of theirs are about.  Within the write lock,
 * and before the commit that lets fresh sign.
 */
int anchors_responders(const struct forge *f, X509 *fresh, struct err *e);

#endif
