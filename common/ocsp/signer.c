#include "ocsp/signer.h"

#include "ocsp/der.h"

#include <openssl/err.h>
#include <openssl/objects.h>

#include <stdlib.h>

static int openssl_failed(struct err *e, const char *what)
{
        char text[160] = "no reason given";
        unsigned long code = ERR_peek_last_error();

        if (code != 0)
                ERR_error_string_n(code, text, sizeof(text));
        ERR_clear_error();
        return err_set(e, ERR_INTERNAL, "signer: %s: %s", what, text);
}

/* ---- what never changes ------------------------------------------------ */

/* The key's own habit: a hash as strong as the curve. */
static const char *digest_name(EVP_PKEY *key, const EVP_MD *given)
{
        int type = EVP_PKEY_get_base_id(key);

        if (type == EVP_PKEY_ED25519 || type == EVP_PKEY_ED448)
                return NULL;
        if (given != NULL)
                return EVP_MD_get0_name(given);
        if (type != EVP_PKEY_EC || EVP_PKEY_get_bits(key) <= 256)
                return "SHA256";
        return EVP_PKEY_get_bits(key) <= 384 ? "SHA384" : "SHA512";
}

/* NID of key and digest together, or NID_undef. */
static int signature_nid(EVP_PKEY *key, const EVP_MD *digest)
{
        int nid;

        if (digest == NULL) /* EdDSA: key and signature share their OID */
                return EVP_PKEY_get_base_id(key);
        if (!OBJ_find_sigid_by_algs(
                &nid, EVP_MD_get_type(digest), EVP_PKEY_get_base_id(key)))
                return NID_undef;
        return nid;
}

/* AlgorithmIdentifier: NULL parameters for RSA (RFC 4055 section 5), none for
 * ECDSA (RFC 5758 section 3.2) and EdDSA (RFC 8410 section 3). */
static int make_algorithm(struct ocsp_signer *s, struct err *e)
{
        bool rsa = EVP_PKEY_get_base_id(s->key) == EVP_PKEY_RSA;
        int nid = signature_nid(s->key, s->digest), len = 0;
        X509_ALGOR *algorithm = X509_ALGOR_new();
        uint8_t *der = NULL;

        if (nid == NID_undef)
                err_set(e, ERR_CONFIG,
                    "signer: no signature algorithm for a %s key with %s",
                    EVP_PKEY_get0_type_name(s->key),
                    EVP_MD_get0_name(s->digest));
        else if (algorithm == NULL ||
                 !X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid),
                     rsa ? V_ASN1_NULL : V_ASN1_UNDEF, NULL) ||
                 (len = i2d_X509_ALGOR(algorithm, &der)) <= 0)
                openssl_failed(e, "AlgorithmIdentifier");
        else
                buf_append(&s->algorithm, der, (size_t)len);
        OPENSSL_free(der);
        X509_ALGOR_free(algorithm);
        return len > 0 ? 0 : -1;
}

static void put_header(struct buf *b, uint8_t tag, size_t len)
{
        uint8_t header[DER_HEADER_MAX];

        buf_append(b, header, der_header(tag, len, header));
}

/* ResponderID, RFC 6960 section 4.2.1: the key's hash is SHA-1, whatever else
 * is used. */
static int make_ids(struct ocsp_signer *s, struct err *e)
{
        const X509_NAME *name = X509_get_subject_name(s->cert);
        uint8_t hash[EVP_MAX_MD_SIZE];
        const uint8_t *der;
        unsigned size;
        size_t len;

        if (!X509_pubkey_digest(s->cert, EVP_sha1(), hash, &size) ||
            !X509_NAME_get0_der(name, &der, &len))
                return openssl_failed(e, "responderID");
        put_header(&s->by_key, DER_EXPLICIT + 2, size + 2);
        put_header(&s->by_key, DER_OCTET_STRING, size);
        buf_append(&s->by_key, hash, size);
        put_header(&s->by_name, DER_EXPLICIT + 1, len);
        buf_append(&s->by_name, der, len);
        return 0;
}

static int make_certs(struct ocsp_signer *s, struct err *e)
{
        uint8_t header[DER_HEADER_MAX], *der = NULL;
        int len = i2d_X509(s->cert, &der);
        size_t head;

        if (len <= 0)
                return openssl_failed(e, "certificate");
        head = der_header(DER_SEQUENCE, (size_t)len, header);
        put_header(&s->certs, DER_EXPLICIT + 0, head + (size_t)len);
        buf_append(&s->certs, header, head);
        buf_append(&s->certs, der, (size_t)len);
        OPENSSL_free(der);
        return 0;
}

static int prepare(struct ocsp_signer *s, bool include_cert,
    const EVP_MD *given, struct err *e)
{
        const char *digest = digest_name(s->key, given);

        if (!X509_check_private_key(s->cert, s->key)) {
                ERR_clear_error();
                return err_set(
                    e, ERR_CONFIG, "signer: key and certificate do not match");
        }
        if (EVP_PKEY_get_size(s->key) > OCSP_SIGNATURE_MAX)
                return err_set(e, ERR_CONFIG,
                    "signer: signatures of %d octets: the limit is %d",
                    EVP_PKEY_get_size(s->key), OCSP_SIGNATURE_MAX);
        if (digest != NULL) {
                s->digest = EVP_MD_fetch(NULL, digest, NULL);
                if (s->digest == NULL)
                        return openssl_failed(e, digest);
        }
        s->prepared = EVP_MD_CTX_new();
        if (s->prepared == NULL ||
            EVP_DigestSignInit(s->prepared, NULL, s->digest, NULL, s->key) != 1)
                return openssl_failed(e, "EVP_DigestSignInit");
        /* What signs is a copy for one signature: to finish it as it is saves
         * the copy that OpenSSL would make to leave it open. */
        EVP_MD_CTX_set_flags(s->prepared, EVP_MD_CTX_FLAG_FINALISE);
        if (make_algorithm(s, e) != 0 || make_ids(s, e) != 0 ||
            (include_cert && make_certs(s, e) != 0))
                return -1;
        if (s->algorithm.failed || s->by_key.failed || s->by_name.failed ||
            s->certs.failed)
                return err_set(e, ERR_OS, "signer: out of memory");
        return 0;
}

int ocsp_signer_new(X509 *cert, EVP_PKEY *key, bool include_cert,
    const EVP_MD *digest, struct ocsp_signer **out, struct err *e)
{
        struct ocsp_signer *s = calloc(1, sizeof(*s));

        if (s == NULL)
                return err_set(e, ERR_OS, "signer: out of memory");
        X509_up_ref(cert);
        EVP_PKEY_up_ref(key);
        s->cert = cert;
        s->key = key;
        if (prepare(s, include_cert, digest, e) != 0) {
                ocsp_signer_free(s);
                return -1;
        }
        *out = s;
        return 0;
}

void ocsp_signer_free(struct ocsp_signer *s)
{
        if (s == NULL)
                return;
        buf_release(&s->algorithm);
        buf_release(&s->by_key);
        buf_release(&s->by_name);
        buf_release(&s->certs);
        EVP_MD_CTX_free(s->prepared);
        EVP_MD_free(s->digest);
        EVP_PKEY_free(s->key);
        X509_free(s->cert);
        free(s);
}

/* ---- signing ----------------------------------------------------------- */

/* Copying the prepared context takes several microseconds less than to
 * initialise one, a tenth of a P-256 signature. */
int ocsp_signer_sign(const struct ocsp_signer *s, struct span tbs,
    uint8_t *signature, size_t *len, struct err *e)
{
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        int rc = 0;

        *len = OCSP_SIGNATURE_MAX;
        if (ctx == NULL || EVP_MD_CTX_copy_ex(ctx, s->prepared) != 1 ||
            EVP_DigestSign(ctx, signature, len, tbs.data, tbs.len) != 1)
                rc = openssl_failed(e, "signing");
        EVP_MD_CTX_free(ctx);
        return rc;
}
