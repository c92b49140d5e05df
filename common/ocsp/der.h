/*
 * Strict DER (X.690), for the files of this room.
 *
 * The reader walks forward over borrowed bytes and refuses whatever is not
 * DER; the writer works backwards, so that a length is known when its header
 * is due.
 */
#ifndef OCSP_LAB_OCSP_DER_H
#define OCSP_LAB_OCSP_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "ocsp/ocsp.h"

enum der_tag {
        DER_BOOLEAN = 0x01,
        DER_INTEGER = 0x02,
        DER_BIT_STRING = 0x03,
        DER_OCTET_STRING = 0x04,
        DER_NULL = 0x05,
        DER_OID = 0x06,
        DER_ENUMERATED = 0x0a,
        DER_UTC_TIME = 0x17,
        DER_GENERALIZED_TIME = 0x18,
        DER_SEQUENCE = 0x30,
        DER_SET = 0x31,
        DER_IMPLICIT = 0x80, /* plus the number: [n] IMPLICIT, primitive */
        DER_EXPLICIT = 0xa0, /* plus the number: [n] EXPLICIT, or [n] IMPLICIT
                                of something constructed */
};

/* ---- reader ------------------------------------------------------------ */

/* What is left to read at one level of nesting. */
struct der {
        const uint8_t *at;
        const uint8_t *end;
        const uint8_t *message; /* offsets in flaws count from here */
        struct ocsp_flaw *flaw; /* filled by the first refusal; may be NULL */
};

struct der_item {
        uint8_t tag;
        struct span content;
        struct span whole; /* with tag and length */
};

struct der der_start(struct span message, struct ocsp_flaw *flaw);

/* Of all calls below: false means refused, and the flaw says why; `what` names
 * the element in that text. */

/* The next element, whatever its tag; its content is not looked at. */
bool der_next(struct der *d, const char *what, struct der_item *out);

/* The next element, which must have this tag. */
bool der_get(
    struct der *d, uint8_t tag, const char *what, struct der_item *out);

/* The same, and `inner` reads its content. */
bool der_enter(struct der *d, uint8_t tag, const char *what, struct der *inner);

/* The next element, and everything nested in it must be DER. */
bool der_any(struct der *d, const char *what, struct der_item *out);

/* true if an element with this tag comes next.  Refuses nothing. */
bool der_peek(const struct der *d, uint8_t tag);

/* Nothing may be left. */
bool der_finish(struct der *d, const char *what);

/* INTEGER or ENUMERATED: content octets, minimal, any sign and size. */
bool der_integer(
    struct der *d, uint8_t tag, const char *what, struct span *content);
/* The same, as a number that fits. */
bool der_small(struct der *d, uint8_t tag, const char *what, int *value);

/* A BOOLEAN DEFAULT FALSE that is there: DER allows only TRUE (FF). */
bool der_true(struct der *d, const char *what);

bool der_null(struct der *d, uint8_t tag, const char *what);
bool der_oid(struct der *d, const char *what, struct span *content);

/* BIT STRING of whole octets. */
bool der_octets_in_bits(struct der *d, const char *what, struct span *octets);

/* AlgorithmIdentifier (RFC 5280 section 4.1.1.2).  whole, oid and parameters
 * may be NULL; no parameters: data NULL. */
bool der_algorithm(struct der *d, const char *what, struct span *whole,
    struct span *oid, struct span *parameters);

/* Refuses at `at`: fills the flaw.  Always false, and a macro so that static
 * analysis knows. */
#define der_refuse(d, at, ref, ...)                                            \
        (der_explain((d), (at), (ref), __VA_ARGS__), false)
void der_explain(const struct der *d, const uint8_t *at, const char *ref,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* ---- writer ------------------------------------------------------------ */

/* Fills [floor, at) from its end.  Once full it drops everything. */
struct der_writer {
        uint8_t *at;
        uint8_t *floor;
        bool full;
};

/* Each call puts its bytes before those that are there. */
void der_put(struct der_writer *w, const void *data, size_t len);
void der_put_span(struct der_writer *w, struct span s);

/* Header for all that stands between w->at and end. */
void der_wrap(struct der_writer *w, uint8_t tag, const uint8_t *end);

/* Header and content. */
void der_put_item(
    struct der_writer *w, uint8_t tag, const void *data, size_t len);

/* Writes tag and length to out; returns how many bytes. */
enum { DER_HEADER_MAX = 6 };
size_t der_header(uint8_t tag, size_t len, uint8_t out[DER_HEADER_MAX]);

#endif
