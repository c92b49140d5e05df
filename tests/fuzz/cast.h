/*
 * Certificates for the targets that judge or sign.  Their keys follow from
 * their names, and Ed25519 signs one thing in one way only, so every run has
 * the same certificates, and what one has found is of use to the next.
 */
#ifndef OCSP_LAB_FUZZ_CAST_H
#define OCSP_LAB_FUZZ_CAST_H

#include "kitchen.h"

enum role {
        ROOT, /* issued CA_A, CA_B, CA_C and ROOTS_RESPONDER */
        CA_A,
        CA_B,
        CA_C, /* nobody answers for it */
        A_GOOD,
        A_REVOKED,
        A_HELD,
        A_EXPIRED,
        A_SECRET, /* never in the database */
        B_GOOD,
        B_REVOKED,
        C_GOOD,
        RESPONDER,      /* of CA_A, as it should be */
        RESPONDER_P256, /* of CA_A, too */
        RESPONDER_EXPIRED,
        RESPONDER_NO_EKU,
        RESPONDER_NO_SIGN, /* keyUsage without digitalSignature */
        RESPONDER_FORGED,  /* CA_A's signature on it is broken */
        RESPONDER_B,       /* of CA_B */
        ROOTS_RESPONDER,
        TRUSTED, /* self-signed: the user says so */
        ROLES,
};

/* Made at the first call, never freed. */
const struct actor *cast_of(enum role who);

#endif
