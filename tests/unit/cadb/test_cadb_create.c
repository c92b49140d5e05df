/* A database appears complete or not at all, and never over another one. */
#include "child.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOW = 1800000000 };

static const struct cadb_settings durable = {.ocsp_url = "http://a"};
static const struct cadb_settings temporary = {
    .ocsp_url = "http://b",
    .more_urls = {"http://c", "http://d/e"},
    .more_urls_len = 2,
    .temporary = true,
    .no_faults = true,
};

static struct cadb *create(
    const struct fixture *f, const struct cadb_settings *s)
{
        struct err e = ERR_INIT;
        struct cadb *db;

        assert_ok(cadb_create(f->dir, s, &db, &e), &e);
        return db;
}

static int64_t pragma(struct cadb *db, const char *sql)
{
        sqlite3_stmt *st;
        int64_t v;

        assert_int_equal(
            SQLITE_OK, sqlite3_prepare_v2(db->sql, sql, -1, &st, NULL));
        assert_int_equal(SQLITE_ROW, sqlite3_step(st));
        v = sqlite3_column_int64(st, 0);
        sqlite3_finalize(st);
        return v;
}

static void write_junk(const char *path)
{
        struct err e = ERR_INIT;

        assert_ok(file_write_fast(path, "junk", 4, 0644, &e), &e);
}

static void what_is_not_published_is_not_there(void **state)
{
        struct fixture *f = *state;
        struct cadb *db = create(f, &durable), *reader;
        struct err e = ERR_INIT;

        assert_int_equal(-1, cadb_open(f->dir, &reader, &e));
        assert_int_equal(ERR_NOTFOUND, e.code);
        assert_ok(cadb_publish(db, &e), &e);
        assert_ok(cadb_open(f->dir, &reader, &e), &e);
        cadb_close(reader);
}

static void publishing_leaves_nothing_but_the_database(void **state)
{
        static const char *const extra[] = {"ca.db.new", "ca.db.new-wal",
            "ca.db.new-shm", "ca.db.new-journal", "ca.db-wal", "ca.db-shm"};
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        size_t i;

        assert_ok(cadb_publish(create(f, &durable), &e), &e);
        for (i = 0; i < sizeof(extra) / sizeof(extra[0]); i++)
                assert_int_equal(-1, access(fixture_path(f, extra[i]), F_OK));
}

static void publishing_never_overwrites(void **state)
{
        struct fixture *f = *state;
        struct cadb_settings s;
        struct cadb *db;
        struct err e = ERR_INIT;

        assert_ok(cadb_publish(create(f, &durable), &e), &e);
        assert_int_equal(-1, cadb_publish(create(f, &temporary), &e));
        assert_int_equal(ERR_EXISTS, e.code);
        assert_ok(cadb_open(f->dir, &db, &e), &e);
        assert_ok(cadb_settings_get(db, &s, &e), &e);
        assert_string_equal("http://a", s.ocsp_url);
        cadb_close(db);
}

static void publishing_leaves_the_wal_of_an_existing_one_alone(void **state)
{
        struct fixture *f = *state;
        struct cadb_ca root;
        struct cadb *writer;
        struct err e = ERR_INIT;

        fixture_make_lab(f->dir, &root);
        assert_ok(cadb_open_write(f->dir, &writer, &e), &e);
        fixture_issue(writer, root.id, 1, "www");
        assert_int_equal(-1, cadb_publish(create(f, &durable), &e));
        assert_int_equal(0, access(fixture_path(f, "ca.db-wal"), F_OK));
        cadb_close(writer);
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        fixture_state(f->db, root.id, 1);
}

static void leftovers_of_a_killed_maker_do_no_harm(void **state)
{
        struct fixture *f = *state;
        struct cadb *db;
        struct err e = ERR_INIT;

        write_junk(fixture_path(f, "ca.db.new"));
        write_junk(fixture_path(f, "ca.db.new-journal"));
        write_junk(fixture_path(f, "ca.db.new-wal"));
        assert_ok(cadb_publish(create(f, &durable), &e), &e);
        assert_ok(cadb_open(f->dir, &db, &e), &e);
        cadb_close(db);
}

/* A writer that dies leaves its commits in ca.db-wal. */
static void issue_and_die(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        struct err e = ERR_INIT;
        struct cadb *db;

        (void)c;
        child_must(cadb_open_write(f->dir, &db, &e), &e);
        fixture_issue(db, f->root.id, n, "old");
        raise(SIGKILL);
}

static void the_wal_of_a_removed_database_is_not_replayed(void **state)
{
        struct fixture *f = *state;
        struct cadb_cert cert;
        struct err e = ERR_INIT;
        struct child c;

        fixture_make_lab(f->dir, &f->root);
        c = child_spawn(f, issue_and_die, 1);
        assert_true(WIFSIGNALED(child_join(&c)));
        assert_int_equal(0, access(fixture_path(f, "ca.db-wal"), F_OK));
        assert_int_equal(0, unlink(fixture_path(f, "ca.db")));
        fixture_make_lab(f->dir, &f->root);
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        assert_int_equal(0, cadb_cert_find_name(f->db, "old", &cert, &e));
        assert_string_equal("", e.text);
}

static void settings_are_kept(void **state)
{
        struct fixture *f = *state;
        struct cadb_settings s;
        struct err e = ERR_INIT;

        assert_ok(cadb_publish(create(f, &temporary), &e), &e);
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        assert_ok(cadb_settings_get(f->db, &s, &e), &e);
        assert_true(s.temporary);
        assert_true(s.no_faults);
        assert_string_equal("http://b", s.ocsp_url);
        assert_int_equal(2, s.more_urls_len);
        assert_string_equal("http://c", s.more_urls[0]);
        assert_string_equal("http://d/e", s.more_urls[1]);
}

static void a_durable_lab_syncs_each_commit_a_temporary_one_none(void **state)
{
        enum { OFF = 0, FULL = 2 };
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        struct cadb *db;

        assert_ok(cadb_publish(create(f, &durable), &e), &e);
        assert_ok(cadb_open_write(f->dir, &db, &e), &e);
        assert_int_equal(FULL, pragma(db, "PRAGMA synchronous"));
        assert_int_equal(1, pragma(db, "PRAGMA foreign_keys"));
        cadb_close(db);
        assert_int_equal(0, unlink(fixture_path(f, "ca.db")));
        assert_ok(cadb_publish(create(f, &temporary), &e), &e);
        assert_ok(cadb_open_write(f->dir, &db, &e), &e);
        assert_int_equal(OFF, pragma(db, "PRAGMA synchronous"));
        cadb_close(db);
}

static void a_missing_directory_is_said(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        struct cadb *db;

        assert_int_equal(
            -1, cadb_create(fixture_path(f, "nowhere"), &durable, &db, &e));
        assert_null(db);
        assert_int_equal(ERR_NOTFOUND, e.code);
        assert_says(&e, "nowhere");
        assert_says(&e, "No such file");
}

static void create_is_denied(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        struct err e = ERR_INIT;
        struct cadb *db;

        (void)c, (void)n;
        if (cadb_create(f->dir, &durable, &db, &e) == 0)
                _exit(1);
        if (e.code != ERR_IO || strstr(e.text, "Permission denied") == NULL)
                child_must(-1, &e);
}

static void a_read_only_directory_is_said(void **state)
{
        struct fixture *f = *state;
        int result;

        assert_int_equal(0, chmod(f->dir, 0555));
        result = child_as_nobody(f, create_is_denied);
        if (result == -1)
                skip();
        assert_int_equal(0, result);
}

/* ---- a full disk -------------------------------------------------------- */

/* Issues until the file size limit is met; tells how many were committed. */
static void issue_until_full(
    const struct fixture *f, const struct child *child, uint32_t most)
{
        struct rlimit limit = {400000, 400000};
        uint8_t storage[16], der[3000] = {0};
        struct cadb_new_cert c = {
            .ca = f->root.id,
            .der = {der, sizeof(der)},
            .subject = "",
        };
        struct err e = ERR_INIT;
        struct cadb *db;
        uint32_t n;

        signal(SIGXFSZ, SIG_IGN);
        child_must(cadb_open_write(f->dir, &db, &e), &e);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
                _exit(1);
        for (n = 0; n < most; n++) {
                c.serial = serial_of(storage, n);
                if (cadb_begin(db, &e) != 0 ||
                    cadb_cert_add(db, &c, NOW, &e) != 0 ||
                    cadb_commit(db, &e) != 0)
                        break;
        }
        cadb_rollback(db);
        cadb_close(db);
        if (e.code != ERR_IO || strstr(e.text, "disk full") == NULL)
                child_must(-1, &e);
        tell(child->told, n);
}

static void a_full_disk_is_said_and_loses_nothing(void **state)
{
        struct fixture *f = *state;
        struct cadb_state s;
        struct err e = ERR_INIT;
        uint32_t n, committed;
        uint8_t storage[16];
        struct child c;

        fixture_make_lab(f->dir, &f->root);
        c = child_spawn(f, issue_until_full, 250);
        assert_true(hear(c.told, &committed));
        assert_int_equal(0, child_join(&c));
        assert_in_range(committed, 1, 249);

        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        for (n = 0; n < committed; n++)
                fixture_state(f->db, f->root.id, n);
        assert_int_equal(0, cadb_state_find(f->db, f->root.id,
                                serial_of(storage, committed), &s, &e));
        fixture_issue(f->db, f->root.id, 1000, "after");
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up_empty, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(what_is_not_published_is_not_there),
            TEST(publishing_leaves_nothing_but_the_database),
            TEST(publishing_never_overwrites),
            TEST(publishing_leaves_the_wal_of_an_existing_one_alone),
            TEST(leftovers_of_a_killed_maker_do_no_harm),
            TEST(the_wal_of_a_removed_database_is_not_replayed),
            TEST(settings_are_kept),
            TEST(a_durable_lab_syncs_each_commit_a_temporary_one_none),
            TEST(a_missing_directory_is_said),
            TEST(a_read_only_directory_is_said),
            TEST(a_full_disk_is_said_and_loses_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
