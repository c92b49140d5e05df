#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>

#include <ctype.h>
#include <string.h>

#include "fuzz.h"
#include "responder_lab.h"

/* ---- what the database holds, told once more ----------------------------- */

static const struct fact {
        enum role who, issuer;
        int status, reason;
} facts[] = {
    {A_GOOD, CA_A, V_OCSP_CERTSTATUS_GOOD, -1},
    {A_REVOKED, CA_A, V_OCSP_CERTSTATUS_REVOKED, OCSP_REASON_KEY_COMPROMISE},
    {A_HELD, CA_A, V_OCSP_CERTSTATUS_REVOKED, OCSP_REASON_HOLD},
    {A_EXPIRED, CA_A, V_OCSP_CERTSTATUS_GOOD, -1},
    {B_GOOD, CA_B, V_OCSP_CERTSTATUS_GOOD, -1},
    {B_REVOKED, CA_B, V_OCSP_CERTSTATUS_REVOKED, -1},
};

/* The certID of that fact with either hash is the one given. */
static bool is_about(const struct fact *f, OCSP_CERTID *id)
{
        static OCSP_CERTID *ids[ROLES][2];
        OCSP_CERTID **own = ids[f->who];
        X509 *cert = cast_of(f->who)->cert, *ca = cast_of(f->issuer)->cert;

        if (own[0] == NULL) {
                own[0] = OCSP_cert_to_id(EVP_sha1(), cert, ca);
                own[1] = OCSP_cert_to_id(EVP_sha256(), cert, ca);
        }
        return OCSP_id_cmp(own[0], id) == 0 || OCSP_id_cmp(own[1], id) == 0;
}

static const struct fact *find_fact(OCSP_CERTID *id)
{
        size_t i;

        for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
                if (is_about(&facts[i], id))
                        return &facts[i];
        return NULL;
}

/* ---- one record ---------------------------------------------------------- */

/* RFC 9919 section 3.2.4. */
static void check_time(const ASN1_GENERALIZEDTIME *t)
{
        const uint8_t *text = ASN1_STRING_get0_data(t);
        int i;

        must(ASN1_STRING_length(t) == 15 && text[14] == 'Z');
        for (i = 0; i < 14; i++)
                must(isdigit(text[i]));
}

/* For what the CA never issued the policy speaks. */
static void check_unissued(
    const struct answer_policy *p, int status, int reason)
{
        switch (p->unissued) {
        case ANSWER_UNISSUED_UNKNOWN:
                must(status == V_OCSP_CERTSTATUS_UNKNOWN);
                return;
        case ANSWER_UNISSUED_UNAUTHORIZED:
                abort();
        case ANSWER_UNISSUED_GOOD:
                must(status == V_OCSP_CERTSTATUS_GOOD);
                return;
        case ANSWER_UNISSUED_REVOKE:
                must(status == V_OCSP_CERTSTATUS_REVOKED &&
                     reason == OCSP_REASON_HOLD);
                return;
        }
}

static void check_single(
    const struct responder *r, OCSP_SINGLERESP *single, OCSP_CERTID *asked)
{
        ASN1_GENERALIZEDTIME *revoked, *this_update, *next_update;
        OCSP_CERTID *id =
            (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(single);
        const struct fact *f = find_fact(id);
        int reason, status = OCSP_single_get0_status(
                        single, &reason, &revoked, &this_update, &next_update);

        must(OCSP_id_cmp(id, asked) == 0);
        must(this_update != NULL && next_update != NULL);
        check_time(this_update);
        check_time(next_update);
        must(ASN1_TIME_compare(this_update, next_update) == -1);
        must(ASN1_TIME_cmp_time_t(this_update, (time_t)r->at) <= 0);
        must(ASN1_TIME_cmp_time_t(next_update, (time_t)r->at) > 0);
        if (status == V_OCSP_CERTSTATUS_REVOKED)
                check_time(revoked);
        if (f == NULL)
                check_unissued(&r->options->policy, status, reason);
        else
                must(status == f->status &&
                     (status != V_OCSP_CERTSTATUS_REVOKED ||
                         reason == f->reason));
}

/* ---- all of it ----------------------------------------------------------- */

static void check_signature(const struct responder *r, OCSP_BASICRESP *basic)
{
        X509_STORE *store = X509_STORE_new();
        STACK_OF(X509) *certs = sk_X509_new_null();

        X509_STORE_add_cert(store, cast_of(ROOT)->cert);
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)r->at);
        sk_X509_push(certs, cast_of(CA_A)->cert);
        sk_X509_push(certs, cast_of(CA_B)->cert);
        must(OCSP_basic_verify(basic, certs, store, OCSP_NOEXPLICIT) == 1);
        sk_X509_free(certs);
        X509_STORE_free(store);
}

/* The request's nonce, or none. */
static void check_nonce(
    const struct responder *r, OCSP_REQUEST *request, OCSP_BASICRESP *basic)
{
        int match = OCSP_check_nonce(request, basic);

        switch (r->options->policy.nonce) {
        case ANSWER_NONCE_ECHO:
                must(match == 1 || match == 2);
                return;
        case ANSWER_NONCE_IGNORE:
                must(match == -1 || match == 2);
                return;
        case ANSWER_NONCE_REQUIRE:
                must(match == 1);
                return;
        }
}

static void check_basic(
    const struct responder *r, OCSP_REQUEST *request, OCSP_BASICRESP *basic)
{
        OCSP_CERTID *asked;
        int i;

        must(OCSP_resp_count(basic) == OCSP_request_onereq_count(request));
        for (i = 0; i < OCSP_resp_count(basic); i++) {
                asked =
                    OCSP_onereq_get0_id(OCSP_request_onereq_get0(request, i));
                check_single(r, OCSP_resp_get0(basic, i), asked);
        }
        check_time(OCSP_resp_get0_produced_at(basic));
        check_nonce(r, request, basic);
        check_signature(r, basic);
}

/* Octets that OpenSSL would write as well. */
static OCSP_RESPONSE *read_response(struct span der)
{
        static struct ocsp_response ours;
        const uint8_t *p = der.data;
        OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)der.len);
        uint8_t *again = NULL;

        must(response != NULL && p == der.data + der.len);
        must(i2d_OCSP_RESPONSE(response, &again) == (int)der.len);
        must(memcmp(again, der.data, der.len) == 0);
        OPENSSL_free(again);
        must(ocsp_response_parse(der, &ours, NULL) == 0);
        return response;
}

static void check_error(
    const struct responder *r, struct span answer, int status)
{
        static const bool allowed[] = {[OCSP_MALFORMED_REQUEST] = true,
            [OCSP_INTERNAL_ERROR] = true,
            [OCSP_TRY_LATER] = true,
            [OCSP_SIG_REQUIRED] = true,
            [OCSP_UNAUTHORIZED] = true};

        must(answer.len == OCSP_ERROR_LEN);
        must(status > 0 && (size_t)status < sizeof(allowed) && allowed[status]);
        /* Nothing fails here but the signers, outside their time. */
        must(status != OCSP_TRY_LATER);
        must(status != OCSP_INTERNAL_ERROR || r->at < NOW - 2 * DAY ||
             r->at > NOW + 300 * (int64_t)DAY);
}

/* We read over a requestorName; OpenSSL looks into it, and may refuse the
 * request for it. */
static OCSP_REQUEST *read_request(struct span der)
{
        static struct ocsp_request ours;
        const uint8_t *p = der.data;
        OCSP_REQUEST *request = d2i_OCSP_REQUEST(NULL, &p, (long)der.len);
        struct span nonce = {NULL, 0};
        struct buf plain = {0};

        ERR_clear_error();
        if (request != NULL)
                return request;
        must(ocsp_request_parse(der, &ours, NULL) == OCSP_SUCCESSFUL);
        if (ours.has_nonce)
                nonce = ours.nonce;
        must(ocsp_request_encode(
                 ours.certids, ours.certids_len, nonce, &plain, NULL) == 0);
        p = plain.data;
        request = d2i_OCSP_REQUEST(NULL, &p, (long)plain.len);
        must(request != NULL);
        buf_release(&plain);
        return request;
}

void lab_check(struct responder *r, struct span request, struct span answer)
{
        OCSP_RESPONSE *response = read_response(answer);
        OCSP_REQUEST *asked;
        OCSP_BASICRESP *basic;
        uint8_t *again = NULL;
        int len, status = OCSP_response_status(response);

        if (status != OCSP_SUCCESSFUL) {
                check_error(r, answer, status);
                OCSP_RESPONSE_free(response);
                return;
        }
        asked = read_request(request);
        basic = OCSP_response_get1_basic(response);
        must(basic != NULL);
        len = i2d_OCSP_BASICRESP(basic, &again);
        must(len > 0 && memmem(answer.data, answer.len, again, (size_t)len));
        OPENSSL_free(again);
        check_basic(r, asked, basic);
        OCSP_BASICRESP_free(basic);
        OCSP_REQUEST_free(asked);
        OCSP_RESPONSE_free(response);
        must(ERR_peek_error() == 0);
}
