#include "stapler/check/watch.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "pki/pki.h"
#include "stapler/check/run.h"

/* What makes a line. */
struct sight {
        enum ocsp_outcome outcome;
        bool has_single;
        enum ocsp_cert_status cert_status;
        int reason;
        int64_t this_update;
        struct pki_serial serial;
};

static struct sight sight_of(const struct findings *f)
{
        const struct report *r = &f->first;
        struct sight s;

        memset(&s, 0, sizeof(s)); /* compared as bytes, gaps included */
        s.outcome = r->outcome;
        if (f->subject->leaf != NULL)
                s.serial = pki_serial_of(f->subject->leaf);
        s.has_single = r->has_answer && r->verdict.has_single;
        if (!s.has_single)
                return s;
        s.cert_status = r->verdict.cert_status;
        s.reason = r->verdict.reason;
        s.this_update = r->verdict.this_update;
        return s;
}

/* Only while nothing is printed: a line is whole, or not there.  Nothing that
 * we have needs to be given back. */
static void on_end(int signal_number)
{
        (void)signal_number;
        _exit(0);
}

/* Blocked, and let through where the end is safe: during a look and a pause,
 * with the signal mask that was there before. */
static void prepare(sigset_t *before)
{
        sigset_t ends;
        struct sigaction action;

        memset(&action, 0, sizeof(action));
        action.sa_handler = on_end;
        sigemptyset(&action.sa_mask);
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        sigemptyset(&ends);
        sigaddset(&ends, SIGINT);
        sigaddset(&ends, SIGTERM);
        sigprocmask(SIG_BLOCK, &ends, before);
        sigdelset(before, SIGINT);
        sigdelset(before, SIGTERM);
}

/* A pipe that nobody reads any more ends the watch, though no line is due. */
static int pause_for(int64_t ms, const sigset_t *others, struct err *e)
{
        struct timespec t = {.tv_sec = (time_t)(ms / 1000),
            .tv_nsec = (long)(ms % 1000) * 1000000};
        struct pollfd out = {.fd = STDOUT_FILENO};

        if (ppoll(&out, 1, &t, others) > 0)
                return err_set(
                    e, ERR_IO, "standard output: nobody reads it any more");
        return 0;
}

static int tell(const struct findings *f, struct err *e)
{
        if (f->options->json) {
                if (print_json(f, e) != 0)
                        return -1;
        } else {
                print_change(f);
        }
        return cli_flush(e);
}

static int look(const struct options *o, const sigset_t *others,
    struct subject *s, struct findings *f, struct err *e)
{
        sigset_t blocked;
        int64_t now;
        int rc;

        if (now_of(o, &now, e) != 0)
                return -1;
        sigprocmask(SIG_SETMASK, others, &blocked);
        rc = findings_make(o, now, s, f, e);
        sigprocmask(SIG_SETMASK, &blocked, NULL);
        return rc;
}

int watch(const struct options *o, struct err *e)
{
        static struct findings f; /* a hundred KiB */
        struct sight last, sight;
        struct subject s;
        sigset_t others;
        bool first = true;
        int rc;

        memset(&last, 0, sizeof(last));
        prepare(&others);
        do {
                memset(&s, 0, sizeof(s));
                memset(&f, 0, sizeof(f));
                rc = look(o, &others, &s, &f, e);
                if (rc == 0) {
                        sight = sight_of(&f);
                        if (first || memcmp(&sight, &last, sizeof(sight)) != 0)
                                rc = tell(&f, e);
                        last = sight;
                        first = false;
                }
                findings_release(&f);
                subject_close(&s);
        } while (rc == 0 && pause_for(o->watch_ms, &others, e) == 0);
        return -1;
}
