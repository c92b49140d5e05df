/* Dates in HTTP headers, RFC 9110 section 5.6.7. */
#ifndef OCSP_LAB_HTTPDATE_H
#define OCSP_LAB_HTTPDATE_H

#include <stdbool.h>
#include <stdint.h>

enum { HTTP_DATE_MAX = 32 };

/* "Sun, 06 Nov 1994 08:49:37 GMT", in English whatever the locale. */
const char *http_date(int64_t t, char out[HTTP_DATE_MAX]);

/* That form and the two obsolete ones (RFC 850, asctime), and nothing that
 * only looks like them. */
bool http_date_parse(const char *text, int64_t *out);

#endif
