#include "ocsp/parts.h"

#include "ocsp/oid.h"

bool ocsp_version_read(struct der *d)
{
        const uint8_t *start = d->at;
        struct der inner;
        int version;

        if (!der_peek(d, DER_EXPLICIT + 0))
                return true;
        if (!der_enter(d, DER_EXPLICIT + 0, "version", &inner) ||
            !der_small(&inner, DER_INTEGER, "version", &version) ||
            !der_finish(&inner, "version"))
                return false;
        if (version != 0)
                return der_refuse(d, start, "RFC 6960 4.1.1",
                    "version %d: only v1 (0) exists", version);
        return true;
}

/* ---- extensions -------------------------------------------------------- */

static bool read_extension(
    struct der *list, const char *what, struct ocsp_extension *out)
{
        struct der_item value;
        struct der d;

        if (!der_enter(list, DER_SEQUENCE, what, &d) ||
            !der_oid(&d, what, &out->oid))
                return false;
        out->critical = der_peek(&d, DER_BOOLEAN);
        if (out->critical && !der_true(&d, what))
                return false;
        if (!der_get(&d, DER_OCTET_STRING, what, &value) ||
            !der_finish(&d, what))
                return false;
        out->value = value.content;
        return true;
}

static bool check_new(const struct der *d, const char *what,
    const struct ocsp_extension *list, size_t len)
{
        char text[OCSP_OID_TEXT_MAX];
        size_t i;

        for (i = 0; i < len; i++) {
                if (!span_equal(list[i].oid, list[len].oid))
                        continue;
                return der_refuse(d, list[len].oid.data, "RFC 5280 4.2",
                    "%s: extension %s stands there twice", what,
                    ocsp_oid_text(list[len].oid, text));
        }
        return true;
}

bool ocsp_extensions_read(struct der *d, uint8_t tag, const char *what,
    struct ocsp_extension out[OCSP_EXTENSIONS_MAX], size_t *len)
{
        struct der outer, list;

        *len = 0;
        if (!der_peek(d, tag))
                return true;
        if (!der_enter(d, tag, what, &outer) ||
            !der_enter(&outer, DER_SEQUENCE, what, &list) ||
            !der_finish(&outer, what))
                return false;
        if (list.at == list.end)
                return der_refuse(d, list.at, "RFC 5280 4.1",
                    "%s: an empty list, which must be left out", what);
        while (list.at < list.end) {
                if (*len == OCSP_EXTENSIONS_MAX)
                        return der_refuse(d, list.at, "RFC 6960 4.4",
                            "%s: more than %d extensions", what,
                            OCSP_EXTENSIONS_MAX);
                if (!read_extension(&list, what, &out[*len]) ||
                    !check_new(d, what, out, *len))
                        return false;
                (*len)++;
        }
        return true;
}

void ocsp_extension_put(
    struct der_writer *w, struct span oid, struct span value)
{
        const uint8_t *end = w->at;

        der_put_item(w, DER_OCTET_STRING, value.data, value.len);
        der_put_item(w, DER_OID, oid.data, oid.len);
        der_wrap(w, DER_SEQUENCE, end);
}

void ocsp_nonce_put(struct der_writer *w, struct span nonce)
{
        uint8_t oid[OCSP_OID_PKIX_LEN];
        const uint8_t *end = w->at;

        ocsp_oid_pkix(OCSP_ARC_NONCE, oid);
        der_put_item(w, DER_OCTET_STRING, nonce.data, nonce.len);
        der_wrap(w, DER_OCTET_STRING, end);
        der_put_item(w, DER_OID, oid, sizeof(oid));
        der_wrap(w, DER_SEQUENCE, end);
}

/* ---- signature --------------------------------------------------------- */

bool ocsp_signature_read(
    struct der *d, struct span *algorithm, struct span *signature)
{
        return der_algorithm(d, "signatureAlgorithm", algorithm, NULL, NULL) &&
               der_octets_in_bits(d, "signature", signature);
}

bool ocsp_certs_read(
    struct der *d, struct span certs[OCSP_CERTS_MAX], size_t *len)
{
        struct der outer, list;
        struct der_item cert;

        *len = 0;
        if (!der_peek(d, DER_EXPLICIT + 0))
                return true;
        if (!der_enter(d, DER_EXPLICIT + 0, "certs", &outer) ||
            !der_enter(&outer, DER_SEQUENCE, "certs", &list) ||
            !der_finish(&outer, "certs"))
                return false;
        while (list.at < list.end) {
                if (*len == OCSP_CERTS_MAX)
                        return der_refuse(d, list.at, "RFC 6960 4.2.1",
                            "certs: more than %d certificates", OCSP_CERTS_MAX);
                if (!der_any(&list, "certs", &cert))
                        return false;
                if (cert.tag != DER_SEQUENCE)
                        return der_refuse(d, cert.whole.data, "RFC 5280 4.1",
                            "certs: tag %02x where a certificate belongs",
                            cert.tag);
                certs[(*len)++] = cert.whole;
        }
        return true;
}
