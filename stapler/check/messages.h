/* Handshake messages that carry certificates and staples; for handshake.c. */
#ifndef OCSP_LAB_CHECK_MESSAGES_H
#define OCSP_LAB_CHECK_MESSAGES_H

#include "stapler/check/handshake.h"

/* Takes what a handshake message of the server holds, header included; others
 * than Certificate and CertificateStatus are passed over.  A message that
 * cannot be read adds nothing: OpenSSL refuses it by itself. */
void messages_take(struct handshake *h, bool tls13, struct span message);

#endif
