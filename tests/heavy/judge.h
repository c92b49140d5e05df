/* What an OCSP answer says, read and verified by OpenSSL. */
#ifndef OCSP_LAB_TESTS_JUDGE_H
#define OCSP_LAB_TESTS_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board.h"

struct facts {
        const char *flaw; /* NULL: what follows is right in itself */
        int error;        /* of OCSP, 0: none; then there is nothing else */
        bool revoked;
        int64_t this_update, next_update, produced_at;
        int64_t signer; /* low 60 bits of its serial */
};

/* Reads the answer to a request for a certificate of that CA; with verify the
 * signature and the signer's chain to the CA too. */
void judge_read(struct board *b, int64_t ca, const uint8_t *request,
    size_t request_len, const uint8_t *answer, size_t len, bool verify,
    struct facts *out);

#endif
