#include "responder/responder.h"

#include <string.h>

/* The crowd of a moment is gone by then. */
#define RETRY_AFTER_S "5"

static int make_text(
    const char *text, struct httpd_response **out, struct err *e)
{
        const struct httpd_header headers[] = {
            {"Content-Type", "text/plain; charset=utf-8"},
            {"Cache-Control", "no-store"},
        };
        struct span body = {(const uint8_t *)text, strlen(text)};

        return httpd_response_new(body, headers, 2, out, e);
}

struct httpd_reply page_text(unsigned status, const char *text)
{
        struct httpd_reply reply = {NULL, status, 0};

        /* Out of memory: the connection ends without a word. */
        if (make_text(text, &reply.response, NULL) != 0)
                reply.response = NULL;
        return reply;
}

static int make_error(enum ocsp_response_status status,
    struct httpd_response **out, struct err *e)
{
        uint8_t der[OCSP_ERROR_LEN];
        struct httpd_header headers[DELIVERY_HEADERS_MAX];
        struct delivery d;
        size_t i;

        ocsp_error_encode(status, der);
        delivery_make(NULL, NULL, (struct span){der, sizeof(der)}, 0, &d);
        for (i = 0; i < d.headers_len; i++)
                headers[i] = (struct httpd_header){
                    d.headers[i].name, d.headers[i].value};
        if (status == OCSP_TRY_LATER)
                headers[d.headers_len++] =
                    (struct httpd_header){"Retry-After", RETRY_AFTER_S};
        return httpd_response_new(d.body, headers, d.headers_len, out, e);
}

int pages_make(struct pages *p, const char *url, struct err *e)
{
        static const enum ocsp_response_status errors[] = {
            OCSP_MALFORMED_REQUEST, OCSP_INTERNAL_ERROR, OCSP_TRY_LATER,
            OCSP_SIG_REQUIRED, OCSP_UNAUTHORIZED};
        struct buf text = {.len = 0};
        size_t i;
        int rc;

        for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
                if (make_error(errors[i], &p->errors[errors[i]], e) != 0)
                        return -1;
        buf_printf(&text,
            "ocsp-responder %s of ocsp-lab: certificate status over OCSP "
            "(RFC 6960).\n\n"
            "Ask it by GET or POST, for example:\n\n"
            "  openssl ocsp -url %s -issuer chain.pem -cert cert.pem \\\n"
            "    -CAfile root.pem\n\n"
            "CRLs are at %s/crl/CANAME.crl and %s/crl/CANAME-delta.crl.\n",
            OCSP_LAB_VERSION, url, url, url);
        if (buf_text(&text) == NULL)
                rc = err_set(e, ERR_OS, "pages: out of memory");
        else
                rc = make_text(buf_text(&text), &p->root, e);
        buf_release(&text);
        if (rc == 0)
                rc = make_text("not found: OCSP and CRLs are at the path that "
                               "certificates "
                               "name\n",
                    &p->not_found, e);
        return rc;
}

void pages_release(struct pages *p)
{
        size_t i;

        for (i = 0; i < STATUSES; i++)
                httpd_response_unref(p->errors[i]);
        httpd_response_unref(p->root);
        httpd_response_unref(p->not_found);
}
