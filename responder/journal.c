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

/* ---- one subject: everything in one piece of memory -------------------- */

struct counted {
        atomic_uint refs;
        struct journal_subject subject;
        struct journal_certid certids[]; /* then nonce, why, scenario */
};

static struct counted *counted_of(struct journal_subject *s)
{
        return (
            struct counted *)((char *)s - offsetof(struct counted, subject));
}

void journal_subject_unref(struct journal_subject *s)
{
        if (s != NULL && atomic_fetch_sub_explicit(&counted_of(s)->refs, 1,
                             memory_order_acq_rel) == 1)
                free(counted_of(s));
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

struct journal_subject *journal_subject_new(enum ocsp_response_status status,
    const struct ocsp_request *request, int64_t issuer,
    const struct answer_finding *findings, const char *why,
    const char *scenario)
{
        size_t i, len = request != NULL ? request->certids_len : 0;
        size_t nonce = len > 0 && request->has_nonce ? request->nonce.len : 0;
        size_t text = why != NULL ? strlen(why) + 1 : 0;
        size_t fault = scenario != NULL ? strlen(scenario) + 1 : 0;
        struct counted *c =
            malloc(sizeof(*c) + len * sizeof(struct journal_certid) + nonce +
                   text + fault);
        char *rest;

        if (c == NULL)
                return NULL;
        rest = (char *)&c->certids[len];
        atomic_init(&c->refs, 1);
        c->subject = (struct journal_subject){.status = status,
            .issuer = issuer,
            .found = findings != NULL,
            .certids_len = len,
            .certids = c->certids};
        for (i = 0; i < len; i++)
                copy_certid(&c->certids[i], &request->certids[i],
                    findings != NULL ? &findings[i] : NULL);
        if (nonce > 0) {
                memcpy(rest, request->nonce.data, nonce);
                c->subject.nonce = (struct span){(uint8_t *)rest, nonce};
        }
        if (text > 0)
                c->subject.why = memcpy(rest + nonce, why, text);
        if (fault > 0)
                c->subject.scenario =
                    memcpy(rest + nonce + text, scenario, fault);
        return &c->subject;
}

/* ---- the ring ---------------------------------------------------------- */

struct journal {
        void (*wake)(void *arg);
        void *wake_arg;
        atomic_bool wake_wanted;
        pthread_mutex_t lock;
        uint64_t last;
        /* By seq modulo length.  A subject in spent is named by no record
         * that is newer, so it goes when its place is needed. */
        struct journal_record ring[JOURNAL_LEN];
        struct journal_subject *spent[JOURNAL_LEN];
};

int journal_new(uint64_t last, struct journal **out, struct err *e)
{
        struct journal *j = calloc(1, sizeof(*j));

        if (j == NULL)
                return err_errno(e, ERR_OS, "request journal");
        pthread_mutex_init(&j->lock, NULL);
        atomic_init(&j->wake_wanted, false);
        j->last = last;
        *out = j;
        return 0;
}

void journal_free(struct journal *j)
{
        size_t i;

        if (j == NULL)
                return;
        for (i = 0; i < JOURNAL_LEN; i++)
                journal_subject_unref(j->spent[i]);
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

void journal_add(
    struct journal *j, struct journal_record r, struct journal_subject *spent)
{
        struct journal_subject *old;
        size_t at;

        pthread_mutex_lock(&j->lock);
        r.seq = ++j->last;
        at = r.seq % JOURNAL_LEN;
        j->ring[at] = r;
        old = j->spent[at];
        j->spent[at] = spent;
        pthread_mutex_unlock(&j->lock);
        journal_subject_unref(old);
        if (j->wake != NULL && atomic_load(&j->wake_wanted) &&
            atomic_exchange(&j->wake_wanted, false))
                j->wake(j->wake_arg);
}

static bool asks_about(const struct journal_subject *s, struct span serial)
{
        size_t i;

        for (i = 0; i < s->certids_len; i++) {
                const struct journal_certid *id = &s->certids[i];

                if (span_equal(
                        serial, (struct span){id->serial, id->serial_len}))
                        return true;
        }
        return serial.data == NULL;
}

size_t journal_collect(struct journal *j, uint64_t since, struct span serial,
    struct journal_record out[JOURNAL_LEN], uint64_t *last)
{
        uint64_t seq;
        size_t n = 0;

        pthread_mutex_lock(&j->lock);
        *last = j->last;
        if (j->last > JOURNAL_LEN && since < j->last - JOURNAL_LEN)
                since = j->last - JOURNAL_LEN;
        for (seq = since; seq < j->last; seq++) {
                const struct journal_record *r =
                    &j->ring[(seq + 1) % JOURNAL_LEN];

                if (r->subject == NULL || !asks_about(r->subject, serial))
                        continue;
                atomic_fetch_add_explicit(
                    &counted_of(r->subject)->refs, 1, memory_order_relaxed);
                out[n++] = *r;
        }
        pthread_mutex_unlock(&j->lock);
        return n;
}
