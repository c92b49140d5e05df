#include "pki/pki.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <stdio.h>

#include "pki/internal.h"

/* "CN=www: certificate has expired: valid until ..., now is ..." */
static int verify_failure(
    X509_STORE_CTX *ctx, X509 *leaf, int64_t now, struct err *e)
{
        int why = X509_STORE_CTX_get_error(ctx);
        X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
        char name[PKI_NAME_TEXT_MAX], at[TIME_TEXT_MAX], t[TIME_TEXT_MAX];
        const char *reason = X509_verify_cert_error_string(why);

        if (cert == NULL)
                cert = leaf;
        pki_subject(cert, name);
        format_time(now, at);
        ERR_clear_error();
        if (why == X509_V_ERR_CERT_HAS_EXPIRED)
                return err_set(e, ERR_DATA, "%s: %s: valid until %s, now is %s",
                    name, reason, format_time(pki_not_after(cert), t), at);
        if (why == X509_V_ERR_CERT_NOT_YET_VALID)
                return err_set(e, ERR_DATA, "%s: %s: valid from %s, now is %s",
                    name, reason, format_time(pki_not_before(cert), t), at);
        return err_set(e, ERR_DATA, "%s: %s", name, reason);
}

/* notAfter is the last second of the validity (RFC 5280 section 4.1.2.5); to
 * OpenSSL it is the first one past it. */
static int end_is_inclusive(int ok, X509_STORE_CTX *ctx)
{
        const X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
        time_t now = X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(ctx));

        if (ok || cert == NULL ||
            X509_STORE_CTX_get_error(ctx) != X509_V_ERR_CERT_HAS_EXPIRED ||
            pki_not_after(cert) != (int64_t)now)
                return ok;
        X509_STORE_CTX_set_error(ctx, X509_V_OK);
        return 1;
}

static X509_STORE *store_of(STACK_OF(X509) *roots)
{
        X509_STORE *store = X509_STORE_new();
        int i;

        for (i = 0; store != NULL && i < sk_X509_num(roots); i++) {
                if (X509_STORE_add_cert(store, sk_X509_value(roots, i)) == 1)
                        continue;
                X509_STORE_free(store);
                store = NULL;
        }
        return store;
}

int pki_chain_verify(X509 *leaf, STACK_OF(X509) *untrusted,
    STACK_OF(X509) *roots, int64_t now, STACK_OF(X509) **chain, struct err *e)
{
        X509_STORE *store = store_of(roots);
        X509_STORE_CTX *ctx = X509_STORE_CTX_new();
        int rc = -1;

        if (chain != NULL)
                *chain = NULL;
        if (store == NULL || ctx == NULL ||
            X509_STORE_CTX_init(ctx, store, leaf, untrusted) != 1) {
                openssl_err(e, ERR_INTERNAL, "cannot prepare to verify");
                goto out;
        }
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), (time_t)now);
        X509_STORE_CTX_set_verify_cb(ctx, end_is_inclusive);
        if (X509_verify_cert(ctx) != 1) {
                verify_failure(ctx, leaf, now, e);
                goto out;
        }
        if (chain != NULL) {
                *chain = X509_STORE_CTX_get1_chain(ctx);
                if (*chain == NULL) {
                        openssl_err(e, ERR_OS, "out of memory");
                        goto out;
                }
        }
        rc = 0;
out:
        X509_STORE_CTX_free(ctx);
        X509_STORE_free(store);
        return rc;
}
