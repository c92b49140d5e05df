#include "forge.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cadb/write.h"
#include "store.h"

/* ---- words of the command line ----------------------------------------- */

int forge_model_parse(
    const char *text, enum cadb_signer_model *out, struct err *e)
{
        static const enum cadb_signer_model models[] = {
            CADB_SIGNER_DELEGATED, CADB_SIGNER_CA, CADB_SIGNER_TRUSTED};
        size_t i;

        for (i = 0; i < sizeof(models) / sizeof(models[0]); i++)
                if (strcasecmp(text, cadb_signer_model_name(models[i])) == 0) {
                        *out = models[i];
                        return 0;
                }
        return err_set(e, ERR_USAGE,
            "'%s' is no signer model: choose delegated, ca or trusted", text);
}

int forge_name_check(const char *name, size_t max, struct err *e)
{
        const char *p;

        if (name[0] == '\0' || strlen(name) > max)
                return err_set(
                    e, ERR_USAGE, "--name: must have 1 to %zu characters", max);
        for (p = name; *p != '\0'; p++)
                if ((unsigned char)*p < ' ' || *p == 0x7f)
                        return err_set(e, ERR_USAGE,
                            "--name: must be without control characters");
        return 0;
}

/* ---- pairs ------------------------------------------------------------- */

void forge_pair_release(struct forge_pair *p)
{
        EVP_PKEY_free(p->key);
        X509_free(p->cert);
        buf_release(&p->der);
        buf_release(&p->cert_pem);
        if (p->key_pem.data != NULL)
                OPENSSL_cleanse(p->key_pem.data, p->key_pem.len);
        buf_release(&p->key_pem);
        *p = (struct forge_pair){.key = NULL};
}

static struct span serial_span(const struct forge_pair *p)
{
        return (struct span){p->serial.octets, p->serial.len};
}

static int encode(struct forge_pair *p, struct err *e)
{
        if (pki_cert_der(p->cert, &p->der, e) != 0 ||
            pki_cert_pem(p->cert, &p->cert_pem, e) != 0)
                return -1;
        return p->key != NULL ? pki_key_pem(p->key, &p->key_pem, e) : 0;
}

int forge_pair_new(struct forge_pair *p, enum pki_algorithm algorithm,
    struct pki_cert_spec *cert, struct err *e)
{
        if (pki_key_new(algorithm, &p->key, e) != 0 ||
            pki_serial_new(&p->serial, e) != 0)
                return -1;
        cert->subject_key = p->key;
        cert->serial = p->serial;
        if (cert->issuer == NULL)
                cert->issuer_key = p->key;
        if (pki_cert_make(cert, &p->cert, e) != 0)
                return -1;
        return encode(p, e);
}

int forge_pair_take(
    struct forge_pair *p, X509 *cert, EVP_PKEY *key, struct err *e)
{
        char subject[PKI_NAME_TEXT_MAX];

        p->serial = pki_serial_of(cert);
        if (p->serial.len == 0)
                return err_set(e, ERR_DATA,
                    "'%s': a serial number of more than %d octets",
                    pki_subject(cert, subject), PKI_SERIAL_MAX);
        X509_up_ref(cert);
        p->cert = cert;
        if (key != NULL)
                EVP_PKEY_up_ref(key);
        p->key = key;
        return encode(p, e);
}

/* ---- names ------------------------------------------------------------- */

/* The first octets of text, at most max, without half a character (UTF-8). */
static int cut(const char *text, int max)
{
        int len = (int)strnlen(text, (size_t)max + 1);

        if (len <= max)
                return len;
        for (len = max; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
                len--;
        return len;
}

const char *forge_common_name(const X509 *cert, char out[FORGE_NAME_MAX + 1])
{
        const X509_NAME *name = X509_get_subject_name(cert);
        int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
        unsigned char *text = NULL;
        int len = -1;

        out[0] = '\0';
        if (at >= 0)
                len = ASN1_STRING_to_UTF8(&text,
                    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        if (len > 0)
                snprintf(out, FORGE_NAME_MAX + 1, "%.*s",
                    cut((const char *)text, FORGE_NAME_MAX), text);
        OPENSSL_free(text);
        return out;
}

const char *forge_delegate_name(
    const X509 *ca, const char *ca_name, char out[FORGE_NAME_MAX + 1])
{
        static const char suffix[] = " OCSP";
        char subject[FORGE_NAME_MAX + 1];

        if (forge_common_name(ca, subject)[0] == '\0')
                snprintf(
                    subject, sizeof(subject), "%.*s", FORGE_NAME_MAX, ca_name);
        snprintf(out, FORGE_NAME_MAX + 1, "%.*s%s",
            cut(subject, FORGE_NAME_MAX - (int)strlen(suffix)), subject,
            suffix);
        return out;
}

/* ---- signers ----------------------------------------------------------- */

int forge_delegate(struct forge_pair *p, const struct forge_signer *s, X509 *ca,
    EVP_PKEY *ca_key, struct err *e)
{
        char common_name[FORGE_NAME_MAX + 1];
        struct pki_cert_spec cert = {
            .profile = PKI_OCSP_SIGNER,
            .common_name = forge_delegate_name(ca, "CA", common_name),
            .issuer = ca,
            .issuer_key = ca_key,
            .not_before = s->not_before,
            .not_after = s->not_after,
        };

        return forge_pair_new(p, s->algorithm, &cert, e);
}

/* Clients are told to trust it by responder.pem (RFC 6960 section 4.2.2.2,
 * local configuration). */
int forge_trusted(struct forge_pair *p, const struct forge_signer *s,
    const char *name, struct err *e)
{
        static const char suffix[] = " OCSP Responder";
        char common_name[FORGE_NAME_MAX + 1];
        struct pki_cert_spec cert = {
            .profile = PKI_OCSP_SIGNER,
            .common_name = common_name,
            .not_before = s->not_before,
            .not_after = s->not_after,
        };

        snprintf(common_name, sizeof(common_name), "%.*s%s",
            cut(name, FORGE_NAME_MAX - (int)strlen(suffix)), name, suffix);
        return forge_pair_new(p, s->algorithm, &cert, e);
}

/* ---- files ------------------------------------------------------------- */

int forge_write(const struct forge *f, const char *path, struct span data,
    mode_t mode, struct err *e)
{
        char full[PATH_MAX];

        if (file_path(full, sizeof(full), e, "%s/%s", f->dir, path) != 0)
                return -1;
        return store_write(f->temporary, full, data, mode, e);
}

int forge_ca_files(const struct forge *f, const struct cadb_ca *row,
    const struct forge_pair *p, struct err *e)
{
        char folder[PATH_MAX];

        if (file_path(folder, sizeof(folder), e, "%s/ca/%s", f->dir,
                row->name) != 0 ||
            file_mkdir(folder, 0700, e) != 0)
                return -1;
        if (row->key_path[0] != '\0' &&
            forge_write(f, row->key_path, buf_span(&p->key_pem), 0600, e) != 0)
                return -1;
        return forge_write(f, row->cert_path, buf_span(&p->cert_pem), 0644, e);
}

/* Is there a file of that name with another certificate? */
static bool is_taken(
    const struct forge *f, const char *path, const struct forge_pair *p)
{
        char full[PATH_MAX];
        X509 *other = NULL;
        bool taken;

        if (file_path(full, sizeof(full), NULL, "%s/%s", f->dir, path) != 0 ||
            pki_cert_load(full, &other, NULL) != 0)
                return false;
        taken = X509_cmp(other, p->cert) != 0;
        X509_free(other);
        return taken;
}

/* CAs from elsewhere may have given one serial twice. */
static int signer_path(const struct forge *f, const char *ca_name,
    const struct forge_pair *p, char path[CADB_PATH_MAX], struct err *e)
{
        char serial[PKI_SERIAL_TEXT_MAX];

        pki_serial_text(serial_span(p), serial);
        snprintf(path, CADB_PATH_MAX, "responder/%s.pem", serial);
        if (is_taken(f, path, p))
                snprintf(path, CADB_PATH_MAX, "responder/%s-%.80s.pem", serial,
                    ca_name);
        if (is_taken(f, path, p))
                return err_set(e, ERR_EXISTS,
                    "%s/%s: holds another signer of that serial", f->dir, path);
        return 0;
}

int forge_signer_folder(const struct forge *f, struct err *e)
{
        char folder[PATH_MAX];

        if (file_path(folder, sizeof(folder), e, "%s/responder", f->dir) != 0)
                return -1;
        return file_mkdir(folder, 0700, e);
}

int forge_signer_file(const struct forge *f, const char *ca_name,
    const struct forge_pair *p, char path[CADB_PATH_MAX], struct err *e)
{
        struct buf both = {0};
        int rc = -1;

        buf_append(&both, p->cert_pem.data, p->cert_pem.len);
        buf_append(&both, p->key_pem.data, p->key_pem.len);
        if (both.failed)
                err_set(e, ERR_OS, "out of memory");
        else if (forge_signer_folder(f, e) == 0 &&
                 signer_path(f, ca_name, p, path, e) == 0)
                rc = forge_write(f, path, buf_span(&both), 0600, e);
        if (both.data != NULL)
                OPENSSL_cleanse(both.data, both.len);
        buf_release(&both);
        return rc;
}

/* ---- rows -------------------------------------------------------------- */

int forge_cert_row(const struct forge *f, int64_t issuer, const char *name,
    const struct forge_pair *p, struct err *e)
{
        char subject[PKI_NAME_TEXT_MAX];
        struct cadb_new_cert row = {
            .ca = issuer,
            .name = name,
            .serial = serial_span(p),
            .der = buf_span(&p->der),
            .subject = pki_subject(p->cert, subject),
            .not_before = pki_not_before(p->cert),
            .not_after = pki_not_after(p->cert),
        };

        return cadb_cert_add(f->db, &row, f->now, e);
}

int forge_signer_row(const struct forge *f, int64_t ca,
    const struct forge_pair *p, const char *path, bool ends_request,
    struct err *e)
{
        struct cadb_signer row = {
            .ca = ca,
            .serial = serial_span(p),
            .der = buf_span(&p->der),
            .path = path,
            .not_before = pki_not_before(p->cert),
            .not_after = pki_not_after(p->cert),
            .ends_request = ends_request,
        };

        return cadb_signer_add(f->db, &row, f->now, e);
}

int forge_delegate_add(const struct forge *f, const struct cadb_ca *ca,
    const struct forge_pair *p, struct err *e)
{
        char path[CADB_PATH_MAX];

        if (forge_signer_file(f, ca->name, p, path, e) != 0 ||
            forge_cert_row(f, ca->id, NULL, p, e) != 0)
                return -1;
        return forge_signer_row(f, ca->id, p, path, false, e);
}
