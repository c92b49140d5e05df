/* Signers of answers: current, requested, retired, near their end. */
#include "fixture.h"

#include <stdio.h>

enum { NOW = 1800000000, DAY = 86400 };

/* ---- near the end -------------------------------------------------------- */

static struct cadb_ca with_signer(int64_t life)
{
        return (struct cadb_ca){
            .model = CADB_SIGNER_DELEGATED,
            .has_signer = true,
            .signer_not_before = NOW,
            .signer_not_after = NOW + life,
        };
}

static void a_long_signer_ends_soon_in_its_last_week(void **state)
{
        struct cadb_ca ca = with_signer(365 * DAY);
        int64_t left, end = ca.signer_not_after;

        (void)state;
        assert_false(cadb_signer_ends_soon(&ca, end - 7 * DAY, &left));
        assert_int_equal(7 * DAY, left);
        assert_true(cadb_signer_ends_soon(&ca, end - 7 * DAY + 1, &left));
        assert_int_equal(7 * DAY - 1, left);
}

static void a_short_signer_ends_soon_in_its_last_quarter(void **state)
{
        struct cadb_ca ca = with_signer(400);
        int64_t left;

        (void)state;
        assert_false(cadb_signer_ends_soon(&ca, NOW + 300, &left));
        assert_true(cadb_signer_ends_soon(&ca, NOW + 301, &left));
}

static void a_signer_that_has_ended_says_since_when(void **state)
{
        struct cadb_ca ca = with_signer(400);
        int64_t left;

        (void)state;
        assert_true(cadb_signer_ends_soon(&ca, NOW + 500, &left));
        assert_int_equal(-100, left);
}

static void nothing_ends_without_a_signer_or_with_the_ca_itself(void **state)
{
        struct cadb_ca none = with_signer(400), ca = with_signer(400);
        int64_t left = 1;

        (void)state;
        none.has_signer = false;
        ca.model = CADB_SIGNER_CA;
        assert_false(cadb_signer_ends_soon(&none, NOW + 500, &left));
        assert_int_equal(0, left);
        assert_false(cadb_signer_ends_soon(&ca, NOW + 500, &left));
}

/* ---- rows ---------------------------------------------------------------- */

struct seen {
        size_t len;
        struct cadb_signer_row rows[8];
};

static int collect(void *arg, const struct cadb_signer_row *s, struct err *e)
{
        struct seen *seen = arg;

        (void)e;
        assert_true(seen->len < 8);
        seen->rows[seen->len++] = *s;
        return 0;
}

static struct seen all_of(struct cadb *db, int64_t ca)
{
        struct seen seen = {.len = 0};
        struct err e = ERR_INIT;

        assert_ok(cadb_signer_each(db, ca, collect, &seen, &e), &e);
        return seen;
}

static void add(struct cadb *db, int64_t ca, const char *path, bool ends)
{
        uint8_t der[] = {0x30}, serial[] = {0x51};
        struct cadb_signer s = {
            .ca = ca,
            .serial = {serial, 1},
            .der = {der, 1},
            .path = path,
            .not_before = NOW,
            .not_after = NOW + DAY,
            .ends_request = ends,
        };
        struct err e = ERR_INIT;

        assert_ok(cadb_begin(db, &e), &e);
        assert_ok(cadb_signer_add(db, &s, NOW, &e), &e);
        assert_ok(cadb_commit(db, &e), &e);
}

static void request(struct cadb *db, int64_t ca, const char *path)
{
        struct err e = ERR_INIT;

        assert_ok(cadb_begin(db, &e), &e);
        assert_ok(cadb_signer_request(db, ca, path, NOW, &e), &e);
        assert_ok(cadb_commit(db, &e), &e);
}

static int64_t add_ca(struct cadb *db, const char *name)
{
        struct err e = ERR_INIT;
        struct cadb_ca ca;

        fixture_fill_ca(&ca, name);
        assert_ok(cadb_begin(db, &e), &e);
        assert_ok(cadb_ca_add(db, &ca, false, NOW, &e), &e);
        assert_ok(cadb_commit(db, &e), &e);
        return ca.id;
}

static void signers_come_newest_first_within_their_ca(void **state)
{
        struct fixture *f = *state;
        int64_t second = add_ca(f->db, "second");
        struct seen seen;

        add(f->db, second, "responder/a.pem", false);
        add(f->db, f->root.id, "responder/b.pem", false);
        add(f->db, f->root.id, "responder/c.pem", false);
        seen = all_of(f->db, 0);
        assert_int_equal(3, seen.len);
        assert_string_equal("responder/c.pem", seen.rows[0].path);
        assert_int_equal(CADB_SIGNER_CURRENT, seen.rows[0].state);
        assert_string_equal("root", seen.rows[0].ca_name);
        assert_int_equal(1, seen.rows[0].serial_len);
        assert_int_equal(0x51, seen.rows[0].serial[0]);
        assert_int_equal(NOW, seen.rows[0].not_before);
        assert_int_equal(NOW + DAY, seen.rows[0].not_after);
        assert_string_equal("responder/b.pem", seen.rows[1].path);
        assert_int_equal(CADB_SIGNER_RETIRED, seen.rows[1].state);
        assert_string_equal("responder/a.pem", seen.rows[2].path);
        assert_int_equal(1, all_of(f->db, second).len);
}

static void the_current_one_is_told_with_its_ca(void **state)
{
        struct fixture *f = *state;
        struct cadb_ca ca;
        struct err e = ERR_INIT;

        add(f->db, f->root.id, "responder/a.pem", false);
        assert_int_equal(1, cadb_ca_find(f->db, "root", &ca, &e));
        assert_int_equal(NOW, ca.signer_not_before);
        assert_int_equal(NOW + DAY, ca.signer_not_after);
        assert_int_equal(1, ca.signer_serial_len);
        assert_int_equal(0x51, ca.signer_serial[0]);
}

static void a_request_changes_no_answer(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        int64_t before, after;
        struct seen seen;

        add(f->db, f->root.id, "responder/a.pem", false);
        assert_ok(cadb_ca_latest(f->db, &before, &e), &e);
        request(f->db, f->root.id, "responder/new.key");
        assert_ok(cadb_ca_latest(f->db, &after, &e), &e);
        assert_int_equal(before, after);
        seen = all_of(f->db, f->root.id);
        assert_int_equal(2, seen.len);
        assert_int_equal(CADB_SIGNER_REQUESTED, seen.rows[0].state);
        assert_string_equal("responder/new.key", seen.rows[0].path);
        assert_int_equal(0, seen.rows[0].serial_len);
        assert_int_equal(0, seen.rows[0].not_after);
        assert_int_equal(CADB_SIGNER_CURRENT, seen.rows[1].state);
}

static void a_second_request_takes_the_place_of_the_first(void **state)
{
        struct fixture *f = *state;
        int64_t second = add_ca(f->db, "second");
        struct seen seen;

        request(f->db, second, "responder/other.key");
        request(f->db, f->root.id, "responder/1.key");
        request(f->db, f->root.id, "responder/2.key");
        seen = all_of(f->db, f->root.id);
        assert_int_equal(1, seen.len);
        assert_string_equal("responder/2.key", seen.rows[0].path);
        assert_int_equal(1, all_of(f->db, second).len);
}

static void a_signer_that_answers_it_ends_a_request(void **state)
{
        struct fixture *f = *state;

        request(f->db, f->root.id, "responder/1.key");
        add(f->db, f->root.id, "responder/rotated.pem", false);
        assert_int_equal(2, all_of(f->db, f->root.id).len);
        add(f->db, f->root.id, "responder/installed.pem", true);
        assert_int_equal(2, all_of(f->db, f->root.id).len);
        assert_int_equal(
            CADB_SIGNER_CURRENT, all_of(f->db, f->root.id).rows[0].state);
        assert_int_equal(
            CADB_SIGNER_RETIRED, all_of(f->db, f->root.id).rows[1].state);
}

/* ---- the CA -------------------------------------------------------------- */

static int64_t last_event(struct cadb *db)
{
        struct err e = ERR_INIT;
        int64_t seq;

        assert_ok(cadb_last_event(db, &seq, &e), &e);
        return seq;
}

static void a_new_model_bumps_the_ca_and_the_same_again_does_not(void **state)
{
        struct fixture *f = *state;
        struct cadb_ca ca;
        struct err e = ERR_INIT;
        int64_t seq;

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(
            cadb_ca_set_model(f->db, f->root.id, CADB_SIGNER_TRUSTED, NOW, &e),
            &e);
        seq = last_event(f->db);
        assert_ok(
            cadb_ca_set_model(f->db, f->root.id, CADB_SIGNER_TRUSTED, NOW, &e),
            &e);
        assert_int_equal(seq, last_event(f->db));
        assert_ok(cadb_commit(f->db, &e), &e);
        assert_int_equal(1, cadb_ca_find(f->db, "root", &ca, &e));
        assert_int_equal(CADB_SIGNER_TRUSTED, ca.model);
        assert_int_equal(seq, ca.version);
        assert_true(ca.version > f->root.version);
}

static void a_key_that_comes_later_bumps_the_ca(void **state)
{
        struct fixture *f = *state;
        struct cadb_ca ca;
        struct err e = ERR_INIT;

        fixture_sql(f->db, "UPDATE ca SET key_path = ''");
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(
            cadb_ca_set_key(f->db, f->root.id, "ca/root/key.pem", NOW, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        assert_int_equal(1, cadb_ca_find(f->db, "root", &ca, &e));
        assert_string_equal("ca/root/key.pem", ca.key_path);
        assert_int_equal(last_event(f->db), ca.version);
}

static void what_is_no_ca_gets_neither(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_int_equal(
            -1, cadb_ca_set_model(f->db, 99, CADB_SIGNER_CA, NOW, &e));
        assert_int_equal(ERR_NOTFOUND, e.code);
        assert_int_equal(-1, cadb_ca_set_key(f->db, 99, "x", NOW, &e));
        assert_int_equal(ERR_NOTFOUND, e.code);
        cadb_rollback(f->db);
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_long_signer_ends_soon_in_its_last_week),
            cmocka_unit_test(a_short_signer_ends_soon_in_its_last_quarter),
            cmocka_unit_test(a_signer_that_has_ended_says_since_when),
            cmocka_unit_test(
                nothing_ends_without_a_signer_or_with_the_ca_itself),
            TEST(signers_come_newest_first_within_their_ca),
            TEST(the_current_one_is_told_with_its_ca),
            TEST(a_request_changes_no_answer),
            TEST(a_second_request_takes_the_place_of_the_first),
            TEST(a_signer_that_answers_it_ends_a_request),
            TEST(a_new_model_bumps_the_ca_and_the_same_again_does_not),
            TEST(a_key_that_comes_later_bumps_the_ca),
            TEST(what_is_no_ca_gets_neither),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
