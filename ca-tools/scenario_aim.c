#include "scenario.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "authority.h"
#include "print.h"
#include "target.h"

int scenario_aim_find(const struct lab *lab, const char *text,
    const char *ca_name, struct scenario_aim *out, struct err *e)
{
        memset(out, 0, sizeof(*out));
        if (text != NULL) {
                if (target_get(lab, text, ca_name, &out->cert, e) != 0)
                        return -1;
                out->has_cert = true;
                ca_name = out->cert.ca_name;
        }
        if (ca_name == NULL)
                return 0;
        out->has_ca = true;
        return authority_find(lab, ca_name, &out->ca, e);
}

int scenario_aim_file(const struct lab *lab, const struct scenario_aim *aim,
    const char *file, char out[PATH_MAX], struct err *e)
{
        if (aim->folder != NULL)
                return file_path(out, PATH_MAX, e, "%s/%s", aim->folder, file);
        return file_path(
            out, PATH_MAX, e, "%s/certs/%s/%s", lab->dir, aim->cert.name, file);
}

int64_t scenario_aim_ca(const struct scenario_aim *aim)
{
        return aim->has_ca ? aim->ca.id : 0;
}

struct span scenario_aim_serial(const struct scenario_aim *aim)
{
        if (!aim->has_cert)
                return (struct span){NULL, 0};
        return (struct span){aim->cert.serial, aim->cert.serial_len};
}

const char *scenario_aim_label(
    const struct scenario_aim *aim, char out[SCENARIO_LABEL_MAX])
{
        char label[CERT_LABEL_MAX];

        if (aim->has_cert)
                snprintf(out, SCENARIO_LABEL_MAX, "%s",
                    cert_label(&aim->cert, label));
        else if (aim->has_ca)
                snprintf(out, SCENARIO_LABEL_MAX, "CA %s", aim->ca.name);
        else
                snprintf(out, SCENARIO_LABEL_MAX, "all");
        return out;
}

/* ---- does it fit ------------------------------------------------------- */

static int check_certificate(
    const struct scenario_aim *aim, const struct scenario *s, struct err *e)
{
        if (s->place == SCENARIO_AT_CERTIFICATE)
                return err_set(e, ERR_USAGE,
                    "scenario %s has to be there when the certificate is made: "
                    "'ocsp-ca issue NAME --scenario %s'",
                    s->name, s->name);
        if ((s->needs & SCENARIO_NEEDS_UNISSUED) != 0 && aim->has_cert)
                return err_set(e, ERR_USAGE,
                    "scenario %s is about serials that nobody issued: set it "
                    "with --ca CANAME or --all",
                    s->name);
        if ((s->needs & (SCENARIO_NEEDS_MUST_STAPLE | SCENARIO_NEEDS_CERT_KEY |
                            SCENARIO_NEEDS_TWIN)) != 0 &&
            !aim->has_cert)
                return err_set(e, ERR_USAGE,
                    "scenario %s is about a certificate: name one", s->name);
        return 0;
}

static int check_must_staple(const struct lab *lab,
    const struct scenario_aim *aim, const struct scenario *s, struct err *e)
{
        struct buf der = {0};
        X509 *cert = NULL;
        bool has = false;
        int rc;

        if ((s->needs & SCENARIO_NEEDS_MUST_STAPLE) == 0)
                return 0;
        rc = cadb_cert_der(
            lab->db, aim->cert.ca, scenario_aim_serial(aim), &der, e);
        if (rc == 1)
                rc = pki_cert_from_der(buf_span(&der), &cert, e);
        if (rc == 0 && cert != NULL)
                has = pki_must_staple(cert);
        X509_free(cert);
        buf_release(&der);
        if (rc < 0 || has)
                return rc < 0 ? -1 : 0;
        return err_set(e, ERR_USAGE,
            "scenario %s needs a certificate with must-staple: 'ocsp-ca issue "
            "NAME --must-staple'",
            s->name);
}

static int check_key(const struct lab *lab, const struct scenario_aim *aim,
    const struct scenario *s, struct err *e)
{
        char path[PATH_MAX];

        if ((s->needs & SCENARIO_NEEDS_CERT_KEY) == 0)
                return 0;
        if (aim->cert.name[0] != '\0' &&
            scenario_aim_file(lab, aim, "key.pem", path, e) == 0 &&
            access(path, R_OK) == 0)
                return 0;
        return err_set(e, ERR_USAGE,
            "scenario %s needs the certificate's own key, and it is not in the "
            "lab",
            s->name);
}

/* ---- twins -------------------------------------------------------------- */

static const char *const twin_ends[] = {"-rsa", "-ecdsa"};

static bool is_rsa(enum pki_algorithm a)
{
        return a == PKI_RSA2048 || a == PKI_RSA3072 || a == PKI_RSA4096;
}

bool scenario_needs_twin(const struct scenario *s)
{
        return (s->needs & SCENARIO_NEEDS_TWIN) != 0;
}

enum pki_algorithm scenario_twin_algorithm(enum pki_algorithm algorithm)
{
        return is_rsa(algorithm) ? PKI_P256 : PKI_RSA2048;
}

const char *scenario_twin_name(
    const char *name, enum pki_algorithm algorithm, char out[CADB_NAME_MAX + 1])
{
        snprintf(out, CADB_NAME_MAX + 1, "%s%s", name,
            twin_ends[is_rsa(algorithm) ? 1 : 0]);
        return out;
}

/* NAME-rsa is the twin of NAME, and NAME that of NAME-rsa. */
static bool ends_as_twin(const char *name, const char *end, size_t *base)
{
        size_t len = strlen(name), n = strlen(end);

        *base = len > n ? len - n : 0;
        return len > n && strcmp(name + len - n, end) == 0;
}

static int check_twin(const struct lab *lab, const struct scenario_aim *aim,
    const struct scenario *s, struct err *e)
{
        const char *name = aim->cert.name;
        char other[CADB_NAME_MAX + 16];
        struct cadb_cert row;
        int found = 0;
        size_t i, base;

        if (!scenario_needs_twin(s))
                return 0;
        for (i = 0; found == 0 && i < 2 && name[0] != '\0'; i++) {
                snprintf(other, sizeof(other), "%s%s", name, twin_ends[i]);
                found = cadb_cert_find_name(lab->db, other, &row, e);
                if (found != 0 || !ends_as_twin(name, twin_ends[i], &base))
                        continue;
                snprintf(other, sizeof(other), "%.*s", (int)base, name);
                found = cadb_cert_find_name(lab->db, other, &row, e);
        }
        if (found != 0)
                return found > 0 ? 0 : -1;
        return err_set(e, ERR_USAGE,
            "scenario %s needs a second certificate of the same names with "
            "another kind of key: 'ocsp-ca issue NAME --scenario %s' makes "
            "both",
            s->name, s->name);
}

/* ---- all ---------------------------------------------------------------- */

static int check_parent(
    const struct scenario_aim *aim, const struct scenario *s, struct err *e)
{
        if ((s->needs & SCENARIO_NEEDS_PARENT) == 0)
                return 0;
        if (!aim->has_ca)
                return err_set(e, ERR_USAGE,
                    "scenario %s is about a CA below another: name a "
                    "certificate, or --ca CANAME",
                    s->name);
        if (aim->ca.parent != aim->ca.id)
                return 0;
        return err_set(e, ERR_USAGE,
            "scenario %s needs a CA above the issuing one, and %s is a root: "
            "'ocsp-ca init --depth 2'",
            s->name, aim->ca.name);
}

int scenario_aim_check(const struct lab *lab, const struct scenario_aim *aim,
    const struct scenario *s, struct err *e)
{
        if (scenario_check_made(s, e) != 0 ||
            check_certificate(aim, s, e) != 0 ||
            check_must_staple(lab, aim, s, e) != 0 ||
            check_key(lab, aim, s, e) != 0 || check_twin(lab, aim, s, e) != 0)
                return -1;
        return check_parent(aim, s, e);
}

int scenario_issue_check(const struct lab *lab, const char *ca_name,
    const struct scenario *s, struct err *e)
{
        struct scenario_aim aim = {.has_ca = true};

        if (authority_find(lab, ca_name, &aim.ca, e) != 0)
                return -1;
        return check_parent(&aim, s, e);
}
