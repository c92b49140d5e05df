#include "responder/cache/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
        SHARDS = 64,
        BUCKETS_FIRST = 64,
        /* What libmicrohttpd keeps for a response beside its body: the
         * object and five headers.  Measured with mallinfo2. */
        RESPONSE_OVERHEAD = 1200,
};

struct entry {
        struct entry *next; /* in its bucket */
        struct entry *newer, *older;
        uint64_t hash;
        size_t bytes;
        struct cached value;
        size_t key_len;
        uint8_t key[];
};

/* A part of the keys, with its own lock, table and order of use. */
struct shard {
        pthread_mutex_t lock;
        struct entry **buckets;
        size_t buckets_len; /* a power of two */
        size_t entries;
        size_t bytes;
        struct entry *newest, *oldest;
};

struct cache {
        size_t shard_limit;
        uint64_t seed; /* so that nobody can choose keys that collide */
        struct shard shards[SHARDS];
};

static uint64_t mix(uint64_t h, uint64_t word)
{
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        return h ^ h >> 29;
}

uint64_t cache_hash(uint64_t seed, struct span key)
{
        uint64_t h = mix(seed, key.len), word;
        size_t i;

        for (i = 0; i + sizeof(word) <= key.len; i += sizeof(word)) {
                memcpy(&word, key.data + i, sizeof(word));
                h = mix(h, word);
        }
        for (word = 0; i < key.len; i++)
                word = word << 8 | key.data[i];
        return mix(mix(h, word), seed);
}

/* The upper bits choose the shard, the lower ones the bucket. */
static struct shard *shard_of(struct cache *c, uint64_t hash)
{
        return &c->shards[hash >> 58];
}
_Static_assert(SHARDS == 1 << 6, "as many as six bits name");

/* ---- order of use ------------------------------------------------------ */

static void order_remove(struct shard *s, struct entry *n)
{
        *(n->newer != NULL ? &n->newer->older : &s->newest) = n->older;
        *(n->older != NULL ? &n->older->newer : &s->oldest) = n->newer;
}

static void order_add(struct shard *s, struct entry *n)
{
        n->newer = NULL;
        n->older = s->newest;
        *(s->newest != NULL ? &s->newest->newer : &s->oldest) = n;
        s->newest = n;
}

static void order_touch(struct shard *s, struct entry *n)
{
        if (s->newest == n)
                return;
        order_remove(s, n);
        order_add(s, n);
}

/* ---- one shard; the caller holds its lock ------------------------------ */

static struct entry **find(struct shard *s, uint64_t hash, struct span key)
{
        struct entry **at = &s->buckets[hash & (s->buckets_len - 1)];

        while (*at != NULL) {
                const struct entry *n = *at;

                if (n->hash == hash && n->key_len == key.len &&
                    memcmp(n->key, key.data, key.len) == 0)
                        break;
                at = &(*at)->next;
        }
        return at;
}

/* What find has found. */
static void drop(struct shard *s, struct entry **at)
{
        struct entry *n = *at;

        *at = n->next;
        order_remove(s, n);
        s->entries--;
        s->bytes -= n->bytes;
        httpd_response_unref(n->value.response);
        free(n);
}

static void evict(struct shard *s, size_t limit)
{
        while (s->bytes > limit && s->oldest != NULL) {
                struct entry *n = s->oldest;

                drop(s, find(s, n->hash, (struct span){n->key, n->key_len}));
        }
}

/* Fewer buckets than wished for only make it slower. */
static void grow(struct shard *s)
{
        size_t i, len = 2 * s->buckets_len;
        struct entry **buckets = calloc(len, sizeof(struct entry *));

        if (buckets == NULL)
                return;
        for (i = 0; i < s->buckets_len; i++) {
                struct entry *n, *next;

                for (n = s->buckets[i]; n != NULL; n = next) {
                        next = n->next;
                        n->next = buckets[n->hash & (len - 1)];
                        buckets[n->hash & (len - 1)] = n;
                }
        }
        free(s->buckets);
        s->buckets = buckets;
        s->buckets_len = len;
}

static void insert(struct shard *s, struct entry *n)
{
        struct entry **at;

        if (s->entries >= s->buckets_len)
                grow(s);
        at = &s->buckets[n->hash & (s->buckets_len - 1)];
        n->next = *at;
        *at = n;
        order_add(s, n);
        s->entries++;
        s->bytes += n->bytes;
}

/* ---- the cache --------------------------------------------------------- */

bool cache_get(struct cache *c, struct span key, struct cached *out)
{
        uint64_t hash = cache_hash(c->seed, key);
        struct shard *s = shard_of(c, hash);
        struct entry *n;

        pthread_mutex_lock(&s->lock);
        n = *find(s, hash, key);
        if (n != NULL) {
                *out = n->value;
                httpd_response_ref(out->response);
                order_touch(s, n);
        }
        pthread_mutex_unlock(&s->lock);
        return n != NULL;
}

static size_t bytes_of(size_t key_len, const struct cached *value)
{
        return sizeof(struct entry) + key_len + RESPONSE_OVERHEAD +
               httpd_response_body(value->response).len;
}

static struct entry *entry_new(
    uint64_t hash, struct span key, const struct cached *value)
{
        struct entry *n = malloc(sizeof(*n) + key.len);

        if (n == NULL)
                return NULL;
        n->hash = hash;
        n->bytes = bytes_of(key.len, value);
        n->value = *value;
        n->value.response = httpd_response_ref(value->response);
        n->key_len = key.len;
        memcpy(n->key, key.data, key.len);
        return n;
}

/* Most often only the stamp is new. */
static void entry_renew(
    struct shard *s, struct entry *n, const struct cached *value)
{
        struct httpd_response *old = n->value.response;

        s->bytes -= n->bytes;
        n->bytes = bytes_of(n->key_len, value);
        s->bytes += n->bytes;
        n->value = *value;
        n->value.response = httpd_response_ref(value->response);
        httpd_response_unref(old);
        order_touch(s, n);
}

void cache_put(struct cache *c, struct span key, const struct cached *entry)
{
        uint64_t hash = cache_hash(c->seed, key);
        struct shard *s = shard_of(c, hash);
        struct entry *n;

        if (c->shard_limit == 0)
                return;
        pthread_mutex_lock(&s->lock);
        n = *find(s, hash, key);
        if (n != NULL)
                entry_renew(s, n, entry);
        else if ((n = entry_new(hash, key, entry)) != NULL)
                insert(s, n);
        evict(s, c->shard_limit);
        pthread_mutex_unlock(&s->lock);
}

struct cache_size cache_measure(struct cache *c)
{
        struct cache_size size = {0, 0};
        size_t i;

        for (i = 0; i < SHARDS; i++) {
                struct shard *s = &c->shards[i];

                pthread_mutex_lock(&s->lock);
                size.entries += s->entries;
                size.bytes += s->bytes;
                pthread_mutex_unlock(&s->lock);
        }
        return size;
}

int cache_new(size_t limit, struct cache **out, struct err *e)
{
        struct cache *c = calloc(1, sizeof(*c));
        size_t i;

        if (c == NULL)
                return err_errno(e, ERR_OS, "cache");
        c->shard_limit = limit / SHARDS;
        if (getrandom(&c->seed, sizeof(c->seed), 0) != sizeof(c->seed)) {
                free(c);
                return err_errno(e, ERR_OS, "cache: no random number");
        }
        for (i = 0; i < SHARDS; i++) {
                pthread_mutex_init(&c->shards[i].lock, NULL);
                c->shards[i].buckets_len = BUCKETS_FIRST;
                c->shards[i].buckets =
                    calloc(BUCKETS_FIRST, sizeof(struct entry *));
                if (c->shards[i].buckets == NULL) {
                        cache_free(c);
                        return err_set(e, ERR_OS, "cache: out of memory");
                }
        }
        *out = c;
        return 0;
}

void cache_free(struct cache *c)
{
        size_t i;

        if (c == NULL)
                return;
        for (i = 0; i < SHARDS; i++) {
                struct shard *s = &c->shards[i];

                if (s->buckets == NULL)
                        continue;
                while (s->oldest != NULL)
                        evict(s, 0);
                free(s->buckets);
                pthread_mutex_destroy(&s->lock);
        }
        free(c);
}
