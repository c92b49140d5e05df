/* Makes known the CA that somebody brings: its certificate, those above it,
 * its key and a signer for it. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "anchors.h"
#include "authority.h"
#include "cadb/write.h"
#include "cafolder.h"
#include "carow.h"
#include "cmd_import.h"
#include "scenario.h"

struct work {
        struct import *im;
        STACK_OF(X509) *certs; /* of all --ca-cert; the CA is the first */
        EVP_PKEY *key;         /* of the CA; NULL: stays elsewhere */
        struct cadb_ca row;    /* of the CA */
};

/* ---- names ------------------------------------------------------------- */

/* What can be a name of a CN: "Example Root CA" is Example-Root-CA. */
static void name_of_cert(X509 *cert, char out[LAB_NAME_MAX + 1])
{
        char cn[FORGE_NAME_MAX + 1];
        const char *p;
        size_t len = 0;

        for (p = forge_common_name(cert, cn); *p != '\0'; p++) {
                bool fits = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
                                   "RSTUVWXYZ0123456789_.-",
                                *p) != NULL;

                if ((!fits || *p == '-' || *p == '.') &&
                    (len == 0 || (!fits && out[len - 1] == '-')))
                        continue;
                out[len++] = fits ? *p : '-';
        }
        while (len > 0 && out[len - 1] == '-')
                len--;
        out[len] = '\0';
        if (len == 0)
                snprintf(out, LAB_NAME_MAX + 1, "ca");
        else if (carow_names_delta(out))
                snprintf(out + len, LAB_NAME_MAX + 1 - len, "-ca");
}

/* 1: some CA or certificate has it. */
static int is_taken(struct cadb *db, const char *name, struct err *e)
{
        struct cadb_cert cert;
        struct cadb_ca ca;
        int found = cadb_ca_find(db, name, &ca, e);

        return found == 0 ? cadb_cert_find_name(db, name, &cert, e) : found;
}

static int choose_name(
    const struct work *w, X509 *cert, char out[LAB_NAME_MAX + 1], struct err *e)
{
        char base[LAB_NAME_MAX + 1];
        unsigned n;
        int taken;

        name_of_cert(cert, base);
        snprintf(out, LAB_NAME_MAX + 1, "%s", base);
        for (n = 2; (taken = is_taken(w->im->forge.db, out, e)) == 1; n++)
                snprintf(out, LAB_NAME_MAX + 1, "%.100s-%u", base, n);
        return taken;
}

static int check_name(const struct work *w, const char *name, struct err *e)
{
        int taken;

        if (carow_check_name(name, e) != 0)
                return err_prefix(e, "--ca");
        taken = is_taken(w->im->forge.db, name, e);
        if (taken == 1)
                return err_set(e, ERR_EXISTS,
                    "--ca %s: is the name of another CA or certificate", name);
        return taken;
}

/* ---- what is known ----------------------------------------------------- */

struct search {
        struct cadb_ca *row; /* name and key are those that are looked for */
        bool found;
};

/* By subject and key, which is all that clients know of a CA: one whose
 * certificate was renewed is the same. */
static int compare(void *arg, const struct cadb_ca *ca, struct err *e)
{
        struct search *s = arg;

        (void)e;
        if (!s->found &&
            memcmp(ca->name_sha256, s->row->name_sha256, CADB_HASH_SHA256) ==
                0 &&
            memcmp(ca->key_sha256, s->row->key_sha256, CADB_HASH_SHA256) == 0) {
                *s->row = *ca;
                s->found = true;
        }
        return 0;
}

/* 1: it is known, as *out; 0: not. */
static int find_known(
    const struct work *w, X509 *cert, struct cadb_ca *out, struct err *e)
{
        struct search s = {.row = out};

        if (carow_fill(out, "ca", cert, false, e) != 0 ||
            cadb_ca_each(w->im->forge.db, compare, &s, e) != 0)
                return -1;
        return s.found;
}

/* ---- a new one --------------------------------------------------------- */

static int write_files(struct work *w, const struct cadb_ca *row,
    const struct forge_pair *p, struct err *e)
{
        struct import *im = w->im;
        struct import_ca_name *made = &im->made[im->made_len];

        snprintf(made->name, sizeof(made->name), "%s", row->name);
        pki_subject(p->cert, made->subject);
        if (!im->fresh && cafolder_claim(&im->forge, row->name, e) != 0)
                return -1;
        im->made_len++;
        return forge_ca_files(&im->forge, row, p, e);
}

/* In the trail of the CA above, which can be asked about it. */
static int add_below(const struct work *w, const struct cadb_ca *row,
    const struct forge_pair *p, struct err *e)
{
        char subject[PKI_NAME_TEXT_MAX];
        enum cadb_import_change change;
        struct cadb_imported cert = {
            .ca = row->parent,
            .name = row->name,
            .serial = {p->serial.octets, p->serial.len},
            .der = buf_span(&p->der),
            .subject = pki_subject(p->cert, subject),
            .not_before = row->not_before,
            .not_after = row->not_after,
            .state = {.status = CADB_GOOD, .reason = -1},
            .keep_state = true,
        };

        return cadb_cert_import(
            w->im->forge.db, &cert, w->im->forge.now, &change, e);
}

/* row: its name, and its parent if it has one. */
static int add_ca(struct work *w, struct cadb_ca *row, X509 *cert,
    EVP_PKEY *key, bool is_default, struct err *e)
{
        int64_t parent = row->parent;
        char name[LAB_NAME_MAX + 1];
        struct forge_pair p = {0};
        int rc = -1;

        snprintf(name, sizeof(name), "%s", row->name);
        if (carow_fill(row, name, cert, key != NULL, e) != 0)
                return -1;
        row->parent = parent;
        row->model = w->im->wish->model;
        if (key == NULL)
                row->model = CADB_SIGNER_DELEGATED;
        if (forge_pair_take(&p, cert, key, e) == 0 &&
            write_files(w, row, &p, e) == 0 &&
            cadb_ca_add(
                w->im->forge.db, row, is_default, w->im->forge.now, e) == 0 &&
            (parent == 0 || add_below(w, row, &p, e) == 0))
                rc = 0;
        forge_pair_release(&p);
        return rc;
}

/* ---- those above it ---------------------------------------------------- */

/* The CA above cert, made known if need be: its id in *parent; 0 if it is not
 * at hand, or cert is a root. */
static int add_above(
    struct work *w, X509 *cert, unsigned level, int64_t *parent, struct err *e)
{
        X509 *above = pki_issuer_of(cert, w->certs);
        struct cadb_ca row;
        int known;

        *parent = 0;
        if (above == NULL || X509_cmp(above, cert) == 0)
                return 0;
        if (level == IMPORT_CHAIN_MAX)
                return err_set(e, ERR_DATA,
                    "--ca-cert: a chain of more than %d CAs", IMPORT_CHAIN_MAX);
        known = find_known(w, above, &row, e);
        if (known < 0)
                return -1;
        if (known == 0) {
                memset(&row, 0, sizeof(row));
                if (pki_ca_check(above, "--ca-cert", e) != 0 ||
                    add_above(w, above, level + 1, &row.parent, e) != 0 ||
                    choose_name(w, above, row.name, e) != 0 ||
                    add_ca(w, &row, above, NULL, false, e) != 0)
                        return -1;
        }
        *parent = row.id;
        return 0;
}

/* One that another file has not brought but the database has. */
struct issuer_search {
        X509 *cert;
        int64_t id;
};

static int is_issuer(void *arg, const struct cadb_ca *row, struct err *e)
{
        struct issuer_search *s = arg;
        X509 *ca = NULL;

        if (pki_cert_from_der((struct span){row->der, row->der_len}, &ca, e) !=
            0)
                return -1;
        if (X509_cmp(ca, s->cert) != 0 &&
            X509_NAME_cmp(X509_get_issuer_name(s->cert),
                X509_get_subject_name(ca)) == 0 &&
            X509_verify(s->cert, X509_get0_pubkey(ca)) == 1)
                s->id = row->id;
        X509_free(ca);
        return 0;
}

static int find_parent(struct work *w, X509 *cert, int64_t *out, struct err *e)
{
        struct issuer_search s = {cert, 0};

        if (add_above(w, cert, 1, out, e) != 0)
                return -1;
        if (*out != 0 || X509_self_signed(cert, 0) == 1)
                return 0;
        if (cadb_ca_each(w->im->forge.db, is_issuer, &s, e) != 0)
                return -1;
        *out = s.id;
        return 0;
}

/* ---- its signer -------------------------------------------------------- */

static int signer_life(
    const struct work *w, struct forge_signer *s, struct err *e)
{
        const struct import_wish *wish = w->im->wish;
        int64_t now = w->im->forge.now;

        s->not_before = now - FORGE_BACKDATE_S;
        if (s->not_before < w->row.not_before)
                s->not_before = w->row.not_before;
        s->not_after = w->row.not_after;
        if (wish->signer_validity >= 0 &&
            now + wish->signer_validity < s->not_after)
                s->not_after = now + wish->signer_validity;
        if (s->not_after <= now)
                return err_set(e, ERR_CONFIG,
                    "%s has ended: no signer of it would be believed",
                    wish->ca_certs[0]);
        if (wish->algorithm_given) {
                s->algorithm = wish->algorithm;
                return 0;
        }
        /* Where the CA has a key that we do not make (P-521), a common one. */
        if (authority_key_kind(w->key, w->row.name, &s->algorithm, NULL) != 0)
                s->algorithm = PKI_P256;
        return 0;
}

static int add_delegate(struct work *w, X509 *cert, struct err *e)
{
        struct forge_pair signer = {0};
        struct forge_signer s;
        int rc = -1;

        if (signer_life(w, &s, e) == 0 &&
            forge_delegate(&signer, &s, cert, w->key, e) == 0)
                rc = forge_delegate_add(&w->im->forge, &w->row, &signer, e);
        forge_pair_release(&signer);
        return rc;
}

static int add_signer(struct work *w, X509 *cert, struct err *e)
{
        struct forge_pair ca = {0};
        int rc = -1;

        if (w->row.model == CADB_SIGNER_DELEGATED)
                return add_delegate(w, cert, e);
        if (!pki_may_sign(cert))
                return err_set(e, ERR_CONFIG,
                    "%s: its keyUsage lacks digitalSignature, so it may not "
                    "sign OCSP answers itself: leave out --signer ca (RFC 5280 "
                    "section 4.2.1.3)",
                    w->im->wish->ca_certs[0]);
        if (forge_pair_take(&ca, cert, w->key, e) == 0)
                rc = forge_signer_row(
                    &w->im->forge, w->row.id, &ca, "", false, e);
        forge_pair_release(&ca);
        return rc;
}

/* ---- all --------------------------------------------------------------- */

static int load_certs(struct work *w, struct err *e)
{
        const struct import_wish *wish = w->im->wish;
        STACK_OF(X509) *more;
        size_t i;

        for (i = 0; i < wish->ca_certs_len; i++) {
                if (pki_certs_load(wish->ca_certs[i], &more, e) != 0)
                        return err_prefix(e, "--ca-cert");
                while (sk_X509_num(more) > 0)
                        if (sk_X509_push(w->certs, sk_X509_value(more, 0)) == 0)
                                break;
                        else
                                sk_X509_shift(more);
                if (sk_X509_num(more) > 0) {
                        sk_X509_pop_free(more, X509_free);
                        return err_set(e, ERR_OS, "out of memory");
                }
                sk_X509_free(more);
        }
        return 0;
}

static int load_key(struct work *w, X509 *cert, struct err *e)
{
        const struct import_wish *wish = w->im->wish;

        if (wish->ca_key == NULL)
                return 0;
        if (pki_key_load(wish->ca_key, PKI_KEY_ANY, &w->key, e) != 0 ||
            pki_key_matches(w->key, cert, wish->ca_key, wish->ca_certs[0], e) !=
                0)
                return err_prefix(e, "--ca-key");
        w->im->key_is_wide = pki_key_is_wide(wish->ca_key);
        return 0;
}

/* It can sign from now on: answers too, unless a delegate does that. */
static int take_key(struct work *w, X509 *cert, struct err *e)
{
        const struct import_wish *wish = w->im->wish;
        const struct forge *f = &w->im->forge;
        struct forge_pair p = {0};
        struct cadb_ca filled;
        int rc = -1;

        if (carow_fill(&filled, w->row.name, cert, true, e) != 0)
                return -1;
        memcpy(w->row.key_path, filled.key_path, sizeof(filled.key_path));
        snprintf(w->im->own.name, sizeof(w->im->own.name), "%s", w->row.name);
        w->im->key_is_new = true;
        if (forge_pair_take(&p, cert, w->key, e) == 0 &&
            forge_write(f, w->row.key_path, buf_span(&p.key_pem), 0600, e) == 0)
                rc = cadb_ca_set_key(
                    f->db, w->row.id, w->row.key_path, f->now, e);
        forge_pair_release(&p);
        if (rc != 0 || (w->row.has_signer && !wish->model_given))
                return rc;
        w->row.model = wish->model;
        w->row.has_signer = true;
        if (cadb_ca_set_model(f->db, w->row.id, wish->model, f->now, e) != 0)
                return -1;
        return add_signer(w, cert, e);
}

/* Without a key no signer can be made: its answers are internalError then, as
 * long as the scenario stays set. */
static int join_scenarios(const struct work *w, struct err *e)
{
        struct lab lab = {.dir = w->im->forge.dir, .db = w->im->forge.db};

        return w->im->fresh
                   ? 0
                   : scenario_extend(&lab, &w->im->forge, w->row.name, e);
}

/* The same command again finds what the first has made. */
static int take_known(struct work *w, X509 *cert, struct err *e)
{
        const struct import_wish *wish = w->im->wish;

        if (wish->ca != NULL && strcmp(wish->ca, w->row.name) != 0)
                return err_set(e, ERR_EXISTS,
                    "--ca %s: the CA of %s is called %s here", wish->ca,
                    wish->ca_certs[0], w->row.name);
        if (w->key == NULL || w->row.key_path[0] != '\0')
                return 0;
        return take_key(w, cert, e) == 0 ? join_scenarios(w, e) : -1;
}

static int take_new(struct work *w, X509 *cert, struct err *e)
{
        const struct import_wish *wish = w->im->wish;

        memset(&w->row, 0, sizeof(w->row));
        if (pki_ca_check(cert, wish->ca_certs[0], e) != 0)
                return err_prefix(e, "--ca-cert");
        if (wish->ca != NULL && check_name(w, wish->ca, e) != 0)
                return -1;
        if (wish->ca == NULL && choose_name(w, cert, w->row.name, e) != 0)
                return -1;
        if (wish->ca != NULL)
                snprintf(w->row.name, sizeof(w->row.name), "%s", wish->ca);
        if (find_parent(w, cert, &w->row.parent, e) != 0 ||
            add_ca(w, &w->row, cert, w->key, w->im->fresh, e) != 0)
                return -1;
        w->row.has_signer = w->key != NULL;
        if (w->key == NULL)
                return 0;
        return add_signer(w, cert, e) == 0 ? join_scenarios(w, e) : -1;
}

static int take_cert(struct work *w, struct err *e)
{
        X509 *cert;
        int known;

        if (load_certs(w, e) != 0)
                return -1;
        cert = sk_X509_value(w->certs, 0);
        pki_subject(cert, w->im->own.subject);
        if (load_key(w, cert, e) != 0 ||
            (known = find_known(w, cert, &w->row, e)) < 0)
                return -1;
        return known == 1 ? take_known(w, cert, e) : take_new(w, cert, e);
}

int import_ca(struct import *im, struct err *e)
{
        struct work w = {.im = im};
        struct lab lab = {.dir = im->forge.dir, .db = im->forge.db};
        int rc;

        im->key_is_new = false;
        if (im->wish->ca_certs_len == 0 && im->wish->ca == NULL)
                return 0;
        w.certs = sk_X509_new_null();
        if (w.certs == NULL)
                rc = err_set(e, ERR_OS, "out of memory");
        else if (im->wish->ca_certs_len > 0)
                rc = take_cert(&w, e);
        else
                rc = authority_find(&lab, im->wish->ca, &w.row, e);
        if (rc == 0) {
                snprintf(im->own.name, sizeof(im->own.name), "%s", w.row.name);
                im->ca = w.row.id;
                im->has_signer = w.row.has_signer;
                im->has_key = w.row.key_path[0] != '\0';
        }
        /* Else after the commit: no root is trusted that nobody has. */
        if (rc == 0 && im->fresh)
                rc = anchors_roots(&im->forge, e);
        sk_X509_pop_free(w.certs, X509_free);
        EVP_PKEY_free(w.key);
        return rc;
}

void import_ca_end(struct import *im, bool committed)
{
        char key[PATH_MAX];
        size_t i;

        for (i = 0; !im->fresh && i < im->made_len; i++)
                if (committed)
                        cafolder_keep(&im->forge, im->made[i].name);
                else
                        cafolder_discard(&im->forge, im->made[i].name);
        if (committed)
                return;
        im->made_len = 0;
        if (im->key_is_new &&
            file_path(key, sizeof(key), NULL, "%s/ca/%s/key.pem", im->forge.dir,
                im->own.name) == 0)
                unlink(key);
}
