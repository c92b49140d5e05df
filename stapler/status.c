#include "stapler/status.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "ocsp/ocsp.h"

static json_t *time_json(int64_t t)
{
        char text[TIME_TEXT_MAX];

        return t == 0 ? json_null() : json_string(format_time(t, text));
}

static json_t *urls_json(const struct identity *id)
{
        json_t *list = json_array();
        size_t i;

        for (i = 0; i < id->urls_len; i++)
                json_array_append_new(list, json_string(id->urls[i]));
        return list;
}

static void add_facts(json_t *row, const struct staple *s)
{
        const char *reason = s->latest.state == STAPLE_REVOKED
                                 ? ocsp_reason_name(s->latest.reason)
                                 : NULL;

        json_object_set_new(row, "this_update", time_json(s->held.this_update));
        json_object_set_new(row, "next_update", time_json(s->held.next_update));
        json_object_set_new(
            row, "revocation_time", time_json(s->latest.revocation_time));
        json_object_set_new(
            row, "reason", reason == NULL ? json_null() : json_string(reason));
}

static void add_site(json_t *row, const struct site *site)
{
        struct staple_now now = keeper_now(site->keeper);
        struct staple_plan plan = staple_next(&site->staple, now);
        enum staple_give give = staple_give(&site->staple,
            &site->keeper->policy, site->id.must_staple, now.lab);
        bool asks = site->id.trouble[0] == '\0';

        json_object_set_new(row, "serial", json_string(site->id.serial));
        json_object_set_new(
            row, "must_staple", json_boolean(site->id.must_staple));
        json_object_set_new(row, "urls", urls_json(&site->id));
        json_object_set_new(row, "state",
            json_string(
                staple_state_name(staple_state(&site->staple, now.lab))));
        json_object_set_new(row, "stapled", json_boolean(give == STAPLE_GIVE));
        json_object_set_new(
            row, "refused", json_boolean(give == STAPLE_REFUSE));
        add_facts(row, &site->staple);
        json_object_set_new(row, "next_refresh",
            asks ? time_json(plan.next_refresh) : json_null());
        json_object_set_new(
            row, "fetches", json_integer((json_int_t)site->fetches));
        json_object_set_new(
            row, "failures", json_integer(site->staple.failures));
        json_object_set_new(
            row, "served", json_integer((json_int_t)site->stapled));
        json_object_set_new(row, "bare", json_integer((json_int_t)site->bare));
        json_object_set_new(
            row, "refusals", json_integer((json_int_t)site->refused));
}

/* The same keys for one that could not be read. */
static void add_nothing(json_t *row)
{
        static const char *const unknown[] = {"serial", "must_staple",
            "this_update", "next_update", "revocation_time", "reason",
            "next_refresh"};
        static const char *const none[] = {
            "fetches", "failures", "served", "bare", "refusals"};
        size_t i;

        json_object_set_new(row, "state", json_string("none"));
        json_object_set_new(row, "urls", json_array());
        json_object_set_new(row, "stapled", json_false());
        json_object_set_new(row, "refused", json_false());
        for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
                json_object_set_new(row, unknown[i], json_null());
        for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
                json_object_set_new(row, none[i], json_integer(0));
}

static json_t *entry_json(const struct roster_entry *n)
{
        json_t *row = json_object();
        const char *error = n->error.text;

        json_object_set_new(row, "name", json_string(n->name));
        if (n->site != NULL) {
                add_site(row, n->site);
                if (*error == '\0')
                        error = n->site->staple.last_error;
                if (*error == '\0')
                        error = n->site->id.trouble;
        } else {
                add_nothing(row);
        }
        json_object_set_new(row, "last_error", json_string(error));
        return row;
}

void status_json(const struct roster *r, const char *name, struct buf *out)
{
        json_t *list = json_array(), *all = json_object();
        char *text;
        size_t i;

        for (i = 0; i < r->len; i++) {
                if (name == NULL || strcmp(r->entries[i].name, name) == 0)
                        json_array_append_new(list, entry_json(&r->entries[i]));
        }
        json_object_set_new(
            all, "now", time_json(labclock_now(r->keeper->clock)));
        json_object_set_new(all, "certificates", list);
        text = json_dumps(all, JSON_INDENT(2));
        buf_append_text(out, text == NULL ? "{}" : text);
        buf_append_text(out, "\n");
        free(text);
        json_decref(all);
}

/* ---- metrics ------------------------------------------------------------ */

static void head(
    struct buf *out, const char *name, const char *type, const char *help)
{
        buf_printf(out,
            "# HELP ocsp_stapler_%s %s\n# TYPE ocsp_stapler_%s %s\n", name,
            help, name, type);
}

/* Names are [A-Za-z0-9._-]+ in a lab; a --cert file may have any. */
static void row(struct buf *out, const char *name, const char *cert,
    const char *more, int64_t value)
{
        const char *p;

        buf_printf(out, "ocsp_stapler_%s{cert=\"", name);
        for (p = cert; *p != '\0'; p++) {
                if (*p == '"' || *p == '\\')
                        buf_append_text(out, "\\");
                buf_append(out, *p == '\n' ? " " : p, 1);
        }
        buf_printf(out, "\"%s} %" PRId64 "\n", more, value);
}

static void handshake_rows(const struct roster *r, struct buf *out)
{
        size_t i;

        head(out, "handshakes_total", "counter",
            "Handshakes by what they got, if the client asked.");
        for (i = 0; i < r->len; i++) {
                const struct roster_entry *n = &r->entries[i];

                if (n->site == NULL)
                        continue;
                row(out, "handshakes_total", n->name, ",got=\"staple\"",
                    (int64_t)n->site->stapled);
                row(out, "handshakes_total", n->name, ",got=\"none\"",
                    (int64_t)n->site->bare);
                row(out, "handshakes_total", n->name, ",got=\"refusal\"",
                    (int64_t)n->site->refused);
        }
}

enum number { FETCHES, FAILURES, NEXT_UPDATE };

static int64_t number_of(const struct site *site, enum number what)
{
        switch (what) {
        case FETCHES:
                return (int64_t)site->fetches;
        case FAILURES:
                return site->staple.failures;
        case NEXT_UPDATE:
                return site->staple.held.next_update;
        }
        return 0;
}

static void number_rows(
    const struct roster *r, enum number what, const char *name, struct buf *out)
{
        size_t i;

        for (i = 0; i < r->len; i++) {
                if (r->entries[i].site != NULL)
                        row(out, name, r->entries[i].name, "",
                            number_of(r->entries[i].site, what));
        }
}

void status_metrics(const struct roster *r, size_t connections, struct buf *out)
{
        handshake_rows(r, out);
        head(out, "fetches_total", "counter", "Questions to responders.");
        number_rows(r, FETCHES, "fetches_total", out);
        head(
            out, "failures", "gauge", "Fetches in a row that brought nothing.");
        number_rows(r, FAILURES, "failures", out);
        head(out, "next_update_seconds", "gauge",
            "nextUpdate of the staple that is held; 0: none.");
        number_rows(r, NEXT_UPDATE, "next_update_seconds", out);
        head(out, "connections", "gauge", "Open TLS connections.");
        buf_printf(out, "ocsp_stapler_connections %zu\n", connections);
}
