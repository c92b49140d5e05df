#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_MS INT64_C(1000)
#define DAY_S INT64_C(86400)

int parse_uint(const char *text, uint64_t max, uint64_t *out, struct err *e)
{
        unsigned long long v;
        char *end;

        errno = 0;
        v = strtoull(text, &end, 10);
        if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 ||
            v > max)
                return err_set(e, ERR_USAGE,
                    "'%s' is not a number from 0 to %" PRIu64, text, max);
        *out = v;
        return 0;
}

/* Milliseconds of a unit, 0 if there is no such unit. */
static int64_t unit_ms(const char *unit)
{
        static const struct {
                const char *name;
                int64_t ms;
        } units[] = {{"ms", 1}, {"s", SECOND_MS}, {"m", 60 * SECOND_MS},
            {"h", 3600 * SECOND_MS}, {"d", DAY_S * SECOND_MS},
            {"w", 7 * DAY_S * SECOND_MS}, {"y", 365 * DAY_S * SECOND_MS}};
        size_t i;

        for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
                if (strcmp(unit, units[i].name) == 0)
                        return units[i].ms;
        return 0;
}

int parse_duration_ms(const char *text, char bare, int64_t *ms, struct err *e)
{
        const char plain[2] = {bare, '\0'};
        unsigned long long v;
        int64_t unit;
        char *end;

        errno = 0;
        v = strtoull(text, &end, 10);
        unit = unit_ms(*end == '\0' ? plain : end);
        if (!isdigit((unsigned char)text[0]) || unit == 0)
                return err_set(e, ERR_USAGE,
                    "'%s' is not a duration: write 90s, 15m, 8h or 4d", text);
        if (errno != 0 || v > (unsigned long long)(DURATION_MAX_MS / unit))
                return err_set(e, ERR_USAGE,
                    "'%s' is too long: the limit is 1000 years", text);
        *ms = (int64_t)v * unit;
        return 0;
}

int parse_duration(const char *text, char bare, int64_t *s, struct err *e)
{
        int64_t ms = 0;

        if (parse_duration_ms(text, bare, &ms, e) != 0)
                return -1;
        if (ms % SECOND_MS != 0)
                return err_set(e, ERR_USAGE,
                    "'%s' is not a whole number of seconds", text);
        *s = ms / SECOND_MS;
        return 0;
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar, counted in eras
 * of 400 years whose year starts in March. */
static int64_t days_from_civil(int year, int month, int day)
{
        int64_t y = month <= 2 ? (int64_t)year - 1 : year;
        int64_t era = (y >= 0 ? y : y - 399) / 400;
        int64_t yoe = y - era * 400;
        int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
        int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

        return era * 146097 + doe - 719468;
}

int64_t utc_seconds(int year, int month, int day, int h, int m, int s)
{
        return days_from_civil(year, month, day) * DAY_S + h * 3600 + m * 60 +
               s;
}

struct utc utc_split(int64_t t)
{
        int64_t days = t / DAY_S - (t % DAY_S < 0);
        int64_t rest = (t % DAY_S + DAY_S) % DAY_S;
        int64_t z = days + 719468;
        int64_t era = (z >= 0 ? z : z - 146096) / 146097;
        int64_t doe = z - era * 146097;
        int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
        int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        int64_t mp = (5 * doy + 2) / 153;
        struct utc u;

        u.day = (int)(doy - (153 * mp + 2) / 5 + 1);
        u.month = (int)(mp < 10 ? mp + 3 : mp - 9);
        u.year = (int)(yoe + era * 400 + (u.month <= 2));
        u.hour = (int)(rest / 3600);
        u.minute = (int)(rest / 60 % 60);
        u.second = (int)(rest % 60);
        u.weekday = (int)(((days + 4) % 7 + 7) % 7);
        return u;
}

static bool digits(const char **p, int n, int *out)
{
        int i, v = 0;

        for (i = 0; i < n; i++) {
                if (!isdigit((unsigned char)(*p)[i]))
                        return false;
                v = v * 10 + ((*p)[i] - '0');
        }
        *p += n;
        *out = v;
        return true;
}

static bool literal(const char **p, const char *set)
{
        if (**p == '\0' || strchr(set, **p) == NULL)
                return false;
        (*p)++;
        return true;
}

/* time-secfrac: read, and dropped. */
static bool fraction(const char **p)
{
        const char *start;

        if (!literal(p, "."))
                return true;
        for (start = *p; isdigit((unsigned char)**p); (*p)++)
                ;
        return *p > start;
}

static bool zone(const char **p, int *seconds)
{
        int h, m, sign;

        *seconds = 0;
        if (literal(p, "Zz"))
                return true;
        sign = **p == '-' ? -1 : 1;
        if (!literal(p, "+-") || !digits(p, 2, &h) || !literal(p, ":") ||
            !digits(p, 2, &m) || h > 23 || m > 59)
                return false;
        *seconds = sign * (h * 3600 + m * 60);
        return true;
}

static bool rfc3339(const char *p, int64_t *out)
{
        int y, mo, d, h = 0, mi = 0, s = 0, offset = 0;
        struct utc back;

        if (!digits(&p, 4, &y) || !literal(&p, "-") || !digits(&p, 2, &mo) ||
            !literal(&p, "-") || !digits(&p, 2, &d))
                return false;
        if (*p != '\0' &&
            (!literal(&p, "Tt ") || !digits(&p, 2, &h) || !literal(&p, ":") ||
                !digits(&p, 2, &mi) || !literal(&p, ":") ||
                !digits(&p, 2, &s) || !fraction(&p) || !zone(&p, &offset)))
                return false;
        if (*p != '\0' || y < 1950 || mo < 1 || mo > 12 || h > 23 || mi > 59 ||
            s > 59)
                return false;
        *out = utc_seconds(y, mo, d, h, mi, s);
        back = utc_split(*out); /* 31 April would have become 1 May */
        *out -= offset;
        return back.day == d && back.month == mo;
}

static bool in_range(int64_t t)
{
        return t >= utc_seconds(1950, 1, 1, 0, 0, 0) &&
               t <= utc_seconds(9999, 12, 31, 23, 59, 59);
}

int parse_time(const char *text, int64_t now, int64_t *out, struct err *e)
{
        int64_t delta = 0;
        char *end;

        if (strcmp(text, "now") == 0) {
                *out = now;
                return 0;
        }
        if (text[0] == '+' || text[0] == '-') {
                if (parse_duration(text + 1, 's', &delta, e) != 0)
                        return -1;
                *out = text[0] == '+' ? now + delta : now - delta;
        } else if (text[0] == '@') {
                errno = 0;
                *out = strtoll(text + 1, &end, 10);
                if (errno != 0 || *end != '\0' ||
                    !isdigit((unsigned char)text[text[1] == '-' ? 2 : 1]))
                        return err_set(e, ERR_USAGE,
                            "'%s' is not @ and seconds since 1970", text);
        } else if (!rfc3339(text, out)) {
                return err_set(e, ERR_USAGE,
                    "'%s' is not a time: write 2026-01-31T12:00:00Z, now, +8d "
                    "or -3h",
                    text);
        }
        if (!in_range(*out))
                return err_set(e, ERR_USAGE,
                    "'%s' is outside the years 1950 to 9999", text);
        return 0;
}

const char *format_time(int64_t t, char out[TIME_TEXT_MAX])
{
        struct utc u = utc_split(t);

        if (t < utc_seconds(0, 1, 1, 0, 0, 0) ||
            t > utc_seconds(9999, 12, 31, 23, 59, 59)) {
                snprintf(out, TIME_TEXT_MAX, "@%" PRId64, t);
                return out;
        }
        snprintf(out, TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02dZ",
            u.year % 10000, u.month, u.day, u.hour, u.minute, u.second);
        return out;
}

const char *format_duration(int64_t s, char out[DURATION_TEXT_MAX])
{
        static const struct {
                int64_t seconds;
                char name;
        } units[] = {{DAY_S, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
        const char *sign = s < 0 ? "-" : "";
        uint64_t rest = s < 0 ? -(uint64_t)s : (uint64_t)s, major, minor;
        size_t i = 0;

        while (i < 3 && rest < (uint64_t)units[i].seconds)
                i++;
        major = rest / (uint64_t)units[i].seconds;
        rest %= (uint64_t)units[i].seconds;
        minor = i < 3 ? rest / (uint64_t)units[i + 1].seconds : 0;
        if (minor == 0)
                snprintf(out, DURATION_TEXT_MAX, "%s%" PRIu64 "%c", sign, major,
                    units[i].name);
        else
                snprintf(out, DURATION_TEXT_MAX,
                    "%s%" PRIu64 "%c %" PRIu64 "%c", sign, major, units[i].name,
                    minor, units[i + 1].name);
        return out;
}

const char *hex_encode(struct span in, char *out, size_t size)
{
        static const char alphabet[] = "0123456789abcdef";
        size_t i;

        if (size < 1)
                return "";
        out[0] = '\0';
        if (in.len > (size - 1) / 2)
                return out;
        for (i = 0; i < in.len; i++) {
                out[2 * i] = alphabet[in.data[i] >> 4];
                out[2 * i + 1] = alphabet[in.data[i] & 15];
        }
        out[2 * in.len] = '\0';
        return out;
}

static int nibble(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c = (char)tolower((unsigned char)c);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Counts the hex digits; false unless they stand in pairs or without any ':',
 * the first of them perhaps alone. */
static bool hex_digits(const char *text, size_t *count)
{
        size_t i, group = 0;
        bool first = true;

        *count = 0;
        for (i = 0; text[i] != '\0'; i++) {
                if (nibble(text[i]) >= 0) {
                        (*count)++, group++;
                        continue;
                }
                if (text[i] != ':' || group == 0 || (!first && group % 2 != 0))
                        return false;
                group = 0;
                first = false;
        }
        return group > 0 && (first || group % 2 == 0);
}

int hex_decode(
    const char *text, uint8_t *out, size_t max, size_t *len, struct err *e)
{
        size_t count, n;
        bool high;

        if (!hex_digits(text, &count))
                return err_set(e, ERR_USAGE, "'%s' is not hexadecimal", text);
        if ((count + 1) / 2 > max)
                return err_set(e, ERR_USAGE,
                    "'%.20s...' is longer than %zu bytes", text, max);
        *len = (count + 1) / 2;
        memset(out, 0, *len);
        high = count % 2 == 0;
        for (n = 0; *text != '\0'; text++) {
                if (*text == ':')
                        continue;
                out[n] = (uint8_t)(out[n] | nibble(*text) * (high ? 16 : 1));
                n += !high;
                high = !high;
        }
        return 0;
}
