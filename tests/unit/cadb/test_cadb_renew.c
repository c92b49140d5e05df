/* A certificate steps aside for the one that takes its name. */
#include "fixture.h"

enum { NOW = 1800000000 };

static void step_aside(
    struct fixture *f, const char *name, char out[CADB_NAME_MAX + 1])
{
        struct err e = ERR_INIT;

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_cert_step_aside(f->db, name, NOW, out, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
}

static int keep(void *arg, const struct cadb_event *ev, struct err *e)
{
        (void)e;
        *(struct cadb_event *)arg = *ev;
        return 0;
}

static void the_name_is_free_and_the_old_one_is_reached(void **state)
{
        struct fixture *f = *state;
        char first[CADB_NAME_MAX + 1], second[CADB_NAME_MAX + 1];
        struct cadb_cert cert;
        struct err e = ERR_INIT;

        fixture_issue(f->db, f->root.id, 1, "www");
        step_aside(f, "www", first);
        assert_string_equal("www@1", first);
        fixture_issue(f->db, f->root.id, 2, "www");
        step_aside(f, "www", second);
        assert_string_equal("www@2", second);
        fixture_issue(f->db, f->root.id, 3, "www");
        assert_int_equal(1, cadb_cert_find_name(f->db, "www@1", &cert, &e));
        assert_int_equal(1, cert.serial[15]);
        assert_int_equal(1, cadb_cert_find_name(f->db, "www@2", &cert, &e));
        assert_int_equal(2, cert.serial[15]);
        assert_int_equal(1, cadb_cert_find_name(f->db, "www", &cert, &e));
        assert_int_equal(3, cert.serial[15]);
}

static void no_answer_changes_but_the_trail_tells(void **state)
{
        struct fixture *f = *state;
        char aside[CADB_NAME_MAX + 1];
        struct cadb_event ev;
        struct err e = ERR_INIT;
        int64_t version;

        fixture_issue(f->db, f->root.id, 1, "www");
        version = fixture_state(f->db, f->root.id, 1).version;
        step_aside(f, "www", aside);
        assert_int_equal(version, fixture_state(f->db, f->root.id, 1).version);
        assert_ok(cadb_event_each(f->db, 0, keep, &ev, &e), &e);
        assert_string_equal("renew", ev.kind);
        assert_string_equal("root", ev.ca_name);
        assert_string_equal("www", ev.name);
        assert_string_equal("www@1", ev.detail);
        assert_int_equal(16, ev.serial_len);
}

static void the_longest_name_steps_aside(void **state)
{
        struct fixture *f = *state;
        char name[LAB_NAME_MAX + 1], aside[CADB_NAME_MAX + 1];
        struct cadb_cert cert;
        struct err e = ERR_INIT;

        memset(name, 'n', LAB_NAME_MAX);
        name[LAB_NAME_MAX] = '\0';
        fixture_issue(f->db, f->root.id, 1, name);
        step_aside(f, name, aside);
        assert_int_equal(LAB_NAME_MAX + 2, strlen(aside));
        assert_int_equal(1, cadb_cert_find_name(f->db, aside, &cert, &e));
        assert_string_equal(aside, cert.name);
}

static void one_that_is_absent_or_aside_is_refused(void **state)
{
        struct fixture *f = *state;
        char aside[CADB_NAME_MAX + 1];
        struct err e = ERR_INIT;

        fixture_issue(f->db, f->root.id, 1, "www");
        step_aside(f, "www", aside);
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_int_equal(
            -1, cadb_cert_step_aside(f->db, "www", NOW, aside, &e));
        assert_int_equal(ERR_NOTFOUND, e.code);
        assert_int_equal(
            -1, cadb_cert_step_aside(f->db, "www@1", NOW, aside, &e));
        assert_int_equal(ERR_USAGE, e.code);
        cadb_rollback(f->db);
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(the_name_is_free_and_the_old_one_is_reached),
            TEST(no_answer_changes_but_the_trail_tells),
            TEST(the_longest_name_steps_aside),
            TEST(one_that_is_absent_or_aside_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
