/* What 'issue' and 'sign' are asked for. */
#ifndef OCSP_LAB_CA_WISH_H
#define OCSP_LAB_CA_WISH_H

#include "args.h"
#include "pki/pki.h"
#include "scenario/scenario.h"

enum {
        NAMES_MAX = 1000,
        COUNT_MAX = 100000, /* --count: some 100 MiB while it runs */
};

/* The command line.  Times stay text until the lab's now is known. */
struct wish {
        const char *sans[PKI_SANS_MAX]; /* into argv */
        size_t sans_len;
        const char *urls[PKI_URLS_MAX];
        size_t urls_len;
        bool no_url;
        const char *crl_url; /* "lab": the responder's own; NULL: not given */
        bool no_crl_url;
        bool must_staple, no_must_staple;
        bool has_algorithm, has_profile;
        enum pki_algorithm algorithm;
        enum pki_profile profile;
        const char *not_before, *not_after, *days, *ca;
        bool renew;
        size_t count; /* 0: not given */
        bool no_files;
        bool has_scenario; /* issue */
        struct scenario_choice scenario;
        bool scenarios;   /* issue: the words are scenarios, not names */
        const char *name; /* sign */
};

/* The command line of 'issue' or 'sign' into *w; the names of certificates or
 * the request stay in a->words. */
int wish_issue(struct wish *w, struct args *a, struct err *e);
int wish_sign(struct wish *w, struct args *a, struct err *e);

/* ERR_USAGE if a certificate cannot have that name. */
int wish_check_name(const char *name, struct err *e);

#endif
