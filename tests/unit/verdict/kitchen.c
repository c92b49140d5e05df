#include "kitchen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "base/parse.h"

/* ---- certificates ------------------------------------------------------- */

static EVP_PKEY *new_key(const struct casting *c)
{
        EVP_PKEY *key = c->key;

        if (key != NULL)
                EVP_PKEY_up_ref(key);
        else if (c->ed25519)
                key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        else if (c->rsa_bits != 0)
                key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)c->rsa_bits);
        else
                key = EVP_EC_gen("P-256");
        assert_non_null(key);
        return key;
}

static void add_extension(X509 *cert, int nid, const char *value)
{
        X509_EXTENSION *ext;

        if (value == NULL)
                return;
        ext = X509V3_EXT_nconf_nid(NULL, NULL, nid, value);
        assert_non_null(ext);
        assert_int_equal(X509_add_ext(cert, ext, -1), 1);
        X509_EXTENSION_free(ext);
}

static void flip_signature(X509 *cert)
{
        const ASN1_BIT_STRING *signature;
        unsigned char *last;

        X509_get0_signature(&signature, NULL, cert);
        last = (unsigned char *)(uintptr_t)ASN1_STRING_get0_data(signature);
        last[ASN1_STRING_length(signature) - 1] ^= 1;
}

struct actor actor_make(const struct casting *c)
{
        static int serial = 1000;
        struct actor a = {X509_new(), new_key(c)};
        X509_NAME *name = X509_get_subject_name(a.cert);
        EVP_PKEY *by = c->issuer != NULL ? c->issuer->key : a.key;
        const EVP_MD *md = c->digest != NULL ? c->digest : EVP_sha256();

        assert_int_equal(X509_set_version(a.cert, X509_VERSION_3), 1);
        assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(a.cert),
                             c->serial != 0 ? c->serial : ++serial),
            1);
        assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             (const unsigned char *)c->cn, -1, -1, 0),
            1);
        X509_set_issuer_name(a.cert,
            c->issuer != NULL ? X509_get_subject_name(c->issuer->cert) : name);
        ASN1_TIME_set(X509_getm_notBefore(a.cert),
            c->from != 0 ? c->from : NOW - 2 * DAY);
        ASN1_TIME_set(X509_getm_notAfter(a.cert),
            c->until != 0 ? c->until : NOW + INT64_C(365) * DAY);
        X509_set_pubkey(a.cert, a.key);
        add_extension(
            a.cert, NID_basic_constraints, c->ca ? "critical,CA:TRUE" : NULL);
        add_extension(a.cert, NID_key_usage, c->key_usage);
        add_extension(a.cert, NID_ext_key_usage, c->extended_key_usage);
        add_extension(
            a.cert, NID_id_pkix_OCSP_noCheck, c->nocheck ? "ignored" : NULL);
        if (EVP_PKEY_get_base_id(by) == EVP_PKEY_ED25519)
                md = NULL;
        assert_true(X509_sign(a.cert, by, md) > 0);
        if (c->broken_signature)
                flip_signature(a.cert);
        return a;
}

void actor_free(struct actor *a)
{
        X509_free(a->cert);
        EVP_PKEY_free(a->key);
}

/* ---- DER ---------------------------------------------------------------- */

/* Wraps what stands in b from offset `from` into one element. */
static void wrap(struct buf *b, size_t from, int tag)
{
        struct buf body = {0};
        size_t len = b->len - from;
        uint8_t header[4] = {(uint8_t)tag, (uint8_t)len};
        size_t header_len = 2;

        buf_append(&body, b->data + from, len);
        if (len > 255) {
                header[1] = 0x82;
                header[2] = (uint8_t)(len >> 8);
                header[3] = (uint8_t)len;
                header_len = 4;
        } else if (len > 127) {
                header[1] = 0x81;
                header[2] = (uint8_t)len;
                header_len = 3;
        }
        b->len = from;
        buf_append(b, header, header_len);
        buf_append(b, body.data, body.len);
        assert_false(b->failed);
        buf_release(&body);
}

static void element(struct buf *b, int tag, const void *data, size_t len)
{
        size_t from = b->len;

        buf_append(b, data, len);
        wrap(b, from, tag);
}

static void put_time(struct buf *b, const char *text)
{
        element(b, V_ASN1_GENERALIZEDTIME, text, strlen(text));
}

static void put_oid(struct buf *b, int nid)
{
        const ASN1_OBJECT *oid = OBJ_nid2obj(nid);

        element(b, V_ASN1_OBJECT, OBJ_get0_data(oid), OBJ_length(oid));
}

/* The content of an i2d function's output goes through here. */
static void put_owned(struct buf *b, unsigned char *der, int len)
{
        assert_true(len > 0);
        buf_append(b, der, (size_t)len);
        OPENSSL_free(der);
}

static void put_cert(struct buf *b, X509 *cert)
{
        unsigned char *der = NULL;
        int len = i2d_X509(cert, &der);

        put_owned(b, der, len);
}

static void put_name(struct buf *b, X509_NAME *name)
{
        unsigned char *der = NULL;
        int len = i2d_X509_NAME(name, &der);

        put_owned(b, der, len);
}

/* ---- answer ------------------------------------------------------------- */

static void put_hash(
    struct buf *b, const void *data, size_t len, const EVP_MD *md, bool wrong)
{
        uint8_t hash[EVP_MAX_MD_SIZE];
        unsigned size;

        assert_int_equal(EVP_Digest(data, len, hash, &size, md, NULL), 1);
        hash[0] ^= wrong;
        element(b, V_ASN1_OCTET_STRING, hash, size);
}

static void put_certid(struct buf *b, const struct record *r)
{
        const EVP_MD *md =
            EVP_get_digestbynid(r->hash != 0 ? r->hash : NID_sha1);
        ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(r->issuer);
        const ASN1_INTEGER *serial = X509_get0_serialNumber(r->leaf);
        struct buf name = {0};
        unsigned char *der = NULL;
        size_t from = b->len;
        int len;

        put_oid(b, EVP_MD_get_type(md));
        wrap(b, from, 0x30);
        put_name(&name, X509_get_subject_name(r->issuer));
        put_hash(b, name.data, name.len, md, r->bad_name);
        put_hash(b, ASN1_STRING_get0_data(key), (size_t)ASN1_STRING_length(key),
            md, r->bad_key);
        len = i2d_ASN1_INTEGER(serial, &der);
        put_owned(b, der, len);
        wrap(b, from, 0x30);
        buf_release(&name);
}

/* 1.2.3.4 with a NULL in it. */
static void put_odd_extension(struct buf *b, bool critical)
{
        static const uint8_t body[] = {
            6, 3, 0x2a, 3, 4, 1, 1, 0xff, 4, 2, 5, 0};
        size_t from = b->len;

        buf_append(b, body, 5);
        if (critical)
                buf_append(b, body + 5, 3);
        buf_append(b, body + 8, 4);
        wrap(b, from, 0x30);
}

static void put_single(struct buf *b, const struct record *r)
{
        size_t from = b->len;
        size_t at;
        uint8_t reason = (uint8_t)r->reason;

        put_certid(b, r);
        at = b->len;
        if (r->status == 1) {
                put_time(b, r->revoked_at);
                if (r->reason >= 0) {
                        size_t inner = b->len;

                        element(b, V_ASN1_ENUMERATED, &reason, 1);
                        wrap(b, inner, 0xa0);
                }
                wrap(b, at, 0xa1);
        } else {
                element(b, r->status == 0 ? 0x80 : 0x82, "", 0);
        }
        put_time(b, r->this_update);
        at = b->len;
        if (r->next_update != NULL) {
                put_time(b, r->next_update);
                wrap(b, at, 0xa0);
        }
        at = b->len;
        if (r->critical_extension || r->noncritical_extension) {
                put_odd_extension(b, r->critical_extension);
                wrap(b, at, 0x30);
                wrap(b, at, 0xa1);
        }
        wrap(b, from, 0x30);
}

static void put_nonce(struct buf *b, const struct recipe *r)
{
        size_t from = b->len;
        size_t at;

        put_oid(b, NID_id_pkix_OCSP_Nonce);
        at = b->len;
        buf_append(b, r->nonce.data, r->nonce.len);
        if (!r->raw_nonce)
                wrap(b, at, V_ASN1_OCTET_STRING);
        wrap(b, at, V_ASN1_OCTET_STRING);
        wrap(b, from, 0x30);
}

static void put_extensions(struct buf *b, const struct recipe *r)
{
        size_t from = b->len;

        if (r->nonce.data != NULL)
                put_nonce(b, r);
        if (r->critical_extension || r->noncritical_extension)
                put_odd_extension(b, r->critical_extension);
        if (b->len == from)
                return;
        wrap(b, from, 0x30);
        wrap(b, from, 0xa1);
}

static void put_responder(struct buf *b, const struct recipe *r)
{
        ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(r->responder);
        size_t from = b->len;

        if (r->by_name) {
                put_name(b, X509_get_subject_name(r->responder));
                wrap(b, from, 0xa1);
                return;
        }
        put_hash(b, ASN1_STRING_get0_data(key), (size_t)ASN1_STRING_length(key),
            EVP_sha1(), false);
        wrap(b, from, 0xa2);
}

static void put_tbs(struct buf *b, const struct recipe *r)
{
        size_t from = b->len;
        size_t at;
        size_t i;

        put_responder(b, r);
        put_time(b, r->produced_at);
        at = b->len;
        for (i = 0; i < r->records_len; i++)
                put_single(b, &r->records[i]);
        wrap(b, at, 0x30);
        put_extensions(b, r);
        wrap(b, from, 0x30);
}

static void put_claimed_algorithm(struct buf *b, int nid)
{
        X509_ALGOR *algorithm = X509_ALGOR_new();
        unsigned char *der = NULL;
        int len;

        X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), V_ASN1_NULL, NULL);
        len = i2d_X509_ALGOR(algorithm, &der);
        put_owned(b, der, len);
        X509_ALGOR_free(algorithm);
}

/* Signs what stands in b from `from`, and appends algorithm and signature. */
static void put_signature(struct buf *b, size_t from, const struct recipe *r)
{
        uint8_t algorithm[128];
        uint8_t signature[1024] = {0}; /* no unused bits */
        size_t len = sizeof(signature) - 1;
        OSSL_PARAM params[] = {OSSL_PARAM_octet_string("algorithm-id",
                                   algorithm, sizeof(algorithm)),
            OSSL_PARAM_END};
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        EVP_PKEY_CTX *pctx;
        const EVP_MD *md = r->digest != NULL ? r->digest : EVP_sha256();

        if (EVP_PKEY_get_base_id(r->signer->key) == EVP_PKEY_ED25519)
                md = NULL;
        assert_int_equal(
            EVP_DigestSignInit(ctx, &pctx, md, NULL, r->signer->key), 1);
        if (r->pss)
                EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING);
        assert_int_equal(EVP_PKEY_CTX_get_params(pctx, params), 1);
        assert_int_equal(EVP_DigestSign(ctx, signature + 1, &len,
                             b->data + from, b->len - from),
            1);
        signature[len] ^= r->broken_signature;
        if (r->claimed_algorithm != 0)
                put_claimed_algorithm(b, r->claimed_algorithm);
        else
                buf_append(b, algorithm, params[0].return_size);
        element(b, V_ASN1_BIT_STRING, signature, len + 1);
        EVP_MD_CTX_free(ctx);
}

static void put_basic(struct buf *b, const struct recipe *r)
{
        size_t from = b->len;
        size_t at;
        size_t i;

        put_tbs(b, r);
        put_signature(b, from, r);
        at = b->len;
        for (i = 0; i < r->certs_len; i++)
                put_cert(b, r->certs[i]);
        if (r->certs_len > 0) {
                wrap(b, at, 0x30);
                wrap(b, at, 0xa0);
        }
        wrap(b, from, 0x30);
}

void recipe_cook(const struct recipe *r, struct buf *out)
{
        static const uint8_t successful[] = {0x0a, 1, 0};
        size_t from = out->len;
        size_t bytes;
        size_t at;

        buf_append(out, successful, sizeof(successful));
        bytes = out->len;
        if (!r->empty_bytes) {
                put_oid(out, r->other_type ? NID_id_pkix_OCSP_Nonce
                                           : NID_id_pkix_OCSP_basic);
                at = out->len;
                put_basic(out, r);
                wrap(out, at, V_ASN1_OCTET_STRING);
                wrap(out, bytes, 0x30);
                wrap(out, bytes, 0xa0);
        }
        wrap(out, from, 0x30);
}

struct recipe recipe_good(const struct actor *leaf, const struct actor *issuer,
    const struct actor *signer)
{
        struct recipe r;

        memset(&r, 0, sizeof(r));
        r.records[0].leaf = leaf->cert;
        r.records[0].issuer = issuer->cert;
        r.records[0].reason = -1;
        r.records[0].revoked_at = stamp(NOW - 2 * HOUR);
        r.records[0].this_update = stamp(NOW - HOUR);
        r.records[0].next_update = stamp(NOW + 4 * DAY);
        r.records_len = 1;
        r.signer = signer;
        r.responder = signer->cert;
        r.produced_at = stamp(NOW - HOUR);
        if (signer->cert != issuer->cert)
                r.certs[r.certs_len++] = signer->cert;
        return r;
}

const char *stamp(int64_t t)
{
        static char ring[16][32];
        static unsigned next;
        char *out = ring[next++ % 16];
        struct utc u = utc_split(t);

        snprintf(out, sizeof(ring[0]), "%04d%02d%02d%02d%02d%02dZ", u.year,
            u.month, u.day, u.hour, u.minute, u.second);
        return out;
}
