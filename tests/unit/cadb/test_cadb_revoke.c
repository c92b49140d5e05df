/* Changes of state: what may follow what, and which date and reason stay. */
#include "fixture.h"

enum { NOW = 1800000000, T1 = NOW + 100, T2 = NOW + 200 };
enum { NONE = -1, KEY_COMPROMISE = 1, SUPERSEDED = 4, HOLD = 6 };

#define assert_state(f, n, want_status, want_reason, want_at)                  \
        do {                                                                   \
                struct cadb_state state_ =                                     \
                    fixture_state((f)->db, (f)->root.id, n);                   \
                assert_int_equal(want_status, state_.status);                  \
                assert_int_equal(want_reason, state_.reason);                  \
                assert_int_equal(want_at, state_.revoked_at);                  \
        } while (0)

static enum cadb_change revoke(struct fixture *f, int reason, int64_t at)
{
        return fixture_revoke(f->db, f->root.id, 1, reason, at);
}

static enum cadb_change release(struct fixture *f)
{
        struct err e = ERR_INIT;
        enum cadb_change change;
        uint8_t storage[16];

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_release(f->db, f->root.id, serial_of(storage, 1), T2,
                      &change, &e),
            &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        return change;
}

static int64_t last_event(struct fixture *f)
{
        struct err e = ERR_INIT;
        int64_t seq;

        assert_ok(cadb_last_event(f->db, &seq, &e), &e);
        return seq;
}

static void revoking_keeps_date_and_reason(void **state)
{
        struct fixture *f = *state;

        fixture_issue(f->db, f->root.id, 1, "www");
        assert_int_equal(CADB_CHANGED, revoke(f, SUPERSEDED, T1));
        assert_state(f, 1, CADB_REVOKED, SUPERSEDED, T1);
}

static void revoking_without_a_reason_keeps_none(void **state)
{
        struct fixture *f = *state;

        fixture_issue(f->db, f->root.id, 1, "www");
        assert_int_equal(CADB_CHANGED, revoke(f, NONE, T1));
        assert_state(f, 1, CADB_REVOKED, NONE, T1);
}

static void unspecified_is_kept_as_no_reason(void **state)
{
        struct fixture *f = *state;

        fixture_issue(f->db, f->root.id, 1, "www");
        assert_int_equal(CADB_CHANGED, revoke(f, 0, T1));
        assert_state(f, 1, CADB_REVOKED, NONE, T1);
}

static void revoking_at_the_epoch_is_not_good(void **state)
{
        struct fixture *f = *state;

        fixture_issue(f->db, f->root.id, 1, "www");
        assert_int_equal(CADB_CHANGED, revoke(f, SUPERSEDED, 0));
        assert_state(f, 1, CADB_REVOKED, SUPERSEDED, 0);
}

static void revoking_again_changes_nothing(void **state)
{
        struct fixture *f = *state;
        int64_t version;

        fixture_issue(f->db, f->root.id, 1, "www");
        revoke(f, SUPERSEDED, T1);
        version = fixture_state(f->db, f->root.id, 1).version;
        assert_int_equal(CADB_SAME, revoke(f, NONE, T2));
        assert_int_equal(CADB_SAME, revoke(f, 5, NOW));
        assert_state(f, 1, CADB_REVOKED, SUPERSEDED, T1);
        assert_int_equal(version, fixture_state(f->db, f->root.id, 1).version);
        assert_int_equal(version, last_event(f));
}

static void key_compromise_raises_the_reason_and_keeps_the_date(void **state)
{
        struct fixture *f = *state;

        fixture_issue(f->db, f->root.id, 1, "www");
        revoke(f, SUPERSEDED, T1);
        assert_int_equal(CADB_CHANGED, revoke(f, KEY_COMPROMISE, T2));
        assert_state(f, 1, CADB_REVOKED, KEY_COMPROMISE, T1);
        assert_int_equal(CADB_SAME, revoke(f, KEY_COMPROMISE, T2));
}

static void key_compromise_may_move_the_date_back(void **state)
{
        struct fixture *f = *state;

        fixture_issue(f->db, f->root.id, 1, "www");
        revoke(f, SUPERSEDED, T2);
        assert_int_equal(CADB_CHANGED, revoke(f, KEY_COMPROMISE, T1));
        assert_state(f, 1, CADB_REVOKED, KEY_COMPROMISE, T1);
        assert_int_equal(CADB_CHANGED, revoke(f, KEY_COMPROMISE, NOW));
        assert_state(f, 1, CADB_REVOKED, KEY_COMPROMISE, NOW);
}

static void a_hold_can_be_released(void **state)
{
        struct fixture *f = *state;

        fixture_issue(f->db, f->root.id, 1, "www");
        assert_int_equal(CADB_CHANGED, revoke(f, HOLD, T1));
        assert_state(f, 1, CADB_REVOKED, HOLD, T1);
        assert_int_equal(CADB_SAME, revoke(f, HOLD, T2));
        assert_int_equal(CADB_CHANGED, release(f));
        assert_state(f, 1, CADB_GOOD, NONE, 0);
}

static void a_hold_that_is_revoked_keeps_its_date(void **state)
{
        struct fixture *f = *state;

        fixture_issue(f->db, f->root.id, 1, "www");
        revoke(f, HOLD, T1);
        assert_int_equal(CADB_CHANGED, revoke(f, SUPERSEDED, T2));
        assert_state(f, 1, CADB_REVOKED, SUPERSEDED, T1);
}

static void a_hold_that_is_revoked_takes_an_earlier_date(void **state)
{
        struct fixture *f = *state;

        fixture_issue(f->db, f->root.id, 1, "www");
        revoke(f, HOLD, T2);
        assert_int_equal(CADB_CHANGED, revoke(f, NONE, T1));
        assert_state(f, 1, CADB_REVOKED, NONE, T1);
}

static void what_is_revoked_for_good_cannot_be_held_or_released(void **state)
{
        struct fixture *f = *state;

        fixture_issue(f->db, f->root.id, 1, "www");
        revoke(f, SUPERSEDED, T1);
        assert_int_equal(CADB_FORBIDDEN, revoke(f, HOLD, T2));
        assert_int_equal(CADB_FORBIDDEN, release(f));
        assert_state(f, 1, CADB_REVOKED, SUPERSEDED, T1);
}

static void what_is_good_cannot_be_released(void **state)
{
        struct fixture *f = *state;

        fixture_issue(f->db, f->root.id, 1, "www");
        assert_int_equal(CADB_FORBIDDEN, release(f));
        assert_state(f, 1, CADB_GOOD, NONE, 0);
}

static void what_was_never_issued_cannot_be_revoked_or_released(void **state)
{
        struct fixture *f = *state;
        int64_t seq = last_event(f);

        assert_int_equal(CADB_ABSENT, revoke(f, SUPERSEDED, T1));
        assert_int_equal(CADB_ABSENT, release(f));
        assert_int_equal(seq, last_event(f));
}

static void reasons_that_do_not_exist_are_refused(void **state)
{
        static const int bad[] = {7, 8, 11, 255, -2};
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        enum cadb_change change;
        uint8_t storage[16];
        size_t i;

        fixture_issue(f->db, f->root.id, 1, "www");
        assert_ok(cadb_begin(f->db, &e), &e);
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                struct cadb_revocation r = {.reason = bad[i]};

                assert_int_equal(
                    -1, cadb_revoke(f->db, f->root.id, serial_of(storage, 1),
                            &r, NOW, &change, &e));
                assert_int_equal(ERR_USAGE, e.code);
                assert_says(&e, "5.3.1");
        }
        assert_ok(cadb_commit(f->db, &e), &e);
        assert_state(f, 1, CADB_GOOD, NONE, 0);
}

static void the_invalidity_date_is_kept_until_release(void **state)
{
        struct cadb_revocation r = {
            .reason = HOLD,
            .revoked_at = T1,
            .invalidity_at = NOW - 5,
        };
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        enum cadb_change change;
        uint8_t storage[16];

        fixture_issue(f->db, f->root.id, 1, "www");
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_revoke(f->db, f->root.id, serial_of(storage, 1), &r, T1,
                      &change, &e),
            &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        assert_int_equal(
            NOW - 5, fixture_state(f->db, f->root.id, 1).invalidity_at);
        release(f);
        assert_int_equal(0, fixture_state(f->db, f->root.id, 1).invalidity_at);
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(revoking_keeps_date_and_reason),
            TEST(revoking_without_a_reason_keeps_none),
            TEST(unspecified_is_kept_as_no_reason),
            TEST(revoking_at_the_epoch_is_not_good),
            TEST(revoking_again_changes_nothing),
            TEST(key_compromise_raises_the_reason_and_keeps_the_date),
            TEST(key_compromise_may_move_the_date_back),
            TEST(a_hold_can_be_released),
            TEST(a_hold_that_is_revoked_keeps_its_date),
            TEST(a_hold_that_is_revoked_takes_an_earlier_date),
            TEST(what_is_revoked_for_good_cannot_be_held_or_released),
            TEST(what_is_good_cannot_be_released),
            TEST(what_was_never_issued_cannot_be_revoked_or_released),
            TEST(reasons_that_do_not_exist_are_refused),
            TEST(the_invalidity_date_is_kept_until_release),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
