/* Shared by the files of this room only. */
#ifndef OCSP_LAB_HTTPC_INTERNAL_H
#define OCSP_LAB_HTTPC_INTERNAL_H

#include "httpc/httpc.h"

/* The URL that a Location header of an answer from `from` means (RFC 9110
 * section 10.2.2, RFC 3986 section 5.2 without dot segments). */
int httpc_url_join(const struct httpc_url *from, const char *location,
    char out[HTTPC_URL_MAX], struct err *e);

/* "host", "host:port", "[::1]:port" as a Host header and messages have it. */
enum { HTTPC_AUTHORITY_MAX = 280 };
void httpc_authority(const struct httpc_url *u, char out[HTTPC_AUTHORITY_MAX]);

/* Header values; NULL = absent.  -1 if absent or not understood. */
int64_t httpc_retry_after(const char *value, const char *date);
int64_t httpc_max_age(const char *cache_control, const char *age);

#endif
