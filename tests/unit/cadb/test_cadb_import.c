/* Rows that come from elsewhere. */
#include "fixture.h"

#include <stdio.h>

enum { NOW = 1800000000, YEAR = 365 * 86400, KEY_COMPROMISE = 1, HOLD = 6 };

static const struct cadb_state good = {.status = CADB_GOOD, .reason = -1};
static const struct cadb_state gone = {
    .status = CADB_REVOKED,
    .reason = KEY_COMPROMISE,
    .revoked_at = NOW - 50,
    .invalidity_at = NOW - 90,
};
static const struct cadb_state held = {
    .status = CADB_REVOKED, .reason = HOLD, .revoked_at = NOW - 50};

/* As an index.txt tells of a certificate. */
static struct cadb_imported row(
    const struct fixture *f, uint8_t storage[16], uint32_t n)
{
        return (struct cadb_imported){
            .ca = f->root.id,
            .serial = serial_of(storage, n),
            .subject = "CN=elsewhere",
            .not_after = NOW + YEAR,
            .state = good,
        };
}

static enum cadb_import_change import(
    struct fixture *f, const struct cadb_imported *c)
{
        enum cadb_import_change change;
        struct err e = ERR_INIT;

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_cert_import(f->db, c, NOW, &change, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        return change;
}

static struct cadb_cert cert_of(struct fixture *f, uint32_t n)
{
        struct cadb_cert cert;
        struct err e = ERR_INIT;
        uint8_t storage[16];

        if (cadb_cert_find_serial(
                f->db, f->root.id, serial_of(storage, n), &cert, &e) != 1)
                fail_msg("serial %u: %s", n, e.text);
        return cert;
}

static int keep(void *arg, const struct cadb_event *ev, struct err *e)
{
        (void)e;
        *(struct cadb_event *)arg = *ev;
        return 0;
}

static struct cadb_event last_event(struct fixture *f)
{
        struct cadb_event ev = {.seq = 0};
        struct err e = ERR_INIT;

        assert_ok(cadb_event_each(f->db, 0, keep, &ev, &e), &e);
        return ev;
}

static void assert_event(
    struct fixture *f, const char *name, const char *detail)
{
        struct cadb_event ev = last_event(f);

        assert_string_equal("import", ev.kind);
        assert_string_equal("root", ev.ca_name);
        assert_string_equal(name, ev.name);
        assert_string_equal(detail, ev.detail);
}

/* ---- new rows ------------------------------------------------------------ */

static void an_unknown_good_one_is_added(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16];
        struct cadb_imported c = row(f, storage, 1);
        struct cadb_cert cert;
        struct buf der = {0};
        struct err e = ERR_INIT;

        c.name = "www";
        assert_int_equal(CADB_IMPORT_ADDED, import(f, &c));
        cert = cert_of(f, 1);
        assert_string_equal("www", cert.name);
        assert_string_equal("CN=elsewhere", cert.subject);
        assert_int_equal(CADB_GOOD, cert.state.status);
        assert_int_equal(-1, cert.state.reason);
        assert_int_equal(NOW + YEAR, cert.state.not_after);
        assert_int_equal(last_event(f).seq, cert.state.version);
        assert_int_equal(
            0, cadb_cert_der(f->db, f->root.id, c.serial, &der, &e));
        assert_event(f, "www", "good");
}

static void an_unknown_revoked_one_is_added_as_it_is(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16];
        struct cadb_imported c = row(f, storage, 1);
        struct cadb_state s;

        c.state = gone;
        assert_int_equal(CADB_IMPORT_ADDED, import(f, &c));
        s = fixture_state(f->db, f->root.id, 1);
        assert_int_equal(CADB_REVOKED, s.status);
        assert_int_equal(KEY_COMPROMISE, s.reason);
        assert_int_equal(NOW - 50, s.revoked_at);
        assert_int_equal(NOW - 90, s.invalidity_at);
        assert_event(f, "", "keyCompromise");
}

static void unspecified_is_kept_as_none(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16];
        struct cadb_imported c = row(f, storage, 1);

        c.state = gone;
        c.state.reason = 0;
        assert_int_equal(CADB_IMPORT_ADDED, import(f, &c));
        assert_int_equal(-1, fixture_state(f->db, f->root.id, 1).reason);
        assert_event(f, "", "revoked");
        assert_int_equal(CADB_IMPORT_SAME, import(f, &c));
}

static void a_taken_name_is_dropped(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16];
        struct cadb_imported c = row(f, storage, 1);

        fixture_issue(f->db, f->root.id, 7, "www");
        c.name = "www";
        assert_int_equal(CADB_IMPORT_ADDED, import(f, &c));
        assert_string_equal("", cert_of(f, 1).name);
        assert_string_equal("www", cert_of(f, 7).name);
        assert_int_equal(CADB_IMPORT_SAME, import(f, &c));
}

/* A CRL names serials and nothing else. */
static void a_bare_serial_has_no_subject_and_no_end(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16];
        struct cadb_imported c = {.ca = f->root.id, .state = gone};
        struct cadb_cert cert;

        c.serial = serial_of(storage, 1);
        assert_int_equal(CADB_IMPORT_ADDED, import(f, &c));
        cert = cert_of(f, 1);
        assert_string_equal("", cert.subject);
        assert_int_equal(0, cert.not_before);
        assert_int_equal(INT64_C(253402300799), cert.state.not_after);
        assert_int_equal(CADB_IMPORT_SAME, import(f, &c));
}

/* ---- known ones ---------------------------------------------------------- */

static void the_same_again_changes_nothing(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16];
        struct cadb_imported c = row(f, storage, 1);
        int64_t seq;

        c.name = "www";
        c.state = gone;
        import(f, &c);
        seq = last_event(f).seq;
        assert_int_equal(CADB_IMPORT_SAME, import(f, &c));
        assert_int_equal(seq, last_event(f).seq);
        assert_int_equal(seq, fixture_state(f->db, f->root.id, 1).version);
}

static void a_revocation_there_is_one_here(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16];
        struct cadb_imported c = row(f, storage, 1);
        struct cadb_state s;

        fixture_issue(f->db, f->root.id, 1, "www");
        c.state = gone;
        assert_int_equal(CADB_IMPORT_CHANGED, import(f, &c));
        s = fixture_state(f->db, f->root.id, 1);
        assert_int_equal(CADB_REVOKED, s.status);
        assert_int_equal(last_event(f).seq, s.version);
        assert_event(f, "www", "keyCompromise");
}

static void a_release_there_is_one_here(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16];
        struct cadb_imported c = row(f, storage, 1);
        struct cadb_state s;

        c.state = held;
        import(f, &c);
        c.state = good;
        assert_int_equal(CADB_IMPORT_CHANGED, import(f, &c));
        s = fixture_state(f->db, f->root.id, 1);
        assert_int_equal(CADB_GOOD, s.status);
        assert_int_equal(0, s.revoked_at);
        assert_event(f, "", "released");
}

static void where_it_comes_from_may_take_a_revocation_back(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16];
        struct cadb_imported c = row(f, storage, 1);

        c.state = gone;
        import(f, &c);
        c.state = good;
        assert_int_equal(CADB_IMPORT_CHANGED, import(f, &c));
        assert_int_equal(CADB_GOOD, fixture_state(f->db, f->root.id, 1).status);
}

static void a_certificate_file_leaves_the_state(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16], octets[] = {0x30, 0x00};
        struct cadb_imported c = row(f, storage, 1);
        struct buf der = {0};
        struct err e = ERR_INIT;
        struct cadb_cert cert;

        c.state = gone;
        c.subject = NULL;
        import(f, &c);
        c = row(f, storage, 1);
        c.keep_state = true;
        c.der = (struct span){octets, 2};
        c.not_before = NOW - 5;
        c.name = "www";
        assert_int_equal(CADB_IMPORT_CHANGED, import(f, &c));
        cert = cert_of(f, 1);
        assert_int_equal(CADB_REVOKED, cert.state.status);
        assert_int_equal(KEY_COMPROMISE, cert.state.reason);
        assert_string_equal("www", cert.name);
        assert_string_equal("CN=elsewhere", cert.subject);
        assert_int_equal(NOW - 5, cert.not_before);
        assert_int_equal(
            1, cadb_cert_der(f->db, f->root.id, c.serial, &der, &e));
        assert_int_equal(2, der.len);
        buf_release(&der);
        assert_int_equal(CADB_IMPORT_SAME, import(f, &c));
}

static void a_new_certificate_file_is_good(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16];
        struct cadb_imported c = row(f, storage, 1);

        c.keep_state = true;
        assert_int_equal(CADB_IMPORT_ADDED, import(f, &c));
        assert_int_equal(CADB_GOOD, fixture_state(f->db, f->root.id, 1).status);
}

static void what_is_unknown_stays(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16];
        struct cadb_imported c = {.ca = f->root.id, .state = gone};
        struct cadb_cert cert;

        fixture_issue(f->db, f->root.id, 1, "www");
        c.serial = serial_of(storage, 1);
        assert_int_equal(CADB_IMPORT_CHANGED, import(f, &c));
        cert = cert_of(f, 1);
        assert_string_equal("www", cert.name);
        assert_string_equal("CN=somebody", cert.subject);
        assert_int_equal(NOW, cert.not_before);
        assert_int_equal(NOW + YEAR, cert.state.not_after);
}

static void a_known_name_stays(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16];
        struct cadb_imported c = row(f, storage, 1);

        fixture_issue(f->db, f->root.id, 1, "www");
        c.name = "other";
        assert_int_equal(CADB_IMPORT_SAME, import(f, &c));
        assert_string_equal("www", cert_of(f, 1).name);
}

/* ---- refusals ------------------------------------------------------------ */

static void what_is_no_reason_or_serial_is_refused(void **state)
{
        struct fixture *f = *state;
        uint8_t storage[16], octets[65] = {1};
        struct cadb_imported c = row(f, storage, 1);
        enum cadb_import_change change;
        struct err e = ERR_INIT;

        c.state = gone;
        assert_ok(cadb_begin(f->db, &e), &e);
        c.state.reason = 8;
        assert_int_equal(-1, cadb_cert_import(f->db, &c, NOW, &change, &e));
        assert_int_equal(ERR_USAGE, e.code);
        c.state.reason = 7;
        assert_int_equal(-1, cadb_cert_import(f->db, &c, NOW, &change, &e));
        assert_int_equal(ERR_USAGE, e.code);
        c.state.reason = 1;
        c.serial = (struct span){octets, 65};
        assert_int_equal(-1, cadb_cert_import(f->db, &c, NOW, &change, &e));
        assert_int_equal(ERR_DATA, e.code);
        c.serial.len = 0;
        assert_int_equal(-1, cadb_cert_import(f->db, &c, NOW, &change, &e));
        cadb_rollback(f->db);
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(an_unknown_good_one_is_added),
            TEST(an_unknown_revoked_one_is_added_as_it_is),
            TEST(unspecified_is_kept_as_none),
            TEST(a_taken_name_is_dropped),
            TEST(a_bare_serial_has_no_subject_and_no_end),
            TEST(the_same_again_changes_nothing),
            TEST(a_revocation_there_is_one_here),
            TEST(a_release_there_is_one_here),
            TEST(where_it_comes_from_may_take_a_revocation_back),
            TEST(a_certificate_file_leaves_the_state),
            TEST(a_new_certificate_file_is_good),
            TEST(what_is_unknown_stays),
            TEST(a_known_name_stays),
            TEST(what_is_no_reason_or_serial_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
