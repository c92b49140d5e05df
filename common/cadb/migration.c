#include "cadb/migration.h"

/*
 * Version 1, shaped for 10 million certificates: `cert` is what an answer
 * reads, so its rows are narrow and clustered by their key; what only people
 * ask for stands in `issued`, in order of issue.
 *
 * Instants are seconds since 1970, durations seconds.  `version` is always the
 * number of the event that last changed the row (event.seq).  Serials are the
 * content octets of the DER INTEGER.
 */
static const char version_1[] =
    /* "OCSP": what file(1) and we tell our databases by */
    "PRAGMA application_id = 0x4f435350;"

    "CREATE TABLE ca ("
    " id INTEGER PRIMARY KEY,"
    " parent INTEGER REFERENCES ca (id)," /* its own id: a root */
    " name TEXT NOT NULL UNIQUE,"
    " key_path TEXT NOT NULL," /* relative to DIR; '' if the key is not here */
    " cert_path TEXT NOT NULL,"
    " model INTEGER NOT NULL," /* enum cadb_signer_model */
    " version INTEGER NOT NULL,"
    " not_before INTEGER NOT NULL,"
    " not_after INTEGER NOT NULL,"
    " name_sha1 BLOB NOT NULL,"
    " key_sha1 BLOB NOT NULL,"
    " name_sha256 BLOB NOT NULL,"
    " key_sha256 BLOB NOT NULL,"
    " der BLOB NOT NULL"
    ") STRICT;"

    "CREATE TABLE setting ("
    " id INTEGER PRIMARY KEY CHECK (id = 1),"
    " ocsp_url TEXT NOT NULL,"
    " more_urls TEXT NOT NULL," /* separated by spaces */
    " no_faults INTEGER NOT NULL,"
    " temporary INTEGER NOT NULL,"
    " created_at INTEGER NOT NULL,"
    " default_ca INTEGER REFERENCES ca (id)"
    ") STRICT;"

    /* state: 0 requested, 1 current (one per CA), 2 retired */
    "CREATE TABLE signer ("
    " id INTEGER PRIMARY KEY,"
    " ca INTEGER NOT NULL REFERENCES ca (id),"
    " state INTEGER NOT NULL,"
    " serial BLOB,"
    " path TEXT NOT NULL,"
    " not_before INTEGER,"
    " not_after INTEGER,"
    " version INTEGER NOT NULL,"
    " der BLOB"
    ") STRICT;"
    "CREATE UNIQUE INDEX signer_current ON signer (ca) WHERE state = 1;"

    "CREATE TABLE issued ("
    " id INTEGER PRIMARY KEY," /* order of issue */
    " ca INTEGER NOT NULL REFERENCES ca (id),"
    " serial BLOB NOT NULL,"
    " name TEXT,"
    " subject TEXT NOT NULL,"
    " not_before INTEGER NOT NULL,"
    " der BLOB" /* NULL: not kept */
    ") STRICT;"
    /* The names, apart from the wide rows. */
    "CREATE UNIQUE INDEX issued_name ON issued (name) WHERE name IS NOT NULL;"

    /* status: enum cadb_status; on hold is revoked with reason 6.
     * scenario: 1 if one is set for just this certificate */
    "CREATE TABLE cert ("
    " ca INTEGER NOT NULL REFERENCES ca (id),"
    " serial BLOB NOT NULL,"
    " status INTEGER NOT NULL CHECK ((status = 1) = (revoked_at NOT NULL)),"
    " reason INTEGER,"
    " revoked_at INTEGER,"
    " invalidity_at INTEGER,"
    " not_after INTEGER NOT NULL,"
    " version INTEGER NOT NULL,"
    " issued INTEGER NOT NULL REFERENCES issued (id),"
    " scenario INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY (ca, serial)"
    ") STRICT, WITHOUT ROWID;"

    /* ca 0: every CA; serial x'': every certificate of the CA.  times NULL:
     * until cleared */
    "CREATE TABLE scenario ("
    " ca INTEGER NOT NULL,"
    " serial BLOB NOT NULL,"
    " name TEXT NOT NULL,"
    " params TEXT NOT NULL,"
    " times INTEGER,"
    " version INTEGER NOT NULL,"
    " PRIMARY KEY (ca, serial)"
    ") STRICT, WITHOUT ROWID;"

    /* version: a delta CRL over this one lists what changed after it */
    "CREATE TABLE crl ("
    " ca INTEGER NOT NULL REFERENCES ca (id),"
    " number INTEGER NOT NULL,"
    " version INTEGER NOT NULL,"
    " made_at INTEGER NOT NULL,"
    " PRIMARY KEY (ca, number)"
    ") STRICT, WITHOUT ROWID;"

    /* AUTOINCREMENT: a number is never used twice */
    "CREATE TABLE event ("
    " seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    " at INTEGER NOT NULL,"
    " kind TEXT NOT NULL,"
    " ca INTEGER REFERENCES ca (id),"
    " serial BLOB,"
    " name TEXT,"
    " detail TEXT"
    ") STRICT;"

    "PRAGMA user_version = 1";

/*
 * Version 2: delta CRLs, requests for signers.  cert_revoked makes a CRL of
 * few revoked among millions cheap, and costs nothing until something is
 * revoked.
 */
static const char version_2[] =
    "ALTER TABLE setting ADD COLUMN crl_url TEXT NOT NULL DEFAULT '';"

    /* of a delta, the number of the full one; 0: this is a full one */
    "ALTER TABLE crl ADD COLUMN base INTEGER NOT NULL DEFAULT 0;"

    "CREATE UNIQUE INDEX signer_requested ON signer (ca) WHERE state = 0;"

    "CREATE INDEX cert_revoked ON cert (ca, serial) WHERE status = 1;"

    "PRAGMA user_version = 2";

/*
 * Version 3: scenarios.  Their table stood ready since version 1; what was
 * lacking is a number that moves when one is cleared too, and who signs.
 */
static const char version_3[] =
    /* the event that last set or cleared a scenario */
    "ALTER TABLE setting ADD COLUMN scenarios INTEGER NOT NULL DEFAULT 0;"

    /* ca, serial: of the scenario; issuer: for whose answers */
    "CREATE TABLE scenario_signer ("
    " ca INTEGER NOT NULL,"
    " serial BLOB NOT NULL,"
    " issuer INTEGER NOT NULL REFERENCES ca (id),"
    " path TEXT NOT NULL,"
    " PRIMARY KEY (ca, serial, issuer)"
    ") STRICT, WITHOUT ROWID;"

    "PRAGMA user_version = 3";

const char *const migrations[CADB_SCHEMA_VERSION] = {
    version_1,
    version_2,
    version_3,
};
