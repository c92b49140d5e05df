/* Lists and counts of certificates that a filter keeps. */
#include "fixture.h"

enum { NOW = 1800000000, YEAR = 365 * 86400, SUPERSEDED = 4, HOLD = 6 };

/* Issued in this order; fixture_issue makes them end at NOW + YEAR. */
static int up(void **state)
{
        struct cadb_ca second;
        struct err e = ERR_INIT;
        struct fixture *f;

        if (fixture_up(state) != 0)
                return -1;
        f = *state;
        fixture_fill_ca(&second, "second");
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_ca_add(f->db, &second, false, NOW, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        fixture_issue(f->db, 1, 9, "www.a");
        fixture_issue(f->db, 1, 8, "www.b");
        fixture_issue(f->db, second.id, 7, "www.c");
        fixture_issue(f->db, 1, 6, "mail");
        fixture_issue(f->db, 1, 5, NULL);
        fixture_issue(f->db, second.id, 4, "old");
        fixture_revoke(f->db, 1, 8, SUPERSEDED, NOW);
        fixture_revoke(f->db, second.id, 7, HOLD, NOW);
        fixture_revoke(f->db, 1, 6, -1, NOW);
        fixture_sql(f->db, "UPDATE cert SET not_after = 1800000000 WHERE issued"
                           " IN (2, 6)");
        return 0;
}

static int note(void *arg, const struct cadb_cert *cert, struct err *e)
{
        char *out = (char *)arg + strlen(arg);

        (void)e;
        *out = (char)('0' + cert->serial[15]);
        return 0;
}

/* The last digits of their serials, in the order in which they came. */
static void assert_kept(
    struct fixture *f, struct cadb_filter filter, const char *expected)
{
        char kept[16] = "";
        struct err e = ERR_INIT;
        int64_t count;

        if (filter.now == 0)
                filter.now = NOW + 10;
        assert_ok(cadb_cert_each(f->db, &filter, note, kept, &e), &e);
        assert_string_equal(expected, kept);
        assert_ok(cadb_cert_count(f->db, &filter, &count, &e), &e);
        assert_int_equal(strlen(expected), count);
}

static void no_filter_keeps_all_in_order_of_issue(void **state)
{
        struct fixture *f = *state;
        char kept[16] = "";
        struct err e = ERR_INIT;
        int64_t count;

        assert_kept(f, (struct cadb_filter){.ca = 0}, "987654");
        assert_ok(cadb_cert_each(f->db, NULL, note, kept, &e), &e);
        assert_string_equal("987654", kept);
        assert_ok(cadb_cert_count(f->db, NULL, &count, &e), &e);
        assert_int_equal(6, count);
}

static void a_ca_keeps_its_own(void **state)
{
        assert_kept(*state, (struct cadb_filter){.ca = 1}, "9865");
        assert_kept(*state, (struct cadb_filter){.ca = 2}, "74");
        assert_kept(*state, (struct cadb_filter){.ca = 3}, "");
}

static void a_glob_keeps_the_names_it_fits(void **state)
{
        assert_kept(*state, (struct cadb_filter){.name_glob = "www.*"}, "987");
        assert_kept(
            *state, (struct cadb_filter){.name_glob = "www.[bc]"}, "87");
        assert_kept(*state, (struct cadb_filter){.name_glob = "?ail"}, "6");
        assert_kept(*state, (struct cadb_filter){.name_glob = "*"}, "98764");
        assert_kept(*state, (struct cadb_filter){.name_glob = "WWW.a"}, "");
}

static void a_status_keeps_those_that_have_it(void **state)
{
        assert_kept(
            *state, (struct cadb_filter){.status = CADB_ONLY_GOOD}, "95");
        assert_kept(
            *state, (struct cadb_filter){.status = CADB_ONLY_REVOKED}, "86");
        assert_kept(
            *state, (struct cadb_filter){.status = CADB_ONLY_HOLD}, "7");
        assert_kept(
            *state, (struct cadb_filter){.status = CADB_ONLY_EXPIRED}, "84");
}

/* notAfter is the last second (RFC 5280 section 4.1.2.5). */
static void the_last_second_counts_as_valid(void **state)
{
        struct cadb_filter f = {.status = CADB_ONLY_EXPIRED, .now = NOW};

        assert_kept(*state, f, "");
        f.status = CADB_ONLY_GOOD;
        assert_kept(*state, f, "954");
        f.now = NOW + 1;
        assert_kept(*state, f, "95");
}

static void an_end_keeps_what_ends_before(void **state)
{
        struct cadb_filter f = {.expires_before = NOW + YEAR};

        assert_kept(*state, f, "84");
        f.expires_before = NOW + YEAR + 1;
        assert_kept(*state, f, "987654");
        f.expires_before = NOW;
        assert_kept(*state, f, "");
}

static void filters_go_together(void **state)
{
        struct cadb_filter f = {
            .ca = 1, .name_glob = "www*", .status = CADB_ONLY_REVOKED};

        assert_kept(*state, f, "8");
        f.ca = 2;
        assert_kept(*state, f, "");
        f.status = CADB_ONLY_HOLD;
        assert_kept(*state, f, "7");
        f.expires_before = NOW;
        assert_kept(*state, f, "");
        f = (struct cadb_filter){.ca = 1, .status = CADB_ONLY_GOOD};
        assert_kept(*state, f, "95");
        f = (struct cadb_filter){.ca = 1, .status = CADB_ONLY_EXPIRED};
        assert_kept(*state, f, "8");
        f = (struct cadb_filter){.ca = 2, .status = CADB_ONLY_REVOKED};
        assert_kept(*state, f, "");
}

/* What is read from an index or sorted first keeps the order of issue. */
static void the_order_is_that_of_issue_among_many(void **state)
{
        struct fixture *f = *state;
        struct cadb_filter filters[] = {{.status = CADB_ONLY_REVOKED},
            {.name_glob = "n*"}, {.expires_before = INT64_MAX}};
        char expected[64] = "", kept[64];
        struct err e = ERR_INIT;
        uint32_t i, n;

        fixture_sql(f->db, "DELETE FROM cert; DELETE FROM issued");
        for (i = 0; i < 40; i++) {
                char name[8] = {
                    'n', (char)('a' + i * 7 % 26), (char)('a' + i / 26), '\0'};

                n = i * 17 % 40;
                fixture_issue(f->db, 1, n, name);
                fixture_revoke(f->db, 1, n, SUPERSEDED, NOW);
                expected[i] = (char)('0' + n);
        }
        for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
                memset(kept, 0, sizeof(kept));
                assert_ok(
                    cadb_cert_each(f->db, &filters[i], note, kept, &e), &e);
                assert_string_equal(expected, kept);
        }
}

/* A list of few among many reads few: the plans rest on these indexes. */
static void the_plans_use_the_indexes(void **state)
{
        static const struct {
                enum sql_id id;
                const char *index;
        } plans[] = {
            {SQL_REVOKED, "cert_revoked"},
            {SQL_CERTS_REVOKED, "cert_revoked"},
            {SQL_COUNT_REVOKED, "cert_revoked"},
            {SQL_CERTS_BY_NAME, "issued_name"},
            {SQL_NAME_TAKEN, "issued_name"},
            {SQL_STATE, "PRIMARY KEY"},
            {SQL_CHANGED, "rowid>?"},
        };
        struct fixture *f = *state;
        struct buf sql = {0}, plan = {0};
        sqlite3_stmt *st;
        size_t i;

        for (i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
                buf_printf(
                    &sql, "EXPLAIN QUERY PLAN %s", sql_text[plans[i].id]);
                assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(f->db->sql,
                                                buf_text(&sql), -1, &st, NULL));
                while (sqlite3_step(st) == SQLITE_ROW)
                        buf_printf(&plan, "%s\n", sqlite3_column_text(st, 3));
                sqlite3_finalize(st);
                if (strstr(buf_text(&plan), plans[i].index) == NULL)
                        fail_msg("%s: %s", buf_text(&sql), buf_text(&plan));
                buf_release(&sql);
                buf_release(&plan);
        }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(no_filter_keeps_all_in_order_of_issue),
            TEST(a_ca_keeps_its_own),
            TEST(a_glob_keeps_the_names_it_fits),
            TEST(a_status_keeps_those_that_have_it),
            TEST(the_last_second_counts_as_valid),
            TEST(an_end_keeps_what_ends_before),
            TEST(filters_go_together),
            TEST(the_order_is_that_of_issue_among_many),
            TEST(the_plans_use_the_indexes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
