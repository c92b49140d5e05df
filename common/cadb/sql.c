#include "cadb/sql.h"

/* Read by ca_read(). */
#define CA_SELECT                                                              \
        "SELECT ca.id, ca.parent, ca.name, ca.key_path, ca.cert_path,"         \
        " ca.model, ca.version, ca.not_before, ca.not_after, ca.name_sha1,"    \
        " ca.key_sha1, ca.name_sha256, ca.key_sha256, ca.der, signer.id,"      \
        " signer.path, signer.not_after"                                       \
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

const char *const sql_text[SQL_COUNT_] = {
    /* Both are per connection.  FULL syncs the WAL before commit returns. */
    [SQL_SETUP_WRITE] = "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL",
    [SQL_SETUP_TEMPORARY] = "PRAGMA synchronous = OFF",
    /* Nobody knows the file yet, and cadb_publish syncs it whole. */
    [SQL_SETUP_CREATE] = "PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF;"
                         " PRAGMA journal_mode = MEMORY",
    [SQL_JOURNAL_MODE] = "PRAGMA journal_mode",
    [SQL_JOURNAL_WAL] = "PRAGMA journal_mode = WAL",
    [SQL_APPLICATION_ID] = "PRAGMA application_id",
    [SQL_USER_VERSION] = "PRAGMA user_version",
    [SQL_DATA_VERSION] = "PRAGMA data_version",
    [SQL_BEGIN] = "BEGIN",
    [SQL_BEGIN_IMMEDIATE] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",

    [SQL_SETTINGS] =
        "SELECT ocsp_url, more_urls, no_faults, temporary, created_at"
        " FROM setting",
    [SQL_SETTINGS_INSERT] =
        "INSERT INTO setting (id, ocsp_url, more_urls, no_faults, temporary,"
        " created_at) VALUES (1, ?1, ?2, ?3, ?4, ?5)",

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
    [SQL_CA_BUMP] = "UPDATE ca SET version = ?2 WHERE id = ?1",

    [SQL_SIGNER_RETIRE] =
        "UPDATE signer SET state = 2 WHERE ca = ?1 AND state = 1",
    [SQL_SIGNER_INSERT] =
        "INSERT INTO signer (ca, state, serial, path, not_before, not_after,"
        " version, der) VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_CRL_NEXT] = "INSERT INTO crl (ca, number, version, made_at)"
                     " SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3 FROM crl"
                     " WHERE ca = ?1 RETURNING number",

    [SQL_STATE] =
        "SELECT " STATE_COLUMNS " FROM cert WHERE ca = ?1 AND serial = ?2",
    [SQL_CERT_BY_NAME] = CERT_OF_ISSUED "WHERE issued.name = ?1",
    [SQL_CERT_BY_SERIAL] =
        ISSUED_OF_CERT "WHERE ca.id = ?1 AND cert.serial = ?2",
    [SQL_CERT_BY_ANY_SERIAL] = ISSUED_OF_CERT "WHERE cert.serial = ?1 LIMIT 2",
    [SQL_CERT_DER] =
        "SELECT issued.der FROM cert JOIN issued ON issued.id = cert.issued"
        " WHERE cert.ca = ?1 AND cert.serial = ?2 AND issued.der IS NOT NULL",
    [SQL_CERT_ALL] = CERT_OF_ISSUED "ORDER BY issued.id",
    [SQL_CERT_OF_CA] = CERT_OF_ISSUED "WHERE issued.ca = ?1 ORDER BY issued.id",
    [SQL_REVOKED] = "SELECT " STATE_COLUMNS ", cert.serial FROM cert"
                    " WHERE ca = ?1 AND status = 1 ORDER BY serial",
    [SQL_ISSUED_INSERT] =
        "INSERT INTO issued (ca, serial, name, subject, not_before, der)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_CERT_INSERT] =
        "INSERT INTO cert (ca, serial, status, not_after, version, issued)"
        " VALUES (?1, ?2, 0, ?3, ?4, ?5)",
    [SQL_CERT_SET_STATE] =
        "UPDATE cert SET status = ?3, reason = ?4, revoked_at = ?5,"
        " invalidity_at = ?6, version = ?7 WHERE ca = ?1 AND serial = ?2",

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
