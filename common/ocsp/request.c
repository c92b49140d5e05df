#include "ocsp/ocsp.h"

#include "ocsp/oid.h"
#include "ocsp/parts.h"

#include <string.h>

/* ---- reading ----------------------------------------------------------- */

/* GeneralName, RFC 5280 section 4.2.1.6: strings are primitive in DER. */
static bool is_general_name(uint8_t tag)
{
        static const uint8_t tags[] = {
            0xa0, 0x81, 0x82, 0xa3, 0xa4, 0xa5, 0x86, 0x87, 0x88};

        return memchr(tags, tag, sizeof(tags)) != NULL;
}

/* requestorName [1] EXPLICIT GeneralName.  RFC 9919 section 3.1.2: as if it
 * were not there. */
static bool skip_requestor(struct der *d)
{
        struct der_item name;
        struct der inner;

        if (!der_peek(d, DER_EXPLICIT + 1))
                return true;
        if (!der_enter(d, DER_EXPLICIT + 1, "requestorName", &inner) ||
            !der_any(&inner, "requestorName", &name) ||
            !der_finish(&inner, "requestorName"))
                return false;
        if (!is_general_name(name.tag))
                return der_refuse(d, name.whole.data, "RFC 5280 4.2.1.6",
                    "requestorName: tag %02x is no GeneralName", name.tag);
        return true;
}

static bool refuse_critical(
    const struct der *d, const char *what, const struct ocsp_extension *x)
{
        char text[OCSP_OID_TEXT_MAX];

        return der_refuse(d, x->oid.data, "RFC 6960 4.1.2",
            "%s: extension %s is critical and not understood", what,
            ocsp_oid_text(x->oid, text));
}

/* Request, RFC 6960 section 4.1.1.  serviceLocator is known and not followed:
 * its URL would make us anybody's errand boy. */
static bool read_single(struct der *list, struct ocsp_certid *out)
{
        struct ocsp_extension extensions[OCSP_EXTENSIONS_MAX];
        static const char what[] = "singleRequestExtensions";
        struct der d;
        size_t len, i;

        if (!der_enter(list, DER_SEQUENCE, "Request", &d) ||
            !ocsp_certid_read(&d, out) ||
            !ocsp_extensions_read(
                &d, DER_EXPLICIT + 0, what, extensions, &len) ||
            !der_finish(&d, "Request"))
                return false;
        for (i = 0; i < len; i++)
                if (extensions[i].critical &&
                    ocsp_oid_arc(extensions[i].oid) != OCSP_ARC_SERVICE_LOCATOR)
                        return refuse_critical(&d, what, &extensions[i]);
        return true;
}

static bool read_list(struct der *d, struct ocsp_request *out)
{
        const uint8_t *start = d->at;
        struct der list;

        out->certids_len = 0;
        if (!der_enter(d, DER_SEQUENCE, "requestList", &list))
                return false;
        if (list.at == list.end)
                return der_refuse(d, start, "RFC 6960 4.1.1",
                    "requestList: empty, nothing is asked");
        while (list.at < list.end) {
                if (out->certids_len == OCSP_CERTIDS_MAX)
                        return der_refuse(d, list.at, "RFC 6960 4.1.1",
                            "requestList: the limit here is %d certIDs",
                            OCSP_CERTIDS_MAX);
                if (!read_single(&list, &out->certids[out->certids_len]))
                        return false;
                out->certids_len++;
        }
        return true;
}

/* RFC 9654 section 2.1: a server must refuse other lengths. */
static bool read_nonce(const struct der *d, const struct ocsp_extension *x,
    struct ocsp_request *out)
{
        struct der value = {
            x->value.data, x->value.data + x->value.len, d->message, d->flaw};
        struct der_item nonce;

        if (!der_get(&value, DER_OCTET_STRING, "nonce", &nonce) ||
            !der_finish(&value, "nonce"))
                return false;
        if (nonce.content.len == 0)
                return der_refuse(d, nonce.whole.data, "RFC 9654 2.1",
                    "nonce of 0 bytes: it must have at least 1");
        if (nonce.content.len > OCSP_NONCE_MAX)
                return der_refuse(d, nonce.whole.data, "RFC 9654 2.1",
                    "nonce of %zu bytes: the limit is %d", nonce.content.len,
                    OCSP_NONCE_MAX);
        out->has_nonce = true;
        out->nonce = nonce.content;
        return true;
}

/* AcceptableResponses, RFC 6960 section 4.4.3: we have the basic type only. */
static bool check_acceptable(
    const struct der *d, const struct ocsp_extension *x)
{
        struct der value = {
            x->value.data, x->value.data + x->value.len, d->message, d->flaw};
        static const char what[] = "acceptableResponses";
        bool basic = false;
        struct span oid;
        struct der list;

        if (!der_enter(&value, DER_SEQUENCE, what, &list) ||
            !der_finish(&value, what))
                return false;
        while (list.at < list.end) {
                if (!der_oid(&list, what, &oid))
                        return false;
                basic = basic || ocsp_oid_arc(oid) == OCSP_ARC_BASIC;
        }
        if (!basic)
                return der_refuse(d, x->oid.data, "RFC 6960 4.4.3",
                    "acceptableResponses without id-pkix-ocsp-basic");
        return true;
}

static bool read_extensions(struct der *d, struct ocsp_request *out)
{
        struct ocsp_extension extensions[OCSP_EXTENSIONS_MAX];
        static const char what[] = "requestExtensions";
        bool ok = true;
        size_t len, i;

        out->has_nonce = false;
        out->nonce = (struct span){NULL, 0};
        if (!ocsp_extensions_read(d, DER_EXPLICIT + 2, what, extensions, &len))
                return false;
        for (i = 0; i < len && ok; i++) {
                switch (ocsp_oid_arc(extensions[i].oid)) {
                case OCSP_ARC_NONCE:
                        ok = read_nonce(d, &extensions[i], out);
                        break;
                case OCSP_ARC_RESPONSE:
                        ok = check_acceptable(d, &extensions[i]);
                        break;
                case OCSP_ARC_PREF_SIG_ALGS:
                        /* RFC 6960 section 4.4.7: may be honoured; we sign as
                         * the key wants it */
                        break;
                default:
                        if (extensions[i].critical)
                                ok = refuse_critical(d, what, &extensions[i]);
                        break;
                }
        }
        return ok;
}

static bool read_tbs(struct der *message, struct ocsp_request *out)
{
        struct der d;

        return der_enter(message, DER_SEQUENCE, "tbsRequest", &d) &&
               ocsp_version_read(&d) && skip_requestor(&d) &&
               read_list(&d, out) && read_extensions(&d, out) &&
               der_finish(&d, "tbsRequest");
}

/* optionalSignature [0] EXPLICIT Signature.  RFC 9919 section 3.1.2: may be
 * ignored, so it only has to be one. */
static bool skip_signature(struct der *message, struct ocsp_request *out)
{
        static const char what[] = "optionalSignature";
        struct span algorithm, signature, certs[OCSP_CERTS_MAX];
        struct der outer, d;
        size_t len;

        out->is_signed = der_peek(message, DER_EXPLICIT + 0);
        if (!out->is_signed)
                return true;
        return der_enter(message, DER_EXPLICIT + 0, what, &outer) &&
               der_enter(&outer, DER_SEQUENCE, what, &d) &&
               der_finish(&outer, what) &&
               ocsp_signature_read(&d, &algorithm, &signature) &&
               ocsp_certs_read(&d, certs, &len) && der_finish(&d, what);
}

enum ocsp_response_status ocsp_request_parse(
    struct span der, struct ocsp_request *out, struct ocsp_flaw *flaw)
{
        struct der all = der_start(der, flaw), message;

        if (der.len > OCSP_REQUEST_LIMIT) {
                der_explain(&all, all.at, "RFC 6960 4.1",
                    "request of %zu bytes: the limit here is %d", der.len,
                    OCSP_REQUEST_LIMIT);
                return OCSP_MALFORMED_REQUEST;
        }
        if (!der_enter(&all, DER_SEQUENCE, "OCSPRequest", &message) ||
            !der_finish(&all, "OCSPRequest") || !read_tbs(&message, out) ||
            !skip_signature(&message, out) ||
            !der_finish(&message, "OCSPRequest"))
                return OCSP_MALFORMED_REQUEST;
        return OCSP_SUCCESSFUL;
}

/* ---- writing ----------------------------------------------------------- */

static void put_request(struct der_writer *w, const struct ocsp_certid *certids,
    size_t len, struct span nonce)
{
        const uint8_t *end = w->at, *list_end;

        if (nonce.data != NULL) {
                ocsp_nonce_put(w, nonce);
                der_wrap(w, DER_SEQUENCE, end);
                der_wrap(w, DER_EXPLICIT + 2, end);
        }
        list_end = w->at;
        while (len-- > 0)
                der_put_item(w, DER_SEQUENCE, certids[len].der.data,
                    certids[len].der.len);
        der_wrap(w, DER_SEQUENCE, list_end);
        der_wrap(w, DER_SEQUENCE, end);
        der_wrap(w, DER_SEQUENCE, end);
}

int ocsp_request_encode(const struct ocsp_certid *certids, size_t len,
    struct span nonce, struct buf *out, struct err *e)
{
        uint8_t space[OCSP_REQUEST_LIMIT];
        struct der_writer w = {space + sizeof(space), space, false};
        const uint8_t *end = w.at;

        if (len == 0 || len > OCSP_CERTIDS_MAX)
                return err_set(e, ERR_USAGE,
                    "request: 1 to %d certIDs, not %zu", OCSP_CERTIDS_MAX, len);
        if (nonce.data != NULL &&
            (nonce.len == 0 || nonce.len > OCSP_NONCE_MAX))
                return err_set(e, ERR_USAGE,
                    "request: a nonce of 1 to %d bytes, not %zu",
                    OCSP_NONCE_MAX, nonce.len);
        put_request(&w, certids, len, nonce);
        if (w.full)
                return err_set(e, ERR_USAGE, "request: longer than %d bytes",
                    OCSP_REQUEST_LIMIT);
        buf_append(out, w.at, (size_t)(end - w.at));
        if (out->failed)
                return err_set(e, ERR_OS, "request: out of memory");
        return 0;
}
