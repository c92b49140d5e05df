#include "ocsp/parts.h"

#include "base/parse.h"

#include <stdio.h>

/* ---- reading ----------------------------------------------------------- */

/* Takes n digits, or nothing. */
static bool take(struct span *s, size_t n, int *value)
{
        size_t i;

        if (s->len < n)
                return false;
        *value = 0;
        for (i = 0; i < n; i++) {
                if (s->data[i] < '0' || s->data[i] > '9')
                        return false;
                *value = *value * 10 + (s->data[i] - '0');
        }
        s->data += n;
        s->len -= n;
        return true;
}

static void skip_fraction(struct span *s)
{
        int digit;

        if (s->len == 0 || (s->data[0] != '.' && s->data[0] != ','))
                return;
        s->data++;
        s->len--;
        while (take(s, 1, &digit))
                ;
}

/* "Z", "+hhmm" or "+hh"; nothing at all would be local time, somewhere. */
static bool take_zone(struct span *s, int64_t *offset)
{
        int hours, minutes = 0;
        bool west;

        *offset = 0;
        if (s->len == 1 && s->data[0] == 'Z')
                return true;
        if (s->len == 0 || (s->data[0] != '+' && s->data[0] != '-'))
                return false;
        west = s->data[0] == '-';
        s->data++;
        s->len--;
        if (!take(s, 2, &hours))
                return false;
        (void)take(s, 2, &minutes);
        *offset = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
        return s->len == 0 && hours < 24 && minutes < 60;
}

/* Two digits of a year: X.509's window, RFC 5280 section 4.1.2.5.1. */
static bool take_year(struct span *s, bool two_digits, int *year)
{
        if (!take(s, two_digits ? 2 : 4, year))
                return false;
        if (two_digits)
                *year += *year < 50 ? 2000 : 1900;
        return true;
}

/* The best reading of any form that X.680 knows, or INT64_MIN. */
static int64_t read_clock(struct span s, bool two_digits)
{
        int year, month, day, hour, minute = 0, second = 0;
        struct utc back;
        int64_t offset, t;

        if (!take_year(&s, two_digits, &year) || !take(&s, 2, &month) ||
            !take(&s, 2, &day) || !take(&s, 2, &hour))
                return INT64_MIN;
        if (take(&s, 2, &minute))
                (void)take(&s, 2, &second);
        skip_fraction(&s);
        if (!take_zone(&s, &offset))
                return INT64_MIN;
        if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
            minute > 59 || second > 59)
                return INT64_MIN;
        t = utc_seconds(year, month, day, hour, minute, second);
        back = utc_split(t); /* 31 April would have become 1 May */
        return back.day == day ? t - offset : INT64_MIN;
}

/* YYYYMMDDHHMMSSZ, RFC 9919 section 3.2.4. */
static bool is_strict(struct span s)
{
        size_t i;

        if (s.len != 15 || s.data[14] != 'Z')
                return false;
        for (i = 0; i < 14; i++)
                if (s.data[i] < '0' || s.data[i] > '9')
                        return false;
        return true;
}

/* Printable text, the rest as \xHH, cut at the end. */
static void escape(struct span s, char *out, size_t size)
{
        size_t used = 0, i;

        out[0] = '\0';
        for (i = 0; i < s.len && used + 5 <= size; i++) {
                bool plain = s.data[i] > 0x20 && s.data[i] < 0x7f &&
                             s.data[i] != '"' && s.data[i] != '\\';

                used += (size_t)snprintf(out + used, size - used,
                    plain ? "%c" : "\\x%02x", s.data[i]);
        }
}

bool ocsp_time_read(struct der *d, const char *what, struct ocsp_time *out)
{
        struct der_item item;
        struct span c;

        if (der_peek(d, DER_UTC_TIME)) {
                if (!der_next(d, what, &item))
                        return false;
        } else if (!der_get(d, DER_GENERALIZED_TIME, what, &item)) {
                return false;
        }
        c = item.content;
        out->present = true;
        out->at = read_clock(c, item.tag == DER_UTC_TIME);
        out->strict = item.tag == DER_GENERALIZED_TIME && is_strict(c) &&
                      out->at != INT64_MIN;
        escape(c, out->text, sizeof(out->text));
        return true;
}

/* ---- writing ----------------------------------------------------------- */

static void put_digits(uint8_t *at, int value, int digits)
{
        while (digits-- > 0) {
                at[digits] = (uint8_t)('0' + value % 10);
                value /= 10;
        }
}

int ocsp_time_put(
    struct der_writer *w, int64_t t, const char *what, struct err *e)
{
        struct utc u;
        uint8_t text[15];

        if (t < utc_seconds(0, 1, 1, 0, 0, 0) ||
            t > utc_seconds(9999, 12, 31, 23, 59, 59))
                return err_set(e, ERR_INTERNAL,
                    "%s: a time outside the years 0 to 9999", what);
        u = utc_split(t);
        put_digits(text, u.year, 4);
        put_digits(text + 4, u.month, 2);
        put_digits(text + 6, u.day, 2);
        put_digits(text + 8, u.hour, 2);
        put_digits(text + 10, u.minute, 2);
        put_digits(text + 12, u.second, 2);
        text[14] = 'Z';
        der_put_item(w, DER_GENERALIZED_TIME, text, sizeof(text));
        return 0;
}
