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

enum { CADB_SCHEMA_VERSION = 3 };

struct cadb;

/* ERR_NOTFOUND without a database, ERR_CONFIG if its schema is newer or older
 * than ours (cadb_open_write brings old ones up to date), ERR_DATA if it is
 * not a database of ours or damaged, or a backup with the WAL of another one
 * beside it, ERR_IO if this user may not read it.
 * ERR_TRYLATER, here and in every call: others kept it locked too long. */
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

/*
 * Whether to ask cadb_is_gone: false if nothing has happened since the last
 * call to ca.db, to DIR or, as far as this user may read them, to the folders
 * above, by any process.  A change is told once.  What nobody tells: a
 * symbolic link on the path set anew, a mount, another host.  One system call,
 * which is a fifth of the other's.
 */
bool cadb_may_be_gone(struct cadb *db);

/*
 * Waits until something was committed after since was taken, at most
 * timeout_ms (-1: for ever).  1: changed; 0: the time is over, or a signal
 * came; -1: ERR_NOTFOUND once cadb_is_gone, or nothing can be known.  The
 * kernel tells (inotify); without it, and for what it does not tell (a folder
 * above DIR moved away), the database is looked at now and then.  Not inside
 * a snapshot.
 */
int cadb_wait_change(struct cadb *db, const struct cadb_stamp *since,
    int timeout_ms, struct err *e);

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
        /* The CRL that certificates name by default.  "": none; "lab": the
         * one of the responder, ocsp_url/crl/CANAME.crl. */
        char crl_url[CADB_URL_MAX];
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

enum {
        CADB_PATH_MAX = 256,
        CADB_SERIAL_MAX = 64, /* octets; RFC 5280 allows 20 */
        CADB_HASH_SHA1 = 20,
        CADB_HASH_SHA256 = 32,
};

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
        int64_t signer_not_before, signer_not_after;
        size_t signer_serial_len;
        uint8_t signer_serial[CADB_SERIAL_MAX];
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

/* Less than a quarter of the signer's life and less than 7 days are left, or
 * it has ended.  False without a signer, and for CADB_SIGNER_CA.  *left:
 * seconds until it ends, negative after; 0 where nothing ends. */
bool cadb_signer_ends_soon(
    const struct cadb_ca *ca, int64_t now, int64_t *left);

enum cadb_signer_state {
        CADB_SIGNER_REQUESTED, /* a key that waits for its certificate */
        CADB_SIGNER_CURRENT,
        CADB_SIGNER_RETIRED,
};

struct cadb_signer_row {
        int64_t id;
        int64_t ca;
        char ca_name[LAB_NAME_MAX + 1];
        enum cadb_signer_state state;
        size_t serial_len; /* 0: requested */
        uint8_t serial[CADB_SERIAL_MAX];
        char path[CADB_PATH_MAX];      /* requested: of the key alone */
        int64_t not_before, not_after; /* 0: requested */
        int64_t version;
};
/* Newest first within a CA; ca 0: all. */
int cadb_signer_each(struct cadb *db, int64_t ca,
    int (*row)(void *arg, const struct cadb_signer_row *s, struct err *e),
    void *arg, struct err *e);

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

/* A name, or "www@17": see cadb_cert_step_aside. */
enum { CADB_NAME_MAX = LAB_NAME_MAX + 12 };

struct cadb_cert {
        int64_t ca;
        char ca_name[LAB_NAME_MAX + 1];
        char name[CADB_NAME_MAX + 1]; /* "" if it has none */
        size_t serial_len;
        uint8_t serial[CADB_SERIAL_MAX];
        char subject[160];
        int64_t not_before;
        struct cadb_state state;
};
int cadb_cert_find_name(
    struct cadb *db, const char *name, struct cadb_cert *out, struct err *e);

/* ca 0: any; more than one match is ERR_USAGE ("say which CA"). */
int cadb_cert_find_serial(struct cadb *db, int64_t ca, struct span serial,
    struct cadb_cert *out, struct err *e);

/* Appends the whole subject to out; a struct cadb_cert has room for the
 * beginning only.  A _find. */
int cadb_cert_subject(struct cadb *db, int64_t ca, struct span serial,
    struct buf *out, struct err *e);

/* Appends the DER to out; 0 if it is not kept (an import). */
int cadb_cert_der(struct cadb *db, int64_t ca, struct span serial,
    struct buf *out, struct err *e);

enum cadb_filter_status {
        CADB_ANY,
        CADB_ONLY_GOOD,    /* and not expired */
        CADB_ONLY_REVOKED, /* for good, expired or not */
        CADB_ONLY_HOLD,    /* expired or not */
        CADB_ONLY_EXPIRED, /* whatever its state */
};

/* What all of these say. */
struct cadb_filter {
        int64_t ca;            /* 0: any */
        const char *name_glob; /* SQLite's GLOB: * ? [..]; NULL: any, and those
                                  without a name */
        enum cadb_filter_status status;
        int64_t expires_before; /* its last instant lies before; 0: any */
        int64_t now;            /* decides what has expired */
};

/* In order of issue; f NULL: all.  Constant memory. */
int cadb_cert_each(struct cadb *db, const struct cadb_filter *f,
    int (*row)(void *arg, const struct cadb_cert *cert, struct err *e),
    void *arg, struct err *e);
int cadb_cert_count(
    struct cadb *db, const struct cadb_filter *f, int64_t *out, struct err *e);

/* ---- CRLs -------------------------------------------------------------- */

struct cadb_crl {
        uint64_t number;
        uint64_t base;   /* of a delta CRL: the number it builds on; 0: a full
                            one */
        int64_t version; /* the event as of which it lists */
        int64_t made_at;
};
/* A _find: the full one of that number, which may never have got into its
 * file. */
int cadb_crl_full(struct cadb *db, int64_t ca, uint64_t number,
    struct cadb_crl *out, struct err *e);

/* Revoked ones only, for a CRL, in order of serial. */
int cadb_revoked_each(struct cadb *db, int64_t ca,
    int (*row)(void *arg, struct span serial, const struct cadb_state *s,
        struct err *e),
    void *arg, struct err *e);

/*
 * What a delta CRL lists over a full one of that version (RFC 5280 section
 * 5.2.4), in order of serial: the revoked ones that have changed since and,
 * with state CADB_GOOD, those that were released since, whether or not the
 * full one had them: a delta in between may have.
 */
int cadb_changed_each(struct cadb *db, int64_t ca, int64_t since_version,
    int (*row)(void *arg, struct span serial, const struct cadb_state *s,
        struct err *e),
    void *arg, struct err *e);

/* ---- scenarios --------------------------------------------------------- */

/*
 * Deliberate faults, as set: on one certificate, on a CA (serial_len 0), on
 * all CAs (ca 0 too).  Of several that fit, the first of these holds.  What
 * the names mean is not this room's affair.
 */
enum { CADB_SCENARIO_MAX = 128 };

struct cadb_scenario {
        int64_t ca;
        char ca_name[LAB_NAME_MAX + 1];
        size_t serial_len;
        uint8_t serial[CADB_SERIAL_MAX];
        char cert_name[CADB_NAME_MAX + 1]; /* "" if it has none */
        char text[CADB_SCENARIO_MAX];      /* "expired", "expired:ago=60s" */
        int64_t times;   /* it holds for that many answers; 0: for all */
        int64_t version; /* the event that set it */
};
/* In order of CA and serial: the most general first. */
int cadb_scenario_each(struct cadb *db,
    int (*row)(void *arg, const struct cadb_scenario *s, struct err *e),
    void *arg, struct err *e);

/* The event that last set or cleared one; 0: none ever did. */
int cadb_scenario_latest(struct cadb *db, int64_t *version, struct err *e);

/* Who signs instead of a CA's own signer, where the scenario wants that: of
 * the scenario with that ca and serial, for the answers of issuer. */
struct cadb_scenario_signer {
        int64_t ca;
        size_t serial_len;
        uint8_t serial[CADB_SERIAL_MAX];
        int64_t issuer;
        char path[CADB_PATH_MAX]; /* certificate, those to send along, key;
                                     relative to DIR */
};
int cadb_scenario_signer_each(struct cadb *db,
    int (*row)(void *arg, const struct cadb_scenario_signer *s, struct err *e),
    void *arg, struct err *e);

/* ---- the trail --------------------------------------------------------- */

/* Number of the last event; 0 before the first.  Every change has one. */
int cadb_last_event(struct cadb *db, int64_t *seq, struct err *e);

struct cadb_event {
        int64_t seq;
        int64_t at;
        char kind[32]; /* "issue", "renew", "import", "revoke", "hold",
                          "release", "signer", "clock", "crl", "ca",
                          "scenario" */
        char ca_name[LAB_NAME_MAX + 1];
        char name[CADB_NAME_MAX + 1];
        size_t serial_len;
        uint8_t serial[CADB_SERIAL_MAX];
        char detail[160]; /* "keyCompromise"; renew: the old one's new name;
                             import: "good", "released", "revoked" or a reason;
                             crl: "7", "8 over 7", "9 imported"; scenario:
                             "expired:ago=60s", "trylater, 3 times", "clear"
                           */
};
/* Those after since, oldest first. */
int cadb_event_each(struct cadb *db, int64_t since,
    int (*row)(void *arg, const struct cadb_event *ev, struct err *e),
    void *arg, struct err *e);

/* ---- backup ------------------------------------------------------------ */

/*
 * A consistent copy of the database as one file, mode 0600, while others
 * write; complete under that name, and on the disk, or not there at all.
 * What stands there already is replaced if it is empty or an older copy, so
 * the same command may run every night.  ERR_EXISTS, and nothing changed, if
 * it is anything else, a database that is in use or the one of a CA
 * directory.  FILE.part is what it is called until it is whole; a killed one
 * leaves that, the next takes it over; a link, or what another user owns, is
 * refused.  Not inside a transaction.
 *
 * In the place of DIR/ca.db, while no program runs on DIR, the copy is the
 * database.  A ca.db-wal that a killed program left has to go with the old one:
 * opening refuses it.
 */
int cadb_backup(struct cadb *db, const char *path, struct err *e);

#endif
