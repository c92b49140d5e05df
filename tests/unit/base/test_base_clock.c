#include "base_fixture.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct labclock *opened(void)
{
        struct labclock *c = NULL;
        struct err e = ERR_INIT;

        if (labclock_create(folder, &e) != 0 ||
            labclock_open(folder, &c, &e) != 0)
                fail_msg("%s", e.text);
        return c;
}

static void set(enum labclock_mode mode, int64_t value)
{
        struct err e = ERR_INIT;

        if (labclock_set(folder, (struct labclock_setting){mode, value}, &e) !=
            0)
                fail_msg("%s", e.text);
}

/* Real time plus offset, whatever second it is now. */
static void assert_now(const struct labclock *c, int64_t offset)
{
        int64_t before = (int64_t)time(NULL);
        int64_t now = labclock_now(c);
        int64_t after = (int64_t)time(NULL);

        assert_true(now >= before + offset && now <= after + offset);
}

static void without_a_folder_or_a_file_it_is_real_time(void **state)
{
        struct labclock *c;

        (void)state;
        assert_now(NULL, 0);
        assert_int_equal(labclock_open(NULL, &c, NULL), 0);
        assert_now(c, 0);
        assert_int_equal(labclock_get(c).mode, LABCLOCK_REAL);
        labclock_close(c);
        assert_int_equal(labclock_open(folder, &c, NULL), 0);
        assert_now(c, 0);
        labclock_close(c);
        labclock_close(NULL);
}

static void an_open_clock_sees_each_change_at_once(void **state)
{
        struct labclock *c = opened();

        (void)state;
        assert_now(c, 0);
        set(LABCLOCK_OFFSET, 691200);
        assert_now(c, 691200);
        set(LABCLOCK_FROZEN, 1795255200);
        assert_int_equal(labclock_now(c), 1795255200);
        assert_int_equal(labclock_get(c).mode, LABCLOCK_FROZEN);
        set(LABCLOCK_OFFSET, -10800);
        assert_now(c, -10800);
        set(LABCLOCK_REAL, 0);
        assert_now(c, 0);
        labclock_close(c);
}

static void each_change_counts(void **state)
{
        struct labclock *c = opened();
        uint64_t first = labclock_generation(c);

        (void)state;
        set(LABCLOCK_FROZEN, 5);
        assert_int_equal(labclock_generation(c), first + 1);
        set(LABCLOCK_FROZEN, 5);
        assert_int_equal(labclock_generation(c), first + 2);
        labclock_close(c);
}

static void a_touch_counts_and_leaves_the_setting(void **state)
{
        struct labclock *c = opened();
        uint64_t first;

        (void)state;
        set(LABCLOCK_FROZEN, 42);
        first = labclock_generation(c);
        assert_int_equal(labclock_touch(folder, NULL), 0);
        assert_int_equal(labclock_generation(c), first + 1);
        assert_int_equal(labclock_touch(folder, NULL), 0);
        assert_int_equal(labclock_generation(c), first + 2);
        assert_int_equal(labclock_now(c), 42);
        assert_int_equal(labclock_get(c).mode, LABCLOCK_FROZEN);
        labclock_close(c);
        /* Where there is none, nobody looks. */
        assert_int_equal(labclock_touch("/nowhere", NULL), 0);
}

static void creating_again_keeps_the_setting(void **state)
{
        struct labclock *c = opened();

        (void)state;
        set(LABCLOCK_FROZEN, 42);
        assert_int_equal(labclock_create(folder, NULL), 0);
        assert_int_equal(labclock_now(c), 42);
        labclock_close(c);
        c = opened();
        assert_int_equal(labclock_now(c), 42);
        labclock_close(c);
}

static void a_change_by_another_process_is_seen(void **state)
{
        struct labclock *c = opened();
        int status;
        pid_t pid = fork();

        (void)state;
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(labclock_set(folder,
                          (struct labclock_setting){LABCLOCK_FROZEN, 7},
                          NULL) != 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(labclock_now(c), 7);
        labclock_close(c);
}

/* Writes settings whose mode and value belong together, until told to end. */
static void *toggle(void *arg)
{
        bool *end = arg;
        int64_t i;

        for (i = 0; !__atomic_load_n(end, __ATOMIC_RELAXED); i++) {
                set(LABCLOCK_FROZEN, 1000);
                set(LABCLOCK_OFFSET, 2000);
        }
        return NULL;
}

static void a_reader_never_sees_half_a_change(void **state)
{
        struct labclock *c = opened();
        pthread_t thread;
        bool end = false;
        int i;

        (void)state;
        set(LABCLOCK_OFFSET, 2000);
        assert_int_equal(pthread_create(&thread, NULL, toggle, &end), 0);
        for (i = 0; i < 200000; i++) {
                struct labclock_setting s = labclock_get(c);

                assert_int_equal(
                    s.value, s.mode == LABCLOCK_FROZEN ? 1000 : 2000);
        }
        __atomic_store_n(&end, true, __ATOMIC_RELAXED);
        pthread_join(thread, NULL);
        labclock_close(c);
}

static void writers_wait_for_each_other(void **state)
{
        enum { WRITERS = 4, CHANGES = 25 };
        struct labclock *c = opened();
        uint64_t first = labclock_generation(c);
        int i, status;

        (void)state;
        for (i = 0; i < WRITERS; i++) {
                pid_t pid = fork();

                assert_true(pid >= 0);
                if (pid > 0)
                        continue;
                for (i = 0; i < CHANGES; i++)
                        set(LABCLOCK_FROZEN, i);
                _exit(0);
        }
        for (i = 0; i < WRITERS; i++) {
                assert_true(wait(&status) > 0);
                assert_int_equal(status, 0);
        }
        assert_int_equal(labclock_generation(c), first + WRITERS * CHANGES);
        labclock_close(c);
}

static void a_clock_that_is_not_there_cannot_be_set(void **state)
{
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(labclock_set(folder,
                             (struct labclock_setting){LABCLOCK_REAL, 0}, &e),
            -1);
        assert_int_equal(e.code, ERR_NOTFOUND);
}

static void a_file_that_is_no_clock_is_refused(void **state)
{
        static const char wrong[48] = "OLCLOCK0";
        struct err e = ERR_INIT;
        struct labclock *c;

        (void)state;
        assert_int_equal(
            file_write_fast(in_folder("clock"), "", 0, 0644, NULL), 0);
        assert_int_equal(labclock_open(folder, &c, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_int_equal(file_write_fast(in_folder("clock"), wrong,
                             sizeof(wrong), 0644, NULL),
            0);
        assert_int_equal(labclock_open(folder, &c, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_null(c);
        assert_int_equal(labclock_set(folder,
                             (struct labclock_setting){LABCLOCK_REAL, 0}, &e),
            -1);
        assert_int_equal(e.code, ERR_DATA);
}

static void timers_do_not_go_back(void **state)
{
        int64_t first = monotonic_ms();

        (void)state;
        assert_true(monotonic_ms() >= first);
}

#define IN_FOLDER(f)                                                           \
        cmocka_unit_test_setup_teardown(f, folder_setup, folder_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
            IN_FOLDER(without_a_folder_or_a_file_it_is_real_time),
            IN_FOLDER(an_open_clock_sees_each_change_at_once),
            IN_FOLDER(each_change_counts),
            IN_FOLDER(a_touch_counts_and_leaves_the_setting),
            IN_FOLDER(creating_again_keeps_the_setting),
            IN_FOLDER(a_change_by_another_process_is_seen),
            IN_FOLDER(a_reader_never_sees_half_a_change),
            IN_FOLDER(writers_wait_for_each_other),
            IN_FOLDER(a_clock_that_is_not_there_cannot_be_set),
            IN_FOLDER(a_file_that_is_no_clock_is_refused),
            cmocka_unit_test(timers_do_not_go_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
