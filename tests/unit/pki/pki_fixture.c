#include "pki_fixture.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

struct fixture fixture;
static char folder[PATH_MAX];

struct pki_cert_spec fixture_spec(enum pki_profile profile)
{
        struct pki_cert_spec spec = {
            .profile = profile,
            .common_name = "www",
            .subject_key = fixture.leaf_key,
            .issuer = fixture.ca,
            .issuer_key = fixture.ca_key,
            .not_before = TEST_NOW - 43200,
            .not_after = TEST_NOW + 43200,
            .path_len = -1,
        };

        assert_int_equal(pki_serial_new(&spec.serial, NULL), 0);
        return spec;
}

X509 *fixture_make(const struct pki_cert_spec *spec)
{
        struct err e = ERR_INIT;
        X509 *cert = NULL;

        if (pki_cert_make(spec, &cert, &e) != 0)
                fail_msg("%s", e.text);
        return cert;
}

static void make_cas(void)
{
        struct pki_cert_spec root = fixture_spec(PKI_ROOT);
        struct pki_cert_spec ca = fixture_spec(PKI_INTERMEDIATE);

        root.common_name = "Root";
        root.subject_key = root.issuer_key = fixture.root_key;
        root.issuer = NULL;
        fixture.root = fixture_make(&root);
        ca.common_name = "Issuing CA";
        ca.subject_key = fixture.ca_key;
        ca.issuer = fixture.root;
        ca.issuer_key = fixture.root_key;
        ca.path_len = 0;
        fixture.ca = fixture_make(&ca);
}

int fixture_setup(void **state)
{
        const char *tmp = getenv("TMPDIR");

        (void)state;
        snprintf(folder, sizeof(folder), "%s/pki.XXXXXX",
            tmp != NULL ? tmp : "/tmp");
        if (mkdtemp(folder) == NULL ||
            pki_key_new(PKI_P256, &fixture.root_key, NULL) != 0 ||
            pki_key_new(PKI_P256, &fixture.ca_key, NULL) != 0 ||
            pki_key_new(PKI_P256, &fixture.leaf_key, NULL) != 0)
                return -1;
        make_cas();
        return 0;
}

int fixture_teardown(void **state)
{
        (void)state;
        X509_free(fixture.root);
        X509_free(fixture.ca);
        EVP_PKEY_free(fixture.root_key);
        EVP_PKEY_free(fixture.ca_key);
        EVP_PKEY_free(fixture.leaf_key);
        return file_remove_tree(folder, NULL);
}

STACK_OF(X509) *fixture_stack(X509 *first, ...)
{
        STACK_OF(X509) *stack = sk_X509_new_null();
        va_list ap;
        X509 *cert;

        assert_non_null(stack);
        va_start(ap, first);
        for (cert = first; cert != NULL; cert = va_arg(ap, X509 *)) {
                X509_up_ref(cert);
                assert_true(sk_X509_push(stack, cert) > 0);
        }
        va_end(ap);
        return stack;
}

const char *fixture_file(
    const char *name, const void *data, size_t len, unsigned mode)
{
        static char path[PATH_MAX];

        assert_int_equal(
            file_path(path, sizeof(path), NULL, "%s/%s", folder, name), 0);
        assert_int_equal(file_write_fast(path, data, len, mode, NULL), 0);
        return path;
}
