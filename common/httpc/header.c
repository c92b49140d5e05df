#include "httpc/internal.h"

#include <string.h>
#include <strings.h>

#include "base/httpdate.h"

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

/* A date counts from the answer's own Date, so that our clock, which the lab
 * may have moved, has no part in it. */
int64_t httpc_retry_after(const char *value, const char *date)
{
        int64_t at, sent, wait;

        if (value == NULL)
                return -1;
        if (*value >= '0' && *value <= '9')
                return delta_seconds(value);
        if (date == NULL || !http_date_parse(value, &at) ||
            !http_date_parse(date, &sent))
                return -1;
        wait = at > sent ? at - sent : 0;
        return wait < SECONDS_MAX ? wait : SECONDS_MAX;
}

/* RFC 9111 section 4.2: what is fresh for that long was so Age ago. */
static int64_t left_of(int64_t max_age, const char *age)
{
        int64_t spent = age == NULL ? 0 : delta_seconds(age);

        if (max_age < 0 || spent < 0)
                return max_age;
        return max_age > spent ? max_age - spent : 0;
}

int64_t httpc_max_age(const char *cache_control, const char *age)
{
        const char *p = cache_control;

        while (p != NULL && *p != '\0') {
                p += strspn(p, " \t,");
                if (strncasecmp(p, "max-age=", 8) == 0) {
                        p += 8;
                        return left_of(
                            delta_seconds(*p == '"' ? p + 1 : p), age);
                }
                p = strchr(p, ',');
        }
        return -1;
}
