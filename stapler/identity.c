#include "stapler/identity.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

/* ---- trust -------------------------------------------------------------- */

/* For a file that may be absent. */
static int add_if_there(STACK_OF(X509) *to, const char *path, struct err *e)
{
        struct err why = ERR_INIT;

        if (pki_certs_add(to, path, &why) == 0 || why.code == ERR_NOTFOUND)
                return 0;
        return err_set(e, why.code, "%s", why.text);
}

/* DIR/responder.pem is there in a lab whose answers are signed by a responder
 * that no CA issued: RFC 6960 section 4.2.2.2, local configuration.  Clients
 * have to be told of it too; of curl and GnuTLS no option does that, so they
 * refuse such a staple. */
static int find_responders(
    const struct trust_spec *spec, struct trust *t, struct err *e)
{
        if (spec->responder_cert != NULL)
                return file_path(
                    t->path, sizeof(t->path), e, "%s", spec->responder_cert);
        if (spec->dir == NULL)
                return 0;
        return file_path(
            t->path, sizeof(t->path), e, "%s/responder.pem", spec->dir);
}

static int load_responders(
    const struct trust_spec *spec, struct trust *t, struct err *e)
{
        if (find_responders(spec, t, e) != 0)
                return -1;
        if (t->path[0] == '\0')
                return 0;
        if (stat(t->path, &t->seen) != 0)
                t->seen = (struct stat){.st_ino = 0};
        return spec->responder_cert != NULL
                   ? pki_certs_add(t->responders, t->path, e)
                   : add_if_there(t->responders, t->path, e);
}

void trust_refresh(struct trust *t)
{
        STACK_OF(X509) *fresh = NULL;
        struct stat now;

        if (t->path[0] == '\0' || stat(t->path, &now) != 0 ||
            (now.st_ino == t->seen.st_ino && now.st_size == t->seen.st_size &&
                now.st_mtim.tv_sec == t->seen.st_mtim.tv_sec &&
                now.st_mtim.tv_nsec == t->seen.st_mtim.tv_nsec))
                return;
        if (pki_certs_load(t->path, &fresh, NULL) != 0)
                return;
        sk_X509_pop_free(t->responders, X509_free);
        t->responders = fresh;
        t->seen = now;
}

int trust_load(const struct trust_spec *spec, struct trust *out, struct err *e)
{
        char root[PATH_MAX];

        *out = (struct trust){.certs = sk_X509_new_null(),
            .responders = sk_X509_new_null(),
            .responder_url = spec->responder_url};
        if (out->certs == NULL || out->responders == NULL)
                return err_set(e, ERR_OS, "out of memory");
        if (spec->issuer != NULL &&
            pki_certs_add(out->certs, spec->issuer, e) != 0)
                return -1;
        if (spec->ca != NULL && pki_certs_add(out->certs, spec->ca, e) != 0)
                return -1;
        if (spec->dir != NULL &&
            (file_path(root, sizeof(root), e, "%s/root.pem", spec->dir) != 0 ||
                add_if_there(out->certs, root, e) != 0))
                return -1;
        return load_responders(spec, out, e);
}

void trust_release(struct trust *t)
{
        sk_X509_pop_free(t->certs, X509_free);
        sk_X509_pop_free(t->responders, X509_free);
        *t = (struct trust){0};
}

/* ---- identity ----------------------------------------------------------- */

void identity_release(struct identity *id)
{
        size_t i;

        X509_free(id->leaf);
        sk_X509_pop_free(id->chain, X509_free);
        EVP_PKEY_free(id->key);
        X509_free(id->issuer);
        for (i = 0; i < id->urls_len; i++)
                OPENSSL_free(id->urls[i]);
        memset(id, 0, sizeof(*id));
}

bool identity_equal(const struct identity *a, const struct identity *b)
{
        int i, n = sk_X509_num(a->chain);

        if (X509_cmp(a->leaf, b->leaf) != 0 || sk_X509_num(b->chain) != n)
                return false;
        for (i = 0; i < n; i++) {
                if (X509_cmp(sk_X509_value(a->chain, i),
                        sk_X509_value(b->chain, i)) != 0)
                        return false;
        }
        return true;
}

static int load_chain(
    const struct identity_spec *spec, struct identity *id, struct err *e)
{
        if (pki_certs_load(spec->fullchain, &id->chain, e) != 0)
                return -1;
        id->leaf = sk_X509_shift(id->chain);
        return 0;
}

static int load_key(
    const struct identity_spec *spec, struct identity *id, struct err *e)
{
        if (spec->key == NULL)
                return 0;
        if (pki_key_load(spec->key, spec->mode, &id->key, e) != 0)
                return -1;
        if (spec->mode == PKI_KEY_ANY && pki_key_is_wide(spec->key))
                log_line(LOG_WARN_, "certificate",
                    "cert=%s key=%s others can read this key: chmod 600 it",
                    id->name, spec->key);
        return pki_key_matches(
            id->key, id->leaf, spec->key, spec->fullchain, e);
}

/* The issuer is sent too, a root included (RFC 8446 section 4.4.2 lets a server
 * leave it out, not must): clients such as curl look for a staple's certID with
 * nothing but the chain at hand. */
static int take_issuer(struct identity *id, X509 *issuer, struct err *e)
{
        bool sent = pki_issuer_of(id->leaf, id->chain) != NULL;

        X509_up_ref(issuer);
        id->issuer = issuer;
        if (sent)
                return 0;
        X509_up_ref(issuer);
        if (sk_X509_push(id->chain, issuer) > 0)
                return 0;
        X509_free(issuer);
        return err_set(e, ERR_OS, "out of memory");
}

static int find_issuer(const struct identity_spec *spec, const struct trust *t,
    struct identity *id, struct err *e)
{
        STACK_OF(X509) *beside = sk_X509_new_null();
        X509 *found;
        int rc = -1;

        if (beside == NULL)
                return err_set(e, ERR_OS, "out of memory");
        if (spec->chain != NULL && add_if_there(beside, spec->chain, e) != 0)
                goto out;
        found = pki_issuer_of(id->leaf, id->chain);
        if (found == NULL)
                found = pki_issuer_of(id->leaf, beside);
        if (found == NULL)
                found = pki_issuer_of(id->leaf, t->certs);
        rc = found == NULL ? 0 : take_issuer(id, found, e);
out:
        sk_X509_pop_free(beside, X509_free);
        return rc;
}

static void find_urls(const struct trust *t, struct identity *id)
{
        if (t->responder_url == NULL) {
                id->urls_len = pki_ocsp_urls(id->leaf, id->urls, PKI_URLS_MAX);
                return;
        }
        id->urls[0] = OPENSSL_strdup(t->responder_url);
        id->urls_len = id->urls[0] == NULL ? 0 : 1;
}

static void describe(struct identity *id)
{
        struct pki_serial serial = pki_serial_of(id->leaf);

        pki_serial_text((struct span){serial.octets, serial.len}, id->serial);
        id->must_staple = pki_must_staple(id->leaf);
        if (id->issuer == NULL)
                snprintf(id->trouble, sizeof(id->trouble),
                    "the issuer's certificate is not in the chain: name it "
                    "with --issuer");
        else if (id->urls_len == 0)
                snprintf(id->trouble, sizeof(id->trouble),
                    "the certificate names no OCSP responder: name one with "
                    "--responder");
}

int identity_load(const struct identity_spec *spec, const struct trust *t,
    struct identity *out, struct err *e)
{
        memset(out, 0, sizeof(*out));
        snprintf(out->name, sizeof(out->name), "%s", spec->name);
        if (load_chain(spec, out, e) != 0 || load_key(spec, out, e) != 0 ||
            find_issuer(spec, t, out, e) != 0) {
                identity_release(out);
                return -1;
        }
        find_urls(t, out);
        describe(out);
        return 0;
}
