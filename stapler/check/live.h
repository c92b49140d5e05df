/* A live answer: the request, the URLs in turn, GET or POST. */
#ifndef OCSP_LAB_CHECK_LIVE_H
#define OCSP_LAB_CHECK_LIVE_H

#include "stapler/check/report.h"
#include "stapler/check/subject.h"

/*
 * Asks the responder about s->leaf, and judges what it says.  Nothing is asked
 * if a step of *r failed already.  -1 only for our own failures; a responder
 * that is away or answers nonsense is an outcome.
 */
int live_ask(const struct subject *s, struct report *r, struct err *e);

/* The request that would be asked, without an URL, into a file. */
int live_save_request(const struct subject *s, const char *path, struct err *e);

#endif
