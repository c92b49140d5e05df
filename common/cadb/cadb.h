/*
 * The CA's database, read side: typed calls over DIR/ca.db (SQLite, WAL).
 *
 * Every SQL statement of the house is in this room.  A handle belongs to one
 * thread.  Serials are the DER content octets.  Nothing here writes; the
 * calls that do are in cadb/write.h, a library of its own.
 */
#ifndef OCSP_LAB_CADB_H
#define OCSP_LAB_CADB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum { CADB_SCHEMA_VERSION = 1 };

struct cadb;

/* ERR_NOTFOUND without a database, ERR_CONFIG if its schema is newer or older
 * than ours (cadb_open_write brings old ones up to date), ERR_DATA if it is
 * not a database of ours or damaged, ERR_IO if this user may not read it. */
int cadb_open(const char *dir, struct cadb **out, struct err *e);
void cadb_close(struct cadb *db);

/* ---- change detector --------------------------------------------------- */

/*
 * A stamp of the committed state, nearly free to take (no system call while
 * the database is in WAL mode).  Equal stamps mean that nothing was committed
 * between the two readings, by any process; different ones promise nothing.
 * Take it before the snapshot whose content it shall vouch for; never inside
 * one.  On -1 nothing is known: believe no earlier answer.
 *
 * Handles on one DIR that are open at the same time may compare their stamps,
 * so threads can share a cache.  When the last of them has closed, or
 * cadb_is_gone, forget them.
 */
struct cadb_stamp {
        uint8_t octets[64];
};
int cadb_stamp_take(struct cadb *db, struct cadb_stamp *out, struct err *e);
bool cadb_stamp_equal(const struct cadb_stamp *a, const struct cadb_stamp *b);

/* The path leads to another file than the one that is open, or to none: DIR
 * was removed, made anew, moved away, or the file replaced.  Then nothing that
 * this handle says may be believed any more.  One system call. */
bool cadb_is_gone(struct cadb *db);

/* One consistent view over several calls, as of the first read in it.  Every
 * cadb_ read outside a snapshot is its own.  Keep them short: they hold back
 * the checkpoint. */
int cadb_snapshot_begin(struct cadb *db, struct err *e);
void cadb_snapshot_end(struct cadb *db);

/* ---- settings ---------------------------------------------------------- */

enum { CADB_URL_MAX = 256, CADB_MORE_URLS = 7 };

struct cadb_settings {
        char ocsp_url[CADB_URL_MAX]; /* where the lab's responder is */
        /* What certificates name besides, by default.  No spaces in them. */
        char more_urls[CADB_MORE_URLS][CADB_URL_MAX];
        size_t more_urls_len;
        bool no_faults; /* scenarios and the moving clock are refused */
        bool temporary; /* synchronous=OFF: dies with its lab */
        int64_t created_at;
};
int cadb_settings_get(
    struct cadb *db, struct cadb_settings *out, struct err *e);

/* ---- certification authorities ----------------------------------------- */

enum cadb_signer_model {
        CADB_SIGNER_DELEGATED,
        CADB_SIGNER_CA,
        CADB_SIGNER_TRUSTED,
};
const char *cadb_signer_model_name(enum cadb_signer_model m);

enum { CADB_PATH_MAX = 256, CADB_HASH_SHA1 = 20, CADB_HASH_SHA256 = 32 };

/* A CA with its current OCSP signer.  Paths are relative to DIR. */
struct cadb_ca {
        int64_t id;
        int64_t parent; /* id of the issuing CA; own id for a root */
        char name[LAB_NAME_MAX + 1];
        char key_path[CADB_PATH_MAX]; /* "" if the key is not here */
        char cert_path[CADB_PATH_MAX];
        enum cadb_signer_model model;
        bool has_signer;
        int64_t signer_id;
        char signer_path[CADB_PATH_MAX]; /* certificate(s), then key; equal
                                            to "" for CADB_SIGNER_CA */
        int64_t signer_not_after;
        int64_t version; /* bumped by every change of the CA or its signer */
        int64_t not_before, not_after;
        /* RFC 6960 4.1.1 hashes of subject and key */
        uint8_t name_sha1[CADB_HASH_SHA1], key_sha1[CADB_HASH_SHA1];
        uint8_t name_sha256[CADB_HASH_SHA256], key_sha256[CADB_HASH_SHA256];
        size_t der_len;
        uint8_t der[8192]; /* the CA certificate */
};

/* found -> 1, absent -> 0, error -> -1.  The same for every _find. */
int cadb_ca_find(
    struct cadb *db, const char *name, struct cadb_ca *out, struct err *e);
int cadb_ca_find_id(
    struct cadb *db, int64_t id, struct cadb_ca *out, struct err *e);

/* The CA that issues leaves when none is named: the last of the chain that
 * init made. */
int cadb_ca_default(struct cadb *db, struct cadb_ca *out, struct err *e);

/* Calls row for each; stops and returns -1 when row does (row fills e).  A row
 * may ask other questions of db, but not the one that it answers.  The same
 * for every _each. */
int cadb_ca_each(struct cadb *db,
    int (*row)(void *arg, const struct cadb_ca *ca, struct err *e), void *arg,
    struct err *e);

/* The highest version of all CAs, 0 without one: equal numbers mean that no CA
 * and no signer was added or changed in between. */
int cadb_ca_latest(struct cadb *db, int64_t *version, struct err *e);

/* ---- certificates ------------------------------------------------------ */

enum cadb_status { CADB_GOOD = 0, CADB_REVOKED = 1 }; /* hold: reason 6 */

/* What an answer needs: one read of one narrow row. */
struct cadb_state {
        enum cadb_status status;
        int reason;            /* -1: none */
        int64_t revoked_at;    /* 0 if good */
        int64_t invalidity_at; /* 0: none */
        int64_t not_after;
        int64_t version; /* event number of the row's last change */
};
int cadb_state_find(struct cadb *db, int64_t ca, struct span serial,
    struct cadb_state *out, struct err *e);

struct cadb_cert {
        int64_t ca;
        char ca_name[LAB_NAME_MAX + 1];
        char name[LAB_NAME_MAX + 1]; /* "" if it has none */
        size_t serial_len;
        uint8_t serial[64];
        char subject[160];
        int64_t not_before;
        struct cadb_state state;
};
int cadb_cert_find_name(
    struct cadb *db, const char *name, struct cadb_cert *out, struct err *e);

/* ca 0: any; more than one match is ERR_USAGE ("say which CA"). */
int cadb_cert_find_serial(struct cadb *db, int64_t ca, struct span serial,
    struct cadb_cert *out, struct err *e);

/* Appends the DER to out; 0 if it is not kept (an import). */
int cadb_cert_der(struct cadb *db, int64_t ca, struct span serial,
    struct buf *out, struct err *e);

/* In order of issue; ca 0: all.  Constant memory. */
int cadb_cert_each(struct cadb *db, int64_t ca,
    int (*row)(void *arg, const struct cadb_cert *cert, struct err *e),
    void *arg, struct err *e);

/* Revoked ones only, for a CRL, in order of serial. */
int cadb_revoked_each(struct cadb *db, int64_t ca,
    int (*row)(void *arg, struct span serial, const struct cadb_state *s,
        struct err *e),
    void *arg, struct err *e);

/* ---- the trail --------------------------------------------------------- */

/* Number of the last event; 0 before the first.  Every change has one. */
int cadb_last_event(struct cadb *db, int64_t *seq, struct err *e);

struct cadb_event {
        int64_t seq;
        int64_t at;
        char kind[32]; /* "issue", "revoke", "hold", "release", "signer",
                          "clock", "crl", "ca" */
        char ca_name[LAB_NAME_MAX + 1];
        char name[LAB_NAME_MAX + 1];
        size_t serial_len;
        uint8_t serial[64];
        char detail[160]; /* "keyCompromise" */
};
/* Those after since, oldest first. */
int cadb_event_each(struct cadb *db, int64_t since,
    int (*row)(void *arg, const struct cadb_event *ev, struct err *e),
    void *arg, struct err *e);

#endif
