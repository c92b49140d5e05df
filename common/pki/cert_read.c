#include "pki/pki.h"

#include <openssl/err.h>

#include <arpa/inet.h>
#include <string.h>

#include "pki/internal.h"

X509 *pki_issuer_of(X509 *cert, STACK_OF(X509) *certs)
{
        int i;

        for (i = 0; i < sk_X509_num(certs); i++) {
                X509 *c = sk_X509_value(certs, i);
                int verified;

                if (X509_NAME_cmp(X509_get_subject_name(c),
                        X509_get_issuer_name(cert)) != 0)
                        continue;
                verified = X509_verify(cert, X509_get0_pubkey(c));
                ERR_clear_error();
                if (verified == 1)
                        return c;
        }
        return NULL;
}

bool pki_name_matches(X509 *cert, const char *host)
{
        /* SANs only, RFC 9525 section 6.3: no fall back to the CN. */
        const unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                               X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
        int ip;

        /* An empty name, or one with a leading dot, means "any" to OpenSSL. */
        if (host[0] == '\0' || host[0] == '.')
                return false;
        ip = X509_check_ip_asc(cert, host, 0);
        if (ip == -2) /* not an address */
                ip = X509_check_host(cert, host, 0, flags, NULL);
        ERR_clear_error();
        return ip == 1;
}

bool pki_dns_name(X509 *cert, char *out, size_t size)
{
        GENERAL_NAMES *names =
            X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
        bool found = false;
        int i;

        for (i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
                const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
                const char *text;
                size_t len;

                if (name->type != GEN_DNS)
                        continue;
                text = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
                len = (size_t)ASN1_STRING_length(name->d.dNSName);
                if (len == 0 || len >= size || memchr(text, '\0', len) != NULL)
                        continue;
                memcpy(out, text, len);
                out[len] = '\0';
                found = true;
        }
        GENERAL_NAMES_free(names);
        ERR_clear_error();
        return found;
}

int64_t time_seconds(const ASN1_TIME *t, int64_t unreadable)
{
        struct tm tm;

        if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1) {
                ERR_clear_error();
                return unreadable;
        }
        return utc_seconds(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
            tm.tm_hour, tm.tm_min, tm.tm_sec);
}

int64_t pki_not_before(const X509 *cert)
{
        return time_seconds(X509_get0_notBefore(cert), INT64_MAX);
}

int64_t pki_not_after(const X509 *cert)
{
        return time_seconds(X509_get0_notAfter(cert), INT64_MIN);
}

const char *pki_subject(const X509 *cert, char out[PKI_NAME_TEXT_MAX])
{
        BIO *bio = BIO_new(BIO_s_mem());
        char *text = NULL;
        long len = 0;

        if (bio != NULL && X509_NAME_print_ex(bio, X509_get_subject_name(cert),
                               0, XN_FLAG_RFC2253) >= 0)
                len = BIO_get_mem_data(bio, &text);
        if (len <= 0)
                snprintf(out, PKI_NAME_TEXT_MAX, "(no subject)");
        else if (len < PKI_NAME_TEXT_MAX)
                snprintf(out, PKI_NAME_TEXT_MAX, "%.*s", (int)len, text);
        else
                snprintf(out, PKI_NAME_TEXT_MAX, "%.*s...",
                    PKI_NAME_TEXT_MAX - 4, text);
        BIO_free(bio);
        ERR_clear_error();
        return out;
}

long pki_path_len(X509 *cert)
{
        return X509_get_pathlen(cert);
}

bool extension_must_staple(const STACK_OF(X509_EXTENSION) *exts)
{
        enum { STATUS_REQUEST = 5 }; /* RFC 6066 section 8 */
        TLS_FEATURE *features =
            X509V3_get_d2i(exts, NID_tlsfeature, NULL, NULL);
        bool found = false;
        int i;

        for (i = 0; i < sk_ASN1_INTEGER_num(features); i++)
                if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) ==
                    STATUS_REQUEST)
                        found = true;
        sk_ASN1_INTEGER_pop_free(features, ASN1_INTEGER_free);
        ERR_clear_error();
        return found;
}

bool pki_must_staple(X509 *cert)
{
        return extension_must_staple(X509_get0_extensions(cert));
}

char *ia5_text(const ASN1_IA5STRING *s)
{
        const char *text = (const char *)ASN1_STRING_get0_data(s);
        size_t i, len = (size_t)ASN1_STRING_length(s);

        for (i = 0; i < len; i++)
                if (text[i] <= ' ' || text[i] >= 0x7f)
                        return NULL;
        return OPENSSL_strndup(text, len);
}

/* The URL of an id-ad-ocsp entry; NULL if it is something else. */
static char *ocsp_url(const ACCESS_DESCRIPTION *ad)
{
        if (OBJ_obj2nid(ad->method) != NID_ad_OCSP ||
            ad->location->type != GEN_URI)
                return NULL;
        return ia5_text(ad->location->d.uniformResourceIdentifier);
}

size_t pki_ocsp_urls(X509 *cert, char *urls[], size_t max)
{
        AUTHORITY_INFO_ACCESS *aia =
            X509_get_ext_d2i(cert, NID_info_access, NULL, NULL);
        size_t n = 0;
        char *url;
        int i;

        for (i = 0; i < sk_ACCESS_DESCRIPTION_num(aia) && n < max; i++) {
                url = ocsp_url(sk_ACCESS_DESCRIPTION_value(aia, i));
                if (url != NULL)
                        urls[n++] = url;
        }
        AUTHORITY_INFO_ACCESS_free(aia);
        ERR_clear_error();
        return n;
}

static char *ip_text(const ASN1_OCTET_STRING *ip)
{
        int len = ASN1_STRING_length(ip);
        char text[INET6_ADDRSTRLEN];

        if ((len != 4 && len != 16) ||
            inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip),
                text, sizeof(text)) == NULL)
                return NULL;
        return OPENSSL_strdup(text);
}

static char *san_text(const GENERAL_NAME *name)
{
        switch (name->type) {
        case GEN_DNS:
                return ia5_text(name->d.dNSName);
        case GEN_IPADD:
                return ip_text(name->d.iPAddress);
        case GEN_EMAIL:
                return ia5_text(name->d.rfc822Name);
        case GEN_URI:
                return ia5_text(name->d.uniformResourceIdentifier);
        }
        return NULL;
}

size_t extension_sans(
    const STACK_OF(X509_EXTENSION) *exts, char *sans[], size_t max)
{
        GENERAL_NAMES *names =
            X509V3_get_d2i(exts, NID_subject_alt_name, NULL, NULL);
        size_t n = 0;
        char *text;
        int i;

        for (i = 0; i < sk_GENERAL_NAME_num(names) && n < max; i++) {
                text = san_text(sk_GENERAL_NAME_value(names, i));
                if (text != NULL)
                        sans[n++] = text;
        }
        GENERAL_NAMES_free(names);
        ERR_clear_error();
        return n;
}

size_t pki_sans(X509 *cert, char *sans[], size_t max)
{
        return extension_sans(X509_get0_extensions(cert), sans, max);
}

int pki_ca_check(X509 *cert, const char *path, struct err *e)
{
        uint32_t flags = X509_get_extension_flags(cert);
        char name[PKI_NAME_TEXT_MAX];

        pki_subject(cert, name);
        ERR_clear_error();
        if ((flags & EXFLAG_INVALID) != 0)
                return err_set(e, ERR_DATA,
                    "%s: %s: an extension of this certificate cannot be read",
                    path, name);
        if ((flags & EXFLAG_CA) == 0)
                return err_set(e, ERR_DATA,
                    "%s: %s: not a CA: its basicConstraints do not say so "
                    "(RFC 5280 section 4.2.1.9)",
                    path, name);
        if ((X509_get_key_usage(cert) & KU_KEY_CERT_SIGN) == 0)
                return err_set(e, ERR_DATA,
                    "%s: %s: its keyUsage lacks keyCertSign, so it may not "
                    "sign certificates (RFC 5280 section 4.2.1.3)",
                    path, name);
        return 0;
}

bool pki_may_sign(X509 *cert)
{
        return (X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE) != 0;
}

bool pki_is_beyond_us(X509 *cert)
{
        return (X509_get_extension_flags(cert) &
                   (EXFLAG_CRITICAL | EXFLAG_INVALID)) != 0;
}
