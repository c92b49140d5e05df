#include "answers.h"

struct span leaf_certid(
    const struct actors *a, enum ocsp_hash hash, struct buf *der)
{
        struct ocsp_certid id;

        assert_int_equal(
            ocsp_certid_make(hash, a->leaf, a->ca, der, &id, NULL), 0);
        return id.der;
}

struct ocsp_single good_single(struct span certid)
{
        return (struct ocsp_single){
            .certid = certid,
            .status = OCSP_GOOD,
            .reason = OCSP_REASON_NONE,
            .this_update = NOW - 60,
            .next_update = NOW + 3600,
        };
}

struct ocsp_signer *delegate(const struct actors *a, const EVP_MD *digest)
{
        struct ocsp_signer *signer = NULL;
        struct err e = ERR_INIT;

        if (ocsp_signer_new(
                a->signer, a->signer_key, true, digest, &signer, &e) != 0)
                fail_msg("%s", e.text);
        return signer;
}

void encode(
    const struct ocsp_answer *a, const struct ocsp_signer *s, struct buf *der)
{
        struct err e = ERR_INIT;

        if (ocsp_answer_encode(a, s, der, &e) != 0)
                fail_msg("%s", e.text);
}

OCSP_BASICRESP *decode(const struct buf *der)
{
        const uint8_t *p = der->data;
        OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)der->len);
        OCSP_BASICRESP *basic;
        uint8_t *again = NULL;

        assert_non_null(response);
        assert_ptr_equal(p, der->data + der->len);
        assert_int_equal(OCSP_response_status(response), 0);
        assert_int_equal(i2d_OCSP_RESPONSE(response, &again), der->len);
        assert_memory_equal(again, der->data, der->len);
        OPENSSL_free(again);
        basic = OCSP_response_get1_basic(response);
        assert_non_null(basic);
        OCSP_RESPONSE_free(response);
        return basic;
}

int verify(OCSP_BASICRESP *basic, const struct actors *a)
{
        X509_STORE *store = X509_STORE_new();
        STACK_OF(X509) *certs = sk_X509_new_null();
        X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);
        int result;

        X509_VERIFY_PARAM_set_time(param, (time_t)NOW);
        X509_STORE_add_cert(store, a->ca);
        sk_X509_push(certs, a->ca);
        result = OCSP_basic_verify(basic, certs, store, OCSP_NOEXPLICIT);
        sk_X509_free(certs);
        X509_STORE_free(store);
        return result;
}
