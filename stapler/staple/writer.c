#include "stapler/staple/staple.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/dir.h"
#include "stapler/staple/internal.h"

/* One staple that waits to be written. */
struct job {
        struct job *next;
        char name[LAB_NAME_MAX + 1];
        char path[PATH_MAX];
        struct buf der;
};

struct staple_writer {
        const char *folder;
        staple_writer_failed *failed;
        pthread_t thread;
        bool started;
        pthread_mutex_t lock; /* of what follows */
        pthread_cond_t change;
        struct job *first, **last;
        bool ending;
};

static void job_free(struct job *j)
{
        buf_release(&j->der);
        free(j);
}

/* Waits.  NULL: there will be no more. */
static struct job *take_job(struct staple_writer *w)
{
        struct job *j;

        pthread_mutex_lock(&w->lock);
        while (w->first == NULL && !w->ending)
                pthread_cond_wait(&w->change, &w->lock);
        j = w->first;
        if (j != NULL) {
                w->first = j->next;
                if (w->first == NULL)
                        w->last = &w->first;
        }
        pthread_mutex_unlock(&w->lock);
        return j;
}

static void *work(void *arg)
{
        struct staple_writer *w = arg;
        struct job *j;

        while ((j = take_job(w)) != NULL) {
                struct err e = ERR_INIT;

                if (staple_store_write(
                        w->folder, j->path, buf_span(&j->der), &e) != 0)
                        w->failed(j->name, &e);
                job_free(j);
        }
        return NULL;
}

struct staple_writer *staple_writer_new(
    const char *folder, staple_writer_failed *failed)
{
        struct staple_writer *w = calloc(1, sizeof(*w));

        if (w == NULL)
                return NULL;
        w->folder = folder;
        w->failed = failed;
        w->last = &w->first;
        pthread_mutex_init(&w->lock, NULL);
        pthread_cond_init(&w->change, NULL);
        return w;
}

/* Signals are for the threads that were there before. */
static int start(struct staple_writer *w, struct err *e)
{
        sigset_t all, before;
        int rc;

        if (w->started)
                return 0;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &before);
        rc = pthread_create(&w->thread, NULL, work, w);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (rc != 0)
                return err_set(e, ERR_OS, "cannot start a thread");
        w->started = true;
        return 0;
}

static void append(struct staple_writer *w, struct job *j)
{
        pthread_mutex_lock(&w->lock);
        *w->last = j;
        w->last = &j->next;
        pthread_cond_signal(&w->change);
        pthread_mutex_unlock(&w->lock);
}

int staple_writer_put(struct staple_writer *w, const char *name,
    const X509 *leaf, struct span der, struct err *e)
{
        struct job *j;

        if (start(w, e) != 0)
                return -1;
        j = calloc(1, sizeof(*j));
        if (j == NULL)
                return err_set(e, ERR_OS, "out of memory");
        snprintf(j->name, sizeof(j->name), "%s", name);
        buf_append(&j->der, der.data, der.len);
        if (j->der.failed)
                err_set(e, ERR_OS, "out of memory");
        else if (staple_store_path(w->folder, leaf, j->path, e) == 0) {
                append(w, j);
                return 0;
        }
        job_free(j);
        return -1;
}

void staple_writer_free(struct staple_writer *w)
{
        if (w == NULL)
                return;
        pthread_mutex_lock(&w->lock);
        w->ending = true;
        pthread_cond_signal(&w->change);
        pthread_mutex_unlock(&w->lock);
        if (w->started)
                pthread_join(w->thread, NULL);
        pthread_cond_destroy(&w->change);
        pthread_mutex_destroy(&w->lock);
        free(w);
}
