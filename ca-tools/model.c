#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority.h"
#include "forge.h"

void model_release(struct model *m)
{
        while (m->sans_len > 0)
                free(m->sans[--m->sans_len]);
        while (m->urls_len > 0)
                OPENSSL_free(m->urls[--m->urls_len]);
        OPENSSL_free(m->crl_url);
        m->crl_url = NULL;
        X509_REQ_free(m->csr);
        m->csr = NULL;
}

/* ---- subject alternative names ------------------------------------------ */

/* As pki_cert_spec takes it.  A URI may look like something else, such as
 * "urn:x:1", unless it is said to be one. */
static char *san_word(const char *text)
{
        const char *prefix;
        char *word;

        if (pki_san_check(text, &prefix, NULL) == 0)
                return strdup(text);
        return asprintf(&word, "URI:%s", text) >= 0 ? word : NULL;
}

/* Takes over the texts. */
static int take_sans(struct model *m, char *texts[], size_t len, struct err *e)
{
        size_t i;

        for (i = 0; i < len; i++) {
                m->sans[i] = san_word(texts[i]);
                OPENSSL_free(texts[i]);
                m->sans_len += m->sans[i] != NULL;
        }
        if (m->sans_len < len)
                return err_set(e, ERR_OS, "out of memory");
        if (len > PKI_SANS_MAX)
                return err_set(e, ERR_DATA,
                    "more than %d subject alternative names", PKI_SANS_MAX);
        return 0;
}

/* ---- the certificate before --------------------------------------------- */

static int read_cert(struct model *m, X509 *cert, struct err *e)
{
        char *texts[PKI_SANS_MAX + 1];
        struct authority holder = {.key = X509_get0_pubkey(cert)};
        size_t len = pki_sans(cert, texts, PKI_SANS_MAX + 1);

        if (take_sans(m, texts, len, e) != 0)
                return -1;
        forge_common_name(cert, m->common_name);
        m->must_staple = pki_must_staple(cert);
        m->profile = pki_leaf_profile(cert);
        m->urls_len = pki_ocsp_urls(cert, m->urls, PKI_URLS_MAX);
        m->crl_url = pki_crl_url(cert);
        m->length = pki_not_after(cert) - pki_not_before(cert);
        m->renews = true;
        return authority_algorithm(&holder, &m->algorithm, e);
}

static int read_der(struct model *m, const struct lab *lab,
    const struct cadb_cert *row, struct err *e)
{
        struct buf der = {0};
        X509 *cert = NULL;
        int rc = cadb_cert_der(lab->db, row->ca,
            (struct span){row->serial, row->serial_len}, &der, e);

        if (rc == 0)
                err_set(e, ERR_CONFIG,
                    "%s: cannot be renewed, as only its state is known here, "
                    "not its content: issue one under another name",
                    row->name);
        rc = rc == 1 && pki_cert_from_der(buf_span(&der), &cert, e) == 0
                 ? read_cert(m, cert, e)
                 : -1;
        X509_free(cert);
        buf_release(&der);
        return rc;
}

int model_of_name(
    struct model *m, const struct lab *lab, const char *name, struct err *e)
{
        struct cadb_cert row;
        int found = cadb_cert_find_name(lab->db, name, &row, e);

        if (found != 1)
                return found;
        snprintf(m->ca, sizeof(m->ca), "%s", row.ca_name);
        return read_der(m, lab, &row, e);
}

/* ---- a request ----------------------------------------------------------- */

/* A key that signs certificates is not one for a handshake as well. */
static int is_ca_key(void *arg, const struct cadb_ca *ca, struct err *e)
{
        EVP_PKEY *key = arg;
        X509 *cert = NULL;
        int same;

        if (pki_cert_from_der((struct span){ca->der, ca->der_len}, &cert, e) !=
            0)
                return -1;
        same = EVP_PKEY_eq(key, X509_get0_pubkey(cert)) == 1;
        X509_free(cert);
        if (same)
                return err_set(e, ERR_CONFIG,
                    "it is for the key of the CA %s: make a key of its own",
                    ca->name);
        return 0;
}

int model_of_request(
    struct model *m, const struct lab *lab, const char *path, struct err *e)
{
        const char *who = strcmp(path, "-") == 0 ? "standard input" : path;
        char *texts[PKI_SANS_MAX + 1];
        size_t len;

        if (pki_csr_load(path, &m->csr, e) != 0)
                return -1;
        pki_csr_common_name(m->csr, m->common_name);
        m->must_staple = pki_csr_must_staple(m->csr);
        len = pki_csr_sans(m->csr, texts, PKI_SANS_MAX + 1);
        if (take_sans(m, texts, len, e) == 0 &&
            cadb_ca_each(lab->db, is_ca_key, X509_REQ_get0_pubkey(m->csr), e) ==
                0)
                return 0;
        return err_prefix(e, "%s", who);
}
