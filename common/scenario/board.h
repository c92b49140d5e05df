/*
 * What is set, told to TLS servers: DIR/certs/.scenarios, a file of text beside
 * the certificates.  Whoever sets a scenario writes it anew, in one piece, and
 * then calls labclock_touch.
 *
 * A TLS server knows nothing of the database, so a CA goes by the SHA-256 of
 * its certificate.
 */
#ifndef OCSP_LAB_SCENARIO_BOARD_H
#define OCSP_LAB_SCENARIO_BOARD_H

#include "base/buf.h"
#include "scenario/scenario.h"

/* In the folder of the certificates; no certificate can have that name. */
#define SCENARIO_BOARD_NAME ".scenarios"

enum {
        SCENARIO_BOARD_MAX = 64 << 20, /* bytes: 300,000 scenarios */
        SCENARIO_ISSUER_LEN = 32,
        SCENARIO_SERIAL_MAX = 64, /* octets */
};

/* On a certificate; serial_len 0: on a CA; all: on all of them. */
struct scenario_note {
        bool all;
        uint8_t issuer[SCENARIO_ISSUER_LEN];
        size_t serial_len;
        uint8_t serial[SCENARIO_SERIAL_MAX];
        int64_t version; /* the event that set it */
        int64_t times;   /* 0: no end */
        char text[SCENARIO_TEXT_MAX];
};

/* ---- writing ------------------------------------------------------------ */

/* never: of a lab in which none can be set. */
void scenario_board_begin(struct buf *out, bool never);
void scenario_board_add(struct buf *out, const struct scenario_note *n);

/* ---- reading ------------------------------------------------------------ */

struct scenario_board {
        bool never;
        size_t len;
        struct scenario_note *list; /* in order */
};

/* What is no board, or of another kind, is ERR_DATA. */
int scenario_board_parse(
    struct span text, struct scenario_board *out, struct err *e);
void scenario_board_release(struct scenario_board *b);

enum scenario_level { /* the first one that is set holds */
        SCENARIO_ON_CERTIFICATE,
        SCENARIO_ON_CA,
        SCENARIO_ON_ALL,
        SCENARIO_LEVELS,
};

/* NULL: nothing is set at that level. */
const struct scenario_note *scenario_board_find(const struct scenario_board *b,
    enum scenario_level level, const uint8_t issuer[SCENARIO_ISSUER_LEN],
    struct span serial);

#endif
