#include <openssl/asn1.h>
#include <openssl/objects.h>

#include <stdio.h>

#include "cmd_signer.h"

/* The clock of the CA elsewhere may be a little ahead of ours. */
enum { AHEAD_S = 300 };

static int refuse(const struct signer_question *q, const char *why,
    const char *section, struct err *e)
{
        return err_set(e, ERR_DATA, "%s: %s (%s)", q->path, why, section);
}

/* ---- who issued it ----------------------------------------------------- */

static bool is_self_signed(X509 *cert)
{
        return X509_NAME_cmp(X509_get_issuer_name(cert),
                   X509_get_subject_name(cert)) == 0 &&
               X509_verify(cert, X509_get0_pubkey(cert)) == 1;
}

static int not_issued(const struct signer_question *q, X509 *ca, struct err *e)
{
        char subject[PKI_NAME_TEXT_MAX];

        if (is_self_signed(q->cert))
                return err_set(e, ERR_DATA,
                    "%s: self-signed: if clients are to trust it itself, add "
                    "--trusted (RFC 6960 section 4.2.2.2)",
                    q->path);
        if (X509_NAME_cmp(
                X509_get_issuer_name(q->cert), X509_get_subject_name(ca)) == 0)
                return err_set(e, ERR_DATA,
                    "%s: names the CA %s as its issuer, but another key has "
                    "signed it",
                    q->path, q->ca->name);
        return err_set(e, ERR_DATA,
            "%s: was not issued by %s, '%s', for which it shall sign (RFC 6960 "
            "section 4.2.2.2): name the right CA with --ca",
            q->path, q->ca->name, pki_subject(ca, subject));
}

static int check_issuer(const struct signer_question *q, struct err *e)
{
        X509 *ca = NULL;
        int rc = 0;

        if (pki_cert_from_der(
                (struct span){q->ca->der, q->ca->der_len}, &ca, e) != 0)
                return err_prefix(e, "CA %s in the database", q->ca->name);
        if (X509_NAME_cmp(X509_get_issuer_name(q->cert),
                X509_get_subject_name(ca)) != 0 ||
            X509_verify(q->cert, X509_get0_pubkey(ca)) != 1)
                rc = not_issued(q, ca, e);
        X509_free(ca);
        return rc;
}

/* ---- what it may be used for ------------------------------------------- */

static int check_usage(const struct signer_question *q, struct err *e)
{
        if (pki_ca_check(q->cert, q->path, NULL) == 0)
                return refuse(q, "a CA certificate, and no OCSP signer's",
                    "basicConstraints, RFC 5280 section 4.2.1.9", e);
        return pki_may_sign(q->cert)
                   ? 0
                   : refuse(q, "its keyUsage lacks digitalSignature",
                         "RFC 5280 section 4.2.1.3", e);
}

static int check_purpose(const struct signer_question *q, struct err *e)
{
        STACK_OF(ASN1_OBJECT) *list =
            X509_get_ext_d2i(q->cert, NID_ext_key_usage, NULL, NULL);
        bool signing = false, others = false;
        int i;

        for (i = 0; i < sk_ASN1_OBJECT_num(list); i++)
                if (OBJ_obj2nid(sk_ASN1_OBJECT_value(list, i)) == NID_OCSP_sign)
                        signing = true;
                else
                        others = true;
        sk_ASN1_OBJECT_pop_free(list, ASN1_OBJECT_free);
        if (!signing)
                return refuse(q, "has no extended key usage OCSPSigning",
                    "RFC 6960 section 4.2.2.2", e);
        if (others)
                fprintf(stderr,
                    "ocsp-ca: note: %s has other extended key usages than "
                    "OCSPSigning: some clients refuse that\n",
                    q->path);
        if (X509_get_ext_by_NID(q->cert, NID_id_pkix_OCSP_noCheck, -1) < 0)
                fprintf(stderr,
                    "ocsp-ca: note: %s has no id-pkix-ocsp-nocheck: clients "
                    "may want its own status too, or refuse its answers (RFC "
                    "6960 section 4.2.2.2.1)\n",
                    q->path);
        return 0;
}

/* ---- when -------------------------------------------------------------- */

static int check_time(const struct signer_question *q, struct err *e)
{
        int64_t begin = pki_not_before(q->cert), end = pki_not_after(q->cert);
        char at[TIME_TEXT_MAX];

        if (end <= q->now)
                return err_set(e, ERR_DATA, "%s: has expired on %s", q->path,
                    format_time(end, at));
        if (begin > q->now + AHEAD_S)
                return err_set(e, ERR_DATA,
                    "%s: is not valid before %s: install it then", q->path,
                    format_time(begin, at));
        if (begin > q->now)
                fprintf(stderr,
                    "ocsp-ca: note: %s is valid from %s on: until then nobody "
                    "signs\n",
                    q->path, format_time(begin, at));
        return 0;
}

int signer_check(const struct signer_question *q, struct err *e)
{
        if (!q->trusted && check_issuer(q, e) != 0)
                return -1;
        if ((!q->unchecked && check_usage(q, e) != 0) || check_time(q, e) != 0)
                return -1;
        return q->trusted ? 0 : check_purpose(q, e);
}
