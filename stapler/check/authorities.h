/* The CAs between the certificate and its trust anchor: a revoked one makes
 * every answer about the certificate worthless (RFC 5280 section 6.1.3). */
#ifndef OCSP_LAB_CHECK_AUTHORITIES_H
#define OCSP_LAB_CHECK_AUTHORITIES_H

#include "stapler/check/subject.h"

/*
 * Appends one step "issuer-status" for each CA of s->chain, the anchor apart:
 * by the staple that came with it (h may be NULL), else, if live, by asking
 * the responder that it names.  Where nothing can be learned it is a remark.
 * -1 only for our own failures.
 */
int authorities_judge(const struct subject *s, const struct handshake *h,
    bool live, struct report *r, struct err *e);

#endif
