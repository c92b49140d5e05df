/* Writing the rows of a certificate, without judging.  Private to the write
 * side. */
#ifndef OCSP_LAB_CADB_ROW_H
#define OCSP_LAB_CADB_ROW_H

#include "cadb/db.h"
#include "cadb/write.h"

int row_check_serial(struct span serial, struct err *e);

/* ERR_USAGE for 7, 8 and what is none (RFC 5280 section 5.3.1). */
int row_check_reason(int reason, struct err *e);

/* 1: some certificate has that name, 0: none, -1. */
int row_name_taken(struct cadb *db, const char *name, struct err *e);

/* Both rows.  Of c not the end, of state all but the version is kept as given,
 * and that must be an event's. */
int row_insert(struct cadb *db, const struct cadb_new_cert *c,
    const struct cadb_state *state, struct err *e);

/* All of state, its version too. */
int row_set_state(struct cadb *db, int64_t ca, struct span serial,
    const struct cadb_state *state, struct err *e);

#endif
