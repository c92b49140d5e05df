/* Noticing that the database was taken away, by a look that costs little. */
#include "fixture.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct cadb *open_watched(const struct fixture *f)
{
        struct err e = ERR_INIT;
        struct cadb *db;

        assert_ok(cadb_open(f->dir, &db, &e), &e);
        /* Before the first call nobody has watched. */
        assert_true(cadb_may_be_gone(db));
        assert_false(cadb_may_be_gone(db));
        return db;
}

static void told_once(struct cadb *db)
{
        assert_true(cadb_may_be_gone(db));
        assert_true(cadb_is_gone(db));
        assert_false(cadb_may_be_gone(db));
        cadb_close(db);
}

static void nothing_is_told_of_commits(void **state)
{
        struct fixture *f = *state;
        struct cadb *db = open_watched(f);

        fixture_issue(f->db, f->root.id, 1, "www");
        fixture_sql(f->db, "PRAGMA wal_checkpoint(TRUNCATE)");
        assert_false(cadb_may_be_gone(db));
        cadb_close(db);
}

static void a_removed_database_is_told(void **state)
{
        struct fixture *f = *state;
        struct cadb *db = open_watched(f);

        assert_int_equal(0, unlink(fixture_path(f, "ca.db")));
        told_once(db);
}

static void a_database_renamed_over_is_told(void **state)
{
        struct fixture *f = *state;
        struct cadb *db = open_watched(f);
        char copy[PATH_MAX];
        struct err e = ERR_INIT;

        assert_ok(file_path(copy, sizeof(copy), &e, "%s/copy", f->dir), &e);
        assert_ok(file_write_fast(copy, "backup", 6, 0644, &e), &e);
        assert_int_equal(0, rename(copy, fixture_path(f, "ca.db")));
        told_once(db);
}

/* There and back again: each time is told. */
static void a_moved_directory_is_told(void **state)
{
        struct fixture *f = *state;
        struct cadb *db = open_watched(f);
        struct err e = ERR_INIT;
        char moved[PATH_MAX];

        assert_ok(file_path(moved, sizeof(moved), &e, "%s.moved", f->dir), &e);
        assert_int_equal(0, rename(f->dir, moved));
        assert_true(cadb_may_be_gone(db));
        assert_true(cadb_is_gone(db));
        assert_int_equal(0, rename(moved, f->dir));
        assert_true(cadb_may_be_gone(db));
        assert_false(cadb_is_gone(db));
        cadb_close(db);
}

static void a_folder_moved_above_it_is_told(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        char above[PATH_MAX], inner[PATH_MAX], moved[PATH_MAX];
        struct cadb_ca root;
        struct cadb *db;

        assert_ok(file_path(above, sizeof(above), &e, "%s/above", f->dir), &e);
        assert_ok(file_path(inner, sizeof(inner), &e, "%s/lab", above), &e);
        assert_ok(file_path(moved, sizeof(moved), &e, "%s/moved", f->dir), &e);
        assert_int_equal(0, mkdir(above, 0755));
        assert_int_equal(0, mkdir(inner, 0755));
        fixture_make_lab(inner, &root);
        assert_ok(cadb_open(inner, &db, &e), &e);
        assert_true(cadb_may_be_gone(db));
        assert_false(cadb_may_be_gone(db));
        assert_int_equal(0, rename(above, moved));
        told_once(db);
        /* Where the teardown can remove it. */
        assert_int_equal(0, rename(moved, above));
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(nothing_is_told_of_commits),
            TEST(a_removed_database_is_told),
            TEST(a_database_renamed_over_is_told),
            TEST(a_moved_directory_is_told),
            TEST(a_folder_moved_above_it_is_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
