#include "cadb/db.h"

#include <string.h>

void state_read(struct query *q, struct cadb_state *out)
{
        out->status = query_column(q, 0) != 0 ? CADB_REVOKED : CADB_GOOD;
        out->reason = (int)query_column_or(q, 1, -1);
        out->revoked_at = query_column(q, 2);
        out->invalidity_at = query_column(q, 3);
        out->not_after = query_column(q, 4);
        out->version = query_column(q, 5);
}

int cadb_state_find(struct cadb *db, int64_t ca, struct span serial,
    struct cadb_state *out, struct err *e)
{
        struct query q;
        int rc;

        query_open(&q, db, SQL_STATE);
        query_int(&q, ca);
        query_blob(&q, serial);
        rc = query_step(&q, e);
        if (rc == 1)
                state_read(&q, out);
        query_close(&q);
        return rc;
}

void cert_read(struct query *q, struct cadb_cert *out)
{
        memset(out, 0, sizeof(*out));
        state_read(q, &out->state);
        out->ca = query_column(q, 6);
        query_column_text(q, 7, out->ca_name, sizeof(out->ca_name));
        query_column_text(q, 8, out->name, sizeof(out->name));
        out->serial_len =
            query_column_blob(q, 9, out->serial, sizeof(out->serial));
        query_column_text(q, 10, out->subject, sizeof(out->subject));
        out->not_before = query_column(q, 11);
}

/* Steps once and closes. */
static int cert_one(struct query *q, struct cadb_cert *out, struct err *e)
{
        int rc = query_step(q, e);

        if (rc == 1)
                cert_read(q, out);
        query_close(q);
        return rc;
}

int cadb_cert_find_name(
    struct cadb *db, const char *name, struct cadb_cert *out, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_CERT_BY_NAME);
        query_text(&q, name);
        return cert_one(&q, out, e);
}

static int find_in_ca(struct cadb *db, int64_t ca, struct span serial,
    struct cadb_cert *out, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_CERT_BY_SERIAL);
        query_int(&q, ca);
        query_blob(&q, serial);
        return cert_one(&q, out, e);
}

static int find_in_any(
    struct cadb *db, struct span serial, struct cadb_cert *out, struct err *e)
{
        struct cadb_cert other;
        struct query q;
        int rc, second = 0;

        query_open(&q, db, SQL_CERT_BY_ANY_SERIAL);
        query_blob(&q, serial);
        rc = query_step(&q, e);
        if (rc == 1) {
                cert_read(&q, out);
                second = query_step(&q, e);
        }
        if (second == 1) {
                cert_read(&q, &other);
                err_set(e, ERR_USAGE,
                    "%s and %s both issued that serial: say which with --ca",
                    out->ca_name, other.ca_name);
        }
        query_close(&q);
        return second == 0 ? rc : -1;
}

int cadb_cert_find_serial(struct cadb *db, int64_t ca, struct span serial,
    struct cadb_cert *out, struct err *e)
{
        return ca != 0 ? find_in_ca(db, ca, serial, out, e)
                       : find_in_any(db, serial, out, e);
}

static int append_column(struct cadb *db, enum sql_id id, int64_t ca,
    struct span serial, struct buf *out, struct err *e)
{
        struct query q;
        struct span data;
        int rc;

        query_open(&q, db, id);
        query_int(&q, ca);
        query_blob(&q, serial);
        rc = query_step(&q, e);
        if (rc == 1) {
                data = query_column_span(&q, 0);
                buf_append(out, data.data, data.len);
                if (out->failed)
                        rc = err_set(e, ERR_OS, "out of memory");
        }
        query_close(&q);
        return rc;
}

int cadb_cert_subject(struct cadb *db, int64_t ca, struct span serial,
    struct buf *out, struct err *e)
{
        return append_column(db, SQL_CERT_SUBJECT, ca, serial, out, e);
}

int cadb_cert_der(struct cadb *db, int64_t ca, struct span serial,
    struct buf *out, struct err *e)
{
        return append_column(db, SQL_CERT_DER, ca, serial, out, e);
}
