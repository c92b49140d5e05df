/* Certificates: they tell who they are, and nothing of revocation. */
#include <stdio.h>
#include <string.h>

#include "cadb/write.h"
#include "cmd_import.h"
#include "index.h"

static const struct import_issuer *issuer_of(
    X509 *cert, const struct import_cas *cas)
{
        size_t i;

        for (i = 0; i < cas->len; i++)
                if (X509_NAME_cmp(X509_get_issuer_name(cert),
                        X509_get_subject_name(cas->rows[i].cert)) == 0 &&
                    X509_verify(cert, X509_get0_pubkey(cas->rows[i].cert)) == 1)
                        return &cas->rows[i];
        return NULL;
}

/* The root in a chain file: its row is that of a CA. */
static bool is_root(X509 *cert, const struct import_cas *cas)
{
        size_t i;

        for (i = 0; i < cas->len; i++)
                if (X509_self_signed(cert, 0) == 1 &&
                    X509_cmp(cert, cas->rows[i].cert) == 0)
                        return true;
        return false;
}

static int add(const struct import *im, const struct import_issuer *issuer,
    X509 *cert, struct import_result *out, struct err *e)
{
        char subject[PKI_NAME_TEXT_MAX], name[LAB_NAME_MAX + 1];
        struct pki_serial serial = pki_serial_of(cert);
        struct buf der = {0};
        struct cadb_imported row = {
            .ca = issuer->id,
            .serial = {serial.octets, serial.len},
            .subject = pki_subject(cert, subject),
            .not_before = pki_not_before(cert),
            .not_after = pki_not_after(cert),
            .state = {.status = CADB_GOOD, .reason = -1},
            .keep_state = true,
        };
        int rc = pki_cert_der(cert, &der, e);

        if (index_subject_name(subject, name))
                row.name = name;
        row.der = buf_span(&der);
        if (rc == 0 && serial.len == 0)
                rc = err_set(e, ERR_DATA,
                    "its serial number is longer than %d bytes",
                    PKI_SERIAL_MAX);
        if (rc == 0)
                rc = import_row(im, &row, out, e);
        buf_release(&der);
        return rc;
}

static int take(const struct import *im, const struct import_cas *cas,
    X509 *cert, struct import_result *out, struct err *e)
{
        const struct import_issuer *issuer = issuer_of(cert, cas);
        char subject[PKI_NAME_TEXT_MAX];

        if (is_root(cert, cas)) {
                out->same++;
                return 0;
        }
        if (issuer == NULL)
                return err_set(e, ERR_DATA,
                    "'%s' was not issued by a CA that is known here: %s: make "
                    "its own known with --ca-cert",
                    pki_subject(cert, subject), import_cas_names(cas));
        if (im->wish->ca != NULL && im->ca != issuer->id)
                return err_set(e, ERR_DATA, "'%s' was issued by %s, not by %s",
                    pki_subject(cert, subject), issuer->name, im->wish->ca);
        if (out->rows == 0)
                snprintf(out->ca, sizeof(out->ca), "%s", issuer->name);
        else if (strcmp(out->ca, issuer->name) != 0)
                out->ca[0] = '\0';
        out->rows++;
        return add(im, issuer, cert, out, e);
}

int import_certs(const struct import *im, const struct import_cas *cas,
    struct import_result *out, struct err *e)
{
        STACK_OF(X509) *certs = NULL;
        int i, rc = pki_certs_load(out->path, &certs, e);

        for (i = 0; rc == 0 && i < sk_X509_num(certs); i++)
                if (take(im, cas, sk_X509_value(certs, i), out, e) != 0)
                        rc = err_prefix(
                            e, "%s: certificate %d", out->path, i + 1);
        sk_X509_pop_free(certs, X509_free);
        return rc;
}
