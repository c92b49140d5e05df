/* ocsp-responder: answers OCSP over HTTP from the lab's database. */
#include "responder/worker.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/listen.h"
#include "responder/confine.h"
#include "responder/place.h"

static const char program[] = "ocsp-responder";

/* Time for requests that have begun, when we are told to stop. */
enum { GRACE_MS = 1000 };

/* How often signers are looked at in idle times. */
enum { WATCH_S = 30 };

enum {
        /* Connections of the status listener: waits of a test suite. */
        STATUS_CONNECTIONS = 1024,
        /* Descriptors of a thread: the database and its WAL, what tells that
         * DIR has gone, epoll, and what wakes it; libmicrohttpd 1.0 has one
         * more of these. */
        THREAD_FILES = 8,
};

/* ---- where ------------------------------------------------------------- */

/* Listening, before anybody is answered; -1: not, or a server's by now. */
struct sockets {
        int ocsp;
        int status;
        char status_url[LISTEN_ADDRESS_MAX + sizeof("http://")]; /* "": off */
};

static void sockets_close(struct sockets *s)
{
        if (s->ocsp >= 0)
                close(s->ocsp);
        if (s->status >= 0)
                close(s->status);
}

static int take_socket(
    const struct responder *r, const struct place *lab, int *fd, struct err *e)
{
        const char *given = r->options->listen;

        if (listen_open(given != NULL ? given : lab->address, fd, e) == 0)
                return 0;
        if (given != NULL)
                return err_prefix(e, "--listen");
        return err_prefix(e,
            "without --listen it is where the lab's URL %s says",
            r->settings.ocsp_url);
}

/* Ours is what certificates name, if that is where we are. */
static int set_url(
    struct responder *r, const struct place *lab, int fd, struct err *e)
{
        const struct options *o = r->options;
        const char *lab_url = r->settings.ocsp_url;
        char bound[LISTEN_ADDRESS_MAX];
        struct place own;

        if (listen_address(fd, bound, e) != 0)
                return -1;
        if (o->url != NULL)
                snprintf(r->url, sizeof(r->url), "%s", o->url);
        else if (lab_url[0] != '\0' &&
                 (o->listen == NULL || strcmp(bound, lab->address) == 0))
                snprintf(r->url, sizeof(r->url), "%s", lab_url);
        else
                snprintf(
                    r->url, sizeof(r->url), "http://%s%s", bound, lab->path);
        if (place_parse(r->url, &own, e) != 0)
                return err_prefix(e, "--url");
        snprintf(r->prefix, sizeof(r->prefix), "%s", own.path);
        r->prefix_len = strlen(r->prefix);
        return 0;
}

/* On -1 *fd may be open. */
static int take_place(struct responder *r, int *fd, struct err *e)
{
        const char *url = r->settings.ocsp_url;
        struct place lab = {"127.0.0.1:0", ""};

        if (url[0] != '\0' && place_parse(url, &lab, e) != 0)
                return err_prefix(e, "the lab's URL");
        if (take_socket(r, &lab, fd, e) != 0)
                return -1;
        return set_url(r, &lab, *fd, e);
}

static int take_status(
    const struct options *o, struct sockets *s, struct err *e)
{
        char bound[LISTEN_ADDRESS_MAX];

        if (o->status == NULL)
                return 0;
        if (listen_open(o->status, &s->status, e) != 0)
                return err_prefix(e, "--status");
        if (listen_address(s->status, bound, e) != 0)
                return -1;
        snprintf(s->status_url, sizeof(s->status_url), "http://%s", bound);
        return 0;
}

/* As many descriptors as connections need, or as many as we may have.  Each
 * thread takes one connection in any case. */
static unsigned raise_files(unsigned connections, unsigned threads)
{
        const rlim_t own = (rlim_t)threads * THREAD_FILES;
        const rlim_t others = own + 64 + CRLS_OPEN_MAX + STATUS_CONNECTIONS;
        struct rlimit l;

        if (getrlimit(RLIMIT_NOFILE, &l) != 0)
                return connections;
        if (l.rlim_cur < connections + others) {
                l.rlim_cur = l.rlim_max < connections + others
                                 ? l.rlim_max
                                 : connections + others;
                setrlimit(RLIMIT_NOFILE, &l);
        }
        if (l.rlim_cur >= connections + others)
                return connections;
        if (l.rlim_cur > 2 * others)
                return (unsigned)(l.rlim_cur - others);
        return l.rlim_cur > own ? (unsigned)((l.rlim_cur - own) / 2) : 0;
}

/* ---- serving ----------------------------------------------------------- */

/* The socket is the server's then, even if it does not start. */
static int start_server(struct responder *r, struct sockets *s, struct err *e)
{
        const struct httpd_options o = {.fd = s->ocsp,
            .threads = r->options->threads,
            .max_connections =
                raise_files(r->options->max_connections, r->options->threads),
            .max_body = OCSP_REQUEST_LIMIT,
            .post = true,
            .handler = serve_ocsp,
            .arg = r,
            .refused = &r->refused};

        s->ocsp = -1;
        return httpd_start(&o, &r->server, e);
}

static void wake_status(void *responder)
{
        const struct responder *r = responder;

        httpd_wake(r->status_server);
}

static int start_status(struct responder *r, struct sockets *s, struct err *e)
{
        const struct httpd_options o = {.fd = s->status,
            .threads = 1,
            .max_connections = STATUS_CONNECTIONS,
            .handler = serve_status,
            .arg = r};

        if (s->status < 0)
                return 0;
        s->status = -1;
        if (httpd_start(&o, &r->status_server, e) != 0)
                return -1;
        journal_set_wake(r->journal, wake_status, r);
        return 0;
}

static int make_ready_line(const struct responder *r, const struct sockets *s,
    struct buf *out, struct err *e)
{
        const char *status = s->status_url[0] != '\0' ? s->status_url : NULL;
        json_t *line = json_pack("{s:s, s:s, s:s?, s:i, s:b}", "event", "ready",
            "url", r->url, "status_url", status, "pid", (int)getpid(), "faults",
            !r->settings.no_faults);
        char *text = line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;

        buf_printf(out, "%s\n", text != NULL ? text : "");
        free(text);
        json_decref(line);
        return text != NULL ? 0
                            : err_set(e, ERR_OS, "ready line: out of memory");
}

static int print_ready(const struct buf *line, struct err *e)
{
        fwrite(line->data, 1, line->len, stdout);
        return cli_flush(e);
}

/* Baseline Requirements 4.9.9: what public CAs may not use, labs may. */
enum { VALIDITY_LEAST = 8 * 3600, VALIDITY_MOST = 7 * 86400 };

static void tell_log(
    struct responder *r, const struct sockets *s, enum jail_kind confined)
{
        const struct issuers *cas = r->workers[0]->issuers;
        const char *lab = r->settings.ocsp_url;
        int64_t validity = r->options->policy.validity;
        char text[DURATION_TEXT_MAX];
        size_t i;

        tell(LOG_INFO_, "main", "url=%s status=%s threads=%u jail=%s serving",
            r->url, s->status_url[0] != '\0' ? s->status_url : "off",
            r->options->threads, jail_kind_name(confined));
        if (confined == JAIL_NO_PRIVS)
                tell(LOG_WARN_, "main",
                    "this kernel or this build has no Landlock: all files of "
                    "this user stay within reach");
        if (lab[0] != '\0' && strcmp(r->url, lab) != 0)
                tell(LOG_WARN_, "main",
                    "url=%s but certificates of this lab say %s", r->url, lab);
        if (validity < VALIDITY_LEAST || validity > VALIDITY_MOST)
                tell(LOG_INFO_, "main",
                    "validity=\"%s\" public CAs must stay between 8h and 7d",
                    format_duration(validity, text));
        for (i = 0; i < cas->len; i++)
                worker_tell_issuer(cas->list[i]);
        responder_watch_signers(r, responder_now(r));
}

static void reopen(struct responder *r)
{
        int rc = tell_reopen(), number = errno;

        registry_expire(r->registry);
        if (rc == 0)
                tell(LOG_INFO_, "main",
                    "SIGHUP: log opened anew, signers will be");
        else
                tell(LOG_ERROR_, "main",
                    "SIGHUP: signers will be loaded anew, but %s cannot be "
                    "opened: %s: this file is kept",
                    r->options->log, strerror(number));
}

/* Until SIGTERM or SIGINT; SIGHUP: log and signers anew.  Requests notice a
 * moved clock and new signers; that time passes is noticed here. */
static void wait_for_the_end(struct responder *r, const sigset_t *signals)
{
        const struct timespec between = {WATCH_S, 0};
        int signal;

        for (;;) {
                signal = sigtimedwait(signals, NULL, &between);
                if (signal == SIGTERM || signal == SIGINT)
                        break;
                if (signal == SIGHUP)
                        reopen(r);
                responder_watch_signers(r, responder_now(r));
        }
        tell(LOG_INFO_, "main", "stopping signal=%d", signal);
}

/* Before any thread, which inherits it. */
static void block_signals(sigset_t *signals)
{
        sigemptyset(signals);
        sigaddset(signals, SIGTERM);
        sigaddset(signals, SIGINT);
        sigaddset(signals, SIGHUP);
        pthread_sigmask(SIG_BLOCK, signals, NULL);
        signal(SIGPIPE, SIG_IGN);
}

/* All that needs more than a confined process has.  The file tells that it is
 * ready a moment early: connections are taken, and wait for the threads. */
static int open_up(
    struct responder *r, struct sockets *s, struct buf *ready, struct err *e)
{
        const char *file = r->options->ready_file;

        if (responder_check_signers(r, e) != 0 ||
            take_place(r, &s->ocsp, e) != 0 ||
            take_status(r->options, s, e) != 0 ||
            pages_make(&r->pages, r->url, e) != 0 ||
            make_ready_line(r, s, ready, e) != 0)
                return -1;
        return file == NULL
                   ? 0
                   : file_write(file, ready->data, ready->len, 0644, e);
}

static int serve(struct responder *r, struct err *e)
{
        struct sockets s = {.ocsp = -1, .status = -1};
        struct buf ready = {.len = 0};
        enum jail_kind confined;
        sigset_t signals;
        int rc = -1;

        block_signals(&signals);
        if (open_up(r, &s, &ready, e) != 0 ||
            confine(r->options, &confined, e) != 0)
                goto out;
        r->serving = true;
        if (start_status(r, &s, e) != 0)
                goto out;
        tell_log(r, &s, confined);
        if (start_server(r, &s, e) != 0 || print_ready(&ready, e) != 0)
                goto out;
        wait_for_the_end(r, &signals);
        rc = 0;
out:
        sockets_close(&s);
        buf_release(&ready);
        return rc;
}

static int run(const struct options *o, struct err *e)
{
        struct responder r;
        int rc;

        if (tell_open(o->log, o->log_json, e) != 0 ||
            responder_open(&r, o, e) != 0)
                return -1;
        if (o->answer == NULL)
                rc = serve(&r, e);
        else if ((rc = pages_make(&r.pages, r.settings.ocsp_url, e)) == 0)
                rc = offline_answer(&r, e);
        /* This order: requests that end wake the status listener. */
        httpd_stop(r.server, GRACE_MS);
        httpd_stop(r.status_server, GRACE_MS);
        responder_release(&r);
        return rc;
}

int main(int argc, char **argv)
{
        struct options o;
        struct err e = ERR_INIT;

        cli_hold_descriptors();
        if (options_parse(argc, argv, &o, &e) != 0)
                return cli_fail(program, &e);
        if (o.version)
                return cli_version(program);
        if (o.help) {
                fputs(options_help, stdout);
                return cli_flush(&e) == 0 ? 0 : cli_fail(program, &e);
        }
        return run(&o, &e) == 0 ? 0 : cli_fail(program, &e);
}
