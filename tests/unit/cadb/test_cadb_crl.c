/* What full and delta CRLs list. */
#include "fixture.h"

enum { NOW = 1800000000, SUPERSEDED = 4, HOLD = 6, SERIALS = 8 };

static uint64_t number(struct fixture *f, uint64_t base)
{
        struct err e = ERR_INIT;
        uint64_t n;

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(
            cadb_crl_number(f->db, f->root.id, base, NOW + 5, &n, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        return n;
}

static int64_t base_version(struct fixture *f)
{
        struct cadb_crl crl;
        struct err e = ERR_INIT;

        assert_int_equal(
            1, cadb_crl_full(f->db, f->root.id, number(f, 0), &crl, &e));
        return crl.version;
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
        assert_int_equal(CADB_CHANGED, change);
        assert_ok(cadb_commit(f->db, &e), &e);
}

static void import(struct fixture *f, uint32_t n, struct cadb_state state)
{
        enum cadb_import_change change;
        struct err e = ERR_INIT;
        uint8_t storage[16];
        struct cadb_imported c = {.ca = f->root.id, .state = state};

        c.serial = serial_of(storage, n);
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_cert_import(f->db, &c, NOW, &change, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
}

/* The letter of each serial that the delta lists: r revoked, h hold, x
 * released, - not listed. */
struct delta {
        char letters[SERIALS + 1];
        uint32_t last;
};

static int note(
    void *arg, struct span serial, const struct cadb_state *s, struct err *e)
{
        struct delta *d = arg;
        uint32_t n = serial.data[15];

        (void)e;
        assert_int_equal(16, serial.len);
        assert_true(n < SERIALS && (d->last == UINT32_MAX || n > d->last));
        d->last = n;
        if (s->status == CADB_GOOD)
                d->letters[n] = 'x';
        else
                d->letters[n] = s->reason == HOLD ? 'h' : 'r';
        return 0;
}

static void assert_delta(struct fixture *f, int64_t since, const char *expected)
{
        struct delta d = {.letters = "--------", .last = UINT32_MAX};
        struct err e = ERR_INIT;

        assert_ok(
            cadb_changed_each(f->db, f->root.id, since, note, &d, &e), &e);
        assert_string_equal(expected, d.letters);
}

static void issue_all(struct fixture *f)
{
        uint32_t n;

        for (n = 0; n < SERIALS; n++)
                fixture_issue(f->db, f->root.id, n, NULL);
}

static void a_delta_lists_what_was_revoked_since(void **state)
{
        struct fixture *f = *state;
        int64_t base;

        issue_all(f);
        fixture_revoke(f->db, f->root.id, 1, SUPERSEDED, NOW);
        base = base_version(f);
        assert_delta(f, base, "--------");
        fixture_revoke(f->db, f->root.id, 5, SUPERSEDED, NOW);
        fixture_revoke(f->db, f->root.id, 2, HOLD, NOW);
        assert_delta(f, base, "--h--r--");
}

static void a_hold_of_the_base_that_was_released_is_removed(void **state)
{
        struct fixture *f = *state;
        int64_t base;

        issue_all(f);
        fixture_revoke(f->db, f->root.id, 3, HOLD, NOW);
        base = base_version(f);
        release(f, 3);
        assert_delta(f, base, "---x----");
        assert_delta(f, base_version(f), "--------");
}

/* RFC 5280 section 5.2.4: a delta in between may have listed it. */
static void a_hold_that_came_and_went_is_removed_too(void **state)
{
        struct fixture *f = *state;
        int64_t base;

        issue_all(f);
        base = base_version(f);
        fixture_revoke(f->db, f->root.id, 3, HOLD, NOW);
        release(f, 3);
        assert_delta(f, base, "---x----");
}

static void a_hold_that_became_final_is_revoked(void **state)
{
        struct fixture *f = *state;
        int64_t base;

        issue_all(f);
        fixture_revoke(f->db, f->root.id, 3, HOLD, NOW);
        fixture_revoke(f->db, f->root.id, 4, HOLD, NOW);
        base = base_version(f);
        fixture_revoke(f->db, f->root.id, 3, SUPERSEDED, NOW);
        release(f, 4);
        fixture_revoke(f->db, f->root.id, 4, SUPERSEDED, NOW);
        assert_delta(f, base, "---rr---");
}

static void imported_changes_are_listed_and_imported_good_ones_not(void **state)
{
        struct cadb_state good = {.status = CADB_GOOD, .reason = -1};
        struct cadb_state gone = {
            .status = CADB_REVOKED, .reason = SUPERSEDED, .revoked_at = NOW};
        struct fixture *f = *state;
        int64_t base;

        fixture_issue(f->db, f->root.id, 0, NULL);
        fixture_issue(f->db, f->root.id, 1, NULL);
        fixture_revoke(f->db, f->root.id, 1, HOLD, NOW);
        base = base_version(f);
        import(f, 0, gone);
        import(f, 1, good);
        import(f, 2, good);
        import(f, 3, gone);
        assert_delta(f, base, "rx-r----");
}

static void issuing_and_another_ca_are_no_change(void **state)
{
        struct fixture *f = *state;
        struct cadb_ca other;
        struct err e = ERR_INIT;
        int64_t base;

        fixture_fill_ca(&other, "other");
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_ca_add(f->db, &other, false, NOW, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        issue_all(f);
        fixture_revoke(f->db, f->root.id, 1, SUPERSEDED, NOW);
        base = base_version(f);
        fixture_issue(f->db, f->root.id, 100, NULL);
        fixture_issue(f->db, other.id, 1, NULL);
        fixture_revoke(f->db, other.id, 1, SUPERSEDED, NOW);
        assert_delta(f, base, "--------");
}

/* ---- every order of four changes ----------------------------------------- */

enum { STEPS = 4, CHANGES = 6, ORDERS = 6 * 6 * 6 * 6 };

/* One that is forbidden changes nothing. */
static void change(struct fixture *f, uint32_t n, uint32_t what)
{
        static const struct cadb_state imported[] = {
            {.status = CADB_GOOD, .reason = -1},
            {.status = CADB_REVOKED, .reason = HOLD, .revoked_at = NOW},
            {.status = CADB_REVOKED, .reason = SUPERSEDED, .revoked_at = NOW},
        };
        struct cadb_revocation r = {
            .reason = what == 0 ? HOLD : SUPERSEDED, .revoked_at = NOW};
        struct cadb_imported c = {.ca = f->root.id};
        enum cadb_import_change import_change;
        enum cadb_change change;
        struct err e = ERR_INIT;
        uint8_t storage[16];

        c.serial = serial_of(storage, n);
        if (what == 2) {
                assert_ok(
                    cadb_release(f->db, c.ca, c.serial, NOW, &change, &e), &e);
        } else if (what < 2) {
                assert_ok(
                    cadb_revoke(f->db, c.ca, c.serial, &r, NOW, &change, &e),
                    &e);
        } else {
                c.state = imported[what - 3];
                assert_ok(
                    cadb_cert_import(f->db, &c, NOW, &import_change, &e), &e);
        }
}

/* The letter of each serial, as above. */
static int note_letter(
    void *arg, struct span serial, const struct cadb_state *s, struct err *e)
{
        char *letter = (char *)arg + (serial.data[14] << 8 | serial.data[15]);

        (void)e;
        if (s->status == CADB_GOOD)
                *letter = 'x';
        else
                *letter = s->reason == HOLD ? 'h' : 'r';
        return 0;
}

/* Serial n goes through the changes that its digits to the base 6 name; lists
 * gets what a full CRL says before each, and at the end. */
static void run_all(struct fixture *f, char lists[STEPS + 1][ORDERS],
    int64_t versions[STEPS + 1])
{
        struct err e = ERR_INIT;
        uint32_t n, step, divisor = 1;

        for (step = 0; step <= STEPS; step++) {
                memset(lists[step], '-', ORDERS);
                assert_ok(cadb_revoked_each(
                              f->db, f->root.id, note_letter, lists[step], &e),
                    &e);
                versions[step] = base_version(f);
                if (step == STEPS)
                        return;
                assert_ok(cadb_begin(f->db, &e), &e);
                for (n = 0; n < ORDERS; n++)
                        change(f, n, n / divisor % CHANGES);
                assert_ok(cadb_commit(f->db, &e), &e);
                divisor *= CHANGES;
        }
}

/* RFC 5280 section 5.2.4: a delta goes with its base and with every later
 * list, which may have come from a delta of its own. */
static void a_delta_leads_from_every_later_list_to_now(void **state)
{
        static char lists[STEPS + 1][ORDERS], delta[ORDERS];
        int64_t versions[STEPS + 1];
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        int base, had, n;

        assert_ok(cadb_begin(f->db, &e), &e);
        for (n = 0; n < ORDERS; n++)
                change(f, (uint32_t)n, 3); /* there, and good */
        assert_ok(cadb_commit(f->db, &e), &e);
        run_all(f, lists, versions);
        for (base = 0; base <= STEPS; base++) {
                memset(delta, '.', ORDERS);
                assert_ok(cadb_changed_each(f->db, f->root.id, versions[base],
                              note_letter, delta, &e),
                    &e);
                for (had = base; had <= STEPS; had++)
                        for (n = 0; n < ORDERS; n++) {
                                char now = delta[n] == 'x'   ? '-'
                                           : delta[n] == '.' ? lists[had][n]
                                                             : delta[n];

                                if (now != lists[STEPS][n])
                                        fail_msg("order %d, base %d, had %d", n,
                                            base, had);
                        }
        }
}

static void numbers_grow_and_full_ones_are_known(void **state)
{
        struct fixture *f = *state;
        struct cadb_crl crl;
        struct err e = ERR_INIT;
        int64_t seq;

        assert_int_equal(0, cadb_crl_full(f->db, f->root.id, 1, &crl, &e));
        assert_int_equal(1, number(f, 0));
        assert_int_equal(2, number(f, 0));
        assert_ok(cadb_last_event(f->db, &seq, &e), &e);
        assert_int_equal(3, number(f, 2));
        assert_int_equal(4, number(f, 2));
        assert_int_equal(0, cadb_crl_full(f->db, f->root.id, 4, &crl, &e));
        assert_int_equal(1, cadb_crl_full(f->db, f->root.id, 2, &crl, &e));
        assert_int_equal(2, crl.number);
        assert_int_equal(0, crl.base);
        assert_int_equal(seq, crl.version);
        assert_int_equal(NOW + 5, crl.made_at);
}

static void imported_numbers_are_counted_on_from(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        uint64_t last;

        assert_ok(cadb_crl_last(f->db, f->root.id, &last, &e), &e);
        assert_int_equal(0, last);
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_crl_imported(f->db, f->root.id, 41, false, NOW, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        assert_ok(cadb_crl_last(f->db, f->root.id, &last, &e), &e);
        assert_int_equal(41, last);
        assert_int_equal(42, number(f, 0));
}

static int keep_detail(void *arg, const struct cadb_event *ev, struct err *e)
{
        (void)e;
        memcpy(arg, ev->detail, sizeof(ev->detail));
        return 0;
}

static void the_trail_tells_the_numbers(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        char last[160];

        number(f, 0);
        assert_ok(cadb_event_each(f->db, 0, keep_detail, last, &e), &e);
        assert_string_equal("1", last);
        number(f, 1);
        assert_ok(cadb_event_each(f->db, 0, keep_detail, last, &e), &e);
        assert_string_equal("2 over 1", last);
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(a_delta_lists_what_was_revoked_since),
            TEST(a_hold_of_the_base_that_was_released_is_removed),
            TEST(a_hold_that_came_and_went_is_removed_too),
            TEST(a_hold_that_became_final_is_revoked),
            TEST(imported_changes_are_listed_and_imported_good_ones_not),
            TEST(issuing_and_another_ca_are_no_change),
            TEST(a_delta_leads_from_every_later_list_to_now),
            TEST(numbers_grow_and_full_ones_are_known),
            TEST(imported_numbers_are_counted_on_from),
            TEST(the_trail_tells_the_numbers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
