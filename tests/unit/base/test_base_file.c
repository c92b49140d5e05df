#include "base_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int entries(const char *path)
{
        DIR *dir = opendir(path);
        int n = 0;

        assert_non_null(dir);
        while (readdir(dir) != NULL)
                n++;
        closedir(dir);
        return n - 2; /* . and .. */
}

static void write_text(const char *name, const char *text)
{
        struct err e = ERR_INIT;

        if (file_write_fast(in_folder(name), text, strlen(text), 0644, &e) != 0)
                fail_msg("%s", e.text);
}

static void a_file_is_read_up_to_its_limit(void **state)
{
        struct buf b = {0};
        struct err e = ERR_INIT;

        (void)state;
        write_text("f", "12345");
        assert_int_equal(file_read(in_folder("f"), 5, &b, &e), 0);
        assert_string_equal(buf_text(&b), "12345");
        buf_clear(&b);
        assert_int_equal(file_read(in_folder("f"), 4, &b, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_non_null(strstr(e.text, "limit of 4 bytes"));
        assert_int_equal(file_read("/dev/zero", 1000, &b, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        buf_release(&b);
}

static void what_cannot_be_read_says_why(void **state)
{
        struct buf b = {0};
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(file_read(in_folder("none"), 9, &b, &e), -1);
        assert_int_equal(e.code, ERR_NOTFOUND);
        assert_int_equal(file_read(folder, 9, &b, &e), -1);
        assert_int_equal(e.code, ERR_IO);
        assert_non_null(strstr(e.text, "Is a directory"));
        buf_release(&b);
}

static void a_written_file_has_its_mode_whatever_the_umask(void **state)
{
        mode_t old = umask(077);
        struct stat st;

        (void)state;
        assert_int_equal(file_write(in_folder("f"), "x", 1, 0644, NULL), 0);
        umask(0);
        assert_int_equal(stat(in_folder("f"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
        assert_int_equal(file_write(in_folder("f"), "y", 1, 0600, NULL), 0);
        assert_int_equal(stat(in_folder("f"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        umask(old);
        assert_string_equal(content_of(in_folder("f")), "y");
        assert_int_equal(entries(folder), 1);
}

static void a_reader_keeps_the_old_file(void **state)
{
        char got[4] = "";
        FILE *f;

        (void)state;
        write_text("f", "old");
        f = fopen(in_folder("f"), "r");
        assert_non_null(f);
        write_text("f", "new");
        assert_int_equal(fread(got, 1, 3, f), 3);
        fclose(f);
        assert_string_equal(got, "old");
        assert_string_equal(content_of(in_folder("f")), "new");
}

/* As a full disk would: no file may grow past one byte. */
static void a_full_disk_leaves_the_old_file_and_no_litter(void **state)
{
        struct rlimit old, tight;
        struct err e = ERR_INIT;
        int rc;

        (void)state;
        write_text("f", "old");
        signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
        tight = old;
        tight.rlim_cur = 1;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
        rc = file_write(in_folder("f"), "new content", 11, 0644, &e);
        setrlimit(RLIMIT_FSIZE, &old);
        signal(SIGXFSZ, SIG_DFL);
        assert_int_equal(rc, -1);
        assert_int_equal(e.code, ERR_IO);
        assert_non_null(strstr(e.text, "cannot write: File too large"));
        assert_string_equal(content_of(in_folder("f")), "old");
        assert_int_equal(entries(folder), 1);
}

/* As /dev/stdout, /dev/null and a pipe of a shell are. */
static void what_is_no_regular_file_is_written_into(void **state)
{
        char link_path[PATH_MAX], got[8] = "";
        struct err e = ERR_INIT;
        struct stat st;
        int pipe_fd;

        (void)state;
        snprintf(link_path, sizeof(link_path), "%s", in_folder("link"));
        write_text("target", "longer than that");
        assert_int_equal(symlink("target", link_path), 0);
        assert_int_equal(file_write(link_path, "new", 3, 0644, &e), 0);
        assert_int_equal(lstat(link_path, &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_string_equal(content_of(in_folder("target")), "new");

        assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
        pipe_fd = open(in_folder("pipe"), O_RDWR);
        assert_true(pipe_fd >= 0);
        assert_int_equal(file_write_fast(in_folder("pipe"), "x", 1, 0, &e), 0);
        assert_int_equal(read(pipe_fd, got, sizeof(got)), 1);
        assert_string_equal(got, "x");
        close(pipe_fd);
}

static void a_device_that_takes_nothing_is_an_error(void **state)
{
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(symlink("/dev/full", in_folder("link")), 0);
        assert_int_equal(file_write(in_folder("link"), "x", 1, 0644, &e), -1);
        assert_int_equal(e.code, ERR_IO);
        assert_non_null(strstr(e.text, "No space left"));
}

static void what_a_killed_writer_left_does_not_disturb(void **state)
{
        char name[64];
        int i, fd;

        (void)state;
        /* A process with our id was killed before its rename. */
        for (i = 1; i < 100; i++) {
                snprintf(name, sizeof(name), "g.%ld.%d.tmp", (long)getpid(), i);
                fd = open(in_folder(name), O_WRONLY | O_CREAT, 0600);
                assert_true(fd >= 0);
                close(fd);
        }
        write_text("g", "whole");
        assert_string_equal(content_of(in_folder("g")), "whole");
}

static void what_killed_writers_left_is_removed_and_nothing_else(void **state)
{
        static const char *const keep[] = {"a", "a.tmp", "a.1.tmp", "a.1.x.tmp",
            ".1.2.tmp", "a.1.2.tmp.x", "a.1..tmp", "a.1.2"};
        struct err e = ERR_INIT;
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
                write_text(keep[i], "x");
        write_text("a.1.2.tmp", "x");
        write_text("root.crl.4711.10.tmp", "x");
        assert_int_equal(file_remove_temps(folder, &e), 0);
        assert_int_equal(entries(folder), sizeof(keep) / sizeof(keep[0]));
        for (i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
                assert_int_equal(access(in_folder(keep[i]), F_OK), 0);
        assert_int_equal(file_remove_temps(in_folder("none"), &e), -1);
        assert_int_equal(e.code, ERR_NOTFOUND);
}

static void a_missing_folder_and_a_folder_in_the_way_are_errors(void **state)
{
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(file_write(in_folder("no/f"), "x", 1, 0644, &e), -1);
        assert_int_equal(e.code, ERR_NOTFOUND);
        assert_int_equal(mkdir(in_folder("d"), 0700), 0);
        assert_int_equal(file_write(in_folder("d"), "x", 1, 0644, &e), -1);
        assert_int_equal(e.code, ERR_IO);
        assert_int_equal(entries(folder), 1);
}

static void a_folder_is_made_with_its_parents(void **state)
{
        struct stat st;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(file_mkdir(in_folder("a/b/c"), 0700, &e), 0);
        assert_int_equal(file_mkdir(in_folder("a/b/c"), 0700, &e), 0);
        assert_int_equal(stat(in_folder("a/b/c"), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0700);
        assert_int_equal(file_mkdir(in_folder("private///"), 0700, &e), 0);
        assert_int_equal(stat(in_folder("private"), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0700);
        assert_int_equal(file_mkdir("/", 0700, &e), 0);
}

static void a_file_in_the_way_of_a_folder_is_an_error(void **state)
{
        struct err e = ERR_INIT;

        (void)state;
        write_text("f", "x");
        assert_int_equal(file_mkdir(in_folder("f"), 0700, &e), -1);
        assert_int_equal(e.code, ERR_EXISTS);
        assert_int_equal(file_mkdir(in_folder("f/g"), 0700, &e), -1);
        assert_int_equal(e.code, ERR_IO);
}

static void removing_a_tree_does_not_follow_links(void **state)
{
        char target[PATH_MAX];

        (void)state;
        assert_int_equal(file_mkdir(in_folder("keep"), 0700, NULL), 0);
        write_text("keep/f", "kept");
        snprintf(target, sizeof(target), "%s", in_folder("keep"));
        assert_int_equal(file_mkdir(in_folder("tree/sub"), 0700, NULL), 0);
        write_text("tree/sub/f", "x");
        assert_int_equal(symlink(target, in_folder("tree/link")), 0);
        assert_int_equal(file_remove_tree(in_folder("tree"), NULL), 0);
        assert_int_equal(access(in_folder("tree"), F_OK), -1);
        assert_string_equal(content_of(in_folder("keep/f")), "kept");
        assert_int_equal(file_remove_tree(in_folder("tree"), NULL), 0);
        assert_int_equal(file_remove_tree(in_folder("keep/f"), NULL), 0);
        assert_int_equal(entries(in_folder("keep")), 0);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
        char out[8];
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(file_path(out, sizeof(out), &e, "%s", "1234567"), 0);
        assert_string_equal(out, "1234567");
        assert_int_equal(file_path(out, sizeof(out), &e, "%s", "12345678"), -1);
        assert_int_equal(e.code, ERR_USAGE);
}

#define IN_FOLDER(f)                                                           \
        cmocka_unit_test_setup_teardown(f, folder_setup, folder_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
            IN_FOLDER(a_file_is_read_up_to_its_limit),
            IN_FOLDER(what_cannot_be_read_says_why),
            IN_FOLDER(a_written_file_has_its_mode_whatever_the_umask),
            IN_FOLDER(a_reader_keeps_the_old_file),
            IN_FOLDER(a_full_disk_leaves_the_old_file_and_no_litter),
            IN_FOLDER(what_is_no_regular_file_is_written_into),
            IN_FOLDER(a_device_that_takes_nothing_is_an_error),
            IN_FOLDER(what_a_killed_writer_left_does_not_disturb),
            IN_FOLDER(what_killed_writers_left_is_removed_and_nothing_else),
            IN_FOLDER(a_missing_folder_and_a_folder_in_the_way_are_errors),
            IN_FOLDER(a_folder_is_made_with_its_parents),
            IN_FOLDER(a_file_in_the_way_of_a_folder_is_an_error),
            IN_FOLDER(removing_a_tree_does_not_follow_links),
            cmocka_unit_test(a_path_that_is_too_long_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
