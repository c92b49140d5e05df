/*
 * TLS connections on threads of their own: accepting, handshakes, deadlines,
 * closing.  What is spoken inside is a service's affair.
 *
 * Each thread has an epoll set, edge-triggered, and the connections that it
 * has accepted from the one listening socket that all of them share.  Nobody
 * waits for another: no thread for any lock, no connection for a slow one.
 */
#ifndef OCSP_LAB_ENGINE_H
#define OCSP_LAB_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stapler/tls/tls.h"

enum {
        ENGINE_THREADS_MAX = 64,
        ENGINE_SCRATCH = 16384,      /* bytes: one TLS record */
        ENGINE_HANDSHAKE_MS = 10000, /* from the accept to the end of it */
        ENGINE_LINGER_MS = 2000,     /* for the peer to close after us */
        ENGINE_STOP_MS = 3000,       /* to finish what has begun */
};

struct engine;
struct engine_connection;

/* What a service wants after its turn. */
enum engine_step {
        ENGINE_WAIT, /* until something can be read or written, or a deadline */
        ENGINE_AGAIN, /* as soon as others have had their turn */
        ENGINE_END,   /* close_notify, and close when the peer has it */
        ENGINE_LEAVE, /* the same, but the peer waits for nothing more */
        ENGINE_DROP,  /* close, as it is */
};

/* A session is what a service keeps for one connection.  All of its calls come
 * from one thread. */
struct engine_service {
        /* After the handshake, before the first turn.  NULL: drop it. */
        void *(*open)(void *arg, struct engine_connection *c);
        /* Does all that can be done without waiting. */
        enum engine_step (*turn)(void *session);
        void (*close)(void *session);
        /* Nothing has begun that would have to be finished. */
        bool (*is_idle)(const void *session);
        void *arg;
};

struct engine_spec {
        struct tls *tls;
        int fd; /* listening; taken over, also on failure */
        unsigned threads;
        size_t connections_max; /* of all threads; more wait in the backlog */
        struct engine_service service;
};

int engine_new(
    const struct engine_spec *spec, struct engine **out, struct err *e);
/* Accepts from here on.  After everything that must come before threads. */
int engine_start(struct engine *n, struct err *e);
/* Accepts no more, finishes what has begun (ENGINE_STOP_MS at most), and ends
 * the threads.  Blocks that long. */
void engine_stop(struct engine *n);
/* Stops too.  Before tls_free.  NULL is fine. */
void engine_free(struct engine *n);

size_t engine_connections(const struct engine *n);

/*
 * Clients ask for names that nobody has (tls_spec.may_miss): the descriptor
 * becomes readable.  The owner calls engine_missed, adds what there is to add,
 * and lets those clients go on by engine_named.
 */
int engine_news(const struct engine *n);
uint64_t engine_missed(struct engine *n);
void engine_named(struct engine *n, uint64_t missed);
/* Lets those look again that wait for an offer that was held (TLS_HELD). */
void engine_offered(struct engine *n);

/* ---- for services -------------------------------------------------------- */

struct tls_connection *engine_tls(const struct engine_connection *c);
/* From now on.  A connection past its deadline is ended if it is idle, else
 * dropped. */
void engine_deadline(struct engine_connection *c, int64_t ms);
/* ENGINE_SCRATCH bytes that belong to the thread, until the turn ends. */
uint8_t *engine_scratch(const struct engine_connection *c);
/* The engine is stopping: finish, and end. */
bool engine_is_stopping(const struct engine_connection *c);
/* News of this descriptor is a turn too.  It stays the service's, which closes
 * it. */
int engine_watch(struct engine_connection *c, int fd);

#endif
