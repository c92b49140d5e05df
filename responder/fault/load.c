/* Signers of scenarios: files that the CA's side has made, and CAs' own. */
#include "responder/fault/internal.h"

#include <openssl/evp.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/pki.h"

void means_release(struct fault *f)
{
        size_t i;

        for (i = 0; i < f->means_len; i++) {
                ocsp_signer_free(f->means[i].signer);
                buf_release(&f->means[i].ca);
                buf_release(&f->means[i].along);
        }
        free(f->means);
        f->means = NULL;
        f->means_len = 0;
}

struct loader {
        struct fault *fault;
        const char *dir;
        struct cadb *db;
        size_t room;
};

/* ---- one for each CA --------------------------------------------------- */

static int add_ca(void *arg, const struct cadb_ca *ca, struct err *e)
{
        struct loader *l = arg;
        struct fault *f = l->fault;
        struct fault_means *m;

        if (f->ca != 0 && f->ca != ca->id)
                return 0;
        if (f->means_len == l->room) {
                l->room = 2 * l->room + 1;
                m = realloc(f->means, l->room * sizeof(*m));
                if (m == NULL)
                        return err_set(e, ERR_OS, "scenarios: out of memory");
                f->means = m;
        }
        m = &f->means[f->means_len++];
        *m = (struct fault_means){.issuer = ca->id};
        buf_append(&m->ca, ca->der, ca->der_len);
        return m->ca.failed ? err_set(e, ERR_OS, "scenarios: out of memory")
                            : 0;
}

static struct fault_means *means_of(struct fault *f, int64_t issuer)
{
        size_t i;

        for (i = 0; i < f->means_len; i++)
                if (f->means[i].issuer == issuer)
                        return &f->means[i];
        return NULL;
}

/* ---- signers ----------------------------------------------------------- */

static const EVP_MD *digest_of(const struct fault *f)
{
        const char *name = f->choice.scenario->name;

        if (strcmp(name, "sha1-signature") == 0)
                return EVP_sha1();
        return strcmp(name, "md5-signature") == 0 ? EVP_md5() : NULL;
}

/* The signer's own certificate is put into the answer by itself. */
static int take_certs(
    struct fault_means *m, STACK_OF(X509) *certs, struct err *e)
{
        int i;

        for (i = 1; i < sk_X509_num(certs); i++)
                if (pki_cert_der(sk_X509_value(certs, i), &m->along, e) != 0)
                        return -1;
        return 0;
}

static int load_pair(struct loader *l, struct fault_means *m,
    const char *cert_path, const char *key_path, bool include, struct err *e)
{
        char path[2][PATH_MAX];
        STACK_OF(X509) *certs = NULL;
        EVP_PKEY *key = NULL;
        X509 *cert;
        int rc = -1;

        if (file_path(path[0], PATH_MAX, e, "%s/%s", l->dir, cert_path) != 0 ||
            file_path(path[1], PATH_MAX, e, "%s/%s", l->dir, key_path) != 0 ||
            pki_certs_load(path[0], &certs, e) != 0 ||
            pki_key_load(path[1], PKI_KEY_PRIVATE, &key, e) != 0)
                goto out;
        cert = sk_X509_value(certs, 0);
        m->signer_not_after = pki_not_after(cert);
        if (take_certs(m, certs, e) == 0)
                rc = ocsp_signer_new(
                    cert, key, include, digest_of(l->fault), &m->signer, e);
out:
        sk_X509_pop_free(certs, X509_free);
        EVP_PKEY_free(key);
        return rc;
}

static void broken(struct fault *f, const struct err *e)
{
        snprintf(f->broken, sizeof(f->broken),
            "scenario %.64s: its signer: "
            "%.400s",
            f->choice.scenario->name, e->text);
}

static int add_signer(
    void *arg, const struct cadb_scenario_signer *s, struct err *e)
{
        struct loader *l = arg;
        struct fault *f = l->fault;
        struct fault_means *m = means_of(f, s->issuer);
        struct err why = ERR_INIT;

        (void)e;
        if (m == NULL || s->ca != f->ca || s->serial_len != f->serial_len ||
            memcmp(s->serial, f->serial, s->serial_len) != 0)
                return 0;
        if (load_pair(l, m, s->path, s->path, true, &why) != 0)
                broken(f, &why);
        return 0;
}

/* A CA signs by itself, the issuing one or the one above. */
static int add_own(struct loader *l, struct fault_means *m, struct err *e)
{
        bool parent =
            l->fault->choice.scenario->signer == SCENARIO_SIGNER_PARENT;
        struct err why = ERR_INIT;
        struct cadb_ca ca;
        int rc = cadb_ca_find_id(l->db, m->issuer, &ca, e);

        if (rc == 1 && parent)
                rc = cadb_ca_find_id(l->db, ca.parent, &ca, e);
        if (rc != 1)
                return rc;
        if (ca.key_path[0] == '\0')
                err_set(&why, ERR_CONFIG, "the key of %s is not here", ca.name);
        else if (load_pair(l, m, ca.cert_path, ca.key_path, parent, &why) == 0)
                return 0;
        broken(l->fault, &why);
        return 0;
}

int means_load(struct fault *f, const char *dir, struct cadb *db, struct err *e)
{
        struct loader l = {f, dir, db, 0};
        enum scenario_signer signer;
        size_t i;

        if (f->broken[0] != '\0')
                return 0;
        if (cadb_ca_each(db, add_ca, &l, e) != 0)
                return -1;
        signer = f->choice.scenario->signer;
        if (signer == SCENARIO_SIGNER_CURRENT)
                return 0;
        if (signer != SCENARIO_SIGNER_CA && signer != SCENARIO_SIGNER_PARENT)
                return cadb_scenario_signer_each(db, add_signer, &l, e);
        for (i = 0; i < f->means_len; i++)
                if (add_own(&l, &f->means[i], e) != 0)
                        return -1;
        return 0;
}
