/* Opening what is missing, damaged, foreign, newer, locked or forbidden. */
#include "child.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOW = 1800000000 };

static void write_file(const char *path, size_t offset, size_t len, int octet)
{
        FILE *out = fopen(path, offset == 0 ? "w" : "r+");

        assert_non_null(out);
        assert_int_equal(0, fseek(out, (long)offset, SEEK_SET));
        while (len-- > 0)
                fputc(octet, out);
        assert_int_equal(0, fclose(out));
}

/* Neither way of opening works, with that code and those words. */
static void assert_refused(
    const struct fixture *f, enum err_code code, const char *says)
{
        struct cadb *db;
        struct err e = ERR_INIT;

        assert_int_equal(-1, cadb_open(f->dir, &db, &e));
        assert_null(db);
        assert_int_equal(code, e.code);
        assert_says(&e, says);
        assert_int_equal(-1, cadb_open_write(f->dir, &db, &e));
        assert_null(db);
        assert_int_equal(code, e.code);
        assert_says(&e, says);
}

static void without_a_database_it_names_the_command_that_makes_one(void **state)
{
        assert_refused(*state, ERR_NOTFOUND, "ocsp-ca init");
}

static void a_text_file_is_not_a_database(void **state)
{
        struct fixture *f = *state;

        write_file(fixture_path(f, "ca.db"), 0, 5000, 'x');
        assert_refused(f, ERR_DATA, "restore a backup");
}

static void an_empty_file_is_not_ours(void **state)
{
        struct fixture *f = *state;

        write_file(fixture_path(f, "ca.db"), 0, 0, 'x');
        assert_refused(f, ERR_DATA, "not a database of ocsp-lab");
}

static void a_foreign_sqlite_file_is_not_ours(void **state)
{
        struct fixture *f = *state;

        fixture_sql(f->db, "PRAGMA application_id = 1");
        fixture_close(f);
        assert_refused(f, ERR_DATA, "not a database of ocsp-lab");
}

static void a_newer_schema_is_refused_and_both_versions_are_named(void **state)
{
        struct fixture *f = *state;
        char ours[32];

        snprintf(ours, sizeof(ours), "program's %d:", CADB_SCHEMA_VERSION);
        fixture_sql(f->db, "PRAGMA user_version = 4711");
        fixture_close(f);
        assert_refused(f, ERR_CONFIG, "4711");
        assert_refused(f, ERR_CONFIG, ours);
}

static void a_newer_schema_is_left_as_it_was(void **state)
{
        struct fixture *f = *state;
        struct buf before = {0}, after = {0};
        struct err e = ERR_INIT;

        fixture_sql(f->db, "PRAGMA user_version = 4711");
        fixture_close(f);
        assert_ok(
            file_read(fixture_path(f, "ca.db"), FILE_LIMIT, &before, &e), &e);
        assert_refused(f, ERR_CONFIG, "4711");
        assert_ok(
            file_read(fixture_path(f, "ca.db"), FILE_LIMIT, &after, &e), &e);
        assert_true(span_equal(buf_span(&before), buf_span(&after)));
        buf_release(&before);
        buf_release(&after);
}

static void a_damaged_page_is_said_and_never_good(void **state)
{
        struct fixture *f = *state;
        struct cadb_state s;
        struct cadb *db;
        struct err e = ERR_INIT;
        uint8_t storage[16];
        uint32_t n;

        for (n = 0; n < 500; n++)
                fixture_issue(f->db, f->root.id, n, NULL);
        fixture_close(f);
        write_file(fixture_path(f, "ca.db"), 4096, 100 * 4096, 0x77);
        if (cadb_open(f->dir, &db, &e) == 0) {
                assert_int_equal(-1, cadb_state_find(db, f->root.id,
                                         serial_of(storage, 250), &s, &e));
                cadb_close(db);
        }
        assert_int_equal(ERR_DATA, e.code);
        assert_says(&e, "restore a backup");
}

static void a_reader_cannot_write(void **state)
{
        struct fixture *f = *state;
        struct cadb *db;
        struct err e = ERR_INIT;

        assert_ok(cadb_open(f->dir, &db, &e), &e);
        assert_int_equal(SQLITE_READONLY,
            sqlite3_exec(db->sql, "DELETE FROM event", NULL, NULL, NULL));
        cadb_close(db);
}

static void a_locked_database_says_try_later(void **state)
{
        struct fixture *f = *state;
        struct cadb *other;
        struct err e = ERR_INIT;

        assert_ok(cadb_open_write(f->dir, &other, &e), &e);
        sqlite3_busy_timeout(other->sql, 1);
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_int_equal(-1, cadb_begin(other, &e));
        assert_int_equal(ERR_TRYLATER, e.code);
        assert_says(&e, "try again");
        assert_ok(cadb_commit(f->db, &e), &e);
        assert_ok(cadb_begin(other, &e), &e);
        cadb_close(other);
}

static void what_is_replaced_while_it_is_opened_is_not_believed(void **state)
{
        struct fixture *f = *state;
        char copy[PATH_MAX];
        struct err e = ERR_INIT;
        struct cadb *db;

        snprintf(copy, sizeof(copy), "%s", fixture_path(f, "copy.db"));
        assert_ok(cadb_backup(f->db, copy, &e), &e);
        assert_ok(
            db_open(f->dir, "ca.db", SQLITE_OPEN_READONLY, 1000, &db, &e), &e);
        assert_int_equal(0, rename(copy, fixture_path(f, "ca.db")));
        assert_int_equal(-1, db_settle(db, &e));
        assert_int_equal(ERR_TRYLATER, e.code);
        assert_says(&e, "replaced");
        cadb_close(db);
}

static void a_relative_directory_survives_a_change_of_directory(void **state)
{
        struct fixture *f = *state;
        struct cadb_settings s;
        struct cadb *db;
        struct err e = ERR_INIT;
        char cwd[PATH_MAX];

        assert_non_null(getcwd(cwd, sizeof(cwd)));
        assert_int_equal(0, chdir(f->dir));
        assert_ok(cadb_open(".", &db, &e), &e);
        assert_int_equal(0, chdir(cwd));
        assert_ok(cadb_settings_get(db, &s, &e), &e);
        assert_false(cadb_is_gone(db));
        cadb_close(db);
}

/* ---- as a user without rights ------------------------------------------- */

static void must_be_refused(const struct fixture *f,
    int (*open_it)(const char *dir, struct cadb **out, struct err *e),
    const char *says)
{
        struct cadb *db;
        struct err e = ERR_INIT;

        if (open_it(f->dir, &db, &e) == 0)
                _exit(1);
        if (e.code != ERR_IO || strstr(e.text, says) == NULL)
                child_must(-1, &e);
}

static void reader_is_denied(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        (void)c, (void)n;
        must_be_refused(f, cadb_open, "Permission denied");
}

static void writer_is_denied(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        (void)c, (void)n;
        must_be_refused(f, cadb_open_write, "may not write");
}

static void assert_or_skip(int result)
{
        if (result == -1)
                skip();
        assert_int_equal(0, result);
}

static void an_unreadable_file_is_said(void **state)
{
        struct fixture *f = *state;

        fixture_close(f);
        assert_int_equal(0, chmod(f->dir, 0755));
        assert_int_equal(0, chmod(fixture_path(f, "ca.db"), 0));
        assert_or_skip(child_as_nobody(f, reader_is_denied));
}

static void a_folder_where_nothing_can_be_made_is_said(void **state)
{
        struct fixture *f = *state;

        fixture_close(f);
        assert_int_equal(0, chmod(f->dir, 0555));
        assert_or_skip(child_as_nobody(f, reader_is_denied));
}

static void a_writer_without_rights_hears_it_at_once(void **state)
{
        struct fixture *f = *state;

        fixture_close(f);
        assert_int_equal(0, chmod(f->dir, 0755));
        assert_int_equal(0, chmod(fixture_path(f, "ca.db"), 0444));
        assert_or_skip(child_as_nobody(f, writer_is_denied));
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
#define EMPTY(name)                                                            \
        cmocka_unit_test_setup_teardown(name, fixture_up_empty, fixture_down)
        const struct CMUnitTest tests[] = {
            EMPTY(without_a_database_it_names_the_command_that_makes_one),
            EMPTY(a_text_file_is_not_a_database),
            EMPTY(an_empty_file_is_not_ours),
            TEST(a_foreign_sqlite_file_is_not_ours),
            TEST(a_newer_schema_is_refused_and_both_versions_are_named),
            TEST(a_newer_schema_is_left_as_it_was),
            TEST(a_damaged_page_is_said_and_never_good),
            TEST(a_reader_cannot_write),
            TEST(a_locked_database_says_try_later),
            TEST(what_is_replaced_while_it_is_opened_is_not_believed),
            TEST(a_relative_directory_survives_a_change_of_directory),
            TEST(an_unreadable_file_is_said),
            TEST(a_folder_where_nothing_can_be_made_is_said),
            TEST(a_writer_without_rights_hears_it_at_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
