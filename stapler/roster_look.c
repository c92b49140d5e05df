/* What the lab says about all that is served: scenarios that are set. */
#include "stapler/roster.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* ---- scenarios ---------------------------------------------------------- */

/* Only a lab has them. */
static bool is_lab(const struct roster *r)
{
        return r->options->folder == NULL && r->options->certs_len == 0;
}

void roster_look(struct roster *r)
{
        struct err e = ERR_INIT;
        size_t i;

        if (!is_lab(r))
                return;
        if (faults_read(&r->keeper->faults, r->folder, &e) != 0)
                log_line(LOG_ERROR_, "scenario",
                    "why=\"%s\" next=\"those from before hold\"", e.text);
        for (i = 0; i < r->len; i++) {
                if (r->entries[i].site != NULL)
                        site_faults_look(r->entries[i].site);
                if (r->entries[i].successor != NULL)
                        site_faults_look(r->entries[i].successor);
        }
}

/* ---- twins -------------------------------------------------------------- */

enum { NAMES_MAX = 64 };

struct names {
        char *list[NAMES_MAX];
        size_t len;
};

static int by_text(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_of(const struct site *site, struct names *out)
{
        out->len = pki_sans(site->id.leaf, out->list, NAMES_MAX);
        qsort(out->list, out->len, sizeof(out->list[0]), by_text);
}

static void names_release(struct names *n)
{
        while (n->len > 0)
                OPENSSL_free(n->list[--n->len]);
}

static bool same_names(const struct names *a, const struct site *site)
{
        struct names b;
        bool same;
        size_t i;

        names_of(site, &b);
        same = a->len > 0 && a->len == b.len;
        for (i = 0; same && i < b.len; i++)
                same = strcmp(a->list[i], b.list[i]) == 0;
        names_release(&b);
        return same;
}

const struct site *roster_twin(const struct roster *r, const struct site *site)
{
        int kind = EVP_PKEY_get_base_id(site->id.key);
        const struct site *twin = NULL;
        struct names names;
        size_t i;

        names_of(site, &names);
        for (i = 0; twin == NULL && i < r->len; i++) {
                const struct site *other = r->entries[i].site;

                if (other != NULL && other != site &&
                    EVP_PKEY_get_base_id(other->id.key) != kind &&
                    same_names(&names, other))
                        twin = other;
        }
        names_release(&names);
        return twin;
}
