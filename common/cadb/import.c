#include "cadb/write.h"

#include <string.h>

#include "cadb/row.h"
#include "cadb/trail.h"
#include "ocsp/ocsp.h"

/* 99991231235959Z, "no well-defined expiration date" (RFC 5280 section
 * 4.1.2.5). */
#define NO_END INT64_C(253402300799)

/* What `issued` has of a certificate. */
struct detail {
        int64_t issued;
        char name[CADB_NAME_MAX + 1];
        bool has_der, has_subject;
};

static int read_detail(struct cadb *db, const struct cadb_imported *c,
    struct detail *out, struct err *e)
{
        struct query q;
        int rc;

        query_open(&q, db, SQL_ISSUED_DETAIL);
        query_int(&q, c->ca);
        query_blob(&q, c->serial);
        rc = query_step(&q, e);
        if (rc == 1) {
                out->issued = query_column(&q, 0);
                query_column_text(&q, 1, out->name, sizeof(out->name));
                out->has_der = query_column(&q, 2) != 0;
                out->has_subject = query_column(&q, 3) != 0;
        }
        query_close(&q);
        if (rc == 0)
                return err_set(e, ERR_DATA,
                    "%s: damaged: a row is missing: restore a backup",
                    db->path);
        return rc == 1 ? 0 : -1;
}

/* The name, or NULL if it is not free. */
static int free_name(
    struct cadb *db, const char *name, const char **out, struct err *e)
{
        int rc = name != NULL ? row_name_taken(db, name, e) : 0;

        *out = rc == 0 ? name : NULL;
        return rc < 0 ? -1 : 0;
}

/* What the event says of the state that was reached. */
static const char *detail_of(
    const struct cadb_state *old, const struct cadb_state *to)
{
        const char *reason = ocsp_reason_name(to->reason);

        if (to->status == CADB_REVOKED)
                return reason != NULL ? reason : "revoked";
        return old != NULL && old->status == CADB_REVOKED ? "released" : "good";
}

static int append(struct cadb *db, const struct cadb_imported *c,
    const char *name, const char *detail, int64_t now, int64_t *seq,
    struct err *e)
{
        struct trail t = {
            .at = now,
            .kind = "import",
            .ca = c->ca,
            .serial = c->serial,
            .name = name,
            .detail = detail,
        };

        return trail_append(db, &t, seq, e);
}

/* ---- a new row ---------------------------------------------------------- */

static int add(struct cadb *db, const struct cadb_imported *c,
    struct cadb_state *state, int64_t now, struct err *e)
{
        struct cadb_new_cert row = {
            .ca = c->ca,
            .serial = c->serial,
            .der = {c->der.len > 0 ? c->der.data : NULL, c->der.len},
            .subject = c->subject != NULL ? c->subject : "",
            .not_before = c->not_before,
        };

        if (state->not_after == 0)
                state->not_after = NO_END;
        if (free_name(db, c->name, &row.name, e) != 0 ||
            append(db, c, row.name, detail_of(NULL, state), now,
                &state->version, e) != 0)
                return -1;
        return row_insert(db, &row, state, e);
}

/* ---- a known one -------------------------------------------------------- */

static bool same_state(const struct cadb_state *a, const struct cadb_state *b)
{
        return a->status == b->status && a->reason == b->reason &&
               a->revoked_at == b->revoked_at &&
               a->invalidity_at == b->invalidity_at &&
               a->not_after == b->not_after;
}

static int fill_detail(struct cadb *db, const struct cadb_imported *c,
    int64_t issued, const char *name, const char *subject, bool der,
    struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_ISSUED_FILL);
        query_int(&q, issued);
        query_text(&q, name);
        query_blob(&q, der ? c->der : (struct span){NULL, 0});
        query_text(&q, subject);
        query_int_unless(&q, der ? c->not_before : 0, 0);
        return query_run(&q, e);
}

static int update(struct cadb *db, const struct cadb_imported *c,
    const struct cadb_state *old, struct cadb_state *to, int64_t now,
    enum cadb_import_change *out, struct err *e)
{
        bool state = !same_state(old, to), der = false;
        const char *name = NULL, *subject = NULL;
        struct detail d;

        *out = CADB_IMPORT_SAME;
        /* The wide row is read only if there is anything to see in it. */
        if (!state && c->der.len == 0 && c->name == NULL)
                return 0;
        if (read_detail(db, c, &d, e) != 0 ||
            (d.name[0] == '\0' && free_name(db, c->name, &name, e) != 0))
                return -1;
        der = c->der.len > 0 && !d.has_der;
        if (der || !d.has_subject)
                subject = c->subject;
        if (!state && !der && name == NULL && subject == NULL)
                return 0;
        *out = CADB_IMPORT_CHANGED;
        if (append(db, c, name != NULL || d.name[0] == '\0' ? name : d.name,
                detail_of(old, to), now, &to->version, e) != 0)
                return -1;
        if ((der || name != NULL || subject != NULL) &&
            fill_detail(db, c, d.issued, name, subject, der, e) != 0)
                return -1;
        return state ? row_set_state(db, c->ca, c->serial, to, e) : 0;
}

/* What the row shall be, as far as c knows. */
static void wanted(const struct cadb_imported *c, const struct cadb_state *old,
    struct cadb_state *to)
{
        *to = old != NULL && c->keep_state ? *old : c->state;
        to->not_after = c->not_after;
        if (old != NULL && c->not_after == 0)
                to->not_after = old->not_after;
        if (to->reason == OCSP_REASON_UNSPECIFIED || to->status == CADB_GOOD)
                to->reason = OCSP_REASON_NONE;
        if (to->status == CADB_GOOD)
                to->revoked_at = to->invalidity_at = 0;
}

int cadb_cert_import(struct cadb *db, const struct cadb_imported *c,
    int64_t now, enum cadb_import_change *out, struct err *e)
{
        struct cadb_state old, to;
        int rc;

        if (row_check_serial(c->serial, e) != 0 ||
            (c->state.status == CADB_REVOKED &&
                row_check_reason(c->state.reason, e) != 0))
                return -1;
        rc = cadb_state_find(db, c->ca, c->serial, &old, e);
        if (rc < 0)
                return -1;
        wanted(c, rc == 1 ? &old : NULL, &to);
        *out = CADB_IMPORT_ADDED;
        return rc == 1 ? update(db, c, &old, &to, now, out, e)
                       : add(db, c, &to, now, e);
}
