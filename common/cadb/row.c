#include "cadb/row.h"

#include "ocsp/ocsp.h"

int row_check_serial(struct span serial, struct err *e)
{
        if (serial.len == 0 || serial.len > CADB_SERIAL_MAX)
                return err_set(e, ERR_DATA,
                    "serial of %zu octets: between 1 and %d are kept",
                    serial.len, CADB_SERIAL_MAX);
        return 0;
}

int row_check_reason(int reason, struct err *e)
{
        if (reason == OCSP_REASON_REMOVE_FROM_CRL)
                return err_set(e, ERR_USAGE,
                    "removeFromCRL stands in delta CRLs only: release the "
                    "certificate instead (RFC 5280 section 5.3.1)");
        if (reason != OCSP_REASON_NONE && ocsp_reason_name(reason) == NULL)
                return err_set(e, ERR_USAGE,
                    "there is no reason %d (RFC 5280 section 5.3.1)", reason);
        return 0;
}

int row_name_taken(struct cadb *db, const char *name, struct err *e)
{
        struct query q;
        int rc;

        query_open(&q, db, SQL_NAME_TAKEN);
        query_text(&q, name);
        rc = query_step(&q, e);
        query_close(&q);
        return rc;
}

static int insert_issued(
    struct cadb *db, const struct cadb_new_cert *c, int64_t *id, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_ISSUED_INSERT);
        query_int(&q, c->ca);
        query_blob(&q, c->serial);
        query_text(&q, c->name);
        query_text(&q, c->subject);
        query_int(&q, c->not_before);
        query_blob(&q, c->der);
        if (query_run(&q, e) != 0)
                return -1;
        *id = sqlite3_last_insert_rowid(db->sql);
        return 0;
}

/* Columns 3 to 8 of both statements. */
static void bind_state(struct query *q, const struct cadb_state *s)
{
        query_int(q, s->status);
        query_int_unless(q, s->reason, OCSP_REASON_NONE);
        if (s->status == CADB_REVOKED)
                query_int(q, s->revoked_at);
        else
                query_int_unless(q, 0, 0);
        query_int_unless(q, s->invalidity_at, 0);
        query_int(q, s->not_after);
        query_int(q, s->version);
}

int row_insert(struct cadb *db, const struct cadb_new_cert *c,
    const struct cadb_state *state, struct err *e)
{
        struct query q;
        int64_t issued;

        if (insert_issued(db, c, &issued, e) != 0)
                return -1;
        query_open(&q, db, SQL_CERT_INSERT);
        query_int(&q, c->ca);
        query_blob(&q, c->serial);
        bind_state(&q, state);
        query_int(&q, issued);
        return query_run(&q, e);
}

int row_set_state(struct cadb *db, int64_t ca, struct span serial,
    const struct cadb_state *state, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_CERT_SET_STATE);
        query_int(&q, ca);
        query_blob(&q, serial);
        bind_state(&q, state);
        return query_run(&q, e);
}
