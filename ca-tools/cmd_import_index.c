/* The index.txt of 'openssl ca': every line is a certificate of one CA. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cadb/write.h"
#include "cmd_import.h"
#include "index_file.h"
#include "progress.h"

struct work {
        const struct import *im;
        const struct import_issuer *ca;
        struct import_result *out;
        struct index_file *file;
        int64_t rows_before; /* that the CA had */
        struct progress progress;
};

static struct span serial_of(const struct index_row *row)
{
        return (struct span){row->serial.octets, row->serial.len};
}

/* ---- whose it is ------------------------------------------------------- */

/* An index.txt does not say. */
static int find_ca(struct work *w, const struct import_cas *cas, struct err *e)
{
        size_t i;

        for (i = 0; i < cas->len; i++)
                if (cas->rows[i].id == w->im->ca)
                        w->ca = &cas->rows[i];
        if (w->im->ca == 0 && cas->len == 1)
                w->ca = &cas->rows[0];
        if (w->ca == NULL)
                return err_set(e, ERR_USAGE,
                    "%s: an index.txt does not say whose it is: name the CA "
                    "with --ca or --ca-cert: %s",
                    w->out->path, import_cas_names(cas));
        snprintf(w->out->ca, sizeof(w->out->ca), "%s", w->ca->name);
        return 0;
}

/* ---- names ------------------------------------------------------------- */

/* What 'ocsp-ca issue' has made keeps its name, which its folder bears. */
static bool is_issued_here(const struct work *w, const char *name)
{
        char path[PATH_MAX];

        return file_path(path, sizeof(path), NULL, "%s/certs/%s",
                   w->im->forge.dir, name) == 0 &&
               access(path, F_OK) == 0;
}

/* A new certificate gets the name of one that it replaces.  *name (NULL: it
 * wants none) becomes NULL if it gets none. */
static int take_name(struct work *w, const struct index_row *row,
    const char **name, struct err *e)
{
        struct cadb *db = w->im->forge.db;
        char aside[CADB_NAME_MAX + 1];
        struct cadb_cert holder;
        int found;

        if (*name == NULL || w->rows_before == 0)
                return 0;
        found = cadb_cert_find_name(db, *name, &holder, e);
        if (found != 1)
                return found;
        if (holder.ca == w->ca->id && row->state.status == CADB_GOOD &&
            row->state.not_after >= w->im->forge.now &&
            !is_issued_here(w, *name))
                return cadb_cert_step_aside(
                    db, *name, w->im->forge.now, aside, e);
        *name = NULL;
        return 0;
}

/* ---- --certs FOLDER ---------------------------------------------------- */

static int check_cert(const struct work *w, const struct index_row *row,
    X509 *cert, const char *path, struct err *e)
{
        struct pki_serial serial = pki_serial_of(cert);

        if (!span_equal(
                serial_of(row), (struct span){serial.octets, serial.len}))
                return err_set(
                    e, ERR_DATA, "%s: has another serial than its name", path);
        if (X509_NAME_cmp(X509_get_issuer_name(cert),
                X509_get_subject_name(w->ca->cert)) != 0 ||
            X509_verify(cert, X509_get0_pubkey(w->ca->cert)) != 1)
                return err_set(
                    e, ERR_DATA, "%s: was not issued by %s", path, w->ca->name);
        return 0;
}

/* FOLDER/SERIAL.pem, as openssl writes it.  Absent: 0 and *out NULL. */
static int load_cert(const struct work *w, const struct index_row *row,
    X509 **out, struct err *e)
{
        char serial[PKI_SERIAL_TEXT_MAX], path[PATH_MAX], *p;

        *out = NULL;
        pki_serial_text(serial_of(row), serial);
        for (p = serial; *p != '\0'; p++)
                if (*p >= 'a')
                        *p = (char)(*p - 'a' + 'A');
        if (file_path(path, sizeof(path), e, "%s/%s.pem", w->im->wish->certs,
                serial) != 0)
                return -1;
        if (access(path, F_OK) != 0)
                return 0;
        if (pki_cert_load(path, out, e) != 0)
                return -1;
        return check_cert(w, row, *out, path, e);
}

/* ---- rows -------------------------------------------------------------- */

static bool same_state(const struct cadb_state *a, const struct cadb_state *b)
{
        return a->status == b->status && a->reason == b->reason &&
               a->revoked_at == b->revoked_at &&
               a->invalidity_at == b->invalidity_at &&
               a->not_after == b->not_after;
}

/* Longer ones stay as they are: a text in RFC 2253 that fills its place may
 * have been cut. */
enum { SUBJECT_MAX = PKI_NAME_TEXT_MAX - 4 };

static int write_row(struct work *w, const struct index_row *row,
    const char *name, X509 *cert, struct err *e)
{
        char subject[PKI_NAME_TEXT_MAX];
        struct buf der = {0};
        struct cadb_imported in = {
            .ca = w->ca->id,
            .name = name,
            .serial = serial_of(row),
            .subject = row->subject,
            .not_after = row->state.not_after,
            .state = row->state,
        };
        int rc = 0;

        if (index_subject_to_rfc2253(row->subject, subject, SUBJECT_MAX))
                in.subject = subject;
        if (cert != NULL) {
                rc = pki_cert_der(cert, &der, e);
                in.der = buf_span(&der);
                in.subject = pki_subject(cert, subject);
                in.not_before = pki_not_before(cert);
        }
        if (rc == 0)
                rc = import_row(w->im, &in, w->out, e);
        buf_release(&der);
        return rc;
}

/* What is as it was costs one look. */
static int take_row(struct work *w, const struct index_row *row,
    const char *name, struct err *e)
{
        struct cadb_state state;
        X509 *cert = NULL;
        int found, rc = 0;

        found = cadb_state_find(
            w->im->forge.db, w->ca->id, serial_of(row), &state, e);
        if (found < 0)
                return -1;
        if (found == 1 && same_state(&state, &row->state) &&
            w->im->wish->certs == NULL) {
                w->out->same++;
                return 0;
        }
        if (name[0] == '\0')
                name = NULL;
        if (found == 0 && take_name(w, row, &name, e) != 0)
                return -1;
        if (w->im->wish->certs != NULL)
                rc = load_cert(w, row, &cert, e);
        if (rc == 0)
                rc = write_row(w, row, name, cert, e);
        X509_free(cert);
        return rc;
}

static int take_rows(struct work *w, struct err *e)
{
        char name[LAB_NAME_MAX + 1];
        struct index_row row;
        int rc;

        while ((rc = index_next(w->file, &row, name, e)) == 1) {
                if (take_row(w, &row, name, e) != 0)
                        return err_prefix(e, "%s: line %zu", w->out->path,
                            index_line(w->file));
                w->out->hold_instructions += row.hold_instruction;
                progress_tick(
                    &w->progress, index_rows(w->file), index_percent(w->file));
        }
        return rc;
}

/* ---- all --------------------------------------------------------------- */

static int count_rows(const struct work *w, int64_t *out, struct err *e)
{
        struct cadb_filter all = {.ca = w->ca->id};

        return cadb_cert_count(w->im->forge.db, &all, out, e);
}

/* Their certificates are rows too, which no index.txt need have. */
static int leave_out_signer(
    void *arg, const struct cadb_signer_row *s, struct err *e)
{
        struct span serial = {s->serial, s->serial_len};
        struct cadb_state state;
        struct work *w = arg;
        int found;

        if (s->serial_len == 0 || index_lists(w->file, serial))
                return 0;
        found = cadb_state_find(w->im->forge.db, w->ca->id, serial, &state, e);
        w->out->unlisted -= found == 1;
        return found < 0 ? -1 : 0;
}

static int count_unlisted(struct work *w, struct err *e)
{
        w->out->unlisted =
            w->rows_before - (int64_t)(w->out->changed + w->out->same);
        if (w->out->unlisted == 0)
                return 0;
        return cadb_signer_each(
            w->im->forge.db, w->ca->id, leave_out_signer, w, e);
}

int import_index(const struct import *im, int fd, const struct import_cas *cas,
    struct import_result *out, struct err *e)
{
        struct work w = {.im = im, .out = out};
        int rc = -1;

        progress_start(&w.progress, "import");
        if (find_ca(&w, cas, e) != 0 ||
            count_rows(&w, &w.rows_before, e) != 0 ||
            index_open(fd, out->path, im->wish->skip_unfinished, &w.file, e) !=
                0)
                return -1;
        if (index_scan(w.file, im->forge.now, e) == 0 &&
            take_rows(&w, e) == 0) {
                out->rows = index_rows(w.file);
                rc = count_unlisted(&w, e);
        }
        progress_end(&w.progress);
        index_close(w.file);
        return rc;
}
