/* Answers that we sign, with OpenSSL as the judge (STANDARDS C, E, F). */
#include "actors.h"

#include <openssl/ocsp.h>

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

/* A certID of the actors' leaf; der must be released. */
static struct span certid_of(
    const struct actors *a, enum ocsp_hash hash, struct buf *der)
{
        struct ocsp_certid id;

        assert_int_equal(
            ocsp_certid_make(hash, a->leaf, a->ca, der, &id, NULL), 0);
        return id.der;
}

static struct ocsp_single good(struct span certid)
{
        return (struct ocsp_single){
            .certid = certid,
            .status = OCSP_GOOD,
            .reason = OCSP_REASON_NONE,
            .this_update = NOW - 60,
            .next_update = NOW + 3600,
        };
}

static void encode(
    const struct ocsp_answer *a, const struct ocsp_signer *s, struct buf *der)
{
        struct err e = ERR_INIT;

        if (ocsp_answer_encode(a, s, der, &e) != 0)
                fail_msg("%s", e.text);
}

/* The basic response, if all of der is one and OpenSSL would have written the
 * same bytes. */
static OCSP_BASICRESP *decode(const struct buf *der)
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

        assert_int_equal(ocsp_signer_new(actors.signer, actors.signer_key, true,
                             NULL, &signer, NULL),
            0);
        encode(&a, signer, &der);
        basic = decode(&der);
        buf_release(&der);
        ocsp_signer_free(signer);
        return basic;
}

/* ---- signatures -------------------------------------------------------- */

static int verify(OCSP_BASICRESP *basic, const struct actors *a)
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

static void verifies(const struct actors *a, bool delegated,
    enum ocsp_responder_id id, int signature)
{
        X509 *cert = delegated ? a->signer : a->ca;
        EVP_PKEY *key = delegated ? a->signer_key : a->ca_key;
        struct buf certid = {0}, der = {0};
        struct ocsp_single single = good(certid_of(a, OCSP_SHA256, &certid));
        struct ocsp_answer answer = {id, NOW, 1, &single, {NULL, 0}, false};
        const X509_ALGOR *algorithm;
        struct ocsp_signer *signer;
        OCSP_BASICRESP *basic;
        int type;

        assert_int_equal(
            ocsp_signer_new(cert, key, delegated, NULL, &signer, NULL), 0);
        encode(&answer, signer, &der);
        basic = decode(&der);
        assert_int_equal(verify(basic, a), 1);
        assert_int_equal(
            sk_X509_num(OCSP_resp_get0_certs(basic)), delegated ? 1 : -1);
        algorithm = OCSP_resp_get0_tbs_sigalg(basic);
        assert_int_equal(OBJ_obj2nid(algorithm->algorithm), signature);
        type = algorithm->parameter == NULL ? V_ASN1_UNDEF
                                            : algorithm->parameter->type;
        assert_int_equal(type, signature == NID_sha256WithRSAEncryption
                                   ? V_ASN1_NULL
                                   : V_ASN1_UNDEF);
        OCSP_BASICRESP_free(basic);
        ocsp_signer_free(signer);
        buf_release(&der);
        buf_release(&certid);
}

static void every_algorithm_verifies(void **state) /* C13, C15, C16, C17 */
{
        static const struct {
                enum pki_algorithm algorithm;
                int signature;
        } all[] = {
            {PKI_P256, NID_ecdsa_with_SHA256},
            {PKI_P384, NID_ecdsa_with_SHA384},
            {PKI_RSA2048, NID_sha256WithRSAEncryption},
            {PKI_ED25519, NID_ED25519},
        };
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
                struct actors a;

                actors_make(all[i].algorithm, &a);
                verifies(&a, true, OCSP_BY_KEY, all[i].signature);
                verifies(&a, true, OCSP_BY_NAME, all[i].signature);
                verifies(&a, false, OCSP_BY_KEY, all[i].signature);
                verifies(&a, false, OCSP_BY_NAME, all[i].signature);
                actors_release(&a);
        }
}

/* So that the test above can fail. */
static void a_changed_answer_does_not_verify(void **state)
{
        struct buf certid = {0}, der = {0};
        struct ocsp_single single =
            good(certid_of(&actors, OCSP_SHA1, &certid));
        struct ocsp_answer answer = {
            OCSP_BY_KEY, NOW, 1, &single, {NULL, 0}, false};
        struct ocsp_signer *signer;
        OCSP_BASICRESP *basic;
        uint8_t *at;

        (void)state;
        assert_int_equal(ocsp_signer_new(actors.signer, actors.signer_key, true,
                             NULL, &signer, NULL),
            0);
        encode(&answer, signer, &der);
        at = memmem(der.data, der.len, certid.data, certid.len);
        assert_non_null(at);
        at[certid.len - 1] ^= 1;
        basic = decode(&der);
        assert_int_equal(verify(basic, &actors), 0);
        OCSP_BASICRESP_free(basic);
        ocsp_signer_free(signer);
        buf_release(&der);
        buf_release(&certid);
}

static int signature_with(const struct actors *a, const EVP_MD *digest)
{
        struct buf certid = {0}, der = {0};
        struct ocsp_single single = good(certid_of(a, OCSP_SHA1, &certid));
        struct ocsp_answer answer = {
            OCSP_BY_KEY, NOW, 1, &single, {NULL, 0}, false};
        struct ocsp_signer *signer;
        OCSP_BASICRESP *basic;
        int nid;

        assert_int_equal(ocsp_signer_new(a->signer, a->signer_key, true, digest,
                             &signer, NULL),
            0);
        encode(&answer, signer, &der);
        basic = decode(&der);
        assert_int_equal(verify(basic, a), 1);
        nid = OBJ_obj2nid(OCSP_resp_get0_tbs_sigalg(basic)->algorithm);
        OCSP_BASICRESP_free(basic);
        ocsp_signer_free(signer);
        buf_release(&der);
        buf_release(&certid);
        return nid;
}

static void the_digest_can_be_chosen_but_not_for_ed25519(void **state)
{
        struct actors ed25519;

        (void)state;
        assert_int_equal(
            signature_with(&actors, EVP_sha512()), NID_ecdsa_with_SHA512);
        actors_make(PKI_ED25519, &ed25519);
        assert_int_equal(signature_with(&ed25519, EVP_sha512()), NID_ED25519);
        actors_release(&ed25519);
}

static void a_key_of_another_certificate_is_refused(void **state) /* D9 */
{
        struct ocsp_signer *signer = NULL;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(ocsp_signer_new(actors.signer, actors.leaf_key, true,
                             NULL, &signer, &e),
            -1);
        assert_int_equal(e.code, ERR_CONFIG);
        assert_null(signer);
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
            good(certid_of(&actors, OCSP_SHA1, &certid));
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
            good(certid_of(&actors, OCSP_SHA1, &certid));
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
            good(certid_of(&actors, OCSP_SHA256, &certid));
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
                certid_of(
                    &actors, i % 2 == 0 ? OCSP_SHA1 : OCSP_SHA256, &certids[i]);
                certids[i].data[certids[i].len - 1] = (uint8_t)i;
                singles[i] = good(buf_span(&certids[i]));
        }
        assert_int_equal(ocsp_signer_new(actors.signer, actors.signer_key, true,
                             NULL, &signer, NULL),
            0);
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
            good(certid_of(&actors, OCSP_SHA256, &certid));
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
            good(certid_of(&actors, OCSP_SHA1, &certid));
        struct ocsp_answer a = {
            OCSP_BY_KEY, NOW, 1, &single, nonce, extended_revoke};
        struct ocsp_signer *signer;
        OCSP_BASICRESP *basic;

        assert_int_equal(ocsp_signer_new(actors.signer, actors.signer_key, true,
                             NULL, &signer, NULL),
            0);
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
            good(certid_of(&actors, OCSP_SHA1, &certid));
        struct ocsp_answer a = {OCSP_BY_KEY, NOW, 1, &single, {NULL, 0}, false};
        struct ocsp_signer *signer;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(ocsp_signer_new(actors.signer, actors.signer_key, true,
                             NULL, &signer, NULL),
            0);
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
            cmocka_unit_test(every_algorithm_verifies),
            cmocka_unit_test(a_changed_answer_does_not_verify),
            cmocka_unit_test(the_digest_can_be_chosen_but_not_for_ed25519),
            cmocka_unit_test(a_key_of_another_certificate_is_refused),
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
