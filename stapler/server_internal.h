/* Shared by server.c, start.c and requests.c only. */
#ifndef OCSP_LAB_STAPLER_SERVER_INTERNAL_H
#define OCSP_LAB_STAPLER_SERVER_INTERNAL_H

#include <event2/event.h>
#include <limits.h>

#include "base/base.h"
#include "stapler/batch.h"
#include "stapler/roster.h"
#include "stapler/server.h"
#include "stapler/web/web.h"

enum { SERVER_SIGNALS = 3 };

struct server {
        const struct options *options;
        struct event_base *base;
        struct labclock *clock;
        uint64_t clock_generation;
        struct trust trust;
        struct keeper keeper;
        struct tls *tls;
        struct roster roster;
        struct batches batches;
        struct web *web, *status;
        struct event *tick, *scan, *watch, *signals[SERVER_SIGNALS];
        size_t connections_max;
        char store[PATH_MAX];
        char url[LISTEN_ADDRESS_MAX + 16];
        char status_url[LISTEN_ADDRESS_MAX + 16];
        int64_t started_ms;
        bool ready, full;
        struct err err; /* what ended the loop */
};

/* ---- server.c ------------------------------------------------------------ */

/* Runs what is due now, not at the next tick. */
void server_poke(struct server *s);
/* Reads the certificates anew. */
void server_scan(struct server *s);
/* Accepts, or lets clients wait in the backlog when there are too many. */
void server_limit_connections(struct server *s);

/* Hooks of the keeper and of tls. */
void server_on_settled(void *server, struct site *site);
void server_on_miss(void *server, const char *name);

/* ---- start.c ------------------------------------------------------------- */

/* server_release is due even if it fails. */
int server_open(struct server *s, const struct options *o, struct err *e);
void server_release(struct server *s);

/* ---- requests.c: hooks of the listeners -----------------------------------
 */

struct ssl_st *server_on_accept(void *server);
void server_on_page(void *server, struct web_request *r);
void server_on_control(void *server, struct web_request *r);

#endif
