#include "anchors.h"

#include <limits.h>
#include <string.h>

#include "cadb/write.h"

/* The file as it is, and as it shall be. */
struct bundle {
        const struct forge *f;
        const char *name;    /* relative to DIR */
        struct buf was;      /* empty: there is none */
        STACK_OF(X509) *old; /* what is in it; NULL: nothing that is PEM */
        STACK_OF(X509) *now;
        bool lacks; /* was lacks one of now */
};

static void bundle_release(struct bundle *b)
{
        buf_release(&b->was);
        sk_X509_pop_free(b->old, X509_free);
        sk_X509_pop_free(b->now, X509_free);
}

static int bundle_open(struct bundle *b, struct err *e)
{
        struct err why = ERR_INIT;
        char path[PATH_MAX];

        b->now = sk_X509_new_null();
        if (b->now == NULL)
                return err_set(e, ERR_OS, "out of memory");
        if (file_path(path, sizeof(path), e, "%s/%s", b->f->dir, b->name) != 0)
                return -1;
        if (file_read(path, FILE_LIMIT, &b->was, &why) != 0 &&
            why.code != ERR_NOTFOUND)
                return err_set(e, why.code, "%s", why.text);
        if (b->was.len > 0)
                pki_certs_load(path, &b->old, NULL);
        return 0;
}

static bool contains(const STACK_OF(X509) *list, const X509 *cert)
{
        int i;

        for (i = 0; list != NULL && i < sk_X509_num(list); i++)
                if (X509_cmp(sk_X509_value(list, i), cert) == 0)
                        return true;
        return false;
}

/* Takes a reference of its own, once. */
static int bundle_add(struct bundle *b, X509 *cert, struct err *e)
{
        if (contains(b->now, cert))
                return 0;
        if (X509_up_ref(cert) != 1 || sk_X509_push(b->now, cert) == 0)
                return err_set(e, ERR_OS, "out of memory");
        if (!contains(b->old, cert))
                b->lacks = true;
        return 0;
}

/* Unless it would be the same. */
static int bundle_write(struct bundle *b, struct err *e)
{
        struct buf pem = {0};
        int i, rc = 0;

        for (i = 0; rc == 0 && i < sk_X509_num(b->now); i++)
                rc = pki_cert_pem(sk_X509_value(b->now, i), &pem, e);
        if (rc == 0 && pem.failed)
                rc = err_set(e, ERR_OS, "out of memory");
        if (rc == 0 && pem.len > 0 &&
            !span_equal(buf_span(&pem), buf_span(&b->was)))
                rc = forge_write(b->f, b->name, buf_span(&pem), 0644, e);
        buf_release(&pem);
        return rc;
}

/* ---- root.pem ---------------------------------------------------------- */

static int add_root(void *arg, const struct cadb_ca *ca, struct err *e)
{
        struct bundle *b = arg;
        X509 *cert = NULL;
        int rc;

        if (ca->parent != ca->id)
                return 0;
        if (pki_cert_from_der((struct span){ca->der, ca->der_len}, &cert, e) !=
            0)
                return err_prefix(e, "CA %s in the database", ca->name);
        rc = bundle_add(b, cert, e);
        X509_free(cert);
        return rc;
}

static int collect_roots(struct bundle *b, struct err *e)
{
        int i;

        if (bundle_open(b, e) != 0 ||
            cadb_ca_each(b->f->db, add_root, b, e) != 0)
                return -1;
        for (i = 0; b->old != NULL && i < sk_X509_num(b->old); i++)
                if (bundle_add(b, sk_X509_value(b->old, i), e) != 0)
                        return -1;
        return 0;
}

int anchors_roots(const struct forge *f, struct err *e)
{
        struct bundle b = {.f = f, .name = "root.pem"};
        int rc = collect_roots(&b, e);

        if (rc == 0 && b.lacks)
                rc = bundle_write(&b, e);
        bundle_release(&b);
        return rc;
}

int anchors_recover(const struct lab *lab, struct err *e)
{
        struct forge f = {lab->dir, lab->db, lab->settings.temporary, 0, NULL};
        struct bundle b = {.f = &f, .name = "root.pem"};
        int rc = collect_roots(&b, e);

        if (rc == 0 && b.lacks) {
                rc = cadb_begin(lab->db, e);
                if (rc == 0)
                        rc = anchors_roots(&f, e);
                cadb_rollback(lab->db);
        }
        bundle_release(&b);
        return rc;
}

/* ---- responder.pem ----------------------------------------------------- */

/* The one who signs now.  A file that cannot be read is told by the responder
 * and by healthz; it must not stand in the way of the next one. */
static int add_current(void *arg, const struct cadb_ca *ca, struct err *e)
{
        struct bundle *b = arg;
        char path[PATH_MAX];
        X509 *cert = NULL;
        int rc = 0;

        if (ca->model != CADB_SIGNER_TRUSTED || !ca->has_signer ||
            ca->signer_not_after < b->f->now)
                return 0;
        if (file_path(path, sizeof(path), e, "%s/%s", b->f->dir,
                ca->signer_path) != 0)
                return -1;
        if (pki_cert_load(path, &cert, NULL) == 0)
                rc = bundle_add(b, cert, e);
        X509_free(cert);
        return rc;
}

/* Those of the old file that a row knows and that are still valid. */
static int add_retired(
    void *arg, const struct cadb_signer_row *row, struct err *e)
{
        struct bundle *b = arg;
        struct pki_serial serial;
        X509 *cert;
        int i;

        for (i = 0; i < sk_X509_num(b->old); i++) {
                cert = sk_X509_value(b->old, i);
                serial = pki_serial_of(cert);
                if (span_equal((struct span){serial.octets, serial.len},
                        (struct span){row->serial, row->serial_len}) &&
                    pki_not_after(cert) >= b->f->now &&
                    bundle_add(b, cert, e) != 0)
                        return -1;
        }
        return 0;
}

int anchors_responders(const struct forge *f, X509 *fresh, struct err *e)
{
        struct bundle b = {.f = f, .name = "responder.pem"};
        int rc = bundle_open(&b, e);

        if (rc == 0 && fresh != NULL)
                rc = bundle_add(&b, fresh, e);
        if (rc == 0)
                rc = cadb_ca_each(f->db, add_current, &b, e);
        if (rc == 0 && b.old != NULL)
                rc = cadb_signer_each(f->db, 0, add_retired, &b, e);
        if (rc == 0)
                rc = bundle_write(&b, e);
        bundle_release(&b);
        return rc;
}
