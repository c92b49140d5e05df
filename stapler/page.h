/* The page that https://host/ shows. */
#ifndef OCSP_LAB_STAPLER_PAGE_H
#define OCSP_LAB_STAPLER_PAGE_H

#include "base/buf.h"
#include "stapler/site.h"

struct page_spec {
        const char *host; /* as the client asked for it, or NULL */
        const char *dir;  /* for the commands shown */
        struct tls_info tls;
        const struct site *site; /* NULL: removed since the handshake */
};

/* Appends HTML. */
void page_html(const struct page_spec *p, struct buf *out);

#endif
