#include "stapler/status.h"

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
        struct tls_counts counts = site_counts(site);
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
            row, "served", json_integer((json_int_t)counts.stapled));
        json_object_set_new(row, "bare", json_integer((json_int_t)counts.bare));
        json_object_set_new(
            row, "refusals", json_integer((json_int_t)counts.refused));
        json_object_set_new(
            row, "spoilt", json_integer((json_int_t)counts.spoilt));
}

static void add_fault(json_t *row, const struct site *site)
{
        const struct site_fault *f = site == NULL ? NULL : site_fault_now(site);
        int64_t left = f == NULL ? -1 : fault_left(f->fault);

        json_object_set_new(row, "scenario",
            f == NULL ? json_null() : json_string(f->fault->text));
        json_object_set_new(row, "scenario_left",
            left < 0 ? json_null() : json_integer((json_int_t)left));
        json_object_set_new(row, "scenario_why",
            f == NULL || f->why[0] == '\0' ? json_null() : json_string(f->why));
}

/* The same keys for one that could not be read. */
static void add_nothing(json_t *row)
{
        static const char *const unknown[] = {"serial", "must_staple",
            "this_update", "next_update", "revocation_time", "reason",
            "next_refresh"};
        static const char *const none[] = {
            "fetches", "failures", "served", "bare", "refusals", "spoilt"};
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
        add_fault(row, n->site);
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

/* ---- health -------------------------------------------------------------- */

/* NULL: all is as it should be. */
static const char *sickness(const struct roster_entry *n)
{
        const struct site *site = n->site;

        if (site == NULL)
                return n->error.text;
        switch (site_state(site)) {
        case STAPLE_GOOD:
        case STAPLE_REVOKED:
        case STAPLE_UNVERIFIED:
                return NULL;
        case STAPLE_NONE:
        case STAPLE_EXPIRED:
        case STAPLE_EARLY:
                break;
        }
        /* It names no responder, and need not be asked for. */
        if (site->id.urls_len == 0 && !site->id.must_staple)
                return NULL;
        if (site->id.trouble[0] != '\0')
                return site->id.trouble;
        return site->staple.last_error[0] != '\0' ? site->staple.last_error
                                                  : "no staple";
}

/* What will become a sickness if nothing is done. */
static const char *warning(const struct roster_entry *n)
{
        int64_t now;

        if (n->error.text[0] != '\0')
                return n->error.text;
        if (n->site == NULL)
                return NULL;
        now = labclock_now(n->site->keeper->clock);
        if (now > pki_not_after(n->site->id.leaf))
                return "the certificate has expired";
        if (now < pki_not_before(n->site->id.leaf))
                return "the certificate is not valid yet";
        if (site_state(n->site) == STAPLE_REVOKED)
                return "the certificate is revoked";
        if (n->site->staple.failures > 0)
                return n->site->staple.last_error;
        return NULL;
}

bool status_health(const struct roster *r, struct buf *out)
{
        json_t *list = json_array();
        bool healthy = r->len > 0, warned = false;
        char at[TIME_TEXT_MAX], *text;
        json_t *all;
        size_t i;

        for (i = 0; i < r->len; i++) {
                const char *why = sickness(&r->entries[i]);
                const char *word = why == NULL ? warning(&r->entries[i]) : NULL;

                healthy = healthy && why == NULL;
                warned = warned || word != NULL;
                json_array_append_new(
                    list, json_pack("{s:s, s:b, s:s?, s:s?}", "name",
                              r->entries[i].name, "healthy", why == NULL, "why",
                              why, "warning", word));
        }
        all = json_pack("{s:b, s:b, s:s, s:o}", "healthy", healthy, "warning",
            warned, "now", format_time(labclock_now(r->keeper->clock), at),
            "certificates", list);
        text = json_dumps(all, JSON_COMPACT);
        buf_printf(out, "%s\n", text == NULL ? "{}" : text);
        free(text);
        json_decref(all);
        return healthy;
}
