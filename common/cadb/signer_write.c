#include "cadb/write.h"

#include <stdio.h>

#include "cadb/trail.h"

static int bump_ca(struct cadb *db, int64_t ca, int64_t version, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_CA_BUMP);
        query_int(&q, ca);
        query_int(&q, version);
        return query_run(&q, e);
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
            (s->ends_request &&
                run_on_ca(db, SQL_SIGNER_FORGET_REQUEST, s->ca, e) != 0) ||
            insert_signer(db, s, seq, e) != 0)
                return -1;
        return bump_ca(db, s->ca, seq, e);
}

/* No version of the CA: answers are signed as before. */
int cadb_signer_request(
    struct cadb *db, int64_t ca, const char *path, int64_t now, struct err *e)
{
        char detail[CADB_PATH_MAX + 16];
        struct trail t = {
            .at = now, .kind = "signer", .ca = ca, .detail = detail};
        struct query q;
        int64_t seq;

        snprintf(detail, sizeof(detail), "request %s", path);
        if (trail_append(db, &t, &seq, e) != 0 ||
            run_on_ca(db, SQL_SIGNER_FORGET_REQUEST, ca, e) != 0)
                return -1;
        query_open(&q, db, SQL_SIGNER_REQUEST);
        query_int(&q, ca);
        query_text(&q, path);
        query_int(&q, seq);
        return query_run(&q, e);
}
