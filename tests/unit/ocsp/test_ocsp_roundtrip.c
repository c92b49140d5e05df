/* Whole answers, read back, cut off and damaged. */
#include "answers.h"

#include <stdlib.h>
#include <string.h>

static struct ocsp_response response;
static struct ocsp_flaw flaw;

static struct actors actors; /* P-256 */

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

/* Two singles, a nonce, certs: made by OpenSSL. */
static void openssl_answer(const struct actors *a, struct buf *out)
{
        OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
        ASN1_TIME *this_update = ASN1_TIME_set(NULL, (time_t)NOW - 60);
        ASN1_TIME *next_update = ASN1_TIME_set(NULL, (time_t)NOW + 60);
        OCSP_CERTID *leaf = OCSP_cert_to_id(EVP_sha256(), a->leaf, a->ca);
        OCSP_CERTID *signer = OCSP_cert_to_id(EVP_sha1(), a->signer, a->ca);
        OCSP_RESPONSE *whole;
        uint8_t *bytes = NULL;
        int len;

        assert_non_null(OCSP_basic_add1_status(basic, leaf,
            V_OCSP_CERTSTATUS_GOOD, 0, NULL, this_update, next_update));
        assert_non_null(OCSP_basic_add1_status(basic, signer,
            V_OCSP_CERTSTATUS_REVOKED, 4, this_update, this_update, NULL));
        assert_int_equal(OCSP_basic_add1_nonce(basic, NULL, 32), 1);
        assert_int_equal(OCSP_basic_sign(basic, a->signer, a->signer_key,
                             EVP_sha256(), NULL, 0),
            1);
        whole = OCSP_response_create(0, basic);
        len = i2d_OCSP_RESPONSE(whole, &bytes);
        buf_append(out, bytes, (size_t)len);
        OPENSSL_free(bytes);
        OCSP_RESPONSE_free(whole);
        OCSP_BASICRESP_free(basic);
        OCSP_CERTID_free(leaf);
        OCSP_CERTID_free(signer);
        ASN1_TIME_free(this_update);
        ASN1_TIME_free(next_update);
}

static void an_answer_of_openssl_is_read(void **state)
{
        struct buf answer = {0}, id_der = {0};
        struct ocsp_certid id;
        const uint8_t *p;
        X509 *cert;

        (void)state;
        openssl_answer(&actors, &answer);
        if (ocsp_response_parse(buf_span(&answer), &response, &flaw) != 0)
                fail_msg("%s", flaw.text);
        assert_int_equal(response.singles_len, 2);
        ocsp_certid_make(
            OCSP_SHA256, actors.leaf, actors.ca, &id_der, &id, NULL);
        assert_true(ocsp_certid_equal(&response.singles[0].certid, &id));
        assert_int_equal(response.singles[0].next_update.at, NOW + 60);
        assert_true(response.singles[0].next_update.strict);
        assert_int_equal(response.singles[1].status, OCSP_REVOKED);
        assert_int_equal(response.singles[1].reason, 4);
        assert_int_equal(response.singles[1].revocation_time.at, NOW - 60);
        assert_false(response.singles[1].next_update.present);
        assert_true(response.nonce_is_octet_string);
        assert_int_equal(response.nonce.len, 32);
        assert_int_equal(response.responder_id, OCSP_BY_NAME);
        assert_int_equal(response.certs_len, 1);
        p = response.certs[0].data;
        cert = d2i_X509(NULL, &p, (long)response.certs[0].len);
        assert_int_equal(X509_cmp(cert, actors.signer), 0);
        X509_free(cert);
        buf_release(&answer);
        buf_release(&id_der);
}

static void our_own_answer_comes_back(void **state)
{
        static const uint8_t nonce[] = {1, 2, 3, 4};
        struct buf answer = {0}, id_der = {0};
        struct ocsp_single single = {.status = OCSP_REVOKED,
            .revocation_time = NOW - 3600,
            .reason = OCSP_REASON_HOLD,
            .this_update = NOW,
            .next_update = NOW + 60};
        struct ocsp_answer a = {
            OCSP_BY_NAME, NOW, 1, &single, {nonce, sizeof(nonce)}, true};
        struct ocsp_signer *signer;
        struct ocsp_certid id;

        (void)state;
        ocsp_certid_make(OCSP_SHA1, actors.leaf, actors.ca, &id_der, &id, NULL);
        single.certid = id.der;
        signer = delegate(&actors, NULL);
        assert_int_equal(ocsp_answer_encode(&a, signer, &answer, NULL), 0);
        if (ocsp_response_parse(buf_span(&answer), &response, &flaw) != 0)
                fail_msg("%s", flaw.text);
        assert_true(ocsp_certid_equal(&response.singles[0].certid, &id));
        assert_int_equal(response.singles[0].status, OCSP_REVOKED);
        assert_int_equal(response.singles[0].reason, OCSP_REASON_HOLD);
        assert_int_equal(response.singles[0].revocation_time.at, NOW - 3600);
        assert_int_equal(response.extensions_len, 2);
        assert_true(
            span_equal(response.nonce, (struct span){nonce, sizeof(nonce)}));
        assert_int_equal(response.certs_len, 1);
        ocsp_signer_free(signer);
        buf_release(&answer);
        buf_release(&id_der);
}

static void every_truncation_is_refused(void **state)
{
        struct buf answer = {0};
        size_t len;

        (void)state;
        openssl_answer(&actors, &answer);
        for (len = 0; len < answer.len; len++) {
                uint8_t *copy = malloc(len + 1);

                memcpy(copy + 1, answer.data, len);
                assert_int_equal(
                    ocsp_response_parse(
                        (struct span){copy + 1, len}, &response, &flaw),
                    -1);
                free(copy);
        }
        buf_release(&answer);
}

/* What OpenSSL makes of it comes out as the same bytes, or OpenSSL does not
 * take it either. */
static void is_der(const uint8_t *bytes, size_t len)
{
        const uint8_t *p = bytes;
        OCSP_RESPONSE *theirs = d2i_OCSP_RESPONSE(NULL, &p, (long)len);
        OCSP_BASICRESP *basic = NULL;
        uint8_t *again = NULL;
        int size;

        if (theirs != NULL) {
                assert_int_equal(i2d_OCSP_RESPONSE(theirs, &again), len);
                assert_memory_equal(again, bytes, len);
                OPENSSL_free(again);
                basic = OCSP_response_get1_basic(theirs);
        }
        if (basic != NULL) {
                again = NULL;
                size = i2d_OCSP_BASICRESP(basic, &again);
                assert_true(size > 0);
                assert_non_null(memmem(bytes, len, again, (size_t)size));
                OPENSSL_free(again);
        }
        OCSP_BASICRESP_free(basic);
        OCSP_RESPONSE_free(theirs);
}

static void no_flipped_bit_passes_for_der(void **state)
{
        struct buf answer = {0};
        uint8_t *copy;
        size_t i, bit;

        (void)state;
        openssl_answer(&actors, &answer);
        for (i = 0; i < answer.len; i++) {
                for (bit = 0; bit < 8; bit++) {
                        copy = malloc(answer.len);
                        memcpy(copy, answer.data, answer.len);
                        copy[i] ^= (uint8_t)(1U << bit);
                        if (ocsp_response_parse((struct span){copy, answer.len},
                                &response, &flaw) == 0)
                                is_der(copy, answer.len);
                        free(copy);
                }
        }
        buf_release(&answer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(an_answer_of_openssl_is_read),
            cmocka_unit_test(our_own_answer_comes_back),
            cmocka_unit_test(every_truncation_is_refused),
            cmocka_unit_test(no_flipped_bit_passes_for_der),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
