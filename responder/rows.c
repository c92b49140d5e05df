#include "responder/rows.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "responder/cache/cache.h"

struct rows {
        uint64_t seed; /* so that nobody can choose serials that collide */
        struct kept_row places[ROWS_PLACES];
};

int rows_new(struct rows **out, struct err *e)
{
        struct rows *r = calloc(1, sizeof(*r));

        if (r == NULL)
                return err_errno(e, ERR_OS, "kept rows");
        if (getrandom(&r->seed, sizeof(r->seed), 0) != sizeof(r->seed)) {
                rows_free(r);
                return err_errno(e, ERR_OS, "kept rows");
        }
        *out = r;
        return 0;
}

void rows_free(struct rows *r)
{
        free(r);
}

/* The same serial in two CAs is rare, and only costs a row its place. */
static struct kept_row *place_of(struct rows *r, struct span serial)
{
        return &r->places[cache_hash(r->seed, serial) % ROWS_PLACES];
}

struct kept_row *rows_find(struct rows *r, int64_t ca, struct span serial)
{
        struct kept_row *k = place_of(r, serial);

        if (k->serial_len == 0 || k->ca != ca ||
            !span_equal(serial, (struct span){k->serial, k->serial_len}))
                return NULL;
        return k;
}

void rows_put(struct rows *r, int64_t ca, struct span serial,
    const struct cadb_state *state, uint64_t epoch, int64_t seen)
{
        struct kept_row *k = place_of(r, serial);

        if (serial.len > ROWS_SERIAL_MAX)
                return;
        k->epoch = epoch;
        k->seen = seen;
        k->ca = ca;
        k->serial_len = serial.len;
        memcpy(k->serial, serial.data, serial.len);
        k->state = *state;
}
