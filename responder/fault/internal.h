/* Shared by the files of this room. */
#ifndef OCSP_LAB_RESPONDER_FAULT_INTERNAL_H
#define OCSP_LAB_RESPONDER_FAULT_INTERNAL_H

#include "responder/fault/fault.h"

/* ---- loading ----------------------------------------------------------- */

/* Fills f->means; what fails is told in f->broken.  -1: out of memory. */
int means_load(
    struct fault *f, const char *dir, struct cadb *db, struct err *e);
void means_release(struct fault *f);

/* The nonce that nonce-replayed repeats, as if of a request before all that we
 * have seen: made of the first that comes, so that it has the length that is
 * usual there, and the same each time. */
struct span fault_old_nonce(
    struct fault *f, struct span nonce, uint8_t out[OCSP_NONCE_MAX]);

/* ---- an answer in pieces ----------------------------------------------- */

/* One element of DER that we have written ourselves. */
struct tlv {
        uint8_t tag;
        struct span content, whole;
};

/* The next of rest, which moves on; false: there is none. */
bool tlv_next(struct span *rest, struct tlv *out);
void tlv_put(struct buf *out, uint8_t tag, struct span content);
/* Replaces what is in b. */
void buf_set(struct buf *b, struct span s);

/* BasicOCSPResponse: the content of each piece, tags and lengths as said. */
struct parts {
        struct buf version;    /* TLV, or empty */
        struct buf responder;  /* TLV */
        struct buf produced;   /* TLV */
        struct buf singles;    /* TLVs */
        struct buf extensions; /* TLVs, or empty */
        struct buf algorithm;  /* TLV */
        struct buf signature;  /* octets */
        uint8_t unused_bits;
        struct buf certs; /* TLVs, or empty */
};
void parts_release(struct parts *p);
int parts_read(struct span der, struct parts *p, struct err *e);
/* Signature and algorithm over what is there now. */
int parts_sign(
    struct parts *p, const struct ocsp_signer *signer, struct err *e);
/* der: the whole OCSPResponse, in the place of what was there. */
int parts_write(const struct parts *p, struct buf *der, struct err *e);

/* ---- recipes ----------------------------------------------------------- */

enum { ARENA = 16384 };

/* An answer that is being spoilt. */
struct spoil {
        struct fault *fault;
        const struct fault_case *c;
        const struct fault_means *means; /* NULL: none */
        struct answer *answer;
        struct ocsp_single *single; /* the one in question */
        const struct ocsp_signer *signer;
        int64_t signer_not_after;
        struct parts parts;
        struct fault_outcome *out;
        size_t used;
        uint8_t arena[ARENA]; /* of what answer points to */
};

/* What the scenario's parameter says; durations in seconds. */
int64_t spoil_number(const struct spoil *s, const char *param);
int64_t spoil_seconds(const struct spoil *s, const char *param);

/* Memory for len octets that lives as long as s; NULL: too much. */
uint8_t *spoil_room(struct spoil *s, size_t len);

/* Each of the three may be NULL; they run in this order.  before: of the plain
 * answer; tbs: of the pieces, which are signed anew then; pieces: of the
 * pieces after that; bytes: of the body; delivery: of how it goes. */
struct recipe {
        const char *name;
        void (*before)(struct spoil *s);
        void (*tbs)(struct spoil *s);
        void (*pieces)(struct spoil *s);
        void (*bytes)(struct spoil *s);
        void (*delivery)(struct spoil *s);
};

struct recipe_list {
        const struct recipe *rows;
        size_t len;
};
#define RECIPES(rows)                                                          \
        {                                                                      \
                rows, sizeof(rows) / sizeof(rows[0])                           \
        }
extern const struct recipe_list recipes_answer, recipes_time, recipes_der,
    recipes_delivery;

#endif
