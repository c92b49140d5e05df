/* Makes the CRLs of a CA and puts them into DIR/crl (RFC 5280 section 5). */
#ifndef OCSP_LAB_CA_CRLMAKER_H
#define OCSP_LAB_CA_CRLMAKER_H

#include <limits.h>

#include "lab.h"

struct crl_wish {
        bool delta;
        const char *idp; /* URL, "lab", "none"; NULL: what the lab has */
        const char *out; /* PEM goes there too; "-": standard output; NULL */
        int64_t validity;
};

struct crl_made {
        char ca_name[LAB_NAME_MAX + 1];
        char path[PATH_MAX];
        char idp[LAB_CRL_URL_MAX]; /* "": none */
        uint64_t number, base;     /* base 0: a full one */
        size_t entries;
        int64_t this_update, next_update;
};

/* ERR_USAGE unless text is a URL, "lab" or "none". */
int crl_idp_check(const char *text, struct err *e);

/* Signs one and writes it; ca_name NULL: the lab's default.  The caller holds
 * the lock of DIR/crl: whoever takes a later number writes later. */
int crl_make(struct lab *lab, const char *ca_name, const struct crl_wish *wish,
    struct crl_made *out, struct err *e);

#endif
