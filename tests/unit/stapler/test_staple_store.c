#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/base.h"
#include "stapler/staple/staple.h"

/* Two certificates, and a folder that does not exist yet. */
struct world {
        char root[64];
        char folder[80];
        X509 *one, *two;
};

static X509 *certificate(long serial)
{
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *x = X509_new();

        assert_non_null(key);
        ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
        X509_gmtime_adj(X509_getm_notBefore(x), 0);
        X509_gmtime_adj(X509_getm_notAfter(x), 60);
        X509_set_pubkey(x, key);
        assert_true(X509_sign(x, key, EVP_sha256()) > 0);
        EVP_PKEY_free(key);
        return x;
}

static int make_world(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        snprintf(w->root, sizeof(w->root), "/tmp/staple-store.XXXXXX");
        assert_non_null(mkdtemp(w->root));
        snprintf(w->folder, sizeof(w->folder), "%s/a/b", w->root);
        w->one = certificate(1);
        w->two = certificate(2);
        *state = w;
        return 0;
}

static int end_world(void **state)
{
        struct world *w = *state;
        struct err e = ERR_INIT;

        X509_free(w->one);
        X509_free(w->two);
        file_remove_tree(w->root, &e);
        free(w);
        return 0;
}

static void what_is_saved_is_loaded(void **state)
{
        struct world *w = *state;
        struct span der = {(const uint8_t *)"abc", 3};
        struct buf out = {0};
        struct err e = ERR_INIT;

        assert_int_equal(staple_store_save(w->folder, w->one, der, &e), 0);
        assert_int_equal(staple_store_load(w->folder, w->one, &out, &e), 0);
        assert_true(span_equal(buf_span(&out), der));
        buf_release(&out);
}

static void another_certificate_has_nothing_stored(void **state)
{
        struct world *w = *state;
        struct span der = {(const uint8_t *)"abc", 3};
        struct buf out = {0};
        struct err e = ERR_INIT;

        assert_int_equal(staple_store_save(w->folder, w->one, der, &e), 0);
        assert_int_equal(staple_store_load(w->folder, w->two, &out, &e), 0);
        assert_int_equal(out.len, 0);
}

static void a_huge_file_is_not_loaded(void **state)
{
        struct world *w = *state;
        char path[PATH_MAX];
        struct buf out = {0};
        struct err e = ERR_INIT;
        FILE *f;

        assert_int_equal(file_mkdir(w->folder, 0755, &e), 0);
        assert_int_equal(staple_store_path(w->folder, w->one, path, &e), 0);
        f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(ftruncate(fileno(f), OCSP_RESPONSE_LIMIT + 1), 0);
        fclose(f);
        assert_int_equal(staple_store_load(w->folder, w->one, &out, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        buf_release(&out);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(
                what_is_saved_is_loaded, make_world, end_world),
            cmocka_unit_test_setup_teardown(
                another_certificate_has_nothing_stored, make_world, end_world),
            cmocka_unit_test_setup_teardown(
                a_huge_file_is_not_loaded, make_world, end_world),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
