/* Text to numbers, durations, times and bytes, and back. */
#ifndef OCSP_LAB_PARSE_H
#define OCSP_LAB_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* No duration is longer: a thousand years. */
#define DURATION_MAX_MS (INT64_C(1000) * 366 * 86400 * 1000)

/* "1500ms", "90s", "15m", "8h", "4d", "2w", "1y" (365 d), or a plain number
 * in the unit that bare says ('d' for --days, 's' else).  Never negative.
 * Result in milliseconds. */
int parse_duration_ms(const char *text, char bare, int64_t *ms, struct err *e);

/* The same in whole seconds; a fraction of a second is an error. */
int parse_duration(const char *text, char bare, int64_t *s, struct err *e);

/* RFC 3339 ("2026-11-21T10:00:00Z", offsets too, fractions dropped,
 * "2026-11-21" = midnight UTC), "now", "+8d", "-3h" (relative to now),
 * "@SECONDS".  Years 1950 to 9999. */
int parse_time(const char *text, int64_t now, int64_t *out, struct err *e);

int parse_uint(const char *text, uint64_t max, uint64_t *out, struct err *e);

enum { TIME_TEXT_MAX = 32, DURATION_TEXT_MAX = 48 };

/* "2026-11-21T10:00:00Z"; "@SECONDS" outside the years 0 to 9999. */
const char *format_time(int64_t t, char out[TIME_TEXT_MAX]);

/* In the two largest units: "3d 4h", "12m 5s", "0s"; negative gets a '-'. */
const char *format_duration(int64_t s, char out[DURATION_TEXT_MAX]);

/* Lower-case hex.  size must be at least 2 * in.len + 1, else "" results. */
const char *hex_encode(struct span in, char *out, size_t size);

/* Hex with optional ':' between bytes, either case, odd length read as if a
 * 0 stood before it.  Fails if it is not hex or longer than max bytes. */
int hex_decode(
    const char *text, uint8_t *out, size_t max, size_t *len, struct err *e);

/* UTC calendar <-> seconds since 1970, for years 0 to 9999. */
int64_t utc_seconds(int year, int month, int day, int h, int m, int s);
struct utc {
        int year, month, day, hour, minute, second, weekday; /* 0 = Sunday */
};
struct utc utc_split(int64_t t);

#endif
