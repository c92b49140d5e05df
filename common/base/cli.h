/* What every program's main does the same way. */
#ifndef OCSP_LAB_CLI_H
#define OCSP_LAB_CLI_H

#include "base/err.h"

/* Prints "program: why" on standard error and returns the exit code. */
int cli_fail(const char *program, const struct err *e);

/* Exit of `--version`: prints "program VERSION" and returns 0. */
int cli_version(const char *program);

/* Flushes standard output.  A full disk or a closed pipe is a failure that
 * the caller must hear of: -1 with ERR_IO. */
int cli_flush(struct err *e);

#endif
