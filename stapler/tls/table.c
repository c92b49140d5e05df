#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "stapler/tls/internal.h"

/* ---- lookup ------------------------------------------------------------- */

/* FNV-1a.  Only names of certificates are ever put in, so nobody who asks can
 * make chains longer. */
static uint32_t hash_of(const char *name, size_t len)
{
        uint32_t h = 2166136261;
        size_t i;

        for (i = 0; i < len; i++)
                h = (h ^ (uint8_t)name[i]) * 16777619;
        return h;
}

static const struct slot *find(
    const struct table *table, const char *name, size_t len)
{
        uint32_t hash = hash_of(name, len);
        size_t mask = table->slots_len - 1, i;

        for (i = hash & mask; table->slots[i].name != NULL; i = (i + 1) & mask)
                if (table->slots[i].hash == hash &&
                    strncmp(table->slots[i].name, name, len) == 0 &&
                    table->slots[i].name[len] == '\0')
                        return &table->slots[i];
        return NULL;
}

const struct group *tls_table_find(
    const struct table *table, const char *name, size_t len)
{
        char lower[TLS_NAME_MAX];
        const struct slot *slot;
        const char *dot;
        size_t i;

        if (len == 0 || len >= sizeof(lower))
                return NULL;
        for (i = 0; i < len; i++)
                lower[i] = name[i] >= 'A' && name[i] <= 'Z'
                               ? (char)(name[i] - 'A' + 'a')
                               : name[i];
        slot = find(table, lower, len);
        dot = memchr(lower, '.', len);
        /* "*.x" is for one label more than x, RFC 9525 section 6.3. */
        if (slot == NULL && dot != NULL && dot > lower) {
                i = (size_t)(dot - lower) - 1;
                lower[i] = '*';
                slot = find(table, lower + i, len - i);
        }
        return slot == NULL ? NULL : &table->groups[slot->group];
}

/* ---- twins -------------------------------------------------------------- */

/* A site where it stands. */
struct place {
        struct tls_site *site;
        size_t index;
};

static int compare_names(const struct tls_site *a, const struct tls_site *b)
{
        size_t i;
        int order;

        if (a->names_len != b->names_len)
                return a->names_len < b->names_len ? -1 : 1;
        for (i = 0; i < a->names_len; i++) {
                order = strcmp(a->names[i], b->names[i]);
                if (order != 0)
                        return order;
        }
        return 0;
}

static int by_names(const void *x, const void *y)
{
        const struct place *a = x, *b = y;
        int order = compare_names(a->site, b->site);

        return order != 0 ? order
                          : (a->index > b->index) - (a->index < b->index);
}

static int key_kind(const struct tls_site *site)
{
        return EVP_PKEY_get_base_id(X509_get0_pubkey(site->leaf));
}

static void add_twin(struct group *g, struct tls_site *site)
{
        unsigned i;

        for (i = 0; i < g->len; i++) {
                if (key_kind(g->sites[i]) == key_kind(site))
                        return;
        }
        if (g->len < TLS_TWINS_MAX)
                g->sites[g->len++] = site;
}

/* Each leads its own group, so that the first in order is what a client gets
 * that can take any. */
static void join(struct table *table, const struct place *run, size_t len)
{
        size_t i, j;

        for (i = 0; i < len; i++) {
                struct group *g = &table->groups[run[i].index];

                g->sites[g->len++] = run[i].site;
                for (j = 0; j < len && run[i].site->names_len > 0; j++)
                        add_twin(g, run[j].site);
        }
}

static bool make_groups(
    struct table *table, struct tls_site *const sites[], size_t len)
{
        struct place *places = calloc(len + 1, sizeof(*places));
        size_t i, end;

        table->groups = calloc(len + 1, sizeof(table->groups[0]));
        if (places == NULL || table->groups == NULL) {
                free(places);
                return false;
        }
        table->groups_len = len;
        for (i = 0; i < len; i++)
                places[i] = (struct place){sites[i], i};
        qsort(places, len, sizeof(*places), by_names);
        for (i = 0; i < len; i = end) {
                for (end = i + 1; end < len && compare_names(places[i].site,
                                                   places[end].site) == 0;)
                        end++;
                join(table, places + i, end - i);
        }
        free(places);
        return true;
}

/* ---- making ------------------------------------------------------------- */

/* Who comes first has it. */
static void put(struct table *table, const char *name, size_t group)
{
        size_t len = strlen(name), mask = table->slots_len - 1, i;
        uint32_t hash = hash_of(name, len);

        if (len == 0 || len >= TLS_NAME_MAX || find(table, name, len) != NULL)
                return;
        for (i = hash & mask; table->slots[i].name != NULL; i = (i + 1) & mask)
                ;
        table->slots[i] = (struct slot){name, hash, (uint32_t)group};
}

static bool make_slots(
    struct table *table, struct tls_site *const sites[], size_t len)
{
        size_t wanted = 2 * len + 2, i, j;

        for (i = 0; i < len; i++)
                wanted += 2 * sites[i]->names_len;
        for (table->slots_len = 8; table->slots_len < wanted;)
                table->slots_len *= 2;
        table->slots = calloc(table->slots_len, sizeof(table->slots[0]));
        if (table->slots == NULL)
                return false;
        for (i = 0; i < len; i++)
                put(table, sites[i]->name, i);
        for (i = 0; i < len; i++) {
                for (j = 0; j < sites[i]->names_len; j++)
                        put(table, sites[i]->names[j], i);
        }
        return true;
}

struct table *tls_table_new(struct tls_site *const sites[], size_t len)
{
        struct table *table = calloc(1, sizeof(*table));

        if (table == NULL)
                return NULL;
        table->garbage.free = tls_table_free;
        if (make_groups(table, sites, len) && make_slots(table, sites, len))
                return table;
        tls_table_free(&table->garbage);
        return NULL;
}

void tls_table_free(struct garbage *g)
{
        struct table *table = (struct table *)g;

        if (table == NULL)
                return;
        free(table->groups);
        free(table->slots);
        free(table);
}
