/* What 'issue' is asked for, and what that comes to in this lab. */
#ifndef OCSP_LAB_CA_WISH_H
#define OCSP_LAB_CA_WISH_H

#include "authority.h"
#include "lab.h"
#include "pki/pki.h"

enum { NAMES_MAX = 1000 };

/* The command line.  Times stay text until the lab's now is known. */
struct wish {
        const char *sans[PKI_SANS_MAX]; /* into argv */
        size_t sans_len;
        const char *urls[PKI_URLS_MAX];
        size_t urls_len;
        bool no_url, must_staple, has_algorithm;
        enum pki_algorithm algorithm;
        enum pki_profile profile;
        const char *not_before, *not_after, *days, *ca;
};

/* What all certificates of one call share. */
struct plan {
        struct lab lab;
        struct authority ca;
        int64_t now, not_before, not_after;
        struct buf chain, intermediates;
};

/* The command line into *w; the names stay in a->words. */
int wish_parse(struct wish *w, struct args *a, struct err *e);

/* Opens the lab for writing and settles what *w has left open.  Zero *p
 * before; plan_release in any case. */
int plan_make(
    struct plan *p, struct wish *w, const struct args *a, struct err *e);
void plan_release(struct plan *p);

/* A line on standard error if the end is not what one might think. */
void plan_note(const struct plan *p, const struct wish *w);

#endif
