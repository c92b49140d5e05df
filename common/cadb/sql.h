/* Every SQL statement of the house but the schema (migration.h): one table,
 * addressed by enum. */
#ifndef OCSP_LAB_CADB_SQL_H
#define OCSP_LAB_CADB_SQL_H

enum sql_id {
        /* connection */
        SQL_SETUP_WRITE,
        SQL_SETUP_TEMPORARY,
        SQL_SETUP_CREATE,
        SQL_SETUP_COPY,
        SQL_JOURNAL_MODE,
        SQL_JOURNAL_WAL,
        SQL_APPLICATION_ID,
        SQL_USER_VERSION,
        SQL_DATA_VERSION,
        SQL_BEGIN,
        SQL_BEGIN_IMMEDIATE,
        SQL_OVERWRITE,
        SQL_COMMIT,
        SQL_ROLLBACK,
        /* settings and CAs */
        SQL_SETTINGS,
        SQL_SETTINGS_INSERT,
        SQL_CA_BY_NAME,
        SQL_CA_BY_ID,
        SQL_CA_DEFAULT,
        SQL_CA_ALL,
        SQL_CA_LATEST,
        SQL_CA_INSERT,
        SQL_CA_OWN_PARENT,
        SQL_CA_SET_DEFAULT,
        SQL_CA_SET_MODEL,
        SQL_CA_SET_KEY,
        SQL_CA_BUMP,
        SQL_SIGNERS,
        SQL_SIGNER_RETIRE,
        SQL_SIGNER_INSERT,
        SQL_SIGNER_FORGET_REQUEST,
        SQL_SIGNER_REQUEST,
        /* certificates */
        SQL_STATE,
        SQL_STATE_AND_NAME,
        SQL_NAME_TAKEN,
        SQL_CERT_BY_NAME,
        SQL_CERT_BY_SERIAL,
        SQL_CERT_BY_ANY_SERIAL,
        SQL_CERT_SUBJECT,
        SQL_CERT_DER,
        SQL_CERTS_IN_ORDER,
        SQL_CERTS_BY_NAME,
        SQL_CERTS_BY_STATE,
        SQL_CERTS_REVOKED,
        SQL_COUNT_BY_NAME,
        SQL_COUNT_BY_STATE,
        SQL_COUNT_REVOKED,
        SQL_ISSUED_INSERT,
        SQL_CERT_INSERT,
        SQL_CERT_SET_STATE,
        SQL_ISSUED_SET_NAME,
        SQL_ISSUED_DETAIL,
        SQL_ISSUED_FILL,
        /* CRLs */
        SQL_CRL_LAST,
        SQL_CRL_FULL,
        SQL_CRL_INSERT,
        SQL_REVOKED,
        SQL_CHANGED,
        /* scenarios */
        SQL_SCENARIOS,
        SQL_SCENARIO_LATEST,
        SQL_SCENARIO_MOVED,
        SQL_SCENARIO_SET,
        SQL_SCENARIO_CLEAR,
        SQL_SCENARIO_MARK,
        SQL_SCENARIO_SIGNERS,
        SQL_SCENARIO_SIGNER_ADD,
        SQL_SCENARIO_SIGNERS_DROP,
        /* the trail */
        SQL_EVENT_LAST,
        SQL_EVENT_SINCE,
        SQL_EVENT_INSERT,
        SQL_COUNT_
};

extern const char *const sql_text[SQL_COUNT_];

#endif
