#include "ocsp/ocsp.h"

#include "ocsp/oid.h"
#include "ocsp/parts.h"

/* ---- reading ----------------------------------------------------------- */

/* RFC 5754 section 2: absent and NULL mean the same. */
static bool check_parameters(
    const struct der *d, const uint8_t *at, struct span parameters)
{
        if (parameters.len == 0 ||
            (parameters.len == 2 && parameters.data[0] == DER_NULL))
                return true;
        return der_refuse(d, at, "RFC 5754 2",
            "certID: hashAlgorithm with parameters that are not NULL");
}

static bool read_hash(
    struct der *d, const char *what, size_t size, struct span *out)
{
        struct der_item item;

        if (!der_get(d, DER_OCTET_STRING, what, &item))
                return false;
        if (size != 0 && item.content.len != size)
                return der_refuse(d, item.whole.data, "RFC 6960 4.1.1",
                    "%s of %zu bytes: its hash has %zu", what, item.content.len,
                    size);
        *out = item.content;
        return true;
}

static bool read_serial(struct der *d, struct span *out)
{
        if (!der_integer(d, DER_INTEGER, "serialNumber", out))
                return false;
        if (out->len > OCSP_SERIAL_MAX)
                return der_refuse(d, out->data, "RFC 5280 4.1.2.2",
                    "serialNumber of %zu octets: the limit here is %d",
                    out->len, OCSP_SERIAL_MAX);
        return true;
}

bool ocsp_certid_read(struct der *d, struct ocsp_certid *out)
{
        const uint8_t *start = d->at;
        struct span oid, parameters;
        struct der inner;
        size_t size;

        if (!der_enter(d, DER_SEQUENCE, "certID", &inner) ||
            !der_algorithm(&inner, "hashAlgorithm", NULL, &oid, &parameters))
                return false;
        out->hash = ocsp_oid_hash(oid, &size);
        if (out->hash != OCSP_HASH_OTHER &&
            !check_parameters(d, oid.data, parameters))
                return false;
        if (!read_hash(&inner, "issuerNameHash", size, &out->name_hash) ||
            !read_hash(&inner, "issuerKeyHash", size, &out->key_hash) ||
            !read_serial(&inner, &out->serial) || !der_finish(&inner, "certID"))
                return false;
        out->der = (struct span){start, (size_t)(d->at - start)};
        return true;
}

/* The OID of the hash in a CertID that ocsp_certid_read has passed. */
static struct span hash_oid(const struct ocsp_certid *id)
{
        struct der d = der_start(id->der, NULL), inner;
        struct span oid = {NULL, 0};

        if (!der_enter(&d, DER_SEQUENCE, "", &inner) ||
            !der_algorithm(&inner, "", NULL, &oid, NULL))
                return (struct span){NULL, 0};
        return oid;
}

bool ocsp_certid_equal(const struct ocsp_certid *a, const struct ocsp_certid *b)
{
        if (a->hash != b->hash || !span_equal(a->serial, b->serial) ||
            !span_equal(a->name_hash, b->name_hash) ||
            !span_equal(a->key_hash, b->key_hash))
                return false;
        return a->hash != OCSP_HASH_OTHER ||
               span_equal(hash_oid(a), hash_oid(b));
}

/* ---- making ------------------------------------------------------------ */

/* Hash over the issuer's subject as it is encoded, and over its key's bits. */
static int hash_issuer(enum ocsp_hash hash, const X509 *issuer,
    uint8_t name_hash[OCSP_HASH_MAX], uint8_t key_hash[OCSP_HASH_MAX],
    unsigned *size, struct err *e)
{
        const EVP_MD *md = hash == OCSP_SHA1 ? EVP_sha1() : EVP_sha256();
        const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(issuer);
        const X509_NAME *name = X509_get_subject_name(issuer);
        const uint8_t *der;
        size_t len;

        if (key == NULL || !X509_NAME_get0_der(name, &der, &len) ||
            !EVP_Digest(der, len, name_hash, size, md, NULL) ||
            !EVP_Digest(ASN1_STRING_get0_data(key),
                (size_t)ASN1_STRING_length(key), key_hash, size, md, NULL))
                return err_set(e, ERR_INTERNAL,
                    "certID: the issuer's name and key cannot be hashed");
        return 0;
}

/* tag, length and content octets */
static int serial_der(const X509 *leaf, uint8_t out[OCSP_SERIAL_MAX + 2],
    size_t *len, struct err *e)
{
        int size = i2d_ASN1_INTEGER(X509_get0_serialNumber(leaf), NULL);

        if (size <= 0 || size > OCSP_SERIAL_MAX + 2)
                return err_set(e, ERR_DATA,
                    "certID: a serial number of more than %d octets",
                    OCSP_SERIAL_MAX);
        *len = (size_t)i2d_ASN1_INTEGER(X509_get0_serialNumber(leaf), &out);
        return 0;
}

int ocsp_certid_make(enum ocsp_hash hash, const X509 *leaf, const X509 *issuer,
    struct buf *der, struct ocsp_certid *out, struct err *e)
{
        uint8_t name_hash[OCSP_HASH_MAX], key_hash[OCSP_HASH_MAX];
        uint8_t serial[OCSP_SERIAL_MAX + 2], space[256];
        struct der_writer w = {space + sizeof(space), space, false};
        const uint8_t *end = w.at;
        size_t serial_len = 0, start = der->len;
        unsigned size = 0;
        struct der d;

        if (hash == OCSP_HASH_OTHER)
                return err_set(e, ERR_INTERNAL, "certID: no such hash");
        if (hash_issuer(hash, issuer, name_hash, key_hash, &size, e) != 0 ||
            serial_der(leaf, serial, &serial_len, e) != 0)
                return -1;
        der_put(&w, serial, serial_len);
        der_put_item(&w, DER_OCTET_STRING, key_hash, size);
        der_put_item(&w, DER_OCTET_STRING, name_hash, size);
        der_put_span(&w, ocsp_hash_algorithm(hash));
        der_wrap(&w, DER_SEQUENCE, end);
        buf_append(der, w.at, (size_t)(end - w.at));
        if (der->failed)
                return err_set(e, ERR_OS, "certID: out of memory");
        d = der_start((struct span){der->data + start, der->len - start}, NULL);
        if (!ocsp_certid_read(&d, out))
                return err_set(e, ERR_INTERNAL, "certID: not readable again");
        return 0;
}
