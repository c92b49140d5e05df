/* Certificates and requests from files. */
#include "pki_fixture.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <string.h>

static void pem_and_der_load_as_the_same_certificate(void **state)
{
        struct buf der = {0}, pem = {0};
        X509 *a, *b;

        (void)state;
        assert_int_equal(pki_cert_der(fixture.ca, &der, NULL), 0);
        assert_int_equal(pki_cert_pem(fixture.ca, &pem, NULL), 0);
        assert_int_equal(
            pki_cert_load(
                fixture_file("c.der", der.data, der.len, 0644), &a, NULL),
            0);
        assert_int_equal(
            pki_cert_load(
                fixture_file("c.pem", pem.data, pem.len, 0644), &b, NULL),
            0);
        assert_int_equal(X509_cmp(a, fixture.ca), 0);
        assert_int_equal(X509_cmp(b, fixture.ca), 0);
        X509_free(a);
        X509_free(b);
        buf_release(&der);
        buf_release(&pem);
}

/* CA, a key, text, root: as users glue files together. */
static struct buf glued(void)
{
        struct buf pem = {0};

        assert_int_equal(pki_cert_pem(fixture.ca, &pem, NULL), 0);
        assert_int_equal(pki_key_pem(fixture.leaf_key, &pem, NULL), 0);
        buf_append_text(&pem, "subject=CN = Root\n");
        assert_int_equal(pki_cert_pem(fixture.root, &pem, NULL), 0);
        return pem;
}

static void all_certificates_of_a_file_load_in_order(void **state)
{
        struct buf pem = glued();
        STACK_OF(X509) *certs;

        (void)state;
        assert_int_equal(
            pki_certs_load(
                fixture_file("f.pem", pem.data, pem.len, 0644), &certs, NULL),
            0);
        assert_int_equal(sk_X509_num(certs), 2);
        assert_int_equal(X509_cmp(sk_X509_value(certs, 0), fixture.ca), 0);
        assert_int_equal(X509_cmp(sk_X509_value(certs, 1), fixture.root), 0);
        assert_int_equal(ERR_peek_error(), 0);
        sk_X509_pop_free(certs, X509_free);
        buf_release(&pem);
}

static void assert_refused(
    const char *path, enum err_code code, const char *word)
{
        struct err e = ERR_INIT;
        STACK_OF(X509) *certs;

        assert_int_equal(pki_certs_load(path, &certs, &e), -1);
        assert_null(certs);
        assert_int_equal(e.code, code);
        if (strstr(e.text, word) == NULL)
                fail_msg("%s", e.text);
        assert_int_equal(ERR_peek_error(), 0);
}

static void a_damaged_certificate_is_named_by_its_place(void **state)
{
        struct buf pem = glued();
        char *last = strstr((char *)pem.data, "subject=");
        char *inside;

        (void)state;
        assert_non_null(last);
        inside = strstr(last, "-----\n") + 6;
        memset(inside + 4, 'A', 40);
        assert_refused(fixture_file("bad.pem", pem.data, pem.len, 0644),
            ERR_DATA, "certificate 2");
        memset(inside + 4, '!', 40);
        assert_refused(fixture_file("bad.pem", pem.data, pem.len, 0644),
            ERR_DATA, "damaged PEM");
        buf_release(&pem);
}

static void a_cut_off_file_is_refused(void **state)
{
        struct buf pem = glued();

        (void)state;
        assert_refused(fixture_file("cut.pem", pem.data, pem.len - 60, 0644),
            ERR_DATA, "damaged PEM");
        buf_release(&pem);
}

static void what_holds_no_certificate_is_refused(void **state)
{
        struct buf pem = {0};

        (void)state;
        assert_refused(fixture_file("none", "", 0, 0644), ERR_DATA, "empty");
        assert_refused(fixture_file("none", "hello\n", 6, 0644), ERR_DATA,
            "not a certificate");
        assert_refused("/nonexistent/c.pem", ERR_NOTFOUND, "c.pem");
        assert_int_equal(pki_key_pem(fixture.leaf_key, &pem, NULL), 0);
        assert_refused(fixture_file("none", pem.data, pem.len, 0644), ERR_DATA,
            "no certificate");
        buf_release(&pem);
}

static void bytes_behind_a_der_certificate_are_refused(void **state)
{
        struct buf der = {0};
        struct err e = ERR_INIT;
        X509 *cert;

        (void)state;
        assert_int_equal(pki_cert_der(fixture.ca, &der, NULL), 0);
        buf_append(&der, "xyz", 3);
        assert_int_equal(pki_cert_from_der(buf_span(&der), &cert, &e), -1);
        assert_null(cert);
        assert_int_equal(e.code, ERR_DATA);
        assert_non_null(strstr(e.text, "3 bytes after"));
        buf_release(&der);
}

static void certificates_are_added_behind_others_or_not_at_all(void **state)
{
        struct buf pem = glued();
        STACK_OF(X509) *certs = fixture_stack(fixture.root, NULL);
        const char *path = fixture_file("f.pem", pem.data, pem.len, 0644);
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(pki_certs_add(certs, path, NULL), 0);
        assert_int_equal(sk_X509_num(certs), 3);
        assert_int_equal(X509_cmp(sk_X509_value(certs, 1), fixture.ca), 0);
        assert_int_equal(X509_cmp(sk_X509_value(certs, 2), fixture.root), 0);
        path = fixture_file("f.pem", pem.data, pem.len - 40, 0644);
        assert_int_equal(pki_certs_add(certs, path, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_int_equal(sk_X509_num(certs), 3);
        sk_X509_pop_free(certs, X509_free);
        buf_release(&pem);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(pem_and_der_load_as_the_same_certificate),
            cmocka_unit_test(all_certificates_of_a_file_load_in_order),
            cmocka_unit_test(a_damaged_certificate_is_named_by_its_place),
            cmocka_unit_test(a_cut_off_file_is_refused),
            cmocka_unit_test(what_holds_no_certificate_is_refused),
            cmocka_unit_test(bytes_behind_a_der_certificate_are_refused),
            cmocka_unit_test(
                certificates_are_added_behind_others_or_not_at_all),
        };

        return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
