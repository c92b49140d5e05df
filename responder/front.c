#include "responder/front.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* One line: whether a key is there is known before its entry is
 * touched. */
struct set {
        uint64_t hashes[FRONT_WAYS];
        struct front_entry *entries[FRONT_WAYS];
};

_Static_assert(sizeof(struct set) == FRONT_LINE, "a set is one line");

struct front {
        uint64_t seed; /* so that nobody can choose keys that collide */
        unsigned victim;
        struct set *sets;
};

int front_new(struct front **out, struct err *e)
{
        struct front *f = calloc(1, sizeof(*f));

        if (f == NULL)
                return err_errno(e, ERR_OS, "kept answers");
        f->sets = aligned_alloc(FRONT_LINE, FRONT_SETS * sizeof(struct set));
        if (f->sets == NULL ||
            getrandom(&f->seed, sizeof(f->seed), 0) != sizeof(f->seed)) {
                front_free(f);
                return err_errno(e, ERR_OS, "kept answers");
        }
        memset(f->sets, 0, FRONT_SETS * sizeof(struct set));
        *out = f;
        return 0;
}

/* Returns its subject. */
static struct journal_subject *entry_free(struct front_entry *n)
{
        struct journal_subject *subject;

        if (n == NULL)
                return NULL;
        subject = n->subject;
        httpd_response_unref(n->answer.response);
        free(n);
        return subject;
}

void front_free(struct front *f)
{
        size_t i;

        if (f == NULL)
                return;
        for (i = 0; f->sets != NULL && i < FRONT_SETS * FRONT_WAYS; i++)
                journal_subject_unref(entry_free(
                    f->sets[i / FRONT_WAYS].entries[i % FRONT_WAYS]));
        free(f->sets);
        free(f);
}

static struct set *set_of(struct front *f, uint64_t hash)
{
        return &f->sets[hash % FRONT_SETS];
}

/* Where it is, or should be: an own place, a free one, or anybody's. */
static unsigned place_of(struct front *f, const struct set *s, uint64_t hash)
{
        unsigned i;

        for (i = 0; i < FRONT_WAYS; i++)
                if (s->entries[i] != NULL && s->hashes[i] == hash)
                        return i;
        for (i = 0; i < FRONT_WAYS; i++)
                if (s->entries[i] == NULL)
                        return i;
        return f->victim++ % FRONT_WAYS;
}

struct front_entry *front_find(struct front *f, struct span key)
{
        uint64_t hash = cache_hash(f->seed, key);
        const struct set *s = set_of(f, hash);
        unsigned i;

        for (i = 0; i < FRONT_WAYS; i++) {
                struct front_entry *n = s->entries[i];

                if (s->hashes[i] == hash && n != NULL &&
                    n->key_len == key.len &&
                    memcmp(n->key, key.data, key.len) == 0)
                        return n;
        }
        return NULL;
}

static struct front_entry *entry_new(struct span key, uint64_t epoch,
    const struct cached *answer, struct journal_subject *subject)
{
        struct front_entry *n = key.len > FRONT_KEY_MAX || subject == NULL
                                    ? NULL
                                    : aligned_alloc(FRONT_LINE, sizeof(*n));

        if (n == NULL)
                return NULL;
        n->epoch = epoch;
        n->subject = subject;
        n->answer = *answer;
        n->response = httpd_response_ref(answer->response);
        n->dated = answer->dated;
        n->dated_until = answer->dated_until;
        n->key_len = key.len;
        memcpy(n->key, key.data, key.len);
        return n;
}

struct journal_subject *front_put(struct front *f, struct span key,
    uint64_t epoch, const struct cached *answer,
    struct journal_subject *subject)
{
        uint64_t hash = cache_hash(f->seed, key);
        struct set *s = set_of(f, hash);
        struct front_entry *n = entry_new(key, epoch, answer, subject);
        unsigned at;

        if (n == NULL)
                return subject;
        at = place_of(f, s, hash);
        subject = entry_free(s->entries[at]);
        s->entries[at] = n;
        s->hashes[at] = hash;
        return subject;
}
