#include "base_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/jail.h"

static char inside[PATH_MAX], folder_rw[PATH_MAX], written[PATH_MAX],
    folder_new[PATH_MAX], kept[PATH_MAX], outside[PATH_MAX];

static int lay_out(void **state)
{
        if (folder_setup(state) != 0)
                return -1;
        snprintf(inside, sizeof(inside), "%s", in_folder("in/file"));
        snprintf(folder_rw, sizeof(folder_rw), "%s", in_folder("rw"));
        snprintf(written, sizeof(written), "%s", in_folder("rw/file"));
        snprintf(folder_new, sizeof(folder_new), "%s", in_folder("new"));
        snprintf(kept, sizeof(kept), "%s", in_folder("new/file"));
        snprintf(outside, sizeof(outside), "%s", in_folder("out/file"));
        if (file_mkdir(in_folder("in"), 0755, NULL) != 0 ||
            file_mkdir(in_folder("rw"), 0755, NULL) != 0 ||
            file_mkdir(in_folder("new"), 0755, NULL) != 0 ||
            file_mkdir(in_folder("out"), 0755, NULL) != 0 ||
            file_write_fast(kept, "x", 1, 0644, NULL) != 0 ||
            file_write_fast(inside, "x", 1, 0644, NULL) != 0 ||
            file_write_fast(outside, "x", 1, 0644, NULL) != 0)
                return -1;
        return file_write_fast(written, "x", 1, 0644, NULL);
}

/* errno of an attempt, 0 if it went well. */
static int try_open(const char *path, int flags)
{
        int fd = open(path, flags | O_CLOEXEC, 0644);

        if (fd < 0)
                return errno;
        close(fd);
        return 0;
}

static int try_tcp(int (*call)(int, const struct sockaddr *, socklen_t))
{
        struct sockaddr_in to = {
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int rc = call(fd, (const struct sockaddr *)(const void *)&to,
                     sizeof(to)) == 0
                     ? 0
                     : errno;

        close(fd);
        return rc;
}

/* Landlock's ABI 4. */
static bool knows_tcp(void)
{
        enum { LANDLOCK_CREATE_RULESET = 444, VERSION = 1 };

        return syscall(LANDLOCK_CREATE_RULESET, NULL, 0, VERSION) >= 4;
}

/* Each line is an exit code of its own, so a failure says which. */
static int attempts(bool connects)
{
        char renamed[PATH_MAX + 8];

        snprintf(renamed, sizeof(renamed), "%s.new", written);
        if (try_open(inside, O_RDONLY) != 0)
                return 1;
        if (try_open(inside, O_WRONLY) != EACCES)
                return 2;
        if (try_open(outside, O_RDONLY) != EACCES)
                return 3;
        if (try_open(written, O_WRONLY | O_TRUNC) != 0)
                return 4;
        if (try_open(renamed, O_WRONLY | O_CREAT) != 0 ||
            rename(renamed, written) != 0)
                return 5;
        if (try_open(in_folder("in/new"), O_WRONLY | O_CREAT) != EACCES)
                return 6;
        if (try_open("/etc/passwd", O_RDONLY) != EACCES)
                return 7;
        if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
                return 8;
        /* A refusal, or port 0's own. */
        if (connects && try_tcp(connect) == EACCES)
                return 9;
        if (!connects && knows_tcp() && try_tcp(connect) != EACCES)
                return 10;
        return 0;
}

/* A log that is opened anew. */
static int attempts_to_make(void)
{
        char made[PATH_MAX + 8];

        snprintf(made, sizeof(made), "%s.new", kept);
        if (try_open(made, O_WRONLY | O_CREAT | O_APPEND) != 0 ||
            try_open(kept, O_WRONLY | O_APPEND) != 0)
                return 20;
        if (try_open(kept, O_RDONLY) != EACCES)
                return 21;
        if (unlink(kept) == 0 || errno != EACCES)
                return 22;
        if (rename(made, kept) == 0)
                return 23;
        if (mkdir(in_folder("new/folder"), 0755) == 0 || errno != EACCES)
                return 24;
        return 0;
}

/* No rule can name a pipe, and none is needed. */
static int attempts_with_pipe(const char *path)
{
        return try_open(path, O_WRONLY) == 0 ? 0 : 30;
}

static int in_child(bool connects)
{
        char pipe_path[64];
        struct jail_place places[] = {
            {"/nonexistent/absent", JAIL_WRITE},
            {inside, JAIL_READ},
            {folder_rw, JAIL_WRITE},
            {folder_new, JAIL_MAKE},
            {pipe_path, JAIL_MAKE},
        };
        const struct jail_spec spec = {places, 5, connects};
        bool on = false;
        int status, ends[2];
        pid_t pid;

        assert_int_equal(pipe(ends), 0);
        snprintf(pipe_path, sizeof(pipe_path), "/proc/self/fd/%d", ends[1]);
        pid = fork();
        if (pid == 0) {
                if (jail_enter(&spec, &on, NULL) != 0 || !on)
                        _exit(100);
                status = attempts(connects);
                if (status == 0)
                        status = attempts_to_make();
                if (status == 0)
                        status = attempts_with_pipe(pipe_path);
                _exit(status);
        }
        close(ends[0]);
        close(ends[1]);
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void only_the_named_files_can_be_reached(void **state)
{
        (void)state;
        if (!jail_possible())
                skip();
        assert_int_equal(in_child(false), 0);
        assert_int_equal(in_child(true), 0);
}

static void without_landlock_new_privileges_are_given_up_all_the_same(
    void **state)
{
        struct jail_spec none = {NULL, 0, true};
        bool on;
        int status;
        pid_t pid = fork();

        (void)state;
        if (pid == 0)
                _exit(jail_enter(&none, &on, NULL) == 0 &&
                              prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
                              on == jail_possible()
                          ? 0
                          : 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(only_the_named_files_can_be_reached),
            cmocka_unit_test(
                without_landlock_new_privileges_are_given_up_all_the_same),
        };

        return cmocka_run_group_tests(tests, lay_out, folder_teardown);
}
