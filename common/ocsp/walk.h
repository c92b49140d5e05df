/* The walk of ocsp_judge, shared by the files of this room only. */
#ifndef OCSP_LAB_OCSP_WALK_H
#define OCSP_LAB_OCSP_WALK_H

#include "ocsp/authority.h"
#include "ocsp/ocsp.h"

/* What the walk has in hand; a step that needs what is missing is left out,
 * and its check says so. */
enum {
        WALK_BYTES = 1 << 0,  /* the bytes are one DER OCSPResponse */
        WALK_BASIC = 1 << 1,  /* successful, with a BasicOCSPResponse */
        WALK_SINGLE = 1 << 2, /* a SingleResponse for the leaf */
        WALK_SIGNER = 1 << 3, /* a certificate that the responderID names */
};

struct walk {
        const struct ocsp_question *question;
        struct span der;
        struct ocsp_response *response;
        const struct ocsp_single_read *single; /* WALK_SINGLE */
        struct authority signer;               /* WALK_SIGNER */
        unsigned have;
        struct ocsp_check *check; /* of the step that runs now */
};

/* The result of the step that runs: holds, fails, or a remark. */
void walk_pass(struct walk *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void walk_fail(struct walk *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void walk_note(struct walk *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* walk_match.c: the record that speaks of the leaf. */
void walk_certid(struct walk *w);

/* walk_signer.c: who signed, may he, and did he. */
void walk_responder_id(struct walk *w);
void walk_authority(struct walk *w);
void walk_key_usage(struct walk *w);
void walk_signer_validity(struct walk *w);
void walk_nocheck(struct walk *w);
void walk_algorithm(struct walk *w);
void walk_signature(struct walk *w);

/* walk_time.c: instants. */
void walk_produced_at(struct walk *w);
void walk_this_update(struct walk *w);
void walk_next_update(struct walk *w);
void walk_revocation_time(struct walk *w);

#endif
