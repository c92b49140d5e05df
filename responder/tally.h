/* What a thread counts: written by it alone, read by the status listener. */
#ifndef OCSP_LAB_RESPONDER_TALLY_H
#define OCSP_LAB_RESPONDER_TALLY_H

#include <stdatomic.h>

#include "httpd/httpd.h"
#include "ocsp/ocsp.h"
#include "responder/journal.h"

enum { STATUSES = OCSP_UNAUTHORIZED + 1, METHODS = HTTPD_POST + 1 };

/* What came of a request for a CRL. */
enum crl_outcome {
        CRL_SENT,
        CRL_NOT_MODIFIED,
        CRL_ABSENT,      /* 404 */
        CRL_UNREADABLE,  /* 500 */
        CRL_UNAVAILABLE, /* 503 */
        CRL_OUTCOMES,
};

/* Upper bounds of the histogram of signing times, microseconds; one bucket
 * more is for all above. */
enum { TALLY_BOUNDS = 12 };
extern const unsigned tally_bounds_us[TALLY_BOUNDS];

struct tally {
        atomic_uint_fast64_t answers[METHODS][STATUSES][CACHE_USES];
        atomic_uint_fast64_t not_modified;
        atomic_uint_fast64_t crls[CRL_OUTCOMES];
        atomic_uint_fast64_t signed_in[TALLY_BOUNDS + 1];
        atomic_uint_fast64_t signing_ns; /* all together */
};

void tally_add(atomic_uint_fast64_t *counter);
void tally_signature(struct tally *t, uint64_t ns);

/* Any thread. */
uint64_t tally_read(const atomic_uint_fast64_t *counter);

#endif
