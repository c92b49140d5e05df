#include "stapler/engine/engine.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stapler/engine/internal.h"

/* ---- threads ------------------------------------------------------------- */

/* Signals are the owner's. */
static int start_thread(struct worker *w)
{
        sigset_t all, before;
        int rc;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        rc = pthread_create(&w->thread, NULL, worker_main, w);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        w->started = rc == 0;
        return rc;
}

int engine_start(struct engine *n, struct err *e)
{
        unsigned i;

        for (i = 0; i < n->spec.threads; i++) {
                if (start_thread(n->workers[i]) != 0) {
                        engine_stop(n);
                        return err_set(e, ERR_OS, "cannot start a thread");
                }
        }
        return 0;
}

static void wake_all(struct engine *n)
{
        unsigned i;

        for (i = 0; i < n->spec.threads; i++)
                worker_wake(n->workers[i]);
}

void engine_stop(struct engine *n)
{
        unsigned i;

        atomic_store(&n->stopping, true);
        wake_all(n);
        for (i = 0; i < n->spec.threads; i++) {
                if (n->workers[i]->started)
                        pthread_join(n->workers[i]->thread, NULL);
                n->workers[i]->started = false;
        }
}

/* ---- life --------------------------------------------------------------- */

static int open_engine(struct engine *n)
{
        unsigned i;

        n->news = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (n->news < 0)
                return -1;
        for (i = 0; i < n->spec.threads; i++) {
                n->workers[i] = worker_new(n);
                if (n->workers[i] == NULL)
                        return -1;
        }
        return 0;
}

static void free_parts(struct engine *n)
{
        unsigned i;

        for (i = 0; i < n->spec.threads; i++)
                worker_free(n->workers[i]);
        if (n->news >= 0)
                close(n->news);
        close(n->spec.fd);
        free(n);
}

int engine_new(
    const struct engine_spec *spec, struct engine **out, struct err *e)
{
        struct engine *n = calloc(1, sizeof(*n));
        int one = 1;

        *out = NULL;
        if (n == NULL) {
                close(spec->fd);
                return err_set(e, ERR_OS, "out of memory");
        }
        n->spec = *spec;
        if (open_engine(n) != 0) {
                free_parts(n);
                return err_set(e, ERR_OS, "cannot make the server's threads");
        }
        /* Each connection inherits it: what is written is whole flights and
         * responses, and nothing is gained by waiting for more. */
        setsockopt(spec->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        *out = n;
        return 0;
}

void engine_free(struct engine *n)
{
        if (n == NULL)
                return;
        engine_stop(n);
        free_parts(n);
}

size_t engine_connections(const struct engine *n)
{
        size_t sum = 0;
        unsigned i;

        for (i = 0; i < n->spec.threads; i++)
                sum += atomic_load(&n->workers[i]->len);
        return sum;
}

/* ---- names that nobody has ---------------------------------------------- */

int engine_news(const struct engine *n)
{
        return n->news;
}

uint64_t engine_missed(struct engine *n)
{
        uint64_t count;

        if (read(n->news, &count, sizeof(count)) < 0)
                count = 0;
        return atomic_load(&n->missed);
}

void engine_named(struct engine *n, uint64_t missed)
{
        atomic_store(&n->named, missed);
        wake_all(n);
}

void engine_offered(struct engine *n)
{
        atomic_fetch_add(&n->offered, 1);
        wake_all(n);
}
