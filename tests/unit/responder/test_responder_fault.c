/* Faults: the catalogue and the recipes agree, and answers are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "cadb/write.h"
#include "responder/fault/fault.h"

enum { NOW = 1800000000, THREADS = 8, TIMES = 1000 };

static bool is_the_responders(const struct scenario *s)
{
        return s->place == SCENARIO_AT_ANSWER ||
               s->place == SCENARIO_AT_CONNECTION;
}

static void what_is_made_has_a_recipe_and_nothing_else_has(void **state)
{
        size_t i;

        (void)state;
        for (i = 0; i < scenario_count(); i++) {
                const struct scenario *s = scenario_at(i);

                if (fault_knows(s->name) != (s->made && is_the_responders(s)))
                        fail_msg("%s: the catalogue and the recipes differ",
                            s->name);
        }
}

/* ---- a database -------------------------------------------------------- */

struct world {
        char dir[64];
        struct cadb *db;
        struct cadb_ca ca;
        struct faultbook *book;
        struct faults *held;
};

static void must(int rc, const struct err *e)
{
        if (rc != 0)
                fail_msg("%s", e->text);
}

static int up(void **state)
{
        static struct world w;
        struct cadb_settings s = {.ocsp_url = "http://h", .temporary = true};
        struct err e = ERR_INIT;

        w = (struct world){.dir = "/tmp/fault.XXXXXX"};
        assert_non_null(mkdtemp(w.dir));
        must(cadb_create(w.dir, &s, &w.db, &e), &e);
        w.ca = (struct cadb_ca){.name = "root", .not_after = NOW, .der_len = 9};
        must(cadb_begin(w.db, &e), &e);
        must(cadb_ca_add(w.db, &w.ca, true, NOW, &e), &e);
        must(cadb_commit(w.db, &e), &e);
        must(cadb_publish(w.db, &e), &e);
        must(cadb_open_write(w.dir, &w.db, &e), &e);
        must(faultbook_new(w.dir, false, &w.book, &e), &e);
        *state = &w;
        return 0;
}

static int down(void **state)
{
        struct world *w = *state;

        faults_unref(w->held);
        faultbook_free(w->book);
        cadb_close(w->db);
        return file_remove_tree(w->dir, NULL);
}

static void set(struct world *w, int64_t ca, const char *text, int64_t times)
{
        struct cadb_new_scenario s = {.ca = ca, .text = text, .times = times};
        struct err e = ERR_INIT;

        must(cadb_begin(w->db, &e), &e);
        must(cadb_scenario_set(w->db, &s, NOW, &e), &e);
        must(cadb_commit(w->db, &e), &e);
        must(faultbook_refresh(w->book, w->db, &w->held, &e), &e);
}

static struct fault *at(struct world *w, enum fault_level level)
{
        static const uint8_t serial[] = {1, 2, 3};

        return faults_at(w->held, level, w->ca.id, (struct span){serial, 3});
}

/* ---- counting ---------------------------------------------------------- */

struct taker {
        struct fault *fault;
        atomic_int *taken;
};

static void *take_many(void *arg)
{
        const struct taker *t = arg;
        int i;

        for (i = 0; i < TIMES; i++)
                if (fault_take(t->fault))
                        atomic_fetch_add(t->taken, 1);
        return NULL;
}

static void of_all_threads_exactly_n_get_it(void **state)
{
        struct world *w = *state;
        atomic_int taken = 0;
        struct taker t = {.taken = &taken};
        pthread_t threads[THREADS];
        int i;

        set(w, w->ca.id, "expired", TIMES);
        t.fault = at(w, FAULT_CA);
        for (i = 0; i < THREADS; i++)
                assert_int_equal(
                    0, pthread_create(&threads[i], NULL, take_many, &t));
        for (i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        assert_int_equal(TIMES, taken);
        assert_int_equal(0, fault_left(t.fault));
}

static void a_count_outlives_what_is_set_elsewhere(void **state)
{
        struct world *w = *state;

        set(w, w->ca.id, "expired", 3);
        assert_true(fault_take(at(w, FAULT_CA)));
        set(w, 0, "trylater", 0);
        assert_int_equal(2, fault_left(at(w, FAULT_CA)));
        assert_int_equal(-1, fault_left(at(w, FAULT_ALL)));
        assert_null(at(w, FAULT_CERTIFICATE));
}

static void to_set_it_again_begins_anew(void **state)
{
        struct world *w = *state;

        set(w, w->ca.id, "expired", 3);
        assert_true(fault_take(at(w, FAULT_CA)));
        set(w, w->ca.id, "expired", 3);
        assert_int_equal(3, fault_left(at(w, FAULT_CA)));
}

static void flap_counts_what_fails(void **state)
{
        struct world *w = *state;

        set(w, w->ca.id, "flap:fails=2", 0);
        assert_true(fault_take(at(w, FAULT_CA)));
        assert_true(fault_take(at(w, FAULT_CA)));
        assert_false(fault_take(at(w, FAULT_CA)));
}

static void what_this_program_does_not_know_is_never_good(void **state)
{
        struct world *w = *state;

        set(w, w->ca.id, "from-the-future", 0);
        assert_non_null(at(w, FAULT_CA));
        assert_non_null(strstr(at(w, FAULT_CA)->broken, "from-the-future"));
        /* It stands in a certificate, or nowhere. */
        set(w, w->ca.id, "refused", 0);
        assert_true(at(w, FAULT_CA)->broken[0] != '\0');
}

static void what_is_stapled_is_made_as_another_scenario_says(void **state)
{
        struct world *w = *state;

        set(w, w->ca.id, "expired-staple", 3);
        assert_string_equal(at(w, FAULT_CA)->staple->name, "expired-staple");
        assert_string_equal(at(w, FAULT_CA)->choice.scenario->name, "expired");
        assert_string_equal(at(w, FAULT_CA)->text, "expired-staple");
        /* The TLS server's alone: nothing is to be made for it. */
        set(w, w->ca.id, "none", 0);
        assert_non_null(at(w, FAULT_CA)->staple);
        assert_string_equal(at(w, FAULT_CA)->choice.scenario->name, "good");
        set(w, w->ca.id, "expired", 0);
        assert_null(at(w, FAULT_CA)->staple);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_is_made_has_a_recipe_and_nothing_else_has),
            TEST(of_all_threads_exactly_n_get_it),
            TEST(a_count_outlives_what_is_set_elsewhere),
            TEST(to_set_it_again_begins_anew),
            TEST(flap_counts_what_fails),
            TEST(what_this_program_does_not_know_is_never_good),
            TEST(what_is_stapled_is_made_as_another_scenario_says),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
