/* Who signs, with which algorithm, and whether others agree (STANDARDS C13 to
 * C17, D9). */
#include "answers.h"

#include <pthread.h>
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

static void verifies(const struct actors *a, bool delegated,
    enum ocsp_responder_id id, int signature)
{
        X509 *cert = delegated ? a->signer : a->ca;
        EVP_PKEY *key = delegated ? a->signer_key : a->ca_key;
        struct buf certid = {0}, der = {0};
        struct ocsp_single single =
            good_single(leaf_certid(a, OCSP_SHA256, &certid));
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
            good_single(leaf_certid(&actors, OCSP_SHA1, &certid));
        struct ocsp_answer answer = {
            OCSP_BY_KEY, NOW, 1, &single, {NULL, 0}, false};
        struct ocsp_signer *signer;
        OCSP_BASICRESP *basic;
        uint8_t *at;

        (void)state;
        signer = delegate(&actors, NULL);
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
        struct ocsp_single single =
            good_single(leaf_certid(a, OCSP_SHA1, &certid));
        struct ocsp_answer answer = {
            OCSP_BY_KEY, NOW, 1, &single, {NULL, 0}, false};
        struct ocsp_signer *signer;
        OCSP_BASICRESP *basic;
        int nid;

        signer = delegate(a, digest);
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

/* One signer, many threads: under the thread sanitizer this is what counts. */
struct job {
        const struct ocsp_signer *signer;
        const struct ocsp_answer *answer;
        struct buf der;
};

static void *sign_often(void *arg)
{
        struct job *job = arg;
        int i;

        for (i = 0; i < 50; i++) {
                buf_clear(&job->der);
                if (ocsp_answer_encode(
                        job->answer, job->signer, &job->der, NULL) != 0)
                        return NULL;
        }
        return job;
}

static void threads_share(const struct actors *a)
{
        struct buf certid = {0};
        struct ocsp_single single =
            good_single(leaf_certid(a, OCSP_SHA256, &certid));
        struct ocsp_answer answer = {
            OCSP_BY_KEY, NOW, 1, &single, {NULL, 0}, false};
        struct ocsp_signer *signer = delegate(a, NULL);
        struct job jobs[4];
        pthread_t threads[4];
        int i;

        for (i = 0; i < 4; i++) {
                jobs[i] = (struct job){signer, &answer, {0}};
                assert_int_equal(
                    pthread_create(&threads[i], NULL, sign_often, &jobs[i]), 0);
        }
        for (i = 0; i < 4; i++) {
                OCSP_BASICRESP *basic;
                void *result;

                pthread_join(threads[i], &result);
                assert_ptr_equal(result, &jobs[i]);
                basic = decode(&jobs[i].der);
                assert_int_equal(verify(basic, a), 1);
                OCSP_BASICRESP_free(basic);
                buf_release(&jobs[i].der);
        }
        ocsp_signer_free(signer);
        buf_release(&certid);
}

static void one_signer_serves_many_threads(void **state)
{
        static const enum pki_algorithm all[] = {
            PKI_P256, PKI_RSA2048, PKI_ED25519};
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
                struct actors a;

                actors_make(all[i], &a);
                threads_share(&a);
                actors_release(&a);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_algorithm_verifies),
            cmocka_unit_test(a_changed_answer_does_not_verify),
            cmocka_unit_test(the_digest_can_be_chosen_but_not_for_ed25519),
            cmocka_unit_test(a_key_of_another_certificate_is_refused),
            cmocka_unit_test(one_signer_serves_many_threads),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
