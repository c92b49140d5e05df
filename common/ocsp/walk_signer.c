/* Who signed, may he, and did he: RFC 6960 sections 3.2 (2) to (4) and
 * 4.2.2.2. */
#include "ocsp/walk.h"

#include <openssl/objects.h>

#include "base/parse.h"
#include "pki/pki.h"

static void describe_responder(
    const struct ocsp_response *r, char out[PKI_NAME_TEXT_MAX])
{
        const uint8_t *p = r->responder.data;
        X509_NAME *name;
        BIO *text;
        int len = 0;

        out[0] = '\0';
        if (r->responder_id == OCSP_BY_KEY) {
                hex_encode(r->responder, out, PKI_NAME_TEXT_MAX);
                return;
        }
        name = d2i_X509_NAME(NULL, &p, (long)r->responder.len);
        text = BIO_new(BIO_s_mem());
        if (name != NULL && text != NULL &&
            X509_NAME_print_ex(text, name, 0, XN_FLAG_RFC2253) >= 0)
                len = BIO_read(text, out, PKI_NAME_TEXT_MAX - 1);
        out[len > 0 ? len : 0] = '\0';
        BIO_free(text);
        X509_NAME_free(name);
}

void walk_responder_id(struct walk *w)
{
        const struct ocsp_response *r = w->response;
        char id[PKI_NAME_TEXT_MAX];
        char subject[PKI_NAME_TEXT_MAX];
        const char *kind = r->responder_id == OCSP_BY_KEY ? "key" : "name";

        describe_responder(r, id);
        if (!authority_find(w->question, r, &w->signer)) {
                walk_fail(w,
                    "neither the issuer nor any of the %zu "
                    "certificates in the answer has the %s %.100s",
                    r->certs_len, kind, id);
                return;
        }
        w->have |= WALK_SIGNER;
        walk_pass(w, "%s %.64s is that of %.120s", kind, id,
            pki_subject(w->signer.cert, subject));
}

/* The reason why the certificate may not speak for the CA. */
static const char *objection(const struct authority *a)
{
        if (a->is_leaf)
                return "it is the certificate in question itself";
        if (!a->names_issuer)
                return "it was not issued by the issuer of the certificate";
        if (!a->issued)
                return "the issuer's key did not sign it (or with a broken "
                       "digest)";
        if (!a->ocsp_signing)
                return "it lacks the extended key usage OCSPSigning";
        return "it has a critical extension that nobody here understands";
}

void walk_authority(struct walk *w)
{
        const struct authority *a = &w->signer;
        char subject[PKI_NAME_TEXT_MAX];

        pki_subject(a->cert, subject);
        switch (a->role) {
        case AUTHORITY_ISSUER:
                walk_pass(w, "%.120s is the issuer itself", subject);
                break;
        case AUTHORITY_DELEGATE:
                walk_pass(w,
                    "%.120s was issued by the issuer itself, with "
                    "OCSPSigning",
                    subject);
                break;
        case AUTHORITY_TRUSTED:
                walk_pass(w,
                    "%.120s is the responder that was named as "
                    "trusted",
                    subject);
                break;
        case AUTHORITY_NONE:
                walk_fail(w, "%.100s may not sign answers for this issuer: %s",
                    subject, objection(a));
                break;
        }
}

/* RFC 5280 section 4.2.1.3.  A CA that signs answers itself without the bit
 * breaks a rule for CAs; its authority is not in doubt. */
void walk_key_usage(struct walk *w)
{
        if (w->signer.digital_signature)
                walk_pass(w, "the signer's keyUsage allows digitalSignature");
        else if (w->signer.role == AUTHORITY_ISSUER)
                walk_note(w, "the issuer's keyUsage lacks digitalSignature; "
                             "it may speak for itself all the same");
        else
                walk_fail(w, "the signer's keyUsage lacks digitalSignature");
}

void walk_signer_validity(struct walk *w)
{
        int64_t from = pki_not_before(w->signer.cert);
        int64_t until = pki_not_after(w->signer.cert);
        char text[2][TIME_TEXT_MAX];

        format_time(from, text[0]);
        format_time(until, text[1]);
        if (w->signer.valid)
                walk_pass(w, "the signer's certificate is valid from %s to %s",
                    text[0], text[1]);
        else if (w->question->now < from)
                walk_fail(w, "the signer's certificate is not valid before %s",
                    text[0]);
        else
                walk_fail(w, "the signer's certificate expired at %s", text[1]);
}

/* RFC 6960 section 4.2.2.2.1.  Without nocheck the CA leaves it to the client
 * how to learn of the signer's own revocation.  To ask OCSP would be to ask
 * the delegate about itself, so it is its issuer's CRL that tells, where there
 * is one.  Without any the answer is not refused: no RFC demands that. */
static void look_up(struct walk *w)
{
        const struct ocsp_question *q = w->question;

        switch (pki_crl_word(q->crls, w->signer.cert, q->issuer, q->now)) {
        case PKI_CRL_REVOKED:
                walk_fail(w, "the delegate lacks id-pkix-ocsp-nocheck, and the "
                             "CRL of its issuer lists it: it was revoked "
                             "itself");
                break;
        case PKI_CRL_CLEAR:
                walk_pass(w, "the delegate lacks id-pkix-ocsp-nocheck, but the "
                             "CRL of its issuer does not list it");
                break;
        case PKI_CRL_SILENT:
                walk_note(w, "the delegate lacks id-pkix-ocsp-nocheck, and no "
                             "valid CRL of its issuer is at hand: whether it "
                             "was revoked itself is not known");
                break;
        }
}

void walk_nocheck(struct walk *w)
{
        if (w->signer.role != AUTHORITY_DELEGATE)
                walk_note(w, "not asked of a signer that is no delegate");
        else if (w->signer.nocheck)
                walk_pass(w, "the delegate carries id-pkix-ocsp-nocheck: its "
                             "issuer vouches for it while it is valid");
        else
                look_up(w);
}

static bool suits(const struct authority_algorithm *a, EVP_PKEY *key)
{
        int type = EVP_PKEY_get_base_id(key);

        return type == a->key ||
               (a->nid == NID_rsassaPss && type == EVP_PKEY_RSA_PSS);
}

static void judge_algorithm(struct walk *w, const X509_ALGOR *algorithm)
{
        struct authority_algorithm a = authority_algorithm_of(algorithm);
        EVP_PKEY *key = X509_get0_pubkey(w->signer.cert);
        const char *name = OBJ_nid2ln(a.nid);

        if (a.nid == NID_undef || a.key == NID_undef)
                walk_fail(w, "the signature algorithm is not known");
        else if (authority_digest_is_broken(a.digest))
                walk_fail(w, "signed with %s: collisions can be made for %s",
                    name, OBJ_nid2ln(a.digest));
        else if (key == NULL)
                walk_fail(w, "the signer's key cannot be read");
        else if (!suits(&a, key))
                walk_fail(w, "%s, but the signer's key is %s", name,
                    OBJ_nid2ln(EVP_PKEY_get_base_id(key)));
        else if (EVP_PKEY_get_security_bits(key) < AUTHORITY_SECURITY_BITS_MIN)
                walk_fail(w,
                    "the signer's key of %d bits is too weak (%d bits "
                    "of security, wanted %d)",
                    EVP_PKEY_get_bits(key), EVP_PKEY_get_security_bits(key),
                    AUTHORITY_SECURITY_BITS_MIN);
        else
                walk_pass(w, "%s with a key of %d bits", name,
                    EVP_PKEY_get_bits(key));
}

void walk_algorithm(struct walk *w)
{
        struct span der = w->response->signature_algorithm;
        const uint8_t *p = der.data;
        X509_ALGOR *algorithm = d2i_X509_ALGOR(NULL, &p, (long)der.len);

        if (algorithm == NULL)
                walk_fail(w, "the signature algorithm cannot be read");
        else
                judge_algorithm(w, algorithm);
        X509_ALGOR_free(algorithm);
}

void walk_signature(struct walk *w)
{
        char subject[PKI_NAME_TEXT_MAX];

        pki_subject(w->signer.cert, subject);
        if (w->signer.signature)
                walk_pass(
                    w, "made over these bytes by the key of %.120s", subject);
        else
                walk_fail(w, "not made over these bytes by the key of %.120s",
                    subject);
}
