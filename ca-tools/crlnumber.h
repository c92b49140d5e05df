/* The CRLNumber of a CRL on disk, without reading its entries. */
#ifndef OCSP_LAB_CA_CRLNUMBER_H
#define OCSP_LAB_CA_CRLNUMBER_H

#include <stdint.h>

#include "base/err.h"

/* Found -> 1; 0: there is no such file, or no CRL in DER with a number that we
 * could have given (RFC 5280 section 5.2.3) in it. */
int crlnumber_read(const char *path, uint64_t *out, struct err *e);

#endif
