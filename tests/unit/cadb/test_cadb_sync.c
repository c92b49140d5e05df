/* What reaches the disk before a call returns, and in which order. */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOW = 1800000000 };

/* ---- a diary of what the kernel is told ---------------------------------- */

/* "sync NAME; rename NAME; ..." since the last look; the lab is DIR. */
static char diary[4096];

static void note(const char *what, const char *path)
{
        const char *slash = strrchr(path, '/');
        const char *name = slash != NULL ? slash + 1 : path;
        size_t used = strlen(diary);

        if (strncmp(name, "cadb.", 5) == 0)
                name = "DIR";
        snprintf(diary + used, sizeof(diary) - used, "%s %.64s; ", what, name);
}

static void note_sync(int fd)
{
        char link[64], path[PATH_MAX];
        ssize_t n;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path) - 1);
        path[n > 0 ? n : 0] = '\0';
        note("sync", path);
}

/* In the place of libc's, for SQLite too. */
int fsync(int fd)
{
        note_sync(fd);
        return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
        note_sync(fd);
        return (int)syscall(SYS_fdatasync, fd);
}

int rename(const char *from, const char *to)
{
        note("rename", to);
        return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

/* ---- tests --------------------------------------------------------------- */

static void a_commit_returns_when_the_wal_is_on_the_disk(void **state)
{
        struct fixture *f = *state;
        int i;

        fixture_issue(f->db, f->root.id, 0, NULL); /* begins the WAL */
        for (i = 1; i < 4; i++) {
                diary[0] = '\0';
                fixture_issue(f->db, f->root.id, (uint32_t)i, NULL);
                assert_string_equal("sync ca.db-wal; ", diary);
        }
        diary[0] = '\0';
        fixture_revoke(f->db, f->root.id, 1, 1, NOW);
        assert_string_equal("sync ca.db-wal; ", diary);
}

/* Its name in the folder is on the disk as well. */
static void the_first_commit_of_a_wal_keeps_its_name_too(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;

        fixture_close(f);
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        diary[0] = '\0';
        fixture_issue(f->db, f->root.id, 0, NULL);
        assert_non_null(strstr(diary, "sync ca.db-wal; "));
        assert_non_null(strstr(diary, "sync DIR; "));
}

static void a_temporary_lab_waits_for_no_disk(void **state)
{
        struct cadb_settings s = {.ocsp_url = "http://h", .temporary = true};
        struct fixture *f = *state;
        struct err e = ERR_INIT;

        diary[0] = '\0';
        assert_ok(cadb_create(f->dir, &s, &f->db, &e), &e);
        assert_ok(cadb_publish(f->db, &e), &e);
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_event_add(f->db, "clock", "x", NOW, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        assert_string_equal("rename ca.db; ", diary);
}

static void a_new_database_is_whole_before_it_has_its_name(void **state)
{
        struct cadb_settings s = {.ocsp_url = "http://h"};
        struct fixture *f = *state;
        struct err e = ERR_INIT;

        diary[0] = '\0';
        assert_ok(cadb_create(f->dir, &s, &f->db, &e), &e);
        assert_ok(cadb_publish(f->db, &e), &e);
        f->db = NULL;
        assert_string_equal("sync ca.db.new; rename ca.db; sync DIR; ", diary);
}

static void a_backup_is_whole_before_it_has_its_name(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;

        diary[0] = '\0';
        assert_ok(cadb_backup(f->db, fixture_path(f, "copy.db"), &e), &e);
        assert_string_equal(
            "sync copy.db.part; rename copy.db; sync DIR; ", diary);
}

int main(void)
{
#define TEST(name, up) cmocka_unit_test_setup_teardown(name, up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(a_commit_returns_when_the_wal_is_on_the_disk, fixture_up),
            TEST(the_first_commit_of_a_wal_keeps_its_name_too, fixture_up),
            TEST(a_temporary_lab_waits_for_no_disk, fixture_up_empty),
            TEST(a_new_database_is_whole_before_it_has_its_name,
                fixture_up_empty),
            TEST(a_backup_is_whole_before_it_has_its_name, fixture_up),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
