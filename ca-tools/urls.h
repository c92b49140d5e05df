/* The OCSP URLs of a new lab. */
#ifndef OCSP_LAB_CA_URLS_H
#define OCSP_LAB_CA_URLS_H

#include "cadb/cadb.h"

/* Adds what --ocsp-url says: the first is where the lab's responder is. */
int urls_add(struct cadb_settings *s, const char *url, struct err *e);

/* Without any: a free port of the loopback, taken, noted, let go.  The
 * responder takes it again; 'ocsp-lab up' holds the socket itself and passes
 * --ocsp-url. */
int urls_choose(struct cadb_settings *s, struct err *e);

#endif
