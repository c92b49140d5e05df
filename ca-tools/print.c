#include "print.h"

#include <stdio.h>
#include <string.h>

#include "pki/pki.h"
#include "reason.h"

_Static_assert(CERT_LABEL_MAX >= (int)PKI_SERIAL_TEXT_MAX, "a serial fits");

int print_json(json_t *record, struct err *e)
{
        int rc;

        if (record == NULL)
                return err_set(e, ERR_INTERNAL,
                    "cannot make JSON: a name or path that is not UTF-8, or no "
                    "memory");
        rc = json_dumpf(record, stdout, JSON_COMPACT);
        json_decref(record);
        if (rc != 0 || putchar('\n') == EOF)
                return err_errno(e, ERR_IO, "standard output");
        return 0;
}

json_t *json_text(const char *text)
{
        json_t *out = json_string(text);
        char plain[ERR_TEXT_MAX];
        size_t i;

        if (out != NULL)
                return out;
        for (i = 0; text[i] != '\0' && i + 1 < sizeof(plain); i++)
                plain[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
        plain[i] = '\0';
        return json_string(plain);
}

json_t *json_time(int64_t t)
{
        char text[TIME_TEXT_MAX];

        return t == 0 ? json_null() : json_string(format_time(t, text));
}

json_t *json_serial(const uint8_t *serial, size_t len)
{
        char text[PKI_SERIAL_TEXT_MAX];

        return json_string(pki_serial_text((struct span){serial, len}, text));
}

json_t *json_path(const struct lab *lab, const char *path)
{
        return path[0] != '\0' ? json_sprintf("%s/%s", lab->dir, path)
                               : json_null();
}

json_t *json_strings(const char *const *words, size_t len)
{
        json_t *list = json_array();
        size_t i;

        for (i = 0; i < len; i++)
                json_array_append_new(list, json_string(words[i]));
        return list;
}

static bool is_expired(const struct cadb_state *s, int64_t now)
{
        return s->not_after < now;
}

json_t *json_cert(const struct cadb_cert *cert, int64_t now)
{
        const struct cadb_state *s = &cert->state;
        bool revoked = s->status == CADB_REVOKED;

        return json_pack("{s:s?, s:o, s:s, s:s, s:o, s:o, s:s, s:s?, s:o, "
                         "s:o, s:b}",
            "name", cert->name[0] != '\0' ? cert->name : NULL, "serial",
            json_serial(cert->serial, cert->serial_len), "ca", cert->ca_name,
            "subject", cert->subject, "not_before", json_time(cert->not_before),
            "not_after", json_time(s->not_after), "status", state_name(s),
            "reason", revoked ? reason_name(s->reason) : NULL, "revoked_at",
            json_time(s->revoked_at), "invalidity_at",
            json_time(s->invalidity_at), "expired", is_expired(s, now));
}

const char *state_name(const struct cadb_state *s)
{
        if (s->status == CADB_GOOD)
                return "good";
        return s->reason == OCSP_REASON_HOLD ? "hold" : "revoked";
}

const char *state_text(const struct cadb_state *s, char out[STATE_TEXT_MAX])
{
        char at[TIME_TEXT_MAX];
        const char *reason = ocsp_reason_name(s->reason);

        format_time(s->revoked_at, at);
        if (s->status == CADB_GOOD)
                snprintf(out, STATE_TEXT_MAX, "good");
        else if (s->reason == OCSP_REASON_HOLD)
                snprintf(out, STATE_TEXT_MAX, "hold %s", at);
        else if (reason == NULL)
                snprintf(out, STATE_TEXT_MAX, "revoked %s", at);
        else
                snprintf(out, STATE_TEXT_MAX, "revoked %s %s", at, reason);
        return out;
}

const char *state_expired(const struct cadb_state *s, int64_t now)
{
        return is_expired(s, now) ? ", expired" : "";
}

const char *cert_label(const struct cadb_cert *cert, char out[CERT_LABEL_MAX])
{
        if (cert->name[0] == '\0')
                return pki_serial_text(
                    (struct span){cert->serial, cert->serial_len}, out);
        snprintf(out, CERT_LABEL_MAX, "%s", cert->name);
        return out;
}

void print_dir_option(const struct args *a)
{
        const char *p = a->dir;

        if (p == NULL)
                return;
        printf(" --dir ");
        if (strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                      "0123456789_./+:@%-") == strlen(p)) {
                printf("%s", p);
                return;
        }
        putchar('\'');
        for (; *p != '\0'; p++)
                if (*p == '\'')
                        printf("'\\''");
                else
                        putchar(*p);
        putchar('\'');
}
