#include "base_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void port_0_takes_a_free_one_and_says_which(void **state)
{
        char where[LISTEN_ADDRESS_MAX];
        int fd;

        (void)state;
        assert_int_equal(listen_open("127.0.0.1:0", &fd, NULL), 0);
        assert_int_equal(listen_address(fd, where, NULL), 0);
        assert_int_equal(strncmp(where, "127.0.0.1:", 10), 0);
        assert_true(strcmp(where + 10, "0") != 0);
        assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        close(fd);
        assert_int_equal(listen_open("localhost:0", &fd, NULL), 0);
        close(fd);
}

static void a_port_in_use_is_refused(void **state)
{
        char where[LISTEN_ADDRESS_MAX];
        struct err e = ERR_INIT;
        int fd, second;

        (void)state;
        assert_int_equal(listen_open("127.0.0.1:0", &fd, NULL), 0);
        assert_int_equal(listen_address(fd, where, NULL), 0);
        assert_int_equal(listen_open(where, &second, &e), -1);
        assert_int_equal(second, -1);
        assert_int_equal(e.code, ERR_OS);
        assert_non_null(strstr(e.text, "in use"));
        close(fd);
}

static void an_inherited_socket_is_taken_over(void **state)
{
        char text[32];
        int fd, same;

        (void)state;
        assert_int_equal(listen_open("127.0.0.1:0", &fd, NULL), 0);
        assert_int_equal(fcntl(fd, F_SETFD, 0), 0);
        snprintf(text, sizeof(text), "fd:%d", fd);
        assert_int_equal(listen_open(text, &same, NULL), 0);
        assert_int_equal(same, fd);
        assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
        close(fd);
}

static void what_is_no_listening_socket_is_refused(void **state)
{
        char text[32];
        struct err e = ERR_INIT;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), out;

        (void)state;
        snprintf(text, sizeof(text), "fd:%d", fd);
        assert_int_equal(listen_open(text, &out, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        close(fd);
        assert_int_equal(listen_open(text, &out, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
}

static void what_is_no_address_is_refused_as_usage(void **state)
{
        static const char *const texts[] = {"", ":", ":80", "80", "127.0.0.1",
            "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http",
            "example.org:80", "[::1", "[::1]", "[]:80", "[::1:80",
            "fd:", "fd:x", "fd:-1", "fd:99999999999"};
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                struct err e = ERR_INIT;
                int fd;

                if (listen_open(texts[i], &fd, &e) == 0)
                        fail_msg("'%s' passed", texts[i]);
                assert_int_equal(e.code, ERR_USAGE);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(port_0_takes_a_free_one_and_says_which),
            cmocka_unit_test(a_port_in_use_is_refused),
            cmocka_unit_test(an_inherited_socket_is_taken_over),
            cmocka_unit_test(what_is_no_listening_socket_is_refused),
            cmocka_unit_test(what_is_no_address_is_refused_as_usage),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
