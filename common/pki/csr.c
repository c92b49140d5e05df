#include "pki/pki.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "pki/internal.h"

int pki_csr_load(const char *path, X509_REQ **out, struct err *e)
{
        struct buf content = {0};
        X509_REQ *req = NULL;
        BIO *bio = NULL;
        int rc = -1;

        *out = NULL;
        if (bio_of_file(path, &content, &bio, e) != 0)
                goto out;
        req = is_pem(&content) ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL)
                               : d2i_X509_REQ_bio(bio, NULL);
        if (req == NULL) {
                openssl_err(e, ERR_DATA,
                    "%s: not a certificate request (PKCS#10)", path);
                goto out;
        }
        /* Proof that who asks holds the key, RFC 2986 section 3. */
        if (X509_REQ_verify(req, X509_REQ_get0_pubkey(req)) != 1) {
                openssl_err(e, ERR_DATA,
                    "%s: the request's own signature does not verify", path);
                goto out;
        }
        *out = req;
        req = NULL;
        rc = 0;
out:
        X509_REQ_free(req);
        BIO_free(bio);
        buf_release(&content);
        return rc;
}
