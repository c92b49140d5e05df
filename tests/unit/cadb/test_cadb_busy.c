/* Writers that meet: all wait, none fails. */
#include "child.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOW = 1800000000, SUPERSEDED = 4, WRITERS = 8, ROUNDS = 25 };

static void run_all(const struct fixture *f, child_body *body)
{
        struct child children[WRITERS];
        uint32_t i;

        for (i = 0; i < WRITERS; i++)
                children[i] = child_spawn(f, body, i);
        for (i = 0; i < WRITERS; i++)
                tell(children[i].go, 1);
        for (i = 0; i < WRITERS; i++)
                assert_int_equal(0, child_join(&children[i]));
}

static void issue_in_child(const struct fixture *f, struct cadb *db, uint32_t n)
{
        struct cadb_new_cert c = {.ca = f->root.id, .subject = "CN=x"};
        struct err e = ERR_INIT;
        uint8_t storage[16];

        c.serial = serial_of(storage, n);
        child_must(cadb_begin(db, &e), &e);
        child_must(cadb_cert_add(db, &c, NOW, &e), &e);
        child_must(cadb_commit(db, &e), &e);
}

static void wait_for_go(const struct child *c)
{
        uint32_t n;

        if (!hear(c->go, &n))
                _exit(4);
}

static void assert_all_there(struct fixture *f)
{
        struct err e = ERR_INIT;
        int64_t count;

        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        assert_ok(cadb_cert_count(f->db, NULL, &count, &e), &e);
        assert_int_equal(WRITERS * ROUNDS, count);
        fixture_sql(f->db, "CREATE TEMP TABLE sound (ok CHECK (ok = 'ok'));"
                           "INSERT INTO sound SELECT * FROM"
                           " pragma_integrity_check");
}

static void write_from_one_handle(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        struct err e = ERR_INIT;
        struct cadb *db;
        uint32_t i;

        wait_for_go(c);
        child_must(cadb_open_write(f->dir, &db, &e), &e);
        for (i = 0; i < ROUNDS; i++)
                issue_in_child(f, db, n * 1000 + i);
        cadb_close(db);
}

static void eight_writers_wait_for_each_other(void **state)
{
        struct fixture *f = *state;

        fixture_close(f);
        run_all(f, write_from_one_handle);
        assert_all_there(f);
}

/* Whoever is the last to close empties and removes the WAL while others come:
 * the exclusive lock, and the recovery of an index that is not there. */
static void open_and_close_each_time(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        struct err e = ERR_INIT;
        struct cadb *db;
        uint32_t i;

        wait_for_go(c);
        for (i = 0; i < ROUNDS; i++) {
                child_must(cadb_open_write(f->dir, &db, &e), &e);
                issue_in_child(f, db, n * 1000 + i);
                cadb_close(db);
        }
}

static void eight_that_open_and_close_each_time_do(void **state)
{
        struct fixture *f = *state;

        fixture_close(f);
        run_all(f, open_and_close_each_time);
        assert_all_there(f);
}

/* Every commit ends with an attempt to empty the WAL. */
static void checkpoint_at_each_commit(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        struct err e = ERR_INIT;
        struct cadb *db;
        uint32_t i;

        wait_for_go(c);
        child_must(cadb_open_write(f->dir, &db, &e), &e);
        sqlite3_wal_autocheckpoint(db->sql, 1);
        for (i = 0; i < ROUNDS; i++)
                issue_in_child(f, db, n * 1000 + i);
        cadb_close(db);
}

static void eight_that_checkpoint_at_each_commit_do(void **state)
{
        struct fixture *f = *state;

        fixture_close(f);
        run_all(f, checkpoint_at_each_commit);
        assert_all_there(f);
}

static void read_each_time(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        struct err e = ERR_INIT;
        struct cadb *db;
        int64_t seq;
        uint32_t i;

        wait_for_go(c);
        for (i = 0; i < ROUNDS; i++) {
                if (n % 2 == 0)
                        child_must(cadb_open_write(f->dir, &db, &e), &e);
                else
                        child_must(cadb_open(f->dir, &db, &e), &e);
                child_must(cadb_last_event(db, &seq, &e), &e);
                if (n % 2 == 0)
                        issue_in_child(f, db, n * 1000 + i);
                cadb_close(db);
        }
}

static void readers_that_come_and_go_do(void **state)
{
        struct fixture *f = *state;

        fixture_close(f);
        run_all(f, read_each_time);
}

/* ---- the bound ----------------------------------------------------------- */

static void the_bound_is_said_in_words(void **state)
{
        struct fixture *f = *state;
        struct cadb *other;
        struct err e = ERR_INIT;

        assert_int_equal(30000, CADB_BUSY_MS);
        assert_ok(cadb_open_write(f->dir, &other, &e), &e);
        assert_int_equal(CADB_BUSY_MS, other->busy_ms);
        other->busy_ms = 1000;
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_int_equal(-1, cadb_begin(other, &e));
        assert_int_equal(ERR_TRYLATER, e.code);
        assert_says(&e, "another process kept it locked for 1 s");
        assert_null(strstr(e.text, "database is locked"));
        cadb_rollback(f->db);
        cadb_close(other);
}

static void a_reader_is_not_held_up_by_a_writer(void **state)
{
        struct fixture *f = *state;
        struct cadb *reader;
        struct err e = ERR_INIT;
        int64_t seq;

        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_open(f->dir, &reader, &e), &e);
        sqlite3_busy_timeout(reader->sql, 0);
        assert_ok(cadb_last_event(reader, &seq, &e), &e);
        cadb_close(reader);
        cadb_rollback(f->db);
}

static void a_commit_is_not_held_up_by_a_reader(void **state)
{
        struct fixture *f = *state;
        struct cadb *reader;
        struct err e = ERR_INIT;
        int64_t seq;

        assert_ok(cadb_open(f->dir, &reader, &e), &e);
        assert_ok(cadb_snapshot_begin(reader, &e), &e);
        assert_ok(cadb_last_event(reader, &seq, &e), &e);
        sqlite3_busy_timeout(f->db->sql, 0);
        sqlite3_wal_autocheckpoint(f->db->sql, 1);
        fixture_issue(f->db, f->root.id, 1, "www");
        fixture_issue(f->db, f->root.id, 2, "mail");
        cadb_snapshot_end(reader);
        cadb_close(reader);
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(eight_writers_wait_for_each_other),
            TEST(eight_that_open_and_close_each_time_do),
            TEST(eight_that_checkpoint_at_each_commit_do),
            TEST(readers_that_come_and_go_do),
            TEST(the_bound_is_said_in_words),
            TEST(a_reader_is_not_held_up_by_a_writer),
            TEST(a_commit_is_not_held_up_by_a_reader),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
