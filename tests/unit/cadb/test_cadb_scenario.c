/* Scenarios: set, replaced, cleared, and told of. */
#include "fixture.h"

#include <stdio.h>

enum { NOW = 1800000000 };

static void set_on(
    struct fixture *f, int64_t ca, uint32_t n, const char *text, int64_t times)
{
        uint8_t storage[16];
        struct cadb_new_scenario s = {.ca = ca, .text = text, .times = times};
        struct err e = ERR_INIT;

        if (n > 0)
                s.serial = serial_of(storage, n);
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_scenario_set(f->db, &s, NOW, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
}

static bool clear(struct fixture *f, int64_t ca, uint32_t n)
{
        uint8_t storage[16];
        struct span serial = {NULL, 0};
        struct err e = ERR_INIT;
        bool cleared;

        if (n > 0)
                serial = serial_of(storage, n);
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(
            cadb_scenario_clear(f->db, ca, serial, NOW, &cleared, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        return cleared;
}

static int list_row(void *arg, const struct cadb_scenario *s, struct err *e)
{
        struct buf *out = arg;

        (void)e;
        buf_printf(out, "%s/%s %s %d;", s->ca_name,
            s->cert_name[0] != '\0' ? s->cert_name
            : s->serial_len > 0     ? "?"
                                    : "*",
            s->text, (int)s->times);
        return 0;
}

/* "CA/CERT text times;" of each */
static void assert_list(struct fixture *f, const char *expected)
{
        struct buf out = {0};
        struct err e = ERR_INIT;

        buf_append_text(&out, "");
        assert_ok(cadb_scenario_each(f->db, list_row, &out, &e), &e);
        assert_string_equal(out.len > 0 ? buf_text(&out) : "", expected);
        buf_release(&out);
}

static int64_t latest(struct fixture *f)
{
        struct err e = ERR_INIT;
        int64_t version;

        assert_ok(cadb_scenario_latest(f->db, &version, &e), &e);
        return version;
}

static void one_is_set_on_a_certificate_a_ca_or_all(void **state)
{
        struct fixture *f = *state;

        fixture_issue(f->db, f->root.id, 1, "www");
        fixture_issue(f->db, f->root.id, 2, NULL);
        set_on(f, f->root.id, 1, "expired:ago=60s", 0);
        set_on(f, f->root.id, 2, "slow", 0);
        set_on(f, f->root.id, 0, "trylater", 3);
        set_on(f, 0, 0, "good", 0);
        assert_list(f, "/* good 0;root/* trylater 3;"
                       "root/www expired:ago=60s 0;root/? slow 0;");
}

static void a_new_one_takes_the_place_of_the_old_one(void **state)
{
        struct fixture *f = *state;

        set_on(f, f->root.id, 0, "slow:delay=1s", 7);
        set_on(f, f->root.id, 0, "expired", 0);
        assert_list(f, "root/* expired 0;");
}

static void what_is_cleared_is_gone_and_only_that(void **state)
{
        struct fixture *f = *state;

        fixture_issue(f->db, f->root.id, 1, "www");
        set_on(f, f->root.id, 1, "expired", 0);
        set_on(f, f->root.id, 0, "slow", 0);
        set_on(f, 0, 0, "good", 0);
        assert_true(clear(f, f->root.id, 0));
        assert_false(clear(f, f->root.id, 0));
        assert_list(f, "/* good 0;root/www expired 0;");
        assert_true(clear(f, f->root.id, 1));
        assert_true(clear(f, 0, 0));
        assert_list(f, "");
}

/* What an answer was made from is no longer what it was. */
static void setting_and_clearing_give_the_row_a_new_version(void **state)
{
        struct fixture *f = *state;
        int64_t before, set;

        fixture_issue(f->db, f->root.id, 1, "www");
        fixture_issue(f->db, f->root.id, 2, "other");
        before = fixture_state(f->db, f->root.id, 1).version;
        set_on(f, f->root.id, 1, "expired", 0);
        set = fixture_state(f->db, f->root.id, 1).version;
        assert_true(set > before);
        assert_int_equal(set, latest(f));
        clear(f, f->root.id, 1);
        assert_true(fixture_state(f->db, f->root.id, 1).version > set);
        assert_true(latest(f) > set);
        assert_true(fixture_state(f->db, f->root.id, 2).version < set);
}

static int keep(void *arg, const struct cadb_event *ev, struct err *e)
{
        (void)e;
        *(struct cadb_event *)arg = *ev;
        return 0;
}

static void the_trail_tells_of_each(void **state)
{
        struct fixture *f = *state;
        struct cadb_event ev;
        struct err e = ERR_INIT;
        int64_t seq;

        fixture_issue(f->db, f->root.id, 1, "www");
        set_on(f, f->root.id, 1, "expired:ago=60s", 3);
        assert_ok(cadb_event_each(f->db, 0, keep, &ev, &e), &e);
        assert_string_equal("scenario", ev.kind);
        assert_string_equal("root", ev.ca_name);
        assert_string_equal("www", ev.name);
        assert_int_equal(16, ev.serial_len);
        assert_string_equal("expired:ago=60s, 3 times", ev.detail);
        seq = ev.seq;
        clear(f, f->root.id, 1);
        assert_ok(cadb_event_each(f->db, 0, keep, &ev, &e), &e);
        assert_string_equal("clear", ev.detail);
        assert_int_equal(seq + 1, ev.seq);
        clear(f, f->root.id, 1); /* nothing there: nothing happened */
        assert_ok(cadb_event_each(f->db, 0, keep, &ev, &e), &e);
        assert_int_equal(seq + 1, ev.seq);
}

static void a_serial_that_nobody_issued_is_refused(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16];
        struct cadb_new_scenario s = {.ca = f->root.id,
            .serial = serial_of(storage, 9),
            .text = "expired"};
        struct err e = ERR_INIT;

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_int_equal(-1, cadb_scenario_set(f->db, &s, NOW, &e));
        assert_int_equal(ERR_NOTFOUND, e.code);
        cadb_rollback(f->db);
}

static void a_lab_without_faults_refuses(void **state)
{
        struct fixture *f = *state;
        struct cadb_new_scenario s = {.text = "expired"};
        struct err e = ERR_INIT;

        fixture_sql(f->db, "UPDATE setting SET no_faults = 1");
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_int_equal(-1, cadb_scenario_set(f->db, &s, NOW, &e));
        assert_int_equal(ERR_CONFIG, e.code);
        assert_says(&e, "made with --no-faults");
        cadb_rollback(f->db);
        assert_list(f, "");
}

static int list_signer(
    void *arg, const struct cadb_scenario_signer *s, struct err *e)
{
        struct buf *out = arg;

        (void)e;
        buf_printf(out, "%d %zu %d %s;", (int)s->ca, s->serial_len,
            (int)s->issuer, s->path);
        return 0;
}

static void assert_signers(struct fixture *f, const char *expected)
{
        struct buf out = {0};
        struct err e = ERR_INIT;

        assert_ok(cadb_scenario_signer_each(f->db, list_signer, &out, &e), &e);
        assert_string_equal(out.len > 0 ? buf_text(&out) : "", expected);
        buf_release(&out);
}

static void signers_come_and_go_with_their_scenario(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16];
        struct cadb_new_scenario s = {.ca = f->root.id,
            .serial = serial_of(storage, 1),
            .text = "delegated-expired"};
        struct err e = ERR_INIT;

        fixture_issue(f->db, f->root.id, 1, "www");
        set_on(f, f->root.id, 1, "delegated-expired", 0);
        set_on(f, 0, 0, "weak-key", 0);
        assert_ok(
            cadb_scenario_sign(f->db, &s, f->root.id, "responder/a.pem", &e),
            &e);
        s = (struct cadb_new_scenario){.text = "weak-key"};
        assert_ok(
            cadb_scenario_sign(f->db, &s, f->root.id, "responder/b.pem", &e),
            &e);
        assert_signers(f, "0 0 1 responder/b.pem;1 16 1 responder/a.pem;");
        set_on(f, 0, 0, "expired", 0);
        assert_signers(f, "1 16 1 responder/a.pem;");
        clear(f, f->root.id, 1);
        assert_signers(f, "");
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(one_is_set_on_a_certificate_a_ca_or_all),
            TEST(a_new_one_takes_the_place_of_the_old_one),
            TEST(what_is_cleared_is_gone_and_only_that),
            TEST(setting_and_clearing_give_the_row_a_new_version),
            TEST(the_trail_tells_of_each),
            TEST(a_serial_that_nobody_issued_is_refused),
            TEST(a_lab_without_faults_refuses),
            TEST(signers_come_and_go_with_their_scenario),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
