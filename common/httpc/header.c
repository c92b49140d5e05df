#include "httpc/internal.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"

/* No delay that a server asks for counts for more than a year. */
static const int64_t SECONDS_MAX = INT64_C(366) * 86400;

static int64_t delta_seconds(const char *p)
{
        int64_t n = 0;

        if (*p < '0' || *p > '9')
                return -1;
        for (; *p >= '0' && *p <= '9'; p++) {
                n = n * 10 + (*p - '0');
                if (n > SECONDS_MAX)
                        n = SECONDS_MAX;
        }
        return n;
}

/* Exactly len digits, or -1. */
static int digits(const char *p, size_t len)
{
        int n = 0;

        for (; len > 0; len--, p++) {
                if (*p < '0' || *p > '9')
                        return -1;
                n = n * 10 + (*p - '0');
        }
        return n;
}

/* IMF-fixdate, RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".  The
 * two obsolete forms are not read.  INT64_MIN: not one. */
static int64_t http_date(const char *text)
{
        static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        int day, month, year, h, m, s;

        if (strlen(text) != 29 || strcmp(text + 25, " GMT") != 0)
                return INT64_MIN;
        for (month = 0; month < 12; month++) {
                if (strncmp(months + (ptrdiff_t)3 * month, text + 8, 3) == 0)
                        break;
        }
        day = digits(text + 5, 2);
        year = digits(text + 12, 4);
        h = digits(text + 17, 2);
        m = digits(text + 20, 2);
        s = digits(text + 23, 2);
        if (month == 12 || day < 1 || day > 31 || year < 1970 || h < 0 ||
            h > 23 || m < 0 || m > 59 || s < 0 || s > 60)
                return INT64_MIN;
        return utc_seconds(year, month + 1, day, h, m, s);
}

/* A date counts from the answer's own Date, so that our clock, which the lab
 * may have moved, has no part in it. */
int64_t httpc_retry_after(const char *value, const char *date)
{
        int64_t at, base, wait;

        if (value == NULL)
                return -1;
        if (*value >= '0' && *value <= '9')
                return delta_seconds(value);
        at = http_date(value);
        base = date == NULL ? INT64_MIN : http_date(date);
        if (at == INT64_MIN || base == INT64_MIN)
                return -1;
        wait = at > base ? at - base : 0;
        return wait < SECONDS_MAX ? wait : SECONDS_MAX;
}

int64_t httpc_max_age(const char *cache_control)
{
        const char *p = cache_control;

        while (p != NULL && *p != '\0') {
                p += strspn(p, " \t,");
                if (strncasecmp(p, "max-age=", 8) == 0) {
                        p += 8;
                        return delta_seconds(*p == '"' ? p + 1 : p);
                }
                p = strchr(p, ',');
        }
        return -1;
}
