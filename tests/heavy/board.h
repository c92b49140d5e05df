/*
 * What stale_drill.py and soak.py know of their lab, in a file that the askers
 * map: board.py writes it, asker.c reads it.
 *
 * A change is written down twice: `begun` before its command is started, and
 * `acked` once it has ended with exit 0.  Whoever reads acked before he sends
 * and begun after he has received knows every state that he may have been
 * told: those from acked to begun.
 */
#ifndef OCSP_LAB_TESTS_BOARD_H
#define OCSP_LAB_TESTS_BOARD_H

#include <stdatomic.h>
#include <stdint.h>

enum {
        BOARD_MAGIC = 0x0c5b0a4d,
        BOARD_CAS = 64,
        BOARD_RETIRED = 1024,
        BOARD_DER = 4096,
        BOARD_SLOTS = 4, /* requests: SHA-1, SHA-256; the same with a nonce */
        BOARD_SLOT_DER = 232,
        BOARD_NONCE = 32, /* octets, all 'N' in the request */
};

typedef _Atomic int64_t board_word;

struct board_ca {
        board_word retired_len;
        int64_t der_len;
        /* The low 60 bits of the serials of its former signers. */
        int64_t retired[BOARD_RETIRED];
        uint8_t der[BOARD_DER]; /* its certificate */
};

/* An even state is good, an odd one revoked. */
struct board_cert {
        board_word begun;
        board_word acked;
        int64_t ca;
        int64_t spare[5];
        struct {
                int64_t len;
                uint8_t der[BOARD_SLOT_DER];
        } requests[BOARD_SLOTS];
};

struct board {
        int64_t magic;
        board_word stop;
        board_word certs_len;
        board_word hot; /* the certificate that is being changed */
        /* The database is away: internalError is the only right answer. */
        board_word gone_begun, gone_acked;
        /* The clock: no answer is older than clock_lo, and the lab's time is
         * the real one plus clock_offset, or clock_frozen if not 0. */
        board_word clock_begun, clock_acked;
        board_word clock_lo, clock_offset, clock_frozen;
        int64_t spare[501];
        struct board_ca cas[BOARD_CAS];
        struct board_cert certs[];
};

#endif
