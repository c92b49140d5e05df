/*
 * What a server gives up once all is open, before the first byte of a peer is
 * read: see base/jail.  It keeps DIR for reading (CAs, signers and CRLs that
 * come later), and the folder of its log for a new file at SIGHUP.
 *
 * The keys of DIR stay within reach, those of the CAs too: a CA that signs its
 * own answers may be added, or become one, while the server runs.  To keep
 * them from it is the business of file modes and of the unit file.
 */
#ifndef OCSP_LAB_RESPONDER_CONFINE_H
#define OCSP_LAB_RESPONDER_CONFINE_H

#include "base/jail_places.h"
#include "responder/options.h"

/* Holds for the calling thread and those that it starts afterwards.  Nothing
 * can be written then below the folder of --ready-file, no socket bound. */
int confine(const struct options *o, enum jail_kind *out, struct err *e);

#endif
