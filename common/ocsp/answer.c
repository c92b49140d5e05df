#include "ocsp/ocsp.h"

#include "ocsp/oid.h"
#include "ocsp/parts.h"
#include "ocsp/signer.h"

#include <string.h>

enum {
        /* Octets of a SingleResponse beside its CertID, and of everything
         * else beside nonce, ids, certificates and signature: generous. */
        SINGLE_BOUND = 96,
        REST_BOUND = 192,
};

/* ---- SingleResponse ---------------------------------------------------- */

/* RevokedInfo.  A reason of unspecified (0) is left out: RFC 5280 section
 * 5.3.1. */
static int put_revoked(
    struct der_writer *w, const struct ocsp_single *s, struct err *e)
{
        const uint8_t *end = w->at;
        uint8_t reason = (uint8_t)s->reason;

        if (s->reason > 0x7f)
                return err_set(
                    e, ERR_INTERNAL, "revocationReason: %d", s->reason);
        if (s->reason > 0) {
                der_put_item(w, DER_ENUMERATED, &reason, 1);
                der_wrap(w, DER_EXPLICIT + 0, end);
        }
        if (ocsp_time_put(w, s->revocation_time, "revocationTime", e) != 0)
                return -1;
        der_wrap(w, DER_EXPLICIT + OCSP_REVOKED, end);
        return 0;
}

static int put_status(
    struct der_writer *w, const struct ocsp_single *s, struct err *e)
{
        switch (s->status) {
        case OCSP_REVOKED:
                return put_revoked(w, s, e);
        case OCSP_GOOD:
        case OCSP_UNKNOWN:
                break;
        }
        der_put_item(w, (uint8_t)(DER_IMPLICIT + s->status), NULL, 0);
        return 0;
}

static int put_single(
    struct der_writer *w, const struct ocsp_single *s, struct err *e)
{
        const uint8_t *end = w->at;

        if (s->next_update != 0) {
                if (ocsp_time_put(w, s->next_update, "nextUpdate", e) != 0)
                        return -1;
                der_wrap(w, DER_EXPLICIT + 0, end);
        }
        if (ocsp_time_put(w, s->this_update, "thisUpdate", e) != 0 ||
            put_status(w, s, e) != 0)
                return -1;
        der_put_span(w, s->certid);
        der_wrap(w, DER_SEQUENCE, end);
        return 0;
}

/* ---- ResponseData ------------------------------------------------------ */

static void put_extensions(struct der_writer *w, const struct ocsp_answer *a)
{
        static const uint8_t null[] = {DER_NULL, 0};
        uint8_t oid[OCSP_OID_PKIX_LEN];
        const uint8_t *end = w->at;

        if (a->extended_revoke) {
                ocsp_oid_pkix(OCSP_ARC_EXTENDED_REVOKE, oid);
                ocsp_extension_put(w, (struct span){oid, sizeof(oid)},
                    (struct span){null, sizeof(null)});
        }
        if (a->nonce.data != NULL)
                ocsp_nonce_put(w, a->nonce);
        if (w->at == end)
                return;
        der_wrap(w, DER_SEQUENCE, end);
        der_wrap(w, DER_EXPLICIT + 1, end);
}

static int put_tbs(struct der_writer *w, const struct ocsp_answer *a,
    const struct ocsp_signer *s, struct err *e)
{
        const uint8_t *end = w->at, *list_end;
        size_t i;

        put_extensions(w, a);
        list_end = w->at;
        for (i = a->singles_len; i > 0; i--)
                if (put_single(w, &a->singles[i - 1], e) != 0)
                        return -1;
        der_wrap(w, DER_SEQUENCE, list_end);
        if (ocsp_time_put(w, a->produced_at, "producedAt", e) != 0)
                return -1;
        switch (a->responder_id) {
        case OCSP_BY_KEY:
                der_put_span(w, buf_span(&s->by_key));
                break;
        case OCSP_BY_NAME:
                der_put_span(w, buf_span(&s->by_name));
                break;
        }
        der_wrap(w, DER_SEQUENCE, end);
        return 0;
}

/* ---- OCSPResponse ------------------------------------------------------ */

/* Signature algorithm, signature and certs, forward from at; returns the end.
 * Room was made for them. */
static uint8_t *append_signature(uint8_t *at, const struct ocsp_signer *s,
    const uint8_t *signature, size_t len)
{
        memcpy(at, s->algorithm.data, s->algorithm.len);
        at += s->algorithm.len;
        at += der_header(DER_BIT_STRING, len + 1, at);
        *at++ = 0; /* unused bits */
        memcpy(at, signature, len);
        at += len;
        if (s->certs.len > 0)
                memcpy(at, s->certs.data, s->certs.len);
        return at + s->certs.len;
}

/* All that stands around the BasicOCSPResponse between w->at and end. */
static void wrap_response(struct der_writer *w, const uint8_t *end)
{
        static const uint8_t successful = OCSP_SUCCESSFUL;
        uint8_t oid[OCSP_OID_PKIX_LEN];

        ocsp_oid_pkix(OCSP_ARC_BASIC, oid);
        der_wrap(w, DER_SEQUENCE, end);
        der_wrap(w, DER_OCTET_STRING, end);
        der_put_item(w, DER_OID, oid, sizeof(oid));
        der_wrap(w, DER_SEQUENCE, end);
        der_wrap(w, DER_EXPLICIT + 0, end);
        der_put_item(w, DER_ENUMERATED, &successful, 1);
        der_wrap(w, DER_SEQUENCE, end);
}

/* No answer is longer than this, up to the end of ResponseData. */
static size_t front_bound(
    const struct ocsp_answer *a, const struct ocsp_signer *s)
{
        size_t n = REST_BOUND + a->nonce.len + s->by_key.len + s->by_name.len;
        size_t i;

        for (i = 0; i < a->singles_len; i++)
                n += SINGLE_BOUND + a->singles[i].certid.len;
        return n;
}

/*
 * ResponseData is written backwards from a point in the middle of the space,
 * the signature goes forwards from there, and the headers around both are put
 * in front once the lengths are known.
 */
int ocsp_answer_encode(const struct ocsp_answer *a, const struct ocsp_signer *s,
    struct buf *out, struct err *e)
{
        uint8_t signature[OCSP_SIGNATURE_MAX], *start, *tbs_end, *end;
        size_t front = front_bound(a, s), len;
        struct der_writer w;

        if (!buf_reserve(out, front + s->algorithm.len + sizeof(signature) +
                                  s->certs.len + REST_BOUND))
                return err_set(e, ERR_OS, "answer: out of memory");
        start = out->data + out->len;
        tbs_end = start + front;
        w = (struct der_writer){tbs_end, start, false};
        if (put_tbs(&w, a, s, e) != 0)
                return -1;
        if (ocsp_signer_sign(s, (struct span){w.at, (size_t)(tbs_end - w.at)},
                signature, &len, e) != 0)
                return -1;
        end = append_signature(tbs_end, s, signature, len);
        wrap_response(&w, end);
        if (w.full)
                return err_set(e, ERR_INTERNAL, "answer: does not fit");
        memmove(start, w.at, (size_t)(end - w.at));
        out->len += (size_t)(end - w.at);
        return 0;
}

void ocsp_error_encode(
    enum ocsp_response_status status, uint8_t out[OCSP_ERROR_LEN])
{
        const uint8_t der[OCSP_ERROR_LEN] = {
            DER_SEQUENCE, 3, DER_ENUMERATED, 1, (uint8_t)status};

        memcpy(out, der, sizeof(der));
}
