#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "pki/pki.h"
#include "stapler/tls/internal.h"

static int site_index = -1;

/* ---- offers ------------------------------------------------------------- */

static void free_offer(struct garbage *g)
{
        struct offer *offer = (struct offer *)g;
        unsigned i;

        if (offer == NULL)
                return;
        for (i = 0; i < offer->is.faults_len; i++)
                offer->is.faults[i].is->unref(offer->is.faults[i].arg);
        free(offer);
}

/* Copies bytes to *at, which moves on, and points the span there. */
static void move_in(struct span *s, uint8_t **at)
{
        if (s->len > 0)
                memcpy(*at, s->data, s->len);
        s->data = *at;
        *at += s->len;
}

static size_t bytes_of(const struct tls_offer *offer)
{
        size_t sum = offer->der.len + offer->about.len;
        unsigned i;

        for (i = 0; i < offer->faults_len; i++)
                sum += offer->faults[i].der.len;
        return sum;
}

int tls_site_offer(
    struct tls_site *site, const struct tls_offer *offer, struct err *e)
{
        struct offer *new = malloc(sizeof(*new) + bytes_of(offer));
        struct offer *old;
        uint8_t *at;
        unsigned i;

        if (new == NULL)
                return err_set(e, ERR_OS, "out of memory");
        at = new->bytes;
        new->garbage.free = free_offer;
        new->is = *offer;
        move_in(&new->is.der, &at);
        move_in(&new->is.about, &at);
        for (i = 0; i < offer->faults_len; i++) {
                move_in(&new->is.faults[i].der, &at);
                offer->faults[i].is->ref(offer->faults[i].arg);
        }
        old = atomic_exchange(&site->offer, new);
        if (old != NULL)
                tls_retire(site->tls, &old->garbage);
        return 0;
}

const struct offer *tls_offer_of(const struct tls_site *site)
{
        return atomic_load(&site->offer);
}

/* The first one that holds; NULL: none. */
static const struct tls_fault *fault_that_holds(const struct offer *offer)
{
        const struct tls_fault *f;
        unsigned i;

        for (i = 0; offer != NULL && i < offer->is.faults_len; i++) {
                f = &offer->is.faults[i];
                if (f->is->holds(f->arg))
                        return f;
        }
        return NULL;
}

const struct tls_fault *tls_fault_take(
    const struct tls_site *site, const struct offer *offer)
{
        const struct tls_fault *f;
        unsigned i;

        for (i = 0; offer != NULL && i < offer->is.faults_len; i++) {
                f = &offer->is.faults[i];
                /* Set since this handshake began. */
                if (f->held && f->is->holds(f->arg))
                        return NULL;
                if (!f->held && f->is->take(f->arg, site->name))
                        return f;
        }
        return NULL;
}

bool tls_is_held(const struct tls_site *site)
{
        const struct tls_fault *f = fault_that_holds(tls_offer_of(site));

        return f != NULL && f->held;
}

bool tls_would_refuse(const struct tls_site *site)
{
        const struct offer *offer = tls_offer_of(site);
        const struct tls_fault *f = fault_that_holds(offer);

        if (f != NULL && !f->as_it_is && !f->held)
                return f->answer == TLS_REFUSE;
        return tls_answer_of(site, offer) == TLS_REFUSE;
}

enum tls_answer tls_answer_of(
    const struct tls_site *site, const struct offer *offer)
{
        const struct tls_spec *spec = &site->tls->spec;
        int64_t now;

        if (offer == NULL)
                return TLS_BARE;
        now = spec->now(spec->arg);
        return offer->is.from <= now && now < offer->is.until
                   ? offer->is.within
                   : offer->is.outside;
}

struct tls_counts tls_site_counts(const struct tls_site *site)
{
        return (struct tls_counts){
            .stapled = atomic_load(&site->stapled),
            .bare = atomic_load(&site->bare),
            .refused = atomic_load(&site->refused),
            .spoilt = atomic_load(&site->spoilt),
        };
}

/* ---- names -------------------------------------------------------------- */

static void lower(char *text)
{
        for (; *text != '\0'; text++) {
                if (*text >= 'A' && *text <= 'Z')
                        *text = (char)(*text - 'A' + 'a');
        }
}

/* A wildcard for a whole top level domain is nobody's. */
static bool is_too_wide(const char *name)
{
        return name[0] == '*' &&
               (name[1] != '.' || strchr(name + 2, '.') == NULL);
}

static int by_text(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool take_names(struct tls_site *site, X509 *leaf)
{
        size_t i;

        site->names = calloc(TLS_NAMES_MAX, sizeof(char *));
        if (site->names == NULL)
                return false;
        site->names_len = pki_sans(leaf, site->names, TLS_NAMES_MAX);
        for (i = 0; i < site->names_len; i++) {
                lower(site->names[i]);
                if (is_too_wide(site->names[i]))
                        site->names[i][0] = '\0';
        }
        qsort(site->names, site->names_len, sizeof(char *), by_text);
        return true;
}

/* ---- life --------------------------------------------------------------- */

static void free_site(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index,
    long argl, void *argp)
{
        struct tls_site *site = ptr;
        size_t i;

        (void)parent;
        (void)ad;
        (void)index;
        (void)argl;
        (void)argp;
        if (site == NULL)
                return;
        site->magic = 0;
        for (i = 0; i < site->names_len; i++)
                OPENSSL_free(site->names[i]);
        free(site->names);
        free(site->name);
        free_offer((struct garbage *)atomic_load(&site->offer));
        free(site);
}

static void make_index(void)
{
        site_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_site);
}

/* The context, and the site with it, goes with its last connection. */
static void drop_reference(struct garbage *g)
{
        SSL_CTX_free(((struct tls_site *)g)->ctx);
}

static struct tls_site *site_new(
    struct tls *t, const struct tls_site_spec *spec)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        struct tls_site *site = calloc(1, sizeof(*site));

        pthread_once(&once, make_index);
        if (site == NULL)
                return NULL;
        site->garbage.free = drop_reference;
        site->magic = TLS_SITE_MAGIC;
        site->tls = t;
        site->name = strdup(spec->name);
        site->ctx = tls_context_new(t);
        if (site->name == NULL || site->ctx == NULL ||
            SSL_CTX_set_ex_data(site->ctx, site_index, site) != 1) {
                SSL_CTX_free(site->ctx);
                free(site->name);
                free(site);
                return NULL;
        }
        lower(site->name);
        if (take_names(site, spec->leaf))
                return site;
        SSL_CTX_free(site->ctx);
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
                return 0;
        }
        why = ERR_reason_error_string(ERR_peek_last_error());
        ERR_clear_error();
        return err_set(e, ERR_CONFIG, "%s: TLS cannot use the certificate: %s",
            spec->name, why == NULL ? "no reason given" : why);
}

/* ---- adding, removing ---------------------------------------------------- */

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

/* The table that is published may have it until the next commit. */
static void let_go(struct tls *t, struct tls_site *site)
{
        site->garbage.next = t->removed;
        t->removed = &site->garbage;
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
                let_go(t, t->sites[at]);
                t->sites[at] = site;
        } else if (append(t, site) != 0) {
                SSL_CTX_free(site->ctx);
                return err_set(e, ERR_OS, "out of memory");
        }
        t->changed = true;
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
        let_go(t, site);
        t->changed = true;
}

void tls_site_prefer(struct tls *t, struct tls_site *site)
{
        size_t at = position(t, site);

        if (at == t->sites_len)
                return;
        memmove(t->sites + 1, t->sites, at * sizeof(struct tls_site *));
        t->sites[0] = site;
        t->changed = true;
}

int tls_commit(struct tls *t, struct err *e)
{
        struct table *new = NULL, *old;
        struct garbage *g;

        if (t->changed) {
                new = tls_table_new(t->sites, t->sites_len);
                if (new == NULL)
                        return err_set(e, ERR_OS, "out of memory");
                t->changed = false;
                old = atomic_exchange(&t->table, new);
                if (old != NULL)
                        tls_retire(t, &old->garbage);
                while ((g = t->removed) != NULL) {
                        t->removed = g->next;
                        tls_retire(t, g);
                }
        }
        tls_collect(t);
        return 0;
}
