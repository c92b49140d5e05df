/* 'ocsp-ca issue --scenarios': a certificate for each of many scenarios, which
 * has its name. */
#ifndef OCSP_LAB_CA_CAST_H
#define OCSP_LAB_CA_CAST_H

#include "batch.h"
#include "scenario.h"

struct cast {
        size_t len, twins; /* of which so many need a second certificate */
        struct scenario_choice *roles;
};

/* Those that are named, as on the command line of 'scenario set'; without a
 * name, all that a certificate of that CA can have.  cast_release in any
 * case. */
int cast_choose(struct cast *c, const struct plan *p, char *const *names,
    size_t len, struct err *e);
void cast_release(struct cast *c);

/* Makes the certificates. */
int cast_add(const struct cast *c, struct batch *b, struct err *e);

/* Sets their scenarios: for batch_commit. */
int cast_put(
    void *cast, const struct batch *b, const struct forge *f, struct err *e);

#endif
