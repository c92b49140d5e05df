/*
 * OCSP in both directions: a strict DER reader, a DER writer, and the verdict
 * over an answer (RFC 6960, RFC 9919, RFC 9654).
 *
 * Pure: no I/O, no clock, no database, no log.  `now` is always an argument.
 * Spans point into the caller's bytes, which must outlive them.
 */
#ifndef OCSP_LAB_OCSP_H
#define OCSP_LAB_OCSP_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Limits on what a peer may send. */
enum {
        OCSP_REQUEST_LIMIT = 10000,   /* bytes of a request */
        OCSP_RESPONSE_LIMIT = 102400, /* bytes; OpenSSL's client has the same */
        OCSP_CERTIDS_MAX = 64,        /* certIDs in a request */
        OCSP_SINGLES_MAX = 64,        /* SingleResponses that we read */
        OCSP_CERTS_MAX = 16,          /* certificates in an answer */
        OCSP_EXTENSIONS_MAX = 16,     /* in one list */
        OCSP_NONCE_MAX = 128,         /* RFC 9654 section 2.1 */
        OCSP_NONCE_OURS = 32,         /* what our clients send */
        OCSP_SERIAL_MAX = 64,         /* content octets we keep to compare */
        OCSP_HASH_MAX = 64,
};

/* OCSPResponseStatus, RFC 6960 section 4.2.1.  4 is not used. */
enum ocsp_response_status {
        OCSP_SUCCESSFUL = 0,
        OCSP_MALFORMED_REQUEST = 1,
        OCSP_INTERNAL_ERROR = 2,
        OCSP_TRY_LATER = 3,
        OCSP_SIG_REQUIRED = 5,
        OCSP_UNAUTHORIZED = 6,
};

/* "successful", "malformedRequest", ...; "status 17" words for others are the
 * caller's: NULL then. */
const char *ocsp_response_status_name(int status);

/* CertStatus, RFC 6960 section 4.2.1. */
enum ocsp_cert_status { OCSP_GOOD = 0, OCSP_REVOKED = 1, OCSP_UNKNOWN = 2 };
const char *ocsp_cert_status_name(enum ocsp_cert_status s);

/* CRLReason, RFC 5280 section 5.3.1: those that mean more than their name.
 * -1: none given. */
enum {
        OCSP_REASON_NONE = -1,
        OCSP_REASON_UNSPECIFIED = 0,
        OCSP_REASON_KEY_COMPROMISE = 1,
        OCSP_REASON_HOLD = 6,
        OCSP_REASON_REMOVE_FROM_CRL = 8,
};

/* "keyCompromise"; NULL for a number without a name (7, > 10). */
const char *ocsp_reason_name(int reason);

/* By name in any case, or by number.  -1 on nonsense. */
int ocsp_reason_parse(const char *text, int *reason);

/* ---- certID ------------------------------------------------------------ */

enum ocsp_hash {
        OCSP_SHA1,
        OCSP_SHA256,
        OCSP_HASH_OTHER, /* well-formed, but not one that we answer */
};

/* CertID, RFC 6960 section 4.1.1. */
struct ocsp_certid {
        struct span der; /* the whole CertID, to be echoed byte for byte */
        enum ocsp_hash hash;
        struct span name_hash; /* over the DER of the issuer's subject */
        struct span key_hash;  /* over the issuer's key, without tag, length
                                  and unused bits */
        struct span serial;    /* content octets of the INTEGER */
};

/* Builds a certID into `der`; `out` points into it (so do not append to `der`
 * while out is in use). */
int ocsp_certid_make(enum ocsp_hash hash, const X509 *leaf, const X509 *issuer,
    struct buf *der, struct ocsp_certid *out, struct err *e);

/* Same issuer and serial; hash algorithms compared by OID, so that absent and
 * NULL parameters are equal (RFC 5754 section 2). */
bool ocsp_certid_equal(
    const struct ocsp_certid *a, const struct ocsp_certid *b);

/* ---- request ----------------------------------------------------------- */

/* Extension as it stands in a list. */
struct ocsp_extension {
        struct span oid; /* content octets */
        bool critical;
        struct span value; /* content of extnValue */
};

struct ocsp_request {
        size_t certids_len; /* 1 to OCSP_CERTIDS_MAX */
        struct ocsp_certid certids[OCSP_CERTIDS_MAX];
        bool has_nonce;
        struct span nonce; /* the nonce's octets */
        bool is_signed;    /* optionalSignature present; it is not judged */
};

/* Why something was refused, for log, /requests and --explain. */
struct ocsp_flaw {
        char text[200];  /* "nonce of 200 bytes: the limit is 128" */
        const char *ref; /* "RFC 9654 2.1"; static */
        size_t offset;   /* in the DER, of the element */
};

/*
 * OCSP_SUCCESSFUL, or the error to answer with and *flaw (may be NULL) filled.
 *
 * DER and nothing else, with one exception: version v1 may be written out.
 * Taken, though not answered later: a hash that we do not know, a serial that
 * nobody issues (negative, zero, too long).  Read over: requestorName,
 * optionalSignature, serviceLocator, preferred algorithms, unknown extensions
 * that are not critical.
 */
enum ocsp_response_status ocsp_request_parse(
    struct span der, struct ocsp_request *out, struct ocsp_flaw *flaw);

/* Appends the DER of an unsigned request.  nonce.data NULL: without. */
int ocsp_request_encode(const struct ocsp_certid *certids, size_t len,
    struct span nonce, struct buf *out, struct err *e);

/* GET, RFC 6960 appendix A.1: appends the percent-encoded base64 of der. */
int ocsp_get_path_encode(struct span der, struct buf *out, struct err *e);

/* The whole URL: responder is its prefix, whether a slash ends it or not. */
int ocsp_get_url_encode(
    const char *responder, struct span der, struct buf *out, struct err *e);

/* RFC 9919 section 6: GET if the whole URL has at most that many bytes, else
 * POST. */
enum { OCSP_GET_URL_MAX = 255 };

/*
 * The way back: raw path (as it stood on the request line, from after the
 * responder's prefix, '?' and what follows cut off) to DER.  Takes percent
 * encoded and plain characters, spaces for '+', absent padding, and leading
 * slashes.  Appends; false, and der as it was: empty, or not base64.
 */
bool ocsp_get_path_decode(struct span path, struct buf *der);

/* ---- answer: writing --------------------------------------------------- */

enum ocsp_responder_id { OCSP_BY_KEY, OCSP_BY_NAME };

/* Who signs.  Made once, used by many threads at once; read only. */
struct ocsp_signer;

/* Takes references to all three.  include_cert: put cert into `certs`
 * (delegated).  digest NULL: the key's own habit (SHA-256, SHA-384 for P-384);
 * Ed25519 has none, whatever digest says.  ERR_CONFIG if key and cert do not
 * match. */
int ocsp_signer_new(X509 *cert, EVP_PKEY *key, bool include_cert,
    const EVP_MD *digest, struct ocsp_signer **out, struct err *e);
void ocsp_signer_free(struct ocsp_signer *s);

/* The bare signature, for who writes an answer that ocsp_answer_encode would
 * not.  Any thread.  Fills at most OCSP_SIGNATURE_MAX octets: RSA with 16384
 * bits. */
enum { OCSP_SIGNATURE_MAX = 2048 };
int ocsp_signer_sign(const struct ocsp_signer *s, struct span tbs,
    uint8_t *signature, size_t *len, struct err *e);

struct ocsp_single {
        struct span certid; /* DER of the CertID as asked */
        enum ocsp_cert_status status;
        int reason; /* OCSP_REASON_NONE, and unspecified (0): left out */
        int64_t revocation_time; /* if revoked */
        int64_t this_update;
        int64_t next_update; /* 0: left out */
};

struct ocsp_answer {
        enum ocsp_responder_id responder_id;
        int64_t produced_at;
        size_t singles_len;
        const struct ocsp_single *singles;
        struct span nonce;    /* data NULL: none */
        bool extended_revoke; /* RFC 6960 section 4.4.8 */
};

/* Appends the DER of a successful, signed OCSPResponse.  Any thread; on
 * failure the content of out is as before. */
int ocsp_answer_encode(const struct ocsp_answer *a, const struct ocsp_signer *s,
    struct buf *out, struct err *e);

/* The five bytes of an unsuccessful answer. */
enum { OCSP_ERROR_LEN = 5 };
void ocsp_error_encode(
    enum ocsp_response_status status, uint8_t out[OCSP_ERROR_LEN]);

/* ---- answer: reading --------------------------------------------------- */

/* GeneralizedTime as RFC 9919 section 3.2.4 wants it: YYYYMMDDHHMMSSZ.
 * strict false: some other form of ASN.1 time; at is then the best reading,
 * or INT64_MIN. */
struct ocsp_time {
        bool present;
        bool strict;
        int64_t at;
        char text[32]; /* as it stood, escaped and cut */
};

struct ocsp_single_read {
        struct ocsp_certid certid;
        enum ocsp_cert_status status;
        struct ocsp_time revocation_time;
        int reason; /* OCSP_REASON_NONE if absent */
        struct ocsp_time this_update;
        struct ocsp_time next_update;
        size_t extensions_len;
        struct ocsp_extension extensions[OCSP_EXTENSIONS_MAX];
};

struct ocsp_response {
        int status; /* as sent, also outside the enum; -1 until it was read */
        bool has_bytes;
        struct span type; /* OID content octets of responseType */
        bool is_basic;    /* the rest is filled only then */
        struct span tbs;  /* tbsResponseData, whole TLV: what is signed */
        enum ocsp_responder_id responder_id;
        struct span responder; /* DER Name, or the key hash's octets */
        struct ocsp_time produced_at;
        size_t singles_len; /* 0 is for the verdict to refuse */
        struct ocsp_single_read singles[OCSP_SINGLES_MAX];
        size_t extensions_len;
        struct ocsp_extension extensions[OCSP_EXTENSIONS_MAX];
        bool has_nonce;
        struct span nonce; /* octets of the OCTET STRING in extnValue; of
                              extnValue itself if that is not one */
        bool nonce_is_octet_string;
        struct span signature_algorithm; /* DER AlgorithmIdentifier */
        struct span signature;
        size_t certs_len;
        struct span certs[OCSP_CERTS_MAX]; /* DER, as sent */
};

/* Reads DER and nothing else (but see ocsp_request_parse): 0, or -1 and *flaw
 * (may be NULL).  `out` is large: keep it off small stacks. */
int ocsp_response_parse(
    struct span der, struct ocsp_response *out, struct ocsp_flaw *flaw);

/* ---- verdict ----------------------------------------------------------- */

enum ocsp_outcome {
        OCSP_V_GOOD,
        OCSP_V_REVOKED,
        OCSP_V_UNKNOWN,
        OCSP_V_UNTRUSTED,   /* an answer that must not be believed */
        OCSP_V_MISSING,     /* no answer or staple (set by callers) */
        OCSP_V_UNREACHABLE, /* no connection (set by callers) */
};
/* "good", "revoked", "unknown", "untrusted", "missing", "unreachable" */
const char *ocsp_outcome_name(enum ocsp_outcome o);

/* What is asked of an answer.  Borrowed. */
struct ocsp_question {
        X509 *leaf;
        X509 *issuer; /* of leaf; its own chain is judged elsewhere */
        STACK_OF(X509) *responders; /* explicitly trusted signers; NULL: none */
        STACK_OF(X509_CRL) *crls;   /* where a delegate may stand; NULL: none */
        int64_t now;
        int64_t skew;      /* seconds; OCSP_SKEW_DEFAULT */
        int64_t max_age;   /* seconds since thisUpdate; 0: no limit */
        struct span nonce; /* that we sent; data NULL: none */
        bool require_nonce;
};
enum { OCSP_SKEW_DEFAULT = 300 };

/* One step of the walk.  ok: 1 holds, 0 fails, -1 not applicable or not
 * reached. */
struct ocsp_check {
        const char *id; /* "signature", "this-update", ...; static */
        int ok;
        char detail[256]; /* what was compared with what */
        const char *ref;  /* "RFC 6960 4.2.2.2"; static */
};

enum { OCSP_CHECKS_MAX = 32, OCSP_NAME_TEXT_MAX = 160 };

struct ocsp_verdict {
        enum ocsp_outcome outcome;
        char why[256]; /* one sentence, for good ones too */
        size_t checks_len;
        struct ocsp_check checks[OCSP_CHECKS_MAX];
        int response_status; /* -1: not even that could be read */
        /* Of the SingleResponse that matched; valid if has_single. */
        bool has_single;
        enum ocsp_cert_status cert_status;
        int reason;
        int64_t revocation_time;
        int64_t this_update;
        int64_t next_update; /* 0: absent */
        int64_t produced_at;
        bool has_nonce;
        char signer[OCSP_NAME_TEXT_MAX]; /* subject, one line; "" unknown */
        int64_t signer_not_after;        /* 0: unknown */
};

/*
 * The walk of a careful client over `der` (RFC 6960 section 3.2, RFC 9919
 * section 4): every step leaves its check, in order; those after the first
 * fatal one that make no sense any more have ok -1.  Never good unless all
 * that matter hold.
 */
void ocsp_judge(
    const struct ocsp_question *q, struct span der, struct ocsp_verdict *out);

#endif
