/* A word in time about OCSP signers that come to their end. */
#ifndef OCSP_LAB_CA_SIGNER_NOTE_H
#define OCSP_LAB_CA_SIGNER_NOTE_H

#include "lab.h"

/* One line on standard error if there is such a one; never fails. */
void signer_note(const struct lab *lab);

#endif
