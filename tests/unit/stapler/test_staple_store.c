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

static void fail_test(const char *name, const struct err *why)
{
        fail_msg("%s: %s", name, why->text);
}

static void a_writer_that_has_ended_has_written_all(void **state)
{
        struct world *w = *state;
        struct staple_writer *writer = staple_writer_new(w->folder, fail_test);
        struct buf out = {0};
        struct err e = ERR_INIT;
        uint8_t i;

        assert_non_null(writer);
        for (i = 0; i < 50; i++)
                assert_int_equal(staple_writer_put(writer, "one", w->one,
                                     (struct span){&i, 1}, &e),
                    0);
        staple_writer_free(writer);
        assert_int_equal(staple_store_load(w->folder, w->one, &out, &e), 0);
        assert_int_equal(out.len, 1);
        assert_int_equal(out.data[0], 49); /* the last one */
        buf_release(&out);
        staple_writer_free(NULL);
}

static char failed[64];

static void note_failure(const char *name, const struct err *why)
{
        snprintf(failed, sizeof(failed), "%s %d", name, why->code);
}

static void a_writer_that_cannot_write_says_so(void **state)
{
        struct world *w = *state;
        struct staple_writer *writer;
        struct err e = ERR_INIT;

        /* A file where the folder should be. */
        snprintf(w->folder, sizeof(w->folder), "%s/file", w->root);
        assert_int_equal(file_write_fast(w->folder, "", 0, 0644, &e), 0);
        writer = staple_writer_new(w->folder, note_failure);
        assert_int_equal(staple_writer_put(writer, "one", w->one,
                             (struct span){(const uint8_t *)"x", 1}, &e),
            0);
        staple_writer_free(writer);
        assert_memory_equal(failed, "one 7", 5);
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
            cmocka_unit_test_setup_teardown(
                a_writer_that_has_ended_has_written_all, make_world, end_world),
            cmocka_unit_test_setup_teardown(
                a_writer_that_cannot_write_says_so, make_world, end_world),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
