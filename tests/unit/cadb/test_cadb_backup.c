/* Copies of the database, while others write. */
#include "child.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOW = 1800000000, SUPERSEDED = 4, WRITERS = 4, ROUNDS = 40 };

static void write_text(const char *path, const char *text)
{
        struct err e = ERR_INIT;

        assert_ok(file_write_fast(path, text, strlen(text), 0644, &e), &e);
}

static bool exists(const char *path)
{
        struct stat st;

        return lstat(path, &st) == 0;
}

/* One number that a query on a file yields. */
static int64_t ask(const char *path, const char *sql)
{
        sqlite3_stmt *st;
        sqlite3 *db;
        int64_t n;

        assert_int_equal(
            SQLITE_OK, sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL));
        assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(db, sql, -1, &st, NULL));
        assert_int_equal(SQLITE_ROW, sqlite3_step(st));
        n = sqlite3_column_int64(st, 0);
        sqlite3_finalize(st);
        sqlite3_close(db);
        return n;
}

static void assert_sound(const char *path)
{
        assert_int_equal(1, ask(path, "SELECT integrity_check = 'ok'"
                                      " FROM pragma_integrity_check"));
        assert_int_equal(
            0, ask(path, "SELECT count(*) FROM pragma_foreign_key_check"));
}

static void assert_refused(
    struct fixture *f, const char *path, enum err_code code, const char *says)
{
        struct err e = ERR_INIT;

        assert_int_equal(-1, cadb_backup(f->db, path, &e));
        assert_int_equal(code, e.code);
        assert_says(&e, says);
}

static void a_copy_is_one_file_for_its_owner_with_all_in_it(void **state)
{
        struct fixture *f = *state;
        const char *path = fixture_path(f, "copy.db");
        struct err e = ERR_INIT;
        struct stat st;

        fixture_issue(f->db, f->root.id, 1, "www");
        umask(0);
        assert_ok(cadb_backup(f->db, path, &e), &e);
        umask(022);
        assert_int_equal(0, stat(path, &st));
        assert_int_equal(0600, st.st_mode & 07777);
        assert_false(exists(fixture_path(f, "copy.db.part")));
        assert_false(exists(fixture_path(f, "copy.db-wal")));
        assert_false(exists(fixture_path(f, "copy.db-journal")));
        path = fixture_path(f, "copy.db");
        assert_sound(path);
        assert_int_equal(1, ask(path, "SELECT count(*) FROM cert"));
        assert_int_equal(CADB_SCHEMA_VERSION, ask(path, "PRAGMA user_version"));
}

static void a_copy_in_the_place_of_the_database_works(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        char copy[PATH_MAX];
        bool wal;

        fixture_issue(f->db, f->root.id, 1, "www");
        snprintf(copy, sizeof(copy), "%s", fixture_path(f, "copy.db"));
        assert_ok(cadb_backup(f->db, copy, &e), &e);
        fixture_revoke(f->db, f->root.id, 1, SUPERSEDED, NOW);
        fixture_close(f);
        assert_int_equal(0, rename(copy, fixture_path(f, "ca.db")));
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        assert_int_equal(CADB_GOOD, fixture_state(f->db, f->root.id, 1).status);
        assert_ok(db_is_wal(f->db, SQL_JOURNAL_MODE, &wal, &e), &e);
        assert_true(wal);
        fixture_revoke(f->db, f->root.id, 1, SUPERSEDED, NOW);
}

/* What a killed writer leaves; SQLite would replay it into the backup. */
static void keep_wal(const struct fixture *f)
{
        struct buf wal = {0};
        struct err e = ERR_INIT;

        assert_ok(
            file_read(fixture_path(f, "ca.db-wal"), 1 << 20, &wal, &e), &e);
        assert_true(wal.len > 0);
        assert_ok(file_write_fast(
                      fixture_path(f, "left-wal"), wal.data, wal.len, 0600, &e),
            &e);
        buf_release(&wal);
}

static void the_wal_of_the_old_database_is_not_taken_for_its_own(void **state)
{
        struct fixture *f = *state;
        char copy[PATH_MAX], wal[PATH_MAX], left[PATH_MAX];
        struct err e = ERR_INIT;
        struct cadb *db;

        snprintf(copy, sizeof(copy), "%s", fixture_path(f, "copy.db"));
        snprintf(wal, sizeof(wal), "%s", fixture_path(f, "ca.db-wal"));
        snprintf(left, sizeof(left), "%s", fixture_path(f, "left-wal"));
        fixture_issue(f->db, f->root.id, 1, "www");
        assert_ok(cadb_backup(f->db, copy, &e), &e);
        fixture_revoke(f->db, f->root.id, 1, SUPERSEDED, NOW);
        keep_wal(f);
        fixture_close(f);
        assert_int_equal(0, rename(copy, fixture_path(f, "ca.db")));
        assert_int_equal(0, rename(left, wal));
        assert_int_equal(-1, cadb_open(f->dir, &db, &e));
        assert_int_equal(ERR_DATA, e.code);
        assert_says(&e, "ca.db-wal is of the database that was there before");
        assert_int_equal(-1, cadb_open_write(f->dir, &db, &e));
        assert_int_equal(ERR_DATA, e.code);
        assert_int_equal(0, unlink(wal));
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        assert_int_equal(CADB_GOOD, fixture_state(f->db, f->root.id, 1).status);
}

static void a_reader_may_make_one(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        struct cadb *db;

        assert_ok(cadb_open(f->dir, &db, &e), &e);
        assert_ok(cadb_backup(db, fixture_path(f, "copy.db"), &e), &e);
        cadb_close(db);
        assert_sound(fixture_path(f, "copy.db"));
}

static void an_older_copy_and_an_empty_file_are_replaced(void **state)
{
        struct fixture *f = *state;
        const char *path = fixture_path(f, "copy.db");
        struct err e = ERR_INIT;

        write_text(path, "");
        assert_ok(cadb_backup(f->db, path, &e), &e);
        assert_int_equal(0, ask(path, "SELECT count(*) FROM cert"));
        fixture_issue(f->db, f->root.id, 1, "www");
        path = fixture_path(f, "copy.db");
        assert_ok(cadb_backup(f->db, path, &e), &e);
        assert_int_equal(1, ask(path, "SELECT count(*) FROM cert"));
}

static void what_a_killed_one_left_is_taken_over(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        struct stat st;

        write_text(fixture_path(f, "copy.db.part"), "half a copy");
        assert_ok(cadb_backup(f->db, fixture_path(f, "copy.db"), &e), &e);
        assert_sound(fixture_path(f, "copy.db"));
        assert_int_equal(0, stat(fixture_path(f, "copy.db"), &st));
        assert_int_equal(0600, st.st_mode & 07777);
        assert_false(exists(fixture_path(f, "copy.db.part")));
}

static void assert_kept(const struct fixture *f, const char *name)
{
        struct buf kept = {0};
        struct err e = ERR_INIT;

        assert_ok(file_read(fixture_path(f, name), 100, &kept, &e), &e);
        assert_string_equal("the only key there is", buf_text(&kept));
        buf_release(&kept);
}

/* Whoever has it under another name, or owns it, could change the copy. */
static void a_part_that_is_not_ours_is_kept(void **state)
{
        struct fixture *f = *state;
        char part[PATH_MAX], key[PATH_MAX];

        snprintf(part, sizeof(part), "%s", fixture_path(f, "copy.db.part"));
        snprintf(key, sizeof(key), "%s", fixture_path(f, "key.pem"));
        write_text(key, "the only key there is");
        assert_int_equal(0, link(key, part));
        assert_refused(f, fixture_path(f, "copy.db"), ERR_EXISTS, part);
        assert_kept(f, "key.pem");
        assert_int_equal(0, unlink(part));
        assert_int_equal(0, symlink(key, part));
        assert_refused(f, fixture_path(f, "copy.db"), ERR_IO, part);
        assert_kept(f, "key.pem");
        assert_int_equal(0, unlink(part));
        if (geteuid() != 0)
                return;
        write_text(part, "the only key there is");
        assert_int_equal(0, chown(part, 65534, 65534));
        assert_refused(f, fixture_path(f, "copy.db"), ERR_EXISTS, part);
        assert_kept(f, "copy.db.part");
}

static void other_files_are_kept(void **state)
{
        struct fixture *f = *state;

        write_text(fixture_path(f, "key.pem"), "the only key there is");
        assert_refused(
            f, fixture_path(f, "key.pem"), ERR_EXISTS, "no older backup");
        assert_kept(f, "key.pem");
        assert_refused(f, f->dir, ERR_EXISTS, "no older backup");
        assert_int_equal(0, symlink("key.pem", fixture_path(f, "link")));
        assert_refused(
            f, fixture_path(f, "link"), ERR_EXISTS, "no older backup");
        assert_refused(f, "/dev/null", ERR_EXISTS, "no older backup");
        assert_refused(
            f, fixture_path(f, "no/copy.db"), ERR_NOTFOUND, "copy.db.part");
}

static void databases_in_use_are_kept(void **state)
{
        struct fixture *f = *state;
        struct cadb_ca ca;
        struct err e = ERR_INIT;
        char dir[PATH_MAX];

        fixture_issue(f->db, f->root.id, 1, "www");
        assert_refused(f, fixture_path(f, "ca.db"), ERR_EXISTS, "ca.db-wal");
        write_text(fixture_path(f, "x.db-wal"), "");
        assert_refused(f, fixture_path(f, "x.db"), ERR_EXISTS, "x.db-wal");
        /* Another CA, at rest. */
        snprintf(dir, sizeof(dir), "%s", fixture_path(f, "other"));
        assert_ok(file_mkdir(dir, 0755, &e), &e);
        fixture_make_lab(dir, &ca);
        assert_ok(file_mkdir(fixture_path(f, "other/ca"), 0755, &e), &e);
        assert_refused(
            f, fixture_path(f, "other/ca.db"), ERR_EXISTS, "CA directory");
}

/* By another name only the identity tells. */
static void the_database_itself_is_kept(void **state)
{
        struct fixture *f = *state;
        char hard[PATH_MAX];

        snprintf(hard, sizeof(hard), "%s", fixture_path(f, "hard.db"));
        assert_int_equal(0, link(fixture_path(f, "ca.db"), hard));
        assert_refused(f, hard, ERR_EXISTS, "database itself");
        fixture_issue(f->db, f->root.id, 1, "www");
}

static void write_until_told(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        struct err e = ERR_INIT;
        struct cadb *db;
        uint32_t i, heard;

        if (!hear(c->go, &heard))
                _exit(4);
        child_must(cadb_open_write(f->dir, &db, &e), &e);
        for (i = 0; i < ROUNDS; i++) {
                fixture_issue(db, f->root.id, n * 1000 + i, NULL);
                fixture_revoke(db, f->root.id, n * 1000 + i, SUPERSEDED, NOW);
        }
        cadb_close(db);
}

static void copies_are_sound_while_four_write(void **state)
{
        struct fixture *f = *state;
        struct child children[WRITERS];
        struct err e = ERR_INIT;
        const char *path;
        uint32_t i;

        fixture_close(f);
        for (i = 0; i < WRITERS; i++)
                children[i] = child_spawn(f, write_until_told, i + 1);
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        for (i = 0; i < WRITERS; i++)
                tell(children[i].go, 1);
        for (i = 0; i < 10; i++) {
                path = fixture_path(f, "copy.db");
                assert_ok(cadb_backup(f->db, path, &e), &e);
                assert_sound(path);
                assert_int_equal(
                    0, ask(path, "SELECT count(*) FROM event LEFT JOIN cert"
                                 " ON cert.serial = event.serial"
                                 " WHERE kind IN ('issue', 'revoke') AND"
                                 " (cert.ca IS NULL OR (kind = 'revoke' AND "
                                 "status = 0))"));
        }
        for (i = 0; i < WRITERS; i++)
                assert_int_equal(0, child_join(&children[i]));
        path = fixture_path(f, "copy.db");
        assert_ok(cadb_backup(f->db, path, &e), &e);
        assert_int_equal(WRITERS * ROUNDS,
            ask(path, "SELECT count(*) FROM cert WHERE status = 1"));
}

static void a_second_backup_to_the_same_file_is_refused(void **state)
{
        struct fixture *f = *state;
        const char *part = fixture_path(f, "copy.db.part");
        int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        assert_int_equal(0, flock(fd, LOCK_EX));
        assert_refused(
            f, fixture_path(f, "copy.db"), ERR_TRYLATER, "another backup");
        assert_true(exists(fixture_path(f, "copy.db.part")));
        close(fd);
}

/* Holds the copy up with SQLite's own lock until it has been begun. */
static void come_in_between(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        static const char text[] = "the only key there is";
        struct flock lock = {
            .l_type = F_WRLCK, .l_start = 0x40000000, .l_len = 512};
        const char *part = fixture_path(f, "copy.db.part");
        int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        int watch = inotify_init1(IN_CLOEXEC);
        struct err e = ERR_INIT;
        char event[512];

        if (fcntl(fd, F_SETLK, &lock) != 0 ||
            inotify_add_watch(watch, part, IN_MODIFY | IN_ATTRIB) < 0)
                _exit(4);
        tell(c->told, n);
        if (read(watch, event, sizeof(event)) <= 0)
                _exit(4);
        child_must(file_write_fast(fixture_path(f, "copy.db"), text,
                       strlen(text), 0644, &e),
            &e);
}

static void what_came_while_it_was_made_is_kept(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        struct child child;
        uint32_t heard;

        fixture_close(f);
        child = child_spawn(f, come_in_between, 1);
        assert_true(hear(child.told, &heard));
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        assert_refused(
            f, fixture_path(f, "copy.db"), ERR_EXISTS, "no older backup");
        assert_int_equal(0, child_join(&child));
        assert_kept(f, "copy.db");
        assert_false(exists(fixture_path(f, "copy.db.part")));
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(a_copy_is_one_file_for_its_owner_with_all_in_it),
            TEST(a_copy_in_the_place_of_the_database_works),
            TEST(the_wal_of_the_old_database_is_not_taken_for_its_own),
            TEST(a_reader_may_make_one),
            TEST(an_older_copy_and_an_empty_file_are_replaced),
            TEST(what_a_killed_one_left_is_taken_over),
            TEST(a_part_that_is_not_ours_is_kept),
            TEST(other_files_are_kept),
            TEST(databases_in_use_are_kept),
            TEST(the_database_itself_is_kept),
            TEST(copies_are_sound_while_four_write),
            TEST(a_second_backup_to_the_same_file_is_refused),
            TEST(what_came_while_it_was_made_is_kept),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
