#include "cadb/sql.h"

/* Read by ca_read(). */
#define CA_SELECT                                                              \
        "SELECT ca.id, ca.parent, ca.name, ca.key_path, ca.cert_path,"         \
        " ca.model, ca.version, ca.not_before, ca.not_after, ca.name_sha1,"    \
        " ca.key_sha1, ca.name_sha256, ca.key_sha256, ca.der, signer.id,"      \
        " signer.path, signer.not_before, signer.not_after, signer.serial"     \
        " FROM ca LEFT JOIN signer ON signer.ca = ca.id AND signer.state = 1 "

/* Read by state_read(). */
#define STATE_COLUMNS                                                          \
        "cert.status, cert.reason, cert.revoked_at, cert.invalidity_at,"       \
        " cert.not_after, cert.version"

/* Read by cert_read(). */
#define CERT_COLUMNS                                                           \
        STATE_COLUMNS ", issued.ca, ca.name, issued.name, issued.serial,"      \
                      " issued.subject, issued.not_before"

/* From the detail to the state; from the state to the detail. */
#define CERT_OF_ISSUED                                                         \
        "SELECT " CERT_COLUMNS " FROM issued"                                  \
        " CROSS JOIN cert ON cert.ca = issued.ca"                              \
        " AND cert.serial = issued.serial"                                     \
        " JOIN ca ON ca.id = issued.ca "
#define ISSUED_OF_CERT                                                         \
        "SELECT " CERT_COLUMNS " FROM ca"                                      \
        " CROSS JOIN cert ON cert.ca = ca.id"                                  \
        " CROSS JOIN issued ON issued.id = cert.issued "

/* ?1 a CA or 0, ?2 enum cadb_filter_status, ?3 the end or NULL, ?4 now. */
#define FILTER                                                                 \
        "(?1 = 0 OR cert.ca = ?1)"                                             \
        " AND CASE ?2 WHEN 0 THEN 1"                                           \
        " WHEN 1 THEN cert.status = 0 AND cert.not_after >= ?4"                \
        " WHEN 2 THEN cert.status = 1 AND cert.reason IS NOT 6"                \
        " WHEN 3 THEN cert.status = 1 AND cert.reason IS 6"                    \
        " ELSE cert.not_after < ?4 END"                                        \
        " AND (?3 IS NULL OR cert.not_after < ?3)"

/*
 * The same from the names or the states: narrow rows are chosen and sorted,
 * then joined.  LIMIT keeps SQLite from sorting the joined ones instead; a
 * join keeps the order of its outermost loop.
 */
#define NAMES                                                                  \
        "(SELECT id FROM issued INDEXED BY issued_name"                        \
        " WHERE name IS NOT NULL AND name GLOB ?5 ORDER BY id LIMIT -1)"       \
        " AS named CROSS JOIN issued ON issued.id = named.id"                  \
        " CROSS JOIN cert ON cert.ca = issued.ca"                              \
        " AND cert.serial = issued.serial "
#define STATES(from)                                                           \
        "SELECT " CERT_COLUMNS " FROM (SELECT * FROM cert " from               \
        " AND " FILTER " ORDER BY issued LIMIT -1) AS cert"                    \
        " CROSS JOIN issued ON issued.id = cert.issued"                        \
        " CROSS JOIN ca ON ca.id = cert.ca"
#define ONLY_REVOKED "INDEXED BY cert_revoked WHERE cert.status = 1"

const char *const sql_text[SQL_COUNT_] = {
    /* All are per connection.  FULL syncs the WAL before commit returns.  The
     * cache, in KiB, is what a million rows in one transaction may take; what
     * they leave of the WAL is given back to the disk. */
    [SQL_SETUP_WRITE] = "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;"
                        " PRAGMA cache_size = -131072;"
                        " PRAGMA journal_size_limit = 16777216",
    [SQL_SETUP_TEMPORARY] = "PRAGMA synchronous = OFF",
    /* Nobody knows the file yet, and cadb_publish syncs it whole. */
    [SQL_SETUP_CREATE] = "PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF;"
                         " PRAGMA journal_mode = MEMORY",
    /* Nobody knows that one either, and cadb_backup syncs it. */
    [SQL_SETUP_COPY] = "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF",
    [SQL_JOURNAL_MODE] = "PRAGMA journal_mode",
    [SQL_JOURNAL_WAL] = "PRAGMA journal_mode = WAL",
    [SQL_APPLICATION_ID] = "PRAGMA application_id",
    [SQL_USER_VERSION] = "PRAGMA user_version",
    [SQL_DATA_VERSION] = "PRAGMA data_version",
    [SQL_BEGIN] = "BEGIN",
    [SQL_BEGIN_IMMEDIATE] = "BEGIN IMMEDIATE",
    /* Changes nothing, and yet writes a frame. */
    [SQL_OVERWRITE] = "PRAGMA application_id = 0x4f435350",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",

    [SQL_SETTINGS] =
        "SELECT ocsp_url, more_urls, no_faults, temporary, created_at, crl_url"
        " FROM setting",
    [SQL_SETTINGS_INSERT] =
        "INSERT INTO setting (id, ocsp_url, more_urls, no_faults, temporary,"
        " created_at, crl_url) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)",

    [SQL_CA_BY_NAME] = CA_SELECT "WHERE ca.name = ?1",
    [SQL_CA_BY_ID] = CA_SELECT "WHERE ca.id = ?1",
    [SQL_CA_DEFAULT] =
        CA_SELECT "WHERE ca.id = (SELECT default_ca FROM setting)",
    [SQL_CA_ALL] = CA_SELECT "ORDER BY ca.id",
    [SQL_CA_LATEST] = "SELECT coalesce(max(version), 0) FROM ca",
    [SQL_CA_INSERT] =
        "INSERT INTO ca (parent, name, key_path, cert_path, model, version,"
        " not_before, not_after, name_sha1, key_sha1, name_sha256, key_sha256,"
        " der) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        " RETURNING id",
    [SQL_CA_OWN_PARENT] = "UPDATE ca SET parent = id WHERE id = ?1",
    [SQL_CA_SET_DEFAULT] = "UPDATE setting SET default_ca = ?1",
    [SQL_CA_SET_MODEL] = "UPDATE ca SET model = ?2, version = ?3 WHERE id = ?1",
    [SQL_CA_SET_KEY] =
        "UPDATE ca SET key_path = ?2, version = ?3 WHERE id = ?1",
    [SQL_CA_BUMP] = "UPDATE ca SET version = ?2 WHERE id = ?1",

    [SQL_SIGNERS] =
        "SELECT signer.id, signer.ca, ca.name, signer.state, signer.serial,"
        " signer.path, signer.not_before, signer.not_after, signer.version"
        " FROM signer JOIN ca ON ca.id = signer.ca"
        " WHERE ?1 = 0 OR signer.ca = ?1 ORDER BY signer.ca, signer.id DESC",
    [SQL_SIGNER_RETIRE] =
        "UPDATE signer SET state = 2 WHERE ca = ?1 AND state = 1",
    [SQL_SIGNER_INSERT] =
        "INSERT INTO signer (ca, state, serial, path, not_before, not_after,"
        " version, der) VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_SIGNER_FORGET_REQUEST] =
        "DELETE FROM signer WHERE ca = ?1 AND state = 0",
    [SQL_SIGNER_REQUEST] =
        "INSERT INTO signer (ca, state, path, version) VALUES (?1, 0, ?2, ?3)",

    [SQL_STATE] =
        "SELECT " STATE_COLUMNS " FROM cert WHERE ca = ?1 AND serial = ?2",
    [SQL_STATE_AND_NAME] = "SELECT " STATE_COLUMNS ", issued.name FROM cert"
                           " CROSS JOIN issued ON issued.id = cert.issued"
                           " WHERE cert.ca = ?1 AND cert.serial = ?2",
    [SQL_NAME_TAKEN] = "SELECT 1 FROM issued WHERE name = ?1",
    [SQL_CERT_BY_NAME] = CERT_OF_ISSUED "WHERE issued.name = ?1",
    [SQL_CERT_BY_SERIAL] =
        ISSUED_OF_CERT "WHERE ca.id = ?1 AND cert.serial = ?2",
    [SQL_CERT_BY_ANY_SERIAL] = ISSUED_OF_CERT "WHERE cert.serial = ?1 LIMIT 2",
    [SQL_CERT_SUBJECT] = "SELECT issued.subject FROM cert"
                         " CROSS JOIN issued ON issued.id = cert.issued"
                         " WHERE cert.ca = ?1 AND cert.serial = ?2",
    [SQL_CERT_DER] =
        "SELECT issued.der FROM cert JOIN issued ON issued.id = cert.issued"
        " WHERE cert.ca = ?1 AND cert.serial = ?2 AND issued.der IS NOT NULL",
    [SQL_CERTS_IN_ORDER] = CERT_OF_ISSUED
    "WHERE (?1 = 0 OR issued.ca = ?1) AND " FILTER " ORDER BY issued.id",
    [SQL_CERTS_BY_NAME] = "SELECT " CERT_COLUMNS " FROM " NAMES
                          "CROSS JOIN ca ON ca.id = issued.ca WHERE " FILTER,
    [SQL_CERTS_BY_STATE] = STATES("WHERE 1"),
    [SQL_CERTS_REVOKED] = STATES(ONLY_REVOKED),
    [SQL_COUNT_BY_NAME] = "SELECT count(*) FROM " NAMES "WHERE " FILTER,
    [SQL_COUNT_BY_STATE] = "SELECT count(*) FROM cert WHERE " FILTER,
    [SQL_COUNT_REVOKED] =
        "SELECT count(*) FROM cert " ONLY_REVOKED " AND " FILTER,
    [SQL_ISSUED_INSERT] =
        "INSERT INTO issued (ca, serial, name, subject, not_before, der)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_CERT_INSERT] =
        "INSERT INTO cert (ca, serial, status, reason, revoked_at,"
        " invalidity_at, not_after, version, issued)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [SQL_CERT_SET_STATE] =
        "UPDATE cert SET status = ?3, reason = ?4, revoked_at = ?5,"
        " invalidity_at = ?6, not_after = ?7, version = ?8"
        " WHERE ca = ?1 AND serial = ?2",
    [SQL_ISSUED_DETAIL] =
        "SELECT issued.id, issued.name, issued.der IS NOT NULL,"
        " issued.subject != '' FROM cert"
        " CROSS JOIN issued ON issued.id = cert.issued"
        " WHERE cert.ca = ?1 AND cert.serial = ?2",
    [SQL_ISSUED_FILL] =
        "UPDATE issued SET name = coalesce(?2, name), der = coalesce(?3, der),"
        " subject = coalesce(?4, subject),"
        " not_before = coalesce(?5, not_before) WHERE id = ?1",
    [SQL_ISSUED_SET_NAME] = "UPDATE issued SET name = ?2 WHERE name = ?1",

    [SQL_CRL_LAST] = "SELECT coalesce(max(number), 0) FROM crl WHERE ca = ?1",
    [SQL_CRL_FULL] = "SELECT number, base, version, made_at FROM crl"
                     " WHERE ca = ?1 AND number = ?2 AND base = 0",
    [SQL_CRL_INSERT] = "INSERT INTO crl (ca, number, base, version, made_at)"
                       " VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_REVOKED] = "SELECT " STATE_COLUMNS ", cert.serial"
                    " FROM cert INDEXED BY cert_revoked"
                    " WHERE ca = ?1 AND status = 1 ORDER BY serial",
    [SQL_CHANGED] =
        "SELECT " STATE_COLUMNS ", cert.serial FROM ("
        " SELECT serial, max(kind = 'release'"
        " OR (kind = 'import' AND detail = 'released')) AS released"
        " FROM event WHERE seq > ?2 AND ca = ?1"
        " AND kind IN ('revoke', 'hold', 'release', 'import')"
        " GROUP BY serial) AS changed"
        " CROSS JOIN cert ON cert.ca = ?1 AND cert.serial = changed.serial"
        " WHERE cert.status = 1 OR changed.released"
        " ORDER BY changed.serial",

    [SQL_SCENARIOS] =
        "SELECT scenario.ca, ca.name, scenario.serial, issued.name,"
        " scenario.name, scenario.params, scenario.times, scenario.version"
        " FROM scenario LEFT JOIN ca ON ca.id = scenario.ca"
        " LEFT JOIN cert ON cert.ca = scenario.ca"
        " AND cert.serial = scenario.serial"
        " LEFT JOIN issued ON issued.id = cert.issued"
        " ORDER BY scenario.ca, scenario.serial",
    [SQL_SCENARIO_LATEST] = "SELECT scenarios FROM setting",
    [SQL_SCENARIO_MOVED] = "UPDATE setting SET scenarios = ?1",
    [SQL_SCENARIO_SET] =
        "INSERT OR REPLACE INTO scenario (ca, serial, name, params, times,"
        " version) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_SCENARIO_CLEAR] =
        "DELETE FROM scenario WHERE ca = ?1 AND serial = ?2 RETURNING 1",
    [SQL_SCENARIO_MARK] = "UPDATE cert SET scenario = ?3, version = ?4"
                          " WHERE ca = ?1 AND serial = ?2",
    [SQL_SCENARIO_SIGNERS] =
        "SELECT ca, serial, issuer, path FROM scenario_signer",
    [SQL_SCENARIO_SIGNER_ADD] =
        "INSERT OR REPLACE INTO scenario_signer (ca, serial, issuer, path)"
        " VALUES (?1, ?2, ?3, ?4)",
    [SQL_SCENARIO_SIGNERS_DROP] =
        "DELETE FROM scenario_signer WHERE ca = ?1 AND serial = ?2",

    [SQL_EVENT_LAST] = "SELECT coalesce(max(seq), 0) FROM event",
    [SQL_EVENT_SINCE] =
        "SELECT event.seq, event.at, event.kind, ca.name, event.name,"
        " event.serial, event.detail"
        " FROM event LEFT JOIN ca ON ca.id = event.ca"
        " WHERE event.seq > ?1 ORDER BY event.seq",
    [SQL_EVENT_INSERT] =
        "INSERT INTO event (at, kind, ca, serial, name, detail)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
};
