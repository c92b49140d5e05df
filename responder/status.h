/* What the status listener shows. */
#ifndef OCSP_LAB_RESPONDER_STATUS_H
#define OCSP_LAB_RESPONDER_STATUS_H

#include "responder/worker.h"

/* Reads the database and signs something for each CA.  Appends JSON; false if
 * anything is wrong. */
bool status_health(struct worker *w, struct buf *out);

/* Prometheus text. */
void status_metrics(struct worker *w, struct buf *out);

/* What is set, and for how many answers still, as JSON; false if that is not
 * known. */
bool status_scenarios(struct worker *w, struct buf *out);

/* One look at the journal, as JSON; how many requests are in it. */
size_t status_requests(
    struct worker *w, uint64_t since, struct span serial, struct buf *out);

#endif
