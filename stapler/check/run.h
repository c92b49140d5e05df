/* One look: everything that is asked, read and judged. */
#ifndef OCSP_LAB_CHECK_RUN_H
#define OCSP_LAB_CHECK_RUN_H

#include "stapler/check/print.h"

/* Fills both; they are released by the caller in any case (subject_close).  -1
 * only for our own failures: whatever others do wrong is a finding. */
int findings_make(const struct options *o, int64_t now, struct subject *s,
    struct findings *f, struct err *e);
void findings_release(struct findings *f);

/* The instant of judgement: the lab's clock, and --at counted from it. */
int now_of(const struct options *o, int64_t *now, struct err *e);

#endif
