/* The schema, as the steps that led to it. */
#ifndef OCSP_LAB_CADB_MIGRATION_H
#define OCSP_LAB_CADB_MIGRATION_H

#include "cadb/cadb.h"

/*
 * migrations[n] leads from schema version n to n + 1 and ends by setting
 * user_version.  It runs inside a transaction: all of it or nothing.  A new
 * version is one more entry; published ones never change.
 */
extern const char *const migrations[CADB_SCHEMA_VERSION];

#endif
