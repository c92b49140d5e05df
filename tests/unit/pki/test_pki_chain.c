#include "pki_fixture.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <string.h>

static X509 *server(void)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);

        return fixture_make(&spec);
}

/* Takes the stacks and the leaf. */
static void assert_chain(X509 *leaf, STACK_OF(X509) *untrusted,
    STACK_OF(X509) *roots, int64_t now, const char *word)
{
        struct err e = ERR_INIT;
        int rc = pki_chain_verify(leaf, untrusted, roots, now, NULL, &e);

        if (word == NULL && rc != 0)
                fail_msg("%s", e.text);
        if (word != NULL) {
                assert_int_equal(rc, -1);
                assert_int_equal(e.code, ERR_DATA);
                if (strstr(e.text, word) == NULL)
                        fail_msg("%s", e.text);
        }
        assert_int_equal(ERR_peek_error(), 0);
        X509_free(leaf);
        sk_X509_pop_free(untrusted, X509_free);
        sk_X509_pop_free(roots, X509_free);
}

static void a_whole_chain_verifies_and_is_handed_out_leaf_first(void **state)
{
        X509 *leaf = server();
        STACK_OF(X509) *untrusted = fixture_stack(fixture.ca, NULL);
        STACK_OF(X509) *roots = fixture_stack(fixture.root, NULL), *chain;

        (void)state;
        assert_int_equal(
            pki_chain_verify(leaf, untrusted, roots, TEST_NOW, &chain, NULL),
            0);
        assert_int_equal(sk_X509_num(chain), 3);
        assert_ptr_equal(sk_X509_value(chain, 0), leaf);
        assert_int_equal(X509_cmp(sk_X509_value(chain, 1), fixture.ca), 0);
        assert_int_equal(X509_cmp(sk_X509_value(chain, 2), fixture.root), 0);
        sk_X509_pop_free(chain, X509_free);
        sk_X509_pop_free(untrusted, X509_free);
        sk_X509_pop_free(roots, X509_free);
        X509_free(leaf);
}

static void time_is_what_the_caller_says(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);

        (void)state;
        spec.not_before = TEST_NOW - 10;
        spec.not_after = TEST_NOW + 10;
        assert_chain(fixture_make(&spec), fixture_stack(fixture.ca, NULL),
            fixture_stack(fixture.root, NULL), TEST_NOW + 10, NULL);
        assert_chain(fixture_make(&spec), fixture_stack(fixture.ca, NULL),
            fixture_stack(fixture.root, NULL), TEST_NOW + 11,
            "CN=www: certificate has expired: valid until "
            "2026-11-21T10:00:10Z, now is 2026-11-21T10:00:11Z");
        assert_chain(fixture_make(&spec), fixture_stack(fixture.ca, NULL),
            fixture_stack(fixture.root, NULL), TEST_NOW - 11,
            "CN=www: certificate is not yet valid: valid from "
            "2026-11-21T09:59:50Z");
}

static void an_incomplete_chain_is_refused(void **state)
{
        (void)state;
        assert_chain(server(), NULL, fixture_stack(fixture.root, NULL),
            TEST_NOW, "CN=www: unable to get local issuer certificate");
        assert_chain(server(), fixture_stack(fixture.ca, fixture.root, NULL),
            NULL, TEST_NOW, "CN=Root");
}

static void a_trusted_intermediate_alone_is_no_anchor(void **state)
{
        (void)state;
        assert_chain(server(), NULL, fixture_stack(fixture.ca, NULL), TEST_NOW,
            "unable to get issuer certificate");
}

static void a_wrong_signature_is_refused(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);

        (void)state;
        spec.issuer_key = fixture.leaf_key;
        assert_chain(fixture_make(&spec), fixture_stack(fixture.ca, NULL),
            fixture_stack(fixture.root, NULL), TEST_NOW,
            "CN=www: certificate signature failure");
}

static void a_leaf_cannot_act_as_ca(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_SERVER);
        X509 *middle = server();
        STACK_OF(X509) *untrusted = fixture_stack(middle, fixture.ca, NULL);

        (void)state;
        spec.issuer = middle;
        spec.issuer_key = fixture.leaf_key;
        spec.common_name = "below";
        assert_chain(fixture_make(&spec), untrusted,
            fixture_stack(fixture.root, NULL), TEST_NOW, "");
        X509_free(middle);
}

static void the_path_length_of_a_ca_is_honoured(void **state)
{
        struct pki_cert_spec spec = fixture_spec(PKI_INTERMEDIATE);
        struct pki_cert_spec leaf = fixture_spec(PKI_SERVER);
        X509 *below;
        STACK_OF(X509) *untrusted;

        (void)state;
        spec.common_name = "Below";
        below = fixture_make(&spec);
        leaf.issuer = below;
        leaf.issuer_key = fixture.leaf_key;
        untrusted = fixture_stack(below, fixture.ca, NULL);
        assert_chain(fixture_make(&leaf), untrusted,
            fixture_stack(fixture.root, NULL), TEST_NOW,
            "path length constraint exceeded");
        X509_free(below);
}

static void the_issuer_is_found_by_name_and_signature(void **state)
{
        struct pki_cert_spec twin = fixture_spec(PKI_ROOT);
        X509 *other, *leaf = server();
        STACK_OF(X509) *certs, *only;

        (void)state;
        /* The same name with another key. */
        twin.common_name = "Issuing CA";
        twin.issuer = NULL;
        twin.subject_key = twin.issuer_key = fixture.root_key;
        other = fixture_make(&twin);
        certs = fixture_stack(fixture.root, other, fixture.ca, NULL);
        only = fixture_stack(other, NULL);
        assert_ptr_equal(pki_issuer_of(leaf, certs), fixture.ca);
        assert_ptr_equal(pki_issuer_of(fixture.ca, certs), fixture.root);
        assert_null(pki_issuer_of(leaf, only));
        assert_null(pki_issuer_of(leaf, NULL));
        assert_int_equal(ERR_peek_error(), 0);
        sk_X509_pop_free(certs, X509_free);
        sk_X509_pop_free(only, X509_free);
        X509_free(other);
        X509_free(leaf);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(
                a_whole_chain_verifies_and_is_handed_out_leaf_first),
            cmocka_unit_test(time_is_what_the_caller_says),
            cmocka_unit_test(an_incomplete_chain_is_refused),
            cmocka_unit_test(a_trusted_intermediate_alone_is_no_anchor),
            cmocka_unit_test(a_wrong_signature_is_refused),
            cmocka_unit_test(a_leaf_cannot_act_as_ca),
            cmocka_unit_test(the_path_length_of_a_ca_is_honoured),
            cmocka_unit_test(the_issuer_is_found_by_name_and_signature),
        };

        return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
