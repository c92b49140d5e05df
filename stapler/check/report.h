/* What is said of one answer: its steps, its outcome, and what follows. */
#ifndef OCSP_LAB_CHECK_REPORT_H
#define OCSP_LAB_CHECK_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "ocsp/ocsp.h"
#include "stapler/check/options.h"

enum { REPORT_CHECKS_MAX = OCSP_CHECKS_MAX + 16 };

struct report {
        const char *source; /* "staple", "live", "file" */
        enum ocsp_outcome outcome;
        char why[ERR_TEXT_MAX];
        struct ocsp_check checks[REPORT_CHECKS_MAX];
        size_t checks_len;
        bool has_answer; /* then der, and what ocsp_judge found in it */
        struct buf der;
        struct ocsp_verdict verdict;
        char url[1024]; /* who was asked; "" if nobody */
};

/* Until something is known: untrusted. */
void report_init(struct report *r, const char *source);

/* Appends a step; ok as in struct ocsp_check.  id and ref are static. */
void report_check(struct report *r, const char *id, int ok, const char *ref,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* No answer: the outcome is MISSING or UNREACHABLE, and why. */
void report_absent(struct report *r, enum ocsp_outcome outcome, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* Judges r->der, and takes over its steps. */
void report_judge(struct report *r, const struct ocsp_question *q);

/* Any step of those that stand there. */
bool report_has_failed(const struct report *r);

/* A failed step of those that stand there, other than the answer's own, makes
 * the outcome untrusted: whoever the answer is about, it is not this one. */
void report_distrust(struct report *r, const char *id);

void report_release(struct report *r);

/* Whether a client with that policy would go on with an answer of that outcome
 * in its hands. */
bool policy_takes(enum policy policy, enum ocsp_outcome outcome);

/* Whether a client with that policy would go on. */
bool report_accepted(
    const struct report *r, enum policy policy, bool must_staple);

/* The contract: 0 to 5. */
int report_exit(const struct report *r, bool accepted);

bool report_expected(const struct report *r, const struct expectation *x);

/* "revoked:keyCompromise", as --expect takes it. */
enum { REPORT_SEEN_MAX = 64 };
const char *report_seen(const struct report *r, char out[REPORT_SEEN_MAX]);

#endif
