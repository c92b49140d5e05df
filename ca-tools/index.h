/*
 * index.txt, the database of 'openssl ca', line by line.
 *
 * Six fields with a TAB between them: V, R or E (valid, revoked, expired); the
 * end of validity; the revocation "TIME[,REASON[,MORE]]"; the serial in hex;
 * a file name, which nobody reads; the subject as X509_NAME_oneline writes it.
 * A TAB inside a field has a backslash before it.
 */
#ifndef OCSP_LAB_CA_INDEX_H
#define OCSP_LAB_CA_INDEX_H

#include "cadb/cadb.h"
#include "pki/pki.h"

/* Octets of a line: a subject has at most a few hundred. */
enum { INDEX_LINE_MAX = 8192 };

struct index_row {
        /* status, reason, revoked_at, invalidity_at, not_after.  E is
         * CADB_GOOD: what has expired is not revoked by that. */
        struct cadb_state state;
        struct pki_serial serial;
        const char *subject;   /* inside the line */
        bool hold_instruction; /* its OID is dropped */
};

/* Takes the line apart, in place; it is without its LF or CRLF.  ERR_DATA says
 * what is wrong. */
int index_parse(char *line, struct index_row *out, struct err *e);

/* What openssl's format cannot say. */
struct index_loss {
        size_t reasons;          /* privilegeWithdrawn, aACompromise */
        size_t invalidity_dates; /* without a compromise */
};

/* Appends the line with its LF; E rather than V if now is past its end. */
void index_print(const struct index_row *row, int64_t now, struct buf *out,
    struct index_loss *loss);

/* ---- subjects ---------------------------------------------------------- */

/*
 * "/C=AA/CN=www" as "CN=www,C=AA" (RFC 2253) and back, where both say the same
 * to the letter: no escapes, no multi-valued RDN.  false, and out is empty, if
 * it is not so simple or does not fit.
 */
bool index_subject_to_rfc2253(const char *oneline, char *out, size_t size);
bool index_subject_to_oneline(const char *rfc2253, char *out, size_t size);

/* The last CN of a subject in either form, if it can be a name here; else
 * false, and out is empty. */
bool index_subject_name(const char *subject, char out[LAB_NAME_MAX + 1]);

#endif
