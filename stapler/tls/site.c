#include "stapler/tls/tls.h"

#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pki/pki.h"
#include "stapler/tls/internal.h"

static int site_index = -1;

static void free_site(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index,
    long argl, void *argp)
{
        struct tls_site *site = ptr;

        (void)parent;
        (void)ad;
        (void)index;
        (void)argl;
        (void)argp;
        if (site == NULL)
                return;
        site->magic = 0;
        free(site->name);
        free(site);
}

static void make_index(void)
{
        site_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_site);
}

int tls_site_index(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        pthread_once(&once, make_index);
        return site_index;
}

struct tls_site *tls_site_of(const SSL *ssl)
{
        struct tls_site *site =
            SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), tls_site_index());

        return site != NULL && site->magic == TLS_SITE_MAGIC ? site : NULL;
}

/* XXX: walks over all sites and their SANs; a thousand of them want a table
 * of names. */
static struct tls_site *find(struct tls *t, const char *name)
{
        size_t i;

        for (i = 0; i < t->sites_len; i++) {
                if (strcasecmp(t->sites[i]->name, name) == 0)
                        return t->sites[i];
        }
        for (i = 0; i < t->sites_len; i++) {
                if (pki_name_matches(t->sites[i]->leaf, name))
                        return t->sites[i];
        }
        return NULL;
}

struct tls_site *tls_site_find(struct tls *t, const char *name)
{
        struct tls_site *site = NULL;

        if (name != NULL)
                site = find(t, name);
        if (site == NULL && name != NULL && t->hooks.miss != NULL) {
                t->hooks.miss(t->hooks.arg, name);
                site = find(t, name);
        }
        if (site == NULL && t->sites_len > 0)
                site = t->sites[0];
        return site;
}

/* ---- adding, removing ---------------------------------------------------- */

static struct tls_site *site_new(
    struct tls *t, const struct tls_site_spec *spec)
{
        struct tls_site *site = calloc(1, sizeof(*site));

        if (site == NULL)
                return NULL;
        site->magic = TLS_SITE_MAGIC;
        site->tls = t;
        site->name = strdup(spec->name);
        site->ctx = tls_context_new(t);
        if (site->name != NULL && site->ctx != NULL &&
            SSL_CTX_set_ex_data(site->ctx, site_index, site) == 1)
                return site;
        SSL_CTX_free(site->ctx);
        free(site->name);
        free(site);
        return NULL;
}

static int set_certificate(
    struct tls_site *site, const struct tls_site_spec *spec, struct err *e)
{
        const char *why;

        ERR_clear_error();
        if (SSL_CTX_use_cert_and_key(
                site->ctx, spec->leaf, spec->key, spec->chain, 1) == 1) {
                site->leaf = SSL_CTX_get0_certificate(site->ctx);
                site->arg = spec->arg;
                return 0;
        }
        why = ERR_reason_error_string(ERR_peek_last_error());
        ERR_clear_error();
        return err_set(e, ERR_CONFIG, "%s: TLS cannot use the certificate: %s",
            spec->name, why == NULL ? "no reason given" : why);
}

static int append(struct tls *t, struct tls_site *site)
{
        struct tls_site **more;

        more =
            realloc(t->sites, (t->sites_len + 1) * sizeof(struct tls_site *));
        if (more == NULL)
                return -1;
        t->sites = more;
        t->sites[t->sites_len++] = site;
        return 0;
}

static size_t position(const struct tls *t, const struct tls_site *site)
{
        size_t i;

        for (i = 0; i < t->sites_len && t->sites[i] != site; i++)
                ;
        return i;
}

/* The context, and the site with it, goes with its last connection. */
static void let_go(struct tls_site *site)
{
        site->arg = NULL;
        SSL_CTX_free(site->ctx);
}

int tls_site_add(struct tls *t, const struct tls_site_spec *spec,
    struct tls_site *old, struct tls_site **out, struct err *e)
{
        struct tls_site *site = site_new(t, spec);
        size_t at = position(t, old);

        *out = NULL;
        if (site == NULL)
                return err_set(e, ERR_OS, "out of memory");
        if (set_certificate(site, spec, e) != 0) {
                SSL_CTX_free(site->ctx);
                return -1;
        }
        if (at < t->sites_len) {
                let_go(t->sites[at]);
                t->sites[at] = site;
        } else if (append(t, site) != 0) {
                SSL_CTX_free(site->ctx);
                return err_set(e, ERR_OS, "out of memory");
        }
        *out = site;
        return 0;
}

void tls_site_remove(struct tls *t, struct tls_site *site)
{
        size_t at = position(t, site);

        if (at == t->sites_len)
                return;
        t->sites_len--;
        memmove(t->sites + at, t->sites + at + 1,
            (t->sites_len - at) * sizeof(struct tls_site *));
        let_go(site);
}

void tls_site_prefer(struct tls *t, struct tls_site *site)
{
        size_t at = position(t, site);

        if (at == t->sites_len)
                return;
        memmove(t->sites + 1, t->sites, at * sizeof(struct tls_site *));
        t->sites[0] = site;
}
