#include "stapler/staple/internal.h"

#include <openssl/evp.h>

#include "base/file.h"
#include "base/parse.h"

int staple_store_path(
    const char *folder, const X509 *leaf, char out[PATH_MAX], struct err *e)
{
        uint8_t digest[EVP_MAX_MD_SIZE];
        char hex[2 * EVP_MAX_MD_SIZE + 1];
        unsigned len = 0;

        if (X509_digest(leaf, EVP_sha256(), digest, &len) != 1)
                return err_set(e, ERR_INTERNAL, "cannot hash a certificate");
        hex_encode((struct span){digest, len}, hex, sizeof(hex));
        return file_path(out, PATH_MAX, e, "%s/%s.der", folder, hex);
}

int staple_store_load(
    const char *folder, const X509 *leaf, struct buf *out, struct err *e)
{
        char path[PATH_MAX];
        struct err absent = ERR_INIT;

        if (staple_store_path(folder, leaf, path, e) != 0)
                return -1;
        if (file_read(path, OCSP_RESPONSE_LIMIT, out, &absent) == 0)
                return 0;
        if (absent.code == ERR_NOTFOUND)
                return 0;
        return err_set(e, absent.code, "%s", absent.text);
}

int staple_store_write(
    const char *folder, const char *path, struct span der, struct err *e)
{
        if (file_mkdir(folder, 0755, e) != 0)
                return -1;
        return file_write(path, der.data, der.len, 0644, e);
}

int staple_store_save(
    const char *folder, const X509 *leaf, struct span der, struct err *e)
{
        char path[PATH_MAX];

        if (staple_store_path(folder, leaf, path, e) != 0)
                return -1;
        return staple_store_write(folder, path, der, e);
}
