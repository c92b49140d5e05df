/* Shared by the files of httpd. */
#ifndef OCSP_LAB_HTTPD_INTERNAL_H
#define OCSP_LAB_HTTPD_INTERNAL_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "httpd/httpd.h"

/* What httpd itself answers. */
enum refusal {
        REFUSAL_BAD_REQUEST,
        REFUSAL_METHOD,
        REFUSAL_TOO_LARGE,
        REFUSAL_STOPPING,
        REFUSALS,
};

/* A request on its way through libmicrohttpd, which carries it as void *. */
struct call {
        uint32_t magic;
        struct httpd_request request;
        struct MHD_Connection *connection;
        struct peer *peer;
        struct buf body;
        const char *length; /* Content-Length and Transfer-Encoding; NULL */
        const char *coding;
        size_t discarded; /* bytes past the limit */
        bool refused;
        enum refusal why;
        int64_t wake_at;   /* monotonic ms, while parked */
        struct call *next; /* in the parked or the spare list */
};

/* A connection. */
struct peer {
        int fd;           /* libmicrohttpd's */
        bool whole;       /* its request is all here, and not yet answered */
        int64_t since_ms; /* unless whole: when the last one was answered, or
                             it came */
        struct peer *next, **at;
};

/* One thread with its daemon.  Only its own thread touches what is in it. */
struct loop {
        struct httpd *server;
        unsigned index;
        pthread_t thread;
        bool started;
        int wake_fd; /* eventfd */
        struct MHD_Daemon *daemon;
        unsigned limit;   /* of connections */
        int64_t turn_ms;  /* monotonic: when this turn began to work */
        size_t in_flight; /* begun, and not completed */
        struct peer *peers;
        int64_t sweep_at; /* monotonic ms */
        struct call *parked;
        struct call *spare; /* used ones, kept with their buffers */
        size_t spare_len;
};

struct httpd {
        struct httpd_options options;
        struct httpd_response *refusals[REFUSALS];
        atomic_bool stopping;
        int64_t stop_at; /* monotonic ms; set before stopping */
        unsigned loops_len;
        struct loop *loops;
};

struct MHD_Response *response_mhd(struct httpd_response *r);

/* Puts those of r into another one. */
void response_copy_headers(struct httpd_response *r, struct MHD_Response *to);

/* In drip.c: queues r so that it goes out byte by byte. */
enum MHD_Result drip_queue(
    struct loop *l, struct call *c, struct httpd_response *r, unsigned status);

/* In reset.c: queues r so that the connection is reset behind its body, of
 * which c->request.reset_short bytes seem to be missing then. */
enum MHD_Result reset_queue(
    struct loop *l, struct call *c, struct httpd_response *r, unsigned status);

/* Suspends the connection for that long, or until httpd_wake. */
void call_suspend(struct loop *l, struct call *c, int ms);

int refusals_make(struct httpd *h, struct err *e);
void refusals_release(struct httpd *h);
enum MHD_Result refuse(struct loop *l, struct call *c, enum refusal why);

/* libmicrohttpd's callbacks, request.c. */
enum MHD_Result call_step(void *loop, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *upload_data, size_t *upload_data_size, void **con_cls);
void call_completed(void *loop, struct MHD_Connection *connection,
    void **con_cls, enum MHD_RequestTerminationCode how);
size_t call_keep_raw(void *cls, struct MHD_Connection *connection, char *text);

/* MHD_OPTION_NOTIFY_CONNECTION, peer.c. */
void peer_notify(void *loop, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode what);
struct peer *peer_of(struct MHD_Connection *connection);

/* Ends those connections that take too long over a request. */
void peers_sweep(struct loop *l);

/* Resumes those whose time has come, or all. */
void calls_resume(struct loop *l, int64_t now, bool all);
/* Until the next parked one is due; -1: none is parked. */
int calls_timeout(const struct loop *l, int64_t now);
void calls_free_spare(struct loop *l);

#endif
