#include "index.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ocsp/ocsp.h"

enum field { TYPE, NOT_AFTER, REVOCATION, SERIAL, FILENAME, SUBJECT, FIELDS };

/* ---- fields ------------------------------------------------------------ */

/* Cuts the line at its TABs and takes the backslash from those inside. */
static int split(char *line, char *fields[FIELDS], struct err *e)
{
        char *from, *to = line;
        bool escaped = false;
        size_t n = 1;

        fields[0] = line;
        for (from = line; *from != '\0'; from++) {
                if (*from == '\t' && escaped) {
                        to[-1] = '\t';
                        escaped = false;
                        continue;
                }
                escaped = *from == '\\';
                *to++ = *from;
                if (*from != '\t')
                        continue;
                to[-1] = '\0';
                if (n < FIELDS)
                        fields[n] = to;
                n++;
        }
        *to = '\0';
        if (n != FIELDS)
                return err_set(e, ERR_DATA,
                    "%zu fields with a TAB between them, not %d", n, FIELDS);
        return 0;
}

/* ---- times ------------------------------------------------------------- */

static int two_digits(const char *p)
{
        return (p[0] - '0') * 10 + (p[1] - '0');
}

/* [YY]YYMMDDHHMM[SS]Z, into its parts.  Years of two digits as RFC 5280
 * section 4.1.2.5.1 has them. */
static bool time_split(const char *text, struct utc *t)
{
        size_t digits = strspn(text, "0123456789");
        bool general = digits == 14;
        const char *p = text + (general ? 4 : 2);

        if ((digits != 10 && digits != 12 && !general) ||
            strcmp(text + digits, "Z") != 0)
                return false;
        t->year = general ? two_digits(text) * 100 + two_digits(text + 2)
                          : two_digits(text) + 1900;
        if (!general && t->year < 1950)
                t->year += 100;
        t->month = two_digits(p);
        t->day = two_digits(p + 2);
        t->hour = two_digits(p + 4);
        t->minute = two_digits(p + 6);
        t->second = digits == 10 ? 0 : two_digits(p + 8);
        return true;
}

/* What says 31 February is not a time. */
static int parse_asn1_time(
    const char *text, const char *what, int64_t *out, struct err *e)
{
        struct utc t, back;

        if (!time_split(text, &t))
                return err_set(e, ERR_DATA,
                    "%s '%.40s' is not of the form YYMMDDHHMMSSZ or "
                    "YYYYMMDDHHMMSSZ",
                    what, text);
        *out = utc_seconds(t.year, t.month, t.day, t.hour, t.minute, t.second);
        back = utc_split(*out);
        if (back.year != t.year || back.month != t.month || back.day != t.day ||
            back.hour != t.hour || back.minute != t.minute ||
            back.second != t.second)
                return err_set(e, ERR_DATA, "%s '%.40s' is not in the calendar",
                    what, text);
        if (*out <= 0)
                return err_set(
                    e, ERR_DATA, "%s '%.40s' is before 1970", what, text);
        return 0;
}

static void print_asn1_time(int64_t at, bool general, struct buf *out)
{
        struct utc t = utc_split(at);

        if (general || t.year < 1950 || t.year > 2049)
                buf_printf(out, "%04d", t.year);
        else
                buf_printf(out, "%02d", t.year % 100);
        buf_printf(out, "%02d%02d%02d%02d%02dZ", t.month, t.day, t.hour,
            t.minute, t.second);
}

/* ---- the revocation ---------------------------------------------------- */

/* What openssl calls reasons besides those of RFC 5280: a word more follows
 * after a comma. */
static const struct {
        const char *name;
        int reason;
        const char *needs;
} special[] = {
    {"holdInstruction", OCSP_REASON_HOLD, "an OID"},
    {"keyTime", 1, "a time"},
    {"CAkeyTime", 2, "a time"},
};
enum { HOLD_INSTRUCTION, SPECIAL_LEN = sizeof(special) / sizeof(special[0]) };

static int parse_special(
    size_t i, const char *more, struct index_row *out, struct err *e)
{
        if (more == NULL || *more == '\0')
                return err_set(e, ERR_DATA, "reason %s without %s",
                    special[i].name, special[i].needs);
        out->state.reason = special[i].reason;
        out->hold_instruction = i == HOLD_INSTRUCTION;
        if (out->hold_instruction)
                return 0;
        return parse_asn1_time(
            more, "invalidity date", &out->state.invalidity_at, e);
}

static int parse_reason(
    const char *name, const char *more, struct index_row *out, struct err *e)
{
        int reason;
        size_t i;

        for (i = 0; i < SPECIAL_LEN; i++)
                if (strcasecmp(name, special[i].name) == 0)
                        return parse_special(i, more, out, e);
        if (!isalpha((unsigned char)name[0]) ||
            ocsp_reason_parse(name, &reason) != 0)
                return err_set(
                    e, ERR_DATA, "'%.40s' is no revocation reason", name);
        if (reason == OCSP_REASON_REMOVE_FROM_CRL)
                return err_set(e, ERR_DATA,
                    "removeFromCRL is no reason to revoke (RFC 5280 section "
                    "5.3.1): an ended hold is a line with V");
        if (more != NULL)
                return err_set(e, ERR_DATA,
                    "'%.40s' after the reason: only keyTime, CAkeyTime and "
                    "holdInstruction have more",
                    more);
        out->state.reason = reason > 0 ? reason : OCSP_REASON_NONE;
        return 0;
}

static char *cut(char *text, char at)
{
        char *p = text != NULL ? strchr(text, at) : NULL;

        if (p == NULL)
                return NULL;
        *p = '\0';
        return p + 1;
}

static int parse_revocation(char *text, struct index_row *out, struct err *e)
{
        char *reason = cut(text, ','), *more = cut(reason, ',');

        out->state.status = CADB_REVOKED;
        if (parse_asn1_time(
                text, "revocation time", &out->state.revoked_at, e) != 0)
                return -1;
        return reason != NULL ? parse_reason(reason, more, out, e) : 0;
}

/* ---- a line ------------------------------------------------------------ */

static int parse_type(
    char *fields[FIELDS], struct index_row *out, struct err *e)
{
        const char *type = fields[TYPE];
        bool dated = fields[REVOCATION][0] != '\0';

        if (type[0] == '\0' || type[1] != '\0' ||
            strchr("VRE", type[0]) == NULL)
                return err_set(e, ERR_DATA,
                    "begins with '%.20s' rather than V, R or E", type);
        if (type[0] == 'R' && !dated)
                return err_set(e, ERR_DATA, "revoked without a time");
        if (type[0] == 'R')
                return parse_revocation(fields[REVOCATION], out, e);
        if (dated)
                return err_set(e, ERR_DATA,
                    "%s, yet with a revocation time: what is revoked begins "
                    "with R",
                    type);
        return 0;
}

static int parse_serial(const char *text, struct pki_serial *out, struct err *e)
{
        const char *digits = text + (text[0] == '-');

        if (digits[strspn(digits, "0123456789abcdefABCDEF")] != '\0' ||
            pki_serial_parse(text, out, NULL) != 0)
                return err_set(e, ERR_DATA,
                    "serial '%.60s' is not a number in hex of at most %d "
                    "bytes",
                    text, PKI_SERIAL_MAX);
        return 0;
}

int index_parse(char *line, struct index_row *out, struct err *e)
{
        char *fields[FIELDS] = {0};

        *out = (struct index_row){.state.reason = OCSP_REASON_NONE};
        if (split(line, fields, e) != 0 ||
            parse_asn1_time(fields[NOT_AFTER], "end of validity",
                &out->state.not_after, e) != 0 ||
            parse_serial(fields[SERIAL], &out->serial, e) != 0)
                return -1;
        out->subject = fields[SUBJECT];
        return parse_type(fields, out, e);
}

/* ---- writing ----------------------------------------------------------- */

/* As openssl spells them; NULL: it knows no such reason. */
static const char *openssl_reason(int reason)
{
        if (reason == 2)
                return "CACompromise";
        return reason <= OCSP_REASON_HOLD ? ocsp_reason_name(reason) : NULL;
}

static void print_reason(
    const struct cadb_state *s, struct buf *out, struct index_loss *loss)
{
        const char *name = openssl_reason(s->reason);
        bool key = s->reason == 1 || s->reason == 2;

        if (s->reason > 0 && name == NULL)
                loss->reasons++;
        if (s->invalidity_at != 0 && !key)
                loss->invalidity_dates++;
        if (s->reason <= 0 || name == NULL)
                return;
        if (s->invalidity_at == 0 || !key) {
                buf_printf(out, ",%s", name);
                return;
        }
        buf_append_text(out, s->reason == 1 ? ",keyTime," : ",CAkeyTime,");
        print_asn1_time(s->invalidity_at, true, out);
}

static void print_escaped(const char *text, struct buf *out)
{
        for (; *text != '\0'; text++) {
                if (*text == '\t')
                        buf_append(out, "\\", 1);
                buf_append(out, text, 1);
        }
}

void index_print(const struct index_row *row, int64_t now, struct buf *out,
    struct index_loss *loss)
{
        const struct cadb_state *s = &row->state;
        char serial[PKI_SERIAL_TEXT_MAX], *p;
        char type = s->not_after < now ? 'E' : 'V';

        pki_serial_text(
            (struct span){row->serial.octets, row->serial.len}, serial);
        for (p = serial; *p != '\0'; p++)
                *p = (char)toupper((unsigned char)*p);
        buf_printf(out, "%c\t", s->status == CADB_REVOKED ? 'R' : type);
        print_asn1_time(s->not_after, false, out);
        buf_append(out, "\t", 1);
        if (s->status == CADB_REVOKED) {
                print_asn1_time(s->revoked_at, false, out);
                print_reason(s, out, loss);
        }
        buf_printf(out, "\t%s\tunknown\t", serial);
        print_escaped(row->subject, out);
        buf_append(out, "\n", 1);
}
