/* Shared by the files of this room. */
#ifndef OCSP_LAB_RESPONDER_ISSUER_INTERNAL_H
#define OCSP_LAB_RESPONDER_ISSUER_INTERNAL_H

#include <openssl/x509.h>

#include "responder/issuer/issuer.h"

/* May cert sign answers for ca?  -1 with ERR_CONFIG if not.  path is named in
 * the text.  warning: ERR_TEXT_MAX, filled if something is odd. */
int signer_check(X509 *cert, X509 *ca, enum cadb_signer_model model,
    const char *path, char *warning, struct err *e);

/* If both have the same signer, what was said of it need not be said again.
 * old may be NULL. */
void issuer_inherit(struct issuer *i, const struct issuer *old);

#endif
