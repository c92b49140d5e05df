/* Signers for scenarios: most of them bad, and made so on purpose. */
#include "scenario.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "authority.h"
#include "cadb/write.h"
#include "ocsp/ocsp.h"

enum { DAY_S = 86400 };

/* One in the making. */
struct mint {
        const struct forge *forge;
        enum scenario_signer kind;
        struct authority ca; /* in whose name it signs */
        struct forge_pair pair;
};

static void mint_release(struct mint *m)
{
        authority_release(&m->ca);
        forge_pair_release(&m->pair);
}

/* ---- what it is like --------------------------------------------------- */

static enum pki_flaw flaw_of(enum scenario_signer kind)
{
        switch (kind) {
        case SCENARIO_SIGNER_NO_EKU:
                return PKI_NO_EKU;
        case SCENARIO_SIGNER_WRONG_EKU:
                return PKI_TLS_EKU;
        case SCENARIO_SIGNER_CRLSIGN_ONLY:
                return PKI_CRLSIGN_ONLY;
        case SCENARIO_SIGNER_NO_NOCHECK:
        case SCENARIO_SIGNER_REVOKED:
                return PKI_NO_NOCHECK;
        default:
                return PKI_SOUND;
        }
}

/* As long as its CA, unless its time is what is wrong. */
static void set_life(const struct mint *m, struct pki_cert_spec *cert)
{
        int64_t now = m->forge->now;

        cert->not_before = now - FORGE_BACKDATE_S;
        cert->not_after = m->ca.row.not_after;
        if (m->kind == SCENARIO_SIGNER_EXPIRED) {
                cert->not_before = now - 30 * DAY_S;
                cert->not_after = now - DAY_S;
        } else if (m->kind == SCENARIO_SIGNER_NOT_YET_VALID) {
                cert->not_before = now + DAY_S;
                cert->not_after = now + 30 * DAY_S;
        } else if (cert->not_before < m->ca.row.not_before) {
                cert->not_before = m->ca.row.not_before;
        }
}

/* Such a key takes longer to make than a hundred certificates. */
static int share_rsa(const struct forge *f, EVP_PKEY **out, struct err *e)
{
        if (f->rsa == NULL)
                return pki_key_new(PKI_RSA2048, out, e);
        if (*f->rsa == NULL && pki_key_new(PKI_RSA2048, f->rsa, e) != 0)
                return -1;
        EVP_PKEY_up_ref(*f->rsa);
        *out = *f->rsa;
        return 0;
}

/* The CA's kind of key; of RSA the quickest that is strong enough. */
static int make_key(struct mint *m, EVP_PKEY **out, struct err *e)
{
        enum pki_algorithm algorithm = PKI_RSA2048;

        if (m->kind == SCENARIO_SIGNER_WEAK)
                return pki_key_new_weak(out, e);
        if (m->kind != SCENARIO_SIGNER_RSA &&
            authority_algorithm(&m->ca, &algorithm, e) != 0)
                return -1;
        if (algorithm == PKI_RSA2048 || algorithm == PKI_RSA3072 ||
            algorithm == PKI_RSA4096)
                return share_rsa(m->forge, out, e);
        return pki_key_new(algorithm, out, e);
}

/* Of that spec, but for key and serial. */
static int make_pair(struct mint *m, struct pki_cert_spec *cert,
    struct forge_pair *out, struct err *e)
{
        EVP_PKEY *key = NULL;
        X509 *made = NULL;
        int rc = -1;

        if (make_key(m, &key, e) != 0 || pki_serial_new(&cert->serial, e) != 0)
                goto out;
        cert->subject_key = key;
        if (cert->issuer == NULL)
                cert->issuer_key = key;
        if (pki_cert_make(cert, &made, e) == 0)
                rc = forge_pair_take(out, made, key, e);
out:
        X509_free(made);
        EVP_PKEY_free(key);
        return rc;
}

/* ---- the kinds --------------------------------------------------------- */

static int make_delegate(
    struct mint *m, X509 *issuer, EVP_PKEY *issuer_key, struct err *e)
{
        char name[FORGE_NAME_MAX + 1];
        struct pki_cert_spec cert = {
            .profile = PKI_OCSP_SIGNER,
            .flaw = flaw_of(m->kind),
            .common_name = forge_delegate_name(m->ca.cert, "CA", name),
            .issuer = issuer,
            .issuer_key = issuer_key,
            .path_len = -1,
        };

        set_life(m, &cert);
        return make_pair(m, &cert, &m->pair, e);
}

/* Nobody needs its key when the delegate below it is made. */
static int make_below_intermediate(struct mint *m, struct err *e)
{
        struct forge_pair between = {.key = NULL};
        struct pki_cert_spec cert = {
            .profile = PKI_INTERMEDIATE,
            .common_name = "Lab CA Below",
            .issuer = m->ca.cert,
            .issuer_key = m->ca.key,
            .path_len = -1,
        };
        int rc;

        set_life(m, &cert);
        rc = make_pair(m, &cert, &between, e);
        if (rc == 0)
                rc = make_delegate(m, between.cert, between.key, e);
        if (rc == 0)
                rc = forge_cert_row(m->forge, m->ca.row.id, NULL, &between, e);
        if (rc == 0)
                buf_append(&m->pair.cert_pem, between.cert_pem.data,
                    between.cert_pem.len);
        forge_pair_release(&between);
        return rc;
}

static int make_other_ca(struct mint *m, struct err *e)
{
        struct pki_cert_spec cert = {
            .profile = PKI_ROOT,
            .common_name = "Some Other CA",
            .path_len = -1,
        };

        set_life(m, &cert);
        return make_pair(m, &cert, &m->pair, e);
}

static int take_leaf(const struct lab *lab, struct mint *m,
    const struct scenario_aim *aim, struct err *e)
{
        char path[2][PATH_MAX];
        EVP_PKEY *key = NULL;
        X509 *cert = NULL;
        int rc = -1;

        if (scenario_aim_file(lab, aim, "cert.pem", path[0], e) == 0 &&
            scenario_aim_file(lab, aim, "key.pem", path[1], e) == 0 &&
            pki_cert_load(path[0], &cert, e) == 0 &&
            pki_key_load(path[1], PKI_KEY_PRIVATE, &key, e) == 0)
                rc = forge_pair_take(&m->pair, cert, key, e);
        X509_free(cert);
        EVP_PKEY_free(key);
        return rc;
}

/* What the CA has signed is known to its database. */
static int add_delegate_row(struct mint *m, struct err *e)
{
        struct cadb_revocation r = {
            .reason = OCSP_REASON_KEY_COMPROMISE, .revoked_at = m->forge->now};
        struct span serial = {m->pair.serial.octets, m->pair.serial.len};
        enum cadb_change change;

        if (forge_cert_row(m->forge, m->ca.row.id, NULL, &m->pair, e) != 0)
                return -1;
        if (m->kind != SCENARIO_SIGNER_REVOKED)
                return 0;
        return cadb_revoke(
            m->forge->db, m->ca.row.id, serial, &r, m->forge->now, &change, e);
}

static int make(const struct lab *lab, struct mint *m,
    const struct scenario_aim *aim, struct err *e)
{
        switch (m->kind) {
        case SCENARIO_SIGNER_LEAF:
                return take_leaf(lab, m, aim, e);
        case SCENARIO_SIGNER_INTERMEDIATE:
                return make_below_intermediate(m, e);
        case SCENARIO_SIGNER_OTHER_CA:
                return make_other_ca(m, e);
        default:
                break;
        }
        if (make_delegate(m, m->ca.cert, m->ca.key, e) != 0)
                return -1;
        return add_delegate_row(m, e);
}

/* ---- those who are there ----------------------------------------------- */

/* 1: nothing is to be made, -1: nor can it be used. */
static int is_there(const struct scenario *s, const struct lab *lab,
    const struct cadb_ca *ca, struct err *e)
{
        struct cadb_ca own = *ca;

        switch (s->signer) {
        case SCENARIO_SIGNER_CURRENT:
                return 1;
        case SCENARIO_SIGNER_DELEGATE:
                return ca->model == CADB_SIGNER_DELEGATED && ca->has_signer;
        case SCENARIO_SIGNER_PARENT:
                if (authority_climb(lab, &own, e) != 0)
                        return -1;
                break;
        case SCENARIO_SIGNER_CA:
                break;
        default:
                return 0;
        }
        if (own.key_path[0] != '\0')
                return 1;
        return err_set(e, ERR_CONFIG,
            "scenario %s: the key of CA %s, which would sign, is not here",
            s->name, own.name);
}

int scenario_signer_make(const struct lab *lab, const struct forge *f,
    const struct scenario *s, const struct cadb_ca *ca,
    const struct scenario_aim *aim, char path[CADB_PATH_MAX], struct err *e)
{
        struct mint m = {.forge = f, .kind = s->signer};
        int rc = is_there(s, lab, ca, e);

        path[0] = '\0';
        if (rc != 0)
                return rc > 0 ? 0 : -1;
        rc = authority_load(lab, ca->name, &m.ca, e);
        if (rc != 0)
                err_prefix(e, "scenario %s needs a signer", s->name);
        if (rc == 0)
                rc = make(lab, &m, aim, e);
        if (rc == 0)
                rc = forge_signer_file(f, ca->name, &m.pair, path, e);
        mint_release(&m);
        return rc;
}
