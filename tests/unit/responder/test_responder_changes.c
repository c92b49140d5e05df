/* What concerns which answer, told from the trail of a real database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cadb/write.h"
#include "responder/changes.h"

enum { NOW = 1800000000, DAY = 86400 };

#define OK(call)                                                               \
        do {                                                                   \
                struct err e = ERR_INIT;                                       \
                if ((call) != 0)                                               \
                        fail_msg("%s: %s", #call, e.text);                     \
        } while (0)

/* ---- a lab with a CA --------------------------------------------------- */

struct lab {
        char dir[64];
        struct cadb *write, *read;
        int64_t ca;
        struct changes changes;
};

static int setup(void **state)
{
        struct lab *lab = calloc(1, sizeof(*lab));
        struct cadb_settings s = {.temporary = true};
        struct cadb_ca ca = {.name = "root",
            .der_len = 1,
            .not_before = NOW - DAY,
            .not_after = NOW + DAY};

        assert_non_null(lab);
        strcpy(lab->dir, "/tmp/changes.XXXXXX");
        assert_non_null(mkdtemp(lab->dir));
        OK(cadb_create(lab->dir, &s, &lab->write, &e));
        OK(cadb_publish(lab->write, &e));
        OK(cadb_open_write(lab->dir, &lab->write, &e));
        OK(cadb_begin(lab->write, &e));
        OK(cadb_ca_add(lab->write, &ca, true, NOW, &e));
        OK(cadb_commit(lab->write, &e));
        OK(cadb_open(lab->dir, &lab->read, &e));
        lab->ca = ca.id;
        *state = lab;
        return 0;
}

static int teardown(void **state)
{
        struct lab *lab = *state;

        cadb_close(lab->read);
        cadb_close(lab->write);
        file_remove_tree(lab->dir, NULL);
        free(lab);
        return 0;
}

static struct span serial_of(int n, uint8_t octets[4])
{
        octets[0] = 0x40;
        octets[1] = (uint8_t)(n >> 16);
        octets[2] = (uint8_t)(n >> 8);
        octets[3] = (uint8_t)n;
        return (struct span){octets, 4};
}

static void issue(struct lab *lab, int n)
{
        uint8_t octets[4];
        struct cadb_new_cert c = {.ca = lab->ca,
            .serial = serial_of(n, octets),
            .subject = "CN=www",
            .not_before = NOW,
            .not_after = NOW + DAY};

        OK(cadb_cert_add(lab->write, &c, NOW, &e));
}

static void hold(struct lab *lab, int n)
{
        struct cadb_revocation r = {.reason = 6, .revoked_at = NOW};
        enum cadb_change change;
        uint8_t octets[4];

        OK(cadb_revoke(
            lab->write, lab->ca, serial_of(n, octets), &r, NOW, &change, &e));
        assert_int_equal(change, CADB_CHANGED);
}

static void release(struct lab *lab, int n)
{
        enum cadb_change change;
        uint8_t octets[4];

        OK(cadb_release(
            lab->write, lab->ca, serial_of(n, octets), NOW, &change, &e));
        assert_int_equal(change, CADB_CHANGED);
}

static void import(struct lab *lab, int n)
{
        uint8_t octets[4];
        enum cadb_import_change change;
        struct cadb_imported c = {.ca = lab->ca,
            .serial = serial_of(n, octets),
            .state = {.status = CADB_REVOKED, .reason = 1, .revoked_at = NOW}};

        OK(cadb_cert_import(lab->write, &c, NOW, &change, &e));
        assert_int_not_equal(change, CADB_IMPORT_SAME);
}

/* Number of the last event before and after. */
static int64_t read_on(struct lab *lab)
{
        OK(changes_read(&lab->changes, lab->read, &e));
        return lab->changes.last;
}

static bool spared(const struct lab *lab, int64_t seen, int n)
{
        uint8_t octets[4];

        return changes_spare(&lab->changes, seen, serial_of(n, octets));
}

/* Certificates 1 to 9, all that has happened looked at. */
static int64_t some_issued(struct lab *lab)
{
        int n;

        OK(cadb_begin(lab->write, &e));
        for (n = 1; n < 10; n++)
                issue(lab, n);
        OK(cadb_commit(lab->write, &e));
        return read_on(lab);
}

#define COMMIT(change)                                                         \
        do {                                                                   \
                OK(cadb_begin(lab->write, &e));                                \
                change;                                                        \
                OK(cadb_commit(lab->write, &e));                               \
        } while (0)

/* ---- tests ------------------------------------------------------------- */

static void nothing_is_spared_before_it_was_read(void **state)
{
        struct lab *lab = *state;

        assert_false(spared(lab, 0, 1));
        assert_false(spared(lab, INT64_MAX, 1));
        assert_int_equal(lab->changes.last, 0);
}

static void what_was_before_the_first_look_is_not_known(void **state)
{
        struct lab *lab = *state;
        int64_t seen = some_issued(lab);

        assert_true(seen > 0);
        assert_true(spared(lab, seen, 1));
        assert_false(spared(lab, seen - 1, 1));
        assert_false(spared(lab, 0, 77));
}

static void every_change_of_a_certificate_concerns_it_alone(void **state)
{
        struct lab *lab = *state;
        int64_t seen = some_issued(lab);
        int n;

        COMMIT(hold(lab, 1));
        COMMIT(hold(lab, 2); hold(lab, 3); release(lab, 3));
        COMMIT(import(lab, 4); import(lab, 20));
        COMMIT(issue(lab, 21));
        assert_int_equal(read_on(lab), seen + 7);
        for (n = 1; n <= 4; n++)
                assert_false(spared(lab, seen, n));
        for (n = 5; n <= 9; n++)
                assert_true(spared(lab, seen, n));
        /* Unknown until then, by an answer that is kept. */
        assert_false(spared(lab, seen, 20));
        assert_false(spared(lab, seen, 21));
        assert_true(spared(lab, seen, 22));
        assert_true(spared(lab, seen + 7, 1));
        /* As of the hold of 1, and as of the one of 2. */
        assert_true(spared(lab, seen + 1, 1));
        assert_false(spared(lab, seen + 1, 2));
        assert_true(spared(lab, seen + 2, 2));
}

static void certificate_that_steps_aside_is_concerned(void **state)
{
        struct lab *lab = *state;
        int64_t seen = some_issued(lab);
        char aside[CADB_NAME_MAX + 1];
        uint8_t octets[4];
        struct cadb_new_cert c = {.ca = lab->ca,
            .serial = serial_of(30, octets),
            .name = "www",
            .subject = "CN=www",
            .not_before = NOW,
            .not_after = NOW + DAY};

        COMMIT(OK(cadb_cert_add(lab->write, &c, NOW, &e)));
        COMMIT(OK(cadb_cert_step_aside(lab->write, "www", NOW, aside, &e)));
        assert_int_equal(read_on(lab), seen + 2);
        assert_false(spared(lab, seen + 1, 30));
        assert_true(spared(lab, seen + 1, 1));
}

/* Its event has a serial, the signer's own. */
static void new_signer_concerns_all(void **state)
{
        struct lab *lab = *state;
        int64_t seen = some_issued(lab);
        uint8_t octets[4];
        struct cadb_signer s = {.ca = lab->ca,
            .serial = serial_of(40, octets),
            .der = {octets, 1},
            .path = "responder/40.pem",
            .not_before = NOW,
            .not_after = NOW + DAY};

        COMMIT(OK(cadb_signer_add(lab->write, &s, NOW, &e)));
        assert_int_equal(read_on(lab), seen + 1);
        assert_false(spared(lab, seen, 1));
        assert_false(spared(lab, seen, 40));
        assert_true(spared(lab, seen + 1, 1));
}

static void event_of_another_kind_concerns_all(void **state)
{
        struct lab *lab = *state;
        int64_t seen = some_issued(lab);

        COMMIT(OK(cadb_event_add(lab->write, "clock", "+8d", NOW, &e)));
        assert_int_equal(read_on(lab), seen + 1);
        assert_false(spared(lab, seen, 1));
}

static void oldest_of_many_changes_are_forgotten(void **state)
{
        struct lab *lab = *state;
        int64_t seen = some_issued(lab);
        int i;

        for (i = 0; i < CHANGES_MAX; i++) {
                COMMIT(i % 2 == 0 ? hold(lab, 1) : release(lab, 1));
                read_on(lab);
        }
        assert_true(spared(lab, seen, 2));
        COMMIT(hold(lab, 3));
        read_on(lab);
        assert_false(spared(lab, seen, 2));
        assert_true(spared(lab, seen + 1, 2));
        assert_false(spared(lab, seen + 1, 1));
        assert_false(spared(lab, seen + 1, 3));
        assert_true(spared(lab, seen + CHANGES_MAX, 1));
}

static void too_many_changes_at_once_are_not_read(void **state)
{
        struct lab *lab = *state;
        int64_t seen = some_issued(lab), last;
        int i;

        OK(cadb_begin(lab->write, &e));
        for (i = 0; i <= CHANGES_MAX; i++)
                issue(lab, 100 + i);
        OK(cadb_commit(lab->write, &e));
        last = read_on(lab);
        assert_int_equal(last, seen + CHANGES_MAX + 1);
        assert_int_equal(lab->changes.len, 0);
        assert_false(spared(lab, seen, 1));
        assert_false(spared(lab, last - 1, 1));
        assert_true(spared(lab, last, 1));
}

/* By another thread, that has read further. */
static void what_was_right_later_is_right(void **state)
{
        struct lab *lab = *state;
        int64_t seen = some_issued(lab);

        assert_true(spared(lab, seen + 5, 1));
}

static void what_is_forgotten_is_not_known_until_it_is_read(void **state)
{
        struct lab *lab = *state;
        int64_t seen = some_issued(lab);

        changes_forget(&lab->changes);
        assert_false(spared(lab, seen, 1));
        assert_int_equal(lab->changes.last, 0);
        assert_int_equal(read_on(lab), seen);
        assert_true(spared(lab, seen, 1));
        COMMIT(hold(lab, 1));
        read_on(lab);
        assert_false(spared(lab, seen, 1));
        assert_true(spared(lab, seen, 2));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(nothing_is_spared_before_it_was_read),
            TEST(what_was_before_the_first_look_is_not_known),
            TEST(every_change_of_a_certificate_concerns_it_alone),
            TEST(certificate_that_steps_aside_is_concerned),
            TEST(new_signer_concerns_all),
            TEST(event_of_another_kind_concerns_all),
            TEST(oldest_of_many_changes_are_forgotten),
            TEST(too_many_changes_at_once_are_not_read),
            TEST(what_was_right_later_is_right),
            TEST(what_is_forgotten_is_not_known_until_it_is_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
