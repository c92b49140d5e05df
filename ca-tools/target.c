#include "target.h"

#include <string.h>
#include <unistd.h>

#include "authority.h"
#include "pki/pki.h"

/* What was asked for: the text, and the CA whose it must be. */
struct quest {
        const struct lab *lab;
        const char *text;
        const char *ca_name; /* NULL: any */
        struct cadb_ca ca;
};

/* Another CA's: with --ca, nothing is done to a certificate that somebody only
 * mistook for one of that CA. */
static int not_its(const struct quest *q, const char *whose, struct err *e)
{
        return err_set(e, ERR_NOTFOUND, "%s: is %s's, not %s's: say --ca %s",
            q->text, whose, q->ca_name, whose);
}

static int check_ca(
    const struct quest *q, const struct cadb_cert *cert, struct err *e)
{
        if (q->ca_name == NULL || cert->ca == q->ca.id)
                return 0;
        return not_its(q, cert->ca_name, e);
}

static int by_name(const struct quest *q, struct cadb_cert *out, struct err *e)
{
        int found = cadb_cert_find_name(q->lab->db, q->text, out, e);

        return found == 1 && check_ca(q, out, e) != 0 ? -1 : found;
}

/* ca 0: any. */
static int by_serial(const struct quest *q, int64_t ca, struct span serial,
    enum target_result *result, struct cadb_cert *out, struct err *e)
{
        int found = cadb_cert_find_serial(q->lab->db, ca, serial, out, e);
        struct err several = ERR_INIT;

        *result = found == 1 ? TARGET_FOUND : TARGET_NEVER_ISSUED;
        if (found != 0 || q->ca_name == NULL)
                return found < 0 ? -1 : 0;
        found = cadb_cert_find_serial(q->lab->db, 0, serial, out, &several);
        return found == 1 ? not_its(q, out->ca_name, e) : 0;
}

/* A certificate says itself who issued it. */
static int by_cert(const struct quest *q, X509 *cert,
    enum target_result *result, struct cadb_cert *out, struct err *e)
{
        char subject[PKI_NAME_TEXT_MAX];
        struct pki_serial serial = pki_serial_of(cert);
        struct cadb_ca issuer;
        int found = authority_issuer_of(q->lab, cert, &issuer, e);

        if (found < 0)
                return -1;
        if (found == 0)
                return err_set(e, ERR_NOTFOUND,
                    "%s: '%s' was not issued by a CA of %s", q->text,
                    pki_subject(cert, subject), q->lab->dir);
        if (q->ca_name != NULL && issuer.id != q->ca.id)
                return not_its(q, issuer.name, e);
        return by_serial(q, issuer.id, (struct span){serial.octets, serial.len},
            result, out, e);
}

static int by_file(const struct quest *q, enum target_result *result,
    struct cadb_cert *out, struct err *e)
{
        X509 *cert;
        int rc;

        if (pki_cert_load(q->text, &cert, e) != 0)
                return -1;
        rc = by_cert(q, cert, result, out, e);
        X509_free(cert);
        return rc;
}

int target_find(const struct lab *lab, const char *text, const char *ca_name,
    enum target_result *result, struct cadb_cert *out, struct err *e)
{
        struct quest q = {.lab = lab, .text = text, .ca_name = ca_name};
        bool is_path = strchr(text, '/') != NULL;
        struct pki_serial serial;
        int found;

        if (ca_name != NULL && authority_find(lab, ca_name, &q.ca, e) != 0)
                return -1;
        *result = TARGET_FOUND;
        if (!is_path) {
                found = by_name(&q, out, e);
                if (found != 0)
                        return found < 0 ? -1 : 0;
                if (pki_serial_parse(text, &serial, NULL) == 0)
                        return by_serial(&q, q.ca.id,
                            (struct span){serial.octets, serial.len}, result,
                            out, e);
        }
        if (is_path || access(text, F_OK) == 0)
                return by_file(&q, result, out, e);
        return err_set(e, ERR_NOTFOUND,
            "'%s': no certificate has that name: see 'ocsp-ca list'", text);
}

int target_get(const struct lab *lab, const char *text, const char *ca_name,
    struct cadb_cert *out, struct err *e)
{
        enum target_result result;

        if (target_find(lab, text, ca_name, &result, out, e) != 0)
                return -1;
        switch (result) {
        case TARGET_FOUND:
                return 0;
        case TARGET_NEVER_ISSUED:
                break;
        }
        return err_set(e, ERR_NOTFOUND,
            "%s: never issued here, neither as a name nor as a serial: see "
            "'ocsp-ca list'",
            text);
}
