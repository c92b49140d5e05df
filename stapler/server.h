/* The running server: listeners, the event loop, signals. */
#ifndef OCSP_LAB_STAPLER_SERVER_H
#define OCSP_LAB_STAPLER_SERVER_H

#include "base/err.h"
#include "stapler/options.h"

/* Returns 0 when it was told to stop, by SIGTERM or SIGINT. */
int serve(const struct options *o, struct err *e);

#endif
