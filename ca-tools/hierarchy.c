#include "hierarchy.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "cadb/write.h"
#include "carow.h"
#include "lab.h"
#include "store.h"

enum { SUBJECT_MAX = 64 }; /* RFC 5280 appendix A: ub-common-name */

/* A certificate with its key, on the way into files and rows. */
struct pair {
        EVP_PKEY *key;
        X509 *cert;
        struct pki_serial serial;
        struct buf der, cert_pem, key_pem;
};

static void pair_release(struct pair *p)
{
        EVP_PKEY_free(p->key);
        X509_free(p->cert);
        buf_release(&p->der);
        buf_release(&p->cert_pem);
        if (p->key_pem.data != NULL)
                OPENSSL_cleanse(p->key_pem.data, p->key_pem.len);
        buf_release(&p->key_pem);
}

static struct span serial_span(const struct pair *p)
{
        return (struct span){p->serial.octets, p->serial.len};
}

/* issuer NULL: self-signed.  cert->subject_key, issuer and serial are filled
 * in here. */
static int pair_make(struct pair *p, const struct hierarchy_spec *spec,
    struct pki_cert_spec *cert, const struct pair *issuer, struct err *e)
{
        if (pki_key_new(spec->algorithm, &p->key, e) != 0 ||
            pki_serial_new(&p->serial, e) != 0)
                return -1;
        cert->subject_key = p->key;
        cert->issuer = issuer != NULL ? issuer->cert : NULL;
        cert->issuer_key = issuer != NULL ? issuer->key : p->key;
        cert->serial = p->serial;
        cert->not_before = spec->not_before;
        cert->not_after = spec->not_after;
        if (pki_cert_make(cert, &p->cert, e) != 0 ||
            pki_cert_der(p->cert, &p->der, e) != 0 ||
            pki_cert_pem(p->cert, &p->cert_pem, e) != 0 ||
            pki_key_pem(p->key, &p->key_pem, e) != 0)
                return -1;
        return 0;
}

static int write_file(const struct hierarchy_spec *spec, const char *path,
    const struct buf *data, mode_t mode, struct err *e)
{
        char full[PATH_MAX];

        if (file_path(full, sizeof(full), e, "%s/%s", spec->dir, path) != 0)
                return -1;
        return store_write(
            spec->settings->temporary, full, buf_span(data), mode, e);
}

/* ---- signers ----------------------------------------------------------- */

/* responder/SERIAL.pem: the certificate, then its key. */
static int write_signer(const struct hierarchy_spec *spec, struct pair *p,
    char path[CADB_PATH_MAX], struct err *e)
{
        char serial[PKI_SERIAL_TEXT_MAX];
        struct buf both = {0};
        int rc;

        snprintf(path, CADB_PATH_MAX, "responder/%s.pem",
            pki_serial_text(serial_span(p), serial));
        buf_append(&both, p->cert_pem.data, p->cert_pem.len);
        buf_append(&both, p->key_pem.data, p->key_pem.len);
        if (both.failed)
                rc = err_set(e, ERR_OS, "out of memory");
        else
                rc = write_file(spec, path, &both, 0600, e);
        if (both.data != NULL)
                OPENSSL_cleanse(both.data, both.len);
        buf_release(&both);
        return rc;
}

static int add_signer_row(struct cadb *db, const struct hierarchy_spec *spec,
    int64_t ca, const struct pair *p, const char *path, struct err *e)
{
        struct cadb_signer row = {
            .ca = ca,
            .serial = serial_span(p),
            .der = buf_span(&p->der),
            .path = path,
            .not_before = spec->not_before,
            .not_after = spec->not_after,
        };

        return cadb_signer_add(db, &row, spec->now, e);
}

/* The row of a certificate that issuer has made: name NULL for a signer. */
static int add_cert_row(struct cadb *db, const struct hierarchy_spec *spec,
    int64_t issuer, const char *name, const struct pair *p, struct err *e)
{
        char subject[PKI_NAME_TEXT_MAX];
        struct cadb_new_cert row = {
            .ca = issuer,
            .name = name,
            .serial = serial_span(p),
            .der = buf_span(&p->der),
            .subject = pki_subject(p->cert, subject),
            .not_before = spec->not_before,
            .not_after = spec->not_after,
        };

        return cadb_cert_add(db, &row, spec->now, e);
}

static int make_delegate(struct cadb *db, const struct hierarchy_spec *spec,
    const struct cadb_ca *ca, const struct pair *issuer, const char *subject,
    struct err *e)
{
        char common_name[SUBJECT_MAX + 1], path[CADB_PATH_MAX];
        struct pki_cert_spec cert = {
            .profile = PKI_OCSP_SIGNER,
            .common_name = common_name,
        };
        struct pair p = {0};
        int rc = -1;

        snprintf(common_name, sizeof(common_name), "%.58s OCSP", subject);
        if (pair_make(&p, spec, &cert, issuer, e) == 0 &&
            write_signer(spec, &p, path, e) == 0 &&
            add_cert_row(db, spec, ca->id, NULL, &p, e) == 0)
                rc = add_signer_row(db, spec, ca->id, &p, path, e);
        pair_release(&p);
        return rc;
}

/* One self-signed signer for all CAs; clients are told to trust it by
 * responder.pem (RFC 6960 section 4.2.2.2, local configuration). */
static int make_trusted(const struct hierarchy_spec *spec, struct pair *p,
    char path[CADB_PATH_MAX], struct err *e)
{
        char common_name[SUBJECT_MAX + 1];
        struct pki_cert_spec cert = {
            .profile = PKI_OCSP_SIGNER,
            .common_name = common_name,
        };

        snprintf(common_name, sizeof(common_name), "%.48s OCSP Responder",
            spec->name);
        if (pair_make(p, spec, &cert, NULL, e) != 0 ||
            write_signer(spec, p, path, e) != 0)
                return -1;
        return write_file(spec, "responder.pem", &p->cert_pem, 0644, e);
}

/* ---- CAs --------------------------------------------------------------- */

static void subject_of(const struct hierarchy_spec *spec, unsigned level,
    char out[SUBJECT_MAX + 1])
{
        if (level == 0)
                snprintf(out, SUBJECT_MAX + 1, "%s Root", spec->name);
        else if (spec->depth == 2)
                snprintf(out, SUBJECT_MAX + 1, "%s CA", spec->name);
        else
                snprintf(out, SUBJECT_MAX + 1, "%s CA %u", spec->name, level);
}

static int fill_row(struct cadb_ca *row, const struct hierarchy_spec *spec,
    const struct pair *p, const struct cadb_ca *parent, unsigned level,
    struct err *e)
{
        char name[sizeof("ca") + 10] = "root";

        if (level > 0)
                snprintf(name, sizeof(name), "ca%u", level);
        if (carow_fill(row, name, p->cert, true, e) != 0)
                return -1;
        row->parent = parent != NULL ? parent->id : 0;
        row->model = spec->model;
        return 0;
}

static int write_ca(const struct hierarchy_spec *spec,
    const struct cadb_ca *row, const struct pair *p, struct err *e)
{
        char folder[PATH_MAX];

        if (file_path(folder, sizeof(folder), e, "%s/ca/%s", spec->dir,
                row->name) != 0 ||
            file_mkdir(folder, 0700, e) != 0 ||
            write_file(spec, row->key_path, &p->key_pem, 0600, e) != 0 ||
            write_file(spec, row->cert_path, &p->cert_pem, 0644, e) != 0)
                return -1;
        if (row->parent == 0)
                return write_file(spec, "root.pem", &p->cert_pem, 0644, e);
        return 0;
}

struct level {
        struct pair pair;
        struct cadb_ca row;
        char subject[SUBJECT_MAX + 1];
};

static int make_level(struct cadb *db, const struct hierarchy_spec *spec,
    unsigned level, const struct level *parent, struct level *out,
    struct err *e)
{
        const char *urls[PKI_URLS_MAX];
        struct pki_cert_spec cert = {
            .profile = level == 0 ? PKI_ROOT : PKI_INTERMEDIATE,
            .common_name = out->subject,
            .path_len = level == 0 ? -1 : (int)(spec->depth - level - 1),
            .ocsp_urls = urls,
            .ocsp_urls_len = level == 0 ? 0 : lab_urls(spec->settings, urls),
        };

        subject_of(spec, level, out->subject);
        if (pair_make(&out->pair, spec, &cert,
                parent != NULL ? &parent->pair : NULL, e) != 0 ||
            fill_row(&out->row, spec, &out->pair,
                parent != NULL ? &parent->row : NULL, level, e) != 0 ||
            write_ca(spec, &out->row, &out->pair, e) != 0 ||
            cadb_ca_add(
                db, &out->row, level == spec->depth - 1, spec->now, e) != 0)
                return -1;
        if (parent == NULL)
                return 0;
        return add_cert_row(
            db, spec, parent->row.id, out->row.name, &out->pair, e);
}

static int add_signer(struct cadb *db, const struct hierarchy_spec *spec,
    const struct level *ca, const struct pair *trusted,
    const char *trusted_path, struct err *e)
{
        switch (spec->model) {
        case CADB_SIGNER_DELEGATED:
                return make_delegate(
                    db, spec, &ca->row, &ca->pair, ca->subject, e);
        case CADB_SIGNER_CA:
                return add_signer_row(db, spec, ca->row.id, &ca->pair, "", e);
        case CADB_SIGNER_TRUSTED:
                return add_signer_row(
                    db, spec, ca->row.id, trusted, trusted_path, e);
        }
        return err_set(e, ERR_INTERNAL, "unknown signer model");
}

static void describe(struct hierarchy_ca *out, const struct level *level)
{
        snprintf(out->name, sizeof(out->name), "%s", level->row.name);
        snprintf(
            out->cert_path, sizeof(out->cert_path), "%s", level->row.cert_path);
        pki_subject(level->pair.cert, out->subject);
}

int hierarchy_make(struct cadb *db, const struct hierarchy_spec *spec,
    struct hierarchy_ca made[HIERARCHY_DEPTH_MAX], struct err *e)
{
        struct level levels[HIERARCHY_DEPTH_MAX] = {0};
        char trusted_path[CADB_PATH_MAX] = "";
        struct pair trusted = {0};
        unsigned i;
        int rc = -1;

        if (spec->model == CADB_SIGNER_TRUSTED &&
            make_trusted(spec, &trusted, trusted_path, e) != 0)
                goto out;
        for (i = 0; i < spec->depth; i++) {
                if (make_level(db, spec, i, i > 0 ? &levels[i - 1] : NULL,
                        &levels[i], e) != 0 ||
                    add_signer(
                        db, spec, &levels[i], &trusted, trusted_path, e) != 0)
                        goto out;
                describe(&made[i], &levels[i]);
        }
        rc = 0;
out:
        for (i = 0; i < HIERARCHY_DEPTH_MAX; i++)
                pair_release(&levels[i].pair);
        pair_release(&trusted);
        return rc;
}
