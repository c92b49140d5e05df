/* The walk of a careful client over an answer: its order, the envelope, the
 * extensions, and the outcome. */
#include "ocsp/ocsp.h"

#include <openssl/err.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ocsp/oid.h"
#include "ocsp/walk.h"
#include "base/parse.h"
#include "pki/pki.h"

const char *ocsp_outcome_name(enum ocsp_outcome o)
{
        switch (o) {
        case OCSP_V_GOOD:
                return "good";
        case OCSP_V_REVOKED:
                return "revoked";
        case OCSP_V_UNKNOWN:
                return "unknown";
        case OCSP_V_UNTRUSTED:
                return "untrusted";
        case OCSP_V_MISSING:
                return "missing";
        case OCSP_V_UNREACHABLE:
                return "unreachable";
        }
        return "untrusted";
}

/* ---- results ------------------------------------------------------------ */

static void record(struct ocsp_check *c, int ok, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
static void record(struct ocsp_check *c, int ok, const char *fmt, va_list ap)
{
        c->ok = ok;
        vsnprintf(c->detail, sizeof(c->detail), fmt, ap);
}

void walk_pass(struct walk *w, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        record(w->check, 1, fmt, ap);
        va_end(ap);
}

void walk_fail(struct walk *w, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        record(w->check, 0, fmt, ap);
        va_end(ap);
}

void walk_note(struct walk *w, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        record(w->check, -1, fmt, ap);
        va_end(ap);
}

/* ---- the envelope ------------------------------------------------------- */

/* Number of the first that can't be read, from 1; 0: all can. */
static size_t first_unreadable(const struct ocsp_response *r)
{
        X509 *cert;
        size_t i;

        for (i = 0; i < r->certs_len; i++) {
                if (pki_cert_from_der(r->certs[i], &cert, NULL) != 0)
                        return i + 1;
                X509_free(cert);
        }
        return 0;
}

/* Certificates too, also those that nobody asks for: what one client can do
 * without, another can't read the answer for. */
static void walk_encoding(struct walk *w)
{
        struct ocsp_flaw flaw;
        size_t odd;

        if (w->der.len == 0) {
                walk_fail(w, "the answer is empty: 0 bytes");
                return;
        }
        memset(&flaw, 0, sizeof(flaw));
        if (ocsp_response_parse(w->der, w->response, &flaw) != 0) {
                walk_fail(w, "%.160s (at byte %zu of %zu)", flaw.text,
                    flaw.offset, w->der.len);
                if (flaw.ref != NULL)
                        w->check->ref = flaw.ref;
                return;
        }
        w->have |= WALK_BYTES;
        odd = first_unreadable(w->response);
        if (odd != 0)
                walk_fail(w,
                    "certificate %zu of the %zu in the answer can't be read",
                    odd, w->response->certs_len);
        else
                walk_pass(
                    w, "%zu bytes of DER, nothing after them", w->der.len);
}

static void walk_status(struct walk *w)
{
        int status = w->response->status;
        const char *name = ocsp_response_status_name(status);

        if (status == OCSP_SUCCESSFUL)
                walk_pass(w, "successful");
        else if (name != NULL)
                walk_fail(w,
                    "the responder says %s (%d), and nothing about "
                    "the certificate",
                    name, status);
        else
                walk_fail(w, "responseStatus %d does not exist", status);
}

static void walk_type(struct walk *w)
{
        if (w->response->status != OCSP_SUCCESSFUL) {
                walk_note(w, "an error has no content");
        } else if (!w->response->has_bytes) {
                walk_fail(w, "successful, but without responseBytes");
        } else if (!w->response->is_basic) {
                walk_fail(w, "responseType is not id-pkix-ocsp-basic");
        } else {
                w->have |= WALK_BASIC;
                walk_pass(w, "id-pkix-ocsp-basic");
        }
}

/* ---- extensions --------------------------------------------------------- */

/* Those that change nothing in what the answer means to us, so that they may
 * be critical, each where it belongs (RFC 6960 section 4.4). */
static bool is_understood_in_response(struct span oid)
{
        int arc = ocsp_oid_arc(oid);

        return arc == OCSP_ARC_NONCE || arc == OCSP_ARC_EXTENDED_REVOKE;
}

/* Of the CRL entry extensions that may stand here the reason and the
 * invalidity date; one that names another issuer would change all. */
static bool is_understood_in_single(struct span oid)
{
        static const uint8_t reason_code[] = {0x55, 0x1d, 21};
        static const uint8_t invalidity_date[] = {0x55, 0x1d, 24};
        int arc = ocsp_oid_arc(oid);

        return arc == OCSP_ARC_CRL || arc == OCSP_ARC_ARCHIVE_CUTOFF ||
               span_equal(oid, (struct span){reason_code, 3}) ||
               span_equal(oid, (struct span){invalidity_date, 3});
}

static const struct ocsp_extension *first_not_understood(
    const struct ocsp_extension *list, size_t len,
    bool (*is_understood)(struct span oid))
{
        size_t i;

        for (i = 0; i < len; i++) {
                if (list[i].critical && !is_understood(list[i].oid))
                        return &list[i];
        }
        return NULL;
}

static void walk_extensions(struct walk *w)
{
        const struct ocsp_response *r = w->response;
        const struct ocsp_single_read *s = w->single;
        const struct ocsp_extension *odd;
        const char *where = "response";
        char oid[OCSP_OID_TEXT_MAX];

        odd = first_not_understood(
            r->extensions, r->extensions_len, is_understood_in_response);
        if (odd == NULL) {
                where = "record";
                odd = first_not_understood(
                    s->extensions, s->extensions_len, is_understood_in_single);
        }
        if (odd == NULL)
                walk_pass(w,
                    "%zu in the response, %zu in the record, none "
                    "critical that is not understood",
                    r->extensions_len, s->extensions_len);
        else
                walk_fail(w,
                    "the %s has a critical extension that is not "
                    "understood: %s",
                    where, ocsp_oid_text(odd->oid, oid));
}

/* RFC 9919 section 5: an answer made in advance has no nonce, so its absence
 * is no fault and the times decide; but a different one is a replay. */
static void walk_nonce(struct walk *w)
{
        const struct ocsp_question *q = w->question;
        const struct ocsp_response *r = w->response;
        bool sent = q->nonce.data != NULL;

        if (!sent && r->has_nonce)
                walk_note(w, "none was sent; the one in the answer is ignored");
        else if (!sent)
                walk_note(w, "none was sent");
        else if (!r->has_nonce && q->require_nonce)
                walk_fail(w, "absent from the answer, and required");
        else if (!r->has_nonce)
                walk_note(w, "absent from the answer: freshness rests on its "
                             "times");
        else if (!r->nonce_is_octet_string)
                walk_fail(w, "not an OCTET STRING");
        else if (!span_equal(q->nonce, r->nonce))
                walk_fail(w, "not the one that was sent: the answer was made "
                             "for another request");
        else
                walk_pass(w, "the %zu bytes that were sent", q->nonce.len);
}

static void walk_cert_status(struct walk *w)
{
        const struct ocsp_single_read *s = w->single;
        const char *reason = ocsp_reason_name(s->reason);

        if (s->status != OCSP_REVOKED)
                walk_pass(w, "%s", ocsp_cert_status_name(s->status));
        else if (s->reason == OCSP_REASON_NONE)
                walk_pass(w, "revoked, no reason given");
        else if (reason != NULL)
                walk_pass(w, "revoked, %s (%d)", reason, s->reason);
        else
                walk_pass(
                    w, "revoked, reason %d (which does not exist)", s->reason);
}

/* ---- the walk ----------------------------------------------------------- */

/* In this order.  Nothing that an answer says counts before all of them have
 * held; where one fails the later ones still say what they see, as far as
 * they can. */
static const struct step {
        const char *id;
        const char *ref;
        unsigned needs; /* WALK_ */
        void (*run)(struct walk *w);
} steps[] = {
    {"encoding", "RFC 6960 4.2.1", 0, walk_encoding},
    {"response-status", "RFC 6960 4.2.1", WALK_BYTES, walk_status},
    {"response-type", "RFC 6960 4.2.1", WALK_BYTES, walk_type},
    {"certid", "RFC 6960 3.2 (1)", WALK_BASIC, walk_certid},
    {"responder-id", "RFC 6960 4.2.2.3", WALK_BASIC, walk_responder_id},
    {"signer", "RFC 6960 4.2.2.2", WALK_SIGNER, walk_authority},
    {"signer-key-usage", "RFC 5280 4.2.1.3", WALK_SIGNER, walk_key_usage},
    {"signer-validity", "RFC 5280 4.1.2.5", WALK_SIGNER, walk_signer_validity},
    {"signer-nocheck", "RFC 6960 4.2.2.2.1", WALK_SIGNER, walk_nocheck},
    {"signature-algorithm", "RFC 6960 4.3", WALK_SIGNER, walk_algorithm},
    {"signature", "RFC 6960 3.2 (2)", WALK_SIGNER, walk_signature},
    {"produced-at", "RFC 6960 4.2.2.1", WALK_SINGLE, walk_produced_at},
    {"this-update", "RFC 6960 3.2 (5)", WALK_SINGLE, walk_this_update},
    {"next-update", "RFC 9919 5", WALK_SINGLE, walk_next_update},
    {"nonce", "RFC 9654 2.1", WALK_BASIC, walk_nonce},
    {"critical-extensions", "RFC 6960 4.4", WALK_SINGLE, walk_extensions},
    {"revocation-time", "RFC 9919 3.2.4", WALK_SINGLE, walk_revocation_time},
    {"cert-status", "RFC 6960 2.2", WALK_SINGLE, walk_cert_status},
};
enum { STEPS_LEN = sizeof(steps) / sizeof(steps[0]) };
_Static_assert((int)STEPS_LEN <= (int)OCSP_CHECKS_MAX, "room for each step");

static void walk_steps(struct walk *w, struct ocsp_verdict *v)
{
        size_t i;

        for (i = 0; i < STEPS_LEN; i++) {
                w->check = &v->checks[v->checks_len++];
                w->check->id = steps[i].id;
                w->check->ref = steps[i].ref;
                walk_note(w, "not reached");
                if ((steps[i].needs & w->have) == steps[i].needs)
                        steps[i].run(w);
        }
}

/* ---- the verdict -------------------------------------------------------- */

static void note_content(const struct walk *w, struct ocsp_verdict *v)
{
        const struct ocsp_single_read *s = w->single;

        if (w->have & WALK_BYTES)
                v->response_status = w->response->status;
        if (w->have & WALK_BASIC)
                v->has_nonce = w->response->has_nonce;
        if (w->have & WALK_SIGNER) {
                pki_subject(w->signer.cert, v->signer);
                v->signer_not_after = pki_not_after(w->signer.cert);
        }
        if (s == NULL)
                return;
        v->has_single = true;
        v->cert_status = s->status;
        v->reason = s->reason;
        v->revocation_time =
            s->revocation_time.strict ? s->revocation_time.at : 0;
        v->this_update = s->this_update.strict ? s->this_update.at : 0;
        v->next_update = s->next_update.strict ? s->next_update.at : 0;
        v->produced_at =
            w->response->produced_at.strict ? w->response->produced_at.at : 0;
}

static const struct ocsp_check *first_failed(const struct ocsp_verdict *v)
{
        size_t i;

        for (i = 0; i < v->checks_len; i++) {
                if (v->checks[i].ok == 0)
                        return &v->checks[i];
        }
        return NULL;
}

static void conclude_trusted(const struct walk *w, struct ocsp_verdict *v)
{
        static const enum ocsp_outcome outcomes[] = {
            [OCSP_GOOD] = OCSP_V_GOOD,
            [OCSP_REVOKED] = OCSP_V_REVOKED,
            [OCSP_UNKNOWN] = OCSP_V_UNKNOWN,
        };
        const char *reason = ocsp_reason_name(v->reason);
        char since[TIME_TEXT_MAX];
        char until[TIME_TEXT_MAX];
        char left[DURATION_TEXT_MAX];

        v->outcome = outcomes[v->cert_status];
        format_time(v->next_update, until);
        format_duration(v->next_update - w->question->now, left);
        if (v->cert_status == OCSP_REVOKED)
                snprintf(v->why, sizeof(v->why),
                    "revoked since %s (%s), signed by %.100s, valid until %s",
                    format_time(v->revocation_time, since),
                    reason != NULL ? reason : "no reason given", v->signer,
                    until);
        else
                snprintf(v->why, sizeof(v->why),
                    "%s, signed by %.100s, valid until %s (%s left)",
                    v->cert_status == OCSP_GOOD
                        ? "not revoked"
                        : "the responder does not know the certificate",
                    v->signer, until, left);
}

static void conclude(const struct walk *w, struct ocsp_verdict *v)
{
        const struct ocsp_check *failed = first_failed(v);

        note_content(w, v);
        v->outcome = OCSP_V_UNTRUSTED;
        if (failed != NULL)
                snprintf(v->why, sizeof(v->why), "%s: %.220s", failed->id,
                    failed->detail);
        else if (w->single == NULL || !(w->have & WALK_SIGNER))
                snprintf(v->why, sizeof(v->why), "the walk was not finished");
        else
                conclude_trusted(w, v);
}

void ocsp_judge(
    const struct ocsp_question *q, struct span der, struct ocsp_verdict *out)
{
        struct walk w;

        memset(out, 0, sizeof(*out));
        memset(&w, 0, sizeof(w));
        out->outcome = OCSP_V_UNTRUSTED;
        out->response_status = -1;
        out->reason = OCSP_REASON_NONE;
        w.question = q;
        w.der = der;
        /* Tens of KiB: too much for the stack of a thread. */
        w.response = calloc(1, sizeof(*w.response));
        if (w.response == NULL) {
                snprintf(out->why, sizeof(out->why), "out of memory");
                return;
        }
        walk_steps(&w, out);
        conclude(&w, out);
        authority_release(&w.signer);
        free(w.response);
        ERR_clear_error(); /* what could not be read is in the checks */
}
