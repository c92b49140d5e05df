/* Certificates and their states. */
#include "fixture.h"

#include <string.h>

enum { NOW = 1800000000, T1 = NOW + 100, T2 = NOW + 200 };
enum { NONE = -1, KEY_COMPROMISE = 1, SUPERSEDED = 4, HOLD = 6 };

static void an_issued_certificate_is_good(void **state)
{
        struct fixture *f = *state;
        struct cadb_state s;

        fixture_issue(f->db, f->root.id, 1, "www");
        s = fixture_state(f->db, f->root.id, 1);
        assert_int_equal(CADB_GOOD, s.status);
        assert_int_equal(NONE, s.reason);
        assert_int_equal(0, s.revoked_at);
        assert_int_equal(NOW + 365 * 86400, s.not_after);
        assert_true(s.version > 0);
}

static void a_serial_never_issued_is_absent(void **state)
{
        struct fixture *f = *state;
        struct cadb_state s;
        uint8_t storage[16];
        struct err e = ERR_INIT;

        assert_int_equal(0,
            cadb_state_find(f->db, f->root.id, serial_of(storage, 9), &s, &e));
}

static void revoking_keeps_date_and_reason(void **state)
{
        struct fixture *f = *state;
        struct cadb_state s;

        fixture_issue(f->db, f->root.id, 1, "www");
        assert_int_equal(
            CADB_CHANGED, fixture_revoke(f->db, f->root.id, 1, SUPERSEDED, T1));
        s = fixture_state(f->db, f->root.id, 1);
        assert_int_equal(CADB_REVOKED, s.status);
        assert_int_equal(SUPERSEDED, s.reason);
        assert_int_equal(T1, s.revoked_at);
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(an_issued_certificate_is_good),
            TEST(a_serial_never_issued_is_absent),
            TEST(revoking_keeps_date_and_reason),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
