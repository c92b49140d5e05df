/* Of base/log only. */
#ifndef OCSP_LAB_LOG_JSON_H
#define OCSP_LAB_LOG_JSON_H

#include "base/buf.h"

/* Appends the object and a newline. */
void log_json_line(struct buf *out, const char *at, const char *level,
    const char *subsystem, const char *body);

#endif
