/* An event as JSON. */
#ifndef OCSP_LAB_CA_EVENTS_H
#define OCSP_LAB_CA_EVENTS_H

#include "print.h"

/* seq, at, kind, and where they apply ca, name, serial, detail. */
json_t *event_json(const struct cadb_event *ev);

#endif
