/* One thread's part: its database handle, its view of the CAs, its counters,
 * and how an answer is found. */
#ifndef OCSP_LAB_RESPONDER_WORKER_H
#define OCSP_LAB_RESPONDER_WORKER_H

#include "responder/changes.h"
#include "responder/front.h"
#include "responder/responder.h"
#include "responder/rows.h"
#include "responder/tally.h"

/* The state of the world when a request had arrived in whole. */
struct moment {
        struct cadb_stamp stamp;
        uint64_t clock; /* labclock_generation */
        int64_t now;
};

/* Belongs to one thread. */
struct worker {
        struct responder *responder;
        struct cadb *db;
        int64_t checked_ms; /* when the database was last seen in its place */
        bool looked;
        uint64_t epoch; /* moves when what is below was found to have moved */
        struct cadb_stamp stamp; /* issuers are those of this state */
        uint64_t generation;     /* of the registry */
        uint64_t clock;          /* its generation then */
        struct issuers *issuers;
        struct faults *faults;         /* what is set, in that state */
        struct changes changes;        /* up to stamp, at least */
        struct httpd_request *visitor; /* whose request it is; NULL: offline */
        int64_t since_ms;  /* the request has waited since then; 0: no wait */
        int64_t signed_at; /* since_ms of the last request that was signed */
        struct ocsp_request request;
        struct answer answer;
        struct buf der;     /* a request from a path */
        struct buf encoded; /* an answer */
        struct cached kept; /* the one that the last answer_kept found */
        struct front *front;
        struct rows *rows;
        struct tally tally;
};

int worker_new(struct responder *r, struct worker **out, struct err *e);
void worker_free(struct worker *w); /* NULL is fine */

/* Where things stand now; w->issuers is up to date afterwards.  -1 if the
 * database cannot be believed. */
int worker_look(struct worker *w, struct moment *out, struct err *e);

/* Logs who signs for that CA, or why nobody does. */
void worker_tell_issuer(const struct issuer *i);

/* What came of one request. */
struct outcome {
        enum ocsp_response_status status;
        enum cache_use cached;
        /* A reference, passed on to whoever sends it. */
        struct httpd_response *response;
        /* The rest only if OCSP_SUCCESSFUL; borrowed from the worker. */
        struct answer_life life;
        char etag[ANSWER_ETAG_MAX];
        const struct answer_finding *findings;
        struct answer_finding finding; /* where findings may point */
        int64_t issuer;                /* CA id; 0: none matched */
        char why[ANSWER_WHY_MAX];      /* of an error */
        bool readable;                 /* w->request is filled */
        /* A scenario, if one holds: "expired".  Then http is the status to
         * send, unless 0; and response may be NULL: ask again after park_ms, or
         * close if that is 0. */
        char scenario[SCENARIO_TEXT_MAX];
        unsigned http;
        int park_ms;
        int64_t now;
};

/* Answers the DER of a request; the answer is as new as the last change that
 * was acknowledged before this call. */
void worker_answer(struct worker *w, struct span der, struct outcome *out);

/* In faulty.c: the answer if a scenario holds for the request, which is in the
 * worker; false: none does, and nothing was done. */
bool worker_faulty(
    struct worker *w, const struct moment *m, struct outcome *out);
/* If these very octets were asked before, and what was answered is still right:
 * that, as new as worker_answer's; nothing to decode, to sign or to log.  NULL:
 * not so, or not known, or a scenario is set somewhere.  The entry is borrowed
 * until the next answer. */
struct front_entry *worker_again(struct worker *w, struct span asked,
    struct moment *out, enum cache_use *use);

/* Lets worker_again know what worker_answer has found.  Takes over the
 * reference to subject, and returns that of one which it needs no more: NULL:
 * none; or subject itself. */
struct journal_subject *worker_remember(struct worker *w, struct span asked,
    const struct outcome *o, struct journal_subject *subject);

/* malformedRequest for what is not even DER. */
void worker_unreadable(struct worker *w, const char *why, struct outcome *out);

#endif
