#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "cadb/write.h"
#include "scenario.h"
#include "signers.h"

int batch_open(struct batch *b, struct plan *p, size_t max, struct err *e)
{
        b->plan = p;
        b->max = max;
        b->items = calloc(max, sizeof(*b->items));
        if (b->items == NULL)
                return err_set(e, ERR_OS, "out of memory");
        return p->wish->no_files ? 0 : store_open(&b->store, &p->lab, max, e);
}

void batch_close(struct batch *b)
{
        struct batch_item *i;

        store_close(&b->store);
        while (b->len > 0) {
                i = &b->items[--b->len];
                free(i->name);
                free(i->before);
                free(i->subject);
                buf_release(&i->der);
        }
        free(b->items);
        b->items = NULL;
        EVP_PKEY_free(b->key);
        EVP_PKEY_free(b->rsa);
        b->key = b->rsa = NULL;
}

/* ---- make ---------------------------------------------------------------- */

/* One certificate as it goes into its files. */
struct made {
        X509 *cert;
        EVP_PKEY *key; /* NULL: the holder's own */
        struct buf cert_pem, key_pem, fullchain;
};

static void made_release(struct made *m)
{
        X509_free(m->cert);
        EVP_PKEY_free(m->key);
        if (m->key_pem.data != NULL)
                OPENSSL_cleanse(m->key_pem.data, m->key_pem.len);
        buf_release(&m->cert_pem);
        buf_release(&m->key_pem);
        buf_release(&m->fullchain);
}

/* Where nobody keeps the keys, or tells them apart, one is enough. */
static bool shares_key(const struct wish *w)
{
        return w->no_files || w->scenarios;
}

/* An RSA key takes as long as all the rest of a batch: what it signs with, the
 * signers of scenarios may sign with, too. */
static int make_own_key(
    struct batch *b, struct made *m, const struct terms *t, struct err *e)
{
        if (pki_key_new(t->algorithm, &m->key, e) != 0)
                return -1;
        if (t->algorithm == PKI_RSA2048 && b->rsa == NULL) {
                EVP_PKEY_up_ref(m->key);
                b->rsa = m->key;
        }
        return 0;
}

static int make_key(
    struct batch *b, struct made *m, const struct terms *t, struct err *e)
{
        if (t->key != NULL)
                return 0;
        if (t->own_key)
                return make_own_key(b, m, t, e);
        if (!shares_key(b->plan->wish))
                return pki_key_new(t->algorithm, &m->key, e);
        if (b->key == NULL && pki_key_new(t->algorithm, &b->key, e) != 0)
                return -1;
        EVP_PKEY_up_ref(b->key);
        m->key = b->key;
        return 0;
}

static int make_cert(struct made *m, const struct terms *t,
    const struct pki_serial *serial, struct err *e)
{
        struct pki_cert_spec spec = {
            .profile = t->profile,
            .common_name = t->common_name,
            .subject_key = t->key != NULL ? t->key : m->key,
            .issuer = t->issuer->ca.cert,
            .issuer_key = t->issuer->ca.key,
            .serial = *serial,
            .not_before = t->not_before,
            .not_after = t->not_after,
            .path_len = -1,
            .sans = t->sans,
            .sans_len = t->sans_len,
            .ocsp_urls = t->urls,
            .ocsp_urls_len = t->urls_len,
            .crl_url = t->crl_url,
            .must_staple = t->must_staple,
        };

        return pki_cert_make(&spec, &m->cert, e);
}

static int encode(struct made *m, const struct issuer *i, struct err *e)
{
        if (pki_cert_pem(m->cert, &m->cert_pem, e) != 0 ||
            (m->key != NULL && pki_key_pem(m->key, &m->key_pem, e) != 0))
                return -1;
        buf_append(&m->fullchain, m->cert_pem.data, m->cert_pem.len);
        buf_append(&m->fullchain, i->intermediates.data, i->intermediates.len);
        if (m->fullchain.failed)
                return err_set(e, ERR_OS, "out of memory");
        return 0;
}

static int stage(
    struct batch *b, const struct batch_item *i, struct made *m, struct err *e)
{
        struct store_entry entry = {
            .name = i->name,
            .serial = i->serial,
        };

        if (b->plan->wish->no_files)
                return 0;
        if (encode(m, i->issuer, e) != 0)
                return -1;
        entry.cert = buf_span(&m->cert_pem);
        entry.key = buf_span(&m->key_pem);
        entry.chain = buf_span(&i->issuer->chain);
        entry.fullchain = buf_span(&m->fullchain);
        return store_stage(&b->store, &entry, e);
}

/* What the row says. */
static int describe(struct batch_item *i, const struct made *m,
    const struct terms *t, struct err *e)
{
        char subject[PKI_NAME_TEXT_MAX];

        i->not_before = t->not_before;
        i->not_after = t->not_after;
        i->subject = strdup(pki_subject(m->cert, subject));
        if (i->subject == NULL)
                return err_set(e, ERR_OS, "out of memory");
        return pki_cert_der(m->cert, &i->der, e);
}

int batch_add(struct batch *b, const struct terms *t, struct err *e)
{
        struct batch_item *i = &b->items[b->len];
        struct made m = {0};
        int rc = -1;

        i->name = strdup(t->name);
        if (i->name == NULL)
                return err_set(e, ERR_OS, "out of memory");
        b->len++;
        i->issuer = t->issuer;
        i->has_key = t->key == NULL && !b->plan->wish->no_files;
        if (make_key(b, &m, t, e) == 0 && pki_serial_new(&i->serial, e) == 0 &&
            make_cert(&m, t, &i->serial, e) == 0 && describe(i, &m, t, e) == 0)
                rc = stage(b, i, &m, e);
        made_release(&m);
        return rc;
}

int batch_add_twin(struct batch *b, const struct terms *t, struct err *e)
{
        char name[CADB_NAME_MAX + 1];
        struct terms twin = *t;

        twin.name = scenario_twin_name(t->name, t->algorithm, name);
        twin.algorithm = scenario_twin_algorithm(t->algorithm);
        twin.own_key = true;
        if (!lab_name_valid(name))
                return err_set(e, ERR_USAGE, "%s: too long a name", name);
        return batch_check(b, name, e) != 0 ? -1 : batch_add(b, &twin, e);
}

/* ---- commit -------------------------------------------------------------- */

/* Sets *row and returns 1 if another certificate has that name. */
static int find_before(const struct batch *b, const char *name,
    struct cadb_cert *row, struct err *e)
{
        struct cadb *db = b->plan->lab.db;
        struct cadb_ca ca;
        int found = cadb_ca_find(db, name, &ca, e);

        if (found == 1)
                return err_set(e, ERR_EXISTS,
                    "%s: is the name of a CA: choose another name", name);
        if (found == 0)
                found = cadb_cert_find_name(db, name, row, e);
        if (found == 1 && !b->plan->wish->renew)
                return err_set(e, ERR_EXISTS,
                    "%s: a certificate of that name exists: choose another "
                    "name, or replace it with --renew",
                    name);
        return found;
}

/* Row and folder.  Only under the locks: between them a renewal has its row
 * but not its folder yet. */
static int check_all(const struct batch *b, const char *name, struct err *e)
{
        struct span before = {NULL, 0};
        struct cadb_cert row;
        int found = find_before(b, name, &row, e);

        if (found < 0)
                return -1;
        if (found == 1)
                before = (struct span){row.serial, row.serial_len};
        return b->plan->wish->no_files
                   ? 0
                   : store_check(&b->store, name, before, e);
}

int batch_check(const struct batch *b, const char *name, struct err *e)
{
        struct cadb_cert row;

        if (!b->plan->wish->renew)
                return check_all(b, name, e);
        return find_before(b, name, &row, e) < 0 ? -1 : 0;
}

/* The certificate before, if there is one, goes to its new name. */
static int step_aside(
    const struct batch *b, struct batch_item *i, struct err *e)
{
        struct cadb *db = b->plan->lab.db;
        char aside[CADB_NAME_MAX + 1];
        struct cadb_cert row;
        int found = find_before(b, i->name, &row, e);

        if (found != 1)
                return found;
        if (cadb_cert_step_aside(db, i->name, b->plan->now, aside, e) != 0 ||
            store_check(&b->store, aside, (struct span){NULL, 0}, e) != 0)
                return -1;
        i->before = strdup(aside);
        return i->before != NULL ? 0 : err_set(e, ERR_OS, "out of memory");
}

static int add_row(
    const struct batch *b, const struct batch_item *i, struct err *e)
{
        struct cadb_new_cert row = {
            .ca = i->issuer->ca.row.id,
            .name = i->name,
            .serial = {i->serial.octets, i->serial.len},
            .der = buf_span(&i->der),
            .subject = i->subject,
            .not_before = i->not_before,
            .not_after = i->not_after,
        };

        return cadb_cert_add(b->plan->lab.db, &row, b->plan->now, e);
}

/* Inside the transaction. */
static int add_rows(struct batch *b, struct err *e)
{
        size_t i;

        if (!b->plan->wish->no_files && store_lock(&b->store, e) != 0)
                return -1;
        for (i = 0; i < b->len; i++)
                if (check_all(b, b->items[i].name, e) != 0 ||
                    step_aside(b, &b->items[i], e) != 0 ||
                    add_row(b, &b->items[i], e) != 0)
                        return -1;
        return 0;
}

static int publish(struct batch *b, struct err *e)
{
        size_t i;

        store_committed(&b->store);
        for (i = 0; i < b->len; i++)
                if (store_publish(&b->store, b->items[i].name,
                        &b->items[i].serial, e) != 0)
                        return -1;
        return store_publish_end(&b->store, e);
}

int batch_folder(const struct batch *b, const struct batch_item *i,
    char out[PATH_MAX], struct err *e)
{
        return store_aside(&b->store, i->name, &i->serial, out, e);
}

/* Rows, and what comes with them. */
static int commit(struct batch *b, batch_with *with, void *arg, struct err *e)
{
        const struct lab *lab = &b->plan->lab;
        struct forge f = {
            lab->dir, lab->db, lab->settings.temporary, b->plan->now, &b->rsa};
        int rc;

        if (cadb_begin(lab->db, e) != 0)
                return -1;
        rc = add_rows(b, e);
        if (rc == 0 && with != NULL)
                rc = signers_sweep(&f, e) == 0 ? with(arg, b, &f, e) : -1;
        if (rc == 0)
                rc = cadb_commit(lab->db, e);
        if (rc != 0 && with != NULL)
                signers_undo(&f, false);
        else if (rc != 0)
                cadb_rollback(lab->db);
        return rc;
}

/* The rows are committed before a file can be seen under its name (STANDARDS
 * K2: no certificate without its row), and so are its scenarios told. */
int batch_commit(struct batch *b, batch_with *with, void *arg, struct err *e)
{
        bool files = !b->plan->wish->no_files;
        struct err untold = ERR_INIT;
        int rc = 0;

        if ((files && store_sync(&b->store, e) != 0) ||
            commit(b, with, arg, e) != 0)
                return -1;
        if (with != NULL)
                rc = scenario_tell(&b->plan->lab, &untold);
        if (files && publish(b, e) != 0)
                return -1;
        return rc == 0 ? 0 : err_set(e, untold.code, "%s", untold.text);
}
