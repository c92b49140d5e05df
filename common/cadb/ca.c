#include "cadb/db.h"

#include <string.h>

const char *cadb_signer_model_name(enum cadb_signer_model m)
{
        switch (m) {
        case CADB_SIGNER_DELEGATED:
                return "delegated";
        case CADB_SIGNER_CA:
                return "ca";
        case CADB_SIGNER_TRUSTED:
                return "trusted";
        }
        return "?";
}

static void split_urls(const char *text, struct cadb_settings *out)
{
        size_t len;

        out->more_urls_len = 0;
        for (; *text != '\0'; text += len + (text[len] == ' ')) {
                len = strcspn(text, " ");
                if (out->more_urls_len == CADB_MORE_URLS || len >= CADB_URL_MAX)
                        return;
                memcpy(out->more_urls[out->more_urls_len], text, len);
                out->more_urls[out->more_urls_len++][len] = '\0';
        }
}

int cadb_settings_get(struct cadb *db, struct cadb_settings *out, struct err *e)
{
        char more[CADB_MORE_URLS * CADB_URL_MAX];
        struct query q;
        int rc;

        query_open(&q, db, SQL_SETTINGS);
        rc = query_step(&q, e);
        if (rc == 1) {
                query_column_text(&q, 0, out->ocsp_url, sizeof(out->ocsp_url));
                query_column_text(&q, 1, more, sizeof(more));
                split_urls(more, out);
                out->no_faults = query_column(&q, 2) != 0;
                out->temporary = query_column(&q, 3) != 0;
                out->created_at = query_column(&q, 4);
                query_column_text(&q, 5, out->crl_url, sizeof(out->crl_url));
        }
        query_close(&q);
        if (rc == 0)
                return err_set(e, ERR_DATA,
                    "%s: damaged: no settings: restore "
                    "a backup",
                    db->path);
        return rc == 1 ? 0 : -1;
}

/* The columns of CA_SELECT. */
static int ca_read(struct query *q, struct cadb_ca *out, struct err *e)
{
        memset(out, 0, sizeof(*out));
        out->id = query_column(q, 0);
        out->parent = query_column(q, 1);
        query_column_text(q, 2, out->name, sizeof(out->name));
        query_column_text(q, 3, out->key_path, sizeof(out->key_path));
        query_column_text(q, 4, out->cert_path, sizeof(out->cert_path));
        out->model = (enum cadb_signer_model)query_column(q, 5);
        out->version = query_column(q, 6);
        out->not_before = query_column(q, 7);
        out->not_after = query_column(q, 8);
        query_column_blob(q, 9, out->name_sha1, sizeof(out->name_sha1));
        query_column_blob(q, 10, out->key_sha1, sizeof(out->key_sha1));
        query_column_blob(q, 11, out->name_sha256, sizeof(out->name_sha256));
        query_column_blob(q, 12, out->key_sha256, sizeof(out->key_sha256));
        out->der_len = query_column_blob(q, 13, out->der, sizeof(out->der));
        out->signer_id = query_column(q, 14);
        out->has_signer = out->signer_id != 0;
        query_column_text(q, 15, out->signer_path, sizeof(out->signer_path));
        out->signer_not_before = query_column(q, 16);
        out->signer_not_after = query_column(q, 17);
        out->signer_serial_len = query_column_blob(
            q, 18, out->signer_serial, sizeof(out->signer_serial));
        if (out->model > CADB_SIGNER_TRUSTED || out->der_len == 0)
                return err_set(e, ERR_DATA,
                    "%s: damaged: the row of CA %s: restore a backup",
                    q->db->path, out->name);
        return 0;
}

/* Steps once and closes. */
static int ca_one(struct query *q, struct cadb_ca *out, struct err *e)
{
        int rc = query_step(q, e);

        if (rc == 1 && ca_read(q, out, e) != 0)
                rc = -1;
        query_close(q);
        return rc;
}

int cadb_ca_find(
    struct cadb *db, const char *name, struct cadb_ca *out, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_CA_BY_NAME);
        query_text(&q, name);
        return ca_one(&q, out, e);
}

int cadb_ca_find_id(
    struct cadb *db, int64_t id, struct cadb_ca *out, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_CA_BY_ID);
        query_int(&q, id);
        return ca_one(&q, out, e);
}

int cadb_ca_default(struct cadb *db, struct cadb_ca *out, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_CA_DEFAULT);
        return ca_one(&q, out, e);
}

int cadb_ca_each(struct cadb *db,
    int (*row)(void *arg, const struct cadb_ca *ca, struct err *e), void *arg,
    struct err *e)
{
        struct cadb_ca ca;
        struct query q;
        int rc;

        query_open(&q, db, SQL_CA_ALL);
        while ((rc = query_step(&q, e)) == 1)
                if ((rc = ca_read(&q, &ca, e)) != 0 ||
                    (rc = row(arg, &ca, e)) != 0)
                        break;
        query_close(&q);
        return rc == 0 ? 0 : -1;
}

int cadb_ca_latest(struct cadb *db, int64_t *version, struct err *e)
{
        return db_number(db, SQL_CA_LATEST, version, e);
}
