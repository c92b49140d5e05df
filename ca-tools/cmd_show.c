#include "cmd.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pki/pki.h"
#include "print.h"
#include "target.h"

enum { OPT_CA = ARGS_OWN, OPT_PEM };

static const struct option options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"pem", no_argument, NULL, OPT_PEM},
    ARGS_COMMON,
};

enum { FINGERPRINT_MAX = 2 * EVP_MAX_MD_SIZE + 1 };

/* A file of the certificate's folder, by the key that JSON has for it. */
static const char *const files[] = {"cert", "key", "chain", "fullchain"};
enum { FILES_LEN = sizeof(files) / sizeof(files[0]) };

/* What is known of one certificate, beyond its row. */
struct view {
        struct cadb_cert cert;
        int64_t now;
        char folder[PATH_MAX];           /* of its files; "" if it has none */
        char paths[FILES_LEN][PATH_MAX]; /* "": not there */
        /* By 'issue --renew': the one before and the one after it; "": none. */
        char before[CADB_NAME_MAX + 1], after[CADB_NAME_MAX + 1];
        X509 *x509; /* NULL: an import that did not have it */
        char *sans[PKI_SANS_MAX], *urls[PKI_URLS_MAX];
        size_t sans_len, urls_len;
        char *crl_url; /* NULL: none */
        bool must_staple;
        char sha1[FINGERPRINT_MAX], sha256[FINGERPRINT_MAX];
        char scenario[CADB_SCENARIO_MAX]; /* "": none */
};

/* ---- looking ------------------------------------------------------------ */

static int find_files(const struct lab *lab, struct view *v, struct err *e)
{
        struct cadb_ca ca;
        size_t i;
        int found;

        if (v->cert.name[0] == '\0')
                return 0;
        found = cadb_ca_find(lab->db, v->cert.name, &ca, e);
        if (found < 0 ||
            file_path(v->folder, sizeof(v->folder), e, "%s/%s/%s", lab->dir,
                found == 1 ? "ca" : "certs", v->cert.name) != 0)
                return -1;
        if (access(v->folder, F_OK) != 0)
                v->folder[0] = '\0';
        for (i = 0; v->folder[0] != '\0' && i < FILES_LEN; i++) {
                if (file_path(v->paths[i], PATH_MAX, e, "%s/%s.pem", v->folder,
                        files[i]) != 0)
                        return -1;
                if (access(v->paths[i], F_OK) != 0)
                        v->paths[i][0] = '\0';
        }
        return 0;
}

/* N of "www@N"; 0 of "www", which comes after all of them. */
static uint64_t name_number(const char *name)
{
        const char *at = strchr(name, '@');
        uint64_t n = 0;

        if (at != NULL && parse_uint(at + 1, UINT32_MAX, &n, NULL) != 0)
                n = 0;
        return n;
}

struct renewals {
        uint64_t own;           /* UINT64_MAX for "www" */
        uint64_t before, after; /* nearest numbers; 0 and UINT64_MAX: none */
};

static int near_name(void *arg, const struct cadb_cert *cert, struct err *e)
{
        uint64_t n = name_number(cert->name);
        struct renewals *r = arg;

        (void)e;
        if (n < r->own && n > r->before)
                r->before = n;
        if (n > r->own && n < r->after)
                r->after = n;
        return 0;
}

/* www@1, then www@2, ..., then www. */
static int find_renewals(const struct lab *lab, struct view *v, struct err *e)
{
        int len = (int)strcspn(v->cert.name, "@");
        bool current = v->cert.name[len] == '\0';
        struct renewals r = {.after = UINT64_MAX};
        char glob[CADB_NAME_MAX + 4];
        struct cadb_filter filter = {.name_glob = glob};
        struct cadb_cert other;
        int found;

        if (v->cert.name[0] == '\0')
                return 0;
        snprintf(glob, sizeof(glob), "%.*s@*", len, v->cert.name);
        r.own = current ? UINT64_MAX : name_number(v->cert.name);
        if (cadb_cert_each(lab->db, &filter, near_name, &r, e) != 0)
                return -1;
        if (r.before != 0)
                snprintf(v->before, sizeof(v->before), "%.*s@%llu", len,
                    v->cert.name, (unsigned long long)r.before);
        if (r.after != UINT64_MAX)
                snprintf(v->after, sizeof(v->after), "%.*s@%llu", len,
                    v->cert.name, (unsigned long long)r.after);
        if (current || v->after[0] != '\0')
                return 0;
        snprintf(glob, sizeof(glob), "%.*s", len, v->cert.name);
        found = cadb_cert_find_name(lab->db, glob, &other, e);
        if (found == 1)
                snprintf(v->after, sizeof(v->after), "%s", other.name);
        return found < 0 ? -1 : 0;
}

static void fingerprint(
    const X509 *cert, const EVP_MD *md, char out[FINGERPRINT_MAX])
{
        uint8_t hash[EVP_MAX_MD_SIZE];
        unsigned len = 0;

        if (X509_digest(cert, md, hash, &len) != 1)
                len = 0;
        hex_encode((struct span){hash, len}, out, FINGERPRINT_MAX);
}

static int look_inside(const struct lab *lab, struct view *v, struct err *e)
{
        struct buf der = {0};
        int rc = 0;

        if (cadb_cert_der(lab->db, v->cert.ca,
                (struct span){v->cert.serial, v->cert.serial_len}, &der, e) < 0)
                rc = -1;
        else if (der.len > 0 &&
                 pki_cert_from_der(buf_span(&der), &v->x509, e) != 0)
                rc = err_prefix(e, "in the database");
        buf_release(&der);
        if (v->x509 == NULL)
                return rc;
        v->sans_len = pki_sans(v->x509, v->sans, PKI_SANS_MAX);
        v->urls_len = pki_ocsp_urls(v->x509, v->urls, PKI_URLS_MAX);
        v->crl_url = pki_crl_url(v->x509);
        v->must_staple = pki_must_staple(v->x509);
        fingerprint(v->x509, EVP_sha1(), v->sha1);
        fingerprint(v->x509, EVP_sha256(), v->sha256);
        return 0;
}

static void view_release(struct view *v)
{
        size_t i;

        for (i = 0; i < v->sans_len; i++)
                OPENSSL_free(v->sans[i]);
        for (i = 0; i < v->urls_len; i++)
                OPENSSL_free(v->urls[i]);
        OPENSSL_free(v->crl_url);
        X509_free(v->x509);
}

/* ---- printing ----------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
        return text != NULL && text[0] != '\0' ? json_text(text) : json_null();
}

static int print_view_json(const struct view *v, struct err *e)
{
        json_t *record = json_cert(&v->cert, v->now);
        size_t i;

        json_object_set_new(record, "sans",
            json_strings((const char *const *)v->sans, v->sans_len));
        json_object_set_new(record, "ocsp_urls",
            json_strings((const char *const *)v->urls, v->urls_len));
        json_object_set_new(record, "crl_url", text_or_null(v->crl_url));
        json_object_set_new(
            record, "must_staple", json_boolean(v->must_staple));
        json_object_set_new(record, "sha1", text_or_null(v->sha1));
        json_object_set_new(record, "sha256", text_or_null(v->sha256));
        json_object_set_new(record, "before", text_or_null(v->before));
        json_object_set_new(record, "after", text_or_null(v->after));
        json_object_set_new(record, "scenario", text_or_null(v->scenario));
        json_object_set_new(record, "folder", text_or_null(v->folder));
        for (i = 0; i < FILES_LEN; i++)
                json_object_set_new(
                    record, files[i], text_or_null(v->paths[i]));
        return print_json(record, e);
}

static void print_word(const char *label, const char *text)
{
        if (text != NULL && text[0] != '\0')
                printf("%-13s %s\n", label, text);
}

static void print_row(const struct cadb_cert *c, int64_t now)
{
        char text[PKI_SERIAL_TEXT_MAX], state[STATE_TEXT_MAX];

        print_word("name", c->name);
        print_word("serial",
            pki_serial_text((struct span){c->serial, c->serial_len}, text));
        print_word("subject", c->subject);
        print_word("issued by", c->ca_name);
        if (c->not_before != 0)
                print_word("not before", format_time(c->not_before, text));
        print_word("not after", format_time(c->state.not_after, text));
        printf("%-13s %s%s\n", "status", state_text(&c->state, state),
            state_expired(&c->state, now));
        if (c->state.invalidity_at != 0)
                print_word(
                    "invalid since", format_time(c->state.invalidity_at, text));
}

static void print_view(const struct view *v)
{
        size_t i;

        print_row(&v->cert, v->now);
        for (i = 0; i < v->sans_len; i++)
                print_word(i == 0 ? "SANs" : "", v->sans[i]);
        for (i = 0; i < v->urls_len; i++)
                print_word(i == 0 ? "OCSP" : "", v->urls[i]);
        print_word("CRL", v->crl_url);
        print_word("must staple", v->must_staple ? "yes" : "");
        print_word("SHA-1", v->sha1);
        print_word("SHA-256", v->sha256);
        print_word("scenario", v->scenario);
        print_word("before it", v->before);
        print_word("after it", v->after);
        for (i = 0; i < FILES_LEN; i++)
                print_word(files[i], v->paths[i]);
        if (v->x509 == NULL)
                print_word("certificate", "not kept here");
}

/* Its own, not that of its CA or of all. */
static int keep_scenario(
    void *arg, const struct cadb_scenario *s, struct err *e)
{
        struct view *v = arg;
        struct span serial = {v->cert.serial, v->cert.serial_len};

        (void)e;
        if (s->ca == v->cert.ca &&
            span_equal(serial, (struct span){s->serial, s->serial_len}))
                memcpy(v->scenario, s->text, sizeof(v->scenario));
        return 0;
}

static int print_pem(const struct view *v, struct err *e)
{
        char label[CERT_LABEL_MAX];
        struct buf pem = {0};
        int rc = 0;

        if (v->x509 == NULL)
                return err_set(e, ERR_NOTFOUND,
                    "%s: the certificate itself is not kept here: only its "
                    "serial was imported",
                    cert_label(&v->cert, label));
        if (pki_cert_pem(v->x509, &pem, e) != 0)
                rc = -1;
        else if (fwrite(pem.data, 1, pem.len, stdout) != pem.len)
                rc = err_errno(e, ERR_IO, "cannot write to standard output");
        buf_release(&pem);
        return rc;
}

static int print(
    const struct view *v, const struct args *a, bool pem, struct err *e)
{
        if (pem)
                return print_pem(v, e);
        if (a->json)
                return print_view_json(v, e);
        print_view(v);
        return 0;
}

static int parse(struct args *a, const char **ca, bool *pem, struct err *e)
{
        int option;

        while ((option = args_next(a, options, e)) != ARGS_END) {
                if (option < 0)
                        return -1;
                if (option == OPT_CA)
                        *ca = optarg;
                else
                        *pem = true;
        }
        if (*pem && a->json)
                return err_set(
                    e, ERR_USAGE, "--json and --pem exclude each other");
        return args_words(a, 1, 1, "CERT", e);
}

static int run(struct args *a, struct err *e)
{
        struct view *v = calloc(1, sizeof(*v));
        const char *ca = NULL;
        struct lab lab = {0};
        bool pem = false;
        int rc = -1;

        if (v == NULL)
                return err_set(e, ERR_OS, "out of memory");
        if (parse(a, &ca, &pem, e) == 0 && lab_open(&lab, a, e) == 0 &&
            target_get(&lab, a->words[0], ca, &v->cert, e) == 0 &&
            find_files(&lab, v, e) == 0 && find_renewals(&lab, v, e) == 0 &&
            look_inside(&lab, v, e) == 0 &&
            cadb_scenario_each(lab.db, keep_scenario, v, e) == 0) {
                v->now = lab_now(&lab);
                rc = print(v, a, pem, e);
        }
        view_release(v);
        free(v);
        lab_release(&lab);
        return rc;
}

const struct command cmd_show = {
    .name = "show",
    .summary = "show one certificate",
    .help = "usage: ocsp-ca show CERT [OPTION]...\n\n"
            "CERT is a name, a serial number in hex, or a certificate "
            "file.  Said are its state,\nwhat it holds (names, OCSP and CRL "
            "URLs, must-staple), its fingerprints, its scenario,\nthe files "
            "that are there, and the certificate before and after it that\n"
            "'issue --renew' made.\n\n"
            "  --ca CANAME          whose serial number, if two CAs have "
            "it\n"
            "  --pem                print the certificate itself\n" HELP_COMMON,
    .run = run,
};
