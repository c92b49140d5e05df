#include "cadb/write.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cadb/row.h"
#include "cadb/trail.h"
#include "ocsp/ocsp.h"

/* ---- issuing ------------------------------------------------------------ */

static int check_new_cert(
    struct cadb *db, const struct cadb_new_cert *c, struct err *e)
{
        struct cadb_state state;
        int rc = 0;

        if (row_check_serial(c->serial, e) != 0)
                return -1;
        if (c->name != NULL)
                rc = row_name_taken(db, c->name, e);
        if (rc == 1)
                return err_set(e, ERR_EXISTS,
                    "there is a certificate %s already: choose another name, "
                    "or replace it with --renew",
                    c->name);
        if (rc == 0)
                rc = cadb_state_find(db, c->ca, c->serial, &state, e);
        if (rc == 1)
                return err_set(
                    e, ERR_EXISTS, "this CA has issued that serial already");
        return rc;
}

int cadb_cert_add(
    struct cadb *db, const struct cadb_new_cert *c, int64_t now, struct err *e)
{
        struct trail t = {
            .at = now,
            .kind = "issue",
            .ca = c->ca,
            .serial = c->serial,
            .name = c->name,
        };
        struct cadb_state good = {
            .status = CADB_GOOD,
            .reason = OCSP_REASON_NONE,
            .not_after = c->not_after,
        };

        if (check_new_cert(db, c, e) != 0 ||
            trail_append(db, &t, &good.version, e) != 0)
                return -1;
        return row_insert(db, c, &good, e);
}

/* The first free of NAME@1, NAME@2, ... */
static int free_name(struct cadb *db, const char *name,
    char out[CADB_NAME_MAX + 1], struct err *e)
{
        unsigned n;
        int rc;

        for (n = 1; n < UINT_MAX; n++) {
                snprintf(
                    out, CADB_NAME_MAX + 1, "%.*s@%u", LAB_NAME_MAX, name, n);
                rc = row_name_taken(db, out, e);
                if (rc != 1)
                        return rc;
        }
        return err_set(e, ERR_EXISTS, "%s: renewed too often", name);
}

static int rename_issued(
    struct cadb *db, const char *from, const char *to, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_ISSUED_SET_NAME);
        query_text(&q, from);
        query_text(&q, to);
        return query_run(&q, e);
}

/* No version changes: no answer names it. */
int cadb_cert_step_aside(struct cadb *db, const char *name, int64_t now,
    char out[CADB_NAME_MAX + 1], struct err *e)
{
        struct cadb_cert cert;
        struct trail t = {
            .at = now, .kind = "renew", .name = name, .detail = out};
        int64_t seq;
        int rc;

        if (strchr(name, '@') != NULL)
                return err_set(e, ERR_USAGE,
                    "%s: has been renewed already: name the one in its place",
                    name);
        rc = cadb_cert_find_name(db, name, &cert, e);
        if (rc == 0)
                return err_set(
                    e, ERR_NOTFOUND, "there is no certificate %s", name);
        if (rc < 0 || free_name(db, name, out, e) != 0)
                return -1;
        t.ca = cert.ca;
        t.serial = (struct span){cert.serial, cert.serial_len};
        if (trail_append(db, &t, &seq, e) != 0)
                return -1;
        return rename_issued(db, name, out, e);
}

/* ---- changes of state --------------------------------------------------- */

/* What a change of state needs of a certificate. */
struct subject {
        int64_t ca;
        struct span serial;
        struct cadb_state state;
        char name[CADB_NAME_MAX + 1];
};

/* A _find. */
static int find(struct cadb *db, int64_t ca, struct span serial,
    struct subject *out, struct err *e)
{
        struct query q;
        int rc;

        out->ca = ca;
        out->serial = serial;
        query_open(&q, db, SQL_STATE_AND_NAME);
        query_int(&q, ca);
        query_blob(&q, serial);
        rc = query_step(&q, e);
        if (rc == 1) {
                state_read(&q, &out->state);
                query_column_text(&q, 6, out->name, sizeof(out->name));
        }
        query_close(&q);
        return rc;
}

/* Writes the new state of s, with its event; kind says what happened. */
static int set_state(struct cadb *db, struct subject *s, const char *kind,
    int64_t now, struct err *e)
{
        struct trail t = {
            .at = now,
            .kind = kind,
            .ca = s->ca,
            .serial = s->serial,
            .name = *s->name != '\0' ? s->name : NULL,
            .detail = ocsp_reason_name(s->state.reason),
        };

        if (trail_append(db, &t, &s->state.version, e) != 0)
                return -1;
        return row_set_state(db, s->ca, s->serial, &s->state, e);
}

static bool on_hold(const struct cadb_state *s)
{
        return s->status == CADB_REVOKED && s->reason == OCSP_REASON_HOLD;
}

/* What r makes of old, in *to. */
static enum cadb_change revoked_state(const struct cadb_state *old,
    const struct cadb_revocation *r, struct cadb_state *to)
{
        bool compromise = r->reason == OCSP_REASON_KEY_COMPROMISE;

        *to = *old;
        to->status = CADB_REVOKED;
        /* RFC 5280 section 5.3.1: unspecified is said by saying nothing. */
        to->reason =
            r->reason != OCSP_REASON_UNSPECIFIED ? r->reason : OCSP_REASON_NONE;
        if (r->invalidity_at != 0)
                to->invalidity_at = r->invalidity_at;
        if (old->status == CADB_GOOD) {
                to->revoked_at = r->revoked_at;
                return CADB_CHANGED;
        }
        if (r->reason == OCSP_REASON_HOLD)
                return on_hold(old) ? CADB_SAME : CADB_FORBIDDEN;
        if (r->revoked_at < old->revoked_at)
                to->revoked_at = r->revoked_at;
        if (on_hold(old))
                return CADB_CHANGED;
        /* CA/B BR 7.2.2: a key found compromised later may raise the reason
         * and move the date back. */
        if (compromise && (old->reason != OCSP_REASON_KEY_COMPROMISE ||
                              to->revoked_at < old->revoked_at))
                return CADB_CHANGED;
        return CADB_SAME;
}

int cadb_revoke(struct cadb *db, int64_t ca, struct span serial,
    const struct cadb_revocation *r, int64_t now, enum cadb_change *out,
    struct err *e)
{
        struct cadb_state to;
        struct subject s;
        int rc;

        if (row_check_reason(r->reason, e) != 0)
                return -1;
        rc = find(db, ca, serial, &s, e);
        if (rc <= 0) {
                *out = CADB_ABSENT;
                return rc;
        }
        *out = revoked_state(&s.state, r, &to);
        if (*out != CADB_CHANGED)
                return 0;
        s.state = to;
        return set_state(
            db, &s, r->reason == OCSP_REASON_HOLD ? "hold" : "revoke", now, e);
}

int cadb_release(struct cadb *db, int64_t ca, struct span serial, int64_t now,
    enum cadb_change *out, struct err *e)
{
        struct subject s;
        int rc = find(db, ca, serial, &s, e);

        if (rc <= 0) {
                *out = CADB_ABSENT;
                return rc;
        }
        *out = on_hold(&s.state) ? CADB_CHANGED : CADB_FORBIDDEN;
        if (*out != CADB_CHANGED)
                return 0;
        s.state.status = CADB_GOOD;
        s.state.reason = OCSP_REASON_NONE;
        s.state.revoked_at = s.state.invalidity_at = 0;
        return set_state(db, &s, "release", now, e);
}
