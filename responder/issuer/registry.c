#include "responder/issuer/internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct counted {
        atomic_uint refs;
        struct issuers set;
};

static struct counted *counted_of(struct issuers *s)
{
        return (struct counted *)((char *)s - offsetof(struct counted, set));
}

struct issuers *issuers_ref(struct issuers *s)
{
        atomic_fetch_add_explicit(
            &counted_of(s)->refs, 1, memory_order_relaxed);
        return s;
}

void issuers_unref(struct issuers *s)
{
        size_t i;

        if (s == NULL || atomic_fetch_sub_explicit(&counted_of(s)->refs, 1,
                             memory_order_acq_rel) != 1)
                return;
        for (i = 0; i < s->len; i++)
                issuer_unref(s->list[i]);
        free(s->list);
        free(counted_of(s));
}

static bool hash_equal(struct span given, const uint8_t *own, size_t len)
{
        return given.len == len && memcmp(given.data, own, len) == 0;
}

enum issuer_match issuers_find(const struct issuers *s,
    const struct ocsp_certid *id, const struct issuer **out)
{
        enum issuer_match best = ISSUER_NONE;
        bool sha1 = id->hash == OCSP_SHA1;
        size_t i, len = sha1 ? CADB_HASH_SHA1 : CADB_HASH_SHA256;

        *out = NULL;
        if (id->hash == OCSP_HASH_OTHER)
                return ISSUER_HASH_UNKNOWN;
        for (i = 0; i < s->len; i++) {
                const struct issuer *ca = s->list[i];
                bool name = hash_equal(
                    id->name_hash, sha1 ? ca->name_sha1 : ca->name_sha256, len);
                bool key = hash_equal(
                    id->key_hash, sha1 ? ca->key_sha1 : ca->key_sha256, len);

                if (name && key) {
                        *out = ca;
                        return ISSUER_FOUND;
                }
                if (name || key) {
                        *out = ca;
                        best = name ? ISSUER_NAME_ONLY : ISSUER_KEY_ONLY;
                }
        }
        return best;
}

const struct issuer *issuers_by_id(const struct issuers *s, int64_t id)
{
        size_t i;

        for (i = 0; s != NULL && i < s->len; i++)
                if (s->list[i]->id == id)
                        return s->list[i];
        return NULL;
}

/* ---- building a set ---------------------------------------------------- */

struct registry {
        struct issuer_source from;
        pthread_mutex_t lock; /* of current, and held while loading */
        struct issuers *current;
        bool expired; /* under the lock */
        atomic_uint_fast64_t generation;
};

/* What the row callback of cadb_ca_each works with. */
struct builder {
        const struct registry *registry;
        bool anew; /* keep none of the old */
        registry_told *told;
        struct issuers *set;
        size_t room;
};

static struct issuer *find_old(
    const struct builder *b, const struct cadb_ca *row)
{
        const struct issuers *old = b->registry->current;
        size_t i;

        for (i = 0; old != NULL && i < old->len; i++)
                if (old->list[i]->id == row->id)
                        return old->list[i];
        return NULL;
}

/* A signer that is faulty may be mended without a word to the database. */
static bool is_unchanged(const struct builder *b, const struct issuer *old,
    const struct cadb_ca *row)
{
        return old != NULL && !b->anew && old->version == row->version &&
               (old->signer != NULL || !old->has_signer);
}

static int grow(struct builder *b, struct err *e)
{
        size_t room = b->room == 0 ? 8 : 2 * b->room;
        struct issuer **list;

        if (b->set->len < b->room)
                return 0;
        list = realloc(b->set->list, room * sizeof(struct issuer *));
        if (list == NULL)
                return err_set(e, ERR_OS, "CAs: out of memory");
        b->set->list = list;
        b->room = room;
        return 0;
}

static int add_row(void *arg, const struct cadb_ca *row, struct err *e)
{
        struct builder *b = arg;
        struct issuer *old = find_old(b, row), *i = old;

        if (grow(b, e) != 0)
                return -1;
        if (is_unchanged(b, old, row)) {
                issuer_ref(i);
        } else {
                if (issuer_load(&b->registry->from, row, &i, e) != 0)
                        return -1;
                issuer_inherit(i, old);
                if (b->told != NULL)
                        b->told(i);
        }
        b->set->list[b->set->len++] = i;
        return 0;
}

static struct issuers *set_new(struct err *e)
{
        struct counted *c = calloc(1, sizeof(*c));

        if (c == NULL) {
                err_set(e, ERR_OS, "CAs: out of memory");
                return NULL;
        }
        atomic_init(&c->refs, 1);
        return &c->set;
}

/* Number and rows from one snapshot. */
static int read_set(struct builder *b, struct cadb *db, struct err *e)
{
        int rc = -1;

        if (cadb_snapshot_begin(db, e) != 0)
                return -1;
        if (cadb_ca_latest(db, &b->set->version, e) == 0)
                rc = cadb_ca_each(db, add_row, b, e);
        cadb_snapshot_end(db);
        return rc;
}

/* Called with the lock held. */
static int replace(
    struct registry *r, struct cadb *db, registry_told *told, struct err *e)
{
        struct builder b = {r, r->expired, told, set_new(e), 0};

        if (b.set == NULL)
                return -1;
        if (read_set(&b, db, e) != 0) {
                issuers_unref(b.set);
                return -1;
        }
        issuers_unref(r->current);
        r->current = b.set;
        r->expired = false;
        atomic_fetch_add(&r->generation, 1);
        return 0;
}

/* ---- the current set --------------------------------------------------- */

int registry_new(
    const struct issuer_source *from, struct registry **out, struct err *e)
{
        struct registry *r = calloc(1, sizeof(*r));

        if (r == NULL)
                return err_set(e, ERR_OS, "CAs: out of memory");
        r->from = *from;
        atomic_init(&r->generation, 0);
        pthread_mutex_init(&r->lock, NULL);
        *out = r;
        return 0;
}

void registry_free(struct registry *r)
{
        if (r == NULL)
                return;
        issuers_unref(r->current);
        pthread_mutex_destroy(&r->lock);
        free(r);
}

struct issuers *registry_current(struct registry *r)
{
        struct issuers *s;

        pthread_mutex_lock(&r->lock);
        s = r->current != NULL ? issuers_ref(r->current) : NULL;
        pthread_mutex_unlock(&r->lock);
        return s;
}

void registry_expire(struct registry *r)
{
        pthread_mutex_lock(&r->lock);
        r->expired = true;
        atomic_fetch_add(&r->generation, 1);
        pthread_mutex_unlock(&r->lock);
}

uint64_t registry_generation(const struct registry *r)
{
        return atomic_load_explicit(&r->generation, memory_order_acquire);
}

int registry_refresh(struct registry *r, struct cadb *db, registry_told *told,
    struct issuers **held, struct err *e)
{
        int64_t version;
        int rc = 0;

        if (cadb_ca_latest(db, &version, e) != 0)
                return -1;
        pthread_mutex_lock(&r->lock);
        if (r->expired || r->current == NULL || r->current->version < version)
                rc = replace(r, db, told, e);
        if (rc == 0 && *held != r->current) {
                issuers_unref(*held);
                *held = issuers_ref(r->current);
        }
        pthread_mutex_unlock(&r->lock);
        return rc;
}
