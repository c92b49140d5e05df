#include "answers.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>

#include <string.h>

#include "fuzz.h"

static const uint8_t nonce[] = "0123456789abcdef0123456789abcde";
const struct span answers_nonce = {nonce, sizeof(nonce)};

/* ---- as they come ------------------------------------------------------- */

/* The right one, from which all others differ. */
static struct recipe right(enum role by)
{
        return recipe_good(cast_of(A_GOOD), cast_of(CA_A), cast_of(by));
}

static struct recipe plain(void)
{
        return right(RESPONDER);
}

static struct recipe of_issuer(void)
{
        return right(CA_A);
}

static struct recipe of_name(void)
{
        struct recipe r = right(RESPONDER);

        r.by_name = true;
        r.records[0].hash = NID_sha256;
        return r;
}

static struct recipe with_nonce(void)
{
        struct recipe r = right(RESPONDER);

        r.nonce = answers_nonce;
        r.noncritical_extension = true;
        r.records[0].noncritical_extension = true;
        return r;
}

static struct recipe revoked(void)
{
        struct recipe r = right(RESPONDER);

        r.records[0].status = 1;
        r.records[0].reason = 1;
        return r;
}

static struct recipe unknown(void)
{
        struct recipe r = right(RESPONDER);

        r.records[0].status = 2;
        return r;
}

/* Of a neighbour, of ours with the other hash, and of ours again. */
static struct recipe several(void)
{
        struct recipe r = right(RESPONDER);

        r.records[1] = r.records[2] = r.records[0];
        r.records[0].leaf = cast_of(A_HELD)->cert;
        r.records[0].status = 1;
        r.records[1].hash = NID_sha256;
        r.records_len = 3;
        r.certs[r.certs_len++] = cast_of(RESPONDER_FORGED)->cert;
        return r;
}

static struct recipe two_minds(void)
{
        struct recipe r = right(RESPONDER);

        r.records[1] = r.records[0];
        r.records[1].status = 1;
        r.records_len = 2;
        return r;
}

static struct recipe of_neighbour(void)
{
        struct recipe r = right(RESPONDER);

        r.records[0].leaf = cast_of(A_HELD)->cert;
        return r;
}

static struct recipe expired(void)
{
        struct recipe r = right(RESPONDER);

        r.records[0].this_update = stamp(NOW - 4 * DAY);
        r.records[0].next_update = stamp(NOW - HOUR);
        return r;
}

static struct recipe endless(void)
{
        struct recipe r = right(RESPONDER);

        r.records[0].next_update = NULL;
        return r;
}

static struct recipe of_trusted(void)
{
        return right(TRUSTED);
}

static struct recipe of_expired(void)
{
        return right(RESPONDER_EXPIRED);
}

static struct recipe of_no_eku(void)
{
        return right(RESPONDER_NO_EKU);
}

static struct recipe of_roots(void)
{
        return right(ROOTS_RESPONDER);
}

static struct recipe of_leaf(void)
{
        return right(A_GOOD);
}

static const struct dish {
        struct recipe (*recipe)(void);
        enum ocsp_outcome outcome;
} dishes[] = {
    {plain, OCSP_V_GOOD},
    {of_issuer, OCSP_V_GOOD},
    {of_name, OCSP_V_GOOD},
    {with_nonce, OCSP_V_GOOD},
    {revoked, OCSP_V_REVOKED},
    {unknown, OCSP_V_UNKNOWN},
    {several, OCSP_V_GOOD},
    {two_minds, OCSP_V_REVOKED},
    {of_neighbour, OCSP_V_UNTRUSTED},
    {expired, OCSP_V_UNTRUSTED},
    {endless, OCSP_V_UNTRUSTED},
    {of_trusted, OCSP_V_UNTRUSTED},
    {of_expired, OCSP_V_UNTRUSTED},
    {of_no_eku, OCSP_V_UNTRUSTED},
    {of_roots, OCSP_V_UNTRUSTED},
    {of_leaf, OCSP_V_UNTRUSTED},
};

size_t answers_len(void)
{
        return sizeof(dishes) / sizeof(dishes[0]);
}

void answers_cook(size_t n, struct buf *out)
{
        struct recipe r = dishes[n].recipe();

        recipe_cook(&r, out);
}

enum ocsp_outcome answers_outcome(size_t n)
{
        return dishes[n].outcome;
}

/* ---- signed anew -------------------------------------------------------- */

/* Element of that tag around all that stands in b from offset from. */
static void wrap(struct buf *b, size_t from, uint8_t tag)
{
        size_t len = b->len - from, i;
        uint8_t header[] = {
            tag, 0x83, (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
        size_t header_len = len < 128 ? 2 : len < 256 ? 3 : len < 65536 ? 4 : 5;

        if (header_len == 2)
                header[1] = (uint8_t)len;
        else
                header[1] = (uint8_t)(0x80 + header_len - 2);
        for (i = 2; i < header_len; i++)
                header[i] = (uint8_t)(len >> (8 * (header_len - 1 - i)));
        must(buf_reserve(b, header_len));
        memmove(b->data + from + header_len, b->data + from, len);
        memcpy(b->data + from, header, header_len);
        b->len += header_len;
}

static void put_signature(struct span tbs, EVP_PKEY *key, struct buf *out)
{
        static const uint8_t ed25519[] = {0x30, 5, 6, 3, 0x2b, 0x65, 0x70};
        static const uint8_t ecdsa[] = {
            0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2};
        bool is_ec = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
        uint8_t signature[1 + 256] = {0}; /* no unused bits */
        size_t len = sizeof(signature) - 1, at;
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();

        must(EVP_DigestSignInit(
                 ctx, NULL, is_ec ? EVP_sha256() : NULL, NULL, key) == 1);
        must(EVP_DigestSign(ctx, signature + 1, &len, tbs.data, tbs.len) == 1);
        EVP_MD_CTX_free(ctx);
        if (is_ec)
                buf_append(out, ecdsa, sizeof(ecdsa));
        else
                buf_append(out, ed25519, sizeof(ed25519));
        at = out->len;
        buf_append(out, signature, len + 1);
        wrap(out, at, V_ASN1_BIT_STRING);
}

static void put_certs(
    const struct ocsp_response *r, X509 *first, bool keep, struct buf *out)
{
        size_t at = out->len, i;
        unsigned char *der = NULL;
        int len = i2d_X509(first, &der);

        must(len > 0);
        buf_append(out, der, (size_t)len);
        OPENSSL_free(der);
        for (i = 0; keep && i < r->certs_len && i + 1 < OCSP_CERTS_MAX; i++)
                buf_append(out, r->certs[i].data, r->certs[i].len);
        wrap(out, at, 0x30);
        wrap(out, at, 0xa0);
}

bool answers_sign_again(
    struct span der, enum role by, bool keep, struct buf *out)
{
        static const uint8_t successful[] = {0x0a, 1, 0};
        static const uint8_t basic[] = {6, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1};
        static struct ocsp_response r;
        size_t from = out->len, bytes, response;

        if (ocsp_response_parse(der, &r, NULL) != 0 || !r.is_basic)
                return false;
        buf_append(out, successful, sizeof(successful));
        bytes = out->len;
        buf_append(out, basic, sizeof(basic));
        response = out->len;
        buf_append(out, r.tbs.data, r.tbs.len);
        put_signature(r.tbs, cast_of(by)->key, out);
        put_certs(&r, cast_of(by)->cert, keep, out);
        wrap(out, response, 0x30);
        wrap(out, response, V_ASN1_OCTET_STRING);
        wrap(out, bytes, 0x30);
        wrap(out, bytes, 0xa0);
        wrap(out, from, 0x30);
        must(!out->failed);
        return true;
}

/* ---- OpenSSL's opinion --------------------------------------------------- */

/* OCSP_basic_verify would take the first certificate that the responderID
 * names, and gives up if that is not the right one; so each has its try.  Nor
 * does it try a second one of the issuer's name if the first is not right; so
 * it gets the issuer alone. */
static bool verify_with(OCSP_BASICRESP *basic, X509 *cert,
    const struct ocsp_question *q, unsigned long flags)
{
        X509_STORE *store = X509_STORE_new();
        STACK_OF(X509) *certs = sk_X509_new_null();
        bool accepted;

        X509_STORE_add_cert(store, cast_of(ROOT)->cert);
        X509_STORE_add_cert(store, q->issuer);
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), q->now);
        sk_X509_push(certs, cert);
        flags |= OCSP_NOINTERN | OCSP_NOCHAIN;
        accepted = OCSP_basic_verify(basic, certs, store, flags) == 1;
        sk_X509_free(certs);
        X509_STORE_free(store);
        ERR_clear_error();
        return accepted;
}

/* Records of several issuers in one answer are too much for OpenSSL, whoever
 * signed it; we look at the one in question. */
static bool is_of_one_issuer(OCSP_BASICRESP *basic)
{
        const OCSP_CERTID *first, *other;
        int i;

        first = OCSP_SINGLERESP_get0_id(OCSP_resp_get0(basic, 0));
        for (i = 1; i < OCSP_resp_count(basic); i++) {
                other = OCSP_SINGLERESP_get0_id(OCSP_resp_get0(basic, i));
                if (OCSP_id_issuer_cmp(first, other) != 0)
                        return false;
        }
        return true;
}

static bool is_signed_soundly(
    OCSP_BASICRESP *basic, const struct ocsp_question *q)
{
        const STACK_OF(X509) *certs = OCSP_resp_get0_certs(basic);
        unsigned long flags = OCSP_NOEXPLICIT;
        int i;

        if (!is_of_one_issuer(basic))
                flags |= OCSP_NOCHECKS;
        for (i = 0; i < sk_X509_num(q->responders); i++)
                if (verify_with(basic, sk_X509_value(q->responders, i), q,
                        OCSP_TRUSTOTHER))
                        return true;
        if (verify_with(basic, q->issuer, q, flags))
                return true;
        for (i = 0; i < sk_X509_num(certs); i++)
                if (verify_with(basic, sk_X509_value(certs, i), q, flags))
                        return true;
        return false;
}

static bool is_fresh(OCSP_SINGLERESP *single, const struct ocsp_question *q)
{
        ASN1_GENERALIZEDTIME *this_update, *next_update;
        time_t late = (time_t)(q->now + q->skew), now = (time_t)q->now;

        OCSP_single_get0_status(single, NULL, NULL, &this_update, &next_update);
        return next_update != NULL && X509_cmp_time(this_update, &late) < 0 &&
               X509_cmp_time(next_update, &now) > 0;
}

/* All records of the certificate, with either hash: good, if we say so; and
 * one of them is fresh. */
static void compare_records(OCSP_BASICRESP *basic,
    const struct ocsp_question *q, const struct ocsp_verdict *v)
{
        OCSP_CERTID *ids[] = {OCSP_cert_to_id(EVP_sha1(), q->leaf, q->issuer),
            OCSP_cert_to_id(EVP_sha256(), q->leaf, q->issuer)};
        bool fresh = false;
        size_t i;
        int at;

        for (i = 0; i < 2; i++) {
                at = -1;
                while ((at = OCSP_resp_find(basic, ids[i], at)) >= 0) {
                        OCSP_SINGLERESP *s = OCSP_resp_get0(basic, at);
                        int status =
                            OCSP_single_get0_status(s, NULL, NULL, NULL, NULL);

                        must(v->outcome != OCSP_V_GOOD ||
                             status == V_OCSP_CERTSTATUS_GOOD);
                        if (status == (int)v->cert_status && is_fresh(s, q))
                                fresh = true;
                }
                OCSP_CERTID_free(ids[i]);
        }
        must(fresh);
}

void answers_compare(const struct ocsp_question *q, struct span der,
    const struct ocsp_verdict *v)
{
        const uint8_t *p = der.data;
        OCSP_RESPONSE *response;
        OCSP_BASICRESP *basic;

        if (v->outcome == OCSP_V_UNTRUSTED)
                return;
        response = d2i_OCSP_RESPONSE(NULL, &p, (long)der.len);
        must(response != NULL && p == der.data + der.len);
        must(OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL);
        basic = OCSP_response_get1_basic(response);
        must(basic != NULL);
        must(is_signed_soundly(basic, q));
        compare_records(basic, q, v);
        OCSP_BASICRESP_free(basic);
        OCSP_RESPONSE_free(response);
}
