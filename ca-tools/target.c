#include "target.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "authority.h"
#include "pki/pki.h"

static int by_serial(const struct lab *lab, int64_t ca, struct span serial,
    enum target_result *result, struct cadb_cert *out, struct err *e)
{
        int found = cadb_cert_find_serial(lab->db, ca, serial, out, e);

        *result = found == 1 ? TARGET_FOUND : TARGET_NEVER_ISSUED;
        return found < 0 ? -1 : 0;
}

struct search {
        X509 *cert;
        int64_t ca; /* 0: not found yet */
};

/* By name and by signature: another lab's CA may have the same name. */
static int is_issuer(void *arg, const struct cadb_ca *row, struct err *e)
{
        struct search *s = arg;
        X509 *ca = NULL;

        if (s->ca != 0)
                return 0;
        if (pki_cert_from_der((struct span){row->der, row->der_len}, &ca, e) !=
            0)
                return -1;
        if (X509_NAME_cmp(X509_get_issuer_name(s->cert),
                X509_get_subject_name(ca)) == 0 &&
            X509_verify(s->cert, X509_get0_pubkey(ca)) == 1)
                s->ca = row->id;
        X509_free(ca);
        return 0;
}

static int by_file(const struct lab *lab, const char *path,
    enum target_result *result, struct cadb_cert *out, struct err *e)
{
        char subject[PKI_NAME_TEXT_MAX];
        struct search s = {NULL, 0};
        struct pki_serial serial;
        int rc = -1;

        if (pki_cert_load(path, &s.cert, e) != 0)
                return -1;
        if (cadb_ca_each(lab->db, is_issuer, &s, e) != 0)
                goto out;
        if (s.ca == 0) {
                err_set(e, ERR_NOTFOUND,
                    "%s: '%s' was not issued by a CA of %s", path,
                    pki_subject(s.cert, subject), lab->dir);
                goto out;
        }
        serial = pki_serial_of(s.cert);
        rc = by_serial(lab, s.ca, (struct span){serial.octets, serial.len},
            result, out, e);
out:
        X509_free(s.cert);
        return rc;
}

static int ca_id(
    const struct lab *lab, const char *name, int64_t *id, struct err *e)
{
        struct cadb_ca ca;

        *id = 0;
        if (name == NULL)
                return 0;
        if (authority_find(lab, name, &ca, e) != 0)
                return -1;
        *id = ca.id;
        return 0;
}

int target_find(const struct lab *lab, const char *text, const char *ca_name,
    enum target_result *result, struct cadb_cert *out, struct err *e)
{
        bool is_path = strchr(text, '/') != NULL;
        struct pki_serial serial;
        int64_t ca;
        int found;

        if (ca_id(lab, ca_name, &ca, e) != 0)
                return -1;
        *result = TARGET_FOUND;
        if (!is_path) {
                found = cadb_cert_find_name(lab->db, text, out, e);
                if (found != 0)
                        return found < 0 ? -1 : 0;
                if (pki_serial_parse(text, &serial, NULL) == 0)
                        return by_serial(lab, ca,
                            (struct span){serial.octets, serial.len}, result,
                            out, e);
        }
        if (is_path || access(text, F_OK) == 0)
                return by_file(lab, text, result, out, e);
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
