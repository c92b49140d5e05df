/* The sub-commands of 'ocsp-ca signer', one file each. */
#ifndef OCSP_LAB_CA_CMD_SIGNER_H
#define OCSP_LAB_CA_CMD_SIGNER_H

#include "args.h"
#include "lab.h"
#include "pki/pki.h"

int signer_list(struct args *a, struct err *e);
int signer_rotate(struct args *a, struct err *e);
int signer_request(struct args *a, struct err *e);
int signer_install(struct args *a, struct err *e);

/* In signer_check.c: may cert sign answers for the CA of that row (RFC 6960
 * section 4.2.2.2)?  trusted: clients are told to trust it, so nobody need
 * have issued it; unchecked too: nor need it be made for signing.  path is
 * named in the text.  What is odd but allowed goes to standard error. */
struct signer_question {
        X509 *cert;
        const char *path;
        const struct cadb_ca *ca;
        bool trusted, unchecked;
        int64_t now;
};
int signer_check(const struct signer_question *q, struct err *e);

#endif
