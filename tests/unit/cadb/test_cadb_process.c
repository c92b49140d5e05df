/* Several processes on one database, some of them killed. */
#include "child.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOW = 1800000000, SUPERSEDED = 4, HOLD = 6 };

static void issue_many(struct fixture *f, uint32_t from, uint32_t count)
{
        uint8_t storage[16];
        struct cadb_new_cert c = {.ca = f->root.id, .subject = ""};
        struct err e = ERR_INIT;
        uint32_t n;

        assert_ok(cadb_begin(f->db, &e), &e);
        for (n = from; n < from + count; n++) {
                c.serial = serial_of(storage, n);
                assert_ok(cadb_cert_add(f->db, &c, NOW, &e), &e);
        }
        assert_ok(cadb_commit(f->db, &e), &e);
}

static struct cadb *open_when_told(
    const struct fixture *f, const struct child *c)
{
        struct err e = ERR_INIT;
        struct cadb *db;
        uint32_t n;

        if (!hear(c->go, &n))
                _exit(4);

        child_must(cadb_open_write(f->dir, &db, &e), &e);
        return db;
}

static void revoke_in_child(
    const struct fixture *f, struct cadb *db, uint32_t n, int reason)
{
        struct cadb_revocation r = {.reason = reason, .revoked_at = NOW};
        struct err e = ERR_INIT;
        enum cadb_change change;
        uint8_t storage[16];

        child_must(cadb_begin(db, &e), &e);
        child_must(cadb_revoke(db, f->root.id, serial_of(storage, n), &r, NOW,
                       &change, &e),
            &e);
        child_must(cadb_commit(db, &e), &e);
}

static void assert_sound(const struct fixture *f)
{
        struct err e = ERR_INIT;
        struct cadb *db;
        sqlite3_stmt *st;

        assert_ok(cadb_open_write(f->dir, &db, &e), &e);
        assert_int_equal(
            SQLITE_OK, sqlite3_prepare_v2(
                           db->sql, "PRAGMA integrity_check", -1, &st, NULL));
        assert_int_equal(SQLITE_ROW, sqlite3_step(st));
        assert_string_equal("ok", (const char *)sqlite3_column_text(st, 0));
        sqlite3_finalize(st);
        assert_int_equal(
            SQLITE_OK, sqlite3_prepare_v2(
                           db->sql, "PRAGMA foreign_key_check", -1, &st, NULL));
        assert_int_equal(SQLITE_DONE, sqlite3_step(st));
        sqlite3_finalize(st);
        cadb_close(db);
}

static void assert_revoked(struct cadb *db, const struct fixture *f, uint32_t n)
{
        assert_int_equal(CADB_REVOKED, fixture_state(db, f->root.id, n).status);
}

/* ---- every acknowledged commit is seen ---------------------------------- */

enum { CHILDREN = 20, COMMITS = 50 };

static void revoke_in_step(
    const struct fixture *f, const struct child *c, uint32_t first)
{
        struct cadb *db = open_when_told(f, c);
        uint32_t n, heard;

        for (n = first; n < first + COMMITS; n++) {
                revoke_in_child(f, db, n, SUPERSEDED);
                tell(c->told, n);
                if (!hear(c->go, &heard))
                        _exit(4);
        }
        cadb_close(db); /* the last writer tries a checkpoint */
}

static void a_thousand_commits_of_others_are_all_seen(void **state)
{
        struct fixture *f = *state;
        struct child children[CHILDREN];
        struct cadb_stamp last, now;
        struct err e = ERR_INIT;
        struct cadb *db;
        uint32_t i, n, missed = 0, seen = 0;

        issue_many(f, 0, CHILDREN * COMMITS);
        fixture_close(f);
        for (i = 0; i < CHILDREN; i++)
                children[i] = child_spawn(f, revoke_in_step, i * COMMITS);
        assert_ok(cadb_open(f->dir, &db, &e), &e);
        assert_ok(cadb_stamp_take(db, &last, &e), &e);
        for (i = 0; i < CHILDREN; i++) {
                tell(children[i].go, i);
                while (hear(children[i].told, &n)) {
                        assert_ok(cadb_stamp_take(db, &now, &e), &e);
                        missed += cadb_stamp_equal(&last, &now);
                        last = now;
                        seen++;
                        assert_revoked(db, f, n);
                        tell(children[i].go, n);
                }
                assert_int_equal(0, child_join(&children[i]));
        }
        assert_int_equal(CHILDREN * COMMITS, seen);
        assert_int_equal(0, missed);
        cadb_close(db);
}

/* ---- kill -9 ------------------------------------------------------------ */

enum { ROUNDS = 50, PER_ROUND = 40 };

static void revoke_at_full_speed(
    const struct fixture *f, const struct child *c, uint32_t first)
{
        struct cadb *db = open_when_told(f, c);
        uint32_t n;

        for (n = first; n < first + PER_ROUND; n++) {
                revoke_in_child(f, db, n, SUPERSEDED);
                tell(c->told, n);
        }
        for (;;) /* the parent kills */
                pause();
}

/* Kills it after a few acknowledgements, whatever it does just then. */
static uint32_t kill_round(struct fixture *f, struct cadb *db, struct child *c,
    uint32_t round, uint32_t *acknowledged)
{
        uint32_t n, heard = 0, before_kill = 1 + round * 7 % 30;
        struct cadb_stamp first, now;
        struct err e = ERR_INIT;

        assert_ok(cadb_stamp_take(db, &first, &e), &e);
        tell(c->go, round);
        while (heard < before_kill && hear(c->told, &n))
                heard++;
        assert_int_equal(0, kill(c->pid, SIGKILL));
        while (hear(c->told, &n)) /* what was in the pipe already */
                heard++;
        assert_true(WIFSIGNALED(child_join(c)));
        assert_ok(cadb_stamp_take(db, &now, &e), &e);
        for (n = 0; n < heard; n++)
                assert_revoked(db, f, round * PER_ROUND + n);
        *acknowledged += heard;
        return cadb_stamp_equal(&first, &now);
}

static void killed_writers_lose_nothing_that_was_acknowledged(void **state)
{
        struct fixture *f = *state;
        uint32_t round, n, acknowledged = 0, missed = 0, revoked = 0;
        struct child children[ROUNDS];
        struct err e = ERR_INIT;
        struct cadb *db;

        issue_many(f, 0, ROUNDS * PER_ROUND);
        fixture_close(f);
        for (n = 0; n < ROUNDS; n++)
                children[n] =
                    child_spawn(f, revoke_at_full_speed, n * PER_ROUND);
        assert_ok(cadb_open(f->dir, &db, &e), &e);
        for (round = 0; round < ROUNDS; round++)
                missed +=
                    kill_round(f, db, &children[round], round, &acknowledged);
        assert_int_equal(0, missed);
        for (n = 0; n < ROUNDS * PER_ROUND; n++)
                revoked +=
                    fixture_state(db, f->root.id, n).status == CADB_REVOKED;
        /* Each killed child had at most one commit that it had not told. */
        assert_in_range(revoked, acknowledged, acknowledged + ROUNDS);
        cadb_close(db);
        assert_sound(f);
}

/* ---- another user ------------------------------------------------------- */

static void watch_as_nobody(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        struct cadb_stamp last, now;
        struct err e = ERR_INIT;
        struct cadb_state s;
        struct cadb *db;
        uint8_t storage[16];

        if (!hear(c->go, &n))
                _exit(4);
        if (!child_drop_root() || access(f->dir, X_OK) != 0)
                return; /* tells nothing */
        child_must(cadb_open(f->dir, &db, &e), &e);
        if (db->index == NULL) /* it may read the WAL index */
                _exit(6);
        child_must(cadb_stamp_take(db, &last, &e), &e);
        tell(c->told, 0);
        while (hear(c->go, &n)) {
                child_must(cadb_stamp_take(db, &now, &e), &e);
                if (cadb_stamp_equal(&last, &now) ||
                    cadb_state_find(
                        db, f->root.id, serial_of(storage, n), &s, &e) != 1 ||
                    s.status != CADB_REVOKED)
                        _exit(5);
                last = now;
                tell(c->told, n);
        }
        cadb_close(db);
}

/* It may write neither the folder nor the WAL index. */
static void a_reader_without_rights_sees_what_a_living_writer_commits(
    void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        struct child c;
        uint32_t n, heard;

        issue_many(f, 0, 100);
        fixture_close(f);
        assert_int_equal(0, chmod(f->dir, 0755));
        c = child_spawn(f, watch_as_nobody, 0);
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        assert_int_equal(0, chmod(f->dir, 0555));
        tell(c.go, 0);
        if (!hear(c.told, &heard) && child_join(&c) == 0)
                skip();
        for (n = 0; n < 100; n++) {
                fixture_revoke(f->db, f->root.id, n, SUPERSEDED, NOW);
                tell(c.go, n);
                assert_true(hear(c.told, &heard));
        }
        assert_int_equal(0, child_join(&c));
}

/* ---- many at once ------------------------------------------------------- */

enum { WRITERS = 8, ISSUES = 25 };

static void issue_some(
    const struct fixture *f, const struct child *c, uint32_t writer)
{
        struct cadb *db = open_when_told(f, c);
        uint8_t storage[16];
        struct cadb_new_cert cert = {.ca = f->root.id, .subject = ""};
        struct err e = ERR_INIT;
        uint32_t n;

        for (n = 0; n < ISSUES; n++) {
                cert.serial = serial_of(storage, writer * ISSUES + n);
                child_must(cadb_begin(db, &e), &e);
                child_must(cadb_cert_add(db, &cert, NOW, &e), &e);
                child_must(cadb_commit(db, &e), &e);
        }
        cadb_close(db);
}

static int count_event(void *arg, const struct cadb_event *ev, struct err *e)
{
        int64_t *next = arg;

        (void)e;
        assert_int_equal((*next)++, ev->seq);
        return 0;
}

static void eight_writers_wait_for_each_other(void **state)
{
        struct fixture *f = *state;
        struct child c[WRITERS];
        struct err e = ERR_INIT;
        struct cadb *db;
        int64_t first, next;
        uint32_t i;

        assert_ok(cadb_last_event(f->db, &first, &e), &e);
        next = first + 1;
        fixture_close(f);
        for (i = 0; i < WRITERS; i++)
                c[i] = child_spawn(f, issue_some, i);
        for (i = 0; i < WRITERS; i++)
                tell(c[i].go, i);
        for (i = 0; i < WRITERS; i++)
                assert_int_equal(0, child_join(&c[i]));
        assert_ok(cadb_open(f->dir, &db, &e), &e);
        for (i = 0; i < WRITERS * ISSUES; i++)
                fixture_state(db, f->root.id, i);
        /* One number per change, without a gap. */
        assert_ok(cadb_event_each(db, first, count_event, &next, &e), &e);
        assert_int_equal(first + 1 + WRITERS * ISSUES, next);
        cadb_close(db);
        assert_sound(f);
}

/* Serials 1 and 2 change together, until told to stop. */
static void flip_both(
    const struct fixture *f, const struct child *c, uint32_t unused)
{
        struct cadb_revocation r = {.reason = HOLD, .revoked_at = NOW};
        struct pollfd stop = {.fd = c->go, .events = POLLIN};
        struct cadb *db = open_when_told(f, c);
        struct err e = ERR_INIT;
        enum cadb_change change;
        uint8_t storage[16];
        uint32_t n, round;

        (void)unused;
        for (round = 0; poll(&stop, 1, 0) == 0; round++) {
                child_must(cadb_begin(db, &e), &e);
                for (n = 1; n <= 2; n++) {
                        struct span serial = serial_of(storage, n);

                        child_must(round % 2 == 0
                                       ? cadb_revoke(db, f->root.id, serial, &r,
                                             NOW, &change, &e)
                                       : cadb_release(db, f->root.id, serial,
                                             NOW, &change, &e),
                            &e);
                }
                child_must(cadb_commit(db, &e), &e);
                if (round == 0)
                        tell(c->told, round);
        }
        cadb_close(db);
}

static void a_snapshot_never_shows_half_a_transaction(void **state)
{
        struct fixture *f = *state;
        struct cadb_state one, two;
        struct err e = ERR_INIT;
        struct child c;
        struct cadb *db;
        uint32_t i, n, changes = 0;
        int64_t version = 0;

        issue_many(f, 1, 2);
        fixture_close(f);
        c = child_spawn(f, flip_both, 0);
        assert_ok(cadb_open(f->dir, &db, &e), &e);
        tell(c.go, 0);
        assert_true(hear(c.told, &n));
        /* Until enough was seen, however the two are scheduled. */
        for (i = 0; i < 2000 || changes < 20; i++) {
                assert_ok(cadb_snapshot_begin(db, &e), &e);
                one = fixture_state(db, f->root.id, 1);
                two = fixture_state(db, f->root.id, 2);
                cadb_snapshot_end(db);
                assert_int_equal(one.status, two.status);
                assert_int_equal(one.version + 1, two.version);
                changes += one.version != version;
                version = one.version;
        }
        tell(c.go, 0);
        assert_int_equal(0, child_join(&c));
        cadb_close(db);
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(a_thousand_commits_of_others_are_all_seen),
            TEST(killed_writers_lose_nothing_that_was_acknowledged),
            TEST(a_reader_without_rights_sees_what_a_living_writer_commits),
            TEST(eight_writers_wait_for_each_other),
            TEST(a_snapshot_never_shows_half_a_transaction),
        };
        signal(SIGPIPE, SIG_IGN);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
