/*
 * The log of ocsp-responder: lines of text (base/log), or of JSON:
 *
 *   {"at": "2026-11-21T10:00:00Z", "level": "warn", "subsystem": "signer",
 *    "ca": "root", "text": "the OCSP signer of CA root ends in 4d"}
 */
#ifndef OCSP_LAB_RESPONDER_TELL_H
#define OCSP_LAB_RESPONDER_TELL_H

#include <stdbool.h>

#include "base/base.h"

/* path NULL: standard error.  Once, before threads start. */
int tell_open(const char *path, bool json, struct err *e);

/* Opens the same file anew, after it was renamed away.  -1 with errno if that
 * cannot be: lines go to the old one then. */
int tell_reopen(void);

/* Every request has a line then, not only the remarkable ones. */
bool tell_is_json(void);

/* Words of the form key=value or key="value" that come first are members of
 * the JSON object, what follows them is its text.  Peer text goes through
 * log_escape first. */
void tell(enum log_level level, const char *subsystem, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
