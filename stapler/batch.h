/*
 * Requests to the status listener that are answered when the fetches they
 * asked for are done.
 */
#ifndef OCSP_LAB_STAPLER_BATCH_H
#define OCSP_LAB_STAPLER_BATCH_H

#include "stapler/roster.h"
#include "stapler/web/web.h"

struct batch;

/* Those that wait. */
struct batches {
        const struct roster *roster;
        struct batch *first;
};

/* POST /refresh: a fetch that begins from now on, of one certificate or (name
 * NULL) of all.  Takes r over.  Every certificate must be known. */
void batch_refresh(struct batches *b, const char *name, struct web_request *r);

/* POST /reload: until each certificate has been tried. */
void batch_reload(struct batches *b, struct web_request *r);

/* POST /scenario: until what the faults of that certificate staple is there, or
 * can't be had (409). */
void batch_scenario(struct batches *b, const char *name, struct web_request *r);

/* Answers those whose certificates are done. */
void batch_check(struct batches *b);

/* Answers the rest, at the end of the program. */
void batch_drop(struct batches *b);

#endif
