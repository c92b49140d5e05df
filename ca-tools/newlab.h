/* The directory of a new lab: claimed, filled, then there. */
#ifndef OCSP_LAB_CA_NEWLAB_H
#define OCSP_LAB_CA_NEWLAB_H

#include "hierarchy.h"

/*
 * Makes spec->dir, with the CAs of spec; made gets spec->depth entries.  Waits
 * for another one who makes the same.  ca.db appears last, so the lab is there
 * complete or not at all: what a failure leaves is removed, what a kill leaves
 * (known by ca.db.new) is overwritten by the next call.
 *
 * ERR_EXISTS if there is a lab, or something in the way of one.
 */
int newlab_make(const struct hierarchy_spec *spec,
    struct hierarchy_ca made[HIERARCHY_DEPTH_MAX], struct err *e);

#endif
