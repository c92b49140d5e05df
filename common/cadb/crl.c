#include "cadb/db.h"

int cadb_crl_full(struct cadb *db, int64_t ca, uint64_t number,
    struct cadb_crl *out, struct err *e)
{
        struct query q;
        int rc;

        query_open(&q, db, SQL_CRL_FULL);
        query_int(&q, ca);
        query_int(&q, (int64_t)number);
        rc = query_step(&q, e);
        if (rc == 1) {
                out->number = (uint64_t)query_column(&q, 0);
                out->base = (uint64_t)query_column(&q, 1);
                out->version = query_column(&q, 2);
                out->made_at = query_column(&q, 3);
        }
        query_close(&q);
        return rc;
}

/* Calls row for each of an open query and closes it. */
static int each_entry(struct query *q,
    int (*row)(void *arg, struct span serial, const struct cadb_state *s,
        struct err *e),
    void *arg, struct err *e)
{
        struct cadb_state state;
        int rc;

        while ((rc = query_step(q, e)) == 1) {
                state_read(q, &state);
                rc = row(arg, query_column_span(q, 6), &state, e);
                if (rc != 0)
                        break;
        }
        query_close(q);
        return rc == 0 ? 0 : -1;
}

int cadb_revoked_each(struct cadb *db, int64_t ca,
    int (*row)(void *arg, struct span serial, const struct cadb_state *s,
        struct err *e),
    void *arg, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_REVOKED);
        query_int(&q, ca);
        return each_entry(&q, row, arg, e);
}

int cadb_changed_each(struct cadb *db, int64_t ca, int64_t since_version,
    int (*row)(void *arg, struct span serial, const struct cadb_state *s,
        struct err *e),
    void *arg, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_CHANGED);
        query_int(&q, ca);
        query_int(&q, since_version);
        return each_entry(&q, row, arg, e);
}
