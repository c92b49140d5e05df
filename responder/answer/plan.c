#include "responder/answer/answer.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* However long the validity, an answer is at most this old (CA/Browser Forum
 * Baseline Requirements 4.9.9). */
#define RESIGN_MAX_S (INT64_C(4) * 86400)

/* false: `return refuse(...)` ends the planning. */
__attribute__((format(printf, 3, 4))) static bool refuse(
    struct answer *out, enum ocsp_response_status status, const char *fmt, ...)
{
        va_list ap;

        out->status = status;
        va_start(ap, fmt);
        vsnprintf(out->why, sizeof(out->why), fmt, ap);
        va_end(ap);
        return false;
}

/* ---- who answers ------------------------------------------------------- */

/* The hash of a certID that the reader has passed, by name or as an OID. */
static const char *hash_name(const struct ocsp_certid *id, char out[80])
{
        const uint8_t *at = id->der.data, *end = at + id->der.len;
        ASN1_OBJECT *oid;
        int i, tag, class;
        long len;

        for (i = 0; i < 2; i++)
                if (ASN1_get_object(&at, &len, &tag, &class, end - at) & 0x80)
                        return "?";
        oid = d2i_ASN1_OBJECT(NULL, &at, end - at);
        if (oid == NULL || OBJ_obj2txt(out, 80, oid, 0) <= 0)
                snprintf(out, 80, "?");
        ASN1_OBJECT_free(oid);
        return out;
}

static bool refuse_issuer(struct answer *out, enum issuer_match match,
    const struct ocsp_certid *id, const struct issuer *nearest)
{
        char hash[80];

        switch (match) {
        case ISSUER_FOUND:
                return true;
        case ISSUER_HASH_UNKNOWN:
                return refuse(out, OCSP_UNAUTHORIZED,
                    "certID with hash %s: only SHA-1 and SHA-256 are answered",
                    hash_name(id, hash));
        case ISSUER_NONE:
                return refuse(out, OCSP_UNAUTHORIZED,
                    "certID of an issuer that is no CA of this lab: neither "
                    "its name nor its key is known");
        case ISSUER_NAME_ONLY:
                return refuse(out, OCSP_UNAUTHORIZED,
                    "the issuer's name is known, it is %s, but its key is not: "
                    "certificate of an older CA key?",
                    nearest->label);
        case ISSUER_KEY_ONLY:
                return refuse(out, OCSP_UNAUTHORIZED,
                    "the issuer's key is known, it is that of %s, but its name "
                    "is "
                    "not: certificate from before the CA was renamed?",
                    nearest->label);
        }
        return false;
}

/* A delegate speaks for one CA, so all certIDs must be of one issuer. */
static bool find_issuer(const struct issuers *issuers,
    const struct ocsp_request *q, struct answer *out)
{
        const struct issuer *ca;
        enum issuer_match match = issuers_find(issuers, &q->certids[0], &ca);
        size_t i;

        if (match != ISSUER_FOUND)
                return refuse_issuer(out, match, &q->certids[0], ca);
        out->issuer = ca;
        for (i = 1; i < q->certids_len; i++) {
                match = issuers_find(issuers, &q->certids[i], &ca);
                if (match != ISSUER_FOUND)
                        return refuse_issuer(out, match, &q->certids[i], ca);
                if (ca != out->issuer)
                        return refuse(out, OCSP_UNAUTHORIZED,
                            "certIDs of several issuers, %s and %s: ask about "
                            "each alone",
                            out->issuer->name, ca->name);
        }
        return true;
}

static bool check_signer(struct answer *out, int64_t now)
{
        char why[ERR_TEXT_MAX];

        if (issuer_can_sign(out->issuer, now, why))
                return true;
        /* RFC 9919 section 3.2.3: nobody here may speak for that CA. */
        if (!out->issuer->has_signer)
                return refuse(
                    out, OCSP_UNAUTHORIZED, "%.*s", ANSWER_WHY_MAX - 1, why);
        return refuse(
            out, OCSP_INTERNAL_ERROR, "%.*s", ANSWER_WHY_MAX - 1, why);
}

/* ---- what is said of each certificate ---------------------------------- */

static void find_issued(
    const struct cadb_state *state, struct answer_finding *f)
{
        *f = (struct answer_finding){true, OCSP_GOOD, OCSP_REASON_NONE, 0};
        switch (state->status) {
        case CADB_GOOD:
                return;
        case CADB_REVOKED:
                f->status = OCSP_REVOKED;
                f->reason = state->reason;
                f->revocation_time = state->revoked_at;
                return;
        }
}

static bool find_unissued(
    enum answer_unissued policy, struct answer *out, struct answer_finding *f)
{
        *f = (struct answer_finding){false, OCSP_UNKNOWN, OCSP_REASON_NONE, 0};
        switch (policy) {
        case ANSWER_UNISSUED_UNKNOWN:
                return true;
        case ANSWER_UNISSUED_UNAUTHORIZED:
                return refuse(out, OCSP_UNAUTHORIZED,
                    "serial never issued by %s", out->issuer->label);
        case ANSWER_UNISSUED_GOOD:
                f->status = OCSP_GOOD;
                return true;
        case ANSWER_UNISSUED_REVOKE:
                /* RFC 6960 section 2.2: certificateHold, January 1, 1970. */
                f->status = OCSP_REVOKED;
                f->reason = OCSP_REASON_HOLD;
                out->ocsp.extended_revoke = true;
                return true;
        }
        return false;
}

static bool find_one(const struct answer_policy *p,
    const struct answer_source *source, const struct ocsp_certid *id,
    struct answer *out, size_t n)
{
        struct answer_finding *f = &out->findings[n];
        struct ocsp_single *single = &out->singles[n];
        struct cadb_state state = {.version = 0};
        struct err e = ERR_INIT;
        int found =
            source->find(source->arg, out->issuer->id, id->serial, &state, &e);

        if (found < 0)
                return refuse(out, OCSP_INTERNAL_ERROR, "%.*s",
                    ANSWER_WHY_MAX - 1, e.text);
        if (found == 1)
                find_issued(&state, f);
        else if (!find_unissued(p->unissued, out, f))
                return false;
        if (n == 0)
                out->row_version = found == 1 ? state.version : 0;
        out->life.shareable = out->life.shareable && f->issued;
        *single = (struct ocsp_single){.certid = id->der,
            .status = f->status,
            .revocation_time = f->revocation_time,
            /* RFC 5280 section 5.3.1: unspecified is left out. */
            .reason = f->reason > 0 ? f->reason : OCSP_REASON_NONE,
            .this_update = out->life.this_update,
            .next_update = out->life.next_update};
        return true;
}

/* ---- for how long ------------------------------------------------------ */

static int64_t least(int64_t a, int64_t b)
{
        return a < b ? a : b;
}

/* Not longer than the signer lives; renewed at half of its life. */
static void set_times(
    const struct answer_policy *p, int64_t now, struct answer *out)
{
        struct answer_life *life = &out->life;
        int64_t half;

        life->this_update = now;
        life->next_update = least(now + p->validity, out->issuer->not_after);
        half = (life->next_update - now) / 2;
        life->resign_at = now + least(half > 0 ? half : 1, RESIGN_MAX_S);
        if (p->max_age > 0)
                life->resign_at = least(life->resign_at, now + p->max_age);
}

/* ---- all together ------------------------------------------------------ */

bool answer_wants_nonce(
    const struct answer_policy *p, const struct ocsp_request *q)
{
        return q->has_nonce && p->nonce != ANSWER_NONCE_IGNORE;
}

static bool plan(const struct answer_policy *p, const struct issuers *issuers,
    const struct answer_source *source, const struct ocsp_request *q,
    int64_t now, struct answer *out)
{
        size_t i;

        if (p->nonce == ANSWER_NONCE_REQUIRE && !q->has_nonce)
                return refuse(out, OCSP_UNAUTHORIZED,
                    "request without a nonce, and --nonce require is set");
        if (!find_issuer(issuers, q, out) || !check_signer(out, now))
                return false;
        set_times(p, now, out);
        out->life.shareable = !answer_wants_nonce(p, q);
        for (i = 0; i < q->certids_len; i++)
                if (!find_one(p, source, &q->certids[i], out, i))
                        return false;
        return true;
}

void answer_plan(const struct answer_policy *p, const struct issuers *issuers,
    const struct answer_source *source, const struct ocsp_request *q,
    int64_t now, struct answer *out)
{
        out->status = OCSP_SUCCESSFUL;
        out->why[0] = '\0';
        out->issuer = NULL;
        out->row_version = 0;
        out->ocsp = (struct ocsp_answer){.responder_id = p->responder_id,
            .produced_at = now,
            .singles_len = q->certids_len,
            .singles = out->singles};
        if (!plan(p, issuers, source, q, now, out))
                return;
        if (answer_wants_nonce(p, q))
                out->ocsp.nonce = q->nonce;
        answer_explain(&out->findings[0], out->issuer, out->why);
}

const char *answer_explain(const struct answer_finding *f,
    const struct issuer *ca, char out[ANSWER_WHY_MAX])
{
        static const char *const as_asked[] = {
            [OCSP_GOOD] = ": answered good, as --unissued says",
            [OCSP_REVOKED] = ": answered revoked, as --unissued says",
            [OCSP_UNKNOWN] = "",
        };
        const char *label = ca != NULL ? ca->label : "a CA that is gone";
        const char *reason = ocsp_reason_name(f->reason);
        char at[TIME_TEXT_MAX];

        if (!f->issued)
                snprintf(out, ANSWER_WHY_MAX, "serial never issued by %s%s",
                    label, as_asked[f->status]);
        else if (f->status != OCSP_REVOKED)
                snprintf(
                    out, ANSWER_WHY_MAX, "issued by %s, not revoked", label);
        else
                snprintf(out, ANSWER_WHY_MAX, "revoked at %s: %s",
                    format_time(f->revocation_time, at),
                    reason != NULL ? reason : "no reason given");
        return out;
}
