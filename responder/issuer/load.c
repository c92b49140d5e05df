#include "responder/issuer/internal.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/pki.h"

/* The reference count stays out of sight of those who only read. */
struct counted {
        atomic_uint refs;
        atomic_bool announced; /* that the signer ends soon */
        struct issuer issuer;
};

static struct counted *counted_of(const struct issuer *i)
{
        return (struct counted *)(uintptr_t)((const char *)i -
                                             offsetof(struct counted, issuer));
}

struct issuer *issuer_ref(struct issuer *i)
{
        atomic_fetch_add_explicit(
            &counted_of(i)->refs, 1, memory_order_relaxed);
        return i;
}

void issuer_unref(struct issuer *i)
{
        if (i == NULL || atomic_fetch_sub_explicit(&counted_of(i)->refs, 1,
                             memory_order_acq_rel) != 1)
                return;
        ocsp_signer_free(i->signer);
        free(counted_of(i));
}

/* Certificate, key, and the file each came from. */
struct material {
        X509 *ca;
        X509 *cert;
        EVP_PKEY *key;
        char cert_path[PATH_MAX];
        char key_path[PATH_MAX];
};

static int find_files(const struct issuer_source *from,
    const struct cadb_ca *row, struct material *m, struct err *e)
{
        const char *cert = row->signer_path, *key = row->signer_path;

        if (row->model == CADB_SIGNER_CA) {
                cert = row->cert_path;
                key = row->key_path;
        }
        if (key[0] == '\0')
                return err_set(e, ERR_CONFIG,
                    "CA %s: its key is not in the lab directory, so it cannot "
                    "sign answers itself",
                    row->name);
        if (file_path(m->cert_path, sizeof(m->cert_path), e, "%s/%s", from->dir,
                cert) != 0)
                return -1;
        return file_path(
            m->key_path, sizeof(m->key_path), e, "%s/%s", from->dir, key);
}

static int load_files(
    const struct cadb_ca *row, struct material *m, char *warning, struct err *e)
{
        struct span der = {row->der, row->der_len};

        if (pki_cert_from_der(der, &m->ca, e) != 0)
                return err_prefix(e, "certificate of CA %s", row->name);
        if (pki_cert_load(m->cert_path, &m->cert, e) != 0 ||
            pki_key_load(m->key_path, PKI_KEY_PRIVATE, &m->key, e) != 0 ||
            pki_key_matches(m->key, m->cert, m->key_path, m->cert_path, e) != 0)
                return -1;
        return signer_check(
            m->cert, m->ca, row->model, m->cert_path, warning, e);
}

static int make_signer(const struct issuer_source *from,
    const struct cadb_ca *row, const struct material *m, struct issuer *i,
    struct err *e)
{
        const EVP_MD *digest =
            from->digest == NULL ? NULL : EVP_get_digestbyname(from->digest);

        /* RFC 9919 section 3.2.2: a delegate sends its certificate along; who
         * has the CA's own does not need it again. */
        bool include = row->model != CADB_SIGNER_CA;

        i->not_before = pki_not_before(m->cert);
        i->not_after = pki_not_after(m->cert);
        return ocsp_signer_new(m->cert, m->key, include, digest, &i->signer, e);
}

static int load_signer(const struct issuer_source *from,
    const struct cadb_ca *row, struct issuer *i, struct err *e)
{
        struct material m = {.ca = NULL};
        int rc = -1;

        if (find_files(from, row, &m, e) == 0 &&
            load_files(row, &m, i->warning, e) == 0)
                rc = make_signer(from, row, &m, i, e);
        X509_free(m.ca);
        X509_free(m.cert);
        EVP_PKEY_free(m.key);
        return rc;
}

/* ---- for people -------------------------------------------------------- */

/* The common name if it is plain text, else the whole subject. */
static void make_title(const X509 *ca, char out[PKI_NAME_TEXT_MAX])
{
        const X509_NAME *subject = X509_get_subject_name(ca);
        int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1), i,
            len;
        const ASN1_STRING *text;

        pki_subject(ca, out);
        if (at < 0)
                return;
        text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
        len = ASN1_STRING_length(text);
        for (i = 0; i < len; i++) {
                unsigned char c = ASN1_STRING_get0_data(text)[i];

                if (c < 0x20 || c > 0x7e)
                        return;
        }
        if (len > 0 && len < PKI_NAME_TEXT_MAX)
                snprintf(out, PKI_NAME_TEXT_MAX, "%.*s", len,
                    (const char *)ASN1_STRING_get0_data(text));
}

static void make_label(const struct cadb_ca *row, struct issuer *i)
{
        struct span der = {row->der, row->der_len};
        char title[PKI_NAME_TEXT_MAX];
        X509 *ca = NULL;

        if (pki_cert_from_der(der, &ca, NULL) == 0) {
                make_title(ca, title);
                snprintf(
                    i->label, sizeof(i->label), "%s (CA %s)", title, row->name);
        } else {
                snprintf(i->label, sizeof(i->label), "CA %s", row->name);
        }
        X509_free(ca);
}

/* What to do so that there is a signer, or a new one. */
static void add_remedy(const struct issuer *i, char *text, size_t size)
{
        size_t len = strlen(text);

        snprintf(text + len, size - len,
            i->key_here || i->model == CADB_SIGNER_TRUSTED
                ? ": run 'ocsp-ca signer rotate --ca %s'"
                : ": its key is not here, so run 'ocsp-ca signer request --ca "
                  "%s --out FILE' and then 'signer install'",
            i->name);
}

/* ---- one CA ------------------------------------------------------------ */

int issuer_load(const struct issuer_source *from, const struct cadb_ca *row,
    struct issuer **out, struct err *e)
{
        struct counted *c = calloc(1, sizeof(*c));
        struct issuer *i = &c->issuer;
        struct err why = ERR_INIT;

        if (c == NULL)
                return err_set(e, ERR_OS, "CA %s: out of memory", row->name);
        atomic_init(&c->refs, 1);
        atomic_init(&c->announced, false);
        i->id = row->id;
        i->version = row->version;
        i->has_signer = row->has_signer;
        i->model = row->model;
        i->signer_id = row->signer_id;
        i->key_here = row->key_path[0] != '\0';
        snprintf(i->name, sizeof(i->name), "%s", row->name);
        memcpy(i->name_sha1, row->name_sha1, sizeof(i->name_sha1));
        memcpy(i->key_sha1, row->key_sha1, sizeof(i->key_sha1));
        memcpy(i->name_sha256, row->name_sha256, sizeof(i->name_sha256));
        memcpy(i->key_sha256, row->key_sha256, sizeof(i->key_sha256));
        make_label(row, i);
        if (!row->has_signer) {
                snprintf(i->fault, sizeof(i->fault), "CA %s has no OCSP signer",
                    row->name);
                add_remedy(i, i->fault, sizeof(i->fault));
        } else if (load_signer(from, row, i, &why) != 0) {
                snprintf(i->fault, sizeof(i->fault), "%s", why.text);
        }
        *out = i;
        return 0;
}

bool issuer_can_sign(const struct issuer *i, int64_t now, char *why)
{
        char at[TIME_TEXT_MAX];

        why[0] = '\0';
        if (i->signer == NULL)
                snprintf(why, ERR_TEXT_MAX, "%s", i->fault);
        else if (now < i->not_before)
                snprintf(why, ERR_TEXT_MAX,
                    "the OCSP signer of CA %s is not valid before %s", i->name,
                    format_time(i->not_before, at));
        else if (now >= i->not_after)
                snprintf(why, ERR_TEXT_MAX,
                    "the OCSP signer of CA %s has expired at %s", i->name,
                    format_time(i->not_after, at));
        return why[0] == '\0';
}

/* The database's own rule, over what the certificate says. */
static bool ends_soon(const struct issuer *i, int64_t now, int64_t *left)
{
        const struct cadb_ca ca = {.has_signer = i->signer != NULL,
            .model = i->model,
            .signer_not_before = i->not_before,
            .signer_not_after = i->not_after};

        return cadb_signer_ends_soon(&ca, now, left);
}

const char *issuer_notice(
    const struct issuer *i, int64_t now, char out[ERR_TEXT_MAX])
{
        char at[TIME_TEXT_MAX], in[DURATION_TEXT_MAX];
        int64_t left;

        if (!ends_soon(i, now, &left))
                return i->warning[0] != '\0' ? i->warning : NULL;
        if (left > 0)
                snprintf(out, ERR_TEXT_MAX,
                    "the OCSP signer of CA %s ends in %s, at %s", i->name,
                    format_duration(left, in), format_time(i->not_after, at));
        else
                snprintf(out, ERR_TEXT_MAX,
                    "the OCSP signer of CA %s has expired at %s", i->name,
                    format_time(i->not_after, at));
        add_remedy(i, out, ERR_TEXT_MAX);
        return out;
}

bool issuer_ends_soon_first(struct issuer *i, int64_t now)
{
        atomic_bool *announced = &counted_of(i)->announced;
        int64_t left;

        return !atomic_load(announced) && ends_soon(i, now, &left) &&
               !atomic_exchange(announced, true);
}

void issuer_inherit(struct issuer *i, const struct issuer *old)
{
        if (old != NULL && old->signer != NULL && i->signer != NULL &&
            old->signer_id == i->signer_id)
                atomic_store(&counted_of(i)->announced,
                    atomic_load(&counted_of(old)->announced));
}
