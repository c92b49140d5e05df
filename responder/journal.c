#include "responder/journal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

const char *cache_use_name(enum cache_use u)
{
        switch (u) {
        case CACHE_NONE:
                return "none";
        case CACHE_MISS:
                return "miss";
        case CACHE_AGAIN:
                return "again";
        case CACHE_HIT:
                return "hit";
        }
        return "?";
}

/* ---- one record: everything in one piece of memory --------------------- */

struct counted {
        atomic_uint refs;
        struct journal_record record;
        struct journal_certid certids[]; /* then nonce, why, scenario */
};

static struct counted *counted_of(struct journal_record *r)
{
        return (struct counted *)((char *)r - offsetof(struct counted, record));
}

void journal_record_unref(struct journal_record *r)
{
        if (r != NULL && atomic_fetch_sub_explicit(&counted_of(r)->refs, 1,
                             memory_order_acq_rel) == 1)
                free(counted_of(r));
}

static void copy_certid(struct journal_certid *to,
    const struct ocsp_certid *from, const struct answer_finding *finding)
{
        to->hash = from->hash;
        if (finding != NULL)
                to->finding = *finding;
        to->serial_len = from->serial.len < sizeof(to->serial)
                             ? from->serial.len
                             : sizeof(to->serial);
        memcpy(to->serial, from->serial.data, to->serial_len);
}

static struct journal_record *record_new(const struct journal_note *n)
{
        size_t i, len = n->request != NULL ? n->request->certids_len : 0;
        size_t nonce =
            len > 0 && n->request->has_nonce ? n->request->nonce.len : 0;
        size_t why = n->why != NULL ? strlen(n->why) + 1 : 0;
        size_t scenario = n->scenario != NULL ? strlen(n->scenario) + 1 : 0;
        struct counted *c =
            malloc(sizeof(*c) + len * sizeof(struct journal_certid) + nonce +
                   why + scenario);
        char *rest;

        if (c == NULL)
                return NULL;
        rest = (char *)&c->certids[len];
        atomic_init(&c->refs, 1);
        c->record = (struct journal_record){.at = n->at,
            .method = n->method,
            .http = n->http,
            .status = n->status,
            .cached = n->cached,
            .issuer = n->issuer,
            .found = n->findings != NULL,
            .certids_len = len,
            .certids = c->certids};
        for (i = 0; i < len; i++)
                copy_certid(&c->certids[i], &n->request->certids[i],
                    n->findings != NULL ? &n->findings[i] : NULL);
        if (nonce > 0) {
                memcpy(rest, n->request->nonce.data, nonce);
                c->record.nonce = (struct span){(uint8_t *)rest, nonce};
        }
        if (why > 0)
                c->record.why = memcpy(rest + nonce, n->why, why);
        if (scenario > 0)
                c->record.scenario =
                    memcpy(rest + nonce + why, n->scenario, scenario);
        return &c->record;
}

/* ---- the ring ---------------------------------------------------------- */

struct journal {
        void (*wake)(void *arg);
        void *wake_arg;
        atomic_bool wake_wanted;
        pthread_mutex_t lock;
        uint64_t last;
        struct journal_record *ring[JOURNAL_LEN]; /* seq modulo length */
};

int journal_new(struct journal **out, struct err *e)
{
        struct journal *j = calloc(1, sizeof(*j));

        if (j == NULL)
                return err_errno(e, ERR_OS, "request journal");
        pthread_mutex_init(&j->lock, NULL);
        atomic_init(&j->wake_wanted, false);
        *out = j;
        return 0;
}

void journal_free(struct journal *j)
{
        size_t i;

        if (j == NULL)
                return;
        for (i = 0; i < JOURNAL_LEN; i++)
                journal_record_unref(j->ring[i]);
        pthread_mutex_destroy(&j->lock);
        free(j);
}

void journal_set_wake(struct journal *j, void (*wake)(void *arg), void *arg)
{
        j->wake = wake;
        j->wake_arg = arg;
}

void journal_want_wake(struct journal *j)
{
        atomic_store(&j->wake_wanted, true);
}

void journal_add(struct journal *j, const struct journal_note *n)
{
        struct journal_record *r = record_new(n), *old, **slot;

        pthread_mutex_lock(&j->lock);
        j->last++;
        slot = &j->ring[j->last % JOURNAL_LEN];
        old = *slot;
        *slot = r; /* NULL without memory: the number is missing then */
        if (r != NULL)
                r->seq = j->last;
        pthread_mutex_unlock(&j->lock);
        journal_record_unref(old);
        if (j->wake != NULL && atomic_load(&j->wake_wanted) &&
            atomic_exchange(&j->wake_wanted, false))
                j->wake(j->wake_arg);
}

static bool asks_about(const struct journal_record *r, struct span serial)
{
        size_t i;

        for (i = 0; i < r->certids_len; i++) {
                const struct journal_certid *id = &r->certids[i];

                if (span_equal(
                        serial, (struct span){id->serial, id->serial_len}))
                        return true;
        }
        return serial.data == NULL;
}

size_t journal_collect(struct journal *j, uint64_t since, struct span serial,
    struct journal_record *out[JOURNAL_LEN], uint64_t *last)
{
        uint64_t seq;
        size_t n = 0;

        pthread_mutex_lock(&j->lock);
        *last = j->last;
        if (j->last > JOURNAL_LEN && since < j->last - JOURNAL_LEN)
                since = j->last - JOURNAL_LEN;
        for (seq = since; seq < j->last; seq++) {
                struct journal_record *r = j->ring[(seq + 1) % JOURNAL_LEN];

                if (r == NULL || !asks_about(r, serial))
                        continue;
                atomic_fetch_add_explicit(
                    &counted_of(r)->refs, 1, memory_order_relaxed);
                out[n++] = r;
        }
        pthread_mutex_unlock(&j->lock);
        return n;
}
