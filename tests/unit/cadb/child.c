#include "child.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534, CANNOT = 98 };

struct child child_spawn(const struct fixture *f, child_body *body, uint32_t n)
{
        int told[2], go[2];
        struct child c;

        assert_null(f->db);
        assert_int_equal(0, pipe(told));
        assert_int_equal(0, pipe(go));
        c.pid = fork();
        assert_true(c.pid >= 0);
        if (c.pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(told[0]);
                close(go[1]);
                c.told = told[1];
                c.go = go[0];
                body(f, &c, n);
                _exit(0);
        }
        close(told[1]);
        close(go[0]);
        c.told = told[0];
        c.go = go[1];
        return c;
}

int child_join(struct child *c)
{
        int status;

        close(c->told);
        close(c->go);
        assert_int_equal(c->pid, waitpid(c->pid, &status, 0));
        return status;
}

void tell(int fd, uint32_t n)
{
        if (write(fd, &n, sizeof(n)) == (ssize_t)sizeof(n))
                return;
        print_error("the other process has gone\n");
        _exit(3);
}

bool hear(int fd, uint32_t *n)
{
        ssize_t got;

        while ((got = read(fd, n, sizeof(*n))) < 0 && errno == EINTR)
                ;
        return got == (ssize_t)sizeof(*n);
}

void child_must(int rc, const struct err *e)
{
        if (rc == 0)
                return;
        print_error("child: %s\n", e->text);
        _exit(2);
}

bool child_drop_root(void)
{
        if (geteuid() != 0)
                return true;
        return setgid(NOBODY) == 0 && setuid(NOBODY) == 0;
}

static child_body *as_nobody;

static void drop_and_run(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        if (!child_drop_root() || access(f->dir, X_OK) != 0)
                _exit(CANNOT);
        as_nobody(f, c, n);
}

int child_as_nobody(const struct fixture *f, child_body *body)
{
        struct child c;
        int status;

        as_nobody = body;
        c = child_spawn(f, drop_and_run, 0);
        status = child_join(&c);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status) != CANNOT ? WEXITSTATUS(status) : -1;
}
