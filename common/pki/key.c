#include "pki/pki.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <string.h>
#include <sys/stat.h>

#include "pki/internal.h"

static const struct {
        enum pki_algorithm algorithm;
        const char *name;
        const char *type;  /* as EVP_PKEY_Q_keygen wants it */
        const char *curve; /* EC */
        size_t bits;       /* RSA */
} algorithms[] = {
    {PKI_P256, "p256", "EC", "P-256", 0},
    {PKI_P384, "p384", "EC", "P-384", 0},
    {PKI_RSA2048, "rsa2048", "RSA", NULL, 2048},
    {PKI_RSA3072, "rsa3072", "RSA", NULL, 3072},
    {PKI_RSA4096, "rsa4096", "RSA", NULL, 4096},
    {PKI_ED25519, "ed25519", "ED25519", NULL, 0},
};

enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

int pki_algorithm_parse(
    const char *text, enum pki_algorithm *out, struct err *e)
{
        size_t i;

        for (i = 0; i < ALGORITHMS; i++) {
                if (strcasecmp(text, algorithms[i].name) != 0)
                        continue;
                *out = algorithms[i].algorithm;
                return 0;
        }
        return err_set(e, ERR_USAGE,
            "'%s' is not an algorithm: choose p256, p384, rsa2048, rsa3072, "
            "rsa4096 or ed25519",
            text);
}

const char *pki_algorithm_name(enum pki_algorithm a)
{
        return algorithms[a].name;
}

int pki_key_new(enum pki_algorithm a, EVP_PKEY **out, struct err *e)
{
        if (algorithms[a].bits != 0)
                *out = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", algorithms[a].bits);
        else if (algorithms[a].curve != NULL)
                *out = EVP_PKEY_Q_keygen(NULL, NULL, "EC", algorithms[a].curve);
        else
                *out = EVP_PKEY_Q_keygen(NULL, NULL, algorithms[a].type);
        if (*out == NULL)
                return openssl_err(e, ERR_INTERNAL, "cannot make a %s key",
                    algorithms[a].name);
        return 0;
}

int pki_key_new_weak(EVP_PKEY **out, struct err *e)
{
        *out = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
        if (*out == NULL)
                return openssl_err(e, ERR_INTERNAL, "cannot make a weak key");
        return 0;
}

int pki_key_pem(EVP_PKEY *key, struct buf *out, struct err *e)
{
        BIO *bio = BIO_new(BIO_s_secmem());
        int rc = -1;

        if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(
                               bio, key, NULL, NULL, 0, NULL, NULL) != 1)
                openssl_err(e, ERR_INTERNAL, "cannot write the key as PEM");
        else
                rc = bio_append(bio, out, e);
        BIO_free(bio);
        return rc;
}

bool pki_key_is_wide(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 && (st.st_mode & 077) != 0;
}

static int check_mode(const char *path, struct err *e)
{
        struct stat st;

        if (stat(path, &st) != 0)
                return err_errno(e, ERR_IO, "%s", path);
        if ((st.st_mode & 077) != 0)
                return err_set(e, ERR_CONFIG,
                    "%s: others may use this private key, mode %04o: run "
                    "chmod 600 %s",
                    path, (unsigned)st.st_mode & 07777, path);
        return 0;
}

/* OpenSSL asks for a passphrase: note it, and give none.  Its type has no
 * const. NOLINTNEXTLINE(readability-non-const-parameter) */
static int refuse_passphrase(char *out, int size, int writing, void *asked)
{
        (void)out, (void)size, (void)writing;
        *(bool *)asked = true;
        return -1;
}

int pki_key_load(
    const char *path, enum pki_key_mode mode, EVP_PKEY **out, struct err *e)
{
        struct buf content = {0};
        BIO *bio = NULL;
        bool encrypted = false;
        int rc = -1;

        *out = NULL;
        if (mode == PKI_KEY_PRIVATE && check_mode(path, e) != 0)
                return -1;
        if (bio_of_file(path, &content, &bio, e) != 0)
                goto out;
        *out =
            PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &encrypted);
        ERR_clear_error();
        if (*out != NULL)
                rc = 0;
        else if (encrypted)
                err_set(e, ERR_CONFIG,
                    "%s: the key is encrypted: decrypt it first with 'openssl "
                    "pkey -in %s -out FILE'",
                    path, path);
        else
                err_set(e, ERR_DATA, "%s: no usable private key in PEM there",
                    path);
out:
        BIO_free(bio);
        OPENSSL_cleanse(content.data, content.len);
        buf_release(&content);
        return rc;
}

int pki_key_matches(EVP_PKEY *key, X509 *cert, const char *key_path,
    const char *cert_path, struct err *e)
{
        if (X509_check_private_key(cert, key) == 1)
                return 0;
        ERR_clear_error();
        return err_set(e, ERR_CONFIG,
            "%s: not the private key of the certificate in %s", key_path,
            cert_path);
}

const EVP_MD *digest_for(const EVP_PKEY *key)
{
        if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
                return NULL;
        if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_bits(key) <= 256)
                return EVP_sha256();
        return EVP_PKEY_get_bits(key) <= 384 ? EVP_sha384() : EVP_sha512();
}
