/* What the status listener says about the certificates. */
#ifndef OCSP_LAB_STAPLER_STATUS_H
#define OCSP_LAB_STAPLER_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "stapler/roster.h"

/*
 * Appends {"now", "certificates": [...]}, of all certificates or (name not
 * NULL) of one.  Times are RFC 3339 in the lab's clock, or null.
 *
 *   name, serial, must_staple, urls
 *   state          none, good, revoked, unverified, expired, early
 *   stapled        whether the next handshake gets a staple
 *   refused        whether the next handshake is refused
 *   this_update, next_update        of the staple that is held
 *   revocation_time, reason         of the last answer believed
 *   next_refresh   null while a fetch is under way, or none can be made
 *   fetches, failures (in a row), last_error ("" after a success)
 *   served, bare, refusals          handshakes with a staple, without one
 *                                   though asked, and refused
 */
void status_json(const struct roster *r, const char *name, struct buf *out);

/*
 * Appends {"healthy", "warning", "now", "certificates": [{"name", "healthy",
 * "why", "warning"}]}, and says whether it is healthy: whether there is a
 * certificate, and each can be served, with a staple if it should have one.
 * A warning is what will make it unhealthy.  why and warning may be null.
 */
bool status_health(const struct roster *r, struct buf *out);

/* Appends the same in numbers, for Prometheus. */
void status_metrics(
    const struct roster *r, size_t connections, struct buf *out);

#endif
