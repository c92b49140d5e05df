/* Answers that we sign, with OpenSSL as the judge (STANDARDS C, E, F). */
#include "answers.h"

#include <string.h>

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

/* The answer to one single, through OpenSSL. */
static OCSP_BASICRESP *answer_one(const struct ocsp_single *single)
{
        struct ocsp_answer a = {
            .responder_id = OCSP_BY_KEY,
            .produced_at = NOW,
            .singles_len = 1,
            .singles = single,
        };
        struct ocsp_signer *signer = NULL;
        struct buf der = {0};
        OCSP_BASICRESP *basic;

        signer = delegate(&actors, NULL);
        encode(&a, signer, &der);
        basic = decode(&der);
        buf_release(&der);
        ocsp_signer_free(signer);
        return basic;
}

/* ---- content ----------------------------------------------------------- */

static OCSP_SINGLERESP *only_single(OCSP_BASICRESP *basic)
{
        assert_int_equal(OCSP_resp_count(basic), 1);
        return OCSP_resp_get0(basic, 0);
}

static void time_is(const ASN1_GENERALIZEDTIME *t, const char *text)
{
        assert_non_null(t);
        assert_int_equal(ASN1_STRING_length(t), 15);
        assert_memory_equal(ASN1_STRING_get0_data(t), text, 15);
}

static void good_says_when(void **state) /* E1, E2 */
{
        ASN1_GENERALIZEDTIME *revoked, *this_update, *next_update;
        struct buf certid = {0};
        struct ocsp_single single =
            good_single(leaf_certid(&actors, OCSP_SHA1, &certid));
        OCSP_BASICRESP *basic = answer_one(&single);
        int reason;

        (void)state;
        assert_int_equal(OCSP_single_get0_status(only_single(basic), &reason,
                             &revoked, &this_update, &next_update),
            V_OCSP_CERTSTATUS_GOOD);
        time_is(OCSP_resp_get0_produced_at(basic), "20261121100000Z");
        time_is(this_update, "20261121095900Z");
        time_is(next_update, "20261121110000Z");
        OCSP_BASICRESP_free(basic);
        buf_release(&certid);
}

static void unknown_without_next_update(void **state)
{
        ASN1_GENERALIZEDTIME *revoked, *this_update, *next_update;
        struct buf certid = {0};
        struct ocsp_single single =
            good_single(leaf_certid(&actors, OCSP_SHA1, &certid));
        OCSP_BASICRESP *basic;
        int reason;

        (void)state;
        single.status = OCSP_UNKNOWN;
        single.next_update = 0;
        basic = answer_one(&single);
        assert_int_equal(OCSP_single_get0_status(only_single(basic), &reason,
                             &revoked, &this_update, &next_update),
            V_OCSP_CERTSTATUS_UNKNOWN);
        assert_null(next_update);
        OCSP_BASICRESP_free(basic);
        buf_release(&certid);
}

static void revoked_gives_reason(int given, int expected)
{
        ASN1_GENERALIZEDTIME *revoked, *this_update, *next_update;
        struct buf certid = {0};
        struct ocsp_single single =
            good_single(leaf_certid(&actors, OCSP_SHA256, &certid));
        OCSP_BASICRESP *basic;
        int reason = -1;

        single.status = OCSP_REVOKED;
        single.revocation_time = 951782400;
        single.reason = given;
        basic = answer_one(&single);
        assert_int_equal(OCSP_single_get0_status(only_single(basic), &reason,
                             &revoked, &this_update, &next_update),
            V_OCSP_CERTSTATUS_REVOKED);
        time_is(revoked, "20000229000000Z");
        assert_int_equal(reason, expected);
        OCSP_BASICRESP_free(basic);
        buf_release(&certid);
}

static void revoked_says_when_and_why(void **state) /* C8 */
{
        int reason;

        (void)state;
        for (reason = 1; reason <= 10; reason++)
                revoked_gives_reason(reason, reason);
        revoked_gives_reason(OCSP_REASON_NONE, -1);
        revoked_gives_reason(0, -1); /* unspecified is left out */
}

static void several_singles_keep_their_order(void **state) /* A5, C4 */
{
        struct ocsp_single singles[OCSP_CERTIDS_MAX];
        struct ocsp_answer a = {
            OCSP_BY_KEY, NOW, OCSP_CERTIDS_MAX, singles, {NULL, 0}, false};
        struct buf certids[OCSP_CERTIDS_MAX] = {{0}}, der = {0};
        struct ocsp_signer *signer;
        OCSP_BASICRESP *basic;
        ASN1_INTEGER *serial;
        int i;

        (void)state;
        for (i = 0; i < OCSP_CERTIDS_MAX; i++) {
                leaf_certid(
                    &actors, i % 2 == 0 ? OCSP_SHA1 : OCSP_SHA256, &certids[i]);
                certids[i].data[certids[i].len - 1] = (uint8_t)i;
                singles[i] = good_single(buf_span(&certids[i]));
        }
        signer = delegate(&actors, NULL);
        encode(&a, signer, &der);
        basic = decode(&der);
        assert_int_equal(OCSP_resp_count(basic), OCSP_CERTIDS_MAX);
        for (i = 0; i < OCSP_CERTIDS_MAX; i++) {
                const OCSP_CERTID *id =
                    OCSP_SINGLERESP_get0_id(OCSP_resp_get0(basic, i));

                OCSP_id_get0_info(
                    NULL, NULL, NULL, &serial, (OCSP_CERTID *)(uintptr_t)id);
                assert_int_equal(ASN1_STRING_get0_data(
                                     serial)[ASN1_STRING_length(serial) - 1],
                    i);
                buf_release(&certids[i]);
        }
        OCSP_BASICRESP_free(basic);
        ocsp_signer_free(signer);
        buf_release(&der);
}

static void the_responder_is_named_by_sha1_of_its_key(void **state) /* C11 */
{
        struct buf certid = {0};
        struct ocsp_single single =
            good_single(leaf_certid(&actors, OCSP_SHA256, &certid));
        OCSP_BASICRESP *basic = answer_one(&single);
        const ASN1_OCTET_STRING *id;
        const X509_NAME *name;
        uint8_t hash[20];

        (void)state;
        assert_int_equal(OCSP_resp_get0_id(basic, &id, &name), 1);
        assert_null(name);
        assert_int_equal(ASN1_STRING_length(id), 20);
        X509_pubkey_digest(actors.signer, EVP_sha1(), hash, NULL);
        assert_memory_equal(ASN1_STRING_get0_data(id), hash, 20);
        OCSP_BASICRESP_free(basic);
        buf_release(&certid);
}

/* ---- extensions -------------------------------------------------------- */

static OCSP_BASICRESP *answer_with(struct span nonce, bool extended_revoke)
{
        struct buf certid = {0}, der = {0};
        struct ocsp_single single =
            good_single(leaf_certid(&actors, OCSP_SHA1, &certid));
        struct ocsp_answer a = {
            OCSP_BY_KEY, NOW, 1, &single, nonce, extended_revoke};
        struct ocsp_signer *signer;
        OCSP_BASICRESP *basic;

        signer = delegate(&actors, NULL);
        encode(&a, signer, &der);
        basic = decode(&der);
        assert_int_equal(verify(basic, &actors), 1);
        ocsp_signer_free(signer);
        buf_release(&der);
        buf_release(&certid);
        return basic;
}

static void the_nonce_comes_back(void **state) /* F1 */
{
        static const uint8_t nonce[OCSP_NONCE_MAX] = {1, 2, 3};
        static const size_t sizes[] = {1, 16, 32, 127, 128};
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                OCSP_REQUEST *request = OCSP_REQUEST_new();
                OCSP_BASICRESP *basic =
                    answer_with((struct span){nonce, sizes[i]}, false);
                uint8_t copy[OCSP_NONCE_MAX];

                memcpy(copy, nonce, sizeof(copy));
                OCSP_request_add1_nonce(request, copy, (int)sizes[i]);
                assert_int_equal(OCSP_check_nonce(request, basic), 1);
                assert_int_equal(OCSP_BASICRESP_get_ext_count(basic), 1);
                OCSP_REQUEST_free(request);
                OCSP_BASICRESP_free(basic);
        }
}

static void without_need_there_are_no_extensions(void **state) /* C14 */
{
        OCSP_BASICRESP *basic = answer_with((struct span){NULL, 0}, false);

        (void)state;
        assert_int_equal(OCSP_BASICRESP_get_ext_count(basic), 0);
        OCSP_BASICRESP_free(basic);
}

static void extended_revoke_is_a_null(void **state) /* C6 */
{
        static const uint8_t nonce[] = {7}, null[] = {5, 0};
        OCSP_BASICRESP *basic =
            answer_with((struct span){nonce, sizeof(nonce)}, true);
        ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.5.5.7.48.1.9", 1);
        X509_EXTENSION *x;

        (void)state;
        assert_int_equal(OCSP_BASICRESP_get_ext_count(basic), 2);
        x = OCSP_BASICRESP_get_ext(
            basic, OCSP_BASICRESP_get_ext_by_OBJ(basic, oid, -1));
        assert_non_null(x);
        assert_int_equal(X509_EXTENSION_get_critical(x), 0);
        assert_int_equal(ASN1_STRING_length(X509_EXTENSION_get_data(x)), 2);
        assert_memory_equal(
            ASN1_STRING_get0_data(X509_EXTENSION_get_data(x)), null, 2);
        ASN1_OBJECT_free(oid);
        OCSP_BASICRESP_free(basic);
}

/* ---- limits ------------------------------------------------------------ */

static void what_cannot_be_written_leaves_the_buffer_alone(void **state)
{
        static const int64_t year_10000 = INT64_C(253402300800);
        struct buf certid = {0}, der = {0};
        struct ocsp_single single =
            good_single(leaf_certid(&actors, OCSP_SHA1, &certid));
        struct ocsp_answer a = {OCSP_BY_KEY, NOW, 1, &single, {NULL, 0}, false};
        struct ocsp_signer *signer;
        struct err e = ERR_INIT;

        (void)state;
        signer = delegate(&actors, NULL);
        buf_append_text(&der, "kept");
        single.next_update = year_10000;
        assert_int_equal(ocsp_answer_encode(&a, signer, &der, &e), -1);
        assert_non_null(strstr(e.text, "nextUpdate"));
        single.next_update = year_10000 - 1;
        single.status = OCSP_REVOKED;
        single.reason = 128;
        assert_int_equal(ocsp_answer_encode(&a, signer, &der, &e), -1);
        assert_string_equal(buf_text(&der), "kept");
        single.reason = 127;
        encode(&a, signer, &der);
        assert_memory_equal(der.data, "kept0\x82", 6);
        ocsp_signer_free(signer);
        buf_release(&der);
        buf_release(&certid);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(good_says_when),
            cmocka_unit_test(unknown_without_next_update),
            cmocka_unit_test(revoked_says_when_and_why),
            cmocka_unit_test(several_singles_keep_their_order),
            cmocka_unit_test(the_responder_is_named_by_sha1_of_its_key),
            cmocka_unit_test(the_nonce_comes_back),
            cmocka_unit_test(without_need_there_are_no_extensions),
            cmocka_unit_test(extended_revoke_is_a_null),
            cmocka_unit_test(what_cannot_be_written_leaves_the_buffer_alone),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
