/*
 * The request reader: what it takes is DER, lies within the input, and is what
 * OpenSSL reads there too; what it refuses is malformed, nothing worse.
 */
#include "fuzz.h"
#include "mutate.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include <string.h>

#include "ocsp/ocsp.h"

static struct ocsp_request request, again;

static void check_within(struct span s, struct span der)
{
        must(s.data >= der.data && s.len <= der.len);
        must(s.data + s.len <= der.data + der.len);
}

static void check_certid(const struct ocsp_certid *id, struct span der)
{
        check_within(id->der, der);
        check_within(id->name_hash, id->der);
        check_within(id->key_hash, id->der);
        check_within(id->serial, id->der);
        must(id->serial.len >= 1);
        must(ocsp_certid_equal(id, id));
        if (id->hash == OCSP_HASH_OTHER)
                return;
        must(id->name_hash.len == (id->hash == OCSP_SHA1 ? 20 : 32));
        must(id->key_hash.len == id->name_hash.len);
}

/* OpenSSL takes more than DER, but writes nothing else. */
static void compare(struct span der)
{
        const uint8_t *p = der.data;
        OCSP_REQUEST *theirs = d2i_OCSP_REQUEST(NULL, &p, (long)der.len);
        uint8_t *written = NULL;
        OCSP_CERTID *id;
        size_t i;

        ERR_clear_error();
        if (theirs == NULL)
                return;
        must(i2d_OCSP_REQUEST(theirs, &written) == (int)der.len);
        must(memcmp(written, der.data, der.len) == 0);
        OPENSSL_free(written);
        must(OCSP_request_onereq_count(theirs) == (int)request.certids_len);
        for (i = 0; i < request.certids_len; i++) {
                id = OCSP_onereq_get0_id(
                    OCSP_request_onereq_get0(theirs, (int)i));
                written = NULL;
                must(i2d_OCSP_CERTID(id, &written) ==
                     (int)request.certids[i].der.len);
                must(memcmp(written, request.certids[i].der.data,
                         request.certids[i].der.len) == 0);
                OPENSSL_free(written);
        }
        must((OCSP_REQUEST_get_ext_by_NID(theirs, NID_id_pkix_OCSP_Nonce, -1) >=
                 0) == request.has_nonce);
        must((OCSP_request_is_signed(theirs) != 0) == request.is_signed);
        OCSP_REQUEST_free(theirs);
}

/* The same without what is read over. */
static void write_again(void)
{
        struct span nonce =
            request.has_nonce ? request.nonce : (struct span){NULL, 0};
        struct buf der = {0};
        size_t i;

        must(ocsp_request_encode(
                 request.certids, request.certids_len, nonce, &der, NULL) == 0);
        must(ocsp_request_parse(buf_span(&der), &again, NULL) ==
             OCSP_SUCCESSFUL);
        must(again.certids_len == request.certids_len && !again.is_signed);
        for (i = 0; i < request.certids_len; i++)
                must(span_equal(again.certids[i].der, request.certids[i].der));
        must(again.has_nonce == request.has_nonce);
        must(!again.has_nonce || span_equal(again.nonce, request.nonce));
        buf_release(&der);
}

static void check_flaw(const struct ocsp_flaw *flaw, size_t size)
{
        must(flaw->ref != NULL && flaw->text[0] != '\0');
        must(strnlen(flaw->text, sizeof(flaw->text)) < sizeof(flaw->text));
        must(flaw->offset <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct ocsp_flaw flaw = {"", NULL, SIZE_MAX};
        struct span der = {data, size};
        enum ocsp_response_status status;
        size_t i;

        status = ocsp_request_parse(der, &request, &flaw);
        if (status != OCSP_SUCCESSFUL) {
                must(status == OCSP_MALFORMED_REQUEST);
                check_flaw(&flaw, size);
                return 0;
        }
        must(size <= OCSP_REQUEST_LIMIT);
        must(request.certids_len >= 1);
        must(request.certids_len <= OCSP_CERTIDS_MAX);
        for (i = 0; i < request.certids_len; i++)
                check_certid(&request.certids[i], der);
        if (request.has_nonce) {
                check_within(request.nonce, der);
                must(request.nonce.len >= 1);
                must(request.nonce.len <= OCSP_NONCE_MAX);
        }
        compare(der);
        write_again();
        must(ocsp_request_parse((struct span){data, size - 1}, &again, NULL) ==
             OCSP_MALFORMED_REQUEST);
        return 0;
}

size_t LLVMFuzzerCustomMutator(
    uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
        return mutate_der(data, size, max_size, 0, seed);
}
