/*
 * One served certificate: its identity, its staple, and the fetches that keep
 * the staple fresh.  A site fetches in the event loop and never within a
 * handshake; a handshake only reads what is there.
 */
#ifndef OCSP_LAB_STAPLER_SITE_H
#define OCSP_LAB_STAPLER_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "stapler/fetch/fetch.h"
#include "stapler/identity.h"
#include "stapler/site_fault.h"
#include "stapler/staple/staple.h"
#include "stapler/tls/tls.h"

/* Fetches at the same time, over all sites. */
enum { KEEPER_FETCHES_MAX = 32 };

struct site;

/* What all sites share. */
struct keeper {
        struct event_base *base;
        struct labclock *clock;
        struct staple_policy policy;
        enum ocsp_hash hash;          /* in the certIDs that are asked for */
        int timeout_ms;               /* of one fetch */
        const char *store;            /* NULL: none */
        struct staple_writer *writer; /* NULL: none */
        struct trust *trust;
        struct faults faults; /* that are set in the lab */
        size_t in_flight;
        /* A fetch of the site has come to an end.  May free nothing. */
        void (*settled)(void *arg, struct site *site);
        /* The site with the same names and another kind of key; NULL: none. */
        const struct site *(*twin)(void *arg, const struct site *site);
        /* What a handshake may wait for is there. */
        void (*offered)(void *arg);
        void *arg;
};

struct staple_now keeper_now(const struct keeper *k);

/* Sets store (borrowed; NULL: none) and writer, and clears away what killed
 * processes have left half written there.  A store that is not there yet, or
 * not ours to write, shows itself with the first staple. */
int keeper_open_store(struct keeper *k, const char *folder, struct err *e);
/* Ends when all staples are written. */
void keeper_close_store(struct keeper *k);

struct site {
        struct keeper *keeper;
        struct identity id;
        struct staple staple;
        struct site_faults faults;
        struct tls_site *tls;   /* NULL: not served (yet) */
        struct fetch *fetch;    /* NULL: none under way */
        bool wanted;            /* somebody asked for a fetch now */
        bool tried;             /* a fetch came to an end, or can't be made */
        size_t first_url;       /* where the last good answer came from */
        enum staple_state seen; /* to notice what the clock alone changes */
        bool was_valid;         /* the certificate, when it was read */
        int64_t born_ms;
        uint64_t fetches, ended; /* begun, and come to an end */
        uint64_t taken;          /* of those, brought an answer */
};

/* Takes the identity over (and zeroes it).  Loads what the store holds. */
int site_new(
    struct keeper *k, struct identity *id, struct site **out, struct err *e);
void site_free(struct site *site); /* NULL is fine */

/* Starts what is due, and logs what time has changed. */
void site_tick(struct site *site);
/* Forgets pauses: the lab's clock was set. */
void site_replan(struct site *site);
/* Fetches now, whatever is planned; if a fetch is under way, another one
 * after it.  false: this certificate's status can't be asked for. */
bool site_refresh(struct site *site);

/* No fetch is under way or due. */
bool site_has_tried(const struct site *site);

/* Has a usable staple, or has tried to get one. */
bool site_is_settled(const struct site *site);

enum staple_state site_state(const struct site *site);

/* Tells TLS what handshakes get from now on.  Due whenever something that a
 * handshake or the page shows has changed; does nothing before site->tls is
 * set. */
void site_publish(const struct site *site);

/* Zero before site->tls is set. */
struct tls_counts site_counts(const struct site *site);

#endif
