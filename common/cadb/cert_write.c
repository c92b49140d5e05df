#include "cadb/write.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cadb/trail.h"
#include "ocsp/ocsp.h"

/* ---- issuing ------------------------------------------------------------ */

static int check_new_cert(
    struct cadb *db, const struct cadb_new_cert *c, struct err *e)
{
        struct cadb_cert other;
        struct cadb_state state;
        int rc = 0;

        if (c->serial.len == 0 || c->serial.len > sizeof(other.serial))
                return err_set(e, ERR_DATA,
                    "serial of %zu octets: between 1 and %zu are kept",
                    c->serial.len, sizeof(other.serial));
        if (c->name != NULL)
                rc = cadb_cert_find_name(db, c->name, &other, e);
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

static int insert_issued(
    struct cadb *db, const struct cadb_new_cert *c, int64_t *id, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_ISSUED_INSERT);
        query_int(&q, c->ca);
        query_blob(&q, c->serial);
        query_text(&q, c->name);
        query_text(&q, c->subject);
        query_int(&q, c->not_before);
        query_blob(&q, c->der);
        if (query_run(&q, e) != 0)
                return -1;
        *id = sqlite3_last_insert_rowid(db->sql);
        return 0;
}

static int insert_cert(struct cadb *db, const struct cadb_new_cert *c,
    int64_t version, int64_t issued, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_CERT_INSERT);
        query_int(&q, c->ca);
        query_blob(&q, c->serial);
        query_int(&q, c->not_after);
        query_int(&q, version);
        query_int(&q, issued);
        return query_run(&q, e);
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
        int64_t seq, issued;

        if (check_new_cert(db, c, e) != 0 ||
            trail_append(db, &t, &seq, e) != 0 ||
            insert_issued(db, c, &issued, e) != 0)
                return -1;
        return insert_cert(db, c, seq, issued, e);
}

/* The first free of NAME@1, NAME@2, ... */
static int free_name(struct cadb *db, const char *name,
    char out[CADB_NAME_MAX + 1], struct err *e)
{
        struct cadb_cert other;
        unsigned n;
        int rc;

        for (n = 1; n < UINT_MAX; n++) {
                snprintf(
                    out, CADB_NAME_MAX + 1, "%.*s@%u", LAB_NAME_MAX, name, n);
                rc = cadb_cert_find_name(db, out, &other, e);
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

/* Writes state, with its event; kind says what happened. */
static int set_state(struct cadb *db, const struct cadb_cert *cert,
    const struct cadb_state *to, const char *kind, int64_t now, struct err *e)
{
        struct span serial = {cert->serial, cert->serial_len};
        bool revoked = to->status == CADB_REVOKED;
        struct trail t = {
            .at = now,
            .kind = kind,
            .ca = cert->ca,
            .serial = serial,
            .name = *cert->name != '\0' ? cert->name : NULL,
            .detail = ocsp_reason_name(to->reason),
        };
        struct query q;
        int64_t seq;

        if (trail_append(db, &t, &seq, e) != 0)
                return -1;
        query_open(&q, db, SQL_CERT_SET_STATE);
        query_int(&q, cert->ca);
        query_blob(&q, serial);
        query_int(&q, to->status);
        query_int_unless(&q, to->reason, OCSP_REASON_NONE);
        if (revoked)
                query_int(&q, to->revoked_at);
        else
                query_int_unless(&q, 0, 0);
        query_int_unless(&q, to->invalidity_at, 0);
        query_int(&q, seq);
        return query_run(&q, e);
}

static int check_reason(int reason, struct err *e)
{
        if (reason == OCSP_REASON_REMOVE_FROM_CRL)
                return err_set(e, ERR_USAGE,
                    "removeFromCRL stands in delta CRLs only: release the "
                    "certificate instead (RFC 5280 section 5.3.1)");
        if (reason != OCSP_REASON_NONE && ocsp_reason_name(reason) == NULL)
                return err_set(e, ERR_USAGE,
                    "there is no reason %d (RFC 5280 section 5.3.1)", reason);
        return 0;
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
        struct cadb_cert cert;
        struct cadb_state to;
        int rc;

        if (check_reason(r->reason, e) != 0)
                return -1;
        rc = cadb_cert_find_serial(db, ca, serial, &cert, e);
        if (rc <= 0) {
                *out = CADB_ABSENT;
                return rc;
        }
        *out = revoked_state(&cert.state, r, &to);
        if (*out != CADB_CHANGED)
                return 0;
        return set_state(db, &cert, &to,
            r->reason == OCSP_REASON_HOLD ? "hold" : "revoke", now, e);
}

int cadb_release(struct cadb *db, int64_t ca, struct span serial, int64_t now,
    enum cadb_change *out, struct err *e)
{
        struct cadb_state good = {
            .status = CADB_GOOD, .reason = OCSP_REASON_NONE};
        struct cadb_cert cert;
        int rc = cadb_cert_find_serial(db, ca, serial, &cert, e);

        if (rc <= 0) {
                *out = CADB_ABSENT;
                return rc;
        }
        *out = on_hold(&cert.state) ? CADB_CHANGED : CADB_FORBIDDEN;
        if (*out != CADB_CHANGED)
                return 0;
        return set_state(db, &cert, &good, "release", now, e);
}
