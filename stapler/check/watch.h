/* --watch: look again and again, and tell of changes. */
#ifndef OCSP_LAB_CHECK_WATCH_H
#define OCSP_LAB_CHECK_WATCH_H

#include "stapler/check/options.h"

/*
 * Prints a line for the first look, and for each one that finds another
 * outcome, serial, status, reason or thisUpdate than the one before; until
 * SIGINT or SIGTERM, at once also in the middle of a look, which ends the
 * process with exit code 0.  Returns only for our own failures: -1.
 */
int watch(const struct options *o, struct err *e);

#endif
