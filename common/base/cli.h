/* What every program's main does the same way. */
#ifndef OCSP_LAB_CLI_H
#define OCSP_LAB_CLI_H

#include "base/err.h"

/* First of all: a caller that closed its standard descriptors must not have
 * ours take those numbers, or what we print ends up in them. */
void cli_hold_descriptors(void);

/* What getopt_long refuses: c is the ':' or '?' that it returned for argv
 * (with opterr 0, and ':' in front of the short options).  Returns -1. */
int cli_bad_option(const char *program, int c, char **argv, struct err *e);

/* Prints "program: why" on standard error and returns the exit code. */
int cli_fail(const char *program, const struct err *e);

/* Exit of `--version`: prints "program VERSION" and returns 0. */
int cli_version(const char *program);

/* Flushes standard output.  A full disk or a closed pipe is a failure that
 * the caller must hear of: -1 with ERR_IO. */
int cli_flush(struct err *e);

#endif
