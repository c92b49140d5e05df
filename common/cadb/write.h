/*
 * The CA's database, write side.  Only ocsp-ca links this.
 *
 * Writers wait for each other up to CADB_BUSY_MS, then fail with ERR_TRYLATER.
 * Every change is made between cadb_begin and cadb_commit and appends its
 * event; what commit has acknowledged outlives kill -9 and power loss
 * (synchronous=FULL), except in a lab that is marked temporary.
 */
#ifndef OCSP_LAB_CADB_WRITE_H
#define OCSP_LAB_CADB_WRITE_H

#include "cadb/cadb.h"

enum { CADB_BUSY_MS = 30000 };

/*
 * A new database at DIR/ca.db.new, open for writing, without CAs.
 * cadb_publish gives it its name, so ca.db appears complete or not at all; it
 * closes db in any case, and fails with ERR_EXISTS if DIR/ca.db is there.
 * The caller holds whatever lock keeps two makers apart.
 */
int cadb_create(const char *dir, const struct cadb_settings *s,
    struct cadb **out, struct err *e);
int cadb_publish(struct cadb *db, struct err *e);

/* Removes DIR/ca.db.new, after a failure.  No handle on it is open. */
int cadb_unmake(const char *dir, struct err *e);

/* For writing; brings an older schema up to date, in one transaction.  Of two
 * that come with an old database one does it, the other waits. */
int cadb_open_write(const char *dir, struct cadb **out, struct err *e);

/* BEGIN IMMEDIATE: from here on no other process writes.  ERR_NOTFOUND if
 * cadb_is_gone. */
int cadb_begin(struct cadb *db, struct err *e);
int cadb_commit(struct cadb *db, struct err *e);
void cadb_rollback(struct cadb *db); /* nothing begun: nothing done */

/* Fills ca->id (and parent, if 0, with it) and version.  ERR_EXISTS if the
 * name is taken.  The signer's fields are ignored: see cadb_signer_add.
 * is_default: see cadb_ca_default. */
int cadb_ca_add(struct cadb *db, struct cadb_ca *ca, bool is_default,
    int64_t now, struct err *e);

/* How its answers are signed from now on; the same again changes nothing.  The
 * signers stay as they are. */
int cadb_ca_set_model(struct cadb *db, int64_t ca, enum cadb_signer_model m,
    int64_t now, struct err *e);

/* Where the key of a CA lies that had none here; path is relative to DIR. */
int cadb_ca_set_key(
    struct cadb *db, int64_t ca, const char *path, int64_t now, struct err *e);

struct cadb_signer {
        int64_t ca;
        struct span serial;
        struct span der;
        const char *path; /* relative to DIR; "" if the CA signs itself */
        int64_t not_before, not_after;
        bool ends_request; /* the CA's request is answered by it */
};
/* Adds it and makes it the current one of its CA; the one before is kept as
 * retired. */
int cadb_signer_add(
    struct cadb *db, const struct cadb_signer *s, int64_t now, struct err *e);

/* A signer whose certificate comes from elsewhere: path is its key file.  An
 * older request of that CA is forgotten; its file is the caller's. */
int cadb_signer_request(
    struct cadb *db, int64_t ca, const char *path, int64_t now, struct err *e);

struct cadb_new_cert {
        int64_t ca;
        const char *name; /* NULL: none */
        struct span serial;
        struct span der;
        const char *subject;
        int64_t not_before, not_after;
};
/* ERR_EXISTS if the name, or the serial within its CA, is taken; the
 * transaction may go on then.  What a CA signs for others (an intermediate, a
 * delegated signer) is a certificate of that CA too: add it here as well. */
int cadb_cert_add(
    struct cadb *db, const struct cadb_new_cert *c, int64_t now, struct err *e);

/* Gives the certificate of that name another, the first free of "www@1",
 * "www@2", ...: "www" is free then.  ERR_NOTFOUND without one, ERR_USAGE for
 * one that has stepped aside already. */
int cadb_cert_step_aside(struct cadb *db, const char *name, int64_t now,
    char out[CADB_NAME_MAX + 1], struct err *e);

/* A certificate that another CA database, a file or a CRL tells of. */
struct cadb_imported {
        int64_t ca;
        const char *name; /* NULL: none.  Dropped if another has it */
        struct span serial;
        struct span der;     /* len 0: not at hand */
        const char *subject; /* NULL: unknown */
        /* 0: unknown; if nobody ever knew, not_after is 99991231235959Z (RFC
         * 5280 section 4.1.2.5). */
        int64_t not_before, not_after;
        struct cadb_state state; /* status, reason, revoked_at, invalidity_at */
        bool keep_state; /* a row that is there keeps its state: what tells of
                            it does not know (a certificate file) */
};
enum cadb_import_change {
        CADB_IMPORT_ADDED,
        CADB_IMPORT_CHANGED,
        CADB_IMPORT_SAME,
};
/*
 * Brings its row to that state and adds it if absent; what is unknown stays.
 * Where it comes from decides: what was revoked for good here may be good
 * again.  An "import" event only if something changed.  Reasons as for
 * cadb_revoke.
 */
int cadb_cert_import(struct cadb *db, const struct cadb_imported *c,
    int64_t now, enum cadb_import_change *out, struct err *e);

struct cadb_revocation {
        int reason; /* -1: none; 6: hold */
        int64_t revoked_at;
        int64_t invalidity_at; /* 0: none */
};

/* What a change of state came to.  Only CHANGED wrote anything. */
enum cadb_change {
        CADB_CHANGED,
        CADB_SAME,      /* it was so already; first date and reason stay */
        CADB_FORBIDDEN, /* release of one that is not on hold, hold of one
                           that is revoked for good */
        CADB_ABSENT,    /* never issued */
};
/*
 * Good or on hold -> revoked; with reason 6: good -> hold.  A hold that is
 * revoked keeps the hold's date unless r names an earlier one.  Repeated with
 * keyCompromise the reason is raised, and the date may move back, never
 * forward (CA/B BR 7.2.2).  Reason 0 is kept as none; 7, 8 and what RFC 5280
 * section 5.3.1 does not name are ERR_USAGE.  Whether a date lies in the
 * future is the caller's to judge.
 */
int cadb_revoke(struct cadb *db, int64_t ca, struct span serial,
    const struct cadb_revocation *r, int64_t now, enum cadb_change *out,
    struct err *e);
int cadb_release(struct cadb *db, int64_t ca, struct span serial, int64_t now,
    enum cadb_change *out, struct err *e);

/* Takes the next CRLNumber of the CA (1, 2, ...) inside the transaction, full
 * and delta CRLs alike (RFC 5280 section 5.2.3).  base: of a delta, the number
 * of the full one; 0: this is a full one. */
int cadb_crl_number(struct cadb *db, int64_t ca, uint64_t base, int64_t now,
    uint64_t *out, struct err *e);

/* The highest so far, of the CRLs made here and of the imported ones; 0: none.
 */
int cadb_crl_last(struct cadb *db, int64_t ca, uint64_t *out, struct err *e);

/* One that the CA has made elsewhere, with a number above cadb_crl_last and at
 * most CADB_CRL_NUMBER_MAX: those made here go on from it.  Its event has
 * detail "7 imported". */
#define CADB_CRL_NUMBER_MAX (UINT64_C(1) << 62)
int cadb_crl_imported(struct cadb *db, int64_t ca, uint64_t number, bool delta,
    int64_t now, struct err *e);

struct cadb_new_scenario {
        int64_t ca;         /* 0: all */
        struct span serial; /* len 0: the CA */
        const char *text;   /* "expired:ago=60s" */
        int64_t times;      /* 0: until it is cleared */
};
/* In the place of the one that is set there.  ERR_CONFIG in a lab that is
 * without faults, ERR_NOTFOUND if there is no such certificate. */
int cadb_scenario_set(struct cadb *db, const struct cadb_new_scenario *s,
    int64_t now, struct err *e);

/* A signer of its own for the one that is set there. */
int cadb_scenario_sign(struct cadb *db, const struct cadb_new_scenario *s,
    int64_t issuer, const char *path, struct err *e);

/* *cleared: whether there was one.  Its signers go with it; their files are
 * the caller's. */
int cadb_scenario_clear(struct cadb *db, int64_t ca, struct span serial,
    int64_t now, bool *cleared, struct err *e);

/* An event that changes no row, such as "clock". */
int cadb_event_add(struct cadb *db, const char *kind, const char *detail,
    int64_t now, struct err *e);

#endif
