#include "cadb/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cadb/trail.h"

/* Never NULL, which would be no key: every certificate is an empty serial. */
static struct span key_of(struct span serial)
{
        return serial.len > 0 ? serial : (struct span){(const uint8_t *)"", 0};
}

static void bind_key(struct query *q, int64_t ca, struct span serial)
{
        query_int(q, ca);
        query_blob(q, key_of(serial));
}

/* Tells readers that something was set or cleared, and gives the certificate
 * a new version, so that no answer from before is taken for its own. */
static int mark(struct cadb *db, int64_t ca, struct span serial, bool set,
    int64_t version, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_SCENARIO_MOVED);
        query_int(&q, version);
        if (query_run(&q, e) != 0)
                return -1;
        if (serial.len == 0)
                return 0;
        query_open(&q, db, SQL_SCENARIO_MARK);
        bind_key(&q, ca, serial);
        query_int(&q, set);
        query_int(&q, version);
        return query_run(&q, e);
}

static int drop_signers(
    struct cadb *db, int64_t ca, struct span serial, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_SCENARIO_SIGNERS_DROP);
        bind_key(&q, ca, serial);
        return query_run(&q, e);
}

/* *name is that of the certificate, "" if it has none or it is not about
 * one. */
static int find_name(struct cadb *db, int64_t ca, struct span serial,
    char name[CADB_NAME_MAX + 1], struct err *e)
{
        struct cadb_cert cert;
        int rc;

        name[0] = '\0';
        if (serial.len == 0)
                return 1;
        rc = cadb_cert_find_serial(db, ca, serial, &cert, e);
        if (rc == 1)
                memcpy(name, cert.name, sizeof(cert.name));
        return rc;
}

static int append(struct cadb *db, int64_t ca, struct span serial,
    const char *name, const char *detail, int64_t now, int64_t *seq,
    struct err *e)
{
        struct trail t = {
            .at = now,
            .kind = "scenario",
            .ca = ca,
            .serial = serial.len > 0 ? serial : (struct span){NULL, 0},
            .name = name[0] != '\0' ? name : NULL,
            .detail = detail,
        };

        return trail_append(db, &t, seq, e);
}

static int check_allowed(struct cadb *db, struct err *e)
{
        struct cadb_settings settings;

        if (cadb_settings_get(db, &settings, e) != 0)
                return -1;
        if (!settings.no_faults)
                return 0;
        return err_set(e, ERR_CONFIG,
            "%s: made with --no-faults: no scenario can be set", db->path);
}

static int insert(struct cadb *db, const struct cadb_new_scenario *s,
    int64_t version, struct err *e)
{
        char name[CADB_SCENARIO_MAX];
        char *params;
        struct query q;

        snprintf(name, sizeof(name), "%s", s->text);
        params = strchr(name, ':');
        if (params != NULL)
                *params++ = '\0';
        query_open(&q, db, SQL_SCENARIO_SET);
        bind_key(&q, s->ca, s->serial);
        query_text(&q, name);
        query_text(&q, params != NULL ? params : "");
        query_int_unless(&q, s->times, 0);
        query_int(&q, version);
        return query_run(&q, e);
}

int cadb_scenario_set(struct cadb *db, const struct cadb_new_scenario *s,
    int64_t now, struct err *e)
{
        char name[CADB_NAME_MAX + 1], detail[CADB_SCENARIO_MAX + 32];
        int64_t seq;
        int rc;

        if (check_allowed(db, e) != 0)
                return -1;
        if (strlen(s->text) >= CADB_SCENARIO_MAX)
                return err_set(e, ERR_USAGE, "scenario: too long");
        rc = find_name(db, s->ca, s->serial, name, e);
        if (rc == 0)
                return err_set(e, ERR_NOTFOUND,
                    "scenario: this CA has not issued that serial");
        snprintf(detail, sizeof(detail),
            s->times > 0 ? "%s, %" PRId64 " times" : "%s", s->text, s->times);
        if (rc < 0 ||
            append(db, s->ca, s->serial, name, detail, now, &seq, e) != 0 ||
            drop_signers(db, s->ca, s->serial, e) != 0 ||
            insert(db, s, seq, e) != 0)
                return -1;
        return mark(db, s->ca, s->serial, true, seq, e);
}

int cadb_scenario_sign(struct cadb *db, const struct cadb_new_scenario *s,
    int64_t issuer, const char *path, struct err *e)
{
        struct query q;

        query_open(&q, db, SQL_SCENARIO_SIGNER_ADD);
        bind_key(&q, s->ca, s->serial);
        query_int(&q, issuer);
        query_text(&q, path);
        return query_run(&q, e);
}

/* 1: there was one. */
static int remove_row(
    struct cadb *db, int64_t ca, struct span serial, struct err *e)
{
        struct query q;
        int rc;

        query_open(&q, db, SQL_SCENARIO_CLEAR);
        bind_key(&q, ca, serial);
        rc = query_step(&q, e);
        if (rc == 1 && query_step(&q, e) < 0)
                rc = -1;
        query_close(&q);
        return rc;
}

int cadb_scenario_clear(struct cadb *db, int64_t ca, struct span serial,
    int64_t now, bool *cleared, struct err *e)
{
        char name[CADB_NAME_MAX + 1];
        int64_t seq;
        int rc = remove_row(db, ca, serial, e);

        *cleared = rc == 1;
        if (rc != 1)
                return rc;
        if (find_name(db, ca, serial, name, e) < 0 ||
            append(db, ca, serial, name, "clear", now, &seq, e) != 0 ||
            drop_signers(db, ca, serial, e) != 0)
                return -1;
        return mark(db, ca, serial, false, seq, e);
}
