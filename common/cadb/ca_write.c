#include "cadb/write.h"

#include <stdio.h>

#include "cadb/trail.h"

int trail_append(
    struct cadb *db, const struct trail *t, int64_t *seq, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_EVENT_INSERT);
        query_int(&q, t->at);
        query_text(&q, t->kind);
        query_int_unless(&q, t->ca, 0);
        query_blob(&q, t->serial);
        query_text(&q, t->name);
        query_text(&q, t->detail);
        if (query_run(&q, e) != 0)
                return -1;
        *seq = sqlite3_last_insert_rowid(db->sql);
        return 0;
}

int cadb_event_add(struct cadb *db, const char *kind, const char *detail,
    int64_t now, struct err *e)
{
        struct trail t = {.at = now, .kind = kind, .detail = detail};
        int64_t seq;

        return trail_append(db, &t, &seq, e);
}

static int insert_ca(struct cadb *db, struct cadb_ca *ca, struct err *e)
{
        struct query q;
        int rc;

        query_open(&q, db, SQL_CA_INSERT);
        query_int_unless(&q, ca->parent, 0);
        query_text(&q, ca->name);
        query_text(&q, ca->key_path);
        query_text(&q, ca->cert_path);
        query_int(&q, ca->model);
        query_int(&q, ca->version);
        query_int(&q, ca->not_before);
        query_int(&q, ca->not_after);
        query_blob(&q, (struct span){ca->name_sha1, sizeof(ca->name_sha1)});
        query_blob(&q, (struct span){ca->key_sha1, sizeof(ca->key_sha1)});
        query_blob(&q, (struct span){ca->name_sha256, sizeof(ca->name_sha256)});
        query_blob(&q, (struct span){ca->key_sha256, sizeof(ca->key_sha256)});
        query_blob(&q, (struct span){ca->der, ca->der_len});
        rc = query_step(&q, e);
        if (rc == 1)
                ca->id = query_column(&q, 0);
        query_close(&q);
        return rc == 1 ? 0 : -1;
}

int run_on_ca(struct cadb *db, enum sql_id id, int64_t ca, struct err *e)
{
        struct query q;

        query_open(&q, db, id);
        query_int(&q, ca);
        return query_run(&q, e);
}

static int check_new_ca(
    struct cadb *db, const struct cadb_ca *ca, struct err *e)
{
        struct cadb_ca other;
        int rc = cadb_ca_find(db, ca->name, &other, e);

        if (rc == 1)
                return err_set(e, ERR_EXISTS,
                    "there is a CA %s already: choose another name", ca->name);
        return rc;
}

int cadb_ca_add(struct cadb *db, struct cadb_ca *ca, bool is_default,
    int64_t now, struct err *e)
{
        struct trail t = {.at = now, .kind = "ca", .detail = ca->name};

        if (check_new_ca(db, ca, e) != 0 ||
            trail_append(db, &t, &ca->version, e) != 0 ||
            insert_ca(db, ca, e) != 0)
                return -1;
        if (ca->parent == 0) {
                ca->parent = ca->id;
                if (run_on_ca(db, SQL_CA_OWN_PARENT, ca->id, e) != 0)
                        return -1;
        }
        return is_default ? run_on_ca(db, SQL_CA_SET_DEFAULT, ca->id, e) : 0;
}

static int check_ca(
    struct cadb *db, int64_t id, struct cadb_ca *out, struct err *e)
{
        int rc = cadb_ca_find_id(db, id, out, e);

        if (rc == 0)
                return err_set(e, ERR_NOTFOUND, "%s: no CA has the number %lld",
                    db->path, (long long)id);
        return rc == 1 ? 0 : -1;
}

int cadb_ca_set_model(struct cadb *db, int64_t ca, enum cadb_signer_model m,
    int64_t now, struct err *e)
{
        char detail[32];
        struct trail t = {.at = now, .kind = "ca", .ca = ca, .detail = detail};
        struct cadb_ca row;
        struct query q;
        int64_t seq;

        if (check_ca(db, ca, &row, e) != 0)
                return -1;
        if (row.model == m)
                return 0;
        snprintf(
            detail, sizeof(detail), "signer %s", cadb_signer_model_name(m));
        if (trail_append(db, &t, &seq, e) != 0)
                return -1;
        query_open(&q, db, SQL_CA_SET_MODEL);
        query_int(&q, ca);
        query_int(&q, m);
        query_int(&q, seq);
        return query_run(&q, e);
}

int cadb_ca_set_key(
    struct cadb *db, int64_t ca, const char *path, int64_t now, struct err *e)
{
        struct trail t = {.at = now, .kind = "ca", .ca = ca, .detail = "key"};
        struct cadb_ca row;
        struct query q;
        int64_t seq;

        if (check_ca(db, ca, &row, e) != 0 ||
            trail_append(db, &t, &seq, e) != 0)
                return -1;
        query_open(&q, db, SQL_CA_SET_KEY);
        query_int(&q, ca);
        query_text(&q, path);
        query_int(&q, seq);
        return query_run(&q, e);
}
