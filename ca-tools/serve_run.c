#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the command's descriptors are. */
struct plumbing {
        int input;
        int output[2], errors[2];
};

static void plumbing_close(struct plumbing *p)
{
        int *const all[] = {&p->input, &p->output[0], &p->output[1],
            &p->errors[0], &p->errors[1]};
        size_t i;

        for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
                if (*all[i] >= 0)
                        close(*all[i]);
                *all[i] = -1;
        }
}

/* The list, or nothing, as a file: nobody has to write while the command
 * reads. */
static int open_input(const char *list, struct err *e)
{
        size_t len = list != NULL ? strlen(list) : 0, done = 0;
        int fd = memfd_create("list", MFD_CLOEXEC);
        ssize_t n;

        if (fd < 0)
                return err_errno(e, ERR_OS, "memfd");
        while (done < len) {
                n = write(fd, list + done, len - done);
                if (n < 0) {
                        close(fd);
                        return err_errno(e, ERR_OS, "memfd");
                }
                done += (size_t)n;
        }
        lseek(fd, 0, SEEK_SET);
        return fd;
}

static int plumbing_open(struct plumbing *p, const char *list, struct err *e)
{
        *p = (struct plumbing){-1, {-1, -1}, {-1, -1}};
        p->input = open_input(list, e);
        if (p->input < 0)
                return -1;
        if (pipe2(p->output, O_CLOEXEC) == 0 &&
            pipe2(p->errors, O_CLOEXEC) == 0)
                return 0;
        err_errno(e, ERR_OS, "pipe");
        plumbing_close(p);
        return -1;
}

/* ---- the child ---------------------------------------------------------- */

static int spawn(const struct call *c, const char *ocsp_ca,
    const struct plumbing *p, pid_t *pid, struct err *e)
{
        char name[] = "ocsp-ca", *argv[SERVE_ARGUMENTS_MAX + 2] = {name};
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none;
        int number;

        memcpy(argv + 1, c->arguments, c->len * sizeof(argv[0]));
        sigemptyset(&none);
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, p->input, 0);
        posix_spawn_file_actions_adddup2(&actions, p->output[1], 1);
        posix_spawn_file_actions_adddup2(&actions, p->errors[1], 2);
        posix_spawn_file_actions_addclosefrom_np(&actions, 3);
        number =
            posix_spawn(pid, ocsp_ca, &actions, &attributes, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        errno = number;
        return number == 0 ? 0 : err_errno(e, ERR_OS, "%s", ocsp_ca);
}

/* False at the end. */
static bool take(int fd, struct buf *out, bool *cut)
{
        char chunk[16384];
        ssize_t n = read(fd, chunk, sizeof(chunk));

        if (n <= 0)
                return n < 0 && errno == EINTR;
        if (out->len + (size_t)n <= SERVE_OUTPUT_MAX)
                buf_append(out, chunk, (size_t)n);
        else
                *cut = true;
        return true;
}

/* Both to their ends, in whatever order they come. */
static void drain(const struct plumbing *p, struct outcome *o)
{
        struct pollfd fds[] = {
            {.fd = p->output[0], .events = POLLIN},
            {.fd = p->errors[0], .events = POLLIN},
        };
        struct buf *out[] = {&o->output, &o->errors};
        int i, open = 2;

        while (open > 0) {
                if (poll(fds, 2, -1) < 0)
                        continue;
                for (i = 0; i < 2; i++) {
                        if (fds[i].fd < 0 || fds[i].revents == 0 ||
                            take(fds[i].fd, out[i], &o->cut))
                                continue;
                        fds[i].fd = -1; /* poll passes it over */
                        open--;
                }
        }
}

int outcome_of(const struct call *c, const char *ocsp_ca, struct outcome *out,
    struct err *e)
{
        struct plumbing p;
        int status = 0, rc;
        pid_t pid;

        if (plumbing_open(&p, c->list, e) != 0)
                return -1;
        rc = spawn(c, ocsp_ca, &p, &pid, e);
        if (rc == 0) {
                close(p.output[1]);
                close(p.errors[1]);
                p.output[1] = p.errors[1] = -1;
                drain(&p, out);
                while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                        continue;
                out->exit =
                    WIFEXITED(status) ? WEXITSTATUS(status) : ERR_INTERNAL;
        }
        plumbing_close(&p);
        if (rc == 0 && (out->output.failed || out->errors.failed))
                return err_set(e, ERR_OS, "out of memory");
        return rc;
}

void outcome_release(struct outcome *o)
{
        buf_release(&o->output);
        buf_release(&o->errors);
}
