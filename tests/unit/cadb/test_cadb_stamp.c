/* The change detector: never equal over a commit, and cheap to trust. */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOW = 1800000000, HOLD = 6 };

static struct cadb *open_reader(const struct fixture *f)
{
        struct err e = ERR_INIT;
        struct cadb *db;

        assert_ok(cadb_open(f->dir, &db, &e), &e);
        return db;
}

static struct cadb_stamp take(struct cadb *db)
{
        struct cadb_stamp s;
        struct err e = ERR_INIT;

        assert_ok(cadb_stamp_take(db, &s, &e), &e);
        return s;
}

static bool same(struct cadb_stamp a, struct cadb_stamp b)
{
        return cadb_stamp_equal(&a, &b);
}

static void it_stays_while_nothing_is_committed(void **state)
{
        struct fixture *f = *state;
        struct cadb *db = open_reader(f);
        struct cadb_stamp first = take(db);
        struct err e = ERR_INIT;
        int i;

        for (i = 0; i < 1000; i++)
                assert_true(same(first, take(db)));
        assert_int_equal(0, fixture_state(f->db, f->root.id, 1).reason + 1);
        assert_true(same(first, take(db)));
        assert_ok(cadb_begin(f->db, &e), &e);
        cadb_rollback(f->db);
        assert_true(same(first, take(db)));
        cadb_close(db);
}

static void it_needs_no_system_call_in_wal_mode(void **state)
{
        struct fixture *f = *state;
        struct cadb *db = open_reader(f);

        assert_non_null(db->index);
        assert_non_null(f->db->index);
        cadb_close(db);
}

static void it_changes_with_a_commit(void **state)
{
        struct fixture *f = *state;
        struct cadb *db = open_reader(f);
        struct cadb_stamp before = take(db);

        fixture_revoke(f->db, f->root.id, 1, HOLD, NOW);
        assert_false(same(before, take(db)));
        cadb_close(db);
}

static void it_does_not_change_before_the_commit(void **state)
{
        struct cadb_revocation r = {.reason = HOLD, .revoked_at = NOW};
        struct fixture *f = *state;
        struct cadb *db = open_reader(f);
        struct cadb_stamp before = take(db);
        enum cadb_change change;
        struct err e = ERR_INIT;
        uint8_t storage[16];

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_revoke(f->db, f->root.id, serial_of(storage, 1), &r, NOW,
                      &change, &e),
            &e);
        assert_true(same(before, take(db)));
        assert_ok(cadb_commit(f->db, &e), &e);
        assert_false(same(before, take(db)));
        cadb_close(db);
}

static void handles_on_one_lab_agree(void **state)
{
        struct fixture *f = *state;
        struct cadb *a = open_reader(f), *b = open_reader(f);

        assert_true(same(take(a), take(b)));
        fixture_revoke(f->db, f->root.id, 1, HOLD, NOW);
        assert_true(same(take(a), take(b)));
        cadb_close(a);
        assert_true(same(take(b), take(f->db)));
        cadb_close(b);
}

static int compare_stamps(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(struct cadb_stamp));
}

/* Flips serial 1 between good and on hold. */
static void flip(struct cadb *db, int64_t ca)
{
        enum cadb_change change;
        struct err e = ERR_INIT;
        uint8_t storage[16];

        if (fixture_state(db, ca, 1).status == CADB_GOOD) {
                fixture_revoke(db, ca, 1, HOLD, NOW);
                return;
        }
        assert_ok(cadb_begin(db, &e), &e);
        assert_ok(
            cadb_release(db, ca, serial_of(storage, 1), NOW, &change, &e), &e);
        assert_ok(cadb_commit(db, &e), &e);
}

/* Same rows, same pages, the WAL begun anew again and again: still no stamp
 * ever comes back. */
static void checkpoints_never_bring_a_stamp_back(void **state)
{
        static const char *const checkpoints[] = {
            "SELECT 1",
            "PRAGMA wal_checkpoint(PASSIVE)",
            "PRAGMA wal_checkpoint(RESTART)",
            "PRAGMA wal_checkpoint(TRUNCATE)",
        };
        enum { COMMITS = 400 };
        struct fixture *f = *state;
        struct cadb *db = open_reader(f);
        struct cadb_stamp *seen = calloc(COMMITS, sizeof(*seen));
        int i;

        assert_non_null(seen);
        fixture_sql(f->db, "PRAGMA synchronous = OFF"); /* for speed */
        for (i = 0; i < COMMITS; i++) {
                flip(f->db, f->root.id);
                seen[i] = take(db);
                fixture_sql(f->db, checkpoints[i % 4]);
        }
        qsort(seen, COMMITS, sizeof(*seen), compare_stamps);
        for (i = 1; i < COMMITS; i++)
                assert_false(same(seen[i - 1], seen[i]));
        free(seen);
        cadb_close(db);
}

/* While a reader is there, nobody can leave WAL mode behind its back. */
static void the_journal_mode_cannot_change_under_a_reader(void **state)
{
        struct fixture *f = *state;
        struct cadb *db = open_reader(f);

        sqlite3_busy_timeout(f->db->sql, 1);
        assert_int_equal(
            SQLITE_BUSY, sqlite3_exec(f->db->sql,
                             "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) &
                             0xff);
        cadb_close(db);
}

static void without_wal_it_falls_back_to_data_version(void **state)
{
        struct fixture *f = *state;
        struct cadb_stamp before, after;
        struct cadb *db, *other;

        fixture_sql(f->db, "PRAGMA journal_mode = DELETE");
        db = open_reader(f);
        other = open_reader(f);
        assert_null(db->index);
        assert_int_equal(-1, access(fixture_path(f, "ca.db-shm"), F_OK));
        before = take(db);
        assert_true(same(before, take(db)));
        /* Another handle counts for itself: never equal by chance. */
        assert_false(same(before, take(other)));
        flip(f->db, f->root.id);
        after = take(db);
        assert_false(same(before, after));
        assert_true(same(after, take(db)));
        cadb_close(db);
        cadb_close(other);
}

/* ---- a writer that was killed between the two copies of the header ------ */

/* By another process: our closing the -shm file would drop SQLite's locks. */
static void tear_header(const struct fixture *f)
{
        static const uint8_t junk[16] = {0xee, 0xee, 0xee, 0xee};
        int status, fd;
        pid_t pid = fork();

        if (pid == 0) {
                fd = open(fixture_path(f, "ca.db-shm"), O_RDWR);
                _exit(
                    pwrite(fd, junk, sizeof(junk), 16) == (ssize_t)sizeof(junk)
                        ? 0
                        : 1);
        }
        assert_int_equal(pid, waitpid(pid, &status, 0));
        assert_int_equal(0, status);
}

static void a_torn_header_is_repaired_and_not_believed(void **state)
{
        struct fixture *f = *state;
        struct cadb *db = open_reader(f);
        struct cadb_stamp torn, repaired;

        flip(f->db, f->root.id);
        tear_header(f);
        torn = take(db);
        assert_int_not_equal(0xee, torn.octets[16]);
        repaired = take(db);
        assert_true(same(repaired, take(db)));
        flip(f->db, f->root.id);
        assert_false(same(torn, take(db)));
        assert_false(same(repaired, take(db)));
        cadb_close(db);
}

/* ---- the file itself ---------------------------------------------------- */

static void a_living_database_is_not_gone(void **state)
{
        struct fixture *f = *state;
        struct cadb *db = open_reader(f);

        assert_false(cadb_is_gone(db));
        flip(f->db, f->root.id);
        fixture_sql(f->db, "PRAGMA wal_checkpoint(TRUNCATE)");
        assert_false(cadb_is_gone(db));
        cadb_close(db);
}

static void a_removed_database_is_gone(void **state)
{
        struct fixture *f = *state;
        struct cadb *db = open_reader(f);

        assert_int_equal(0, unlink(fixture_path(f, "ca.db")));
        assert_true(cadb_is_gone(db));
        cadb_close(db);
}

static void a_writer_does_not_write_to_a_removed_database(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;

        assert_int_equal(0, unlink(fixture_path(f, "ca.db")));
        assert_int_equal(-1, cadb_begin(f->db, &e));
        assert_int_equal(ERR_NOTFOUND, e.code);
}

static void a_database_made_anew_is_another_one(void **state)
{
        struct fixture *f = *state;
        struct cadb *db = open_reader(f);
        struct cadb_ca root;

        assert_int_equal(0, unlink(fixture_path(f, "ca.db")));
        fixture_make_lab(f->dir, &root);
        assert_true(cadb_is_gone(db));
        cadb_close(db);
}

static void a_database_renamed_over_is_another_one(void **state)
{
        struct fixture *f = *state;
        struct cadb *db = open_reader(f);
        struct err e = ERR_INIT;
        char path[PATH_MAX], copy[PATH_MAX];

        assert_ok(file_path(path, sizeof(path), &e, "%s/ca.db", f->dir), &e);
        assert_ok(file_path(copy, sizeof(copy), &e, "%s/copy", f->dir), &e);
        assert_ok(file_write_fast(copy, "backup", 6, 0644, &e), &e);
        assert_int_equal(0, rename(copy, path));
        assert_true(cadb_is_gone(db));
        cadb_close(db);
}

static void a_directory_moved_away_is_gone(void **state)
{
        struct fixture *f = *state;
        struct cadb *db = open_reader(f);
        struct err e = ERR_INIT;
        char moved[PATH_MAX];

        assert_ok(file_path(moved, sizeof(moved), &e, "%s.moved", f->dir), &e);
        assert_int_equal(0, rename(f->dir, moved));
        assert_true(cadb_is_gone(db));
        assert_int_equal(0, rename(moved, f->dir));
        assert_false(cadb_is_gone(db));
        cadb_close(db);
}

/* Fresh labs look alike down to the WAL header: still no stamp of the one
 * vouches for the other. */
static void a_lab_made_anew_repeats_no_stamp(void **state)
{
        struct fixture *f = *state;
        struct cadb_stamp before, after;
        struct cadb_ca root;
        struct cadb *old, *db;

        cadb_close(f->db);
        f->db = NULL;
        assert_int_equal(0, unlink(fixture_path(f, "ca.db")));
        fixture_make_lab(f->dir, &root);
        old = open_reader(f);
        before = take(old);
        assert_int_equal(0, unlink(fixture_path(f, "ca.db")));
        fixture_make_lab(f->dir, &root);
        db = open_reader(f);
        after = take(db);
        assert_memory_equal(before.octets, after.octets, 48);
        assert_false(same(before, after));
        cadb_close(old);
        cadb_close(db);
}

static int up_with_one(void **state)
{
        struct fixture *f;

        if (fixture_up(state) != 0)
                return -1;
        f = *state;
        fixture_issue(f->db, f->root.id, 1, "www");
        return 0;
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, up_with_one, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(it_stays_while_nothing_is_committed),
            TEST(it_needs_no_system_call_in_wal_mode),
            TEST(it_changes_with_a_commit),
            TEST(it_does_not_change_before_the_commit),
            TEST(handles_on_one_lab_agree),
            TEST(checkpoints_never_bring_a_stamp_back),
            TEST(the_journal_mode_cannot_change_under_a_reader),
            TEST(without_wal_it_falls_back_to_data_version),
            TEST(a_torn_header_is_repaired_and_not_believed),
            TEST(a_living_database_is_not_gone),
            TEST(a_removed_database_is_gone),
            TEST(a_writer_does_not_write_to_a_removed_database),
            TEST(a_database_made_anew_is_another_one),
            TEST(a_database_renamed_over_is_another_one),
            TEST(a_directory_moved_away_is_gone),
            TEST(a_lab_made_anew_repeats_no_stamp),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
