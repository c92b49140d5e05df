#include "hierarchy.h"

#include <stdio.h>

#include "anchors.h"
#include "cadb/write.h"
#include "carow.h"
#include "forge.h"
#include "lab.h"

struct level {
        struct forge_pair pair;
        struct cadb_ca row;
};

static void subject_of(const struct hierarchy_spec *spec, unsigned level,
    char out[FORGE_NAME_MAX + 1])
{
        if (level == 0)
                snprintf(out, FORGE_NAME_MAX + 1, "%s Root", spec->name);
        else if (spec->depth == 2)
                snprintf(out, FORGE_NAME_MAX + 1, "%s CA", spec->name);
        else
                snprintf(
                    out, FORGE_NAME_MAX + 1, "%s CA %u", spec->name, level);
}

static int make_pair(struct forge_pair *p, const struct hierarchy_spec *spec,
    unsigned level, const struct level *parent, struct err *e)
{
        char subject[FORGE_NAME_MAX + 1];
        const char *urls[PKI_URLS_MAX];
        char crl_url[LAB_CRL_URL_MAX];
        struct pki_cert_spec cert = {
            .profile = PKI_ROOT,
            .common_name = subject,
            .not_before = spec->not_before,
            .not_after = spec->not_after,
            .path_len = -1,
        };

        subject_of(spec, level, subject);
        if (parent != NULL) {
                cert.profile = PKI_INTERMEDIATE;
                cert.issuer = parent->pair.cert;
                cert.issuer_key = parent->pair.key;
                cert.path_len = (int)(spec->depth - level - 1);
                cert.ocsp_urls = urls;
                cert.ocsp_urls_len = lab_urls(spec->settings, urls);
                cert.crl_url =
                    lab_crl_url(spec->settings, parent->row.name, crl_url);
        }
        return forge_pair_new(p, spec->algorithm, &cert, e);
}

static int fill_row(struct cadb_ca *row, const struct hierarchy_spec *spec,
    const struct forge_pair *p, const struct level *parent, unsigned level,
    struct err *e)
{
        char name[sizeof("ca") + 10] = "root";

        if (level > 0)
                snprintf(name, sizeof(name), "ca%u", level);
        if (carow_fill(row, name, p->cert, true, e) != 0)
                return -1;
        row->parent = parent != NULL ? parent->row.id : 0;
        row->model = spec->model;
        return 0;
}

static int make_level(const struct forge *f, const struct hierarchy_spec *spec,
    unsigned level, const struct level *parent, struct level *out,
    struct err *e)
{
        if (make_pair(&out->pair, spec, level, parent, e) != 0 ||
            fill_row(&out->row, spec, &out->pair, parent, level, e) != 0 ||
            forge_ca_files(f, &out->row, &out->pair, e) != 0 ||
            cadb_ca_add(
                f->db, &out->row, level == spec->depth - 1, f->now, e) != 0)
                return -1;
        if (parent == NULL)
                return 0;
        return forge_cert_row(f, parent->row.id, out->row.name, &out->pair, e);
}

static struct forge_signer signer_of(const struct hierarchy_spec *spec)
{
        return (struct forge_signer){
            .algorithm = spec->signer_algorithm,
            .not_before = spec->not_before,
            .not_after = spec->signer_not_after,
        };
}

/* One for all CAs. */
struct trusted {
        struct forge_pair pair;
        char path[CADB_PATH_MAX];
};

static int make_trusted(const struct forge *f,
    const struct hierarchy_spec *spec, struct trusted *t, struct err *e)
{
        struct forge_signer s = signer_of(spec);

        if (forge_trusted(&t->pair, &s, spec->name, e) != 0 ||
            forge_signer_file(f, "", &t->pair, t->path, e) != 0)
                return -1;
        return anchors_responders(f, t->pair.cert, e);
}

static int add_signer(const struct forge *f, const struct hierarchy_spec *spec,
    const struct level *ca, const struct trusted *t, struct err *e)
{
        struct forge_signer s = signer_of(spec);
        struct forge_pair p = {0};
        int rc = -1;

        switch (spec->model) {
        case CADB_SIGNER_DELEGATED:
                if (forge_delegate(&p, &s, ca->pair.cert, ca->pair.key, e) == 0)
                        rc = forge_delegate_add(f, &ca->row, &p, e);
                forge_pair_release(&p);
                return rc;
        case CADB_SIGNER_CA:
                return forge_signer_row(f, ca->row.id, &ca->pair, "", false, e);
        case CADB_SIGNER_TRUSTED:
                return forge_signer_row(
                    f, ca->row.id, &t->pair, t->path, false, e);
        }
        return err_set(e, ERR_INTERNAL, "unknown signer model");
}

static void describe(struct hierarchy_ca *out, const struct level *level)
{
        snprintf(out->name, sizeof(out->name), "%s", level->row.name);
        snprintf(
            out->cert_path, sizeof(out->cert_path), "%s", level->row.cert_path);
        pki_subject(level->pair.cert, out->subject);
}

int hierarchy_make(struct cadb *db, const struct hierarchy_spec *spec,
    struct hierarchy_ca made[HIERARCHY_DEPTH_MAX], struct err *e)
{
        struct forge f = {
            spec->dir, db, spec->settings->temporary, spec->now, NULL};
        struct level levels[HIERARCHY_DEPTH_MAX] = {0};
        struct trusted trusted = {.path = ""};
        unsigned i;
        int rc = -1;

        if (spec->model == CADB_SIGNER_TRUSTED &&
            make_trusted(&f, spec, &trusted, e) != 0)
                goto out;
        for (i = 0; i < spec->depth; i++) {
                if (make_level(&f, spec, i, i > 0 ? &levels[i - 1] : NULL,
                        &levels[i], e) != 0 ||
                    add_signer(&f, spec, &levels[i], &trusted, e) != 0)
                        goto out;
                describe(&made[i], &levels[i]);
        }
        rc = anchors_roots(&f, e);
out:
        for (i = 0; i < HIERARCHY_DEPTH_MAX; i++)
                forge_pair_release(&levels[i].pair);
        forge_pair_release(&trusted.pair);
        return rc;
}
