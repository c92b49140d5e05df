/* The row of a CA, from its certificate. */
#ifndef OCSP_LAB_CA_CAROW_H
#define OCSP_LAB_CA_CAROW_H

#include "cadb/cadb.h"
#include "pki/pki.h"

/*
 * Fills all that the certificate and the name say: paths below DIR/ca/NAME
 * (no key path unless key_here), validity, hashes (RFC 6960 section 4.1.1),
 * DER.  The rest is zero: the model is CADB_SIGNER_DELEGATED, the parent is
 * the CA itself.  ERR_DATA if the certificate is too large for a row.
 */
int carow_fill(struct cadb_ca *row, const char *name, X509 *cert, bool key_here,
    struct err *e);

/* ERR_USAGE, with the rule that it breaks, if a CA cannot have that name. */
int carow_check_name(const char *name, struct err *e);

/* It ends like the file of a delta CRL: A-delta.crl would be both the CRL of
 * that CA and the delta CRL of A. */
bool carow_names_delta(const char *name);

#endif
