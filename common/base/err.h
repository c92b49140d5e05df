/*
 * One failure: a code that doubles as exit code, and one line of text.
 *
 * A function that can fail returns 0 or -1 and fills a struct err where the
 * cause is still fresh.  A domain outcome (revoked, expired, bad signature)
 * is never an error.
 */
#ifndef OCSP_LAB_ERR_H
#define OCSP_LAB_ERR_H

/* Exit codes of every program.  77, 99 and 124 are never used: test runners
 * read those. */
enum err_code {
        ERR_NONE = 0,
        ERR_USAGE = 64,    /* the command line is wrong */
        ERR_INTERNAL = 70, /* our own fault, or a library's */
        ERR_OS = 71,       /* memory, fork, sockets, a port in use */
        ERR_NOTFOUND = 72, /* a file, name or directory that is not there */
        ERR_EXISTS = 73,   /* it exists already; nothing was changed */
        ERR_IO = 74,       /* unreadable, unwritable, disk full */
        ERR_TRYLATER = 75, /* busy, locked or timed out: worth another try */
        ERR_DATA = 76,     /* a file's or a peer's content is wrong */
        ERR_CONFIG = 78,   /* forbidden: key mode, key mismatch, newer schema */
};

enum { ERR_TEXT_MAX = 512 };

struct err {
        enum err_code code;
        char text[ERR_TEXT_MAX]; /* one line, no program name */
};

#define ERR_INIT                                                               \
        {                                                                      \
                ERR_NONE, ""                                                   \
        }

/* Fills *e and returns -1: `return err_set(...)`.  Control characters become
 * spaces; of a text longer than ERR_TEXT_MAX the middle is left out.  e may be
 * NULL. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with ": strerror(errno)" appended.  ENOENT becomes ERR_NOTFOUND,
 * EEXIST ERR_EXISTS, whatever code says. */
int err_errno(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "fmt: " before the text that is there.  Returns -1. */
int err_prefix(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
