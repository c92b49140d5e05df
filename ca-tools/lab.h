/* The lab directory as a subcommand sees it: database, clock, settings. */
#ifndef OCSP_LAB_CA_LAB_H
#define OCSP_LAB_CA_LAB_H

#include "args.h"
#include "base/base.h"
#include "cadb/cadb.h"
#include "pki/pki.h"

struct lab {
        const char *dir; /* borrowed */
        struct cadb *db;
        struct labclock *clock;
        struct cadb_settings settings;
};

/* Opens DIR of the command line.  Zero *lab before; lab_release in any
 * case. */
int lab_open(struct lab *lab, const struct args *a, struct err *e);

/* The same for a command that changes something.  Completes or removes what
 * an interrupted 'issue', 'add-ca' or 'scenario' has left (store_recover,
 * anchors_recover, scenario_tell_rest). */
int lab_open_write(struct lab *lab, const struct args *a, struct err *e);

void lab_release(struct lab *lab);

/* The OCSP URLs of a certificate for which nobody named one: the responder's
 * first.  They point into s.  Returns how many. */
size_t lab_urls(const struct cadb_settings *s, const char *urls[PKI_URLS_MAX]);

/* The CRL that what the CA of that name issues points to, unless somebody names
 * another: s->crl_url, or the responder's own, "OCSP-URL/crl/CANAME.crl".
 * NULL: none. */
enum { LAB_CRL_URL_MAX = CADB_URL_MAX + LAB_NAME_MAX + 16 };
const char *lab_crl_url(const struct cadb_settings *s, const char *ca_name,
    char out[LAB_CRL_URL_MAX]);

/* The lab's now. */
int64_t lab_now(const struct lab *lab);

#endif
