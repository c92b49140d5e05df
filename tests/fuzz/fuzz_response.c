/*
 * The response reader: what it takes is DER, lies within the input, and is
 * what OpenSSL reads there too.
 */
#include "fuzz.h"
#include "mutate.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include <string.h>

#include "ocsp/ocsp.h"

static struct ocsp_response response, again;

static void check_within(struct span s, struct span der)
{
        if (s.len == 0)
                return;
        must(s.data >= der.data && s.len <= der.len);
        must(s.data + s.len <= der.data + der.len);
}

static void check_time(const struct ocsp_time *t)
{
        must(memchr(t->text, '\0', sizeof(t->text)) != NULL);
        must(!t->strict || t->present);
        must(!t->strict || strlen(t->text) == 15);
        must(!t->strict || t->at != INT64_MIN);
}

static void check_extensions(
    const struct ocsp_extension *list, size_t len, struct span der)
{
        must(len <= OCSP_EXTENSIONS_MAX);
        for (; len > 0; len--, list++) {
                check_within(list->oid, der);
                check_within(list->value, der);
        }
}

static void check_single(const struct ocsp_single_read *s)
{
        check_within(s->certid.der, response.tbs);
        check_within(s->certid.name_hash, s->certid.der);
        check_within(s->certid.key_hash, s->certid.der);
        check_within(s->certid.serial, s->certid.der);
        check_time(&s->this_update);
        check_time(&s->next_update);
        check_time(&s->revocation_time);
        must(s->this_update.present);
        must(s->revocation_time.present == (s->status == OCSP_REVOKED));
        check_extensions(s->extensions, s->extensions_len, response.tbs);
}

static void check_content(struct span der)
{
        size_t i;

        check_within(response.type, der);
        if (!response.is_basic)
                return;
        check_within(response.tbs, der);
        check_within(response.responder, response.tbs);
        check_within(response.signature_algorithm, der);
        check_within(response.signature, der);
        check_time(&response.produced_at);
        must(response.singles_len <= OCSP_SINGLES_MAX);
        for (i = 0; i < response.singles_len; i++)
                check_single(&response.singles[i]);
        check_extensions(
            response.extensions, response.extensions_len, response.tbs);
        must(!response.has_nonce || response.nonce.len > 0 ||
             response.nonce.data != NULL);
        check_within(response.nonce, response.tbs);
        must(response.certs_len <= OCSP_CERTS_MAX);
        for (i = 0; i < response.certs_len; i++)
                check_within(response.certs[i], der);
}

/* ---- OpenSSL ------------------------------------------------------------- */

static void compare_time(
    const struct ocsp_time *ours, const ASN1_GENERALIZEDTIME *theirs)
{
        must(ours->present == (theirs != NULL));
        if (!ours->strict)
                return;
        must(ASN1_STRING_length(theirs) == 15);
        must(memcmp(ASN1_STRING_get0_data(theirs), ours->text, 15) == 0);
        must(ASN1_TIME_cmp_time_t(theirs, (time_t)ours->at) == 0);
}

static void compare_single(
    const struct ocsp_single_read *ours, OCSP_SINGLERESP *theirs)
{
        ASN1_GENERALIZEDTIME *revoked, *this_update, *next_update;
        OCSP_CERTID *id =
            (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(theirs);
        uint8_t *written = NULL;
        int reason, status = OCSP_single_get0_status(
                        theirs, &reason, &revoked, &this_update, &next_update);

        must(status == (int)ours->status);
        compare_time(&ours->this_update, this_update);
        compare_time(&ours->next_update, next_update);
        if (status == V_OCSP_CERTSTATUS_REVOKED) {
                compare_time(&ours->revocation_time, revoked);
                must(reason == ours->reason);
        }
        must(
            OCSP_SINGLERESP_get_ext_count(theirs) == (int)ours->extensions_len);
        must(i2d_OCSP_CERTID(id, &written) == (int)ours->certid.der.len);
        must(memcmp(written, ours->certid.der.data, ours->certid.der.len) == 0);
        OPENSSL_free(written);
}

/* Octets for octets what stands in the answer. */
static void compare_basic(OCSP_BASICRESP *theirs, struct span der)
{
        uint8_t *written = NULL;
        int len = i2d_OCSP_BASICRESP(theirs, &written);
        size_t i;

        must(response.is_basic);
        must(len > 0 && memmem(der.data, der.len, written, (size_t)len));
        OPENSSL_free(written);
        must(OCSP_resp_count(theirs) == (int)response.singles_len);
        for (i = 0; i < response.singles_len; i++)
                compare_single(
                    &response.singles[i], OCSP_resp_get0(theirs, (int)i));
        compare_time(&response.produced_at, OCSP_resp_get0_produced_at(theirs));
        must((OCSP_BASICRESP_get_ext_by_NID(theirs, NID_id_pkix_OCSP_Nonce,
                  -1) >= 0) == response.has_nonce);
        must(sk_X509_num(OCSP_resp_get0_certs(theirs)) ==
                 (int)response.certs_len ||
             response.certs_len == 0);
}

/* OpenSSL takes more than DER, but writes nothing else. */
static void compare(struct span der)
{
        const uint8_t *p = der.data;
        OCSP_RESPONSE *theirs = d2i_OCSP_RESPONSE(NULL, &p, (long)der.len);
        OCSP_BASICRESP *basic = NULL;
        uint8_t *written = NULL;

        if (theirs != NULL) {
                must(i2d_OCSP_RESPONSE(theirs, &written) == (int)der.len);
                must(memcmp(written, der.data, der.len) == 0);
                OPENSSL_free(written);
                must(OCSP_response_status(theirs) == response.status);
                basic = OCSP_response_get1_basic(theirs);
        }
        if (basic != NULL)
                compare_basic(basic, der);
        OCSP_BASICRESP_free(basic);
        OCSP_RESPONSE_free(theirs);
        ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct ocsp_flaw flaw = {"", NULL, SIZE_MAX};
        struct span der = {data, size};

        if (ocsp_response_parse(der, &response, &flaw) != 0) {
                must(flaw.ref != NULL && flaw.text[0] != '\0');
                must(memchr(flaw.text, '\0', sizeof(flaw.text)) != NULL);
                must(flaw.offset <= size);
                return 0;
        }
        must(size <= OCSP_RESPONSE_LIMIT);
        check_content(der);
        compare(der);
        must(ocsp_response_parse((struct span){data, size - 1}, &again, NULL) !=
             0);
        return 0;
}

size_t LLVMFuzzerCustomMutator(
    uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
        return mutate_der(data, size, max_size, 0, seed);
}
