#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "authority.h"
#include "cadb/write.h"
#include "cmd_signer.h"
#include "forge.h"
#include "print.h"
#include "signers.h"

enum { OPT_CA = ARGS_OWN, OPT_OUT, OPT_ALGORITHM };

static const struct option options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"out", required_argument, NULL, OPT_OUT},
    {"algorithm", required_argument, NULL, OPT_ALGORITHM},
    ARGS_COMMON,
};

struct request {
        const char *ca_name, *out;
        bool algorithm_given;
        enum pki_algorithm algorithm;
        struct lab lab;
        struct forge forge;
        struct cadb_ca ca;
        struct buf key, csr; /* PEM */
        char common_name[FORGE_NAME_MAX + 1];
        char path[CADB_PATH_MAX]; /* of the key, relative to DIR */
};

static int parse(struct request *r, struct args *a, struct err *e)
{
        int option;

        while ((option = args_next(a, options, e)) != ARGS_END)
                switch (option) {
                case OPT_CA:
                        r->ca_name = optarg;
                        break;
                case OPT_OUT:
                        r->out = optarg;
                        break;
                case OPT_ALGORITHM:
                        r->algorithm_given = true;
                        if (pki_algorithm_parse(optarg, &r->algorithm, e) != 0)
                                return -1;
                        break;
                default:
                        return -1;
                }
        if (args_words(a, 0, 0, "", e) != 0)
                return -1;
        if (r->out == NULL)
                return err_set(e, ERR_USAGE,
                    "signer request: --out FILE is missing: '-' is standard "
                    "output");
        if (strcmp(r->out, "-") == 0 && a->json)
                return err_set(e, ERR_USAGE,
                    "--json and --out -: there is one standard output");
        return 0;
}

static int make(struct request *r, struct err *e)
{
        EVP_PKEY *key = NULL;
        X509 *ca = NULL;
        uint64_t number;
        int rc = -1;

        if (pki_cert_from_der(
                (struct span){r->ca.der, r->ca.der_len}, &ca, e) != 0)
                return err_prefix(e, "CA %s in the database", r->ca.name);
        if (RAND_bytes((unsigned char *)&number, sizeof(number)) != 1) {
                err_set(e, ERR_INTERNAL, "no random numbers");
                goto out;
        }
        snprintf(r->path, sizeof(r->path), "responder/request-%016llx.pem",
            (unsigned long long)number);
        forge_delegate_name(ca, r->ca.name, r->common_name);
        if ((r->algorithm_given || authority_key_kind(X509_get0_pubkey(ca),
                                       r->ca.name, &r->algorithm, e) == 0) &&
            pki_key_new(r->algorithm, &key, e) == 0 &&
            pki_key_pem(key, &r->key, e) == 0)
                rc = pki_csr_make_signer(key, r->common_name, &r->csr, e);
out:
        EVP_PKEY_free(key);
        X509_free(ca);
        return rc;
}

static int write_out(const struct request *r, struct err *e)
{
        if (strcmp(r->out, "-") != 0)
                return file_write(r->out, r->csr.data, r->csr.len, 0644, e);
        fwrite(r->csr.data, 1, r->csr.len, stdout);
        return 0;
}

/* The key is kept before the request can leave; one that leaves without its
 * row, because the commit failed, is told of by the exit status. */
static int commit(struct request *r, struct err *e)
{
        const struct forge *f = &r->forge;
        char key[PATH_MAX];

        if (file_path(key, sizeof(key), e, "%s/%s", f->dir, r->path) != 0 ||
            cadb_begin(f->db, e) != 0)
                return -1;
        if (signers_sweep(f, e) == 0 && forge_signer_folder(f, e) == 0 &&
            forge_write(f, r->path, buf_span(&r->key), 0600, e) == 0 &&
            cadb_signer_request(f->db, r->ca.id, r->path, f->now, e) == 0 &&
            write_out(r, e) == 0 && cadb_commit(f->db, e) == 0)
                return 0;
        unlink(key);
        cadb_rollback(f->db);
        return -1;
}

static int print_request(
    const struct request *r, const struct args *a, struct err *e)
{
        if (strcmp(r->out, "-") == 0)
                return 0;
        if (a->json)
                return print_json(
                    json_pack("{s:s, s:s, s:o, s:s, s:s}", "ca", r->ca.name,
                        "request", r->out, "key",
                        json_sprintf("%s/%s", r->lab.dir, r->path), "algorithm",
                        pki_algorithm_name(r->algorithm), "common_name",
                        r->common_name),
                    e);
        printf("made a request for an OCSP signer of %s\n", r->ca.name);
        printf("  %-8s %s\n", "request", r->out);
        printf("  %-8s %s/%s\n", "key", r->lab.dir, r->path);
        printf("next: have the CA '%s' sign it with extended key usage "
               "OCSPSigning and\nid-pkix-ocsp-nocheck, then: ocsp-ca signer "
               "install CERT.pem",
            r->ca.name);
        if (r->ca_name != NULL)
                printf(" --ca %s", r->ca.name);
        print_dir_option(a);
        printf("\n");
        return 0;
}

static int request(struct request *r, const struct args *a, struct err *e)
{
        if (lab_open_write(&r->lab, a, e) != 0 ||
            authority_find(&r->lab, r->ca_name, &r->ca, e) != 0)
                return -1;
        r->forge = (struct forge){r->lab.dir, r->lab.db,
            r->lab.settings.temporary, lab_now(&r->lab), NULL};
        if (make(r, e) != 0 || commit(r, e) != 0)
                return -1;
        return print_request(r, a, e);
}

int signer_request(struct args *a, struct err *e)
{
        struct request r = {.ca_name = NULL};
        int rc = -1;

        if (parse(&r, a, e) == 0)
                rc = request(&r, a, e);
        if (r.key.data != NULL)
                OPENSSL_cleanse(r.key.data, r.key.len);
        buf_release(&r.key);
        buf_release(&r.csr);
        lab_release(&r.lab);
        return rc;
}
