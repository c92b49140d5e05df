/* Waiting for what other processes commit. */
#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
        NOW = 1800000000,
        SUPERSEDED = 4,
        LONG_MS = 8000, /* below the heartbeat: an event has to come */
        SOON_MS = 4000, /* on a busy machine */
        NOTHING_MS = 20,
        ROUNDS = 20,
};

static int64_t now_ms(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct cadb_stamp stamp_of(struct cadb *db)
{
        struct err e = ERR_INIT;
        struct cadb_stamp s;

        assert_ok(cadb_stamp_take(db, &s, &e), &e);
        return s;
}

static int wait_for(struct cadb *db, const struct cadb_stamp *since, int ms)
{
        struct err e = ERR_INIT;
        int rc = cadb_wait_change(db, since, ms, &e);

        if (rc < 0)
                fail_msg("%s", e.text);
        return rc;
}

static void nothing_comes_and_the_time_is_over(void **state)
{
        struct fixture *f = *state;
        struct cadb_stamp since = stamp_of(f->db);
        int64_t start = now_ms();

        assert_int_equal(0, wait_for(f->db, &since, NOTHING_MS));
        assert_true(now_ms() - start >= NOTHING_MS);
        assert_int_equal(0, wait_for(f->db, &since, 0));
}

static void what_came_before_the_wait_is_told_at_once(void **state)
{
        struct fixture *f = *state;
        struct cadb_stamp since = stamp_of(f->db);
        struct cadb *other;
        struct err e = ERR_INIT;

        assert_ok(cadb_open_write(f->dir, &other, &e), &e);
        fixture_issue(other, f->root.id, 1, "www");
        assert_int_equal(1, wait_for(f->db, &since, 0));
        cadb_close(other);
}

/* Commits when told, and stays open: no close() wakes the waiting one. */
static void commit_when_told(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        struct err e = ERR_INIT;
        struct cadb *db;
        uint32_t told;

        (void)n;
        child_must(cadb_open_write(f->dir, &db, &e), &e);
        tell(c->told, 0);
        while (hear(c->go, &told))
                fixture_issue(db, f->root.id, told, NULL);
        cadb_close(db);
}

static void every_commit_of_another_process_wakes(void **state)
{
        struct fixture *f = *state;
        struct cadb_stamp since;
        struct err e = ERR_INIT;
        struct child c;
        int64_t start;
        uint32_t i, ready;

        fixture_close(f);
        c = child_spawn(f, commit_when_told, 0);
        assert_true(hear(c.told, &ready));
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        for (i = 0; i < ROUNDS; i++) {
                since = stamp_of(f->db);
                start = now_ms();
                tell(c.go, i + 1);
                assert_int_equal(1, wait_for(f->db, &since, LONG_MS));
                assert_true(now_ms() - start < SOON_MS);
        }
        assert_int_equal(0, child_join(&c));
}

/* A program that is not ours makes no touch at the end. */
static void commit_as_a_stranger(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        struct err e = ERR_INIT;
        struct cadb *db;
        uint32_t told;

        (void)n;
        child_must(cadb_open_write(f->dir, &db, &e), &e);
        tell(c->told, 0);
        while (hear(c->go, &told))
                fixture_sql(db, "INSERT INTO event (at, kind) VALUES (1, 'x')");
        cadb_close(db);
}

static void a_stranger_wakes_too(void **state)
{
        struct fixture *f = *state;
        struct cadb_stamp since;
        struct err e = ERR_INIT;
        struct child c;
        int64_t start;
        uint32_t i, ready;

        fixture_close(f);
        c = child_spawn(f, commit_as_a_stranger, 0);
        assert_true(hear(c.told, &ready));
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        for (i = 0; i < 5; i++) {
                since = stamp_of(f->db);
                start = now_ms();
                tell(c.go, 1);
                assert_int_equal(1, wait_for(f->db, &since, LONG_MS));
                assert_true(now_ms() - start < SOON_MS);
        }
        assert_int_equal(0, child_join(&c));
}

/* The last that SQLite writes, it writes before the change can be seen. */
static void a_commit_ends_with_a_touch(void **state)
{
        struct timespec long_ago[2] = {{1, 0}, {1, 0}};
        struct fixture *f = *state;
        struct stat st;

        assert_int_equal(
            0, utimensat(AT_FDCWD, fixture_path(f, "ca.db"), long_ago, 0));
        fixture_issue(f->db, f->root.id, 1, "www");
        assert_int_equal(0, stat(fixture_path(f, "ca.db"), &st));
        assert_true(st.st_mtime > 1);
}

/* With a watch that tells nothing. */
static void a_change_without_an_event_is_seen_soon(void **state)
{
        struct fixture *f = *state;
        struct cadb_stamp since;
        struct err e = ERR_INIT;
        struct child c;
        int64_t start;
        uint32_t ready;
        int silent[2];

        fixture_close(f);
        c = child_spawn(f, commit_when_told, 0);
        assert_true(hear(c.told, &ready));
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        assert_int_equal(0, pipe(silent));
        f->db->watch = silent[0];
        since = stamp_of(f->db);
        start = now_ms();
        tell(c.go, 1);
        assert_int_equal(1, wait_for(f->db, &since, LONG_MS));
        assert_true(now_ms() - start < SOON_MS);
        close(silent[1]);
        assert_int_equal(0, child_join(&c));
}

static void a_checkpoint_and_a_new_wal_are_survived(void **state)
{
        struct fixture *f = *state;
        struct cadb_stamp since;
        struct err e = ERR_INIT;
        struct child c;
        uint32_t i, ready;

        fixture_close(f);
        c = child_spawn(f, commit_when_told, 0);
        assert_true(hear(c.told, &ready));
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        for (i = 0; i < 5; i++) {
                since = stamp_of(f->db);
                assert_int_equal(0, wait_for(f->db, &since, 1));
                fixture_sql(f->db, "PRAGMA wal_checkpoint(TRUNCATE)");
                since = stamp_of(f->db);
                tell(c.go, i + 1);
                assert_int_equal(1, wait_for(f->db, &since, LONG_MS));
        }
        assert_int_equal(0, child_join(&c));
}

static void remove_when_told(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        struct err e = ERR_INIT;
        uint32_t told;

        (void)n;
        if (!hear(c->go, &told))
                _exit(4);
        child_must(file_remove_tree(f->dir, &e), &e);
}

static void a_directory_that_is_removed_ends_the_wait(void **state)
{
        struct fixture *f = *state;
        struct cadb_stamp since;
        struct err e = ERR_INIT;
        struct child c;
        int64_t start;

        fixture_close(f);
        c = child_spawn(f, remove_when_told, 0);
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        since = stamp_of(f->db);
        start = now_ms();
        tell(c.go, 1);
        assert_int_equal(-1, cadb_wait_change(f->db, &since, LONG_MS, &e));
        assert_true(now_ms() - start < SOON_MS);
        assert_int_equal(ERR_NOTFOUND, e.code);
        assert_says(&e, "was removed or replaced");
        assert_int_equal(0, child_join(&c));
}

static void ring(int number)
{
        (void)number;
}

static void a_signal_ends_the_wait(void **state)
{
        struct fixture *f = *state;
        struct cadb_stamp since = stamp_of(f->db);
        struct sigaction action = {.sa_handler = ring}, old;
        /* Again and again: the first may come before the wait. */
        struct itimerval timer = {{0, 10000}, {0, 10000}},
                         off = {{0, 0}, {0, 0}};
        int64_t start = now_ms();

        sigaction(SIGALRM, &action, &old);
        setitimer(ITIMER_REAL, &timer, NULL);
        assert_int_equal(0, wait_for(f->db, &since, LONG_MS));
        setitimer(ITIMER_REAL, &off, NULL);
        sigaction(SIGALRM, &old, NULL);
        assert_true(now_ms() - start < SOON_MS);
}

/* As under a limit of inotify instances. */
static void without_inotify_it_looks_now_and_then(void **state)
{
        struct fixture *f = *state;
        struct cadb_stamp since;
        struct err e = ERR_INIT;
        struct rlimit few, before;
        struct child c;
        uint32_t ready;

        fixture_close(f);
        c = child_spawn(f, commit_when_told, 0);
        assert_true(hear(c.told, &ready));
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        since = stamp_of(f->db);
        assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &before));
        few = before;
        few.rlim_cur = 3;
        assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &few));
        tell(c.go, 1);
        ready = (uint32_t)cadb_wait_change(f->db, &since, LONG_MS, &e);
        assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &before));
        assert_int_equal(1, ready);
        assert_int_equal(-1, f->db->watch);
        assert_int_equal(0, child_join(&c));
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(nothing_comes_and_the_time_is_over),
            TEST(what_came_before_the_wait_is_told_at_once),
            TEST(every_commit_of_another_process_wakes),
            TEST(a_stranger_wakes_too),
            TEST(a_commit_ends_with_a_touch),
            TEST(a_change_without_an_event_is_seen_soon),
            TEST(a_checkpoint_and_a_new_wal_are_survived),
            TEST(a_directory_that_is_removed_ends_the_wait),
            TEST(a_signal_ends_the_wait),
            TEST(without_inotify_it_looks_now_and_then),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
