#include "cmd.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "print.h"
#include "serve.h"
#include "sibling.h"

enum {
        OPT_LISTEN = ARGS_OWN,
        OPT_TOKEN,
        OPT_REMOTE,
        OPT_HOST,
        OPT_READY,
};

enum {
        GRACE_MS = 2000,
        /* How soon the watching thread hears that it shall end. */
        LOOK_MS = 200,
};

static const struct option options[] = {
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"token-file", required_argument, NULL, OPT_TOKEN},
    {"remote", no_argument, NULL, OPT_REMOTE},
    {"host", required_argument, NULL, OPT_HOST},
    {"ready-file", required_argument, NULL, OPT_READY},
    ARGS_COMMON,
};

struct wish {
        const char *listen, *token_file, *ready_file;
};

static int add_host(struct guard *g, const char *name, struct err *e)
{
        if (g->hosts_len == SERVE_HOSTS_MAX)
                return err_set(
                    e, ERR_USAGE, "--host: at most %d", SERVE_HOSTS_MAX);
        g->hosts[g->hosts_len++] = name;
        return 0;
}

static int parse(struct args *a, struct wish *w, struct guard *g, struct err *e)
{
        int option;

        while ((option = args_next(a, options, e)) != ARGS_END) {
                switch (option) {
                case OPT_LISTEN:
                        w->listen = optarg;
                        break;
                case OPT_TOKEN:
                        w->token_file = optarg;
                        break;
                case OPT_REMOTE:
                        g->remote = true;
                        break;
                case OPT_HOST:
                        if (add_host(g, optarg, e) != 0)
                                return -1;
                        break;
                case OPT_READY:
                        w->ready_file = optarg;
                        break;
                default:
                        return -1;
                }
        }
        return args_words(a, 0, 0, "", e);
}

/* DIR/run/control.token unless another was named; absolute. */
static int find_token(
    struct serve *s, const struct wish *w, char path[PATH_MAX], struct err *e)
{
        char given[PATH_MAX], run[PATH_MAX];

        if (w->token_file == NULL &&
            (file_path(run, sizeof(run), e, "%s/run", s->dir) != 0 ||
                file_mkdir(run, 0700, e) != 0))
                return -1;
        if (w->token_file != NULL
                ? file_path(given, sizeof(given), e, "%s", w->token_file) != 0
                : file_path(given, sizeof(given), e, "%s/control.token", run) !=
                      0)
                return -1;
        if (guard_token(&s->guard, given, e) != 0)
                return -1;
        return realpath(given, path) != NULL
                   ? 0
                   : err_errno(e, ERR_IO, "%s", given);
}

/* ---- the watching thread ------------------------------------------------ */

/* Wakes those who wait for events; ends the server when the directory has
 * gone. */
static void *watch(void *arg)
{
        struct serve *s = arg;
        struct cadb_stamp stamp;
        struct cadb *db = NULL;
        int rc = cadb_open(s->dir, &db, &s->failure);

        if (rc == 0)
                rc = cadb_stamp_take(db, &stamp, &s->failure);
        while (rc == 0 && !atomic_load(&s->stopping)) {
                rc = cadb_wait_change(db, &stamp, LOOK_MS, &s->failure);
                if (rc != 1)
                        continue;
                rc = cadb_stamp_take(db, &stamp, &s->failure);
                httpd_wake(s->server);
        }
        cadb_close(db);
        if (rc != 0)
                kill(getpid(), SIGTERM);
        return NULL;
}

/* ---- from ready to the end ---------------------------------------------- */

static int tell_ready(const struct serve *s, const struct wish *w,
    const char *token_file, struct err *e)
{
        char url[LISTEN_ADDRESS_MAX + 8];
        struct buf line = {0};
        json_t *json;
        char *text;
        int rc = 0;

        snprintf(url, sizeof(url), "http://%s", s->guard.address);
        json = json_pack("{s:s, s:s, s:I, s:o}", "event", "ready", "url", url,
            "pid", (json_int_t)getpid(), "token_file", json_text(token_file));
        text = json_dumps(json, JSON_COMPACT);
        buf_printf(&line, "%s\n", text != NULL ? text : "");
        free(text);
        json_decref(json);
        if (w->ready_file != NULL)
                rc = file_write(w->ready_file, line.data, line.len, 0644, e);
        if (rc == 0) {
                fputs(buf_text(&line), stdout);
                rc = cli_flush(e);
        }
        buf_release(&line);
        return rc;
}

static int start(struct serve *s, const struct wish *w, struct err *e)
{
        struct httpd_options o = {
            .threads = SERVE_THREADS,
            .max_connections = SERVE_CONNECTIONS,
            .max_body = SERVE_BODY_MAX,
            .post = true,
            .handler = serve_call,
            .arg = s,
        };

        if (listen_open(w->listen, &o.fd, e) != 0)
                return -1;
        if (listen_address(o.fd, s->guard.address, e) != 0 ||
            (!s->guard.remote && guard_loopback(s->guard.address, e) != 0)) {
                close(o.fd);
                return -1;
        }
        return httpd_start(&o, &s->server, e);
}

static int serve(struct serve *s, const struct wish *w, const char *token_file,
    struct err *e)
{
        pthread_t watcher;
        sigset_t signals;
        int number;

        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        pthread_sigmask(SIG_BLOCK, &signals, NULL);
        if (start(s, w, e) != 0)
                return -1;
        if (pthread_create(&watcher, NULL, watch, s) != 0)
                return err_set(e, ERR_OS, "cannot start a thread");
        if (tell_ready(s, w, token_file, e) == 0)
                sigwait(&signals, &number);
        atomic_store(&s->stopping, true);
        pthread_join(watcher, NULL);
        if (e->code == ERR_NONE && s->failure.code != ERR_NONE)
                *e = s->failure;
        return e->code == ERR_NONE ? 0 : -1;
}

static int open_lab(struct serve *s, const char *given, struct err *e)
{
        const char *dir = lab_dir(given);

        if (lab_dir_check(dir, e) != 0)
                return -1;
        if (realpath(dir, s->dir) == NULL)
                return err_errno(e, ERR_IO, "%s", dir);
        return cadb_open(s->dir, &s->db, e);
}

static int run(struct args *a, struct err *e)
{
        struct serve s = {.server = NULL};
        struct wish w = {.listen = "127.0.0.1:0"};
        char token_file[PATH_MAX];
        int rc = -1;

        if (parse(a, &w, &s.guard, e) != 0)
                return -1;
        pthread_mutex_init(&s.mutex, NULL);
        if (open_lab(&s, a->dir, e) == 0 &&
            sibling_path("ocsp-ca", s.ocsp_ca, e) == 0 &&
            log_open(NULL, LOG_INFO_, e) == 0 &&
            find_token(&s, &w, token_file, e) == 0)
                rc = serve(&s, &w, token_file, e);
        httpd_stop(s.server, GRACE_MS);
        cadb_close(s.db);
        pthread_mutex_destroy(&s.mutex);
        return rc;
}

static const char help[] =
    "usage: ocsp-ca serve [OPTION]...\n\n"
    "issue, revoke, hold, release, status, show, list, crl, signer, "
    "scenario, clock and\nevents as\nHTTP calls with JSON; GET / describes "
    "them.  A call "
    "that was answered with 200 is as\ngood as a command that has exited "
    "0.  It prints one JSON line when it can serve\n(event, url, pid, "
    "token_file), logs to standard error, and ends with SIGTERM.\n\n"
    "  --listen ADDR:PORT   or fd:N; default: 127.0.0.1:0, any free "
    "port\n"
    "  --token-file FILE    the token that callers must send; made if it "
    "is not there,\n"
    "                       mode 0600 (default: DIR/run/control.token)\n"
    "  --remote             ADDR may be other than loopback\n"
    "  --host NAME          callers may call us so in Host, besides the "
    "address and\n"
    "                       localhost; repeated: up to 8\n"
    "  --ready-file FILE    gets the JSON line, too\n" HELP_COMMON;

/* argv[0] is "serve": 'ocsp-ca serve' becomes us. */
int main(int argc, char **argv)
{
        char name[] = "serve";
        struct err e = ERR_INIT;
        struct args args;
        int rc;

        cli_hold_descriptors();
        signal(SIGPIPE, SIG_IGN);
        signal(SIGXFSZ, SIG_IGN);
        argv[0] = name;
        args_init(&args, argc, argv);
        rc = run(&args, &e);
        if (rc != 0 && args.help) {
                fputs(help, stdout);
                rc = cli_flush(&e);
        }
        return rc == 0 ? 0 : cli_fail("ocsp-ca", &e);
}
