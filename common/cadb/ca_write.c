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

/* A statement with the id of a CA as its only parameter. */
static int run_on_ca(struct cadb *db, enum sql_id id, int64_t ca, struct err *e)
{
        struct query q;

        query_open(&q, db, id);
        query_int(&q, ca);
        return query_run(&q, e);
}

static int bump_ca(struct cadb *db, int64_t ca, int64_t version, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_CA_BUMP);
        query_int(&q, ca);
        query_int(&q, version);
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

static int insert_signer(struct cadb *db, const struct cadb_signer *s,
    int64_t version, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_SIGNER_INSERT);
        query_int(&q, s->ca);
        query_blob(&q, s->serial);
        query_text(&q, s->path);
        query_int(&q, s->not_before);
        query_int(&q, s->not_after);
        query_int(&q, version);
        query_blob(&q, s->der);
        return query_run(&q, e);
}

int cadb_signer_add(
    struct cadb *db, const struct cadb_signer *s, int64_t now, struct err *e)
{
        struct trail t = {
            .at = now,
            .kind = "signer",
            .ca = s->ca,
            .serial = s->serial,
            .detail = s->path,
        };
        int64_t seq;

        if (trail_append(db, &t, &seq, e) != 0 ||
            run_on_ca(db, SQL_SIGNER_RETIRE, s->ca, e) != 0 ||
            insert_signer(db, s, seq, e) != 0)
                return -1;
        return bump_ca(db, s->ca, seq, e);
}

/* max + 1 over the numbers taken: strictly increasing, gaps only where a
 * transaction took one and was rolled back after the CRL had left. */
static int next_crl(struct cadb *db, int64_t ca, int64_t version, int64_t now,
    uint64_t *out, struct err *e)
{
        struct query q;
        int rc;

        query_open(&q, db, SQL_CRL_NEXT);
        query_int(&q, ca);
        query_int(&q, version);
        query_int(&q, now);
        rc = query_step(&q, e);
        if (rc == 1)
                *out = (uint64_t)query_column(&q, 0);
        query_close(&q);
        return rc == 1 ? 0 : -1;
}

int cadb_crl_number(
    struct cadb *db, int64_t ca, int64_t now, uint64_t *out, struct err *e)
{
        struct trail t = {.at = now, .kind = "crl", .ca = ca};
        int64_t seq;

        if (trail_append(db, &t, &seq, e) != 0)
                return -1;
        return next_crl(db, ca, seq, now, out, e);
}
