#include "cmd.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cadb/write.h"
#include "print.h"
#include "store.h"
#include "wish.h"

/* One certificate on its way. */
struct issue {
        const char *name;
        char *sans[PKI_SANS_MAX]; /* as they stand in the certificate */
        size_t sans_len;
        struct pki_serial serial;
        char subject[PKI_NAME_TEXT_MAX];
        struct buf der, cert, key, fullchain;
        bool staged;
};

static void issue_release(struct issue *i)
{
        while (i->sans_len > 0)
                OPENSSL_free(i->sans[--i->sans_len]);
        buf_release(&i->der);
        buf_release(&i->cert);
        if (i->key.data != NULL)
                OPENSSL_cleanse(i->key.data, i->key.len);
        buf_release(&i->key);
        buf_release(&i->fullchain);
}

/* ---- make -------------------------------------------------------------- */

/* What a certificate is asked to be valid for. */
struct names {
        const char *words[PKI_SANS_MAX];
        size_t len;
        char local[LAB_NAME_MAX + sizeof(".localhost")];
};

/* NAME, NAME.localhost and the loopback: so that the certificate fits however
 * a test names its server.  A client has no such names. */
static void add_usual(struct names *n, const char *name, enum pki_profile p)
{
        const char *prefix;

        if (pki_san_check(name, &prefix, NULL) == 0)
                n->words[n->len++] = name;
        if (p == PKI_CLIENT)
                return;
        snprintf(n->local, sizeof(n->local), "%s.localhost", name);
        if (pki_san_check(n->local, &prefix, NULL) == 0)
                n->words[n->len++] = n->local;
        n->words[n->len++] = "localhost";
        n->words[n->len++] = "127.0.0.1";
        n->words[n->len++] = "::1";
}

static int encode(struct issue *i, const struct plan *p, X509 *cert,
    EVP_PKEY *key, struct err *e)
{
        pki_subject(cert, i->subject);
        i->sans_len = pki_sans(cert, i->sans, PKI_SANS_MAX);
        if (pki_cert_der(cert, &i->der, e) != 0 ||
            pki_cert_pem(cert, &i->cert, e) != 0 ||
            pki_cert_pem(cert, &i->fullchain, e) != 0 ||
            pki_key_pem(key, &i->key, e) != 0)
                return -1;
        buf_append(&i->fullchain, p->intermediates.data, p->intermediates.len);
        if (i->fullchain.failed)
                return err_set(e, ERR_OS, "out of memory");
        return 0;
}

static int make(
    struct issue *i, const struct plan *p, const struct wish *w, struct err *e)
{
        char common_name[65]; /* RFC 5280 appendix A: ub-common-name */
        struct names names = {.len = w->sans_len};
        EVP_PKEY *key = NULL;
        X509 *cert = NULL;
        int rc = -1;

        snprintf(common_name, sizeof(common_name), "%s", i->name);
        memcpy(names.words, w->sans, sizeof(names.words));
        if (names.len == 0)
                add_usual(&names, i->name, w->profile);
        if (pki_key_new(w->algorithm, &key, e) == 0 &&
            pki_serial_new(&i->serial, e) == 0 &&
            pki_cert_make(
                &(struct pki_cert_spec){
                    .profile = w->profile,
                    .common_name = common_name,
                    .subject_key = key,
                    .issuer = p->ca.cert,
                    .issuer_key = p->ca.key,
                    .serial = i->serial,
                    .not_before = p->not_before,
                    .not_after = p->not_after,
                    .path_len = -1,
                    .sans = names.words,
                    .sans_len = names.len,
                    .ocsp_urls = w->urls,
                    .ocsp_urls_len = w->urls_len,
                    .must_staple = w->must_staple,
                },
                &cert, e) == 0)
                rc = encode(i, p, cert, key, e);
        EVP_PKEY_free(key);
        X509_free(cert);
        return rc;
}

/* ---- commit ------------------------------------------------------------ */

static struct store_entry entry_of(const struct issue *i, const struct plan *p)
{
        return (struct store_entry){
            .name = i->name,
            .serial = i->serial,
            .cert = buf_span(&i->cert),
            .key = buf_span(&i->key),
            .chain = buf_span(&p->chain),
            .fullchain = buf_span(&i->fullchain),
        };
}

static int check_free(const struct plan *p, const char *name, struct err *e)
{
        struct cadb_cert row;
        struct cadb_ca ca;
        int found = cadb_ca_find(p->lab.db, name, &ca, e);

        if (found == 1)
                return err_set(e, ERR_EXISTS,
                    "%s: is the name of a CA: choose another name", name);
        if (found == 0)
                found = cadb_cert_find_name(p->lab.db, name, &row, e);
        if (found < 0)
                return -1;
        if (found == 1)
                return err_set(e, ERR_EXISTS,
                    "%s: a certificate of that name exists: choose another "
                    "name, or see 'ocsp-ca show %s'",
                    name, name);
        return 0;
}

static int add(struct issue *i, const struct plan *p, struct err *e)
{
        struct store_entry entry = entry_of(i, p);
        struct cadb_new_cert row = {
            .ca = p->ca.row.id,
            .name = i->name,
            .serial = {i->serial.octets, i->serial.len},
            .der = buf_span(&i->der),
            .subject = i->subject,
            .not_before = p->not_before,
            .not_after = p->not_after,
        };

        if (check_free(p, i->name, e) != 0 ||
            store_stage(&p->lab, &entry, e) != 0)
                return -1;
        i->staged = true;
        return cadb_cert_add(p->lab.db, &row, p->now, e);
}

/* All or nothing.  The rows are committed before a file can be seen under its
 * name (STANDARDS K2: no certificate without its row). */
static int commit(
    struct issue *issues, size_t len, const struct plan *p, struct err *e)
{
        struct store_entry entry;
        size_t i;

        if (cadb_begin(p->lab.db, e) != 0)
                return -1;
        for (i = 0; i < len; i++)
                if (add(&issues[i], p, e) != 0)
                        goto fail;
        if (cadb_commit(p->lab.db, e) != 0)
                goto fail;
        for (i = 0; i < len; i++) {
                entry = entry_of(&issues[i], p);
                if (store_publish(&p->lab, &entry, e) != 0)
                        return -1;
        }
        return 0;
fail:
        for (i = 0; i < len; i++) {
                entry = entry_of(&issues[i], p);
                if (issues[i].staged)
                        store_discard(&p->lab, &entry);
        }
        cadb_rollback(p->lab.db);
        return -1;
}

/* ---- what it prints ---------------------------------------------------- */

static json_t *path_json(
    const struct plan *p, const char *name, const char *file)
{
        return json_sprintf("%s/certs/%s/%s.pem", p->lab.dir, name, file);
}

static int print_one_json(const struct issue *i, const struct plan *p,
    const struct wish *w, struct err *e)
{
        return print_json(
            json_pack("{s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
                      "s:o, s:b}",
                "name", i->name, "serial",
                json_serial(i->serial.octets, i->serial.len), "ca",
                p->ca.row.name, "subject", i->subject, "cert",
                path_json(p, i->name, "cert"), "key",
                path_json(p, i->name, "key"), "chain",
                path_json(p, i->name, "chain"), "fullchain",
                path_json(p, i->name, "fullchain"), "not_before",
                json_time(p->not_before), "not_after", json_time(p->not_after),
                "sans", json_strings((const char *const *)i->sans, i->sans_len),
                "ocsp_urls", json_strings(w->urls, w->urls_len), "must_staple",
                w->must_staple),
            e);
}

static void print_list(const char *label, const char *const *words, size_t len)
{
        size_t i;

        printf("  %-8s", label);
        for (i = 0; i < len; i++)
                printf(" %s", words[i]);
        printf(len == 0 ? " none\n" : "\n");
}

static void print_one(
    const struct issue *i, const struct plan *p, const struct wish *w)
{
        char serial[PKI_SERIAL_TEXT_MAX], until[TIME_TEXT_MAX];

        printf("issued %s\n  %-8s %s\n", i->name, "serial",
            pki_serial_text(
                (struct span){i->serial.octets, i->serial.len}, serial));
        print_list("SANs", (const char *const *)i->sans, i->sans_len);
        print_list("OCSP", w->urls, w->urls_len);
        printf("  %-8s %s, until %s\n  %-8s "
               "%s/certs/%s/{cert,key,chain,fullchain}.pem\n",
            "by", p->ca.row.name, format_time(p->not_after, until), "files",
            p->lab.dir, i->name);
}

static int print_all(const struct issue *issues, size_t len,
    const struct plan *p, const struct wish *w, bool json, struct err *e)
{
        size_t i;

        for (i = 0; i < len; i++)
                if (!json)
                        print_one(&issues[i], p, w);
                else if (print_one_json(&issues[i], p, w, e) != 0)
                        return -1;
        plan_note(p, w);
        return 0;
}

static int issue_all(struct issue *issues, const struct args *a,
    const struct plan *p, const struct wish *w, struct err *e)
{
        size_t i;

        for (i = 0; i < a->words_len; i++) {
                issues[i].name = a->words[i];
                if (check_free(p, issues[i].name, e) != 0 ||
                    make(&issues[i], p, w, e) != 0)
                        return -1;
        }
        if (commit(issues, a->words_len, p, e) != 0)
                return -1;
        return print_all(issues, a->words_len, p, w, a->json, e);
}

static int run(struct args *a, struct err *e)
{
        struct wish w = {.profile = PKI_SERVER};
        struct plan p = {0};
        struct issue *issues = NULL;
        size_t i;
        int rc = -1;

        if (wish_parse(&w, a, e) != 0)
                return -1;
        issues = calloc(a->words_len, sizeof(*issues));
        if (issues == NULL)
                err_set(e, ERR_OS, "out of memory");
        else if (plan_make(&p, &w, a, e) == 0)
                rc = issue_all(issues, a, &p, &w, e);
        for (i = 0; issues != NULL && i < a->words_len; i++)
                issue_release(&issues[i]);
        free(issues);
        plan_release(&p);
        return rc;
}

const struct command cmd_issue = {
    .name = "issue",
    .summary = "issue certificates",
    .help =
        "usage: ocsp-ca issue NAME... [OPTION]...\n\n"
        "Makes a key and a certificate for each NAME, in "
        "DIR/certs/NAME/{cert,key,chain,fullchain}.pem.\n"
        "Several are issued all or none.  With --json, one line each.\n\n"
        "  --san X,Y            DNS names, IP and mail addresses, URIs "
        "(default: NAME,\n"
        "                       NAME.localhost, localhost, 127.0.0.1, ::1)\n"
        "  --must-staple        TLS feature status_request (RFC 7633)\n"
        "  --ocsp-url URL       responder named in the certificate, may be "
        "repeated\n"
        "                       (default: the lab's)\n"
        "  --no-ocsp-url        name none\n"
        "  --not-before TIME    begin (default: an hour ago)\n"
        "  --not-after TIME     end; or\n"
        "  --days N             validity from now or --not-before; 90s, 8h too "
        "(default: 90)\n"
        "  --algorithm A        p256, p384, rsa2048, rsa3072, rsa4096, ed25519 "
        "(default: the\n"
        "                       CA's)\n"
        "  --ca CANAME          who issues (default: the last of the chain)\n"
        "  --profile P          server (default) or client\n" HELP_COMMON
        "\n" HELP_TIME,
    .run = run,
};
