#include "pki_fixture.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

static void each_algorithm_makes_a_key_that_loads_back(void **state)
{
        static const struct {
                const char *name;
                int bits; /* 0: the library versions differ */
        } rows[] = {{"p256", 256}, {"p384", 384}, {"rsa2048", 2048},
            {"rsa3072", 3072}, {"rsa4096", 4096}, {"ed25519", 0}};
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                enum pki_algorithm a;
                EVP_PKEY *key, *back;
                struct buf pem = {0};

                assert_int_equal(
                    pki_algorithm_parse(rows[i].name, &a, NULL), 0);
                assert_string_equal(pki_algorithm_name(a), rows[i].name);
                assert_int_equal(pki_key_new(a, &key, NULL), 0);
                if (rows[i].bits != 0)
                        assert_int_equal(EVP_PKEY_get_bits(key), rows[i].bits);
                assert_int_equal(pki_key_pem(key, &pem, NULL), 0);
                assert_non_null(
                    strstr(buf_text(&pem), "-----BEGIN PRIVATE KEY-----"));
                assert_int_equal(
                    pki_key_load(fixture_file("k.pem", pem.data, pem.len, 0600),
                        PKI_KEY_PRIVATE, &back, NULL),
                    0);
                assert_int_equal(EVP_PKEY_eq(key, back), 1);
                EVP_PKEY_free(key);
                EVP_PKEY_free(back);
                buf_release(&pem);
        }
}

static void an_unknown_algorithm_is_refused_with_the_known_ones(void **state)
{
        enum pki_algorithm a;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(pki_algorithm_parse("P384", &a, NULL), 0);
        assert_int_equal(a, PKI_P384);
        assert_int_equal(pki_algorithm_parse("rsa1024", &a, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        assert_non_null(strstr(e.text, "rsa2048"));
}

static struct buf leaf_pem(void)
{
        struct buf pem = {0};

        assert_int_equal(pki_key_pem(fixture.leaf_key, &pem, NULL), 0);
        return pem;
}

static void a_private_key_file_that_others_can_use_is_refused(void **state)
{
        struct buf pem = leaf_pem();
        const char *path = fixture_file("wide.pem", pem.data, pem.len, 0644);
        struct err e = ERR_INIT;
        EVP_PKEY *key;

        (void)state;
        assert_true(pki_key_is_wide(path));
        assert_int_equal(pki_key_load(path, PKI_KEY_PRIVATE, &key, &e), -1);
        assert_int_equal(e.code, ERR_CONFIG);
        assert_non_null(strstr(e.text, "0644"));
        assert_non_null(strstr(e.text, "chmod 600"));
        assert_null(key);
        assert_int_equal(pki_key_load(path, PKI_KEY_ANY, &key, &e), 0);
        EVP_PKEY_free(key);
        assert_int_equal(chmod(path, 0640), 0);
        assert_int_equal(pki_key_load(path, PKI_KEY_PRIVATE, &key, &e), -1);
        assert_int_equal(chmod(path, 0400), 0);
        assert_false(pki_key_is_wide(path));
        assert_int_equal(pki_key_load(path, PKI_KEY_PRIVATE, &key, &e), 0);
        EVP_PKEY_free(key);
        buf_release(&pem);
}

static void assert_refused(
    const char *path, enum err_code code, const char *word)
{
        struct err e = ERR_INIT;
        EVP_PKEY *key;

        assert_int_equal(pki_key_load(path, PKI_KEY_ANY, &key, &e), -1);
        assert_null(key);
        assert_int_equal(e.code, code);
        assert_non_null(strstr(e.text, word));
        assert_int_equal(ERR_peek_error(), 0);
}

static const char *encrypted(int (*write)(BIO *bio))
{
        BIO *bio = BIO_new(BIO_s_mem());
        const char *path;
        char *data;
        long len;

        assert_int_equal(write(bio), 1);
        len = BIO_get_mem_data(bio, &data);
        path = fixture_file("encrypted.pem", data, (size_t)len, 0600);
        BIO_free(bio);
        return path;
}

static int write_pkcs8(BIO *bio)
{
        return PEM_write_bio_PKCS8PrivateKey(
            bio, fixture.leaf_key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL);
}

static int write_traditional(BIO *bio)
{
        static const unsigned char secret[] = "secret";

        return PEM_write_bio_PrivateKey_traditional(
            bio, fixture.leaf_key, EVP_aes_128_cbc(), secret, 6, NULL, NULL);
}

static void encrypted_keys_are_refused_without_asking(void **state)
{
        (void)state;
        assert_refused(encrypted(write_pkcs8), ERR_CONFIG, "encrypted");
        assert_refused(encrypted(write_traditional), ERR_CONFIG, "encrypted");
}

static void what_holds_no_key_is_refused(void **state)
{
        struct buf pem = {0};
        static char large[FILE_LIMIT + 1];

        (void)state;
        assert_refused(fixture_file("none", "", 0, 0600), ERR_DATA, "empty");
        assert_refused(fixture_file("none", "hello", 5, 0600), ERR_DATA,
            "no usable private key");
        assert_refused(fixture_file("none", large, sizeof(large), 0600),
            ERR_DATA, "limit");
        assert_refused("/nonexistent/key.pem", ERR_NOTFOUND, "key.pem");
        assert_int_equal(pki_cert_pem(fixture.ca, &pem, NULL), 0);
        assert_refused(fixture_file("none", pem.data, pem.len, 0600), ERR_DATA,
            "no usable private key");
        buf_release(&pem);
        pem = leaf_pem();
        assert_refused(fixture_file("none", pem.data, pem.len / 2, 0600),
            ERR_DATA, "no usable private key");
        buf_release(&pem);
}

static void a_key_is_found_behind_other_objects(void **state)
{
        static const char parameters[] = "-----BEGIN EC PARAMETERS-----\n"
                                         "BggqhkjOPQMBBw==\n"
                                         "-----END EC PARAMETERS-----\n";
        struct buf file = {0}, pem = leaf_pem();
        EVP_PKEY *key;

        (void)state;
        assert_int_equal(pki_cert_pem(fixture.ca, &file, NULL), 0);
        buf_append_text(&file, parameters);
        buf_append(&file, pem.data, pem.len);
        assert_int_equal(
            pki_key_load(fixture_file("signer.pem", file.data, file.len, 0600),
                PKI_KEY_PRIVATE, &key, NULL),
            0);
        assert_int_equal(EVP_PKEY_eq(key, fixture.leaf_key), 1);
        EVP_PKEY_free(key);
        buf_release(&file);
        buf_release(&pem);
}

static void key_and_certificate_must_be_a_pair(void **state)
{
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(
            pki_key_matches(fixture.ca_key, fixture.ca, "k", "c", &e), 0);
        assert_int_equal(
            pki_key_matches(fixture.leaf_key, fixture.ca, "k.pem", "c.pem", &e),
            -1);
        assert_int_equal(e.code, ERR_CONFIG);
        assert_non_null(strstr(e.text, "k.pem"));
        assert_non_null(strstr(e.text, "c.pem"));
        assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_algorithm_makes_a_key_that_loads_back),
            cmocka_unit_test(
                an_unknown_algorithm_is_refused_with_the_known_ones),
            cmocka_unit_test(a_private_key_file_that_others_can_use_is_refused),
            cmocka_unit_test(encrypted_keys_are_refused_without_asking),
            cmocka_unit_test(what_holds_no_key_is_refused),
            cmocka_unit_test(a_key_is_found_behind_other_objects),
            cmocka_unit_test(key_and_certificate_must_be_a_pair),
        };

        return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
