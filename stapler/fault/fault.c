#include "stapler/fault/fault.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct counted {
        struct fault is;
        atomic_uint refs;
        _Atomic int64_t left;
};

static struct counted *counted_of(const struct fault *f)
{
        return (struct counted *)(uintptr_t)f;
}

_Static_assert(offsetof(struct counted, is) == 0, "one is the other");

/* ---- life --------------------------------------------------------------- */

static bool counts(const struct scenario *s)
{
        return s->place == SCENARIO_AT_STAPLE || s->layer == SCENARIO_NONE;
}

struct fault *fault_new(
    const struct scenario_choice *c, int64_t version, int64_t times)
{
        struct counted *n = calloc(1, sizeof(*n));

        if (n == NULL)
                return NULL;
        n->is.choice = *c;
        scenario_text(c, n->is.text);
        n->is.version = version;
        n->is.times = counts(c->scenario) ? times : 0;
        atomic_init(&n->refs, 1);
        atomic_init(&n->left, n->is.times);
        return &n->is;
}

struct fault *fault_ref(struct fault *f)
{
        atomic_fetch_add_explicit(
            &counted_of(f)->refs, 1, memory_order_relaxed);
        return f;
}

void fault_unref(struct fault *f)
{
        if (f != NULL && atomic_fetch_sub_explicit(&counted_of(f)->refs, 1,
                             memory_order_acq_rel) == 1)
                free(counted_of(f));
}

/* ---- counting ----------------------------------------------------------- */

bool fault_holds(const struct fault *f)
{
        return f->times == 0 || atomic_load(&counted_of(f)->left) > 0;
}

bool fault_take(struct fault *f, int64_t *left)
{
        int64_t n = atomic_load(&counted_of(f)->left);

        *left = -1;
        if (f->times == 0)
                return true;
        while (n > 0) {
                if (!atomic_compare_exchange_weak(
                        &counted_of(f)->left, &n, n - 1))
                        continue;
                *left = n - 1;
                return true;
        }
        return false;
}

int64_t fault_left(const struct fault *f)
{
        return f->times == 0 ? -1 : atomic_load(&counted_of(f)->left);
}

/* ---- what it does ------------------------------------------------------- */

static const char garbage[] = "this is no OCSP response\n";

static const struct recipe {
        const char *name;
        enum fault_deed deed;
        struct span bytes;
} recipes[] = {
    {"none", FAULT_BARE, {NULL, 0}},
    {"must-staple-missing", FAULT_BARE, {NULL, 0}},
    {"empty-staple", FAULT_BYTES, {NULL, 0}},
    {"garbage-staple", FAULT_BYTES,
        {(const uint8_t *)garbage, sizeof(garbage) - 1}},
    {"wrong-key-type", FAULT_TWIN, {NULL, 0}},
};

static const struct recipe *recipe_of(const struct fault *f)
{
        const char *name = f->choice.scenario->name;
        size_t i;

        for (i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++) {
                if (strcmp(recipes[i].name, name) == 0)
                        return &recipes[i];
        }
        return NULL;
}

enum fault_deed fault_deed(const struct fault *f)
{
        const struct recipe *r = recipe_of(f);

        if (f->choice.scenario->place != SCENARIO_AT_STAPLE)
                return FAULT_NOTHING;
        if (f->choice.scenario->answer != NULL)
                return FAULT_ANSWER;
        return r == NULL ? FAULT_NOTHING : r->deed;
}

struct span fault_bytes(const struct fault *f)
{
        const struct recipe *r = recipe_of(f);

        return r == NULL ? (struct span){NULL, 0} : r->bytes;
}
