/* CRLs of others, for import: RFC 5280 section 5. */
#include "pki/pki.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "pki/internal.h"

/* ---- loading ------------------------------------------------------------ */

static const struct object_kind kind = {
    "CRL", PEM_STRING_X509_CRL, NULL, PKI_CRL_LIMIT};

int pki_crl_load(const char *path, X509_CRL **out, struct err *e)
{
        const unsigned char *p;
        struct buf der = {0};
        X509_CRL *crl = NULL;
        int rc = -1;

        *out = NULL;
        if (object_load(path, &kind, &der, e) != 0)
                goto out;
        p = der.data;
        crl = d2i_X509_CRL(NULL, &p, (long)der.len);
        ERR_clear_error();
        if (crl == NULL || p != der.data + der.len) {
                err_set(e, ERR_DATA, "%s: not a CRL in PEM or DER", path);
                goto out;
        }
        *out = crl;
        crl = NULL;
        rc = 0;
out:
        X509_CRL_free(crl);
        buf_release(&der);
        return rc;
}

/* ---- checking ----------------------------------------------------------- */

int pki_crl_check(X509_CRL *crl, X509 *issuer, const char *path, struct err *e)
{
        EVP_PKEY *key = X509_get0_pubkey(issuer);
        char name[PKI_NAME_TEXT_MAX];
        int verified;

        pki_subject(issuer, name);
        if (X509_NAME_cmp(
                X509_CRL_get_issuer(crl), X509_get_subject_name(issuer)) != 0)
                return err_set(e, ERR_DATA,
                    "%s: this CRL is of another issuer, not of %s", path, name);
        if ((X509_get_key_usage(issuer) & KU_CRL_SIGN) == 0)
                return err_set(e, ERR_DATA,
                    "%s: %s may not sign CRLs: its keyUsage lacks cRLSign "
                    "(RFC 5280 section 4.2.1.3)",
                    path, name);
        verified = key == NULL ? 0 : X509_CRL_verify(crl, key);
        ERR_clear_error();
        if (verified != 1)
                return err_set(e, ERR_DATA,
                    "%s: the signature of this CRL is not that of %s", path,
                    name);
        return 0;
}

/* ---- reading ------------------------------------------------------------ */

/* 0 if absent.  INTEGER (0..MAX), RFC 5280 section 5.2.3. */
static int number_of(const X509_CRL *crl, uint64_t *out, struct err *e)
{
        int found;
        ASN1_INTEGER *n =
            X509_CRL_get_ext_d2i(crl, NID_crl_number, &found, NULL);
        bool unreadable = n == NULL && found != -1;
        bool negative = n != NULL && ASN1_STRING_type(n) == V_ASN1_NEG_INTEGER;

        *out = 0;
        if (n != NULL && ASN1_INTEGER_get_uint64(out, n) != 1)
                *out = UINT64_MAX;
        ASN1_INTEGER_free(n);
        ERR_clear_error();
        if (unreadable || negative)
                return err_set(e, ERR_DATA,
                    "CRL: its cRLNumber cannot be one (RFC 5280 section "
                    "5.2.3)");
        return 0;
}

int pki_crl_info(const X509_CRL *crl, struct pki_crl_info *out, struct err *e)
{
        const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

        out->this_update =
            time_seconds(X509_CRL_get0_lastUpdate(crl), INT64_MIN);
        out->next_update = next == NULL ? 0 : time_seconds(next, INT64_MIN);
        if (out->this_update == INT64_MIN || out->next_update == INT64_MIN)
                return err_set(e, ERR_DATA, "CRL: a time cannot be read");
        out->delta = X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0;
        return number_of(crl, &out->number, e);
}

/* Whose certificates it lists.  What cannot be read, or stands there twice,
 * may say anything. */
static int check_distribution_point(const X509_CRL *crl, struct err *e)
{
        int found;
        ISSUING_DIST_POINT *idp = X509_CRL_get_ext_d2i(
            crl, NID_issuing_distribution_point, &found, NULL);
        bool unreadable = idp == NULL && found != -1;
        bool indirect = idp != NULL && idp->indirectCRL > 0;

        ISSUING_DIST_POINT_free(idp);
        ERR_clear_error();
        if (unreadable)
                return err_set(e, ERR_DATA,
                    "CRL: its issuingDistributionPoint cannot be read (RFC "
                    "5280 section 5.2.5)");
        if (indirect)
                return err_set(e, ERR_DATA,
                    "CRL: it is an indirect one, which lists certificates of "
                    "other issuers (RFC 5280 section 5.2.5): get that "
                    "CA's own");
        return 0;
}

/* A critical extension changes what a list means. */
static int check_extensions(const X509_CRL *crl, struct err *e)
{
        int i;

        for (i = 0; i < X509_CRL_get_ext_count(crl); i++) {
                X509_EXTENSION *ext = X509_CRL_get_ext(crl, i);
                int nid = OBJ_obj2nid(X509_EXTENSION_get_object(ext));

                if (X509_EXTENSION_get_critical(ext) &&
                    nid != NID_issuing_distribution_point &&
                    nid != NID_delta_crl && nid != NID_crl_number &&
                    nid != NID_authority_key_identifier)
                        return err_set(e, ERR_DATA,
                            "CRL: it has a critical extension that is not "
                            "known (RFC 5280 section 5.2)");
        }
        return check_distribution_point(crl, e);
}

static int check_entry_extensions(const X509_REVOKED *r, struct err *e)
{
        int i;

        for (i = 0; i < X509_REVOKED_get_ext_count(r); i++) {
                X509_EXTENSION *ext = X509_REVOKED_get_ext(r, i);
                int nid = OBJ_obj2nid(X509_EXTENSION_get_object(ext));

                if (X509_EXTENSION_get_critical(ext) && nid != NID_crl_reason &&
                    nid != NID_invalidity_date)
                        return err_set(e, ERR_DATA,
                            "it has a critical extension that is not known "
                            "(RFC 5280 section 5.3)");
        }
        return 0;
}

/* -1 if absent; what is no CRLReason of RFC 5280 section 5.3.1 fails. */
static int reason_of(const X509_REVOKED *r, int *out, struct err *e)
{
        int found;
        ASN1_ENUMERATED *code =
            X509_REVOKED_get_ext_d2i(r, NID_crl_reason, &found, NULL);
        bool unreadable = code == NULL && found != -1;
        long reason = code != NULL ? ASN1_ENUMERATED_get(code) : 0;
        bool named = reason >= 0 && reason <= 10 && reason != 7;

        *out = code != NULL ? (int)reason : -1;
        ASN1_ENUMERATED_free(code);
        ERR_clear_error();
        if (unreadable || !named)
                return err_set(e, ERR_DATA,
                    "its reasonCode is none of RFC 5280 section 5.3.1");
        return 0;
}

static int invalidity_of(const X509_REVOKED *r, int64_t *out, struct err *e)
{
        int found;
        ASN1_GENERALIZEDTIME *at =
            X509_REVOKED_get_ext_d2i(r, NID_invalidity_date, &found, NULL);
        bool unreadable = at == NULL && found != -1;

        *out = at == NULL ? 0 : time_seconds(at, INT64_MIN);
        ASN1_GENERALIZEDTIME_free(at);
        ERR_clear_error();
        if (unreadable || *out == INT64_MIN)
                return err_set(
                    e, ERR_DATA, "its invalidityDate cannot be read");
        return 0;
}

static int read_entry(const X509_REVOKED *r, struct pki_serial *serial,
    struct pki_crl_entry *out, struct err *e)
{
        *serial = serial_octets(X509_REVOKED_get0_serialNumber(r));
        out->serial = (struct span){serial->octets, serial->len};
        if (serial->len == 0)
                return err_set(e, ERR_DATA,
                    "its serial number is longer than %d bytes",
                    PKI_SERIAL_MAX);
        out->revocation_time =
            time_seconds(X509_REVOKED_get0_revocationDate(r), INT64_MIN);
        if (out->revocation_time == INT64_MIN)
                return err_set(
                    e, ERR_DATA, "its revocationDate cannot be read");
        if (check_entry_extensions(r, e) != 0 ||
            reason_of(r, &out->reason, e) != 0)
                return -1;
        return invalidity_of(r, &out->invalidity_at, e);
}

int pki_crl_each(X509_CRL *crl,
    int (*row)(void *arg, const struct pki_crl_entry *entry, struct err *e),
    void *arg, struct err *e)
{
        STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl);
        struct pki_crl_entry entry;
        struct pki_serial serial;
        int i, rc = 0;

        if (check_extensions(crl, e) != 0)
                return -1;
        for (i = 0; rc == 0 && i < sk_X509_REVOKED_num(list); i++) {
                if (read_entry(sk_X509_REVOKED_value(list, i), &serial, &entry,
                        e) != 0)
                        return err_prefix(e, "CRL: entry %d", i + 1);
                rc = row(arg, &entry, e);
        }
        return rc;
}
