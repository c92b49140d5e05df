/*
 * What common/pki makes, in every algorithm, for other programs to judge.
 *
 *   pki_specimens FOLDER
 *
 * For each algorithm ALG a folder FOLDER/ALG with
 *   root.pem, int.pem, leaf.pem, client.pem, signer.pem, key.csr
 *                       the root's key has ALG, each other one the next
 *   {empty,full,delta}.crl, expected
 *                       CRLs of the root, and what full.crl lists: serial,
 *                       reason, date and invalidityDate in seconds
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "pki/pki.h"

enum { ALGORITHMS = PKI_ED25519 + 1, DAY_S = 86400 };

static EVP_PKEY *keys[ALGORITHMS];
static char folder[PATH_MAX / 2];
static int64_t now;

static void check(int rc, const struct err *e)
{
        if (rc != 0) {
                fprintf(stderr, "pki_specimens: %s\n", e->text);
                exit(e->code);
        }
}

static void write_file(const char *name, struct buf *content)
{
        struct err e = ERR_INIT;
        char path[PATH_MAX];

        check(file_path(path, sizeof(path), &e, "%s/%s", folder, name), &e);
        check(file_write_fast(path, content->data, content->len, 0644, &e), &e);
        buf_release(content);
}

/* ---- certificates ------------------------------------------------------- */

static X509 *make(enum pki_profile profile, const char *name, int key,
    X509 *issuer, int issuer_key)
{
        static const char *const sans[] = {"www.example", "127.0.0.1"};
        static const char *const urls[] = {"http://127.0.0.1:1"};
        struct pki_cert_spec spec = {
            .profile = profile,
            .common_name = name,
            .subject_key = keys[key],
            .issuer = issuer,
            .issuer_key = keys[issuer_key],
            .not_before = now - DAY_S,
            .not_after = now + DAY_S,
            .path_len = -1,
            .sans = sans,
            .sans_len = profile == PKI_SERVER ? 2 : 0,
            .ocsp_urls = urls,
            .ocsp_urls_len = issuer != NULL,
            .crl_url = issuer == NULL ? NULL : "http://127.0.0.1:1/crl/a.crl",
            .must_staple = profile == PKI_SERVER,
        };
        struct err e = ERR_INIT;
        struct buf pem = {0};
        char file[64];
        X509 *cert;

        check(pki_serial_new(&spec.serial, &e), &e);
        check(pki_cert_make(&spec, &cert, &e), &e);
        check(pki_cert_pem(cert, &pem, &e), &e);
        snprintf(file, sizeof(file), "%s.pem", name);
        write_file(file, &pem);
        return cert;
}

/* The root, which issues the CRLs. */
static X509 *make_certs(int a)
{
        int b = (a + 1) % ALGORITHMS, c = (a + 2) % ALGORITHMS;
        int d = (a + 3) % ALGORITHMS;
        X509 *root = make(PKI_ROOT, "root", a, NULL, a);
        X509 *ca = make(PKI_INTERMEDIATE, "int", b, root, a);

        X509_free(make(PKI_SERVER, "leaf", c, ca, b));
        X509_free(make(PKI_CLIENT, "client", d, ca, b));
        X509_free(make(PKI_OCSP_SIGNER, "signer", d, ca, b));
        X509_free(ca);
        return root;
}

/* ---- CRLs --------------------------------------------------------------- */

static void add(struct pki_crl *crl, int i, bool delta, struct buf *expected)
{
        static const int reasons[] = {0, 1, 2, 3, 4, 5, 6, 9, 10};
        uint8_t serial[20] = {0x7f, (uint8_t)i};
        struct pki_crl_entry entry = {
            .serial = {serial, (size_t)i % 19 + 2},
            /* one in ten after 2049 */
            .revocation_time = now - i + (i % 10 == 9 ? INT64_C(946080000) : 0),
            .reason = delta && i == 0 ? 8 : reasons[i % 9],
            .invalidity_at = i % 4 == 3 ? now - DAY_S - i : 0,
        };
        char text[PKI_SERIAL_TEXT_MAX];
        struct err e = ERR_INIT;

        check(pki_crl_add(crl, &entry, &e), &e);
        buf_printf(expected, "%s %d %lld %lld\n",
            pki_serial_text(entry.serial, text), entry.reason,
            (long long)entry.revocation_time, (long long)entry.invalidity_at);
}

static void make_crl(
    const char *name, X509 *root, EVP_PKEY *key, int entries, bool delta)
{
        struct pki_crl_spec spec = {
            .issuer = root,
            .issuer_key = key,
            .this_update = now,
            .next_update = now + DAY_S,
            .number = UINT64_C(0x8000000000000001),
            .base_number = delta ? 5 : 0,
            .idp_url = entries == 0 ? NULL : "http://127.0.0.1:1/crl/a.crl",
        };
        struct buf der = {0}, expected = {0};
        struct err e = ERR_INIT;
        struct pki_crl *crl;
        int i;

        check(pki_crl_new(&spec, &crl, &e), &e);
        for (i = 0; i < entries; i++)
                add(crl, i, delta, &expected);
        check(pki_crl_finish(crl, &der, &e), &e);
        pki_crl_free(crl);
        write_file(name, &der);
        if (entries > 0 && !delta)
                write_file("expected", &expected);
        buf_release(&expected);
}

int main(int argc, char **argv)
{
        struct err e = ERR_INIT;
        struct buf csr = {0};
        X509 *root;
        int a;

        if (argc != 2) {
                fprintf(stderr, "usage: pki_specimens FOLDER\n");
                return ERR_USAGE;
        }
        now = time(NULL);
        for (a = 0; a < ALGORITHMS; a++)
                check(pki_key_new((enum pki_algorithm)a, &keys[a], &e), &e);
        for (a = 0; a < ALGORITHMS; a++) {
                snprintf(folder, sizeof(folder), "%s/%s", argv[1],
                    pki_algorithm_name((enum pki_algorithm)a));
                check(file_mkdir(folder, 0755, &e), &e);
                root = make_certs(a);
                make_crl("empty.crl", root, keys[a], 0, false);
                make_crl("full.crl", root, keys[a], 200, false);
                make_crl("delta.crl", root, keys[a], 20, true);
                check(pki_csr_make_signer(keys[a], "Lab OCSP", &csr, &e), &e);
                write_file("key.csr", &csr);
                X509_free(root);
        }
        for (a = 0; a < ALGORITHMS; a++)
                EVP_PKEY_free(keys[a]);
        return 0;
}
