#include "responder/answer/answer.h"

#include <stdio.h>
#include <string.h>

/* Own tables: strftime's names are the locale's. */
static const char days[7][4] = {
    "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

const char *http_date(int64_t t, char out[HTTP_DATE_MAX])
{
        struct utc u = utc_split(t);

        snprintf(out, HTTP_DATE_MAX, "%s, %02u %s %04u %02u:%02u:%02u GMT",
            days[u.weekday % 7], (unsigned)u.day % 100,
            months[(u.month - 1) % 12], (unsigned)u.year % 10000,
            (unsigned)u.hour % 100, (unsigned)u.minute % 100,
            (unsigned)u.second % 100);
        return out;
}

static int month_of(const char *name)
{
        int i;

        for (i = 0; i < 12; i++)
                if (strcmp(name, months[i]) == 0)
                        return i + 1;
        return 0;
}

/* IMF-fixdate; RFC 850; asctime.  The day's name is not looked at. */
static bool scan(const char *text, struct utc *u, char month[4])
{
        int end = 0;

        if (sscanf(text, "%*3[A-Za-z], %2d %3s %4d %2d:%2d:%2d GMT%n", &u->day,
                month, &u->year, &u->hour, &u->minute, &u->second, &end) != 6 &&
            sscanf(text, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n",
                &u->day, month, &u->year, &u->hour, &u->minute, &u->second,
                &end) != 6 &&
            sscanf(text, "%*3[A-Za-z] %3s %2d %2d:%2d:%2d %4d%n", month,
                &u->day, &u->hour, &u->minute, &u->second, &u->year, &end) != 6)
                return false;
        return end > 0 && text[end] == '\0';
}

static bool within(int value, int low, int high)
{
        return value >= low && value <= high;
}

bool http_date_parse(const char *text, int64_t *out)
{
        struct utc u = {.year = 0};
        char month[4] = "";

        if (!scan(text, &u, month))
                return false;
        if (u.year < 100) /* RFC 850 has two digits: not 50 years ahead */
                u.year += u.year < 70 ? 2000 : 1900;
        u.month = month_of(month);
        if (u.month == 0 || !within(u.year, 1970, 9999) ||
            !within(u.day, 1, 31) || !within(u.hour, 0, 23) ||
            !within(u.minute, 0, 59) || !within(u.second, 0, 60))
                return false;
        *out = utc_seconds(u.year, u.month, u.day, u.hour, u.minute, u.second);
        return true;
}
