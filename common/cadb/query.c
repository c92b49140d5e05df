#include "cadb/db.h"

#include <string.h>

void query_open(struct query *q, struct cadb *db, enum sql_id id)
{
        *q = (struct query){.db = db, .rc = SQLITE_OK};
        if (db->statements[id] == NULL)
                q->rc = sqlite3_prepare_v3(db->sql, sql_text[id], -1,
                    SQLITE_PREPARE_PERSISTENT, &db->statements[id], NULL);
        /* A row callback that asks the very question it is answering. */
        else if (sqlite3_stmt_busy(db->statements[id]))
                q->rc = SQLITE_MISUSE;
        /* Our statements fit our schema: if not, somebody has changed it. */
        if (q->rc == SQLITE_ERROR)
                q->rc = SQLITE_CORRUPT;
        if (q->rc == SQLITE_OK)
                q->statement = db->statements[id];
}

static void bound(struct query *q, int rc)
{
        if (q->rc == SQLITE_OK)
                q->rc = rc;
}

void query_int(struct query *q, int64_t v)
{
        bound(q, sqlite3_bind_int64(q->statement, ++q->bound, v));
}

void query_int_unless(struct query *q, int64_t v, int64_t null)
{
        if (v != null)
                query_int(q, v);
        else
                bound(q, sqlite3_bind_null(q->statement, ++q->bound));
}

void query_blob(struct query *q, struct span v)
{
        bound(q, sqlite3_bind_blob64(
                     q->statement, ++q->bound, v.data, v.len, SQLITE_STATIC));
}

void query_text(struct query *q, const char *v)
{
        bound(q,
            sqlite3_bind_text(q->statement, ++q->bound, v, -1, SQLITE_STATIC));
}

int query_step(struct query *q, struct err *e)
{
        if (q->rc == SQLITE_OK)
                q->rc = sqlite3_step(q->statement);
        switch (q->rc) {
        case SQLITE_ROW:
                q->rc = SQLITE_OK;
                return 1;
        case SQLITE_DONE:
                return 0;
        }
        return db_error(q->db, q->rc, e);
}

/* Resetting ends the read transaction that a lone SELECT began. */
void query_close(struct query *q)
{
        if (q->statement == NULL)
                return;
        sqlite3_reset(q->statement);
        sqlite3_clear_bindings(q->statement);
        q->statement = NULL;
}

int query_run(struct query *q, struct err *e)
{
        int rc;

        while ((rc = query_step(q, e)) > 0)
                ;
        query_close(q);
        return rc;
}

int64_t query_column(struct query *q, int i)
{
        return sqlite3_column_int64(q->statement, i);
}

int64_t query_column_or(struct query *q, int i, int64_t null)
{
        if (sqlite3_column_type(q->statement, i) == SQLITE_NULL)
                return null;
        return sqlite3_column_int64(q->statement, i);
}

void query_column_text(struct query *q, int i, char *out, size_t size)
{
        const void *text = sqlite3_column_text(q->statement, i);
        size_t len = (size_t)sqlite3_column_bytes(q->statement, i);

        if (text == NULL)
                len = 0;
        if (len > size - 1)
                len = size - 1;
        if (len > 0)
                memcpy(out, text, len);
        out[len] = '\0';
}

struct span query_column_span(struct query *q, int i)
{
        const void *data = sqlite3_column_blob(q->statement, i);

        return (struct span){
            data, (size_t)sqlite3_column_bytes(q->statement, i)};
}

size_t query_column_blob(struct query *q, int i, uint8_t *out, size_t size)
{
        struct span v = query_column_span(q, i);

        if (v.len > size)
                v.len = size;
        if (v.len > 0)
                memcpy(out, v.data, v.len);
        return v.len;
}
