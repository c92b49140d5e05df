/*
 * What is inside TLS goes to another TCP service as it is, and back.
 *
 * Each direction ends for itself: the client's close_notify is the service's
 * end of input, and the other way round.  A client that goes without a word
 * (which may be somebody who cut the connection) is no end of input: the
 * service's connection is closed too.  Per connection and direction, no more
 * than one record waits; whoever sends more waits himself.
 */
#ifndef OCSP_LAB_RELAY_H
#define OCSP_LAB_RELAY_H

#include "base/err.h"
#include "stapler/engine/engine.h"

enum {
        RELAY_CONNECT_MS = 5000,
        RELAY_IDLE_MS = 3600000, /* nothing in either direction */
        RELAY_HALF_MS = 60000,   /* the same, once one of them has ended */
};

struct relay;

/* where: "HOST:PORT", "[::1]:PORT".  A name is looked up now, once; its
 * addresses are tried in order.  ERR_USAGE if it is no such thing. */
int relay_new(const char *where, struct relay **out, struct err *e);
void relay_free(struct relay *r); /* after the engine; NULL is fine */

/* Logs, once a second at most, that the service cannot be reached. */
struct engine_service relay_service(struct relay *r);

#endif
