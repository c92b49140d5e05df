#include "ocsp/authority.h"

#include <openssl/asn1t.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <string.h>

#include "pki/pki.h"

/* ---- algorithms --------------------------------------------------------- */

/* RFC 4055 section 3.1: the digest of RSASSA-PSS is among the parameters, and
 * SHA-1 where it is left out. */
static int pss_digest(const X509_ALGOR *algorithm)
{
        RSA_PSS_PARAMS *pss;
        const ASN1_OBJECT *oid;
        const void *value;
        int type;
        int digest = NID_sha1;

        X509_ALGOR_get0(NULL, &type, &value, algorithm);
        if (type != V_ASN1_SEQUENCE)
                return NID_sha1;
        pss = ASN1_item_unpack(value, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
        if (pss == NULL)
                return NID_sha1;
        if (pss->hashAlgorithm != NULL) {
                X509_ALGOR_get0(&oid, NULL, NULL, pss->hashAlgorithm);
                digest = OBJ_obj2nid(oid);
        }
        RSA_PSS_PARAMS_free(pss);
        return digest;
}

struct authority_algorithm authority_algorithm_of(const X509_ALGOR *algorithm)
{
        struct authority_algorithm a = {NID_undef, NID_undef, NID_undef};
        const ASN1_OBJECT *oid;

        X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
        a.nid = OBJ_obj2nid(oid);
        if (a.nid == NID_undef ||
            OBJ_find_sigid_algs(a.nid, &a.digest, &a.key) != 1)
                return a;
        if (a.nid == NID_rsassaPss) {
                a.digest = pss_digest(algorithm);
                a.key = EVP_PKEY_RSA;
        }
        return a;
}

bool authority_digest_is_broken(int digest)
{
        static const int broken[] = {NID_md2, NID_md4, NID_md5, NID_md5_sha1,
            NID_mdc2, NID_ripemd160, NID_sha, NID_sha1};
        size_t i;

        for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
                if (digest == broken[i])
                        return true;
        }
        return false;
}

/* ---- one certificate ---------------------------------------------------- */

static bool names_responder(X509 *cert, const struct ocsp_response *r)
{
        uint8_t hash[SHA_DIGEST_LENGTH];
        unsigned len;
        const uint8_t *p = r->responder.data;
        X509_NAME *name;
        bool same;

        /* RFC 6960 section 4.2.1: KeyHash is SHA-1, whatever else is not. */
        if (r->responder_id == OCSP_BY_KEY)
                return X509_pubkey_digest(cert, EVP_sha1(), hash, &len) == 1 &&
                       span_equal(r->responder, (struct span){hash, len});
        name = d2i_X509_NAME(NULL, &p, (long)r->responder.len);
        same = name != NULL &&
               X509_NAME_cmp(name, X509_get_subject_name(cert)) == 0;
        X509_NAME_free(name);
        return same;
}

static bool same_key(X509 *a, X509 *b)
{
        EVP_PKEY *key = X509_get0_pubkey(a);

        return key != NULL && EVP_PKEY_eq(key, X509_get0_pubkey(b)) == 1;
}

static bool issued_by(X509 *cert, X509 *issuer)
{
        const X509_ALGOR *algorithm;
        EVP_PKEY *key = X509_get0_pubkey(issuer);
        int digest;

        X509_get0_signature(NULL, &algorithm, cert);
        digest = authority_algorithm_of(algorithm).digest;
        return key != NULL && !authority_digest_is_broken(digest) &&
               X509_verify(cert, key) == 1;
}

static bool has_ocsp_signing(X509 *cert)
{
        STACK_OF(ASN1_OBJECT) *purposes;
        bool found = false;
        int i;

        purposes = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
        for (i = 0; i < sk_ASN1_OBJECT_num(purposes); i++) {
                if (OBJ_obj2nid(sk_ASN1_OBJECT_value(purposes, i)) ==
                    NID_OCSP_sign)
                        found = true;
        }
        sk_ASN1_OBJECT_pop_free(purposes, ASN1_OBJECT_free);
        return found;
}

/* RFC 5280 section 4.2.1.3: bit 0, if there is a keyUsage at all. */
static bool may_sign_data(X509 *cert)
{
        int state;
        ASN1_BIT_STRING *usage =
            X509_get_ext_d2i(cert, NID_key_usage, &state, NULL);
        bool may = usage != NULL ? ASN1_BIT_STRING_get_bit(usage, 0) == 1
                                 : state == -1;

        ASN1_BIT_STRING_free(usage);
        return may;
}

/* Over the very bytes of tbsResponseData; the algorithm must suit the key. */
static bool made_signature(X509 *cert, const struct ocsp_response *r)
{
        const uint8_t *p = r->signature_algorithm.data;
        const uint8_t *q = r->tbs.data;
        X509_ALGOR *algorithm =
            d2i_X509_ALGOR(NULL, &p, (long)r->signature_algorithm.len);
        ASN1_STRING *tbs = (ASN1_STRING *)ASN1_item_d2i(
            NULL, &q, (long)r->tbs.len, ASN1_ITEM_rptr(ASN1_SEQUENCE));
        ASN1_BIT_STRING *signature = ASN1_BIT_STRING_new();
        EVP_PKEY *key = X509_get0_pubkey(cert);
        bool made = false;

        if (algorithm != NULL && tbs != NULL && signature != NULL &&
            key != NULL &&
            ASN1_STRING_set(
                signature, r->signature.data, (int)r->signature.len) == 1)
                made = ASN1_item_verify(ASN1_ITEM_rptr(ASN1_SEQUENCE),
                           algorithm, signature, tbs, key) == 1;
        ASN1_BIT_STRING_free(signature);
        ASN1_STRING_free(tbs);
        X509_ALGOR_free(algorithm);
        return made;
}

/* ---- the choice --------------------------------------------------------- */

static enum authority_role role_of(
    const struct authority *a, const struct ocsp_question *q)
{
        int i;

        for (i = 0; i < sk_X509_num(q->responders); i++)
                if (X509_cmp(a->cert, sk_X509_value(q->responders, i)) == 0)
                        return AUTHORITY_TRUSTED;
        if (X509_cmp(a->cert, q->issuer) == 0)
                return AUTHORITY_ISSUER;
        if (a->issued && a->ocsp_signing && !a->is_leaf && !a->beyond_us)
                return AUTHORITY_DELEGATE;
        return AUTHORITY_NONE;
}

static void examine(X509 *cert, const struct ocsp_question *q,
    const struct ocsp_response *r, struct authority *a)
{
        memset(a, 0, sizeof(*a));
        a->cert = cert;
        a->is_leaf = same_key(cert, q->leaf);
        a->names_issuer = X509_NAME_cmp(X509_get_issuer_name(cert),
                              X509_get_subject_name(q->issuer)) == 0;
        a->issued = a->names_issuer && issued_by(cert, q->issuer);
        a->ocsp_signing = has_ocsp_signing(cert);
        a->beyond_us = pki_is_beyond_us(cert);
        a->role = role_of(a, q);
        a->digital_signature = may_sign_data(cert);
        a->valid = pki_not_before(cert) <= q->now + q->skew &&
                   q->now <= pki_not_after(cert);
        a->nocheck =
            X509_get_ext_by_NID(cert, NID_id_pkix_OCSP_noCheck, -1) >= 0;
        a->signature = made_signature(cert, r);
}

static int merit(const struct authority *a)
{
        return (a->role != AUTHORITY_NONE) * 8 + a->signature * 4 +
               a->valid * 2 + a->digital_signature;
}

/* Takes cert over. */
static void consider(X509 *cert, const struct ocsp_question *q,
    const struct ocsp_response *r, struct authority *best)
{
        struct authority a;

        if (cert == NULL || !names_responder(cert, r)) {
                X509_free(cert);
                return;
        }
        examine(cert, q, r, &a);
        if (best->cert != NULL && merit(&a) <= merit(best)) {
                X509_free(cert);
                return;
        }
        authority_release(best);
        *best = a;
}

static X509 *reference(X509 *cert)
{
        return cert != NULL && X509_up_ref(cert) == 1 ? cert : NULL;
}

bool authority_find(const struct ocsp_question *q,
    const struct ocsp_response *r, struct authority *out)
{
        X509 *cert;
        size_t i;
        int j;

        memset(out, 0, sizeof(*out));
        for (j = 0; j < sk_X509_num(q->responders); j++)
                consider(reference(sk_X509_value(q->responders, j)), q, r, out);
        consider(reference(q->issuer), q, r, out);
        for (i = 0; i < r->certs_len; i++) {
                cert = NULL;
                if (pki_cert_from_der(r->certs[i], &cert, NULL) == 0)
                        consider(cert, q, r, out);
        }
        return out->cert != NULL;
}

void authority_release(struct authority *a)
{
        X509_free(a->cert);
        a->cert = NULL;
}
