/*
 * 'ocsp-ca serve': the commands over HTTP, for suites that are no shells.
 *
 * Each call runs the very command in a process of its own: what it prints with
 * --json is the answer, its exit status becomes the HTTP status.  So a call
 * that was answered with 200 is as visible and as durable as a command that
 * has exited 0, and there is one writer, with one set of rules.
 */
#ifndef OCSP_LAB_CA_SERVE_H
#define OCSP_LAB_CA_SERVE_H

#include <jansson.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"
#include "cadb/cadb.h"
#include "httpd/httpd.h"

/* Limits on what a caller may send. */
enum {
        SERVE_BODY_MAX = 4 << 20,  /* a list of 100,000 serials */
        SERVE_WORDS_MAX = 256,     /* certificates in one call; more: a list */
        SERVE_ARGUMENTS_MAX = 600, /* of one command line */
        SERVE_OUTPUT_MAX = 64 << 20, /* that we keep of a command's output */
        SERVE_CONNECTIONS = 64,
        SERVE_THREADS = 8, /* so many commands at a time */
        SERVE_TOKEN_MAX = 256,
};

/* ---- who may call ------------------------------------------------------- */

enum { SERVE_HOSTS_MAX = 8 };

struct guard {
        char token[SERVE_TOKEN_MAX + 1];
        char address[LISTEN_ADDRESS_MAX];   /* we listen there */
        const char *hosts[SERVE_HOSTS_MAX]; /* names that --host allows */
        size_t hosts_len;
        bool remote; /* any IP address in Host is ours */
};

/* Reads the token of the file, which only its owner may read, or makes the
 * file. */
int guard_token(struct guard *g, const char *path, struct err *e);

/* ERR_CONFIG unless the address is one of the loopback. */
int guard_loopback(const char *address, struct err *e);

/* Why a request is refused: NULL if it is not.  *status is then the HTTP
 * status.  Without the token only if open. */
const char *guard_refuses(const struct guard *g, const struct httpd_request *q,
    bool open, unsigned *status);

/* ---- from a call to a command line -------------------------------------- */

struct call {
        const char *command; /* "revoke": what the error says */
        char *arguments[SERVE_ARGUMENTS_MAX]; /* owned; from argv[1] on */
        size_t len;
        char *list;       /* for its standard input; owned, NULL: nothing */
        bool lines;       /* it prints a JSON value a line ... */
        bool one;         /* ... of which there is one here */
        const char *text; /* it prints text, the value of that key; or NULL */
};

/* Who calls what: ERR_NOTFOUND for no such call, ERR_USAGE for a wrong one;
 * *allow then names the method if only that is wrong.  Zero *out before;
 * call_release in any case. */
int call_read(const struct httpd_request *q, const char *dir, struct call *out,
    const char **allow, struct err *e);
void call_release(struct call *c);

/* What there is to call, as text. */
extern const char serve_help[];

/* ---- running it --------------------------------------------------------- */

struct outcome {
        int exit; /* of the command */
        struct buf output, errors;
        bool cut; /* more output than SERVE_OUTPUT_MAX */
};

/* ocsp_ca is the program.  Blocks until the command has ended.  outcome_release
 * in any case. */
int outcome_of(const struct call *c, const char *ocsp_ca, struct outcome *out,
    struct err *e);
void outcome_release(struct outcome *o);

/* ---- HTTP --------------------------------------------------------------- */

struct serve {
        struct cadb *db; /* for events; used under the mutex */
        pthread_mutex_t mutex;
        char dir[PATH_MAX]; /* absolute */
        char ocsp_ca[PATH_MAX];
        struct guard guard;
        struct httpd *server;
        atomic_bool stopping;
        struct err failure; /* why the watching thread has ended us */
};

/* The handler; arg is the struct serve. */
struct httpd_reply serve_call(
    void *arg, unsigned thread, struct httpd_request *q);

/* GET /events?since=SEQ&timeout=5s: {"last":SEQ,"events":[...]}, when there is
 * one after SEQ, or at the end of the time. */
struct httpd_reply serve_events(struct serve *s, struct httpd_request *q);

/* Takes the body over. */
struct httpd_reply serve_reply(
    unsigned status, const char *type, const char *allow, struct buf *body);
struct httpd_reply serve_error(unsigned status, const char *allow,
    const char *code, const char *what, const char *why);

#endif
