#include "responder/rows.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "responder/cache/cache.h"

struct set {
        struct kept_row rows[ROWS_WAYS];
};

struct rows {
        uint64_t seed; /* so that nobody can choose serials that collide */
        unsigned victim;
        struct set sets[ROWS_SETS];
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

static struct set *set_of(struct rows *r, struct span serial)
{
        return &r->sets[cache_hash(r->seed, serial) % ROWS_SETS];
}

static bool is_of(const struct kept_row *k, int64_t ca, struct span serial)
{
        return k->serial_len != 0 && k->ca == ca &&
               span_equal(serial, (struct span){k->serial, k->serial_len});
}

struct kept_row *rows_find(struct rows *r, int64_t ca, struct span serial)
{
        struct set *s = set_of(r, serial);
        size_t i;

        for (i = 0; i < ROWS_WAYS; i++)
                if (is_of(&s->rows[i], ca, serial))
                        return &s->rows[i];
        return NULL;
}

/* A free place, or the next one of all sets together. */
static struct kept_row *place_for(struct rows *r, struct span serial)
{
        struct set *s = set_of(r, serial);
        size_t i;

        for (i = 0; i < ROWS_WAYS; i++)
                if (s->rows[i].serial_len == 0)
                        return &s->rows[i];
        return &s->rows[r->victim++ % ROWS_WAYS];
}

void rows_put(struct rows *r, int64_t ca, struct span serial,
    const struct cadb_state *state, uint64_t epoch, int64_t seen)
{
        struct kept_row *k = rows_find(r, ca, serial);

        if (serial.len > ROWS_SERIAL_MAX)
                return;
        if (k == NULL)
                k = place_for(r, serial);
        k->epoch = epoch;
        k->seen = seen;
        k->ca = ca;
        k->serial_len = serial.len;
        memcpy(k->serial, serial.data, serial.len);
        k->state = *state;
}
