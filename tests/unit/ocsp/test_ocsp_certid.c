/* CertIDs and requests that we make, read by OpenSSL, and the other way. */
#include "actors.h"

#include <openssl/ocsp.h>

#include <string.h>

static struct actors actors;

static int setup(void **state)
{
        (void)state;
        actors_make(PKI_P256, &actors);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        actors_release(&actors);
        return 0;
}

static const EVP_MD *md_of(enum ocsp_hash hash)
{
        return hash == OCSP_SHA1 ? EVP_sha1() : EVP_sha256();
}

/* The same certID as OpenSSL's, as far as OCSP_id_cmp is concerned. */
static void same_as_openssl(enum ocsp_hash hash)
{
        OCSP_CERTID *theirs =
            OCSP_cert_to_id(md_of(hash), actors.leaf, actors.ca);
        struct ocsp_certid id;
        struct buf der = {0};
        OCSP_CERTID *ours;
        const uint8_t *p;

        assert_int_equal(
            ocsp_certid_make(hash, actors.leaf, actors.ca, &der, &id, NULL), 0);
        p = der.data;
        ours = d2i_OCSP_CERTID(NULL, &p, (long)der.len);
        assert_non_null(ours);
        assert_ptr_equal(p, der.data + der.len);
        assert_int_equal(OCSP_id_cmp(ours, theirs), 0);
        assert_int_equal(id.hash, hash);
        assert_true(span_equal(id.der, buf_span(&der)));
        OCSP_CERTID_free(ours);
        OCSP_CERTID_free(theirs);
        buf_release(&der);
}

static void a_certid_is_the_one_that_openssl_makes(void **state)
{
        (void)state;
        same_as_openssl(OCSP_SHA1);
        same_as_openssl(OCSP_SHA256);
}

static void a_certid_for_an_unknown_hash_is_an_error(void **state)
{
        struct ocsp_certid id;
        struct buf der = {0};
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(ocsp_certid_make(OCSP_HASH_OTHER, actors.leaf,
                             actors.ca, &der, &id, &e),
            -1);
        assert_int_equal(e.code, ERR_INTERNAL);
        assert_int_equal(der.len, 0);
}

static void read_certid(
    const char *text, struct buf *keep, struct ocsp_certid *out)
{
        static struct ocsp_request request;
        struct buf wrapped = {0};
        struct ocsp_flaw flaw;

        buf_printf(&wrapped, "30{30{30{30{%s}}}}", text);
        dertext(buf_text(&wrapped), keep);
        buf_release(&wrapped);
        if (ocsp_request_parse(buf_span(keep), &request, &flaw) != 0)
                fail_msg("%s", flaw.text);
        *out = request.certids[0];
}

static bool equal(const char *a, const char *b)
{
        struct buf keep[2] = {{0}, {0}};
        struct ocsp_certid left, right;
        bool result;

        read_certid(a, &keep[0], &left);
        read_certid(b, &keep[1], &right);
        result = ocsp_certid_equal(&left, &right);
        buf_release(&keep[0]);
        buf_release(&keep[1]);
        return result;
}

#define SHA1_NULL "30{06052b0e03021a 0500}"
#define SHA1_BARE "30{06052b0e03021a}"
#define REST "0414aa*20 0414bb*20 020105"

static void equality_wants_issuer_serial_and_hash(void **state)
{
        const char *a = "30{" SHA1_NULL REST "}";

        (void)state;
        assert_true(equal(a, a));
        assert_true(equal(a, "30{" SHA1_BARE REST "}"));
        assert_false(equal(a, "30{" SHA1_NULL "0414ab*20 0414bb*20 020105}"));
        assert_false(equal(a, "30{" SHA1_NULL "0414aa*20 0414ba*20 020105}"));
        assert_false(equal(a, "30{" SHA1_NULL "0414aa*20 0414bb*20 020106}"));
        assert_false(equal(a, "30{" SHA1_NULL "0414aa*20 0414bb*20 02020500}"));
        assert_false(equal(a, "30{30{06022a03}" REST "}"));
        assert_false(
            equal("30{30{06022a03}" REST "}", "30{30{06022a04}" REST "}"));
        assert_true(
            equal("30{30{06022a03 0500}" REST "}", "30{30{06022a03}" REST "}"));
}

/* ---- requests ---------------------------------------------------------- */

static OCSP_REQUEST *openssl_request(enum ocsp_hash hash, int nonce)
{
        OCSP_REQUEST *request = OCSP_REQUEST_new();

        assert_non_null(OCSP_request_add0_id(
            request, OCSP_cert_to_id(md_of(hash), actors.leaf, actors.ca)));
        if (nonce > 0)
                assert_int_equal(
                    OCSP_request_add1_nonce(request, NULL, nonce), 1);
        return request;
}

static void reads_openssl_request(
    OCSP_REQUEST *theirs, enum ocsp_hash hash, size_t nonce, bool is_signed)
{
        static struct ocsp_request request;
        struct ocsp_flaw flaw;
        struct ocsp_certid id;
        struct buf der = {0};
        uint8_t *bytes = NULL;
        int len = i2d_OCSP_REQUEST(theirs, &bytes);

        if (ocsp_request_parse((struct span){bytes, (size_t)len}, &request,
                &flaw) != OCSP_SUCCESSFUL)
                fail_msg("%s", flaw.text);
        assert_int_equal(
            ocsp_certid_make(hash, actors.leaf, actors.ca, &der, &id, NULL), 0);
        assert_int_equal(request.certids_len, 1);
        assert_true(ocsp_certid_equal(&request.certids[0], &id));
        assert_int_equal(request.has_nonce, nonce > 0);
        assert_int_equal(request.nonce.len, nonce);
        assert_int_equal(request.is_signed, is_signed);
        buf_release(&der);
        OPENSSL_free(bytes);
        OCSP_REQUEST_free(theirs);
}

static void requests_of_openssl_are_read(void **state)
{
        (void)state;
        reads_openssl_request(
            openssl_request(OCSP_SHA1, 0), OCSP_SHA1, 0, false);
        reads_openssl_request(
            openssl_request(OCSP_SHA256, 32), OCSP_SHA256, 32, false);
}

/* With a requestorName, a signature and a certificate. */
static void signed_requests_of_openssl_are_read(void **state)
{
        OCSP_REQUEST *theirs = openssl_request(OCSP_SHA256, 16);

        (void)state;
        assert_int_equal(OCSP_request_sign(theirs, actors.leaf, actors.leaf_key,
                             EVP_sha256(), NULL, 0),
            1);
        reads_openssl_request(theirs, OCSP_SHA256, 16, true);
}

static OCSP_REQUEST *encode(const struct ocsp_certid *ids, size_t len,
    struct span nonce, struct buf *der)
{
        OCSP_REQUEST *request;
        const uint8_t *p;
        struct err e = ERR_INIT;

        if (ocsp_request_encode(ids, len, nonce, der, &e) != 0)
                fail_msg("%s", e.text);
        p = der->data;
        request = d2i_OCSP_REQUEST(NULL, &p, (long)der->len);
        assert_non_null(request);
        assert_ptr_equal(p, der->data + der->len);
        return request;
}

/* What was read and written again by OpenSSL is what we wrote. */
static void is_der(OCSP_REQUEST *request, const struct buf *der)
{
        uint8_t *again = NULL;
        int len = i2d_OCSP_REQUEST(request, &again);

        assert_int_equal(len, der->len);
        assert_memory_equal(again, der->data, der->len);
        OPENSSL_free(again);
}

static void our_requests_are_read_by_openssl(void **state)
{
        static const uint8_t nonce[OCSP_NONCE_OURS] = {1, 2, 3};
        struct buf ids_der[2] = {{0}, {0}}, der = {0};
        struct ocsp_certid ids[2];
        OCSP_REQUEST *request;
        X509_EXTENSION *x;

        (void)state;
        ocsp_certid_make(
            OCSP_SHA1, actors.leaf, actors.ca, &ids_der[0], &ids[0], NULL);
        ocsp_certid_make(
            OCSP_SHA256, actors.signer, actors.ca, &ids_der[1], &ids[1], NULL);
        request = encode(ids, 2, (struct span){nonce, sizeof(nonce)}, &der);
        is_der(request, &der);
        assert_int_equal(OCSP_request_onereq_count(request), 2);
        x = OCSP_REQUEST_get_ext(request,
            OCSP_REQUEST_get_ext_by_NID(request, NID_id_pkix_OCSP_Nonce, -1));
        assert_non_null(x);
        assert_int_equal(ASN1_STRING_length(X509_EXTENSION_get_data(x)), 34);
        OCSP_REQUEST_free(request);
        buf_clear(&der);
        request = encode(ids, 1, (struct span){NULL, 0}, &der);
        is_der(request, &der);
        assert_int_equal(OCSP_REQUEST_get_ext_count(request), 0);
        OCSP_REQUEST_free(request);
        buf_release(&der);
        buf_release(&ids_der[0]);
        buf_release(&ids_der[1]);
}

static void our_requests_come_back_the_same(void **state)
{
        static struct ocsp_request request;
        static const uint8_t nonce[OCSP_NONCE_MAX] = {9};
        struct ocsp_certid ids[OCSP_CERTIDS_MAX];
        struct buf id_der = {0}, der = {0};
        struct ocsp_flaw flaw;
        size_t i;

        (void)state;
        ocsp_certid_make(
            OCSP_SHA256, actors.leaf, actors.ca, &id_der, &ids[0], NULL);
        for (i = 1; i < OCSP_CERTIDS_MAX; i++)
                ids[i] = ids[0];
        assert_int_equal(ocsp_request_encode(ids, OCSP_CERTIDS_MAX,
                             (struct span){nonce, sizeof(nonce)}, &der, NULL),
            0);
        assert_int_equal(
            ocsp_request_parse(buf_span(&der), &request, &flaw), 0);
        assert_int_equal(request.certids_len, OCSP_CERTIDS_MAX);
        assert_int_equal(request.nonce.len, OCSP_NONCE_MAX);
        assert_true(span_equal(request.certids[63].der, buf_span(&id_der)));
        buf_release(&id_der);
        buf_release(&der);
}

static void requests_that_nobody_would_take_are_not_made(void **state)
{
        static const uint8_t nonce[OCSP_NONCE_MAX + 1] = {9};
        struct buf id_der = {0}, der = {0};
        struct ocsp_certid id;
        struct err e = ERR_INIT;

        (void)state;
        ocsp_certid_make(OCSP_SHA1, actors.leaf, actors.ca, &id_der, &id, NULL);
        assert_int_equal(
            ocsp_request_encode(&id, 0, (struct span){NULL, 0}, &der, &e), -1);
        assert_int_equal(ocsp_request_encode(&id, 1,
                             (struct span){nonce, sizeof(nonce)}, &der, &e),
            -1);
        assert_int_equal(
            ocsp_request_encode(&id, 1, (struct span){nonce, 0}, &der, &e), -1);
        assert_non_null(strstr(e.text, "nonce of 1 to 128"));
        assert_int_equal(der.len, 0);
        buf_release(&id_der);
        buf_release(&der);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_certid_is_the_one_that_openssl_makes),
            cmocka_unit_test(a_certid_for_an_unknown_hash_is_an_error),
            cmocka_unit_test(equality_wants_issuer_serial_and_hash),
            cmocka_unit_test(requests_of_openssl_are_read),
            cmocka_unit_test(signed_requests_of_openssl_are_read),
            cmocka_unit_test(our_requests_are_read_by_openssl),
            cmocka_unit_test(our_requests_come_back_the_same),
            cmocka_unit_test(requests_that_nobody_would_take_are_not_made),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
