/*
 * Log lines of the programs: one line per event,
 *
 *   2026-11-21T10:00:00Z info staple cert=www state=good next="in 2d"
 *
 * Rooms under common/ never call this.  Text from a peer goes through
 * log_escape first.
 */
#ifndef OCSP_LAB_LOG_H
#define OCSP_LAB_LOG_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum log_level { LOG_DEBUG_, LOG_INFO_, LOG_WARN_, LOG_ERROR_ };

/* Where lines go: NULL = standard error; else a file, appended.  Once, before
 * threads start. */
int log_open(const char *path, enum log_level lowest, struct err *e);

/* Opens the same file anew, after it was renamed away.  -1 with errno if that
 * cannot be: lines go to the old one then. */
int log_reopen(void);

/*
 * From now on a line is an object of JSON:
 *
 *   {"at":"2026-11-21T10:00:00Z","level":"info","subsystem":"staple",
 *    "cert":"www","state":"good","next":"in 2d"}
 *
 * Words of the form key=value or key="value" that come first are members of
 * it, what follows them is "text".  Once, before threads start.
 */
void log_as_json(void);

/* One write(2) per line, cut at 2 KiB: lines of threads never mix. */
void log_line(enum log_level level, const char *subsystem, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

enum { LOG_ESCAPED_MAX = 256 };

/* Printable ASCII stays, the rest, quotes and backslashes become \xHH; cut
 * with "..." at the size. */
const char *log_escape(struct span in, char out[LOG_ESCAPED_MAX]);

#endif
