#include "cadb/db.h"

#include <string.h>

enum { DAY_S = 86400 };

bool cadb_signer_ends_soon(const struct cadb_ca *ca, int64_t now, int64_t *left)
{
        int64_t life = ca->signer_not_after - ca->signer_not_before;

        *left = 0;
        if (!ca->has_signer || ca->model == CADB_SIGNER_CA)
                return false;
        *left = ca->signer_not_after - now;
        return *left < 0 || (*left < life / 4 && *left < 7 * DAY_S);
}

/* The columns of SQL_SIGNERS. */
static int signer_read(
    struct query *q, struct cadb_signer_row *out, struct err *e)
{
        int64_t state = query_column(q, 3);

        memset(out, 0, sizeof(*out));
        out->id = query_column(q, 0);
        out->ca = query_column(q, 1);
        query_column_text(q, 2, out->ca_name, sizeof(out->ca_name));
        out->state = (enum cadb_signer_state)state;
        out->serial_len =
            query_column_blob(q, 4, out->serial, sizeof(out->serial));
        query_column_text(q, 5, out->path, sizeof(out->path));
        out->not_before = query_column(q, 6);
        out->not_after = query_column(q, 7);
        out->version = query_column(q, 8);
        if (state < CADB_SIGNER_REQUESTED || state > CADB_SIGNER_RETIRED)
                return err_set(e, ERR_DATA,
                    "%s: damaged: a row of a signer of CA %s: restore a backup",
                    q->db->path, out->ca_name);
        return 0;
}

int cadb_signer_each(struct cadb *db, int64_t ca,
    int (*row)(void *arg, const struct cadb_signer_row *s, struct err *e),
    void *arg, struct err *e)
{
        struct cadb_signer_row signer;
        struct query q;
        int rc;

        query_open(&q, db, SQL_SIGNERS);
        query_int(&q, ca);
        while ((rc = query_step(&q, e)) == 1)
                if ((rc = signer_read(&q, &signer, e)) != 0 ||
                    (rc = row(arg, &signer, e)) != 0)
                        break;
        query_close(&q);
        return rc == 0 ? 0 : -1;
}
