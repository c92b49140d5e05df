/* CRLReason, RFC 5280 section 5.3.1, as people write it. */
#ifndef OCSP_LAB_CA_REASON_H
#define OCSP_LAB_CA_REASON_H

#include "base/err.h"
#include "ocsp/ocsp.h"

/* A name in any case, or a number.  "unspecified" is OCSP_REASON_NONE: it
 * should be left out rather than written (RFC 5280 section 5.3.1).  ERR_USAGE
 * lists the names. */
int reason_parse(const char *text, int *out, struct err *e);

/* "keyCompromise"; "unspecified" for OCSP_REASON_NONE.  Static. */
const char *reason_name(int reason);

#endif
