/* Commands side by side, each with its time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool.h"

enum { WORDS = 4 };

static struct pool_job jobs[64];
static char *words[64][WORDS];
static char sh[] = "sh", dash_c[] = "-c";

/* Each is a line of sh. */
static int run(char *lines[], size_t len, unsigned slots, int64_t timeout_ms)
{
        const struct pool_limits limits = {slots, timeout_ms};
        struct err e = ERR_INIT;
        size_t i;

        for (i = 0; i < len; i++) {
                buf_release(&jobs[i].output);
                words[i][0] = sh;
                words[i][1] = dash_c;
                words[i][2] = lines[i];
                jobs[i] = (struct pool_job){.words = words[i]};
        }
        return pool_run(jobs, len, &limits, &e);
}

static void each_has_its_exit_code_and_its_output(void **state)
{
        char zero[] = "echo out; echo err >&2", three[] = "exit 3",
             nine[] = "kill -9 $$";
        char *lines[] = {zero, three, nine};

        (void)state;
        assert_int_equal(run(lines, 3, 2, 60000), 0);
        assert_int_equal(jobs[0].end, POOL_EXITED);
        assert_int_equal(jobs[0].code, 0);
        assert_string_equal(buf_text(&jobs[0].output), "out\nerr\n");
        assert_int_equal(jobs[1].end, POOL_EXITED);
        assert_int_equal(jobs[1].code, 3);
        assert_int_equal(jobs[2].end, POOL_SIGNALED);
        assert_int_equal(jobs[2].code, SIGKILL);
}

static void a_command_that_is_not_there_says_why(void **state)
{
        char nowhere[] = "./no-such-program", *missing[] = {nowhere, NULL};
        const struct pool_limits limits = {1, 60000};
        struct pool_job job = {.words = missing};
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(pool_run(&job, 1, &limits, &e), 0);
        assert_int_equal(job.end, POOL_NOT_RUN);
        assert_int_equal(job.code, ENOENT);
        buf_release(&job.output);
}

static void who_hangs_is_ended_with_all_that_it_has_started(void **state)
{
        char hangs[] = "trap '' TERM; (tail -f /dev/null) & "
                       "echo $!; wait; tail -f /dev/null";
        char *lines[] = {hangs};
        long pid;

        (void)state;
        assert_int_equal(run(lines, 1, 1, 3000), 0);
        assert_int_equal(jobs[0].end, POOL_TIMEOUT);
        assert_true(jobs[0].ms >= 3000);
        pid = strtol(buf_text(&jobs[0].output), NULL, 10);
        assert_true(pid > 1);
        pool_kill_strays(0); /* reaps it */
        assert_int_equal(kill((pid_t)pid, 0), -1);
}

static void what_is_left_of_its_group_ends_with_the_leader(void **state)
{
        char leaves[] = "tail -f /dev/null & echo $!";
        char *lines[] = {leaves};
        int status = 0;
        pid_t pid;

        (void)state;
        assert_int_equal(run(lines, 1, 1, 60000), 0);
        pid = (pid_t)strtol(buf_text(&jobs[0].output), NULL, 10);
        alarm(20); /* if it lives on */
        assert_int_equal(waitpid(pid, &status, 0), pid);
        alarm(0);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void what_a_client_leaves_behind_is_ended(void **state)
{
        char leaves[] = "setsid tail -f /dev/null & echo $!";
        char *lines[] = {leaves};
        long pid;

        (void)state;
        assert_int_equal(run(lines, 1, 1, 60000), 0);
        /* It has our pipe still, and nobody waits for it. */
        assert_int_equal(jobs[0].end, POOL_EXITED);
        pid = strtol(buf_text(&jobs[0].output), NULL, 10);
        pool_kill_strays(0);
        assert_int_equal(kill((pid_t)pid, 0), -1);
}

static void of_a_long_output_the_end_is_kept(void **state)
{
        char chatters[] = "yes | head -c 1000000; echo; echo last words";
        char *lines[] = {chatters};
        const char *text;

        (void)state;
        assert_int_equal(run(lines, 1, 1, 60000), 0);
        text = buf_text(&jobs[0].output);
        assert_true(strlen(text) <= 8192);
        assert_string_equal(text + strlen(text) - 11, "last words\n");
}

static void who_prints_for_ever_keeps_nobody_waiting(void **state)
{
        char yes[] = "exec yes", quick[] = "exit 5";
        char *lines[] = {yes, quick, quick, quick};

        (void)state;
        assert_int_equal(run(lines, 4, 2, 1000), 0);
        assert_int_equal(jobs[0].end, POOL_TIMEOUT);
        /* On a busy machine it may be late, too, but it had its turn. */
        assert_true(jobs[3].code == 5 || jobs[3].end == POOL_TIMEOUT);
}

static void standard_input_is_empty_and_no_descriptor_is_passed_on(void **state)
{
        char looks[] = "cat; ls /proc/self/fd";
        char *lines[] = {looks};
        int fd = dup(2);

        (void)state;
        assert_true(fd > 2);
        assert_int_equal(run(lines, 1, 1, 60000), 0);
        close(fd);
        assert_string_equal(buf_text(&jobs[0].output), "0\n1\n2\n3\n");
}

/* More of them than slots: never more at a time. */
static void no_more_run_than_there_are_slots(void **state)
{
        char line[] = "mkdir one 2>/dev/null || exit 9; rmdir one";
        char *lines[20];
        size_t i;

        (void)state;
        for (i = 0; i < 20; i++)
                lines[i] = line;
        assert_int_equal(run(lines, 20, 1, 60000), 0);
        for (i = 0; i < 20; i++)
                assert_int_equal(jobs[i].code, 0);
}

static void a_signal_breaks_it_off(void **state)
{
        char hangs[] = "exec tail -f /dev/null", tells[] = "kill -TERM $PPID";
        char *lines[] = {hangs, tells};

        (void)state;
        assert_int_equal(run(lines, 2, 2, 60000), SIGTERM);
        assert_true(jobs[0].end != POOL_EXITED);
}

static char folder[] = "/tmp/test_pool.XXXXXX";

static int begin(void **state)
{
        (void)state;
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int end(void **state)
{
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
                buf_release(&jobs[i].output);
        return rmdir(folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_has_its_exit_code_and_its_output),
            cmocka_unit_test(a_command_that_is_not_there_says_why),
            cmocka_unit_test(who_hangs_is_ended_with_all_that_it_has_started),
            cmocka_unit_test(what_is_left_of_its_group_ends_with_the_leader),
            cmocka_unit_test(what_a_client_leaves_behind_is_ended),
            cmocka_unit_test(of_a_long_output_the_end_is_kept),
            cmocka_unit_test(who_prints_for_ever_keeps_nobody_waiting),
            cmocka_unit_test(
                standard_input_is_empty_and_no_descriptor_is_passed_on),
            cmocka_unit_test(no_more_run_than_there_are_slots),
            cmocka_unit_test(a_signal_breaks_it_off),
        };

        return cmocka_run_group_tests(tests, begin, end);
}
