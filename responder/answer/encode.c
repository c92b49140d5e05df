#include "responder/answer/answer.h"

#include <openssl/sha.h>

int answer_encode(const struct answer *a, struct buf *der, struct err *e)
{
        uint8_t error[OCSP_ERROR_LEN];

        if (a->status == OCSP_SUCCESSFUL)
                return ocsp_answer_encode(&a->ocsp, a->issuer->signer, der, e);
        ocsp_error_encode(a->status, error);
        buf_append(der, error, sizeof(error));
        return der->failed ? err_set(e, ERR_OS, "answer: out of memory") : 0;
}

void answer_etag(struct span der, char out[ANSWER_ETAG_MAX])
{
        uint8_t digest[SHA256_DIGEST_LENGTH];
        size_t end = ANSWER_ETAG_MAX - 2;

        SHA256(der.data, der.len, digest);
        hex_encode((struct span){digest, sizeof(digest)}, out + 1, end);
        out[0] = '"';
        out[end] = '"';
        out[end + 1] = '\0';
}
