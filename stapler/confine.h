/*
 * What ocsp-stapler gives up once its listeners are open and its certificates
 * are read, before the first byte of a peer: see base/jail.
 *
 * It keeps its certificates and keys, which may be replaced; its store; what
 * finding a responder's address needs; and connections to responders.  Of a
 * lab it sees only certs/ and staples/, unless responder.pem is there: the keys
 * of the CAs and of their signers are none of its business.
 */
#ifndef OCSP_LAB_STAPLER_CONFINE_H
#define OCSP_LAB_STAPLER_CONFINE_H

#include "base/jail_places.h"
#include "stapler/roster.h"

/* Holds for the calling thread and
 * those that it starts afterwards.  store may be NULL. */
int confine(const struct options *o, const struct roster *r, const char *store,
    enum jail_kind *out, struct err *e);

#endif
