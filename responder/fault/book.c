#include "responder/fault/internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one fault --------------------------------------------------------- */

struct counted {
        atomic_uint refs;
        atomic_int_fast64_t left; /* unless fault.times is 0 */
        pthread_mutex_t lock;     /* of the nonce */
        size_t nonce_len;         /* 0: none yet */
        uint8_t nonce[OCSP_NONCE_MAX];
        struct fault fault;
};

static struct counted *counted_of(const struct fault *f)
{
        return (struct counted *)(uintptr_t)((const char *)f -
                                             offsetof(struct counted, fault));
}

static struct fault *fault_new(void)
{
        struct counted *c = calloc(1, sizeof(*c));

        if (c == NULL)
                return NULL;
        atomic_init(&c->refs, 1);
        atomic_init(&c->left, 0);
        pthread_mutex_init(&c->lock, NULL);
        return &c->fault;
}

static struct fault *fault_ref(struct fault *f)
{
        atomic_fetch_add_explicit(
            &counted_of(f)->refs, 1, memory_order_relaxed);
        return f;
}

void fault_unref(struct fault *f)
{
        if (f == NULL || atomic_fetch_sub_explicit(&counted_of(f)->refs, 1,
                             memory_order_acq_rel) != 1)
                return;
        means_release(f);
        pthread_mutex_destroy(&counted_of(f)->lock);
        free(counted_of(f));
}

bool fault_take(struct fault *f)
{
        atomic_int_fast64_t *left = &counted_of(f)->left;
        int_fast64_t n = atomic_load(left);

        if (f->times == 0)
                return true;
        while (n > 0)
                if (atomic_compare_exchange_weak(left, &n, n - 1))
                        return true;
        return false;
}

int64_t fault_left(const struct fault *f)
{
        return f->times == 0 ? -1 : atomic_load(&counted_of(f)->left);
}

struct span fault_old_nonce(
    struct fault *f, struct span nonce, uint8_t out[OCSP_NONCE_MAX])
{
        struct counted *c = counted_of(f);
        size_t i, len;

        pthread_mutex_lock(&c->lock);
        if (c->nonce_len == 0 && nonce.len <= sizeof(c->nonce)) {
                for (i = 0; i < nonce.len; i++)
                        c->nonce[i] = nonce.data[i] ^ 0x5a;
                c->nonce_len = nonce.len;
        }
        len = c->nonce_len;
        memcpy(out, c->nonce, len);
        pthread_mutex_unlock(&c->lock);
        return (struct span){out, len};
}

/* What the words of the row mean.  A newer program may have set what this one
 * does not know. */
static void understand(struct fault *f)
{
        const struct scenario *s;
        struct err e = ERR_INIT;
        int64_t fails;

        if (scenario_parse(f->text, &f->choice, &e) != 0 ||
            scenario_check_made(f->choice.scenario, &e) != 0) {
                snprintf(f->broken, sizeof(f->broken), "%s", e.text);
                return;
        }
        s = f->choice.scenario;
        if (s->place == SCENARIO_AT_STAPLE) {
                f->staple = s;
                (void)scenario_parse(
                    s->answer != NULL ? s->answer : "good", &f->choice, &e);
                s = f->choice.scenario;
        }
        if (!fault_knows(s->name))
                snprintf(f->broken, sizeof(f->broken),
                    "scenario %s is nothing that a responder does", s->name);
        fails = scenario_value(&f->choice, "fails");
        if (fails > 0 && (f->times == 0 || fails < f->times))
                f->times = fails;
        atomic_store(&counted_of(f)->left, f->times);
}

static struct fault *fault_of_row(const struct cadb_scenario *row)
{
        struct fault *f = fault_new();

        if (f == NULL)
                return NULL;
        f->ca = row->ca;
        f->serial_len = row->serial_len;
        memcpy(f->serial, row->serial, row->serial_len);
        f->version = row->version;
        f->times = row->times;
        snprintf(f->text, sizeof(f->text), "%s", row->text);
        understand(f);
        return f;
}

int fault_offline(const char *text, const char *dir, struct cadb *db,
    struct fault **out, struct err *e)
{
        struct scenario_choice c;
        struct fault *f;

        if (scenario_parse(text, &c, e) != 0 ||
            scenario_check_made(c.scenario, e) != 0)
                return -1;
        if (c.scenario->place != SCENARIO_AT_ANSWER)
                return err_set(e, ERR_USAGE,
                    "scenario %s acts at the %s, and there is none offline",
                    c.scenario->name, scenario_place_name(c.scenario->place));
        if (c.scenario->signer == SCENARIO_SIGNER_LEAF ||
            c.scenario->signer > SCENARIO_SIGNER_DELEGATE)
                return err_set(e, ERR_CONFIG,
                    "scenario %s wants a signer that has to be made: 'ocsp-ca "
                    "scenario set', then --answer without --scenario",
                    c.scenario->name);
        f = fault_new();
        if (f == NULL)
                return err_set(e, ERR_OS, "scenario: out of memory");
        scenario_text(&c, f->text);
        understand(f);
        f->times = 0;
        if (means_load(f, dir, db, e) != 0) {
                fault_unref(f);
                return -1;
        }
        *out = f;
        return 0;
}

/* ---- a set ------------------------------------------------------------- */

struct counted_set {
        atomic_uint refs;
        struct faults set;
};

static struct counted_set *set_of(struct faults *s)
{
        return (struct counted_set *)((char *)s -
                                      offsetof(struct counted_set, set));
}

void faults_unref(struct faults *s)
{
        size_t i;

        if (s == NULL || atomic_fetch_sub_explicit(
                             &set_of(s)->refs, 1, memory_order_acq_rel) != 1)
                return;
        for (i = 0; i < s->len; i++)
                fault_unref(s->list[i]);
        free(s->list);
        free(set_of(s));
}

/* As the database orders its blobs. */
static int compare(const struct fault *f, int64_t ca, struct span serial)
{
        size_t len = f->serial_len < serial.len ? f->serial_len : serial.len;
        int order;

        if (f->ca != ca)
                return f->ca < ca ? -1 : 1;
        order = len > 0 ? memcmp(f->serial, serial.data, len) : 0;
        if (order != 0 || f->serial_len == serial.len)
                return order;
        return f->serial_len < serial.len ? -1 : 1;
}

static struct fault *find(
    const struct faults *s, int64_t ca, struct span serial)
{
        size_t low = 0, high = s->len;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = compare(s->list[middle], ca, serial);

                if (order == 0)
                        return s->list[middle];
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

struct fault *faults_at(const struct faults *s, enum fault_level level,
    int64_t ca, struct span serial)
{
        const struct span none = {NULL, 0};

        switch (level) {
        case FAULT_CERTIFICATE:
                return find(s, ca, serial);
        case FAULT_CA:
                return find(s, ca, none);
        case FAULT_ALL:
                return find(s, 0, none);
        case FAULT_LEVELS:
                break;
        }
        return NULL;
}

/* ---- the current set --------------------------------------------------- */

struct faultbook {
        const char *dir;
        bool none;
        pthread_mutex_t lock; /* of current, and held while loading */
        struct faults *current;
};

int faultbook_new(
    const char *dir, bool none, struct faultbook **out, struct err *e)
{
        struct faultbook *b = calloc(1, sizeof(*b));

        if (b == NULL)
                return err_set(e, ERR_OS, "scenarios: out of memory");
        b->dir = dir;
        b->none = none;
        pthread_mutex_init(&b->lock, NULL);
        *out = b;
        return 0;
}

void faultbook_free(struct faultbook *b)
{
        if (b == NULL)
                return;
        faults_unref(b->current);
        pthread_mutex_destroy(&b->lock);
        free(b);
}

struct builder {
        const struct faultbook *book;
        struct faults *set;
        size_t room;
};

/* The same one, with what is left of it. */
static struct fault *find_old(
    const struct builder *b, const struct cadb_scenario *row)
{
        struct span serial = {row->serial, row->serial_len};
        struct fault *f;

        if (b->book->current == NULL)
                return NULL;
        f = find(b->book->current, row->ca, serial);
        return f != NULL && f->version == row->version ? f : NULL;
}

static int add_row(void *arg, const struct cadb_scenario *row, struct err *e)
{
        struct builder *b = arg;
        struct fault *f, **list;

        if (b->set->len == b->room) {
                b->room = 2 * b->room + 8;
                list = realloc(b->set->list, b->room * sizeof(*list));
                if (list == NULL)
                        return err_set(e, ERR_OS, "scenarios: out of memory");
                b->set->list = list;
        }
        f = find_old(b, row);
        f = f != NULL ? fault_ref(f) : fault_of_row(row);
        if (f == NULL)
                return err_set(e, ERR_OS, "scenarios: out of memory");
        b->set->list[b->set->len++] = f;
        return 0;
}

/* Number, rows and signers from one snapshot. */
static int read_set(struct builder *b, struct cadb *db, struct err *e)
{
        size_t i;
        int rc;

        if (cadb_snapshot_begin(db, e) != 0)
                return -1;
        rc = cadb_scenario_latest(db, &b->set->version, e);
        if (rc == 0 && !b->book->none)
                rc = cadb_scenario_each(db, add_row, b, e);
        for (i = 0; rc == 0 && i < b->set->len; i++)
                if (b->set->list[i]->means == NULL)
                        rc = means_load(b->set->list[i], b->book->dir, db, e);
        cadb_snapshot_end(db);
        return rc;
}

/* Called with the lock held. */
static int replace(struct faultbook *b, struct cadb *db, struct err *e)
{
        struct counted_set *c = calloc(1, sizeof(*c));
        struct builder builder = {b, NULL, 0};

        if (c == NULL)
                return err_set(e, ERR_OS, "scenarios: out of memory");
        atomic_init(&c->refs, 1);
        builder.set = &c->set;
        if (read_set(&builder, db, e) != 0) {
                faults_unref(&c->set);
                return -1;
        }
        faults_unref(b->current);
        b->current = &c->set;
        return 0;
}

int faultbook_refresh(
    struct faultbook *b, struct cadb *db, struct faults **held, struct err *e)
{
        int64_t version;
        int rc = 0;

        if (cadb_scenario_latest(db, &version, e) != 0)
                return -1;
        pthread_mutex_lock(&b->lock);
        if (b->current == NULL || b->current->version < version)
                rc = replace(b, db, e);
        if (rc == 0 && *held != b->current) {
                faults_unref(*held);
                atomic_fetch_add(&set_of(b->current)->refs, 1);
                *held = b->current;
        }
        pthread_mutex_unlock(&b->lock);
        return rc;
}
