/* Files read whole with a limit, and written so that a reader or a crash sees
 * the old content or the new, never a part. */
#ifndef OCSP_LAB_FILE_H
#define OCSP_LAB_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Largest certificate, chain, key or request file that we read: 1 MiB. */
#define FILE_LIMIT ((size_t)1 << 20)

/* Appends the whole file to out; more than limit bytes is ERR_DATA.
 * "-" is standard input. */
int file_read(const char *path, size_t limit, struct buf *out, struct err *e);

/* Temporary file in the same folder, write, fsync, rename, fsync of the
 * folder.  mode is exact (no umask).  What is no regular file (a device such
 * as /dev/stdout, a pipe, a symbolic link) stays, and is written into. */
int file_write(
    const char *path, const void *data, size_t len, mode_t mode, struct err *e);

/* The same without the two fsync: for what a crash may lose. */
int file_write_fast(
    const char *path, const void *data, size_t len, mode_t mode, struct err *e);

/* Removes the temporary files that writers of folder have left when they were
 * killed.  The caller knows that nobody writes there now. */
int file_remove_temps(const char *folder, struct err *e);

/* mkdir with all parents; an existing folder is fine. */
int file_mkdir(const char *path, mode_t mode, struct err *e);

/* fsync of a file, or of a folder, so that the names in it last. */
int file_sync(const char *path, struct err *e);

/* Removes a file, or a folder with what is in it; absent is fine.  Never
 * follows symbolic links. */
int file_remove_tree(const char *path, struct err *e);

/* snprintf into a path of PATH_MAX; too long is an error. */
int file_path(char *out, size_t size, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
