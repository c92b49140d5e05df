/* The response reader: what it takes is DER, and lies within the input. */
#include "fuzz.h"

#include <openssl/ocsp.h>

#include <string.h>

#include "ocsp/ocsp.h"

static int within(struct span s, const uint8_t *data, size_t size)
{
        return s.len == 0 || (s.data >= data && s.data + s.len <= data + size);
}

/* OpenSSL takes more than DER, but writes nothing else. */
static void compare(const uint8_t *data, size_t size)
{
        const uint8_t *p = data;
        OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)size);
        OCSP_BASICRESP *basic;
        uint8_t *again = NULL;
        int len;

        if (response == NULL)
                return;
        must(i2d_OCSP_RESPONSE(response, &again) == (int)size);
        must(memcmp(again, data, size) == 0);
        OPENSSL_free(again);
        basic = OCSP_response_get1_basic(response);
        if (basic != NULL) {
                again = NULL;
                len = i2d_OCSP_BASICRESP(basic, &again);
                must(len > 0);
                must(memmem(data, size, again, (size_t)len) != NULL);
                OPENSSL_free(again);
        }
        OCSP_BASICRESP_free(basic);
        OCSP_RESPONSE_free(response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct ocsp_response response;
        struct ocsp_flaw flaw = {"", NULL, SIZE_MAX};
        size_t i;

        if (ocsp_response_parse((struct span){data, size}, &response, &flaw) !=
            0) {
                must(flaw.ref != NULL && flaw.text[0] != '\0');
                must(flaw.offset <= size);
                return 0;
        }
        must(within(response.tbs, data, size));
        must(within(response.responder, data, size));
        must(within(response.signature, data, size));
        must(within(response.nonce, data, size));
        for (i = 0; i < response.singles_len; i++)
                must(within(response.singles[i].certid.der, data, size));
        for (i = 0; i < response.certs_len; i++)
                must(within(response.certs[i], data, size));
        compare(data, size);
        return 0;
}
