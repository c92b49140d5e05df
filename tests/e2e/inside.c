/*
 * For LD_PRELOAD: what a server can still do when it serves, tried from inside.
 * Its main thread comes to sigtimedwait when all threads run, or (compiled with
 * INSIDE_EPOLL) to epoll_wait before there are any; there it tries: each
 * attempt is a line "NAME ERRNO" in descriptor 2.  $INSIDE is a folder that was
 * given up, $INSIDE_LOG one of the log.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void say(const char *name, int rc)
{
        dprintf(STDERR_FILENO, "inside %s %s\n", name,
            rc >= 0 ? "done" : strerrorname_np(errno));
}

static const char *path(const char *variable, const char *name)
{
        static char text[4096];

        snprintf(text, sizeof(text), "%s%s", getenv(variable), name);
        return text;
}

static void try_tcp(const char *name,
    int (*call)(int, const struct sockaddr *, socklen_t), int port)
{
        struct sockaddr_in to = {.sin_family = AF_INET,
            .sin_port = htons((uint16_t)port),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        say(name, call(fd, (const struct sockaddr *)&to, sizeof(to)));
        close(fd);
}

static int program(void)
{
        char *const argv[] = {"true", NULL};
        pid_t pid;
        int rc = posix_spawn(&pid, "/bin/true", NULL, NULL, argv, argv + 1);

        errno = rc;
        return rc == 0 ? 0 : -1;
}

static void try_all(void)
{
        struct rlimit core = {1, 1};

        say("read-passwd", open("/etc/passwd", O_RDONLY));
        say("read-outside", open(path("INSIDE", "/file"), O_RDONLY));
        say("write-outside", open(path("INSIDE", "/file"), O_WRONLY));
        say("make-outside",
            open(path("INSIDE", "/a"), O_CREAT | O_WRONLY, 0600));
        say("read-lab", open(path("OCSP_LAB_DIR", "/root.pem"), O_RDONLY));
        say("write-lab", open(path("OCSP_LAB_DIR", "/root.pem"), O_WRONLY));
        say("make-lab",
            open(path("OCSP_LAB_DIR", "/crl/a"), O_CREAT | O_WRONLY, 0600));
        say("remove-lab", unlink(path("OCSP_LAB_DIR", "/root.pem")));
        say("read-ca", open(path("OCSP_LAB_DIR", "/ca.db"), O_RDONLY));
        say("read-key",
            open(path("OCSP_LAB_DIR", "/certs/www/key.pem"), O_RDONLY));
        say("write-key",
            open(path("OCSP_LAB_DIR", "/certs/www/key.pem"), O_WRONLY));
        say("make-cert",
            open(path("OCSP_LAB_DIR", "/certs/a"), O_CREAT | O_WRONLY, 0600));
        say("make-staple",
            open(path("OCSP_LAB_DIR", "/staples/a"), O_CREAT | O_WRONLY, 0600));
        say("make-log",
            open(path("INSIDE_LOG", "/a"), O_CREAT | O_WRONLY, 0600));
        say("read-log", open(path("INSIDE_LOG", "/other"), O_RDONLY));
        say("remove-log", unlink(path("INSIDE_LOG", "/other")));
        say("program", program());
        try_tcp("connect", connect, 1);
        try_tcp("bind", bind, 0);
        say("signal", kill(getppid(), 0));
        getrlimit(RLIMIT_CORE, &core);
        dprintf(STDERR_FILENO, "inside landlock %ld core %d\n",
            syscall(444, NULL, 0, 1), core.rlim_max != 0);
        say("end", 0);
}

#ifdef INSIDE_EPOLL
int epoll_wait(int epoll, struct epoll_event *events, int max, int timeout)
{
        static atomic_flag tried = ATOMIC_FLAG_INIT;

        if (!atomic_flag_test_and_set(&tried))
                try_all();
        return epoll_pwait(epoll, events, max, timeout, NULL);
}
#else
int sigtimedwait(
    const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
        static int tried;

        if (!tried) {
                tried = 1;
                try_all();
        }
        return (int)syscall(SYS_rt_sigtimedwait, set, info, timeout, _NSIG / 8);
}
#endif
