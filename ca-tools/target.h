/* CERT of the command line: a name, a serial in hex, or a PEM or DER file. */
#ifndef OCSP_LAB_CA_TARGET_H
#define OCSP_LAB_CA_TARGET_H

#include "lab.h"

enum target_result {
        TARGET_FOUND,
        TARGET_NEVER_ISSUED, /* a serial of ours that has no row */
};

/*
 * A name comes before a serial, a serial before a file, unless the text has a
 * '/'.  ca_name (may be NULL) says whose it must be.  ERR_NOTFOUND if it is
 * neither, or a certificate of somebody else: of another CA than ca_name, or
 * of none of the lab.
 */
int target_find(const struct lab *lab, const char *text, const char *ca_name,
    enum target_result *result, struct cadb_cert *out, struct err *e);

/* The same where a certificate without a row is ERR_NOTFOUND too. */
int target_get(const struct lab *lab, const char *text, const char *ca_name,
    struct cadb_cert *out, struct err *e);

#endif
