#include "cadb/write.h"

#include <stdio.h>

#include "cadb/trail.h"

int cadb_crl_last(struct cadb *db, int64_t ca, uint64_t *out, struct err *e)
{
        struct query q;
        int rc;

        query_open(&q, db, SQL_CRL_LAST);
        query_int(&q, ca);
        rc = query_step(&q, e);
        if (rc == 1)
                *out = (uint64_t)query_column(&q, 0);
        query_close(&q);
        return rc == 1 ? 0 : -1;
}

static int insert_crl(
    struct cadb *db, int64_t ca, const struct cadb_crl *crl, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_CRL_INSERT);
        query_int(&q, ca);
        query_int(&q, (int64_t)crl->number);
        query_int(&q, (int64_t)crl->base);
        query_int(&q, crl->version);
        query_int(&q, crl->made_at);
        return query_run(&q, e);
}

/* One more than the highest: nobody else writes in this transaction.  Gaps
 * only where a CRL did not come into being. */
int cadb_crl_number(struct cadb *db, int64_t ca, uint64_t base, int64_t now,
    uint64_t *out, struct err *e)
{
        char detail[64];
        struct trail t = {.at = now, .kind = "crl", .ca = ca, .detail = detail};
        struct cadb_crl crl = {.base = base, .made_at = now};

        if (cadb_crl_last(db, ca, &crl.number, e) != 0)
                return -1;
        *out = ++crl.number;
        if (base == 0)
                snprintf(detail, sizeof(detail), "%llu",
                    (unsigned long long)crl.number);
        else
                snprintf(detail, sizeof(detail), "%llu over %llu",
                    (unsigned long long)crl.number, (unsigned long long)base);
        if (trail_append(db, &t, &crl.version, e) != 0)
                return -1;
        return insert_crl(db, ca, &crl, e);
}

/* Which CRL a foreign delta is over does not matter here. */
int cadb_crl_imported(struct cadb *db, int64_t ca, uint64_t number, bool delta,
    int64_t now, struct err *e)
{
        char detail[64];
        struct trail t = {.at = now, .kind = "crl", .ca = ca, .detail = detail};
        struct cadb_crl crl = {
            .number = number, .base = delta ? number : 0, .made_at = now};

        snprintf(detail, sizeof(detail), "%llu imported",
            (unsigned long long)number);
        if (trail_append(db, &t, &crl.version, e) != 0)
                return -1;
        return insert_crl(db, ca, &crl, e);
}
