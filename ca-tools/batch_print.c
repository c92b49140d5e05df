#include <stdio.h>
#include <string.h>

#include "batch.h"
#include "print.h"

/* What stands in a certificate. */
struct content {
        char subject[PKI_NAME_TEXT_MAX], serial[PKI_SERIAL_TEXT_MAX];
        char *sans[PKI_SANS_MAX], *urls[PKI_URLS_MAX], *crl_url;
        size_t sans_len, urls_len;
        int64_t not_before, not_after;
        bool must_staple;
};

static int read_content(
    struct content *c, const struct batch_item *i, struct err *e)
{
        X509 *cert;

        if (pki_cert_from_der(buf_span(&i->der), &cert, e) != 0)
                return -1;
        pki_subject(cert, c->subject);
        pki_serial_text(
            (struct span){i->serial.octets, i->serial.len}, c->serial);
        c->sans_len = pki_sans(cert, c->sans, PKI_SANS_MAX);
        c->urls_len = pki_ocsp_urls(cert, c->urls, PKI_URLS_MAX);
        c->crl_url = pki_crl_url(cert);
        c->not_before = pki_not_before(cert);
        c->not_after = pki_not_after(cert);
        c->must_staple = pki_must_staple(cert);
        X509_free(cert);
        return 0;
}

static void content_release(struct content *c)
{
        while (c->sans_len > 0)
                OPENSSL_free(c->sans[--c->sans_len]);
        while (c->urls_len > 0)
                OPENSSL_free(c->urls[--c->urls_len]);
        OPENSSL_free(c->crl_url);
}

/* ---- JSON ---------------------------------------------------------------- */

static void add_path(json_t *record, const struct batch *b,
    const struct batch_item *i, const char *file)
{
        json_object_set_new(record, file,
            json_sprintf(
                "%s/certs/%s/%s.pem", b->plan->lab.dir, i->name, file));
}

static int print_json_line(const struct batch *b, const struct batch_item *i,
    const struct content *c, struct err *e)
{
        json_t *record =
            json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s?, s:b}",
                "name", i->name, "serial", c->serial, "ca",
                i->issuer->ca.row.name, "subject", c->subject, "not_before",
                json_time(c->not_before), "not_after", json_time(c->not_after),
                "sans", json_strings((const char *const *)c->sans, c->sans_len),
                "ocsp_urls",
                json_strings((const char *const *)c->urls, c->urls_len),
                "crl_url", c->crl_url, "must_staple", c->must_staple);

        if (!b->plan->wish->no_files) {
                add_path(record, b, i, "cert");
                if (i->has_key)
                        add_path(record, b, i, "key");
                add_path(record, b, i, "chain");
                add_path(record, b, i, "fullchain");
        }
        if (i->before != NULL)
                json_object_set_new(record, "before", json_string(i->before));
        return print_json(record, e);
}

/* ---- text ---------------------------------------------------------------- */

static void print_list(const char *label, const char *const *words, size_t len)
{
        size_t i;

        printf("  %-8s", label);
        for (i = 0; i < len; i++)
                printf(" %s", words[i]);
        printf(len == 0 ? " none\n" : "\n");
}

static void print_terms(
    const struct batch_item *i, const struct content *c, int64_t now)
{
        char begin[TIME_TEXT_MAX], until[TIME_TEXT_MAX];

        print_list("OCSP", (const char *const *)c->urls, c->urls_len);
        if (c->crl_url != NULL)
                printf("  %-8s %s\n", "CRL", c->crl_url);
        if (c->must_staple)
                printf("  %-8s must-staple\n", "TLS");
        printf("  %-8s %s, ", "by", i->issuer->ca.row.name);
        if (c->not_before > now)
                printf("from %s ", format_time(c->not_before, begin));
        printf("until %s\n", format_time(c->not_after, until));
}

static void print_text(
    const struct batch *b, const struct batch_item *i, const struct content *c)
{
        printf("%s %s\n  %-8s %s\n", i->before == NULL ? "issued" : "renewed",
            i->name, "serial", c->serial);
        print_list("SANs", (const char *const *)c->sans, c->sans_len);
        print_terms(i, c, b->plan->now);
        printf("  %-8s %s/certs/%s/{cert,%schain,fullchain}.pem\n", "files",
            b->plan->lab.dir, i->name, i->has_key ? "key," : "");
        if (i->before != NULL)
                printf("  %-8s %s\n", "before", i->before);
}

/* A series is too long to print it one by one. */
static void print_series(const struct batch *b, const struct content *c)
{
        const struct batch_item *first = &b->items[0];
        int base = (int)(strrchr(first->name, '-') - first->name);

        printf("issued %s to %s\n", first->name, b->items[b->len - 1].name);
        print_terms(first, c, b->plan->now);
        if (b->plan->wish->no_files)
                printf("  %-8s none\n", "files");
        else
                printf("  %-8s %s/certs/%.*s-{1..%zu}/"
                       "{cert,key,chain,fullchain}.pem\n",
                    "files", b->plan->lab.dir, base, first->name, b->len);
}

/* ---- all ----------------------------------------------------------------- */

static int print_item(
    const struct batch *b, const struct batch_item *i, bool json, struct err *e)
{
        struct content c = {.crl_url = NULL};
        int rc = 0;

        if (read_content(&c, i, e) != 0)
                return -1;
        if (json)
                rc = print_json_line(b, i, &c, e);
        else if (b->plan->wish->count > 0)
                print_series(b, &c);
        else
                print_text(b, i, &c);
        if (i == &b->items[0] && rc == 0)
                plan_note(b->plan, i->issuer, c.not_after);
        content_release(&c);
        return rc;
}

int batch_print(const struct batch *b, bool json, struct err *e)
{
        size_t len = b->plan->wish->count > 0 && !json ? 1 : b->len;
        size_t i;

        for (i = 0; i < len; i++)
                if (print_item(b, &b->items[i], json, e) != 0)
                        return -1;
        return 0;
}
