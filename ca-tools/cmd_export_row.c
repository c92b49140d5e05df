#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_export.h"
#include "print.h"
#include "reason.h"

/* ---- index.txt --------------------------------------------------------- */

static struct span serial_of(const struct cadb_cert *cert)
{
        return (struct span){cert->serial, cert->serial_len};
}

/* As X509_NAME_oneline has it; 0 without the certificate. */
static int subject_of_der(
    struct export *x, const struct cadb_cert *cert, char **out, struct err *e)
{
        struct buf der = {0};
        X509 *x509 = NULL;
        int found;

        *out = NULL;
        found = cadb_cert_der(x->lab->db, cert->ca, serial_of(cert), &der, e);
        if (found == 1 && pki_cert_from_der(buf_span(&der), &x509, e) == 0)
                *out = X509_NAME_oneline(X509_get_subject_name(x509), NULL, 0);
        else if (found == 1)
                found = -1;
        if (found == 1 && *out == NULL)
                found = err_set(e, ERR_OS, "out of memory");
        X509_free(x509);
        buf_release(&der);
        return found;
}

/* The one that index.txt had, if our text has only its beginning. */
static int subject_of_row(
    struct export *x, const struct cadb_cert *cert, char **out, struct err *e)
{
        struct buf text = {0};
        int found =
            cadb_cert_subject(x->lab->db, cert->ca, serial_of(cert), &text, e);

        if (found == 1 && text.len >= sizeof(cert->subject)) {
                buf_append(&text, "", 1);
                *out = text.failed ? NULL
                                   : OPENSSL_strdup((const char *)text.data);
                if (*out == NULL)
                        found = err_set(e, ERR_OS, "out of memory");
        }
        buf_release(&text);
        return found;
}

static int index_row(struct export *x, const struct cadb_cert *cert,
    const char *subject, struct err *e)
{
        struct index_row row = {.state = cert->state, .subject = subject};

        if (cert->serial_len > sizeof(row.serial.octets))
                return err_set(e, ERR_INTERNAL, "serial too long");
        memcpy(row.serial.octets, cert->serial, cert->serial_len);
        row.serial.len = cert->serial_len;
        index_print(&row, x->now, &x->line, &x->loss);
        return 0;
}

/* A text that pki_subject may have cut says "..." at its end. */
static bool is_whole(const char *subject)
{
        return strlen(subject) < PKI_NAME_TEXT_MAX - 4;
}

static int row_index(
    struct export *x, const struct cadb_cert *cert, struct err *e)
{
        char oneline[PKI_NAME_TEXT_MAX];
        char *found = NULL;
        int rc;

        /* The common case, without a look at the certificate. */
        if (is_whole(cert->subject) &&
            (cert->subject[0] == '/' || index_subject_to_oneline(cert->subject,
                                            oneline, sizeof(oneline))))
                return index_row(x, cert,
                    cert->subject[0] == '/' ? cert->subject : oneline, e);
        rc = subject_of_der(x, cert, &found, e);
        if (rc == 0)
                rc = subject_of_row(x, cert, &found, e);
        if (rc >= 0)
                rc = index_row(
                    x, cert, found != NULL ? found : cert->subject, e);
        OPENSSL_free(found);
        return rc;
}

/* ---- CSV (RFC 4180, with LF) ------------------------------------------- */

static void field(struct export *x, const char *text)
{
        if (x->line.len > 0)
                buf_append(&x->line, ",", 1);
        if (text[strcspn(text, ",\"\r\n")] == '\0') {
                buf_append_text(&x->line, text);
                return;
        }
        buf_append(&x->line, "\"", 1);
        for (; *text != '\0'; text++) {
                if (*text == '"')
                        buf_append(&x->line, "\"", 1);
                buf_append(&x->line, text, 1);
        }
        buf_append(&x->line, "\"", 1);
}

static void time_field(struct export *x, int64_t t)
{
        char text[TIME_TEXT_MAX] = "";

        field(x, t != 0 ? format_time(t, text) : text);
}

static void row_csv(struct export *x, const struct cadb_cert *cert)
{
        const struct cadb_state *s = &cert->state;
        char serial[PKI_SERIAL_TEXT_MAX];

        field(x, pki_serial_text(serial_of(cert), serial));
        field(x, cert->name);
        field(x, cert->ca_name);
        field(x, cert->subject);
        time_field(x, cert->not_before);
        time_field(x, s->not_after);
        field(x, state_name(s));
        field(x, s->status == CADB_REVOKED ? reason_name(s->reason) : "");
        time_field(x, s->revoked_at);
        time_field(x, s->invalidity_at);
        buf_append(&x->line, "\n", 1);
}

/* ---- JSON -------------------------------------------------------------- */

static int row_json(
    struct export *x, const struct cadb_cert *cert, struct err *e)
{
        json_t *record = json_cert(cert, x->now);
        char *text;

        text = json_dumps(record, JSON_COMPACT);
        json_decref(record);
        if (text == NULL)
                return err_set(e, ERR_INTERNAL,
                    "cannot make JSON: a name that is not UTF-8, or no memory");
        buf_append_text(&x->line, text);
        buf_append(&x->line, "\n", 1);
        free(text);
        return 0;
}

/* ---- all --------------------------------------------------------------- */

void export_head(struct export *x)
{
        if (x->format == EXPORT_CSV)
                fputs("serial,name,ca,subject,not_before,not_after,status,"
                      "reason,revoked_at,invalidity_at\n",
                    x->out);
}

int export_row(void *arg, const struct cadb_cert *cert, struct err *e)
{
        struct export *x = arg;
        int rc = 0;

        buf_clear(&x->line);
        switch (x->format) {
        case EXPORT_INDEX:
                rc = row_index(x, cert, e);
                break;
        case EXPORT_CSV:
                row_csv(x, cert);
                break;
        case EXPORT_JSON:
                rc = row_json(x, cert, e);
                break;
        }
        if (rc != 0)
                return -1;
        if (x->line.failed)
                return err_set(e, ERR_OS, "out of memory");
        x->rows++;
        if (fwrite(x->line.data, 1, x->line.len, x->out) != x->line.len)
                return err_errno(e, ERR_IO, "cannot write");
        return 0;
}
