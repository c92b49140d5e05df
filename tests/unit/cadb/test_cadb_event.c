/* The trail: every change has its number, and rows carry it. */
#include "fixture.h"

#include <string.h>

enum { NOW = 1800000000, KEY_COMPROMISE = 1, HOLD = 6 };

static int collect(void *arg, const struct cadb_event *ev, struct err *e)
{
        char hex[2 * sizeof(ev->serial) + 1] = "";

        (void)e;
        if (ev->serial_len > 0)
                hex_encode((struct span){ev->serial + ev->serial_len - 1, 1},
                    hex, sizeof(hex));
        buf_printf(arg, "%s(%s,%s,%s,%s) ", ev->kind, ev->ca_name, ev->name,
            hex, ev->detail);
        return 0;
}

static struct buf events(struct fixture *f, int64_t since)
{
        struct buf seen = {0};
        struct err e = ERR_INIT;

        assert_ok(cadb_event_each(f->db, since, collect, &seen, &e), &e);
        return seen;
}

static int64_t last(struct fixture *f)
{
        struct err e = ERR_INIT;
        int64_t seq;

        assert_ok(cadb_last_event(f->db, &seq, &e), &e);
        return seq;
}

static void release(struct fixture *f, uint32_t n)
{
        struct err e = ERR_INIT;
        enum cadb_change change;
        uint8_t storage[16];

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_release(f->db, f->root.id, serial_of(storage, n), NOW,
                      &change, &e),
            &e);
        assert_ok(cadb_commit(f->db, &e), &e);
}

static void each_change_of_a_certificate_leaves_its_event(void **state)
{
        struct fixture *f = *state;
        int64_t start = last(f);
        struct buf seen;

        fixture_issue(f->db, f->root.id, 7, "www");
        fixture_revoke(f->db, f->root.id, 7, HOLD, NOW);
        release(f, 7);
        fixture_revoke(f->db, f->root.id, 7, -1, NOW);
        fixture_revoke(f->db, f->root.id, 7, KEY_COMPROMISE, NOW);
        seen = events(f, start);
        assert_string_equal("issue(root,www,07,) "
                            "hold(root,www,07,certificateHold) "
                            "release(root,www,07,) "
                            "revoke(root,www,07,) "
                            "revoke(root,www,07,keyCompromise) ",
            buf_text(&seen));
        buf_release(&seen);
}

static void the_row_carries_the_number_of_its_last_event(void **state)
{
        struct fixture *f = *state;

        fixture_issue(f->db, f->root.id, 1, "a");
        assert_int_equal(last(f), fixture_state(f->db, f->root.id, 1).version);
        fixture_issue(f->db, f->root.id, 2, "b");
        assert_int_equal(
            last(f) - 1, fixture_state(f->db, f->root.id, 1).version);
        fixture_revoke(f->db, f->root.id, 1, HOLD, NOW);
        assert_int_equal(last(f), fixture_state(f->db, f->root.id, 1).version);
        release(f, 1);
        assert_int_equal(last(f), fixture_state(f->db, f->root.id, 1).version);
}

static void since_leaves_out_what_was_seen(void **state)
{
        struct fixture *f = *state;
        struct buf seen;

        fixture_issue(f->db, f->root.id, 1, "a");
        fixture_issue(f->db, f->root.id, 2, "b");
        seen = events(f, last(f) - 1);
        assert_string_equal("issue(root,b,02,) ", buf_text(&seen));
        buf_release(&seen);
        seen = events(f, last(f));
        assert_int_equal(0, seen.len);
        buf_release(&seen);
}

static void an_event_may_stand_alone(void **state)
{
        struct fixture *f = *state;
        int64_t start = last(f);
        struct err e = ERR_INIT;
        struct buf seen;

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_event_add(f->db, "clock", "+8d", NOW, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        seen = events(f, start);
        assert_string_equal("clock(,,,+8d) ", buf_text(&seen));
        buf_release(&seen);
}

static void what_is_rolled_back_leaves_no_event_and_no_row(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16];
        struct cadb_new_cert c = {
            .ca = f->root.id,
            .serial = serial_of(storage, 1),
            .subject = "",
        };
        int64_t start = last(f);
        struct cadb_state s;
        struct err e = ERR_INIT;

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_cert_add(f->db, &c, NOW, &e), &e);
        cadb_rollback(f->db);
        cadb_rollback(f->db); /* nothing begun: nothing done */
        assert_int_equal(start, last(f));
        assert_int_equal(
            0, cadb_state_find(f->db, f->root.id, c.serial, &s, &e));
}

static void numbers_are_never_used_twice(void **state)
{
        struct fixture *f = *state;
        int64_t seq;

        fixture_issue(f->db, f->root.id, 1, "a");
        seq = last(f);
        fixture_sql(f->db, "DELETE FROM event");
        fixture_issue(f->db, f->root.id, 2, "b");
        assert_int_equal(seq + 1, last(f));
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(each_change_of_a_certificate_leaves_its_event),
            TEST(the_row_carries_the_number_of_its_last_event),
            TEST(since_leaves_out_what_was_seen),
            TEST(an_event_may_stand_alone),
            TEST(what_is_rolled_back_leaves_no_event_and_no_row),
            TEST(numbers_are_never_used_twice),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
