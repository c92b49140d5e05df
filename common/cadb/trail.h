/* Appending to the trail.  Private to the write side. */
#ifndef OCSP_LAB_CADB_TRAIL_H
#define OCSP_LAB_CADB_TRAIL_H

#include "cadb/db.h"

struct trail {
        int64_t at;
        const char *kind;
        int64_t ca;         /* 0: none */
        struct span serial; /* data NULL: none */
        const char *name;   /* NULL: none */
        const char *detail; /* NULL: none */
};

/* Appends the event of a change and yields its number, which becomes the
 * version of each row that changes. */
int trail_append(
    struct cadb *db, const struct trail *t, int64_t *seq, struct err *e);

/* In ca_write.c: a statement with the id of a CA as its only parameter. */
int run_on_ca(struct cadb *db, enum sql_id id, int64_t ca, struct err *e);

/* Makes the journal mode WAL. */
int schema_set_wal(struct cadb *db, struct err *e);

/* Brings the schema from version to ours, all or nothing. */
int schema_migrate(struct cadb *db, int64_t version, struct err *e);

#endif
