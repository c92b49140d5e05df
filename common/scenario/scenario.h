/*
 * The catalogue of deliberate faults: the single source of their names, of
 * what is wrong in each, and of what a correct client must say.
 *
 * Pure data and the words for it; what makes a fault happen is elsewhere.
 */
#ifndef OCSP_LAB_SCENARIO_H
#define OCSP_LAB_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum scenario_layer {
        SCENARIO_NONE,
        SCENARIO_RESPONSE_STATUS,
        SCENARIO_BODY,
        SCENARIO_CERT_STATUS,
        SCENARIO_MATCHING,
        SCENARIO_TIME,
        SCENARIO_SIGNATURE,
        SCENARIO_SIGNER,
        SCENARIO_EXTENSION,
        SCENARIO_HTTP,
        SCENARIO_NETWORK,
        SCENARIO_STAPLE,
        SCENARIO_LAYERS,
};
const char *scenario_layer_name(enum scenario_layer l); /* "response status" */

/* Where it acts. */
enum scenario_place {
        SCENARIO_AT_ANSWER,      /* the responder answers otherwise */
        SCENARIO_AT_CONNECTION,  /* the responder delivers otherwise */
        SCENARIO_AT_CERTIFICATE, /* it is made when the certificate is */
        SCENARIO_AT_STAPLE,      /* the TLS server staples otherwise */
};
const char *scenario_place_name(enum scenario_place p); /* "answer" */

/* What there must be. */
enum scenario_needs {
        SCENARIO_NEEDS_MUST_STAPLE = 1, /* of the certificate, RFC 7633 */
        SCENARIO_NEEDS_CERT_KEY = 2,    /* the certificate's own key */
        SCENARIO_NEEDS_PARENT = 4,      /* of the CA: it is no root */
        /* It is about serials that nobody issued, so it is set on a CA. */
        SCENARIO_NEEDS_UNISSUED = 8,
        /* A second certificate of the same names with another kind of key. */
        SCENARIO_NEEDS_TWIN = 16,
};

/* Who signs. */
enum scenario_signer {
        SCENARIO_SIGNER_CURRENT, /* as always */
        SCENARIO_SIGNER_CA,      /* the issuing CA's own key */
        SCENARIO_SIGNER_PARENT,  /* the root, for what it did not issue */
        SCENARIO_SIGNER_LEAF,    /* the key of the certificate in question */
        /* These are made for the purpose. */
        SCENARIO_SIGNER_DELEGATE, /* as a CA's delegate should be */
        SCENARIO_SIGNER_RSA,      /* the same with an RSA key */
        SCENARIO_SIGNER_WEAK,     /* the same with 1024 bits of RSA */
        SCENARIO_SIGNER_NO_EKU,
        SCENARIO_SIGNER_WRONG_EKU,
        SCENARIO_SIGNER_CRLSIGN_ONLY,
        SCENARIO_SIGNER_NO_NOCHECK,
        SCENARIO_SIGNER_REVOKED,
        SCENARIO_SIGNER_EXPIRED,
        SCENARIO_SIGNER_NOT_YET_VALID,
        SCENARIO_SIGNER_INTERMEDIATE, /* issued by a CA below the CA */
        SCENARIO_SIGNER_OTHER_CA,     /* a CA of its own, unknown to all */
        SCENARIO_SIGNERS,
};
const char *scenario_signer_name(enum scenario_signer s); /* "no-eku" */

/* ---- parameters -------------------------------------------------------- */

enum scenario_type {
        SCENARIO_NUMBER,
        SCENARIO_DURATION, /* in milliseconds */
        SCENARIO_WORD,     /* the number of the word in words */
};
const char *scenario_type_name(enum scenario_type t); /* "duration" */

enum { SCENARIO_PARAMS_MAX = 2 };

struct scenario_param {
        const char *name; /* NULL: no parameter */
        const char *meaning;
        const char *fallback; /* what holds if it is not given */
        enum scenario_type type;
        int64_t min, max;         /* of numbers, and of milliseconds */
        const char *const *words; /* ends with NULL */
};

/* ---- verdicts ---------------------------------------------------------- */

enum scenario_verdict {
        SCENARIO_GOOD,
        SCENARIO_REVOKED,
        SCENARIO_UNKNOWN,
        SCENARIO_UNTRUSTED,      /* an answer that must not be believed */
        SCENARIO_MISSING,        /* no answer, no staple */
        SCENARIO_UNREACHABLE,    /* no connection, or nothing comes of it */
        SCENARIO_NOT_APPLICABLE, /* there is nothing of it in that channel */
};
/* As 'ocsp-check --expect' spells it; NULL: not applicable. */
const char *scenario_verdict_name(enum scenario_verdict v);

/* How the answer comes to the client. */
enum scenario_channel {
        SCENARIO_BY_STAPLE,
        SCENARIO_BY_GET,  /* live, without a nonce */
        SCENARIO_BY_POST, /* live, with a nonce */
        SCENARIO_BY_FILE, /* the body of a POST without a nonce, kept */
        SCENARIO_CHANNELS,
};
const char *scenario_channel_name(enum scenario_channel c); /* "get" */

/* What makes the verdict right: only who breaks a must is wrong. */
enum scenario_basis {
        SCENARIO_MUST,   /* an RFC says so */
        SCENARIO_SHOULD, /* an RFC advises it */
        SCENARIO_TASTE,  /* careful clients differ */
};
const char *scenario_basis_name(enum scenario_basis b); /* "must" */

enum scenario_policy {
        SCENARIO_STRICT,
        SCENARIO_MUST_STAPLE,
        SCENARIO_SOFT_FAIL,
        SCENARIO_POLICIES,
};
const char *scenario_policy_name(enum scenario_policy p); /* "soft-fail" */

/* ---- the catalogue ----------------------------------------------------- */

struct scenario {
        const char *name;
        const char *aliases; /* separated by spaces; "": none */
        enum scenario_layer layer;
        enum scenario_place place;
        unsigned needs; /* enum scenario_needs, together */
        enum scenario_signer signer;
        const char *wrong; /* the deviation, one sentence */
        const char *ref;   /* "RFC 6960 4.2.2.1" */
        enum scenario_verdict expect[SCENARIO_CHANNELS];
        enum scenario_basis basis; /* for 'strict': see scenario_basis_of */
        bool made; /* false: in the catalogue by name only, for now */
        /* At the staple: by which scenario at the answer the responder makes
         * what is stapled; NULL: it has no part in it. */
        const char *answer;
        struct scenario_param params[SCENARIO_PARAMS_MAX];
};

/* In order of layers. */
size_t scenario_count(void);
const struct scenario *scenario_at(size_t i);

/* By name or alias; NULL if there is none. */
const struct scenario *scenario_find(const char *name);

/* Whether a client with that policy goes on, given the expected verdict; a
 * certificate has must-staple if the scenario needs it. */
bool scenario_accepted(const struct scenario *s, enum scenario_channel channel,
    enum scenario_policy policy);

/* How firmly that stands for a client of that policy: .basis, or weaker where
 * the policy, not an RFC, decides.  Of what is not applicable: .basis. */
enum scenario_basis scenario_basis_of(const struct scenario *s,
    enum scenario_channel channel, enum scenario_policy policy);

/* ---- one with its parameters ------------------------------------------- */

struct scenario_choice {
        const struct scenario *scenario;
        int64_t values[SCENARIO_PARAMS_MAX]; /* given or not */
        bool given[SCENARIO_PARAMS_MAX];
};

/* NAME[:param=v[,param=v]], aliases too.  ERR_USAGE, with what might have been
 * meant, if there is no such name, parameter or value.  Also those that nothing
 * makes happen: see scenario_check_made. */
int scenario_parse(
    const char *text, struct scenario_choice *out, struct err *e);

/* ERR_CONFIG unless it is made: a fault that does not happen must never pass
 * for one that a client has stood. */
int scenario_check_made(const struct scenario *s, struct err *e);

/* The way back: the canonical name, and the parameters that were given. */
enum { SCENARIO_TEXT_MAX = 128 };
const char *scenario_text(
    const struct scenario_choice *c, char out[SCENARIO_TEXT_MAX]);

/* The value of the parameter of that name, which the scenario has. */
int64_t scenario_value(const struct scenario_choice *c, const char *param);

/* ---- hosts ------------------------------------------------------------- */

/* As a certificate has it that stands for it, among those of all others: the
 * name, with parameters by which a client sees in a second or two what happens.
 * NULL: none can, since it is not made, or about serials that nobody issued. */
const char *scenario_host_text(const struct scenario *s);

#endif
