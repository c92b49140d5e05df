/* A list in a file: line by line, in constant memory. */
#ifndef OCSP_LAB_CA_LINES_H
#define OCSP_LAB_CA_LINES_H

#include <stddef.h>

#include "base/err.h"

/* Octets of a line without its end: a serial with colons, a reason and a time
 * need 300.  And all that is taken from a pipe: ten million such lines. */
enum { LINES_OCTETS_MAX = 1000 };
#define LINES_PIPE_MAX ((size_t)4 << 30)

struct lines;

/*
 * path "-": standard input.  What comes from a pipe or a terminal is first
 * taken in whole, into a nameless file in dir, so that lines_next never waits
 * for another process: its caller may hold the database's write lock.
 */
int lines_open(
    const char *path, const char *dir, struct lines **out, struct err *e);
void lines_close(struct lines *l); /* NULL is fine */

/* 1: the next line without its LF or CRLF, until the next call; 0: no more;
 * -1: ERR_DATA, saying which line, if it is too long or not text. */
int lines_next(struct lines *l, char **line, struct err *e);

/* For messages: "FILE: line 17", about the line that came last.  Owned by
 * l. */
const char *lines_where(struct lines *l);

size_t lines_count(const struct lines *l); /* so far */
int lines_percent(const struct lines *l);  /* of the file */

#endif
