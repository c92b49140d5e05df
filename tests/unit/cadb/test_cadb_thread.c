/* A handle per thread, as a server has them; run this under tsan. */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { NOW = 1800000000, SUPERSEDED = 4, THREADS = 4, COMMITS = 200 };

struct shared {
        const struct fixture *f;
        _Atomic uint32_t acknowledged; /* this many are revoked for all */
        _Atomic uint32_t stale;
        _Atomic uint32_t failed;
};

/* One cached state, trusted as long as the stamp stands: what an answer cache
 * does. */
struct cached {
        struct cadb_stamp stamp;
        struct cadb_state state;
        uint32_t n;
};

/* 0, and the cached state is right to give away. */
static int refresh(struct cadb *db, int64_t ca, uint32_t n, struct cached *c)
{
        struct cadb_stamp now;
        uint8_t storage[16];

        if (cadb_stamp_take(db, &now, NULL) != 0)
                return -1;
        if (c->n == n && cadb_stamp_equal(&now, &c->stamp))
                return 0;
        c->n = n;
        c->stamp = now;
        return cadb_state_find(db, ca, serial_of(storage, n), &c->state, NULL) -
               1;
}

static void *ask(void *arg)
{
        struct shared *s = arg;
        struct cached c = {.n = UINT32_MAX};
        struct cadb *db;
        uint32_t n;

        if (cadb_open(s->f->dir, &db, NULL) != 0) {
                atomic_fetch_add(&s->failed, 1);
                return NULL;
        }
        while ((n = atomic_load(&s->acknowledged)) < COMMITS) {
                /* The next one to change, then the last one that did. */
                if (refresh(db, s->f->root.id, n, &c) != 0)
                        atomic_fetch_add(&s->failed, 1);
                n = atomic_load(&s->acknowledged);
                if (refresh(db, s->f->root.id, c.n, &c) != 0)
                        atomic_fetch_add(&s->failed, 1);
                if (c.n < n && c.state.status != CADB_REVOKED)
                        atomic_fetch_add(&s->stale, 1);
        }
        cadb_close(db);
        return NULL;
}

static void no_thread_answers_from_a_state_that_has_changed(void **state)
{
        struct fixture *f = *state;
        struct shared s = {.f = f};
        pthread_t threads[THREADS];
        uint32_t n;

        for (n = 0; n <= COMMITS; n++)
                fixture_issue(f->db, f->root.id, n, NULL);
        for (n = 0; n < THREADS; n++)
                assert_int_equal(0, pthread_create(&threads[n], NULL, ask, &s));
        for (n = 0; n < COMMITS; n++) {
                fixture_revoke(f->db, f->root.id, n, SUPERSEDED, NOW);
                atomic_store(&s.acknowledged, n + 1);
        }
        for (n = 0; n < THREADS; n++)
                assert_int_equal(0, pthread_join(threads[n], NULL));
        assert_int_equal(0, s.failed);
        assert_int_equal(0, s.stale);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(
                no_thread_answers_from_a_state_that_has_changed, fixture_up,
                fixture_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
