#include "responder/tally.h"

const unsigned tally_bounds_us[TALLY_BOUNDS] = {
    25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000};

/* One writer: no need for a locked instruction. */
static void add(atomic_uint_fast64_t *counter, uint64_t n)
{
        uint_fast64_t old = atomic_load_explicit(counter, memory_order_relaxed);

        atomic_store_explicit(counter, old + n, memory_order_relaxed);
}

void tally_add(atomic_uint_fast64_t *counter)
{
        add(counter, 1);
}

void tally_signature(struct tally *t, uint64_t ns)
{
        int i = 0;

        while (i < TALLY_BOUNDS && ns > (uint64_t)tally_bounds_us[i] * 1000)
                i++;
        add(&t->signed_in[i], 1);
        add(&t->signing_ns, ns);
}

uint64_t tally_read(const atomic_uint_fast64_t *counter)
{
        return atomic_load_explicit(counter, memory_order_relaxed);
}
