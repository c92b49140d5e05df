#include "carow.h"

#include <stdio.h>
#include <string.h>

/* RFC 6960 section 4.1.1: over the DER of the subject, and over the key
 * without tag, length and unused bits. */
static int fill_hashes(struct cadb_ca *row, const X509 *cert, struct err *e)
{
        const X509_NAME *name = X509_get_subject_name(cert);

        if (X509_NAME_digest(name, EVP_sha1(), row->name_sha1, NULL) == 1 &&
            X509_NAME_digest(name, EVP_sha256(), row->name_sha256, NULL) == 1 &&
            X509_pubkey_digest(cert, EVP_sha1(), row->key_sha1, NULL) == 1 &&
            X509_pubkey_digest(cert, EVP_sha256(), row->key_sha256, NULL) == 1)
                return 0;
        return err_set(e, ERR_INTERNAL, "%s: cannot hash", row->name);
}

static int fill_der(struct cadb_ca *row, const X509 *cert, struct err *e)
{
        struct buf der = {0};
        int rc = pki_cert_der(cert, &der, e);

        if (rc == 0 && der.len > sizeof(row->der))
                rc = err_set(e, ERR_DATA,
                    "%s: a CA certificate of more than %zu bytes", row->name,
                    sizeof(row->der));
        if (rc == 0) {
                memcpy(row->der, der.data, der.len);
                row->der_len = der.len;
        }
        buf_release(&der);
        return rc;
}

int carow_fill(struct cadb_ca *row, const char *name, X509 *cert, bool key_here,
    struct err *e)
{
        *row = (struct cadb_ca){
            .model = CADB_SIGNER_DELEGATED,
            .not_before = pki_not_before(cert),
            .not_after = pki_not_after(cert),
        };
        snprintf(row->name, sizeof(row->name), "%s", name);
        snprintf(
            row->cert_path, sizeof(row->cert_path), "ca/%.128s/cert.pem", name);
        if (key_here)
                snprintf(row->key_path, sizeof(row->key_path),
                    "ca/%.128s/key.pem", name);
        if (fill_der(row, cert, e) != 0)
                return -1;
        return fill_hashes(row, cert, e);
}

bool carow_names_delta(const char *name)
{
        static const char end[] = "-delta";
        size_t len = strlen(name);

        return len >= sizeof(end) - 1 &&
               strcmp(name + len - (sizeof(end) - 1), end) == 0;
}

int carow_check_name(const char *name, struct err *e)
{
        if (!lab_name_valid(name))
                return err_set(e, ERR_USAGE,
                    "'%s': a CA's name has letters, digits, '.', '_' and '-', "
                    "and no '.' or '-' in front",
                    name);
        if (carow_names_delta(name))
                return err_set(e, ERR_USAGE,
                    "'%s': a CA's name does not end in '-delta': its CRL "
                    "would have the file of another CA's delta CRL",
                    name);
        return 0;
}
