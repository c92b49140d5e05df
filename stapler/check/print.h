/* What ocsp-check says, for people and for programs. */
#ifndef OCSP_LAB_CHECK_PRINT_H
#define OCSP_LAB_CHECK_PRINT_H

#include "stapler/check/report.h"
#include "stapler/check/subject.h"

/* All that a run found out. */
struct findings {
        const struct options *options;
        const struct subject *subject;
        struct report first;
        struct report live; /* --compare */
        bool accepted;
        bool as_expected;
        /* of the TLS server; "" if none was asked */
        char address[HANDSHAKE_ADDRESS_MAX];
        char version[16];
        char servername[256];
};

/* The instant up to which a client may believe the first answer although the
 * live one says revoked; 0: it may not, or need not. */
int64_t findings_believed_until(const struct findings *f);

void print_text(const struct findings *f);
/* For --watch: when, what, and the answer's serial and thisUpdate, in a line.
 */
void print_change(const struct findings *f);
int print_json(const struct findings *f, struct err *e);

#endif
