#include "cadb/db.h"

static bool by_revoked(const struct cadb_filter *f)
{
        return f->status == CADB_ONLY_REVOKED || f->status == CADB_ONLY_HOLD;
}

/* What keeps most of them is read in order of issue, and the first row comes
 * at once; what keeps few is chosen from the narrow rows. */
static enum sql_id list_of(const struct cadb_filter *f)
{
        if (f->name_glob != NULL)
                return SQL_CERTS_BY_NAME;
        if (by_revoked(f))
                return SQL_CERTS_REVOKED;
        if (f->status == CADB_ONLY_EXPIRED || f->expires_before != 0)
                return SQL_CERTS_BY_STATE;
        return SQL_CERTS_IN_ORDER;
}

static enum sql_id count_of(const struct cadb_filter *f)
{
        if (f->name_glob != NULL)
                return SQL_COUNT_BY_NAME;
        return by_revoked(f) ? SQL_COUNT_REVOKED : SQL_COUNT_BY_STATE;
}

static void open_filter(struct query *q, struct cadb *db, enum sql_id id,
    const struct cadb_filter *f)
{
        query_open(q, db, id);
        query_int(q, f->ca);
        query_int(q, f->status);
        query_int_unless(q, f->expires_before, 0);
        query_int(q, f->now);
        if (f->name_glob != NULL)
                query_text(q, f->name_glob);
}

static const struct cadb_filter everything = {.status = CADB_ANY};

int cadb_cert_each(struct cadb *db, const struct cadb_filter *f,
    int (*row)(void *arg, const struct cadb_cert *cert, struct err *e),
    void *arg, struct err *e)
{
        struct cadb_cert cert;
        struct query q;
        int rc;

        if (f == NULL)
                f = &everything;
        open_filter(&q, db, list_of(f), f);
        while ((rc = query_step(&q, e)) == 1) {
                cert_read(&q, &cert);
                if ((rc = row(arg, &cert, e)) != 0)
                        break;
        }
        query_close(&q);
        return rc == 0 ? 0 : -1;
}

int cadb_cert_count(
    struct cadb *db, const struct cadb_filter *f, int64_t *out, struct err *e)
{
        struct query q;
        int rc;

        if (f == NULL)
                f = &everything;
        open_filter(&q, db, count_of(f), f);
        rc = query_step(&q, e);
        if (rc == 1)
                *out = query_column(&q, 0);
        query_close(&q);
        return rc == 1 ? 0 : -1;
}
