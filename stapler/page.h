/* The page that https://host/ shows. */
#ifndef OCSP_LAB_STAPLER_PAGE_H
#define OCSP_LAB_STAPLER_PAGE_H

#include "base/buf.h"
#include "stapler/site.h"

/* Appends the rows about the certificate and its staple, for tls_offer. */
void page_rows(const struct site *site, struct buf *out);

struct page_spec {
        const char *host; /* as the client asked for it, or "" */
        const char *dir;  /* for the commands shown */
        const struct tls_info *tls;
};

/* Appends HTML.  Any thread. */
void page_html(const struct page_spec *p, struct buf *out);

#endif
