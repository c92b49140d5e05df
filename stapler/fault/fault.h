/*
 * Deliberate faults of a staple: what is set, for how many handshakes, and what
 * it makes of them.  The catalogue is common/scenario's; the staple itself,
 * its fetches and its times know nothing of faults.
 */
#ifndef OCSP_LAB_STAPLER_FAULT_H
#define OCSP_LAB_STAPLER_FAULT_H

#include <openssl/x509.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "scenario/board.h"
#include "scenario/scenario.h"

/* ---- one that is set ---------------------------------------------------- */

/* Never changes but for what is left of it; counted references.  Any thread. */
struct fault {
        struct scenario_choice choice;
        char text[SCENARIO_TEXT_MAX];
        int64_t version; /* the event that set it; 0: none did */
        int64_t times;   /* 0: no end */
};

/* One reference, the caller's.  times counts only where the scenario is the
 * staple's, or good: answers are counted by who makes them.  NULL: out of
 * memory. */
struct fault *fault_new(
    const struct scenario_choice *c, int64_t version, int64_t times);
struct fault *fault_ref(struct fault *f);
void fault_unref(struct fault *f); /* NULL is fine */

bool fault_holds(const struct fault *f);
/* One of the handshakes; false: none is left.  Of all threads together,
 * exactly as many get it as there are.  *left: -1 if there is no end. */
bool fault_take(struct fault *f, int64_t *left);
int64_t fault_left(const struct fault *f); /* -1: no end */

/* ---- what it does ------------------------------------------------------- */

enum fault_deed {
        FAULT_NOTHING, /* the staple as it is */
        FAULT_BARE,    /* no staple */
        FAULT_BYTES,   /* fault_bytes */
        FAULT_TWIN,    /* that of the certificate with the other kind of key */
        FAULT_ANSWER,  /* what the responder answers who says what it is for */
};
enum fault_deed fault_deed(const struct fault *f);
struct span fault_bytes(const struct fault *f);

/* ---- what is set in a lab ----------------------------------------------- */

/* What the board shows.  One thread. */
struct faults {
        struct scenario_board board;
        bool may; /* scenarios can be set here */
        bool never;
        struct fault **made; /* of the board's notes, as they are asked for */
};

/* Reads FOLDER/.scenarios.  No such file: nothing can be set.  One that says
 * that none ever can is believed once and for all.  -1: what was known stays.
 * Faults that are set still are the same, with what is left of them. */
int faults_read(struct faults *s, const char *folder, struct err *e);
void faults_release(struct faults *s);

/* The one that is set at that level for a certificate of that issuer; borrowed.
 * NULL: none, or no memory. */
struct fault *faults_at(struct faults *s, enum scenario_level level,
    const X509 *leaf, const X509 *issuer);

#endif
