/*
 * Publishing without locks.  A reader notes the epoch when it enters; what is
 * taken back gets the number of a new epoch, and is freed once each reader is
 * away or has entered in that epoch or later.
 *
 * All accesses are sequentially consistent: either a reader that enters sees
 * the new pointer, or the owner sees that the reader is in.
 */
#include <stdlib.h>

#include "stapler/tls/internal.h"

#define READER_AWAY UINT64_MAX

struct tls_reader *tls_reader_new(struct tls *t)
{
        struct tls_reader *r = calloc(1, sizeof(*r));

        if (r == NULL)
                return NULL;
        r->tls = t;
        atomic_init(&r->seen, READER_AWAY);
        r->next = t->readers;
        t->readers = r;
        return r;
}

void tls_reader_free(struct tls_reader *r)
{
        struct tls_reader **at;

        if (r == NULL)
                return;
        for (at = &r->tls->readers; *at != r; at = &(*at)->next)
                ;
        *at = r->next;
        buf_release(&r->out);
        free(r);
}

void tls_enter(struct tls_reader *r)
{
        atomic_store(&r->seen, atomic_load(&r->tls->epoch));
}

void tls_leave(struct tls_reader *r)
{
        atomic_store(&r->seen, READER_AWAY);
}

void tls_retire(struct tls *t, struct garbage *g)
{
        g->epoch = atomic_fetch_add(&t->epoch, 1) + 1;
        g->next = t->garbage;
        t->garbage = g;
}

/* The earliest epoch that a reader may still look at. */
static uint64_t oldest(struct tls *t)
{
        uint64_t least = READER_AWAY, seen;
        struct tls_reader *r;

        for (r = t->readers; r != NULL; r = r->next) {
                seen = atomic_load(&r->seen);
                if (seen < least)
                        least = seen;
        }
        return least;
}

void tls_collect(struct tls *t)
{
        struct garbage **at = &t->garbage, *g;
        uint64_t least;

        if (t->garbage == NULL)
                return;
        least = oldest(t);
        while ((g = *at) != NULL) {
                if (g->epoch > least) {
                        at = &g->next;
                        continue;
                }
                *at = g->next;
                g->free(g);
        }
}
