/* Rows that a thread keeps: found by CA and serial, and never another's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "responder/rows.h"

static struct span serial_of(uint32_t n, uint8_t octets[4])
{
        memcpy(octets, &n, 4);
        return (struct span){octets, 4};
}

static int setup(void **state)
{
        struct err e = ERR_INIT;

        return rows_new((struct rows **)state, &e);
}

static int teardown(void **state)
{
        rows_free(*state);
        return 0;
}

static void test_empty(void **state)
{
        uint8_t octets[4];

        assert_null(rows_find(*state, 1, serial_of(1, octets)));
        assert_null(rows_find(*state, 0, (struct span){octets, 0}));
}

static void test_by_ca_and_serial(void **state)
{
        const struct cadb_state s = {.status = CADB_REVOKED, .version = 9};
        struct kept_row *k;
        uint8_t octets[4];

        rows_put(*state, 1, serial_of(5, octets), &s, 3, 8);
        k = rows_find(*state, 1, serial_of(5, octets));
        assert_non_null(k);
        assert_int_equal(k->state.status, CADB_REVOKED);
        assert_int_equal(k->state.version, 9);
        assert_int_equal(k->epoch, 3);
        assert_int_equal(k->seen, 8);
        assert_null(rows_find(*state, 2, serial_of(5, octets)));
        assert_null(rows_find(*state, 1, serial_of(6, octets)));
        assert_null(rows_find(*state, 1, (struct span){octets, 3}));
}

static void test_replaced(void **state)
{
        const struct cadb_state good = {.status = CADB_GOOD};
        const struct cadb_state held = {.status = CADB_REVOKED};
        uint8_t octets[4];

        rows_put(*state, 1, serial_of(5, octets), &good, 1, 1);
        rows_put(*state, 1, serial_of(5, octets), &held, 2, 2);
        assert_int_equal(
            rows_find(*state, 1, serial_of(5, octets))->state.status,
            CADB_REVOKED);
}

/* More than there are places: what is found is always the right one. */
static void test_crowd(void **state)
{
        enum { PLACES = ROWS_SETS * ROWS_WAYS, CROWD = 4 * PLACES };
        uint8_t octets[4];
        uint32_t i, found = 0;

        for (i = 0; i < CROWD; i++) {
                const struct cadb_state s = {.version = i};
                rows_put(*state, 1, serial_of(i, octets), &s, 1, 1);
        }
        for (i = 0; i < CROWD; i++) {
                struct kept_row *k = rows_find(*state, 1, serial_of(i, octets));
                if (k == NULL)
                        continue;
                assert_int_equal(k->state.version, i);
                found++;
        }
        assert_in_range(found, PLACES * 9 / 10, PLACES);
}

static void test_long_serials(void **state)
{
        const struct cadb_state s = {.version = 1};
        uint8_t octets[ROWS_SERIAL_MAX + 1];

        memset(octets, 7, sizeof(octets));
        rows_put(*state, 1, (struct span){octets, sizeof(octets)}, &s, 1, 1);
        assert_null(
            rows_find(*state, 1, (struct span){octets, sizeof(octets)}));
        rows_put(*state, 1, (struct span){octets, ROWS_SERIAL_MAX}, &s, 1, 1);
        assert_non_null(
            rows_find(*state, 1, (struct span){octets, ROWS_SERIAL_MAX}));
        assert_null(
            rows_find(*state, 1, (struct span){octets, sizeof(octets)}));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(test_empty),
            TEST(test_by_ca_and_serial),
            TEST(test_replaced),
            TEST(test_crowd),
            TEST(test_long_serials),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
