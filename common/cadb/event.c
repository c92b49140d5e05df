#include "cadb/db.h"

#include <string.h>

int cadb_last_event(struct cadb *db, int64_t *seq, struct err *e)
{
        return db_number(db, SQL_EVENT_LAST, seq, e);
}

static void event_read(struct query *q, struct cadb_event *out)
{
        memset(out, 0, sizeof(*out));
        out->seq = query_column(q, 0);
        out->at = query_column(q, 1);
        query_column_text(q, 2, out->kind, sizeof(out->kind));
        query_column_text(q, 3, out->ca_name, sizeof(out->ca_name));
        query_column_text(q, 4, out->name, sizeof(out->name));
        out->serial_len =
            query_column_blob(q, 5, out->serial, sizeof(out->serial));
        query_column_text(q, 6, out->detail, sizeof(out->detail));
}

int cadb_event_each(struct cadb *db, int64_t since,
    int (*row)(void *arg, const struct cadb_event *ev, struct err *e),
    void *arg, struct err *e)
{
        struct cadb_event event;
        struct query q;
        int rc;

        query_open(&q, db, SQL_EVENT_SINCE);
        query_int(&q, since);
        while ((rc = query_step(&q, e)) == 1) {
                event_read(&q, &event);
                if ((rc = row(arg, &event, e)) != 0)
                        break;
        }
        query_close(&q);
        return rc == 0 ? 0 : -1;
}
