/*
 * An index.txt on disk, read twice: index_scan looks whether every line is
 * right, before anything is written, then index_next hands out the rows.
 *
 * Memory: under 50 bytes a line, for what is known of serials and names.
 */
#ifndef OCSP_LAB_CA_INDEX_FILE_H
#define OCSP_LAB_CA_INDEX_FILE_H

#include <stdio.h>

#include "index.h"

/* Ten million certificates are what the database is shaped for. */
#define INDEX_LINES_MAX 10000000u
#define INDEX_OCTETS_MAX ((uint64_t)4 << 30)

struct index_file;

/*
 * fd, at its start, is the caller's; path is for messages, borrowed.
 * skip_unfinished: a last line without its end is not there yet, which is how
 * 'openssl ocsp' reads it.
 */
int index_open(int fd, const char *path, bool skip_unfinished,
    struct index_file **out, struct err *e);
void index_close(struct index_file *f); /* NULL is fine */

/*
 * ERR_DATA, with the number of the line, for one that is wrong or too long,
 * for a serial that an earlier one has, and for a last one without its end,
 * unless those are skipped: a part of a line may look like a whole one.  Then
 * back to the start.
 */
int index_scan(struct index_file *f, int64_t now, struct err *e);

/*
 * 1: the next row, good until the next call; 0: no more.  name: what it may be
 * called by its common name, "" for none; of several with the same one it is
 * the last that is valid, else the last.  ERR_TRYLATER at the end if the file
 * is not what index_scan has read.
 */
int index_next(struct index_file *f, struct index_row *out,
    char name[LAB_NAME_MAX + 1], struct err *e);

/* Whether index_scan has found that serial. */
bool index_lists(const struct index_file *f, struct span serial);

size_t index_rows(const struct index_file *f); /* so far */
size_t index_line(const struct index_file *f); /* of the last row */
int index_percent(const struct index_file *f); /* of the file */

#endif
