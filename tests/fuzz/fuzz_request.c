/* The request reader: what it takes is DER, and lies within the input. */
#include "fuzz.h"

#include <openssl/ocsp.h>

#include <string.h>

#include "ocsp/ocsp.h"

static int within(struct span s, const uint8_t *data, size_t size)
{
        return s.data >= data && s.data + s.len <= data + size;
}

/* OpenSSL takes more than DER, but writes nothing else. */
static void compare(const uint8_t *data, size_t size)
{
        const uint8_t *p = data;
        OCSP_REQUEST *request = d2i_OCSP_REQUEST(NULL, &p, (long)size);
        uint8_t *again = NULL;

        if (request == NULL)
                return;
        must(i2d_OCSP_REQUEST(request, &again) == (int)size);
        must(memcmp(again, data, size) == 0);
        OPENSSL_free(again);
        OCSP_REQUEST_free(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct ocsp_request request;
        struct ocsp_flaw flaw = {"", NULL, SIZE_MAX};
        size_t i;

        if (ocsp_request_parse((struct span){data, size}, &request, &flaw) !=
            OCSP_SUCCESSFUL) {
                must(flaw.ref != NULL && flaw.text[0] != '\0');
                must(flaw.offset <= size);
                return 0;
        }
        must(request.certids_len >= 1);
        must(request.certids_len <= OCSP_CERTIDS_MAX);
        for (i = 0; i < request.certids_len; i++) {
                must(within(request.certids[i].der, data, size));
                must(within(request.certids[i].serial, data, size));
                must(ocsp_certid_equal(
                    &request.certids[i], &request.certids[i]));
        }
        must(!request.has_nonce || within(request.nonce, data, size));
        compare(data, size);
        return 0;
}
