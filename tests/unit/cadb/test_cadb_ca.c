/* Settings, CAs, signers, CRL numbers. */
#include "fixture.h"

#include <string.h>

enum { NOW = 1800000000, T1 = NOW + 100 };

static struct cadb_ca add_ca(
    struct fixture *f, const char *name, int64_t parent, bool is_default)
{
        struct err e = ERR_INIT;
        struct cadb_ca ca;

        fixture_fill_ca(&ca, name);
        ca.parent = parent;
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_ca_add(f->db, &ca, is_default, NOW, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        return ca;
}

static struct cadb_ca find(struct fixture *f, const char *name)
{
        struct err e = ERR_INIT;
        struct cadb_ca ca;

        assert_int_equal(1, cadb_ca_find(f->db, name, &ca, &e));
        return ca;
}

static void settings_come_back(void **state)
{
        struct fixture *f = *state;
        struct cadb_settings s;
        struct err e = ERR_INIT;

        assert_ok(cadb_settings_get(f->db, &s, &e), &e);
        assert_string_equal("http://127.0.0.1:8888", s.ocsp_url);
        assert_int_equal(NOW, s.created_at);
        assert_false(s.no_faults);
        assert_false(s.temporary);
}

static void every_field_of_a_ca_comes_back(void **state)
{
        struct fixture *f = *state;
        struct cadb_ca want = f->root, got = find(f, "root");

        assert_int_equal(want.id, got.id);
        assert_int_equal(want.id, got.parent);
        assert_int_equal(want.version, got.version);
        assert_string_equal(want.key_path, got.key_path);
        assert_string_equal(want.cert_path, got.cert_path);
        assert_int_equal(want.model, got.model);
        assert_int_equal(want.not_before, got.not_before);
        assert_int_equal(want.not_after, got.not_after);
        assert_memory_equal(want.name_sha1, got.name_sha1, 20);
        assert_memory_equal(want.key_sha1, got.key_sha1, 20);
        assert_memory_equal(want.name_sha256, got.name_sha256, 32);
        assert_memory_equal(want.key_sha256, got.key_sha256, 32);
        assert_int_equal(want.der_len, got.der_len);
        assert_memory_equal(want.der, got.der, want.der_len);
        assert_false(got.has_signer);
}

static void a_ca_is_found_by_its_id(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        struct cadb_ca ca;

        assert_int_equal(1, cadb_ca_find_id(f->db, f->root.id, &ca, &e));
        assert_string_equal("root", ca.name);
        assert_int_equal(0, cadb_ca_find_id(f->db, 999, &ca, &e));
        assert_int_equal(0, cadb_ca_find(f->db, "nobody", &ca, &e));
}

static void a_taken_ca_name_is_refused(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        struct cadb_ca ca;

        fixture_fill_ca(&ca, "root");
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_int_equal(-1, cadb_ca_add(f->db, &ca, false, NOW, &e));
        assert_int_equal(ERR_EXISTS, e.code);
        cadb_rollback(f->db);
}

static void the_default_is_the_one_that_was_said_so_last(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        struct cadb_ca ca;

        assert_int_equal(1, cadb_ca_default(f->db, &ca, &e));
        assert_string_equal("root", ca.name);
        add_ca(f, "issuing", f->root.id, true);
        add_ca(f, "other", 0, false);
        assert_int_equal(1, cadb_ca_default(f->db, &ca, &e));
        assert_string_equal("issuing", ca.name);
        assert_int_equal(f->root.id, ca.parent);
}

static int collect(void *arg, const struct cadb_ca *ca, struct err *e)
{
        (void)e;
        buf_printf(arg, "%s ", ca->name);
        return 0;
}

static void cas_come_in_the_order_they_were_made(void **state)
{
        struct fixture *f = *state;
        struct buf seen = {0};
        struct err e = ERR_INIT;

        add_ca(f, "b", f->root.id, false);
        add_ca(f, "a", f->root.id, false);
        assert_ok(cadb_ca_each(f->db, collect, &seen, &e), &e);
        assert_string_equal("root b a ", buf_text(&seen));
        buf_release(&seen);
}

/* ---- signers ------------------------------------------------------------ */

static void add_signer(struct fixture *f, const char *path, int64_t not_after)
{
        static const uint8_t serial[] = {0x41}, der[] = {0x30, 0x00};
        struct cadb_signer s = {
            .ca = f->root.id,
            .serial = {serial, sizeof(serial)},
            .der = {der, sizeof(der)},
            .path = path,
            .not_before = NOW,
            .not_after = not_after,
        };
        struct err e = ERR_INIT;

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_signer_add(f->db, &s, NOW, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
}

static void a_new_signer_takes_over_and_bumps_the_ca(void **state)
{
        struct fixture *f = *state;
        struct cadb_ca first, second;

        add_signer(f, "responder/1.pem", T1);
        first = find(f, "root");
        assert_true(first.has_signer);
        assert_string_equal("responder/1.pem", first.signer_path);
        assert_int_equal(T1, first.signer_not_after);
        assert_true(first.version > f->root.version);

        add_signer(f, "responder/2.pem", T1 + 1);
        second = find(f, "root");
        assert_string_equal("responder/2.pem", second.signer_path);
        assert_int_not_equal(first.signer_id, second.signer_id);
        assert_true(second.version > first.version);
}

static void a_signer_leaves_other_cas_alone(void **state)
{
        struct fixture *f = *state;
        struct cadb_ca other = add_ca(f, "other", 0, false);

        add_signer(f, "responder/1.pem", T1);
        assert_false(find(f, "other").has_signer);
        assert_int_equal(other.version, find(f, "other").version);
}

static void the_latest_version_moves_with_cas_and_signers_only(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        int64_t first, same, second;

        assert_ok(cadb_ca_latest(f->db, &first, &e), &e);
        assert_int_equal(f->root.version, first);
        fixture_issue(f->db, f->root.id, 1, "www");
        assert_ok(cadb_ca_latest(f->db, &same, &e), &e);
        assert_int_equal(first, same);
        add_signer(f, "responder/1.pem", T1);
        assert_ok(cadb_ca_latest(f->db, &second, &e), &e);
        assert_true(second > first);
}

static void a_ca_has_one_current_signer_at_most(void **state)
{
        struct fixture *f = *state;

        add_signer(f, "responder/1.pem", T1);
        add_signer(f, "responder/2.pem", T1);
        assert_int_equal(SQLITE_CONSTRAINT,
            sqlite3_exec(
                f->db->sql, "UPDATE signer SET state = 1", NULL, NULL, NULL) &
                0xff);
}

static void models_have_the_names_of_the_command_line(void **state)
{
        (void)state;
        assert_string_equal(
            "delegated", cadb_signer_model_name(CADB_SIGNER_DELEGATED));
        assert_string_equal("ca", cadb_signer_model_name(CADB_SIGNER_CA));
        assert_string_equal(
            "trusted", cadb_signer_model_name(CADB_SIGNER_TRUSTED));
}

/* ---- CRL numbers -------------------------------------------------------- */

static uint64_t crl_number(struct fixture *f, int64_t ca)
{
        struct err e = ERR_INIT;
        uint64_t number;

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_crl_number(f->db, ca, 0, NOW, &number, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        return number;
}

static void crl_numbers_count_up_for_each_ca(void **state)
{
        struct fixture *f = *state;
        int64_t other = add_ca(f, "other", 0, false).id;

        assert_int_equal(1, crl_number(f, f->root.id));
        assert_int_equal(2, crl_number(f, f->root.id));
        assert_int_equal(1, crl_number(f, other));
        assert_int_equal(3, crl_number(f, f->root.id));
}

static void a_crl_number_that_was_rolled_back_is_taken_again(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        uint64_t number;

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_crl_number(f->db, f->root.id, 0, NOW, &number, &e), &e);
        cadb_rollback(f->db);
        assert_int_equal(1, crl_number(f, f->root.id));
}

/* CHECK and NOT NULL let these pass. */
static void a_row_that_cannot_be_is_said(void **state)
{
        static const char *const damages[] = {
            "UPDATE ca SET der = x''", "UPDATE ca SET der = x'30', model = 3"};
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        struct cadb_ca ca;
        size_t i;

        for (i = 0; i < 2; i++) {
                fixture_sql(f->db, damages[i]);
                assert_int_equal(-1, cadb_ca_find(f->db, "root", &ca, &e));
                assert_int_equal(ERR_DATA, e.code);
                assert_says(&e, "the row of CA root");
        }
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(settings_come_back),
            TEST(every_field_of_a_ca_comes_back),
            TEST(a_ca_is_found_by_its_id),
            TEST(a_taken_ca_name_is_refused),
            TEST(the_default_is_the_one_that_was_said_so_last),
            TEST(cas_come_in_the_order_they_were_made),
            TEST(a_new_signer_takes_over_and_bumps_the_ca),
            TEST(a_signer_leaves_other_cas_alone),
            TEST(the_latest_version_moves_with_cas_and_signers_only),
            TEST(a_ca_has_one_current_signer_at_most),
            TEST(models_have_the_names_of_the_command_line),
            TEST(crl_numbers_count_up_for_each_ca),
            TEST(a_crl_number_that_was_rolled_back_is_taken_again),
            TEST(a_row_that_cannot_be_is_said),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
