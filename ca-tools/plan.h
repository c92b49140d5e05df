/* What a wish comes to in a lab. */
#ifndef OCSP_LAB_CA_PLAN_H
#define OCSP_LAB_CA_PLAN_H

#include "authority.h"
#include "lab.h"
#include "model.h"
#include "wish.h"

/* A CA that issues, and what stands above its certificates, as PEM. */
struct issuer {
        struct issuer *next;
        struct authority ca;
        struct buf chain, intermediates;
        char crl_url[LAB_CRL_URL_MAX]; /* of the wish or the lab; "": none */
};

/* What all certificates of one command share. */
struct plan {
        const struct wish *wish;
        struct lab lab;
        int64_t now;
        struct issuer *issuers; /* those that were asked for */
};

/* Opens the lab for writing.  Zero *p before; plan_release in any case. */
int plan_open(
    struct plan *p, const struct wish *w, const struct args *a, struct err *e);
void plan_release(struct plan *p);

/* Everything that goes into one certificate; what the pointers point to
 * belongs to the plan, its wish and the model. */
struct terms {
        const char *name;
        const struct issuer *issuer;
        char common_name[PKI_COMMON_NAME_MAX + 1];
        enum pki_profile profile;
        enum pki_algorithm algorithm;
        EVP_PKEY *key; /* the holder's; NULL: one is made */
        bool own_key;  /* not one that others have, too */
        int64_t not_before, not_after;
        const char *sans[PKI_SANS_MAX];
        size_t sans_len;
        const char *urls[PKI_URLS_MAX];
        size_t urls_len;
        const char *crl_url; /* NULL: none */
        bool must_staple;
        char local[LAB_NAME_MAX + sizeof(".localhost")];
};

/* The command line over the model over what is usual. */
int terms_make(struct terms *t, struct plan *p, const struct model *m,
    const char *name, struct err *e);

/* A line on standard error if the end is not what one might think. */
void plan_note(const struct plan *p, const struct issuer *i, int64_t not_after);

#endif
