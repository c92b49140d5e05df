#include "judge.h"

#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <time.h>

static const int64_t low_60 = ((int64_t)1 << 60) - 1;

/* ---- trust -------------------------------------------------------------- */

/* That CA and nothing else; made when it is first met. */
struct trust {
        X509_STORE *store;
        STACK_OF(X509) *certs;
};

static struct trust *trust_of(struct board *b, int64_t ca)
{
        static struct trust known[BOARD_CAS];
        struct trust *t = &known[ca];
        const uint8_t *der = b->cas[ca].der;
        X509 *cert;

        if (t->store != NULL)
                return t;
        cert = d2i_X509(NULL, &der, (long)b->cas[ca].der_len);
        t->certs = sk_X509_new_null();
        t->store = X509_STORE_new();
        if (cert == NULL || t->certs == NULL || t->store == NULL ||
            X509_STORE_add_cert(t->store, cert) != 1 ||
            sk_X509_push(t->certs, cert) == 0)
                abort();
        X509_STORE_set_flags(t->store, X509_V_FLAG_PARTIAL_CHAIN);
        return t;
}

/* The signer as of the lab's time, which is the answer's. */
static bool is_signed(
    const struct trust *t, OCSP_BASICRESP *basic, const struct facts *f)
{
        X509_VERIFY_PARAM_set_time(
            X509_STORE_get0_param(t->store), (time_t)f->this_update);
        return OCSP_basic_verify(basic, t->certs, t->store, OCSP_NOEXPLICIT) ==
               1;
}

/* ---- what it says -------------------------------------------------------- */

static int64_t seconds_of(const ASN1_GENERALIZEDTIME *t)
{
        struct tm tm;

        return t != NULL && ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : -1;
}

static int64_t signer_of(OCSP_BASICRESP *basic, const struct trust *t)
{
        uint64_t serial = 0;
        uint8_t octets[32];
        X509 *signer;
        BIGNUM *n;
        int i, len;

        if (OCSP_resp_get0_signer(basic, &signer, t->certs) != 1)
                return -1;
        n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(signer), NULL);
        len = n != NULL && BN_num_bytes(n) <= (int)sizeof(octets)
                  ? BN_bn2bin(n, octets)
                  : 0;
        BN_free(n);
        for (i = 0; i < len; i++)
                serial = serial << 8 | octets[i];
        return (int64_t)serial & low_60;
}

static const char *read_single(
    OCSP_REQUEST *request, OCSP_BASICRESP *basic, struct facts *out)
{
        OCSP_CERTID *id =
            OCSP_onereq_get0_id(OCSP_request_onereq_get0(request, 0));
        ASN1_GENERALIZEDTIME *this_update, *next_update;
        int status, nonce;

        if (OCSP_resp_count(basic) != 1 ||
            OCSP_resp_find_status(basic, id, &status, NULL, NULL, &this_update,
                &next_update) != 1)
                return "about another certificate";
        if (status != V_OCSP_CERTSTATUS_GOOD &&
            status != V_OCSP_CERTSTATUS_REVOKED)
                return "unknown";
        nonce = OCSP_check_nonce(request, basic);
        if (nonce != 1 && nonce != 2) /* equal, or none on both sides */
                return "another nonce";
        out->revoked = status == V_OCSP_CERTSTATUS_REVOKED;
        out->this_update = seconds_of(this_update);
        out->next_update = seconds_of(next_update);
        out->produced_at = seconds_of(OCSP_resp_get0_produced_at(basic));
        return NULL;
}

static const char *read_basic(const struct trust *t, OCSP_REQUEST *request,
    OCSP_BASICRESP *basic, bool verify, struct facts *out)
{
        const char *flaw = read_single(request, basic, out);

        if (flaw != NULL)
                return flaw;
        out->signer = signer_of(basic, t);
        if (out->signer < 0)
                return "without its signer";
        if (verify && !is_signed(t, basic, out))
                return "not signed by whom it may be";
        return NULL;
}

void judge_read(struct board *b, int64_t ca, const uint8_t *request,
    size_t request_len, const uint8_t *answer, size_t len, bool verify,
    struct facts *out)
{
        const uint8_t *request_end = request, *end = answer;
        OCSP_REQUEST *q =
            d2i_OCSP_REQUEST(NULL, &request_end, (long)request_len);
        OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &end, (long)len);
        OCSP_BASICRESP *basic = NULL;

        *out = (struct facts){.flaw = "not DER"};
        if (q == NULL)
                abort();
        if (r == NULL || end != answer + len)
                goto out;
        out->flaw = NULL;
        out->error = OCSP_response_status(r);
        if (out->error != OCSP_RESPONSE_STATUS_SUCCESSFUL)
                goto out;
        basic = OCSP_response_get1_basic(r);
        out->flaw = basic == NULL
                        ? "without a basic response"
                        : read_basic(trust_of(b, ca), q, basic, verify, out);
out:
        OCSP_BASICRESP_free(basic);
        OCSP_RESPONSE_free(r);
        OCSP_REQUEST_free(q);
}
