/*
 * The server side of TLS 1.2 and 1.3: which certificate a client gets (SNI),
 * the staple that goes with it, and the bytes in both directions.
 *
 * Nothing is resumed: no session cache, no tickets.  Each handshake is a full
 * one and carries its own staple, so a revocation is never hidden behind a
 * session from before it.
 *
 * Threads: everything about `struct tls` and its sites belongs to one thread,
 * the owner.  Connections belong to readers, one per thread.  A reader sees
 * what the owner has published last and never waits for it; what was published
 * before is freed when no reader can still look at it.
 */
#ifndef OCSP_LAB_TLS_H
#define OCSP_LAB_TLS_H

#include <openssl/x509.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct tls;

enum tls_answer {
        TLS_STAPLE, /* with the bytes */
        TLS_BARE,   /* without a staple */
        TLS_REFUSE, /* alert handshake_failure, before any certificate */
};

struct tls_spec {
        /* Seconds since 1970 in the clock that offers are made in.  Any
         * thread. */
        int64_t (*now)(void *arg);
        void *arg;
        const char *alpn; /* the one protocol; NULL: ALPN is not spoken */
        /* A name that no site has is worth waiting for: see TLS_MISSING. */
        bool may_miss;
        /* Something was said that the owner has not heard yet: worth waiting
         * for, too.  Any thread; NULL: never. */
        bool (*news)(void *arg);
};

int tls_new(const struct tls_spec *spec, struct tls **out, struct err *e);
/* After its readers. */
void tls_free(struct tls *t);

/* ---- sites: one certificate each ---------------------------------------- */

struct tls_site;

struct tls_site_spec {
        const char *name; /* matched before the certificate's own names */
        X509 *leaf;
        STACK_OF(X509) *chain; /* what is sent after leaf; may be NULL */
        EVP_PKEY *key;
};

/*
 * Behind the sites that are there, or in the place of `old`, which is removed
 * then.  References are taken.  It staples nothing until it is told what.
 *
 * Sites whose certificates have the same names and different kinds of keys
 * stand side by side: the client's signature algorithms choose.
 */
int tls_site_add(struct tls *t, const struct tls_site_spec *spec,
    struct tls_site *old, struct tls_site **out, struct err *e);
/* Open connections keep the certificate. */
void tls_site_remove(struct tls *t, struct tls_site *site);
/* Moves it to the front: for clients without SNI, or with a name that nobody
 * has. */
void tls_site_prefer(struct tls *t, struct tls_site *site);

/* Adding, removing and preferring are seen by connections from here on.  Call
 * it now and then in any case: it frees what nobody looks at any more. */
int tls_commit(struct tls *t, struct err *e);

/*
 * What some handshakes get instead, on purpose.  Which ones is not our affair:
 * `take` says it for each handshake whose client asks for a staple; of several
 * faults the first one that takes it holds.  While one `holds`, no handshake is
 * refused for want of a staple.
 */
struct tls_fault {
        const struct tls_fault_class *is;
        void *arg;
        bool as_it_is; /* nothing instead */
        bool held;     /* not there yet: who asks waits, see TLS_HELD */
        enum tls_answer answer;
        struct span der; /* may be empty: a CertificateStatus without bytes */
};
/* Any thread. */
struct tls_fault_class {
        bool (*holds)(void *arg);
        bool (*take)(void *arg, const char *site_name);
        void (*ref)(void *arg); /* an offer has it */
        void (*unref)(void *arg);
};
enum { TLS_FAULTS_MAX = 4 };

/* What handshakes get. */
struct tls_offer {
        struct span der;
        int64_t from, until;             /* der may be given; until is not */
        enum tls_answer within, outside; /* of these times */
        struct span about;               /* for tls_info */
        struct tls_fault faults[TLS_FAULTS_MAX];
        unsigned faults_len;
};
/* At once.  Everything is copied, but for what `arg` of a fault is. */
int tls_site_offer(
    struct tls_site *site, const struct tls_offer *offer, struct err *e);

struct tls_counts {
        uint64_t stapled; /* a staple went out */
        uint64_t bare;    /* the client asked, and there was none */
        uint64_t refused;
        uint64_t spoilt; /* of all these, by a fault */
};
struct tls_counts tls_site_counts(const struct tls_site *site);

/* ---- readers ------------------------------------------------------------- */

struct tls_reader;

/* Made and freed by the owner, used by one thread.  NULL: out of memory. */
struct tls_reader *tls_reader_new(struct tls *t);
void tls_reader_free(struct tls_reader *r);

/* Around each use of connections, and never around a wait. */
void tls_enter(struct tls_reader *r);
void tls_leave(struct tls_reader *r);

/* ---- connections --------------------------------------------------------- */

struct tls_connection;

enum tls_io {
        TLS_DONE,
        TLS_WAIT,    /* until the socket is readable or writable */
        TLS_MISSING, /* handshake: nobody has the name (yet); go on by another
                        call of tls_handshake, which takes what is there then */
        TLS_HELD,    /* handshake: it waits for another offer, a fault's; go
                        on by another call of tls_handshake */
        TLS_ENDED,   /* the peer has said that it sends no more */
        TLS_BROKEN,  /* nothing more can be said or heard */
};

/*
 * fd: connected, non-blocking, watched edge-triggered; it stays the caller's.
 * What is written is collected until tls_flush, which must come before another
 * connection of the same reader is used.  NULL: out of memory.
 */
struct tls_connection *tls_connection_new(struct tls_reader *r, int fd);
void tls_connection_free(struct tls_connection *c);

/* Tells c that its socket has news: without this it may not look there.
 * ending: the peer's FIN is among it. */
void tls_readable(struct tls_connection *c, bool ending);

enum tls_io tls_handshake(struct tls_connection *c);
/* At least one byte, if TLS_DONE. */
enum tls_io tls_read(
    struct tls_connection *c, void *data, size_t size, size_t *got);
/* Some of it, if TLS_DONE; never TLS_ENDED.  After TLS_WAIT the same bytes
 * must come first the next time, wherever they stand. */
enum tls_io tls_write(
    struct tls_connection *c, const void *data, size_t len, size_t *taken);
/* close_notify: we send no more. */
enum tls_io tls_finish(struct tls_connection *c);
/* TLS_DONE: everything has gone to the kernel. */
enum tls_io tls_flush(struct tls_connection *c);
/* Whether a write had to wait since this was last asked.  If all is flushed
 * nevertheless, there is room again, and no event will tell of it. */
bool tls_was_stuck(struct tls_connection *c);
/* Whether the peer has sent anything at all. */
bool tls_has_heard(const struct tls_connection *c);

struct tls_info {
        struct span about;       /* of the offer now; until tls_leave */
        const char *version;     /* "TLSv1.3"; static */
        const char *server_name; /* of the SNI extension, or NULL; borrowed */
        bool asked;              /* the client sent status_request */
        bool stapled;
};
struct tls_info tls_info(const struct tls_connection *c);

#endif
