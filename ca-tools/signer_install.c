#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "anchors.h"
#include "authority.h"
#include "cadb/write.h"
#include "cmd_signer.h"
#include "forge.h"
#include "print.h"
#include "signers.h"

enum { OPT_CA = ARGS_OWN, OPT_TRUSTED, OPT_UNCHECKED };

static const struct option options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"trusted", no_argument, NULL, OPT_TRUSTED},
    {"unchecked", no_argument, NULL, OPT_UNCHECKED},
    ARGS_COMMON,
};

/* Where its key was found. */
enum source { KEY_NOWHERE, KEY_IN_FILE, KEY_REQUESTED, KEY_OF_CURRENT };

struct install {
        const char *file, *ca_name;
        bool trusted, unchecked;
        struct lab lab;
        struct forge forge;
        struct cadb_ca ca;
        char requested[CADB_PATH_MAX]; /* "": there is no open request */
        STACK_OF(X509) *certs;
        X509 *cert; /* the signer's, borrowed */
        EVP_PKEY *key;
        enum source source;
        struct forge_pair pair;
        char path[CADB_PATH_MAX];
        bool same; /* it is the current one already */
};

static void install_release(struct install *s)
{
        forge_pair_release(&s->pair);
        EVP_PKEY_free(s->key);
        sk_X509_pop_free(s->certs, X509_free);
        lab_release(&s->lab);
}

static int parse(struct install *s, struct args *a, struct err *e)
{
        int option;

        while ((option = args_next(a, options, e)) != ARGS_END)
                switch (option) {
                case OPT_CA:
                        s->ca_name = optarg;
                        break;
                case OPT_TRUSTED:
                        s->trusted = true;
                        break;
                case OPT_UNCHECKED:
                        s->unchecked = true;
                        break;
                default:
                        return -1;
                }
        if (args_words(a, 1, 1, "FILE", e) != 0)
                return -1;
        s->file = a->words[0];
        if (s->unchecked && !s->trusted)
                return err_set(e, ERR_USAGE,
                    "--unchecked: only with --trusted: no client takes a "
                    "delegate that may not sign");
        return 0;
}

/* ---- certificate and key ----------------------------------------------- */

static int find_request(
    void *arg, const struct cadb_signer_row *row, struct err *e)
{
        struct install *s = arg;

        (void)e;
        if (row->state == CADB_SIGNER_REQUESTED)
                snprintf(s->requested, sizeof(s->requested), "%s", row->path);
        return 0;
}

/* Takes over the key if it fits one of the certificates. */
static void try_key(struct install *s, EVP_PKEY *key, enum source source)
{
        int i;

        for (i = 0; s->key == NULL && i < sk_X509_num(s->certs); i++)
                if (X509_check_private_key(sk_X509_value(s->certs, i), key) ==
                    1) {
                        s->cert = sk_X509_value(s->certs, i);
                        s->key = key;
                        s->source = source;
                        return;
                }
        EVP_PKEY_free(key);
}

static int try_own_key(
    struct install *s, const char *path, enum source source, struct err *e)
{
        char full[PATH_MAX];
        EVP_PKEY *key;

        if (s->key != NULL || path[0] == '\0')
                return 0;
        if (file_path(full, sizeof(full), e, "%s/%s", s->lab.dir, path) != 0 ||
            pki_key_load(full, PKI_KEY_PRIVATE, &key, e) != 0)
                return -1;
        try_key(s, key, source);
        return 0;
}

static int try_file(struct install *s, struct err *e)
{
        static const char label[] = "PRIVATE KEY-----";
        struct buf content = {0};
        EVP_PKEY *key;
        bool has_key;

        if (strcmp(s->file, "-") == 0) /* it has been read */
                return 0;
        if (file_read(s->file, FILE_LIMIT, &content, e) != 0) {
                buf_release(&content);
                return -1;
        }
        has_key =
            memmem(content.data, content.len, label, sizeof(label) - 1) != NULL;
        buf_release(&content);
        if (!has_key)
                return 0;
        if (pki_key_load(s->file, PKI_KEY_ANY, &key, e) != 0)
                return -1;
        if (pki_key_is_wide(s->file))
                fprintf(stderr,
                    "ocsp-ca: note: others may read the private key in %s\n",
                    s->file);
        try_key(s, key, KEY_IN_FILE);
        return 0;
}

/* Without a key that fits: the first that is no CA's, for the checks. */
static void guess_cert(struct install *s)
{
        int i;

        for (i = 0; s->cert == NULL && i < sk_X509_num(s->certs); i++)
                if (pki_ca_check(sk_X509_value(s->certs, i), "", NULL) != 0)
                        s->cert = sk_X509_value(s->certs, i);
        if (s->cert == NULL)
                s->cert = sk_X509_value(s->certs, 0);
}

/* Without --ca: the certificate says who issued it, unless that does not
 * count. */
static int find_ca(struct install *s, struct err *e)
{
        int i, found = 0;

        for (i = 0; s->ca_name == NULL && !s->trusted && found == 0 &&
                    i < sk_X509_num(s->certs);
             i++)
                if (pki_ca_check(sk_X509_value(s->certs, i), "", NULL) != 0)
                        found = authority_issuer_of(
                            &s->lab, sk_X509_value(s->certs, i), &s->ca, e);
        if (found != 0)
                return found < 0 ? -1 : 0;
        return authority_find(&s->lab, s->ca_name, &s->ca, e);
}

static int load(struct install *s, struct err *e)
{
        const char *current = "";

        if (pki_certs_load(s->file, &s->certs, e) != 0 || find_ca(s, e) != 0)
                return -1;
        if (s->ca.model != CADB_SIGNER_CA && s->ca.has_signer)
                current = s->ca.signer_path;
        if (cadb_signer_each(s->lab.db, s->ca.id, find_request, s, e) != 0 ||
            try_file(s, e) != 0 ||
            try_own_key(s, s->requested, KEY_REQUESTED, e) != 0)
                return -1;
        /* One that cannot be read is no reason not to replace it. */
        try_own_key(s, current, KEY_OF_CURRENT, NULL);
        guess_cert(s);
        return 0;
}

static int no_key(const struct install *s, struct err *e)
{
        if (s->requested[0] != '\0')
                return err_set(e, ERR_CONFIG,
                    "%s: its key is neither the one of the last request, "
                    "%s/%s, nor in it",
                    s->file, s->lab.dir, s->requested);
        return err_set(e, ERR_CONFIG,
            "%s: its key is not in it, and none was requested for %s: add the "
            "key to the file, or begin with 'ocsp-ca signer request'",
            s->file, s->ca.name);
}

static int check(struct install *s, struct err *e)
{
        struct signer_question q = {
            .cert = s->cert,
            .path = s->file,
            .ca = &s->ca,
            .trusted = s->trusted,
            .unchecked = s->unchecked,
            .now = s->forge.now,
        };

        if (signer_check(&q, e) != 0)
                return -1;
        if (s->key == NULL)
                return no_key(s, e);
        return forge_pair_take(&s->pair, s->cert, s->key, e);
}

/* The very certificate that signs now. */
static bool is_current(const struct install *s)
{
        char path[PATH_MAX];
        X509 *cert = NULL;
        bool same;

        if (s->ca.model !=
                (s->trusted ? CADB_SIGNER_TRUSTED : CADB_SIGNER_DELEGATED) ||
            !s->ca.has_signer || s->source == KEY_REQUESTED ||
            file_path(path, sizeof(path), NULL, "%s/%s", s->lab.dir,
                s->ca.signer_path) != 0 ||
            pki_cert_load(path, &cert, NULL) != 0)
                return false;
        same = X509_cmp(cert, s->cert) == 0;
        X509_free(cert);
        return same;
}

/* ---- commit ------------------------------------------------------------ */

/* The CA's own list may have it already, from an import. */
static int add_cert_row(const struct install *s, struct err *e)
{
        struct span serial = {s->pair.serial.octets, s->pair.serial.len};
        struct cadb_state state;
        int found = cadb_state_find(s->lab.db, s->ca.id, serial, &state, e);

        if (found == 0)
                return forge_cert_row(&s->forge, s->ca.id, NULL, &s->pair, e);
        if (found == 1 && state.status == CADB_REVOKED)
                return err_set(e, ERR_DATA,
                    "%s: %s has revoked this certificate", s->file, s->ca.name);
        return found < 0 ? -1 : 0;
}

static int add(struct install *s, struct err *e)
{
        const struct forge *f = &s->forge;
        enum cadb_signer_model model =
            s->trusted ? CADB_SIGNER_TRUSTED : CADB_SIGNER_DELEGATED;

        if (!s->trusted && add_cert_row(s, e) != 0)
                return -1;
        if (forge_signer_file(f, s->ca.name, &s->pair, s->path, e) != 0 ||
            (s->trusted && anchors_responders(f, s->pair.cert, e) != 0) ||
            cadb_ca_set_model(f->db, s->ca.id, model, f->now, e) != 0)
                return -1;
        return forge_signer_row(
            f, s->ca.id, &s->pair, s->path, s->source == KEY_REQUESTED, e);
}

static int commit(struct install *s, struct err *e)
{
        const struct forge *f = &s->forge;
        char key[PATH_MAX];

        if (cadb_begin(f->db, e) != 0)
                return -1;
        if (signers_sweep(f, e) != 0 || add(s, e) != 0 ||
            cadb_commit(f->db, e) != 0) {
                signers_undo(f, s->trusted);
                return -1;
        }
        /* It stands beside its certificate now. */
        if (s->source == KEY_REQUESTED &&
            file_path(key, sizeof(key), NULL, "%s/%s", f->dir, s->requested) ==
                0)
                unlink(key);
        return 0;
}

/* ---- what it prints ---------------------------------------------------- */

static int print_installed(
    const struct install *s, const struct args *a, struct err *e)
{
        const char *path = s->same ? s->ca.signer_path : s->path;
        char serial[PKI_SERIAL_TEXT_MAX], until[TIME_TEXT_MAX];
        int64_t not_after = pki_not_after(s->cert);

        if (a->json)
                return print_json(
                    json_pack("{s:s, s:s, s:b, s:o, s:o, s:o}", "ca",
                        s->ca.name, "model",
                        s->trusted ? "trusted" : "delegated", "installed",
                        !s->same, "serial",
                        json_serial(s->pair.serial.octets, s->pair.serial.len),
                        "not_after", json_time(not_after), "path",
                        json_path(&s->lab, path)),
                    e);
        printf("%s: %s %s, until %s\n", s->ca.name,
            s->same ? "has this signer already:" : "new signer",
            pki_serial_text(
                (struct span){s->pair.serial.octets, s->pair.serial.len},
                serial),
            format_time(not_after, until));
        printf("  %-8s %s/%s\n", "file", s->lab.dir, path);
        if (s->trusted)
                printf("  %-8s %s/responder.pem, which clients have to read\n",
                    "trust", s->lab.dir);
        return 0;
}

static int install(struct install *s, const struct args *a, struct err *e)
{
        if (lab_open_write(&s->lab, a, e) != 0)
                return -1;
        s->forge = (struct forge){s->lab.dir, s->lab.db,
            s->lab.settings.temporary, lab_now(&s->lab), NULL};
        if (s->unchecked && s->lab.settings.no_faults)
                return err_set(e, ERR_CONFIG,
                    "%s: made with --no-faults: a signer must be one",
                    s->lab.dir);
        if (load(s, e) != 0 || check(s, e) != 0)
                return -1;
        s->same = is_current(s);
        if (!s->same && commit(s, e) != 0)
                return -1;
        return print_installed(s, a, e);
}

int signer_install(struct args *a, struct err *e)
{
        struct install s = {.file = NULL};
        int rc = -1;

        if (parse(&s, a, e) == 0)
                rc = install(&s, a, e);
        install_release(&s);
        return rc;
}
