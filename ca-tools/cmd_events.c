#include "cmd.h"
#include "events.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pki/pki.h"
#include "print.h"

enum { OPT_SINCE = ARGS_OWN, OPT_FOLLOW };

static const struct option options[] = {
    {"since", required_argument, NULL, OPT_SINCE},
    {"follow", no_argument, NULL, OPT_FOLLOW},
    ARGS_COMMON,
};

/* Events are read so many at a time, and printed when the database is let go:
 * a reader that has stopped holds up no checkpoint. */
enum { BATCH = 128 };

/* How soon a follower whose reader has gone without a word ends. */
enum { READER_LOOK_MS = 1000 };

struct trail {
        struct cadb *db;
        int64_t since; /* number of the last one that was printed */
        bool json, follow;
        size_t len; /* of what is read and not printed */
        struct cadb_event batch[BATCH];
};

static void print_event(const struct cadb_event *ev)
{
        char at[TIME_TEXT_MAX], serial[PKI_SERIAL_TEXT_MAX];

        printf("%6lld  %s  %-8s", (long long)ev->seq, format_time(ev->at, at),
            ev->kind);
        if (ev->ca_name[0] != '\0')
                printf(" %s", ev->ca_name);
        if (ev->name[0] != '\0')
                printf(" %s", ev->name);
        if (ev->serial_len > 0)
                printf(" %s",
                    pki_serial_text(
                        (struct span){ev->serial, ev->serial_len}, serial));
        if (ev->detail[0] != '\0')
                printf(" %s", ev->detail);
        printf("\n");
}

static int row(void *arg, const struct cadb_event *ev, struct err *e)
{
        struct trail *t = arg;

        (void)e;
        t->batch[t->len++] = *ev;
        return t->len < BATCH ? 0 : -1;
}

static int print_batch(struct trail *t, struct err *e)
{
        size_t i;

        for (i = 0; i < t->len; i++) {
                if (!t->json)
                        print_event(&t->batch[i]);
                else if (print_json(event_json(&t->batch[i]), e) != 0)
                        return -1;
                t->since = t->batch[i].seq;
        }
        return ferror(stdout) ? cli_flush(e) : 0;
}

/* All that there is after t->since. */
static int print_events(struct trail *t, struct err *e)
{
        do {
                t->len = 0;
                if (cadb_event_each(t->db, t->since, row, t, e) != 0 &&
                    t->len < BATCH)
                        return -1;
                if (print_batch(t, e) != 0)
                        return -1;
        } while (t->len == BATCH);
        return 0;
}

/* ---- following ---------------------------------------------------------- */

/* Each line left in one piece, so nothing is half done wherever this
 * strikes.  What a reader that has gone does not want is not flushed. */
static void end(int signal_number)
{
        (void)signal_number;
        _exit(0);
}

static void start_following(void)
{
        struct sigaction action = {.sa_handler = end};

        setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
        sigaction(SIGTERM, &action, NULL);
        sigaction(SIGINT, &action, NULL);
}

/* A pipe or socket that nobody reads any more. */
static bool reader_gone(void)
{
        struct pollfd out = {.fd = STDOUT_FILENO};

        return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

static int wait_timeout(void)
{
        struct stat st;

        if (fstat(STDOUT_FILENO, &st) != 0)
                return -1;
        return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ? READER_LOOK_MS
                                                            : -1;
}

/* Until something was committed after the stamp. */
static int wait_for_more(
    const struct trail *t, const struct cadb_stamp *stamp, struct err *e)
{
        int timeout = wait_timeout(), changed;

        do {
                changed = cadb_wait_change(t->db, stamp, timeout, e);
                if (reader_gone())
                        end(0);
        } while (changed == 0);
        return changed;
}

/* The stamp is older than what is read after it: a commit in between is read
 * twice over, never missed, and its events are printed once as their numbers
 * grow. */
static int follow(struct trail *t, struct err *e)
{
        struct cadb_stamp stamp;
        int rc;

        start_following();
        do {
                if (cadb_stamp_take(t->db, &stamp, e) != 0)
                        return -1;
                rc = print_events(t, e);
                if (reader_gone())
                        end(0);
                if (rc == 0)
                        rc = wait_for_more(t, &stamp, e);
        } while (rc == 1);
        return rc;
}

static int parse(struct trail *t, struct args *a, struct err *e)
{
        uint64_t since = 0;
        int option;

        while ((option = args_next(a, options, e)) != ARGS_END) {
                switch (option) {
                case OPT_SINCE:
                        if (parse_uint(optarg, INT64_MAX, &since, e) != 0)
                                return err_prefix(e, "--since");
                        break;
                case OPT_FOLLOW:
                        t->follow = true;
                        break;
                default:
                        return -1;
                }
        }
        t->since = (int64_t)since;
        t->json = a->json;
        return args_words(a, 0, 0, "", e);
}

static int run(struct args *a, struct err *e)
{
        struct lab lab = {0};
        struct trail t = {.len = 0};
        int rc = -1;

        if (parse(&t, a, e) != 0)
                return -1;
        if (lab_open(&lab, a, e) == 0) {
                t.db = lab.db;
                rc = t.follow ? follow(&t, e) : print_events(&t, e);
        }
        lab_release(&lab);
        return rc;
}

const struct command cmd_events = {
    .name = "events",
    .summary = "list what was changed, in order",
    .help =
        "usage: ocsp-ca events [OPTION]...\n\n"
        "Every change has a sequence number, in the order in which they were "
        "made.  With --json,\none line each: seq, at (the lab's time), kind, "
        "and where they apply ca, name, serial,\ndetail.\n\n"
        "  --since SEQ          only those after that number\n"
        "  --follow             go on with what is changed from now on, each "
        "line at once,\n"
        "                       until SIGTERM, SIGINT or the end of the "
        "reader: exit 0\n" HELP_COMMON,
    .run = run,
};
