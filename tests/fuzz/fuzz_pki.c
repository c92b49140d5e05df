/* Files of others, as import and sign read them: a CRL, a request or a
 * certificate.  What an entry of a CRL says we can write, and read again. */
#include "fuzz.h"

#include <openssl/err.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pki/pki.h"

/* What signs the CRLs that are written again: made once, kept. */
static struct pki_crl_spec spec = {
    .this_update = 0, .next_update = 1, .number = 2, .base_number = 1};

static void make_spec(void)
{
        X509 *issuer = X509_new();
        X509_NAME *name = X509_get_subject_name(issuer);

        must(pki_key_new(PKI_ED25519, &spec.issuer_key, NULL) == 0);
        must(X509_set_pubkey(issuer, spec.issuer_key) == 1);
        must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                 (const unsigned char *)"fuzz", -1, -1, 0) == 1);
        spec.issuer = issuer;
}

/* The path of a file in memory with that content. */
static const char *file_of(const uint8_t *data, size_t size)
{
        static char path[64];
        static int fd = -1;

        if (fd < 0) {
                fd = memfd_create("fuzz", MFD_CLOEXEC);
                must(fd >= 0);
                snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        }
        must(ftruncate(fd, 0) == 0);
        must(pwrite(fd, data, size, 0) == (ssize_t)size);
        return path;
}

static void release(char *texts[], size_t n)
{
        size_t i;

        for (i = 0; i < n; i++) {
                must(texts[i] != NULL);
                OPENSSL_free(texts[i]);
        }
}

/* ---- CRLs --------------------------------------------------------------- */

enum { ENTRIES_MAX = 64 };

struct list {
        struct pki_crl *crl; /* written again, if not NULL */
        size_t len;
        struct pki_crl_entry entries[ENTRIES_MAX]; /* without their serials */
        struct pki_serial serials[ENTRIES_MAX];
};

static int keep(void *arg, const struct pki_crl_entry *entry, struct err *e)
{
        struct list *list = arg;

        must(entry->serial.len >= 1 && entry->serial.len <= PKI_SERIAL_MAX);
        must(entry->reason >= -1 && entry->reason <= 10 && entry->reason != 7);
        if (list->len == ENTRIES_MAX)
                return 1;
        if (list->crl != NULL && pki_crl_add(list->crl, entry, e) != 0) {
                must(e->code == ERR_USAGE); /* a year that a CRL cannot say */
                return 0;
        }
        list->entries[list->len] = *entry;
        list->serials[list->len].len = entry->serial.len;
        memcpy(list->serials[list->len++].octets, entry->serial.data,
            entry->serial.len);
        return 0;
}

static void compare(const struct list *a, const struct list *b)
{
        size_t i;

        must(a->len == b->len);
        for (i = 0; i < a->len; i++) {
                const struct pki_crl_entry *x = &a->entries[i];
                const struct pki_crl_entry *y = &b->entries[i];

                must(a->serials[i].len == b->serials[i].len);
                must(memcmp(a->serials[i].octets, b->serials[i].octets,
                         a->serials[i].len) == 0);
                must(x->revocation_time == y->revocation_time);
                must(x->invalidity_at == y->invalidity_at);
                /* unspecified is left out */
                must(x->reason == y->reason ||
                     (x->reason <= 0 && y->reason == -1));
        }
}

static void read_again(struct pki_crl *written, const struct list *first)
{
        static struct list again;
        struct err e = ERR_INIT;
        struct buf der = {0};
        X509_CRL *crl;

        again = (struct list){0};
        must(pki_crl_finish(written, &der, &e) == 0);
        must(pki_crl_load(file_of(der.data, der.len), &crl, &e) == 0);
        must(pki_crl_each(crl, keep, &again, &e) == 0);
        compare(first, &again);
        X509_CRL_free(crl);
        buf_release(&der);
}

static void try_crl(const char *path)
{
        static struct list list;
        struct err e = ERR_INIT;
        struct pki_crl_info info;
        X509_CRL *crl;

        if (pki_crl_load(path, &crl, &e) != 0) {
                must(crl == NULL && e.text[0] != '\0');
                return;
        }
        pki_crl_info(crl, &info, &e);
        pki_crl_check(crl, spec.issuer, "f", &e);
        list = (struct list){0};
        must(pki_crl_new(&spec, &list.crl, &e) == 0);
        if (pki_crl_each(crl, keep, &list, &e) == 0)
                read_again(list.crl, &list);
        pki_crl_free(list.crl);
        X509_CRL_free(crl);
}

/* ---- requests and certificates ------------------------------------------ */

/* Whoever signs a request says in it what they like. */
static void try_csr(const char *path, const uint8_t *data, size_t size)
{
        char name[PKI_COMMON_NAME_MAX + 1], *sans[PKI_SANS_MAX];
        struct err e = ERR_INIT;
        X509_REQ *csr;

        if (pki_csr_load(path, &csr, &e) == 0)
                must(X509_REQ_get0_pubkey(csr) != NULL);
        else
                must(csr == NULL && e.text[0] != '\0');
        X509_REQ_free(csr);
        csr = d2i_X509_REQ(NULL, &data, (long)size);
        if (csr == NULL)
                return;
        must(strlen(pki_csr_common_name(csr, name)) <= PKI_COMMON_NAME_MAX);
        release(sans, pki_csr_sans(csr, sans, PKI_SANS_MAX));
        pki_csr_must_staple(csr);
        X509_REQ_free(csr);
}

static void read_cert(X509 *cert)
{
        char text[PKI_NAME_TEXT_MAX], *texts[PKI_SANS_MAX];
        struct err e = ERR_INIT;
        struct pki_serial serial = pki_serial_of(cert);

        must(serial.len <= PKI_SERIAL_MAX);
        must(strlen(pki_subject(cert, text)) < sizeof(text));
        release(texts, pki_sans(cert, texts, PKI_SANS_MAX));
        release(texts, pki_ocsp_urls(cert, texts, PKI_URLS_MAX));
        OPENSSL_free(pki_crl_url(cert));
        pki_dns_name(cert, text, sizeof(text));
        pki_name_matches(cert, "www.example");
        pki_must_staple(cert);
        pki_leaf_profile(cert);
        pki_path_len(cert);
        pki_not_before(cert);
        pki_not_after(cert);
        pki_ca_check(cert, "f", &e);
}

static void try_certs(const char *path)
{
        struct err e = ERR_INIT;
        STACK_OF(X509) *certs;
        int i;

        if (pki_certs_load(path, &certs, &e) != 0) {
                must(certs == NULL && e.text[0] != '\0');
                return;
        }
        must(sk_X509_num(certs) >= 1);
        for (i = 0; i < sk_X509_num(certs); i++)
                read_cert(sk_X509_value(certs, i));
        sk_X509_pop_free(certs, X509_free);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (spec.issuer == NULL)
                make_spec();
        try_certs(file_of(data, size));
        try_csr(file_of(data, size), data, size);
        ERR_clear_error(); /* of d2i_X509_REQ here */
        try_crl(file_of(data, size));
        must(ERR_peek_error() == 0);
        return 0;
}
