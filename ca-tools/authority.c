#include "authority.h"

#include <limits.h>
#include <stdio.h>

/* Against a database whose CAs name each other as issuers. */
enum { CHAIN_MAX = 16 };

static int add_name(void *arg, const struct cadb_ca *ca, struct err *e)
{
        struct buf *names = arg;

        (void)e;
        buf_printf(names, "%s%s", names->len > 0 ? ", " : "", ca->name);
        return 0;
}

static int no_such_ca(const struct lab *lab, const char *name, struct err *e)
{
        struct buf names = {0};
        const char *text;

        if (cadb_ca_each(lab->db, add_name, &names, e) != 0) {
                buf_release(&names);
                return -1;
        }
        text = buf_text(&names);
        err_set(e, ERR_NOTFOUND, "%s: no such CA: this lab has %s", name,
            text != NULL ? text : "others");
        buf_release(&names);
        return -1;
}

int authority_find(
    const struct lab *lab, const char *name, struct cadb_ca *out, struct err *e)
{
        int found;

        found = name != NULL ? cadb_ca_find(lab->db, name, out, e)
                             : cadb_ca_default(lab->db, out, e);
        if (found == 0 && name != NULL)
                return no_such_ca(lab, name, e);
        if (found == 0)
                return err_set(e, ERR_DATA, "%s/ca.db: holds no CA", lab->dir);
        return found < 0 ? -1 : 0;
}

static int load_cert(const struct cadb_ca *row, X509 **out, struct err *e)
{
        struct span der = {row->der, row->der_len};

        if (pki_cert_from_der(der, out, e) == 0)
                return 0;
        return err_prefix(e, "CA %s in the database", row->name);
}

struct search {
        X509 *cert;
        struct cadb_ca *out;
        bool found;
};

static int is_issuer(void *arg, const struct cadb_ca *row, struct err *e)
{
        struct search *s = arg;
        X509 *ca = NULL;

        if (s->found)
                return 0;
        if (load_cert(row, &ca, e) != 0)
                return -1;
        if (X509_NAME_cmp(X509_get_issuer_name(s->cert),
                X509_get_subject_name(ca)) == 0 &&
            X509_verify(s->cert, X509_get0_pubkey(ca)) == 1) {
                s->found = true;
                *s->out = *row;
        }
        X509_free(ca);
        return 0;
}

int authority_issuer_of(
    const struct lab *lab, X509 *cert, struct cadb_ca *out, struct err *e)
{
        struct search s = {cert, out, false};
        int rc = cadb_ca_each(lab->db, is_issuer, &s, e);

        return rc == 0 ? s.found : -1;
}

static int load_key(const struct lab *lab, struct authority *ca, struct err *e)
{
        char key[PATH_MAX], cert[PATH_MAX];

        if (ca->row.key_path[0] == '\0')
                return err_set(e, ERR_CONFIG,
                    "%s: the key of this CA is not in %s, so nothing can be "
                    "signed with it: 'ocsp-ca import --ca-cert FILE --ca-key "
                    "FILE' brings it",
                    ca->row.name, lab->dir);
        if (file_path(key, sizeof(key), e, "%s/%s", lab->dir,
                ca->row.key_path) != 0 ||
            file_path(cert, sizeof(cert), e, "%s/%s", lab->dir,
                ca->row.cert_path) != 0 ||
            pki_key_load(key, PKI_KEY_PRIVATE, &ca->key, e) != 0)
                return -1;
        return pki_key_matches(ca->key, ca->cert, key, cert, e);
}

int authority_load(const struct lab *lab, const char *name,
    struct authority *out, struct err *e)
{
        if (authority_find(lab, name, &out->row, e) != 0 ||
            load_cert(&out->row, &out->cert, e) != 0)
                return -1;
        return load_key(lab, out, e);
}

void authority_release(struct authority *ca)
{
        X509_free(ca->cert);
        EVP_PKEY_free(ca->key);
        ca->cert = NULL;
        ca->key = NULL;
}

static int append_pem(
    X509 *cert, struct buf *chain, struct buf *intermediates, struct err *e)
{
        if (pki_cert_pem(cert, chain, e) != 0)
                return -1;
        return pki_cert_pem(cert, intermediates, e);
}

int authority_climb(const struct lab *lab, struct cadb_ca *row, struct err *e)
{
        char name[LAB_NAME_MAX + 1];
        int found;

        snprintf(name, sizeof(name), "%s", row->name);
        found = cadb_ca_find_id(lab->db, row->parent, row, e);
        if (found == 0)
                return err_set(e, ERR_DATA,
                    "%s/ca.db: damaged: %s has no issuer: restore a backup",
                    lab->dir, name);
        return found < 0 ? -1 : 0;
}

/* From the CA above ca up to below the root. */
static int append_above(const struct lab *lab, struct cadb_ca *row,
    struct buf *chain, struct buf *intermediates, struct err *e)
{
        X509 *cert = NULL;
        int rc, level;

        for (level = 0; level < CHAIN_MAX; level++) {
                if (authority_climb(lab, row, e) != 0)
                        return -1;
                if (row->parent == row->id)
                        return 0;
                if (load_cert(row, &cert, e) != 0)
                        return -1;
                rc = append_pem(cert, chain, intermediates, e);
                X509_free(cert);
                if (rc != 0)
                        return -1;
        }
        return err_set(e, ERR_DATA, "%s/ca.db: damaged: no root above %s",
            lab->dir, row->name);
}

int authority_chain(const struct lab *lab, const struct authority *ca,
    struct buf *chain, struct buf *intermediates, struct err *e)
{
        struct cadb_ca row = ca->row;

        if (row.parent == row.id)
                return pki_cert_pem(ca->cert, chain, e);
        if (append_pem(ca->cert, chain, intermediates, e) != 0)
                return -1;
        return append_above(lab, &row, chain, intermediates, e);
}

int authority_algorithm(
    const struct authority *ca, enum pki_algorithm *out, struct err *e)
{
        return authority_key_kind(ca->key, ca->row.name, out, e);
}

int authority_key_kind(const EVP_PKEY *key, const char *who,
    enum pki_algorithm *out, struct err *e)
{
        int bits = EVP_PKEY_get_bits(key);

        if (EVP_PKEY_is_a(key, "ED25519"))
                *out = PKI_ED25519;
        else if (EVP_PKEY_is_a(key, "EC"))
                *out = bits <= 256 ? PKI_P256 : PKI_P384;
        else if (EVP_PKEY_is_a(key, "RSA"))
                *out = bits <= 2048   ? PKI_RSA2048
                       : bits <= 3072 ? PKI_RSA3072
                                      : PKI_RSA4096;
        else
                return err_set(e, ERR_CONFIG,
                    "%s: unknown kind of key: say --algorithm", who);
        return 0;
}
