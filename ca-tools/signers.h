/* The OCSP signers that the lab has: their rows, and their files in
 * DIR/responder. */
#ifndef OCSP_LAB_CA_SIGNERS_H
#define OCSP_LAB_CA_SIGNERS_H

#include "forge.h"
#include "lab.h"

/*
 * How many retired signers of a CA keep their file.  Nobody needs the key of a
 * retired one, and its answers carry the certificate; but a responder may be
 * about to read the file when it retires.
 */
enum { SIGNERS_RETIRED_KEPT = 2 };

/* Removes from DIR/responder what killed commands have left, and the keys of
 * retired signers.  Within the write lock, before a new file is written. */
int signers_sweep(const struct forge *f, struct err *e);

/* Rolls back, and removes what was written before; trusted: responder.pem too
 * goes back to what the rows say.  Does what can be done. */
void signers_undo(const struct forge *f, bool trusted);

/* The signer that the CAs of CADB_SIGNER_TRUSTED share: 1 and its certificate,
 * without key, and path; 0: there is none. */
int signers_trusted(const struct lab *lab, struct forge_pair *p,
    char path[CADB_PATH_MAX], struct err *e);

#endif
