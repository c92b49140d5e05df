/* Certificates: issued, found, listed. */
#include "fixture.h"

#include <string.h>

enum { NOW = 1800000000, T1 = NOW + 100, YEAR = 365 * 86400 };
enum { NONE = -1, SUPERSEDED = 4, HOLD = 6 };

static int64_t last_event(struct fixture *f)
{
        struct err e = ERR_INIT;
        int64_t seq;

        assert_ok(cadb_last_event(f->db, &seq, &e), &e);
        return seq;
}

/* ---- issue -------------------------------------------------------------- */

static void an_issued_certificate_is_good(void **state)
{
        struct fixture *f = *state;
        struct cadb_state s;

        fixture_issue(f->db, f->root.id, 1, "www");
        s = fixture_state(f->db, f->root.id, 1);
        assert_int_equal(CADB_GOOD, s.status);
        assert_int_equal(NONE, s.reason);
        assert_int_equal(0, s.revoked_at);
        assert_int_equal(NOW + YEAR, s.not_after);
}

static void a_serial_never_issued_is_absent(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        struct cadb_state s;
        uint8_t storage[16];

        assert_int_equal(0,
            cadb_state_find(f->db, f->root.id, serial_of(storage, 9), &s, &e));
}

static void another_ca_does_not_know_the_serial(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        struct cadb_state s;
        uint8_t storage[16];

        fixture_issue(f->db, f->root.id, 1, NULL);
        assert_int_equal(0, cadb_state_find(f->db, f->root.id + 1,
                                serial_of(storage, 1), &s, &e));
}

static void a_serial_is_not_another_one_with_a_zero_in_front(void **state)
{
        static const uint8_t padded[] = {0x00, 0x81}, plain[] = {0x81};
        struct fixture *f = *state;
        struct cadb_new_cert c = {
            .ca = f->root.id,
            .serial = {padded, 2},
            .subject = "",
        };
        struct err e = ERR_INIT;
        struct cadb_state s;

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_cert_add(f->db, &c, NOW, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        assert_int_equal(0, cadb_state_find(f->db, f->root.id,
                                (struct span){plain, 1}, &s, &e));
        assert_int_equal(1, cadb_state_find(f->db, f->root.id,
                                (struct span){padded, 2}, &s, &e));
}

/* Adds serial n under name; the failure stays in e. */
static int add(struct fixture *f, uint32_t n, const char *name, struct err *e)
{
        uint8_t storage[16];
        struct cadb_new_cert c = {
            .ca = f->root.id,
            .name = name,
            .serial = serial_of(storage, n),
            .subject = "CN=x",
        };

        return cadb_cert_add(f->db, &c, NOW, e);
}

static void a_taken_name_is_refused_and_the_transaction_goes_on(void **state)
{
        struct fixture *f = *state;
        struct cadb_cert cert;
        struct err e = ERR_INIT;

        fixture_issue(f->db, f->root.id, 1, "www");
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_int_equal(-1, add(f, 2, "www", &e));
        assert_int_equal(ERR_EXISTS, e.code);
        assert_says(&e, "www");
        assert_ok(add(f, 3, "mail", &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        assert_int_equal(1, cadb_cert_find_name(f->db, "mail", &cert, &e));
}

static void a_taken_serial_is_refused(void **state)
{
        struct fixture *f = *state;
        int64_t seq;
        struct err e = ERR_INIT;

        fixture_issue(f->db, f->root.id, 1, "www");
        seq = last_event(f);
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_int_equal(-1, add(f, 1, "mail", &e));
        assert_int_equal(ERR_EXISTS, e.code);
        assert_ok(cadb_commit(f->db, &e), &e);
        assert_int_equal(seq, last_event(f));
}

static void an_empty_or_giant_serial_is_refused(void **state)
{
        struct fixture *f = *state;
        uint8_t giant[65] = {1};
        struct cadb_new_cert c = {.ca = f->root.id, .subject = ""};
        struct err e = ERR_INIT;

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_int_equal(-1, cadb_cert_add(f->db, &c, NOW, &e));
        assert_int_equal(ERR_DATA, e.code);
        c.serial = (struct span){giant, sizeof(giant)};
        assert_int_equal(-1, cadb_cert_add(f->db, &c, NOW, &e));
        assert_int_equal(ERR_DATA, e.code);
        cadb_rollback(f->db);
}

/* ---- finding ------------------------------------------------------------ */

static void a_certificate_is_found_by_its_name(void **state)
{
        struct fixture *f = *state;
        struct cadb_cert cert;
        struct err e = ERR_INIT;
        uint8_t storage[16];
        struct span want = serial_of(storage, 1);

        fixture_issue(f->db, f->root.id, 1, "www");
        assert_int_equal(1, cadb_cert_find_name(f->db, "www", &cert, &e));
        assert_string_equal("www", cert.name);
        assert_string_equal("root", cert.ca_name);
        assert_string_equal("CN=somebody", cert.subject);
        assert_int_equal(f->root.id, cert.ca);
        assert_int_equal(NOW, cert.not_before);
        assert_true(
            span_equal(want, (struct span){cert.serial, cert.serial_len}));
        assert_int_equal(0, cadb_cert_find_name(f->db, "Www", &cert, &e));
}

static int64_t add_second_ca(struct fixture *f)
{
        struct err e = ERR_INIT;
        struct cadb_ca ca;

        fixture_fill_ca(&ca, "second");
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_ca_add(f->db, &ca, false, NOW, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        return ca.id;
}

static void a_serial_that_two_cas_issued_must_name_its_ca(void **state)
{
        struct fixture *f = *state;
        int64_t second = add_second_ca(f);
        struct cadb_cert cert;
        struct err e = ERR_INIT;
        uint8_t storage[16];
        struct span serial = serial_of(storage, 1);

        fixture_issue(f->db, second, 1, "b");
        assert_int_equal(1, cadb_cert_find_serial(f->db, 0, serial, &cert, &e));
        assert_string_equal("b", cert.name);
        fixture_issue(f->db, f->root.id, 1, "a");
        assert_int_equal(
            -1, cadb_cert_find_serial(f->db, 0, serial, &cert, &e));
        assert_int_equal(ERR_USAGE, e.code);
        assert_says(&e, "--ca");
        assert_int_equal(
            1, cadb_cert_find_serial(f->db, f->root.id, serial, &cert, &e));
        assert_string_equal("a", cert.name);
}

static void the_der_comes_back_as_it_was(void **state)
{
        struct fixture *f = *state;
        struct buf der = {0};
        struct err e = ERR_INIT;
        uint8_t storage[16];

        fixture_issue(f->db, f->root.id, 1, "www");
        assert_int_equal(1,
            cadb_cert_der(f->db, f->root.id, serial_of(storage, 1), &der, &e));
        assert_int_equal(700, der.len);
        assert_int_equal(0x31, der.data[699]);
        buf_release(&der);
}

static void a_der_that_was_not_kept_is_absent(void **state)
{
        struct fixture *f = *state;
        struct buf der = {0};
        struct err e = ERR_INIT;
        uint8_t storage[16];

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(add(f, 1, "www", &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        assert_int_equal(0,
            cadb_cert_der(f->db, f->root.id, serial_of(storage, 1), &der, &e));
}

/* ---- lists -------------------------------------------------------------- */

static int collect(void *arg, const struct cadb_cert *cert, struct err *e)
{
        (void)e;
        buf_printf(arg, "%s/%s ", cert->ca_name, cert->name);
        return 0;
}

static void certificates_come_in_order_of_issue(void **state)
{
        struct fixture *f = *state;
        int64_t second = add_second_ca(f);
        struct buf seen = {0};
        struct err e = ERR_INIT;

        fixture_issue(f->db, f->root.id, 9, "c");
        fixture_issue(f->db, second, 5, "a");
        fixture_issue(f->db, f->root.id, 1, NULL);
        assert_ok(cadb_cert_each(f->db, NULL, collect, &seen, &e), &e);
        assert_string_equal("root/c second/a root/ ", buf_text(&seen));
        buf_clear(&seen);
        assert_ok(cadb_cert_each(f->db, &(struct cadb_filter){.ca = second},
                      collect, &seen, &e),
            &e);
        assert_string_equal("second/a ", buf_text(&seen));
        buf_release(&seen);
}

static int refuse(void *arg, const struct cadb_cert *cert, struct err *e)
{
        (void)cert;
        ++*(int *)arg;
        return err_set(e, ERR_IO, "no more");
}

static void a_row_that_fails_ends_the_list(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        int calls = 0;

        fixture_issue(f->db, f->root.id, 1, "a");
        fixture_issue(f->db, f->root.id, 2, "b");
        assert_int_equal(-1, cadb_cert_each(f->db, NULL, refuse, &calls, &e));
        assert_int_equal(1, calls);
        assert_string_equal("no more", e.text);
}

struct nested {
        struct cadb *db;
        int64_t ca;
};

static int ask_others(void *arg, const struct cadb_cert *cert, struct err *e)
{
        struct nested *n = arg;
        struct span serial = {cert->serial, cert->serial_len};
        struct cadb_state s;

        if (cadb_state_find(n->db, n->ca, serial, &s, e) != 1)
                return -1;
        /* The question that is being answered right now. */
        assert_int_equal(-1, cadb_cert_each(n->db, NULL, ask_others, arg, e));
        assert_int_equal(ERR_INTERNAL, e->code);
        return 0;
}

static void a_row_may_ask_other_questions(void **state)
{
        struct fixture *f = *state;
        struct nested n = {f->db, f->root.id};
        struct err e = ERR_INIT;

        fixture_issue(f->db, f->root.id, 1, "a");
        fixture_issue(f->db, f->root.id, 2, "b");
        assert_ok(cadb_cert_each(f->db, NULL, ask_others, &n, &e), &e);
}

static int collect_revoked(
    void *arg, struct span serial, const struct cadb_state *s, struct err *e)
{
        (void)e;
        buf_printf(arg, "%d:%d ", serial.data[serial.len - 1], s->reason);
        return 0;
}

static void revoked_ones_come_in_order_of_serial(void **state)
{
        struct fixture *f = *state;
        int64_t second = add_second_ca(f);
        struct buf seen = {0};
        struct err e = ERR_INIT;
        uint32_t n;

        for (n = 5; n >= 1; n--)
                fixture_issue(f->db, f->root.id, n, NULL);
        fixture_issue(f->db, second, 9, NULL);
        fixture_revoke(f->db, second, 9, SUPERSEDED, T1);
        fixture_revoke(f->db, f->root.id, 5, SUPERSEDED, T1);
        fixture_revoke(f->db, f->root.id, 2, HOLD, T1);
        fixture_revoke(f->db, f->root.id, 3, NONE, T1);
        assert_ok(
            cadb_revoked_each(f->db, f->root.id, collect_revoked, &seen, &e),
            &e);
        assert_string_equal("2:6 3:-1 5:4 ", buf_text(&seen));
        buf_release(&seen);
}

static void a_commit_that_fails_changes_nothing_and_ends(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;

        assert_ok(cadb_begin(f->db, &e), &e);
        fixture_sql(f->db, "PRAGMA defer_foreign_keys = ON;"
                           " INSERT INTO signer (ca, state, path, version)"
                           " VALUES (999, 2, '', 1)");
        assert_int_equal(-1, cadb_commit(f->db, &e));
        fixture_issue(f->db, f->root.id, 1, "www");
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(an_issued_certificate_is_good),
            TEST(a_serial_never_issued_is_absent),
            TEST(another_ca_does_not_know_the_serial),
            TEST(a_serial_is_not_another_one_with_a_zero_in_front),
            TEST(a_taken_name_is_refused_and_the_transaction_goes_on),
            TEST(a_taken_serial_is_refused),
            TEST(an_empty_or_giant_serial_is_refused),
            TEST(a_certificate_is_found_by_its_name),
            TEST(a_serial_that_two_cas_issued_must_name_its_ca),
            TEST(the_der_comes_back_as_it_was),
            TEST(a_der_that_was_not_kept_is_absent),
            TEST(certificates_come_in_order_of_issue),
            TEST(a_row_that_fails_ends_the_list),
            TEST(a_row_may_ask_other_questions),
            TEST(revoked_ones_come_in_order_of_serial),
            TEST(a_commit_that_fails_changes_nothing_and_ends),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
