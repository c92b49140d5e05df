#include "cadb/db.h"

#include <stdio.h>
#include <string.h>

/* The columns of SQL_SCENARIOS. */
static void scenario_read(struct query *q, struct cadb_scenario *out)
{
        char params[CADB_SCENARIO_MAX];
        size_t len;

        memset(out, 0, sizeof(*out));
        out->ca = query_column(q, 0);
        query_column_text(q, 1, out->ca_name, sizeof(out->ca_name));
        out->serial_len =
            query_column_blob(q, 2, out->serial, sizeof(out->serial));
        query_column_text(q, 3, out->cert_name, sizeof(out->cert_name));
        query_column_text(q, 4, out->text, sizeof(out->text));
        query_column_text(q, 5, params, sizeof(params));
        len = strlen(out->text);
        if (params[0] != '\0')
                snprintf(
                    out->text + len, sizeof(out->text) - len, ":%s", params);
        out->times = query_column_or(q, 6, 0);
        out->version = query_column(q, 7);
}

int cadb_scenario_each(struct cadb *db,
    int (*row)(void *arg, const struct cadb_scenario *s, struct err *e),
    void *arg, struct err *e)
{
        struct cadb_scenario scenario;
        struct query q;
        int rc;

        query_open(&q, db, SQL_SCENARIOS);
        while ((rc = query_step(&q, e)) == 1) {
                scenario_read(&q, &scenario);
                if ((rc = row(arg, &scenario, e)) != 0)
                        break;
        }
        query_close(&q);
        return rc == 0 ? 0 : -1;
}

int cadb_scenario_latest(struct cadb *db, int64_t *version, struct err *e)
{
        return db_number(db, SQL_SCENARIO_LATEST, version, e);
}

int cadb_scenario_signer_each(struct cadb *db,
    int (*row)(void *arg, const struct cadb_scenario_signer *s, struct err *e),
    void *arg, struct err *e)
{
        struct cadb_scenario_signer signer;
        struct query q;
        int rc;

        query_open(&q, db, SQL_SCENARIO_SIGNERS);
        while ((rc = query_step(&q, e)) == 1) {
                memset(&signer, 0, sizeof(signer));
                signer.ca = query_column(&q, 0);
                signer.serial_len = query_column_blob(
                    &q, 1, signer.serial, sizeof(signer.serial));
                signer.issuer = query_column(&q, 2);
                query_column_text(&q, 3, signer.path, sizeof(signer.path));
                if ((rc = row(arg, &signer, e)) != 0)
                        break;
        }
        query_close(&q);
        return rc == 0 ? 0 : -1;
}
