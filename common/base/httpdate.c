#include "base/httpdate.h"

#include <string.h>

#include "base/parse.h"

enum { HTTP_DATE_LEN = 29 };

/* Own tables: strftime's names are the locale's. */
static const char days[7][4] = {
    "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static void put_two(char *at, int value)
{
        at[0] = (char)('0' + (unsigned)value / 10 % 10);
        at[1] = (char)('0' + (unsigned)value % 10);
}

/* By hand: snprintf takes several times as long, and an answer has two. */
const char *http_date(int64_t t, char out[HTTP_DATE_MAX])
{
        struct utc u = utc_split(t);

        memcpy(out, "Www, DD Nnn YYYY hh:mm:ss GMT", HTTP_DATE_LEN + 1);
        memcpy(out, days[u.weekday % 7], 3);
        put_two(out + 5, u.day);
        memcpy(out + 8, months[(u.month - 1) % 12], 3);
        put_two(out + 12, u.year / 100);
        put_two(out + 14, u.year % 100);
        put_two(out + 17, u.hour);
        put_two(out + 20, u.minute);
        put_two(out + 23, u.second);
        return out;
}

static int month_of(const char *name)
{
        int i;

        for (i = 0; i < 12; i++)
                if (strncmp(name, months[i], 3) == 0)
                        return i + 1;
        return 0;
}

static bool is_letter(char c)
{
        return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Where the digits of a pattern's letter go; NULL: it is none of those. */
static int *number_of(struct utc *u, char code)
{
        switch (code) {
        case 'y':
                return &u->year;
        case 'd':
                return &u->day;
        case 'h':
                return &u->hour;
        case 'm':
                return &u->minute;
        case 's':
                return &u->second;
        default:
                return NULL;
        }
}

/*
 * In a pattern y d h m s are one digit each, * is a run of letters, n the
 * three of a month's name; all else stands for itself.  asctime has a space
 * for the first digit of a day.
 */
static bool match(const char *text, const char *pattern, struct utc *u)
{
        *u = (struct utc){.year = 0};
        for (; *pattern != '\0'; pattern++) {
                int *number = number_of(u, *pattern);

                if (number != NULL && *text >= '0' && *text <= '9') {
                        *number = 10 * *number + (*text++ - '0');
                } else if (*pattern == '*' && is_letter(*text)) {
                        while (is_letter(*text))
                                text++;
                } else if (*pattern == 'n' && (u->month = month_of(text)) > 0) {
                        text += 3;
                } else if ((*pattern == *text && number == NULL &&
                               strchr("*n", *pattern) == NULL) ||
                           (*pattern == 'd' && *text == ' ' && u->day == 0)) {
                        text++;
                } else {
                        return false;
                }
        }
        return *text == '\0';
}

static bool within(int value, int low, int high)
{
        return value >= low && value <= high;
}

bool http_date_parse(const char *text, int64_t *out)
{
        struct utc u;

        if (!match(text, "*, dd n yyyy hh:mm:ss GMT", &u) &&
            !match(text, "*, dd-n-yy hh:mm:ss GMT", &u) &&
            !match(text, "* n dd hh:mm:ss yyyy", &u))
                return false;
        if (u.year < 100) /* RFC 850 has two digits: not 50 years ahead */
                u.year += u.year < 70 ? 2000 : 1900;
        if (!within(u.year, 1970, 9999) || !within(u.day, 1, 31) ||
            !within(u.hour, 0, 23) || !within(u.minute, 0, 59) ||
            !within(u.second, 0, 60))
                return false;
        *out = utc_seconds(u.year, u.month, u.day, u.hour, u.minute, u.second);
        return true;
}
