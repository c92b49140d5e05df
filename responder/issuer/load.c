#include "responder/issuer/internal.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/pki.h"

/* The reference count stays out of sight of those who only read. */
struct counted {
        atomic_uint refs;
        struct issuer issuer;
};

static struct counted *counted_of(struct issuer *i)
{
        return (struct counted *)((char *)i - offsetof(struct counted, issuer));
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

int issuer_load(const struct issuer_source *from, const struct cadb_ca *row,
    struct issuer **out, struct err *e)
{
        struct counted *c = calloc(1, sizeof(*c));
        struct issuer *i = &c->issuer;
        struct err why = ERR_INIT;

        if (c == NULL)
                return err_set(e, ERR_OS, "CA %s: out of memory", row->name);
        atomic_init(&c->refs, 1);
        i->id = row->id;
        i->version = row->version;
        i->has_signer = row->has_signer;
        i->key_here = row->key_path[0] != '\0';
        snprintf(i->name, sizeof(i->name), "%s", row->name);
        memcpy(i->name_sha1, row->name_sha1, sizeof(i->name_sha1));
        memcpy(i->key_sha1, row->key_sha1, sizeof(i->key_sha1));
        memcpy(i->name_sha256, row->name_sha256, sizeof(i->name_sha256));
        memcpy(i->key_sha256, row->key_sha256, sizeof(i->key_sha256));
        if (!row->has_signer)
                snprintf(i->fault, sizeof(i->fault), "CA %s has no OCSP signer",
                    row->name);
        else if (load_signer(from, row, i, &why) != 0)
                snprintf(i->fault, sizeof(i->fault), "%s", why.text);
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
