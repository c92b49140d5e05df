/* Shared by server.c, start.c, front.c and requests.c only. */
#ifndef OCSP_LAB_STAPLER_SERVER_INTERNAL_H
#define OCSP_LAB_STAPLER_SERVER_INTERNAL_H

#include <event2/event.h>
#include <limits.h>
#include <stdatomic.h>

#include "base/base.h"
#include "base/jail_places.h"
#include "stapler/batch.h"
#include "stapler/engine/engine.h"
#include "stapler/http/http.h"
#include "stapler/relay/relay.h"
#include "stapler/roster.h"
#include "stapler/server.h"
#include "stapler/waiters.h"
#include "stapler/web/web.h"

enum { SERVER_SIGNALS = 3 };

struct server {
        const struct options *options;
        struct event_base *base;
        struct labclock *clock;
        struct labclock_setting setting; /* of the clock, as it was last seen */
        atomic_uint_fast64_t heard;      /* the clock's generation then */
        struct trust trust;
        struct keeper keeper;
        struct tls *tls;
        struct roster roster;
        struct batches batches;
        struct waiters waiters;
        int front_fd; /* listening, until the engine has it; -1 */
        struct engine *engine;
        struct http_spec http;
        struct relay *relay; /* NULL: http */
        struct web *status;
        struct event *tick, *scan, *watch, *missed, *signals[SERVER_SIGNALS];
        char store[PATH_MAX];
        char url[LISTEN_ADDRESS_MAX + 16];
        char status_url[LISTEN_ADDRESS_MAX + 16];
        int64_t started_ms;
        enum jail_kind jail;
        bool ready;
        struct err err; /* what ended the loop */
};

/* ---- server.c ------------------------------------------------------------ */

/* Runs what is due now, not at the next tick. */
void server_poke(struct server *s);
/* Reads the certificates anew. */
void server_scan(struct server *s);
/* The same, if there is news of them. */
void server_scan_news(struct server *s);
/* Lets TLS see what has been added and removed. */
void server_commit(struct server *s);

/* Hooks of the keeper. */
void server_on_settled(void *server, struct site *site);
const struct site *server_find_twin(void *server, const struct site *site);
void server_on_offered(void *server);

/* Looks at the lab's clock and at the scenarios that are set, if anything was
 * said about them. */
void server_listen(struct server *s);

/* ---- start.c ------------------------------------------------------------- */

/* server_release is due even if it fails. */
int server_open(struct server *s, const struct options *o, struct err *e);
void server_release(struct server *s);

/* ---- front.c: what clients connect to ----------------------------------- */

int front_open_tls(struct server *s, struct err *e);
/* With s->tls and s->front_fd. */
int front_open(struct server *s, struct err *e);
/* Starts the threads: after everything that must come before any. */
int front_start(struct server *s, struct err *e);
void front_close(struct server *s);

/* ---- requests.c: the hook of the status listener ------------------------ */

void server_on_control(void *server, struct web_request *r);

#endif
