#include "responder/status.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/pki.h"

/* Takes over v. */
static void append(struct buf *out, json_t *v)
{
        char *text = v != NULL ? json_dumps(v, JSON_COMPACT) : NULL;

        if (text == NULL)
                out->failed = true;
        else
                buf_printf(out, "%s\n", text);
        free(text);
        json_decref(v);
}

static json_t *json_time(int64_t t)
{
        char text[TIME_TEXT_MAX];

        return json_string(format_time(t, text));
}

/* ---- /healthz ---------------------------------------------------------- */

/* A made-up certID: SHA-1, hashes of 20 zeros, serial 0. */
static const uint8_t probe_certid[] = {0x30, 0x3a, 0x30, 0x09, 0x06, 0x05, 0x2b,
    0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x04, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x01, 0x00};

static bool can_sign(const struct issuer *ca, int64_t now, char *why)
{
        const struct ocsp_single single = {
            .certid = {probe_certid, sizeof(probe_certid)},
            .status = OCSP_UNKNOWN,
            .reason = OCSP_REASON_NONE,
            .this_update = now};
        const struct ocsp_answer a = {
            .produced_at = now, .singles_len = 1, .singles = &single};
        struct buf der = {.len = 0};
        struct err e = ERR_INIT;

        if (!issuer_can_sign(ca, now, why))
                return false;
        if (ocsp_answer_encode(&a, ca->signer, &der, &e) != 0)
                snprintf(why, ERR_TEXT_MAX, "%s", e.text);
        buf_release(&der);
        return why[0] == '\0';
}

/* One CA; healthy also if it has no signer and needs none. */
static json_t *health_of(const struct issuer *ca, int64_t now, bool *healthy)
{
        char why[ERR_TEXT_MAX], notice[ERR_TEXT_MAX];
        bool ok = can_sign(ca, now, why);

        *healthy = *healthy && (ok || !ca->has_signer);
        return json_pack("{s:s, s:b, s:s?, s:s?, s:o?}", "ca", ca->name,
            "signs", ok, "why", ok ? NULL : why, "warning",
            issuer_notice(ca, now, notice), "signer_not_after",
            ca->signer != NULL ? json_time(ca->not_after) : NULL);
}

/* The first of them, so that one look at the top tells. */
static const char *first_warning(
    const struct issuers *cas, int64_t now, char out[ERR_TEXT_MAX])
{
        const char *warning = NULL;
        size_t i;

        for (i = 0; warning == NULL && i < cas->len; i++)
                warning = issuer_notice(cas->list[i], now, out);
        return warning;
}

bool status_health(struct worker *w, struct buf *out)
{
        json_t *cas = json_array();
        char warning[ERR_TEXT_MAX];
        bool database, healthy;
        struct err e = ERR_INIT;
        int64_t seq = 0;
        struct moment m;
        size_t i;

        database = worker_look(w, &m, &e) == 0 &&
                   cadb_last_event(w->db, &seq, &e) == 0;
        healthy = database;
        for (i = 0; database && i < w->issuers->len; i++)
                json_array_append_new(
                    cas, health_of(w->issuers->list[i], m.now, &healthy));
        append(out,
            json_pack("{s:b, s:s?, s:{s:b, s:s?, s:I}, s:o, s:o}", "healthy",
                healthy, "warning",
                database ? first_warning(w->issuers, m.now, warning) : NULL,
                "database", "ok", database, "why", database ? NULL : e.text,
                "last_event", (json_int_t)seq, "cas", cas, "now",
                json_time(responder_now(w->responder))));
        return healthy;
}

/* ---- /scenarios -------------------------------------------------------- */

/* The name by which the CA's database knows the serial is not ours to know. */
static json_t *json_fault(const struct fault *f, const struct issuers *issuers)
{
        const struct issuer *ca = issuers_by_id(issuers, f->ca);
        char text[PKI_SERIAL_TEXT_MAX];
        int64_t left = fault_left(f);

        if (f->serial_len > 0)
                pki_serial_text((struct span){f->serial, f->serial_len}, text);
        return json_pack("{s:s, s:s?, s:s?, s:o, s:o, s:I, s:s?}", "scenario",
            f->text, "ca", ca != NULL ? ca->name : NULL, "serial",
            f->serial_len > 0 ? text : NULL, "times",
            f->times > 0 ? json_integer(f->times) : json_null(), "left",
            left >= 0 ? json_integer(left) : json_null(), "since",
            (json_int_t)f->version, "broken",
            f->broken[0] != '\0' ? f->broken : NULL);
}

bool status_scenarios(struct worker *w, struct buf *out)
{
        json_t *list = json_array();
        struct err e = ERR_INIT;
        struct moment m;
        bool known = worker_look(w, &m, &e) == 0;
        size_t i;

        for (i = 0; known && i < w->faults->len; i++)
                json_array_append_new(
                    list, json_fault(w->faults->list[i], w->issuers));
        append(out, json_pack("{s:o, s:s?}", "scenarios", list, "why",
                        known ? NULL : e.text));
        return known;
}

/* ---- /requests --------------------------------------------------------- */

static const char *hash_name(enum ocsp_hash h)
{
        switch (h) {
        case OCSP_SHA1:
                return "sha1";
        case OCSP_SHA256:
                return "sha256";
        case OCSP_HASH_OTHER:
                return "other";
        }
        return "?";
}

static const char *method_name(enum httpd_method m)
{
        switch (m) {
        case HTTPD_GET:
                return "GET";
        case HTTPD_HEAD:
                return "HEAD";
        case HTTPD_POST:
                return "POST";
        }
        return "?";
}

static json_t *json_hex(struct span octets)
{
        char text[2 * OCSP_NONCE_MAX + 1];

        return octets.data == NULL
                   ? json_null()
                   : json_string(hex_encode(octets, text, sizeof(text)));
}

static json_t *json_serial(const struct journal_certid *id)
{
        char text[PKI_SERIAL_TEXT_MAX];

        return json_string(
            pki_serial_text((struct span){id->serial, id->serial_len}, text));
}

static json_t *json_certid(const struct journal_subject *s,
    const struct journal_certid *id, const struct issuer *ca)
{
        char why[ANSWER_WHY_MAX];

        return json_pack("{s:o, s:s, s:s?, s:s?, s:s?}", "serial",
            json_serial(id), "hash", hash_name(id->hash), "ca",
            ca != NULL ? ca->name : NULL, "verdict",
            s->found ? ocsp_cert_status_name(id->finding.status) : NULL, "why",
            s->found ? answer_explain(&id->finding, ca, why) : NULL);
}

static json_t *json_certids(
    const struct journal_subject *s, const struct issuer *ca)
{
        json_t *list = json_array();
        size_t i;

        for (i = 0; i < s->certids_len; i++)
                json_array_append_new(list, json_certid(s, &s->certids[i], ca));
        return list;
}

/* Of several certIDs it speaks of the first that was never issued, as the log
 * does. */
static const char *why_of(const struct journal_subject *s,
    const struct issuer *ca, char out[ANSWER_WHY_MAX])
{
        size_t i;

        if (!s->found)
                return s->why;
        for (i = 0; i < s->certids_len; i++)
                if (!s->certids[i].finding.issued)
                        return answer_explain(&s->certids[i].finding, ca, out);
        return answer_explain(&s->certids[0].finding, ca, out);
}

/* What all certIDs have in common. */
static const char *verdict_of(const struct journal_subject *s)
{
        size_t i;

        if (!s->found)
                return NULL;
        for (i = 1; i < s->certids_len; i++)
                if (s->certids[i].finding.status !=
                    s->certids[0].finding.status)
                        return "several";
        return ocsp_cert_status_name(s->certids[0].finding.status);
}

static json_t *json_record(
    const struct journal_record *r, const struct issuers *issuers)
{
        const struct journal_subject *s = r->subject;
        const struct issuer *ca = issuers_by_id(issuers, s->issuer);
        char why[ANSWER_WHY_MAX];

        return json_pack("{s:I, s:o, s:s, s:i, s:o, s:o, s:s, s:s?, s:b, s:s, "
                         "s:s?, s:s?}",
            "seq", (json_int_t)r->seq, "at", json_time(r->at), "method",
            method_name(r->method), "http", (int)r->http, "certids",
            json_certids(s, ca), "nonce", json_hex(s->nonce), "status",
            ocsp_response_status_name(s->status), "verdict", verdict_of(s),
            "cached", r->cached == CACHE_HIT || r->cached == CACHE_AGAIN,
            "cache", cache_use_name(r->cached), "why", why_of(s, ca, why),
            "scenario", s->scenario);
}

size_t status_requests(
    struct worker *w, uint64_t since, struct span serial, struct buf *out)
{
        struct journal_record *list = calloc(JOURNAL_LEN, sizeof(*list));
        json_t *requests = json_array();
        struct moment m;
        uint64_t last;
        size_t i, n;

        if (list == NULL) {
                json_decref(requests);
                out->failed = true;
                return 0;
        }
        /* For the CAs' names; without the database the old ones do. */
        worker_look(w, &m, NULL);
        n = journal_collect(w->responder->journal, since, serial, list, &last);
        for (i = 0; i < n; i++) {
                json_array_append_new(
                    requests, json_record(&list[i], w->issuers));
                journal_subject_unref(list[i].subject);
        }
        free(list);
        append(out, json_pack("{s:I, s:o}", "last", (json_int_t)last,
                        "requests", requests));
        return n;
}
