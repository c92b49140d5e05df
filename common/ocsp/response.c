#include "ocsp/ocsp.h"

#include "ocsp/oid.h"
#include "ocsp/parts.h"

#include <string.h>

/* ---- SingleResponse ---------------------------------------------------- */

/* RevokedInfo ::= SEQUENCE { revocationTime, revocationReason [0] OPTIONAL } */
static bool read_revoked(struct der *d, struct ocsp_single_read *out)
{
        static const char what[] = "revocationReason";
        struct der info, reason;

        if (!der_enter(d, DER_EXPLICIT + OCSP_REVOKED, "certStatus", &info) ||
            !ocsp_time_read(&info, "revocationTime", &out->revocation_time))
                return false;
        if (!der_peek(&info, DER_EXPLICIT + 0))
                return der_finish(&info, "certStatus");
        if (!der_enter(&info, DER_EXPLICIT + 0, what, &reason) ||
            !der_small(&reason, DER_ENUMERATED, what, &out->reason) ||
            !der_finish(&reason, what) || !der_finish(&info, "certStatus"))
                return false;
        if (out->reason < 0)
                return der_refuse(d, info.end, "RFC 5280 5.3.1",
                    "revocationReason %d", out->reason);
        return true;
}

static bool read_status(struct der *d, struct ocsp_single_read *out)
{
        out->reason = OCSP_REASON_NONE;
        out->status = OCSP_REVOKED;
        if (der_peek(d, DER_EXPLICIT + OCSP_REVOKED))
                return read_revoked(d, out);
        out->status = OCSP_GOOD;
        if (der_peek(d, DER_IMPLICIT + OCSP_GOOD))
                return der_null(d, DER_IMPLICIT + OCSP_GOOD, "certStatus");
        out->status = OCSP_UNKNOWN;
        if (der_peek(d, DER_IMPLICIT + OCSP_UNKNOWN))
                return der_null(d, DER_IMPLICIT + OCSP_UNKNOWN, "certStatus");
        return der_refuse(d, d->at, "RFC 6960 4.2.1",
            "certStatus: neither good, revoked nor unknown");
}

static bool read_next_update(struct der *d, struct ocsp_single_read *out)
{
        struct der inner;

        if (!der_peek(d, DER_EXPLICIT + 0))
                return true;
        return der_enter(d, DER_EXPLICIT + 0, "nextUpdate", &inner) &&
               ocsp_time_read(&inner, "nextUpdate", &out->next_update) &&
               der_finish(&inner, "nextUpdate");
}

static bool read_single(struct der *list, struct ocsp_single_read *out)
{
        struct der d;

        return der_enter(list, DER_SEQUENCE, "SingleResponse", &d) &&
               ocsp_certid_read(&d, &out->certid) && read_status(&d, out) &&
               ocsp_time_read(&d, "thisUpdate", &out->this_update) &&
               read_next_update(&d, out) &&
               ocsp_extensions_read(&d, DER_EXPLICIT + 1, "singleExtensions",
                   out->extensions, &out->extensions_len) &&
               der_finish(&d, "SingleResponse");
}

static bool read_singles(struct der *d, struct ocsp_response *out)
{
        struct der list;

        if (!der_enter(d, DER_SEQUENCE, "responses", &list))
                return false;
        while (list.at < list.end) {
                if (out->singles_len == OCSP_SINGLES_MAX)
                        return der_refuse(d, list.at, "RFC 6960 4.2.1",
                            "responses: the limit here is %d",
                            OCSP_SINGLES_MAX);
                if (!read_single(&list, &out->singles[out->singles_len]))
                        return false;
                out->singles_len++;
        }
        return true;
}

/* ---- ResponseData ------------------------------------------------------ */

static bool read_responder(struct der *d, struct ocsp_response *out)
{
        static const char what[] = "responderID";
        uint8_t tag = DER_EXPLICIT + 2;
        struct der_item id;
        struct der inner;

        out->responder_id = OCSP_BY_KEY;
        if (der_peek(d, DER_EXPLICIT + 1)) {
                out->responder_id = OCSP_BY_NAME;
                tag = DER_EXPLICIT + 1;
        }
        if (!der_enter(d, tag, what, &inner) || !der_any(&inner, what, &id) ||
            !der_finish(&inner, what))
                return false;
        out->responder = id.content;
        if (out->responder_id == OCSP_BY_NAME)
                out->responder = id.whole;
        if (id.tag != (out->responder_id == OCSP_BY_NAME ? DER_SEQUENCE
                                                         : DER_OCTET_STRING))
                return der_refuse(d, id.whole.data, "RFC 6960 4.2.1",
                    "responderID: tag %02x is neither a name nor a key hash",
                    id.tag);
        return true;
}

/* What is in extnValue should be an OCTET STRING; old responders put the
 * nonce's octets there as they are. */
static void find_nonce(struct ocsp_response *out)
{
        struct der_item item;
        struct der d;
        size_t i;

        for (i = 0; i < out->extensions_len; i++) {
                if (ocsp_oid_arc(out->extensions[i].oid) != OCSP_ARC_NONCE)
                        continue;
                out->has_nonce = true;
                out->nonce = out->extensions[i].value;
                d = der_start(out->nonce, NULL);
                out->nonce_is_octet_string =
                    der_get(&d, DER_OCTET_STRING, "nonce", &item) &&
                    der_finish(&d, "nonce");
                if (out->nonce_is_octet_string)
                        out->nonce = item.content;
                return;
        }
}

static bool read_tbs(struct der *basic, struct ocsp_response *out)
{
        const uint8_t *start = basic->at;
        struct der d;

        if (!der_enter(basic, DER_SEQUENCE, "tbsResponseData", &d))
                return false;
        out->tbs = (struct span){start, (size_t)(basic->at - start)};
        if (!ocsp_version_read(&d) || !read_responder(&d, out) ||
            !ocsp_time_read(&d, "producedAt", &out->produced_at) ||
            !read_singles(&d, out) ||
            !ocsp_extensions_read(&d, DER_EXPLICIT + 1, "responseExtensions",
                out->extensions, &out->extensions_len) ||
            !der_finish(&d, "tbsResponseData"))
                return false;
        find_nonce(out);
        return true;
}

/* ---- OCSPResponse ------------------------------------------------------ */

static bool read_basic(struct der *d, struct ocsp_response *out)
{
        static const char what[] = "BasicOCSPResponse";
        struct der octets, basic;

        if (!der_enter(d, DER_OCTET_STRING, "response", &octets))
                return false;
        out->is_basic = ocsp_oid_arc(out->type) == OCSP_ARC_BASIC;
        if (!out->is_basic)
                return true;
        return der_enter(&octets, DER_SEQUENCE, what, &basic) &&
               der_finish(&octets, what) && read_tbs(&basic, out) &&
               ocsp_signature_read(
                   &basic, &out->signature_algorithm, &out->signature) &&
               ocsp_certs_read(&basic, out->certs, &out->certs_len) &&
               der_finish(&basic, what);
}

static bool read_bytes(struct der *message, struct ocsp_response *out)
{
        static const char what[] = "responseBytes";
        struct der outer, d;

        out->has_bytes = der_peek(message, DER_EXPLICIT + 0);
        if (!out->has_bytes)
                return true;
        return der_enter(message, DER_EXPLICIT + 0, what, &outer) &&
               der_enter(&outer, DER_SEQUENCE, what, &d) &&
               der_finish(&outer, what) &&
               der_oid(&d, "responseType", &out->type) && read_basic(&d, out) &&
               der_finish(&d, what);
}

int ocsp_response_parse(
    struct span der, struct ocsp_response *out, struct ocsp_flaw *flaw)
{
        struct der all = der_start(der, flaw), message;

        memset(out, 0, sizeof(*out));
        out->status = -1;
        if (der.len > OCSP_RESPONSE_LIMIT) {
                der_explain(&all, all.at, "RFC 6960 4.2",
                    "response of %zu bytes: the limit here is %d", der.len,
                    OCSP_RESPONSE_LIMIT);
                return -1;
        }
        if (!der_enter(&all, DER_SEQUENCE, "OCSPResponse", &message) ||
            !der_finish(&all, "OCSPResponse") ||
            !der_small(
                &message, DER_ENUMERATED, "responseStatus", &out->status) ||
            !read_bytes(&message, out) || !der_finish(&message, "OCSPResponse"))
                return -1;
        return 0;
}
