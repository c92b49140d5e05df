#include "cmd.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "pki/pki.h"
#include "print.h"
#include "target.h"

/* What is known of one certificate, beyond its row. */
struct view {
        struct cadb_cert cert;
        char folder[PATH_MAX]; /* of its files; "" if it has none */
        char *sans[PKI_SANS_MAX], *urls[PKI_URLS_MAX];
        size_t sans_len, urls_len;
        bool must_staple;
};

static int find_folder(const struct lab *lab, struct view *v, struct err *e)
{
        struct cadb_ca ca;
        int found;

        if (v->cert.name[0] == '\0')
                return 0;
        found = cadb_ca_find(lab->db, v->cert.name, &ca, e);
        if (found < 0)
                return -1;
        return file_path(v->folder, sizeof(v->folder), e, "%s/%s/%s", lab->dir,
            found == 1 ? "ca" : "certs", v->cert.name);
}

static int look_inside(const struct lab *lab, struct view *v, struct err *e)
{
        struct buf der = {0};
        X509 *cert = NULL;
        int rc = 0;

        if (cadb_cert_der(lab->db, v->cert.ca,
                (struct span){v->cert.serial, v->cert.serial_len}, &der, e) < 0)
                rc = -1;
        else if (der.len > 0 &&
                 pki_cert_from_der(buf_span(&der), &cert, e) != 0)
                rc = err_prefix(e, "in the database");
        if (cert != NULL) {
                v->sans_len = pki_sans(cert, v->sans, PKI_SANS_MAX);
                v->urls_len = pki_ocsp_urls(cert, v->urls, PKI_URLS_MAX);
                v->must_staple = pki_must_staple(cert);
        }
        X509_free(cert);
        buf_release(&der);
        return rc;
}

static void view_release(struct view *v)
{
        size_t i;

        for (i = 0; i < v->sans_len; i++)
                OPENSSL_free(v->sans[i]);
        for (i = 0; i < v->urls_len; i++)
                OPENSSL_free(v->urls[i]);
}

static int print_view_json(const struct view *v, struct err *e)
{
        json_t *record = json_cert(&v->cert);

        json_object_set_new(record, "sans",
            json_strings((const char *const *)v->sans, v->sans_len));
        json_object_set_new(record, "ocsp_urls",
            json_strings((const char *const *)v->urls, v->urls_len));
        json_object_set_new(
            record, "must_staple", json_boolean(v->must_staple));
        json_object_set_new(record, "folder",
            v->folder[0] != '\0' ? json_string(v->folder) : json_null());
        return print_json(record, e);
}

static void print_view(const struct view *v)
{
        char text[PKI_SERIAL_TEXT_MAX], state[STATE_TEXT_MAX];
        const struct cadb_cert *c = &v->cert;
        size_t i;

        if (c->name[0] != '\0')
                printf("%-12s %s\n", "name", c->name);
        printf("%-12s %s\n", "serial",
            pki_serial_text((struct span){c->serial, c->serial_len}, text));
        printf("%-12s %s\n", "subject", c->subject);
        printf("%-12s %s\n", "issued by", c->ca_name);
        printf("%-12s %s\n", "not before", format_time(c->not_before, text));
        printf(
            "%-12s %s\n", "not after", format_time(c->state.not_after, text));
        printf("%-12s %s\n", "status", state_text(&c->state, state));
        if (c->state.invalidity_at != 0)
                printf("%-12s %s\n", "invalid since",
                    format_time(c->state.invalidity_at, text));
        for (i = 0; i < v->sans_len; i++)
                printf("%-12s %s\n", i == 0 ? "SANs" : "", v->sans[i]);
        for (i = 0; i < v->urls_len; i++)
                printf("%-12s %s\n", i == 0 ? "OCSP" : "", v->urls[i]);
        if (v->must_staple)
                printf("%-12s yes\n", "must staple");
        if (v->folder[0] != '\0')
                printf("%-12s %s/\n", "files", v->folder);
}

static int run(struct args *a, struct err *e)
{
        const char *ca = NULL;
        struct lab lab = {0};
        struct view v = {.sans_len = 0};
        int rc = -1;

        if (args_ca(a, &ca, 1, 1, "CERT", e) != 0)
                return -1;
        if (lab_open(&lab, a, e) == 0 &&
            target_get(&lab, a->words[0], ca, &v.cert, e) == 0 &&
            find_folder(&lab, &v, e) == 0 && look_inside(&lab, &v, e) == 0) {
                rc = a->json ? print_view_json(&v, e) : 0;
                if (!a->json)
                        print_view(&v);
        }
        view_release(&v);
        lab_release(&lab);
        return rc;
}

const struct command cmd_show = {
    .name = "show",
    .summary = "show one certificate",
    .help = "usage: ocsp-ca show CERT [OPTION]...\n\n"
            "CERT is a name, a serial number in hex, or a certificate "
            "file.\n\n"
            "  --ca CANAME          whose serial number, if two CAs have "
            "it\n" HELP_COMMON,
    .run = run,
};
