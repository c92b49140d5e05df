#include "crlmaker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "authority.h"
#include "cadb/write.h"
#include "crlnumber.h"
#include "ocsp/ocsp.h"
#include "store.h"

#define DELTA_SUFFIX "-delta"

struct work {
        struct lab *lab;
        const struct crl_wish *wish;
        struct crl_made *made;
        struct authority ca;
        char delta_path[PATH_MAX];
        struct cadb_crl base; /* of a delta */
        struct pki_crl *crl;
        struct buf der, pem;
};

int crl_idp_check(const char *text, struct err *e)
{
        const char *prefix;

        if (strcmp(text, "lab") == 0 || strcmp(text, "none") == 0)
                return 0;
        if (strstr(text, "://") == NULL || pki_san_check(text, &prefix, e) != 0)
                return err_set(e, ERR_USAGE,
                    "--idp '%s': neither 'lab' nor 'none' nor a URL: write "
                    "http://HOST[:PORT]/PATH",
                    text);
        if (strlen(text) >= LAB_CRL_URL_MAX)
                return err_set(e, ERR_USAGE,
                    "--idp '%s': longer than %d characters", text,
                    LAB_CRL_URL_MAX - 1);
        return 0;
}

/* Octet for octet what the certificates carry (CA/B BR 7.2.2.1). */
static void set_idp(struct work *w)
{
        struct cadb_settings s = w->lab->settings;
        const char *idp = w->wish->idp;
        char *out = w->made->idp;

        out[0] = '\0';
        if (idp != NULL && strcmp(idp, "none") == 0)
                return;
        if (idp != NULL && strcmp(idp, "lab") != 0) {
                snprintf(out, LAB_CRL_URL_MAX, "%s", idp);
                return;
        }
        if (idp != NULL)
                snprintf(s.crl_url, sizeof(s.crl_url), "lab");
        lab_crl_url(&s, w->ca.row.name, out);
}

static int set_paths(struct work *w, struct err *e)
{
        const char *dir = w->lab->dir, *name = w->ca.row.name;

        if (file_path(w->delta_path, PATH_MAX, e, "%s/crl/%s%s.crl", dir, name,
                DELTA_SUFFIX) != 0)
                return -1;
        if (w->wish->delta)
                return file_path(
                    w->made->path, PATH_MAX, e, "%s", w->delta_path);
        return file_path(
            w->made->path, PATH_MAX, e, "%s/crl/%s.crl", dir, name);
}

/* A CA may be called like the file of another one's delta. */
static int delta_name_taken(const struct work *w, struct err *e)
{
        char name[LAB_NAME_MAX + sizeof(DELTA_SUFFIX)];
        struct cadb_ca other;

        snprintf(name, sizeof(name), "%s%s", w->ca.row.name, DELTA_SUFFIX);
        return cadb_ca_find(w->lab->db, name, &other, e);
}

/* What clients can have: not always the last full one, since that may have a
 * number and never have got into its file (a full disk, a kill). */
static int find_base(struct work *w, struct err *e)
{
        const char *name = w->ca.row.name;
        uint64_t published = 0;
        char full[PATH_MAX];
        int found;

        if (file_path(
                full, sizeof(full), e, "%s/crl/%s.crl", w->lab->dir, name) != 0)
                return -1;
        found = crlnumber_read(full, &published, e);
        if (found == 1)
                found = cadb_crl_full(
                    w->lab->db, w->ca.row.id, published, &w->base, e);
        if (found < 0)
                return -1;
        if (found == 0)
                return err_set(e, ERR_NOTFOUND,
                    "%s: there is no full CRL of ours that a delta could be "
                    "over: make one with 'ocsp-ca crl --ca %s'",
                    name, name);
        w->made->base = w->base.number;
        return 0;
}

static int prepare(struct work *w, const char *ca_name, struct err *e)
{
        int taken;

        if (authority_load(w->lab, ca_name, &w->ca, e) != 0 ||
            set_paths(w, e) != 0)
                return -1;
        snprintf(
            w->made->ca_name, sizeof(w->made->ca_name), "%s", w->ca.row.name);
        set_idp(w);
        taken = delta_name_taken(w, e);
        if (taken < 0)
                return -1;
        if (taken == 0)
                return 0;
        w->delta_path[0] = '\0'; /* that CA's full CRL */
        return w->wish->delta
                   ? err_set(e, ERR_CONFIG,
                         "%s: is the CRL of another CA: a CA that has one "
                         "called like it with '" DELTA_SUFFIX
                         "' can have no delta CRL",
                         w->made->path)
                   : 0;
}

/* What was released is no revocation, so it has no date of its own. */
static int add_entry(
    void *arg, struct span serial, const struct cadb_state *s, struct err *e)
{
        struct work *w = arg;
        struct pki_crl_entry entry = {
            .serial = serial,
            .revocation_time = s->revoked_at,
            .reason = s->reason,
            .invalidity_at = s->invalidity_at,
        };

        if (s->status == CADB_GOOD) {
                entry.reason = OCSP_REASON_REMOVE_FROM_CRL;
                entry.revocation_time = w->made->this_update;
                entry.invalidity_at = 0;
        }
        w->made->entries++;
        return pki_crl_add(w->crl, &entry, e);
}

static int add_entries(struct work *w, struct err *e)
{
        struct cadb *db = w->lab->db;
        int64_t ca = w->ca.row.id;

        return w->wish->delta
                   ? cadb_changed_each(db, ca, w->base.version, add_entry, w, e)
                   : cadb_revoked_each(db, ca, add_entry, w, e);
}

static int begin_crl(struct work *w, struct err *e)
{
        struct crl_made *m = w->made;
        struct pki_crl_spec spec = {
            .issuer = w->ca.cert,
            .issuer_key = w->ca.key,
            .this_update = m->this_update,
            .next_update = m->next_update,
            .base_number = m->base,
            .idp_url = m->idp[0] != '\0' ? m->idp : NULL,
        };

        if (cadb_crl_number(w->lab->db, w->ca.row.id, m->base, m->this_update,
                &m->number, e) != 0)
                return -1;
        spec.number = m->number;
        return pki_crl_new(&spec, &w->crl, e);
}

/* Number, time and entries are of one moment: nobody else writes now. */
static int collect(struct work *w, struct err *e)
{
        if (cadb_begin(w->lab->db, e) != 0)
                return -1;
        w->made->this_update = lab_now(w->lab);
        w->made->next_update = w->made->this_update + w->wish->validity;
        if ((!w->wish->delta || find_base(w, e) == 0) && begin_crl(w, e) == 0 &&
            add_entries(w, e) == 0 && cadb_commit(w->lab->db, e) == 0)
                return 0;
        cadb_rollback(w->lab->db);
        return -1;
}

static int write_pem(struct work *w, const char *out, struct err *e)
{
        if (pki_crl_pem(buf_span(&w->der), &w->pem, e) != 0)
                return -1;
        if (strcmp(out, "-") != 0)
                return file_write(out, w->pem.data, w->pem.len, 0644, e);
        if (fwrite(w->pem.data, 1, w->pem.len, stdout) != w->pem.len)
                return err_errno(e, ERR_IO, "standard output");
        return 0;
}

/* A delta counts with full CRLs of a lower number only (RFC 5280 section
 * 5.2.4): with this one, the delta from before is of no use. */
static int remove_delta(const struct work *w, struct err *e)
{
        if (w->wish->delta || w->delta_path[0] == '\0')
                return 0;
        if (unlink(w->delta_path) != 0 && errno != ENOENT)
                return err_errno(e, ERR_IO, "%s", w->delta_path);
        return 0;
}

/* The number is committed by now: a CRL that does not come into being leaves
 * a gap, which is allowed; a number that comes twice is not (RFC 5280 section
 * 5.2.3). */
static int write_out(struct work *w, struct err *e)
{
        if (pki_crl_finish(w->crl, &w->der, e) != 0 ||
            store_write(w->lab->settings.temporary, w->made->path,
                buf_span(&w->der), 0644, e) != 0 ||
            remove_delta(w, e) != 0)
                return -1;
        return w->wish->out != NULL ? write_pem(w, w->wish->out, e) : 0;
}

int crl_make(struct lab *lab, const char *ca_name, const struct crl_wish *wish,
    struct crl_made *out, struct err *e)
{
        struct work w = {.lab = lab, .wish = wish, .made = out};
        int rc = -1;

        *out = (struct crl_made){.number = 0};
        if (prepare(&w, ca_name, e) == 0 && collect(&w, e) == 0)
                rc = write_out(&w, e);
        pki_crl_free(w.crl);
        buf_release(&w.pem);
        buf_release(&w.der);
        authority_release(&w.ca);
        return rc;
}
