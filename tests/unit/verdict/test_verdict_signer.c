/* Who may sign, and whether he did.  OpenSSL's opinion is taken each time: we
 * are as strict, or stricter where a comment says so. */
#include "verdict_fixture.h"

#include <openssl/objects.h>

/* A good answer signed by a delegate made from that casting. */
static void judge_delegate(
    const struct casting *c, const char *check, bool openssl_wants)
{
        struct actor signer = actor_make(c);
        struct recipe r = recipe_good(&cast.leaf, &cast.ca, &signer);

        if (check == NULL)
                assert_outcome(judge(&r), OCSP_V_GOOD);
        else
                assert_untrusted(judge(&r), check);
        assert_int_equal(openssl_accepts(&r), openssl_wants);
        actor_free(&signer);
}

static void test_the_issuer_signs_itself(void **state)
{
        struct recipe r = recipe_good(&cast.leaf, &cast.ca, &cast.ca);

        (void)state;
        assert_outcome(judge(&r), OCSP_V_GOOD);
        assert_true(openssl_accepts(&r));
        r.certs[r.certs_len++] = cast.ca.cert;
        assert_outcome(judge(&r), OCSP_V_GOOD);
}

static void test_responder_by_name_is_found_too(void **state)
{
        struct recipe r = recipe_good(&cast.leaf, &cast.ca, &cast.delegate);

        (void)state;
        r.by_name = true;
        assert_outcome(judge(&r), OCSP_V_GOOD);
        assert_true(openssl_accepts(&r));
}

static void test_a_wrong_responder_id_is_refused(void **state)
{
        struct recipe r = recipe_good(&cast.leaf, &cast.ca, &cast.delegate);

        (void)state;
        r.responder = cast.neighbor.cert;
        assert_untrusted(judge(&r), "responder-id");
        assert_false(openssl_accepts(&r));
        r.by_name = true;
        assert_untrusted(judge(&r), "responder-id");
}

static void test_a_delegate_that_was_not_sent_is_not_found(void **state)
{
        struct recipe r = recipe_good(&cast.leaf, &cast.ca, &cast.delegate);

        (void)state;
        r.certs_len = 0;
        assert_untrusted(judge(&r), "responder-id");
        assert_false(openssl_accepts(&r));
}

static void test_a_changed_signature_is_refused(void **state)
{
        struct recipe r = recipe_good(&cast.leaf, &cast.ca, &cast.delegate);

        (void)state;
        r.broken_signature = true;
        assert_untrusted(judge(&r), "signature");
        assert_false(openssl_accepts(&r));
}

static void test_a_revoked_answer_with_a_bad_signature_is_not_believed(
    void **state)
{
        struct recipe r = recipe_good(&cast.leaf, &cast.ca, &cast.delegate);

        (void)state;
        r.records[0].status = 1;
        r.broken_signature = true;
        assert_untrusted(judge(&r), "signature");
}

static void test_a_delegate_needs_ocsp_signing(void **state)
{
        struct casting c = delegate_casting();

        (void)state;
        c.extended_key_usage = NULL;
        judge_delegate(&c, "signer", false);
        c.extended_key_usage = "serverAuth";
        judge_delegate(&c, "signer", false);
        c.extended_key_usage = "anyExtendedKeyUsage";
        judge_delegate(&c, "signer", false);
        c.extended_key_usage = "serverAuth,OCSPSigning";
        judge_delegate(&c, NULL, true);
}

static void test_a_delegate_of_the_root_cannot_speak_for_its_sub_ca(
    void **state)
{
        struct casting c = delegate_casting();

        (void)state;
        c.issuer = &cast.root;
        judge_delegate(&c, "signer", false);
}

/* ISDOSC: the issuer's name is on it, its signature is not. */
static void test_a_delegate_that_the_issuer_did_not_sign_is_refused(
    void **state)
{
        struct casting c = delegate_casting();

        (void)state;
        c.broken_signature = true;
        judge_delegate(&c, "signer", false);
}

/* Stricter: OpenSSL's default security level takes it. */
static void test_a_delegate_certified_with_sha1_is_refused(void **state)
{
        struct casting c = delegate_casting();

        (void)state;
        c.digest = EVP_sha1();
        judge_delegate(&c, "signer", true);
}

static void test_the_leaf_cannot_vouch_for_itself(void **state)
{
        struct recipe r = recipe_good(&cast.leaf, &cast.ca, &cast.leaf);

        (void)state;
        assert_untrusted(judge(&r), "signer");
        assert_false(openssl_accepts(&r));
}

/* Stricter: OpenSSL takes any certificate of the CA with OCSPSigning. */
static void test_not_even_with_ocsp_signing(void **state)
{
        struct casting c = delegate_casting();

        (void)state;
        c.key = cast.leaf.key;
        judge_delegate(&c, "signer", true);
}

static void test_an_expired_delegate_is_refused(void **state)
{
        struct casting c = delegate_casting();

        (void)state;
        c.until = NOW - MINUTE;
        judge_delegate(&c, "signer-validity", false);
}

static void test_a_delegate_of_the_future_is_refused(void **state)
{
        struct casting c = delegate_casting();

        (void)state;
        c.from = NOW + HOUR;
        judge_delegate(&c, "signer-validity", false);
}

/* Stricter: OpenSSL does not look at it (RFC 5280 section 4.2.1.3). */
static void test_a_delegate_whose_key_may_not_sign_is_refused(void **state)
{
        struct casting c = delegate_casting();

        (void)state;
        c.key_usage = "critical,keyAgreement";
        judge_delegate(&c, "signer-key-usage", true);
        c.key_usage = "cRLSign";
        judge_delegate(&c, "signer-key-usage", true);
        c.key_usage = NULL;
        judge_delegate(&c, NULL, true);
}

static void test_a_ca_without_digital_signature_is_only_remarked(void **state)
{
        struct casting c = {.cn = "ca2",
            .issuer = &cast.root,
            .ca = true,
            .key_usage = "critical,keyCertSign,cRLSign"};
        struct actor ca = actor_make(&c);
        struct recipe r = recipe_good(&cast.leaf, &ca, &ca);
        struct ocsp_question q = question();

        (void)state;
        q.issuer = ca.cert;
        assert_outcome(judge_as(&r, &q), OCSP_V_GOOD);
        assert_int_equal(
            check_of(judge_as(&r, &q), "signer-key-usage")->ok, -1);
        actor_free(&ca);
}

static void test_a_delegate_without_nocheck_is_only_remarked(void **state)
{
        struct casting c = delegate_casting();
        struct actor signer;
        struct recipe r;

        (void)state;
        c.nocheck = false;
        signer = actor_make(&c);
        r = recipe_good(&cast.leaf, &cast.ca, &signer);
        assert_outcome(judge(&r), OCSP_V_GOOD);
        assert_int_equal(check_of(judge(&r), "signer-nocheck")->ok, -1);
        actor_free(&signer);
}

static void test_a_responder_named_as_trusted_needs_no_delegation(void **state)
{
        struct casting c = {.cn = "trusted"};
        struct actor signer = actor_make(&c);
        struct recipe r = recipe_good(&cast.leaf, &cast.ca, &signer);
        struct ocsp_question q = question();

        (void)state;
        assert_untrusted(judge(&r), "signer");
        /* Those that were trusted before, too: the second of a list. */
        q.responders = sk_X509_new_null();
        assert_true(sk_X509_push(q.responders, cast.neighbor.cert) > 0);
        assert_untrusted(judge_as(&r, &q), "signer");
        assert_true(sk_X509_push(q.responders, signer.cert) > 0);
        assert_outcome(judge_as(&r, &q), OCSP_V_GOOD);
        r.certs_len = 0;
        assert_outcome(judge_as(&r, &q), OCSP_V_GOOD);
        sk_X509_free(q.responders);
        actor_free(&signer);
}

/* OpenSSL takes the first that has the name. */
static void test_all_certificates_of_one_name_are_tried(void **state)
{
        struct casting c = delegate_casting();
        struct actor stranger = actor_make(&c);
        struct recipe r = recipe_good(&cast.leaf, &cast.ca, &cast.delegate);

        (void)state;
        r.by_name = true;
        r.certs_len = 2;
        r.certs[0] = stranger.cert;
        r.certs[1] = cast.delegate.cert;
        assert_outcome(judge(&r), OCSP_V_GOOD);
        actor_free(&stranger);
}

static void test_certificates_that_do_not_belong_are_passed_over(void **state)
{
        struct recipe r = recipe_good(&cast.leaf, &cast.ca, &cast.delegate);

        (void)state;
        r.certs_len = 3;
        r.certs[0] = cast.root.cert;
        r.certs[1] = cast.neighbor.cert;
        r.certs[2] = cast.delegate.cert;
        assert_outcome(judge(&r), OCSP_V_GOOD);
}

static void test_rsa_pss_and_ed25519_signatures_are_understood(void **state)
{
        struct casting c = delegate_casting();
        struct actor signer;
        struct recipe r;

        (void)state;
        c.ed25519 = true;
        judge_delegate(&c, NULL, true);
        c.ed25519 = false;
        c.rsa_bits = 2048;
        signer = actor_make(&c);
        r = recipe_good(&cast.leaf, &cast.ca, &signer);
        assert_outcome(judge(&r), OCSP_V_GOOD);
        r.pss = true;
        assert_outcome(judge(&r), OCSP_V_GOOD);
        r.digest = EVP_sha1();
        assert_untrusted(judge(&r), "signature-algorithm");
        actor_free(&signer);
}

/* Stricter: OpenSSL verifies SHA-1. */
static void test_sha1_and_md5_signatures_are_refused(void **state)
{
        struct casting c = delegate_casting();
        struct actor signer;
        struct recipe r = recipe_good(&cast.leaf, &cast.ca, &cast.delegate);

        (void)state;
        r.digest = EVP_sha1();
        assert_untrusted(judge(&r), "signature-algorithm");
        assert_true(openssl_accepts(&r));
        c.rsa_bits = 2048;
        signer = actor_make(&c);
        r = recipe_good(&cast.leaf, &cast.ca, &signer);
        r.digest = EVP_md5();
        assert_untrusted(judge(&r), "signature-algorithm");
        actor_free(&signer);
}

static void test_the_algorithm_must_suit_the_key(void **state)
{
        struct recipe r = recipe_good(&cast.leaf, &cast.ca, &cast.delegate);
        const struct ocsp_verdict *v;

        (void)state;
        r.claimed_algorithm = NID_sha256WithRSAEncryption;
        v = judge(&r);
        assert_int_equal(v->outcome, OCSP_V_UNTRUSTED);
        assert_int_equal(check_of(v, "signature-algorithm")->ok, 0);
        assert_false(openssl_accepts(&r));
        r.claimed_algorithm = NID_id_pkix_OCSP_basic;
        assert_int_equal(judge(&r)->outcome, OCSP_V_UNTRUSTED);
}

/* Stricter: level 1, OpenSSL's own default, takes 1024 bits. */
static void test_a_weak_key_is_refused(void **state)
{
        struct casting c = delegate_casting();

        (void)state;
        c.rsa_bits = 1024;
        judge_delegate(&c, "signature-algorithm", true);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_the_issuer_signs_itself),
            cmocka_unit_test(test_responder_by_name_is_found_too),
            cmocka_unit_test(test_a_wrong_responder_id_is_refused),
            cmocka_unit_test(test_a_delegate_that_was_not_sent_is_not_found),
            cmocka_unit_test(test_a_changed_signature_is_refused),
            cmocka_unit_test(
                test_a_revoked_answer_with_a_bad_signature_is_not_believed),
            cmocka_unit_test(test_a_delegate_needs_ocsp_signing),
            cmocka_unit_test(
                test_a_delegate_of_the_root_cannot_speak_for_its_sub_ca),
            cmocka_unit_test(
                test_a_delegate_that_the_issuer_did_not_sign_is_refused),
            cmocka_unit_test(test_a_delegate_certified_with_sha1_is_refused),
            cmocka_unit_test(test_the_leaf_cannot_vouch_for_itself),
            cmocka_unit_test(test_not_even_with_ocsp_signing),
            cmocka_unit_test(test_an_expired_delegate_is_refused),
            cmocka_unit_test(test_a_delegate_of_the_future_is_refused),
            cmocka_unit_test(test_a_delegate_whose_key_may_not_sign_is_refused),
            cmocka_unit_test(
                test_a_ca_without_digital_signature_is_only_remarked),
            cmocka_unit_test(test_a_delegate_without_nocheck_is_only_remarked),
            cmocka_unit_test(
                test_a_responder_named_as_trusted_needs_no_delegation),
            cmocka_unit_test(test_all_certificates_of_one_name_are_tried),
            cmocka_unit_test(
                test_certificates_that_do_not_belong_are_passed_over),
            cmocka_unit_test(
                test_rsa_pss_and_ed25519_signatures_are_understood),
            cmocka_unit_test(test_sha1_and_md5_signatures_are_refused),
            cmocka_unit_test(test_the_algorithm_must_suit_the_key),
            cmocka_unit_test(test_a_weak_key_is_refused),
        };

        return cmocka_run_group_tests(tests, cast_setup, cast_teardown);
}
