/* What a certificate is like where the command line says nothing: like the
 * one that it takes over from, or like the request for it says. */
#ifndef OCSP_LAB_CA_MODEL_H
#define OCSP_LAB_CA_MODEL_H

#include "lab.h"
#include "pki/pki.h"

struct model {
        char common_name[PKI_COMMON_NAME_MAX + 1]; /* "": the name */
        char *sans[PKI_SANS_MAX + 1];              /* malloc */
        size_t sans_len;
        bool must_staple;

        X509_REQ *csr; /* NULL: a key is made */

        /* Of the certificate before; the rest means nothing without one. */
        bool renews;
        char ca[LAB_NAME_MAX + 1]; /* who issued it */
        enum pki_profile profile;
        enum pki_algorithm algorithm;
        char *urls[PKI_URLS_MAX]; /* OpenSSL's */
        size_t urls_len;
        char *crl_url;  /* OpenSSL's; NULL: none */
        int64_t length; /* from its begin to its end, in seconds */
};
void model_release(struct model *m); /* zeroed memory is fine */

/* The certificate of that name, with what stands in its DER.  Zero *m before.
 * Without one *m stays as it is.  ERR_CONFIG if only its state is known. */
int model_of_name(
    struct model *m, const struct lab *lab, const char *name, struct err *e);

/* A request, path "-": from standard input.  Zero *m before.  ERR_CONFIG if it
 * is for the key of a CA of the lab. */
int model_of_request(
    struct model *m, const struct lab *lab, const char *path, struct err *e);

#endif
