/* CRLs: what they list is revoked, what a delta CRL removes is not any more. */
#include <stdio.h>
#include <string.h>

#include "cadb/write.h"
#include "cmd_import.h"
#include "ocsp/ocsp.h"
#include "progress.h"

struct work {
        const struct import *im;
        const struct import_issuer *ca;
        struct import_result *out;
        size_t revoked; /* entries that say so */
        struct progress progress;
};

/* ---- whose it is ------------------------------------------------------- */

static int find_issuer(
    struct work *w, const struct import_cas *cas, X509_CRL *crl, struct err *e)
{
        char subject[PKI_NAME_TEXT_MAX];
        struct err why = ERR_INIT;
        size_t i;

        for (i = 0; i < cas->len && w->ca == NULL; i++) {
                const struct import_issuer *ca = &cas->rows[i];

                if (w->im->wish->ca != NULL && ca->id != w->im->ca)
                        continue;
                if (pki_crl_check(crl, ca->cert, w->out->path,
                        X509_NAME_cmp(X509_CRL_get_issuer(crl),
                            X509_get_subject_name(ca->cert)) == 0
                            ? &why
                            : NULL) == 0)
                        w->ca = ca;
        }
        if (w->ca != NULL) {
                snprintf(w->out->ca, sizeof(w->out->ca), "%s", w->ca->name);
                return 0;
        }
        if (why.code != ERR_NONE)
                return err_set(e, why.code, "%s", why.text);
        return err_set(e, ERR_DATA,
            "%s: the CRL of '%s', which is no CA that is known here: %s",
            w->out->path,
            X509_NAME_oneline(
                X509_CRL_get_issuer(crl), subject, sizeof(subject)),
            import_cas_names(cas));
}

/* ---- entries ----------------------------------------------------------- */

/* Whether a CRL that is not the newest may not speak of the entry: a newer one
 * has told whether a hold goes on, and what is revoked for good stays so. */
static int is_outdated(
    struct work *w, const struct pki_crl_entry *entry, struct err *e)
{
        struct cadb_state state;
        int found;

        if (w->out->newer == 0)
                return 0;
        found = cadb_state_find(
            w->im->forge.db, w->ca->id, entry->serial, &state, e);
        if (found != 1)
                return found;
        return entry->reason == OCSP_REASON_HOLD ||
               entry->reason == OCSP_REASON_REMOVE_FROM_CRL ||
               (state.status == CADB_REVOKED &&
                   state.reason != OCSP_REASON_HOLD);
}

/* removeFromCRL ends a hold that the CA knew of when it signed: a later one
 * stays. */
static int release(
    struct work *w, const struct pki_crl_entry *entry, struct err *e)
{
        struct cadb_imported row = {
            .ca = w->ca->id,
            .serial = entry->serial,
            .state = {.status = CADB_GOOD, .reason = OCSP_REASON_NONE},
        };
        struct cadb_state state;
        int found;

        if (!w->out->delta)
                return err_set(e, ERR_DATA,
                    "removeFromCRL in a full CRL (RFC 5280 section 5.3.1)");
        found = cadb_state_find(
            w->im->forge.db, w->ca->id, entry->serial, &state, e);
        if (found < 0)
                return -1;
        if (found == 1 && state.status == CADB_REVOKED &&
            state.reason == OCSP_REASON_HOLD &&
            state.revoked_at <= w->out->this_update)
                return import_row(w->im, &row, w->out, e);
        w->out->same++;
        return 0;
}

static int revoke(
    struct work *w, const struct pki_crl_entry *entry, struct err *e)
{
        struct cadb_imported row = {
            .ca = w->ca->id,
            .serial = entry->serial,
            .state =
                {
                    .status = CADB_REVOKED,
                    .reason =
                        entry->reason > 0 ? entry->reason : OCSP_REASON_NONE,
                    .revoked_at = entry->revocation_time,
                    .invalidity_at = entry->invalidity_at,
                },
        };

        if (entry->revocation_time <= 0)
                return err_set(e, ERR_DATA, "revoked before 1970");
        w->revoked++;
        return import_row(w->im, &row, w->out, e);
}

static int take(void *arg, const struct pki_crl_entry *entry, struct err *e)
{
        char serial[PKI_SERIAL_TEXT_MAX];
        struct work *w = arg;
        int rc = is_outdated(w, entry, e);

        if (rc == 1) {
                w->out->same++;
                rc = 0;
        } else if (rc == 0) {
                rc = entry->reason == OCSP_REASON_REMOVE_FROM_CRL
                         ? release(w, entry, e)
                         : revoke(w, entry, e);
        }
        w->out->rows++;
        progress_tick(&w->progress, w->out->rows, 100);
        if (rc != 0)
                return err_prefix(
                    e, "serial %s", pki_serial_text(entry->serial, serial));
        return 0;
}

/* ---- all --------------------------------------------------------------- */

/* Revoked ones, also on hold, that a full CRL does not list. */
static int count_unlisted(struct work *w, struct err *e)
{
        struct cadb_filter f = {.ca = w->ca->id, .now = w->im->forge.now};
        int64_t revoked, held;

        if (w->out->delta || w->out->newer != 0)
                return 0;
        f.status = CADB_ONLY_REVOKED;
        if (cadb_cert_count(w->im->forge.db, &f, &revoked, e) != 0)
                return -1;
        f.status = CADB_ONLY_HOLD;
        if (cadb_cert_count(w->im->forge.db, &f, &held, e) != 0)
                return -1;
        /* A serial that is listed twice is the CA's fault. */
        if (revoked + held > (int64_t)w->revoked)
                w->out->unlisted = revoked + held - (int64_t)w->revoked;
        return 0;
}

/* One that is not for all certificates of the CA may have numbers of its own:
 * with these, no other is older. */
static int compare_number(struct work *w, X509_CRL *crl, struct err *e)
{
        uint64_t last;

        if (cadb_crl_last(w->im->forge.db, w->ca->id, &last, e) != 0)
                return -1;
        if (w->out->number != 0 && w->out->number < last &&
            X509_CRL_get_ext_by_NID(crl, NID_issuing_distribution_point, -1) <
                0)
                w->out->newer = last;
        return 0;
}

/* What this CA signs here shall have higher numbers. */
static int keep_number(const struct work *w, struct err *e)
{
        struct cadb *db = w->im->forge.db;
        uint64_t last;

        if (cadb_crl_last(db, w->ca->id, &last, e) != 0)
                return -1;
        if (w->out->number <= last || w->out->number > CADB_CRL_NUMBER_MAX)
                return 0;
        return cadb_crl_imported(
            db, w->ca->id, w->out->number, w->out->delta, w->im->forge.now, e);
}

static int apply(
    struct work *w, const struct import_cas *cas, X509_CRL *crl, struct err *e)
{
        struct pki_crl_info info;

        if (find_issuer(w, cas, crl, e) != 0)
                return -1;
        if (pki_crl_info(crl, &info, e) != 0)
                return err_prefix(e, "%s", w->out->path);
        w->out->delta = info.delta;
        w->out->number = info.number;
        w->out->this_update = info.this_update;
        w->out->next_update = info.next_update;
        if (compare_number(w, crl, e) != 0)
                return -1;
        if (pki_crl_each(crl, take, w, e) != 0)
                return err_prefix(e, "%s", w->out->path);
        return keep_number(w, e) == 0 ? count_unlisted(w, e) : -1;
}

int import_crl(const struct import *im, const struct import_cas *cas,
    struct import_result *out, struct err *e)
{
        struct work w = {.im = im, .out = out};
        X509_CRL *crl = NULL;
        int rc;

        progress_start(&w.progress, "import");
        rc = pki_crl_load(out->path, &crl, e);
        if (rc == 0)
                rc = apply(&w, cas, crl, e);
        progress_end(&w.progress);
        X509_CRL_free(crl);
        return rc;
}
