/* Shared by the files of this room only. */
#ifndef OCSP_LAB_ENGINE_INTERNAL_H
#define OCSP_LAB_ENGINE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "stapler/engine/engine.h"

enum phase {
        PHASE_SILENT, /* accepted; nothing came yet, no memory for TLS taken */
        PHASE_HANDSHAKE,
        PHASE_MISSING, /* waits for the owner to look for its name */
        PHASE_HELD,    /* waits for an offer */
        PHASE_SERVING,
        PHASE_FLUSHING,  /* all is said, not all is sent */
        PHASE_LINGERING, /* all is sent; until the peer closes, too */
        PHASE_GONE,      /* closed, freed when the round is over */
};

struct engine_connection {
        struct worker *w;
        int fd;
        enum phase phase;
        bool leaves;      /* no lingering */
        bool unsaid;      /* close_notify found no room yet */
        bool wants_write; /* the epoll set reports that too */
        bool queued;      /* in w->again */
        int64_t deadline; /* monotonic ms */
        uint64_t miss;    /* PHASE_MISSING: its number */
        uint64_t offers;  /* PHASE_HELD: how many came before it looked */
        size_t discarded; /* bytes, while lingering */
        struct tls_connection *tls;
        void *session;
        struct engine_connection *prev, *next;
        struct engine_connection *next_again; /* or in w->dead */
};

struct worker {
        struct engine *n;
        pthread_t thread;
        bool started;
        int epoll, wake;
        bool listening;
        struct tls_reader *reader;
        struct engine_connection *connections;
        struct engine_connection *again, *dead;
        atomic_size_t len;
        int64_t now, swept, stop_at; /* monotonic ms; stop_at 0: not yet */
        uint8_t scratch[ENGINE_SCRATCH];
};

struct engine {
        struct engine_spec spec;
        int news; /* eventfd */
        atomic_uint_fast64_t missed, named, offered;
        atomic_bool stopping;
        atomic_bool full; /* said so in the log */
        struct worker *workers[ENGINE_THREADS_MAX];
};

/* ---- worker.c ----------------------------------------------------------- */

struct worker *worker_new(struct engine *n);
void worker_free(struct worker *w); /* after its thread; NULL is fine */
void *worker_main(void *worker);
void worker_wake(struct worker *w);

/* ---- connection.c ------------------------------------------------------- */

void connection_new(struct worker *w, int fd);
/* All that can be done now. */
void connection_turn(struct engine_connection *c);
void connection_news(struct engine_connection *c, uint32_t events);
void connection_queue(struct engine_connection *c);
/* Ends what is idle, drops the rest. */
void connection_expire(struct engine_connection *c);
void connection_drop(struct engine_connection *c);
void connection_free_dead(struct worker *w);

#endif
