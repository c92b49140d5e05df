/*
 * CRLs of ours, RFC 5280 section 5.
 *
 * Each entry is written as DER as soon as it comes, behind room for what
 * stands before it, so memory is that of the CRL itself and nothing is encoded
 * twice: OpenSSL needs ten times of both for a million entries.  What is there
 * once per CRL (names, extensions, algorithm) is OpenSSL's DER.
 */
#include "pki/pki.h"

#include <openssl/core_names.h>

#include <stdlib.h>
#include <string.h>

#include "pki/internal.h"

enum {
        ALGORITHM_MAX = 128, /* AlgorithmIdentifier */
        HEADER_MAX = 6,      /* tag, and a length of up to 31 bits */
        TIME_MAX = 17,       /* GeneralizedTime with tag and length */
        ENTRY_MAX = 128,     /* it has 125, so each length is one octet */
        /* A length is an int to OpenSSL.  Some 20 million entries. */
        CRL_MAX = 1 << 30,
};

struct pki_crl {
        struct buf der; /* room, then the entries */
        size_t room;
        struct buf head; /* from version to nextUpdate */
        struct buf tail; /* crlExtensions */
        struct buf algorithm;
        EVP_MD_CTX *signer;
        bool delta;
};

/* ---- time --------------------------------------------------------------- */

static uint8_t *put_digits(uint8_t *p, int value)
{
        *p++ = (uint8_t)('0' + value / 10);
        *p++ = (uint8_t)('0' + value % 10);
        return p;
}

static uint8_t *put_time(uint8_t *p, int64_t t, bool generalized)
{
        struct utc u = utc_split(t);

        *p++ = generalized ? V_ASN1_GENERALIZEDTIME : V_ASN1_UTCTIME;
        *p++ = generalized ? 15 : 13;
        if (generalized)
                p = put_digits(p, u.year / 100);
        p = put_digits(p, u.year % 100);
        p = put_digits(p, u.month);
        p = put_digits(p, u.day);
        p = put_digits(p, u.hour);
        p = put_digits(p, u.minute);
        p = put_digits(p, u.second);
        *p++ = 'Z';
        return p;
}

static int check_time(int64_t t, int first_year, struct err *e)
{
        char text[TIME_TEXT_MAX];

        if (t >= utc_seconds(first_year, 1, 1, 0, 0, 0) &&
            t <= utc_seconds(9999, 12, 31, 23, 59, 59))
                return 0;
        return err_set(e, ERR_USAGE, "%s: outside the years %d to 9999",
            format_time(t, text), first_year);
}

/* UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280 sections
 * 5.1.2.4 to 5.1.2.6).  The time was checked. */
static uint8_t *put_date(uint8_t *p, int64_t t)
{
        return put_time(p, t, t >= utc_seconds(2050, 1, 1, 0, 0, 0));
}

/* ---- head and tail ------------------------------------------------------ */

/* The signature's AlgorithmIdentifier, which the provider knows best. */
static int start_signer(struct pki_crl *crl, EVP_PKEY *key, struct err *e)
{
        uint8_t algorithm[ALGORITHM_MAX];
        EVP_PKEY_CTX *ctx = NULL; /* the signer's own */
        OSSL_PARAM params[] = {
            OSSL_PARAM_octet_string(
                OSSL_SIGNATURE_PARAM_ALGORITHM_ID, algorithm, ALGORITHM_MAX),
            OSSL_PARAM_END,
        };

        crl->signer = EVP_MD_CTX_new();
        if (crl->signer == NULL ||
            EVP_DigestSignInit(crl->signer, &ctx, digest_for(key), NULL, key) !=
                1 ||
            EVP_PKEY_CTX_get_params(ctx, params) != 1 ||
            !OSSL_PARAM_modified(params))
                return openssl_err(
                    e, ERR_INTERNAL, "this key cannot sign a CRL");
        buf_append(&crl->algorithm, algorithm, params[0].return_size);
        return 0;
}

static int append_head(
    struct pki_crl *crl, const struct pki_crl_spec *spec, struct err *e)
{
        static const uint8_t version_2[] = {V_ASN1_INTEGER, 1, 1};
        uint8_t times[2 * TIME_MAX], *p = times;
        unsigned char *name = NULL;
        int len = i2d_X509_NAME(X509_get_subject_name(spec->issuer), &name);

        if (len < 0)
                return openssl_err(e, ERR_INTERNAL, "CRL issuer");
        p = put_date(p, spec->this_update);
        p = put_date(p, spec->next_update);
        buf_append(&crl->head, version_2, sizeof(version_2));
        buf_append(&crl->head, crl->algorithm.data, crl->algorithm.len);
        buf_append(&crl->head, name, (size_t)len);
        buf_append(&crl->head, times, (size_t)(p - times));
        OPENSSL_free(name);
        return 0;
}

static bool add_number(
    STACK_OF(X509_EXTENSION) **exts, int nid, uint64_t number, bool critical)
{
        ASN1_INTEGER *n = ASN1_INTEGER_new();
        bool ok = n != NULL && ASN1_INTEGER_set_uint64(n, number) == 1 &&
                  extension_add(exts, nid, n, critical);

        ASN1_INTEGER_free(n);
        return ok;
}

/* fullName with the very octets that the certificates' cRLDistributionPoints
 * have. */
static int add_idp(
    STACK_OF(X509_EXTENSION) **exts, const char *url, struct err *e)
{
        ISSUING_DIST_POINT *idp = ISSUING_DIST_POINT_new();
        GENERAL_NAME *uri = NULL;
        int rc = san_uri(url, &uri, e);

        if (rc == 0 && idp != NULL)
                idp->distpoint = dist_point_name(uri);
        else
                GENERAL_NAME_free(uri);
        if (rc == 0 && (idp == NULL || idp->distpoint == NULL ||
                           !extension_add(exts, NID_issuing_distribution_point,
                               idp, true)))
                rc = openssl_err(e, ERR_INTERNAL, "issuingDistributionPoint");
        ISSUING_DIST_POINT_free(idp);
        return rc;
}

/* RFC 5280 sections 5.2.1 and 5.2.3 are a must, and not critical; 5.2.4 and
 * 5.2.5 are critical. */
static int add_extensions(STACK_OF(X509_EXTENSION) **exts,
    const struct pki_crl_spec *spec, struct err *e)
{
        AUTHORITY_KEYID *akid = authority_key_id(spec->issuer);
        bool ok =
            extension_add(exts, NID_authority_key_identifier, akid, false) &&
            add_number(exts, NID_crl_number, spec->number, false) &&
            (spec->base_number == 0 ||
                add_number(exts, NID_delta_crl, spec->base_number, true));

        AUTHORITY_KEYID_free(akid);
        if (!ok)
                return openssl_err(e, ERR_INTERNAL, "CRL extensions");
        return spec->idp_url == NULL ? 0 : add_idp(exts, spec->idp_url, e);
}

static int append_tail(
    struct pki_crl *crl, const struct pki_crl_spec *spec, struct err *e)
{
        STACK_OF(X509_EXTENSION) *exts = NULL;
        unsigned char header[HEADER_MAX], *der = NULL, *p = header;
        int len = -1;

        if (add_extensions(&exts, spec, e) == 0) {
                len = i2d_X509_EXTENSIONS(exts, &der);
                if (len < 0)
                        openssl_err(e, ERR_INTERNAL, "CRL extensions");
        }
        if (len >= 0) {
                ASN1_put_object(&p, 1, len, 0, V_ASN1_CONTEXT_SPECIFIC);
                buf_append(&crl->tail, header, (size_t)(p - header));
                buf_append(&crl->tail, der, (size_t)len);
        }
        OPENSSL_free(der);
        sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
        return len < 0 ? -1 : 0;
}

static int check_spec(const struct pki_crl_spec *spec, struct err *e)
{
        if (check_time(spec->this_update, 1950, e) != 0 ||
            check_time(spec->next_update, 1950, e) != 0)
                return -1;
        if (spec->next_update <= spec->this_update)
                return err_set(
                    e, ERR_USAGE, "CRL: nextUpdate is not after thisUpdate");
        if (spec->base_number != 0 && spec->base_number >= spec->number)
                return err_set(e, ERR_USAGE,
                    "CRL: a delta has a higher number than its base");
        return 0;
}

int pki_crl_new(
    const struct pki_crl_spec *spec, struct pki_crl **out, struct err *e)
{
        struct pki_crl *crl;

        *out = NULL;
        if (check_spec(spec, e) != 0)
                return -1;
        crl = calloc(1, sizeof(*crl));
        if (crl == NULL)
                return err_errno(e, ERR_OS, "CRL");
        crl->delta = spec->base_number != 0;
        if (start_signer(crl, spec->issuer_key, e) != 0 ||
            append_head(crl, spec, e) != 0 || append_tail(crl, spec, e) != 0)
                goto fail;
        /* CertificateList, TBSCertList, head, revokedCertificates */
        crl->room = 3 * HEADER_MAX + crl->head.len;
        if (crl->head.failed || crl->tail.failed || crl->algorithm.failed ||
            !buf_reserve(&crl->der, crl->room)) {
                err_set(e, ERR_OS, "out of memory");
                goto fail;
        }
        crl->der.len = crl->room;
        *out = crl;
        return 0;
fail:
        pki_crl_free(crl);
        return -1;
}

/* ---- entries ------------------------------------------------------------ */

/* The fewest octets, as DER wants it. */
static bool is_integer(struct span s)
{
        if (s.len == 0 || s.len > PKI_SERIAL_MAX)
                return false;
        return s.len == 1 || !((s.data[0] == 0x00 && s.data[1] < 0x80) ||
                                 (s.data[0] == 0xff && s.data[1] >= 0x80));
}

static int check_entry(
    const struct pki_crl *crl, const struct pki_crl_entry *entry, struct err *e)
{
        enum { UNUSED = 7, REMOVE_FROM_CRL = 8, LAST = 10 };

        if (!is_integer(entry->serial))
                return err_set(
                    e, ERR_INTERNAL, "the serial is not a DER INTEGER");
        if (entry->reason < -1 || entry->reason > LAST ||
            entry->reason == UNUSED ||
            (entry->reason == REMOVE_FROM_CRL && !crl->delta))
                return err_set(e, ERR_INTERNAL,
                    "reason %d cannot stand there (RFC 5280 section 5.3.1)",
                    entry->reason);
        if (crl->der.len > CRL_MAX)
                return err_set(e, ERR_CONFIG,
                    "the CRL gets larger than %d MiB: use OCSP, or issue from "
                    "several CAs",
                    CRL_MAX >> 20);
        if (check_time(entry->revocation_time, 1950, e) != 0)
                return -1;
        return entry->invalidity_at == 0
                   ? 0
                   : check_time(entry->invalidity_at, 0, e);
}

/* Extension reasonCode: 2.5.29.21, an ENUMERATED in the OCTET STRING. */
static uint8_t *put_reason(uint8_t *p, int reason)
{
        static const uint8_t before[] = {V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED,
            10, V_ASN1_OBJECT, 3, 0x55, 0x1d, 0x15, V_ASN1_OCTET_STRING, 3,
            V_ASN1_ENUMERATED, 1};

        memcpy(p, before, sizeof(before));
        p += sizeof(before);
        *p++ = (uint8_t)reason;
        return p;
}

/* Extension invalidityDate: 2.5.29.24, always a GeneralizedTime. */
static uint8_t *put_invalidity(uint8_t *p, int64_t at)
{
        static const uint8_t before[] = {V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED,
            24, V_ASN1_OBJECT, 3, 0x55, 0x1d, 0x18, V_ASN1_OCTET_STRING,
            TIME_MAX};

        memcpy(p, before, sizeof(before));
        return put_time(p + sizeof(before), at, true);
}

/* Neither is critical, RFC 5280 section 5.3. */
static uint8_t *put_entry_extensions(
    uint8_t *p, const struct pki_crl_entry *entry)
{
        uint8_t *header = p;

        p += 2;
        if (entry->reason > 0)
                p = put_reason(p, entry->reason);
        if (entry->invalidity_at != 0)
                p = put_invalidity(p, entry->invalidity_at);
        if (p == header + 2)
                return header;
        header[0] = V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED;
        header[1] = (uint8_t)(p - header - 2);
        return p;
}

int pki_crl_add(
    struct pki_crl *crl, const struct pki_crl_entry *entry, struct err *e)
{
        uint8_t der[ENTRY_MAX], *p = der;

        if (check_entry(crl, entry, e) != 0)
                return err_prefix(e, "CRL entry");
        p += 2;
        *p++ = V_ASN1_INTEGER;
        *p++ = (uint8_t)entry->serial.len;
        memcpy(p, entry->serial.data, entry->serial.len);
        p = put_date(p + entry->serial.len, entry->revocation_time);
        p = put_entry_extensions(p, entry);
        der[0] = V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED;
        der[1] = (uint8_t)(p - der - 2);
        buf_append(&crl->der, der, (size_t)(p - der));
        if (crl->der.failed)
                return err_set(e, ERR_OS, "CRL: out of memory");
        return 0;
}

/* ---- finish ------------------------------------------------------------- */

static void prepend(struct buf *b, size_t *at, const void *data, size_t len)
{
        *at -= len;
        memcpy(b->data + *at, data, len);
}

/* A SEQUENCE around all from *at on. */
static void wrap(struct buf *b, size_t *at)
{
        uint8_t header[HEADER_MAX], *p = header;

        ASN1_put_object(
            &p, 1, (int)(b->len - *at), V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
        prepend(b, at, header, (size_t)(p - header));
}

static int append_signature(struct pki_crl *crl, size_t tbs, struct err *e)
{
        struct buf *b = &crl->der;
        uint8_t header[HEADER_MAX + 1], *p = header, *signature = NULL;
        size_t len = 0, tbs_len = b->len - tbs;
        int rc = -1;

        /* EVP_DigestSign in one go: Ed25519 knows no other. */
        if (EVP_DigestSign(crl->signer, NULL, &len, b->data + tbs, tbs_len) ==
            1)
                signature = OPENSSL_malloc(len);
        if (signature == NULL || EVP_DigestSign(crl->signer, signature, &len,
                                     b->data + tbs, tbs_len) != 1) {
                openssl_err(e, ERR_INTERNAL, "cannot sign the CRL");
                goto out;
        }
        ASN1_put_object(
            &p, 0, (int)len + 1, V_ASN1_BIT_STRING, V_ASN1_UNIVERSAL);
        *p++ = 0; /* no unused bits */
        buf_append(b, crl->algorithm.data, crl->algorithm.len);
        buf_append(b, header, (size_t)(p - header));
        buf_append(b, signature, len);
        rc = b->failed ? err_set(e, ERR_OS, "CRL: out of memory") : 0;
out:
        OPENSSL_free(signature);
        return rc;
}

int pki_crl_finish(struct pki_crl *crl, struct buf *der, struct err *e)
{
        struct buf *b = &crl->der;
        size_t at = crl->room;

        if (b->len > at) /* else revokedCertificates is left out, 5.1.2.6 */
                wrap(b, &at);
        prepend(b, &at, crl->head.data, crl->head.len);
        buf_append(b, crl->tail.data, crl->tail.len);
        if (b->failed)
                return err_set(e, ERR_OS, "CRL: out of memory");
        wrap(b, &at);
        if (append_signature(crl, at, e) != 0)
                return -1;
        wrap(b, &at);
        b->len -= at;
        memmove(b->data, b->data + at, b->len);
        *der = *b;
        *b = (struct buf){0};
        return 0;
}

int pki_crl_pem(struct span der, struct buf *out, struct err *e)
{
        enum { LINE = 48 }; /* octets, 64 characters */
        unsigned char text[LINE / 3 * 4 + 1];
        size_t at, n;

        buf_append_text(out, "-----BEGIN X509 CRL-----\n");
        for (at = 0; at < der.len; at += n) {
                n = der.len - at < LINE ? der.len - at : LINE;
                buf_append(out, text,
                    (size_t)EVP_EncodeBlock(text, der.data + at, (int)n));
                buf_append_text(out, "\n");
        }
        buf_append_text(out, "-----END X509 CRL-----\n");
        if (out->failed)
                return err_set(e, ERR_OS, "out of memory");
        return 0;
}

void pki_crl_free(struct pki_crl *crl)
{
        if (crl == NULL)
                return;
        buf_release(&crl->der);
        buf_release(&crl->head);
        buf_release(&crl->tail);
        buf_release(&crl->algorithm);
        EVP_MD_CTX_free(crl->signer);
        free(crl);
}
