#include "stapler/check/print.h"

#include <jansson.h>

#include <stdio.h>

#include "base/parse.h"

/* Jansson takes over each value that is set, also where setting fails, and
 * passes a NULL on: the only place to look for a lack of memory is the end. */

static void set_text(json_t *o, const char *key, const char *text)
{
        json_object_set_new(o, key,
            text != NULL && *text != '\0' ? json_string(text) : json_null());
}

/* 0: absent. */
static void set_time(json_t *o, const char *key, int64_t t)
{
        char text[TIME_TEXT_MAX];

        set_text(o, key, t != 0 ? format_time(t, text) : NULL);
}

static json_t *checks_json(const struct report *r)
{
        json_t *list = json_array();
        size_t i;

        for (i = 0; i < r->checks_len; i++) {
                const struct ocsp_check *c = &r->checks[i];
                json_t *o = json_object();

                set_text(o, "id", c->id);
                json_object_set_new(
                    o, "ok", c->ok < 0 ? json_null() : json_boolean(c->ok));
                set_text(o, "detail", c->detail);
                set_text(o, "ref", c->ref);
                json_array_append_new(list, o);
        }
        return list;
}

/* What the answer says; null where it says nothing. */
static void set_content(json_t *o, const struct report *r)
{
        const struct ocsp_verdict *v = &r->verdict;
        bool has_single = r->has_answer && v->has_single;
        bool revoked = has_single && v->cert_status == OCSP_REVOKED;

        set_text(o, "cert_status",
            has_single ? ocsp_cert_status_name(v->cert_status) : NULL);
        set_text(o, "reason", revoked ? ocsp_reason_name(v->reason) : NULL);
        set_time(o, "revocation_time", revoked ? v->revocation_time : 0);
        set_time(o, "this_update", has_single ? v->this_update : 0);
        set_time(o, "next_update", has_single ? v->next_update : 0);
        set_time(o, "produced_at", has_single ? v->produced_at : 0);
        set_text(o, "signer", r->has_answer ? v->signer : NULL);
        set_text(o, "response_status",
            r->has_answer ? ocsp_response_status_name(v->response_status)
                          : NULL);
}

static void set_report(json_t *o, const struct report *r)
{
        set_text(o, "verdict", ocsp_outcome_name(r->outcome));
        set_text(o, "why", r->why);
        set_text(o, "source", r->source);
        set_text(o, "url", r->url);
        set_content(o, r);
        json_object_set_new(o, "checks", checks_json(r));
}

static void set_subject(json_t *o, const struct subject *s)
{
        char text[PKI_SERIAL_TEXT_MAX];
        struct pki_serial serial;

        set_time(o, "at", s->now);
        if (s->leaf == NULL) {
                set_text(o, "serial", NULL);
                set_text(o, "subject", NULL);
                json_object_set_new(o, "must_staple", json_null());
                return;
        }
        serial = pki_serial_of(s->leaf);
        set_text(o, "serial",
            pki_serial_text((struct span){serial.octets, serial.len}, text));
        set_text(o, "subject", s->name);
        json_object_set_new(o, "must_staple", json_boolean(s->must_staple));
}

static json_t *tls_json(const struct findings *f)
{
        json_t *o;

        if (f->servername[0] == '\0')
                return json_null();
        o = json_object();
        set_text(o, "address", f->address);
        set_text(o, "servername", f->servername);
        set_text(o, "version", f->version);
        return o;
}

static void set_comparison(json_t *o, const struct findings *f)
{
        json_t *first = json_object();
        json_t *live = json_object();

        set_report(first, &f->first);
        set_report(live, &f->live);
        json_object_set_new(o, f->first.source, first);
        json_object_set_new(o, "live", live);
        set_time(o, "believed_until", findings_believed_until(f));
}

int print_json(const struct findings *f, struct err *e)
{
        json_t *o = json_object();
        char seen[REPORT_SEEN_MAX];
        char *text;

        set_report(o, &f->first);
        json_object_set_new(o, "accepted", json_boolean(f->accepted));
        set_text(o, "policy", policy_name(f->options->policy));
        set_subject(o, f->subject);
        json_object_set_new(o, "tls", tls_json(f));
        if (f->options->compare)
                set_comparison(o, f);
        if (f->options->expect.is_set) {
                set_text(o, "expected", f->options->expect.text);
                set_text(o, "seen", report_seen(&f->first, seen));
                json_object_set_new(
                    o, "as_expected", json_boolean(f->as_expected));
        }
        text = json_dumps(o, JSON_COMPACT);
        json_decref(o);
        if (text == NULL)
                return err_set(e, ERR_OS, "out of memory");
        puts(text);
        free(text);
        return 0;
}
