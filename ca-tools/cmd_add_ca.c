#include "cmd.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "anchors.h"
#include "authority.h"
#include "cadb/write.h"
#include "cafolder.h"
#include "carow.h"
#include "forge.h"
#include "hierarchy.h"
#include "print.h"
#include "scenario.h"
#include "signers.h"

enum {
        OPT_UNDER = ARGS_OWN,
        OPT_ROOT,
        OPT_NAME,
        OPT_ALGORITHM,
        OPT_SIGNER,
        OPT_SIGNER_ALGORITHM,
        OPT_DAYS,
        OPT_DEFAULT,
};

static const struct option options[] = {
    {"under", required_argument, NULL, OPT_UNDER},
    {"root", no_argument, NULL, OPT_ROOT},
    {"name", required_argument, NULL, OPT_NAME},
    {"algorithm", required_argument, NULL, OPT_ALGORITHM},
    {"signer", required_argument, NULL, OPT_SIGNER},
    {"signer-algorithm", required_argument, NULL, OPT_SIGNER_ALGORITHM},
    {"days", required_argument, NULL, OPT_DAYS},
    {"default", no_argument, NULL, OPT_DEFAULT},
    ARGS_COMMON,
};

#define ROOT_VALIDITY_S (3650 * INT64_C(86400))

struct addition {
        /* wishes */
        const char *name, *under, *subject;
        bool root, is_default;
        bool algorithm_given, signer_algorithm_given, model_given;
        enum pki_algorithm algorithm, signer_algorithm;
        enum cadb_signer_model model;
        int64_t validity; /* -1: as long as the CA above */
        /* what comes of them */
        struct lab lab;
        struct authority above; /* the CA above; of a root: the default one */
        char common_name[FORGE_NAME_MAX + 1];
        int path_len;
        struct forge forge;
        struct forge_pair pair, signer;
        struct cadb_ca row;
        char shared[CADB_PATH_MAX]; /* the trusted signer that is there */
};

static void addition_release(struct addition *n)
{
        forge_pair_release(&n->pair);
        forge_pair_release(&n->signer);
        authority_release(&n->above);
        lab_release(&n->lab);
}

/* ---- wishes ------------------------------------------------------------ */

static int set_option(struct addition *n, int option, struct err *e)
{
        switch (option) {
        case OPT_UNDER:
                n->under = optarg;
                return 0;
        case OPT_ROOT:
                n->root = true;
                return 0;
        case OPT_NAME:
                n->subject = optarg;
                return forge_name_check(optarg, FORGE_NAME_MAX, e);
        case OPT_ALGORITHM:
                n->algorithm_given = true;
                return pki_algorithm_parse(optarg, &n->algorithm, e);
        case OPT_SIGNER:
                n->model_given = true;
                return forge_model_parse(optarg, &n->model, e);
        case OPT_SIGNER_ALGORITHM:
                n->signer_algorithm_given = true;
                return pki_algorithm_parse(optarg, &n->signer_algorithm, e);
        case OPT_DAYS:
                if (parse_duration(optarg, 'd', &n->validity, e) != 0)
                        return err_prefix(e, "--days");
                if (n->validity == 0)
                        return err_set(
                            e, ERR_USAGE, "--days: a CA must live a while");
                return 0;
        case OPT_DEFAULT:
                n->is_default = true;
                return 0;
        }
        return -1;
}

static int parse(struct addition *n, struct args *a, struct err *e)
{
        int option;

        while ((option = args_next(a, options, e)) != ARGS_END)
                if (option == ARGS_BAD || set_option(n, option, e) != 0)
                        return -1;
        if (args_words(a, 1, 1, "CANAME", e) != 0)
                return -1;
        n->name = a->words[0];
        if (carow_check_name(n->name, e) != 0)
                return -1;
        if (n->root && n->under != NULL)
                return err_set(e, ERR_USAGE,
                    "--root and --under: a root is below no other CA");
        return 0;
}

/* ---- the place --------------------------------------------------------- */

/* --under, else beside the default CA: below its issuer, or below itself if
 * it is a root.  For a root: the CA whose habits it takes over. */
static int find_above(struct addition *n, struct err *e)
{
        struct cadb_ca row;

        if (authority_find(&n->lab, n->under, &row, e) != 0)
                return -1;
        if (n->under == NULL && !n->root &&
            authority_climb(&n->lab, &row, e) != 0)
                return -1;
        if (n->root) {
                n->above.row = row;
                return 0;
        }
        return authority_load(&n->lab, row.name, &n->above, e);
}

static int too_deep(const struct addition *n, const struct cadb_ca *limit,
    long path_len, struct err *e)
{
        return err_set(e, ERR_USAGE,
            "%s cannot be below %s: the certificate of %s allows %ld CA%s "
            "below it (pathLenConstraint, RFC 5280 section 4.2.1.9): choose "
            "another with --under, or --root",
            n->name, n->above.row.name, limit->name, path_len,
            path_len == 1 ? "" : "s");
}

/* How many CAs may follow the new one: what the CAs above allow, and what
 * fits into the longest chain of a lab. */
static int limit_path(struct addition *n, struct err *e)
{
        struct cadb_ca row = n->above.row;
        int level, room = HIERARCHY_DEPTH_MAX;
        X509 *cert;
        long len;

        for (level = 1; level < HIERARCHY_DEPTH_MAX; level++) {
                if (pki_cert_from_der(
                        (struct span){row.der, row.der_len}, &cert, e) != 0)
                        return err_prefix(e, "CA %s in the database", row.name);
                len = pki_path_len(cert);
                X509_free(cert);
                if (len >= 0 && len < level)
                        return too_deep(n, &row, len, e);
                if (len >= 0 && len - level < room)
                        room = (int)(len - level);
                if (row.parent == row.id)
                        break;
                if (authority_climb(&n->lab, &row, e) != 0)
                        return -1;
        }
        if (level == HIERARCHY_DEPTH_MAX)
                return err_set(e, ERR_USAGE,
                    "%s cannot be below %s: a chain of a lab has at most %d "
                    "CAs: choose another with --under, or --root",
                    n->name, n->above.row.name, HIERARCHY_DEPTH_MAX);
        n->path_len = HIERARCHY_DEPTH_MAX - 1 - level;
        if (room < n->path_len)
                n->path_len = room;
        return 0;
}

/* ---- the names --------------------------------------------------------- */

static int same_subject(void *arg, const struct cadb_ca *ca, struct err *e)
{
        const struct addition *n = arg;

        if (memcmp(ca->name_sha256, n->row.name_sha256, CADB_HASH_SHA256) != 0)
                return 0;
        return err_set(e, ERR_EXISTS,
            "the CA %s has the subject '%s' already: choose another with "
            "--name",
            ca->name, n->common_name);
}

/* Within the write lock: of two who add the same, one hears of it. */
static int check_names(struct addition *n, struct err *e)
{
        struct cadb_cert cert;
        struct cadb_ca ca;
        int found = cadb_ca_find(n->lab.db, n->name, &ca, e);

        if (found == 1)
                return err_set(e, ERR_EXISTS,
                    "there is a CA %s already: choose another name", n->name);
        if (found == 0)
                found = cadb_cert_find_name(n->lab.db, n->name, &cert, e);
        if (found == 1)
                return err_set(e, ERR_EXISTS,
                    "%s: is the name of a certificate: choose another name",
                    n->name);
        return found < 0 ? -1 : cadb_ca_each(n->lab.db, same_subject, n, e);
}

/* ---- make -------------------------------------------------------------- */

static int kind_above(struct addition *n, struct err *e)
{
        const struct cadb_ca *row = &n->above.row;
        X509 *cert;
        int rc;

        if (pki_cert_from_der(
                (struct span){row->der, row->der_len}, &cert, e) != 0)
                return err_prefix(e, "CA %s in the database", row->name);
        rc = authority_key_kind(
            X509_get0_pubkey(cert), row->name, &n->algorithm, e);
        X509_free(cert);
        return rc;
}

/* What nobody asked for is as at the CA above. */
static int fill_wishes(struct addition *n, struct err *e)
{
        if (!n->model_given)
                n->model = n->above.row.model;
        if (n->signer_algorithm_given && n->model == CADB_SIGNER_CA)
                return err_set(e, ERR_USAGE,
                    "--signer-algorithm: with --signer ca the CA's key signs, "
                    "so say --algorithm");
        if (!n->algorithm_given && kind_above(n, e) != 0)
                return -1;
        if (!n->signer_algorithm_given)
                n->signer_algorithm = n->algorithm;
        if (n->subject != NULL)
                snprintf(
                    n->common_name, sizeof(n->common_name), "%s", n->subject);
        else
                snprintf(n->common_name, sizeof(n->common_name), "%.*s %s",
                    FORGE_NAME_MAX - 5, n->name, n->root ? "Root" : "CA");
        return 0;
}

static int make_ca(struct addition *n, struct err *e)
{
        const char *urls[PKI_URLS_MAX];
        char crl_url[LAB_CRL_URL_MAX];
        struct pki_cert_spec cert = {
            .profile = n->root ? PKI_ROOT : PKI_INTERMEDIATE,
            .common_name = n->common_name,
            .not_before = n->forge.now - FORGE_BACKDATE_S,
            .path_len = n->root ? -1 : n->path_len,
        };

        if (!n->root) {
                cert.issuer = n->above.cert;
                cert.issuer_key = n->above.key;
                cert.ocsp_urls = urls;
                cert.ocsp_urls_len = lab_urls(&n->lab.settings, urls);
                cert.crl_url =
                    lab_crl_url(&n->lab.settings, n->above.row.name, crl_url);
                cert.not_after = n->above.row.not_after;
                if (cert.not_before < n->above.row.not_before)
                        cert.not_before = n->above.row.not_before;
        }
        if (n->root || n->validity >= 0)
                cert.not_after =
                    n->forge.now +
                    (n->validity >= 0 ? n->validity : ROOT_VALIDITY_S);
        if (!n->root && cert.not_after > n->above.row.not_after)
                return err_set(e, ERR_USAGE,
                    "--days: %s would outlive %s above it", n->name,
                    n->above.row.name);
        if (cert.not_after <= n->forge.now)
                return err_set(e, ERR_CONFIG,
                    "%s has ended: choose another with --under, or --root",
                    n->above.row.name);
        return forge_pair_new(&n->pair, n->algorithm, &cert, e);
}

/* The signer of its own, or the trusted one of all. */
static int make_signer(struct addition *n, struct err *e)
{
        struct forge_signer s = {
            .algorithm = n->signer_algorithm,
            .not_before = pki_not_before(n->pair.cert),
            .not_after = pki_not_after(n->pair.cert),
        };
        int found;

        switch (n->model) {
        case CADB_SIGNER_DELEGATED:
                return forge_delegate(
                    &n->signer, &s, n->pair.cert, n->pair.key, e);
        case CADB_SIGNER_CA:
                return 0;
        case CADB_SIGNER_TRUSTED:
                found = signers_trusted(&n->lab, &n->signer, n->shared, e);
                if (found != 0)
                        return found < 0 ? -1 : 0;
                return forge_trusted(&n->signer, &s, n->common_name, e);
        }
        return err_set(e, ERR_INTERNAL, "unknown signer model");
}

static int make(struct addition *n, struct err *e)
{
        if (fill_wishes(n, e) != 0 || make_ca(n, e) != 0 ||
            make_signer(n, e) != 0 ||
            carow_fill(&n->row, n->name, n->pair.cert, true, e) != 0)
                return -1;
        n->row.parent = n->root ? 0 : n->above.row.id;
        n->row.model = n->model;
        return 0;
}

/* ---- commit ------------------------------------------------------------ */

static int add_signer(struct addition *n, struct err *e)
{
        const struct forge *f = &n->forge;

        switch (n->model) {
        case CADB_SIGNER_DELEGATED:
                return forge_delegate_add(f, &n->row, &n->signer, e);
        case CADB_SIGNER_CA:
                return forge_signer_row(f, n->row.id, &n->pair, "", false, e);
        case CADB_SIGNER_TRUSTED:
                if (n->shared[0] == '\0' &&
                    (forge_signer_file(f, n->name, &n->signer, n->shared, e) !=
                            0 ||
                        anchors_responders(f, n->signer.cert, e) != 0))
                        return -1;
                return forge_signer_row(
                    f, n->row.id, &n->signer, n->shared, false, e);
        }
        return err_set(e, ERR_INTERNAL, "unknown signer model");
}

static int add(struct addition *n, struct err *e)
{
        const struct forge *f = &n->forge;

        if (forge_ca_files(f, &n->row, &n->pair, e) != 0 ||
            cadb_ca_add(f->db, &n->row, n->is_default, f->now, e) != 0)
                return -1;
        if (!n->root &&
            forge_cert_row(f, n->above.row.id, n->name, &n->pair, e) != 0)
                return -1;
        return add_signer(n, e) == 0 ? scenario_extend(&n->lab, f, n->name, e)
                                     : -1;
}

/* root.pem comes after the commit, so no root is trusted that nobody has: what
 * a kill in between leaves out, the next command that writes puts in. */
static int commit(struct addition *n, struct err *e)
{
        const struct forge *f = &n->forge;

        if (cadb_begin(f->db, e) != 0)
                return -1;
        if (check_names(n, e) != 0 || signers_sweep(f, e) != 0 ||
            cafolder_claim(f, n->name, e) != 0) {
                cadb_rollback(f->db);
                return -1;
        }
        if (add(n, e) != 0 || cadb_commit(f->db, e) != 0) {
                cafolder_discard(f, n->name);
                signers_undo(f, n->model == CADB_SIGNER_TRUSTED);
                return -1;
        }
        cafolder_keep(f, n->name);
        return anchors_recover(&n->lab, e);
}

/* ---- what it prints ---------------------------------------------------- */

static json_t *in_dir(const struct addition *n, const char *path)
{
        return json_sprintf("%s/%s", n->lab.dir, path);
}

static int print_added_json(const struct addition *n, struct err *e)
{
        char subject[PKI_NAME_TEXT_MAX];
        bool trusted = n->model == CADB_SIGNER_TRUSTED;
        X509 *signer = n->signer.cert != NULL ? n->signer.cert : n->pair.cert;

        return print_json(
            json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o, "
                      "s:b}",
                "name", n->name, "parent",
                n->root ? json_null() : json_string(n->above.row.name),
                "subject", pki_subject(n->pair.cert, subject), "cert",
                in_dir(n, n->row.cert_path), "key", in_dir(n, n->row.key_path),
                "root", in_dir(n, "root.pem"), "not_after",
                json_time(n->row.not_after), "algorithm",
                pki_algorithm_name(n->algorithm), "signer",
                cadb_signer_model_name(n->model), "signer_not_after",
                json_time(pki_not_after(signer)), "responder_cert",
                trusted ? in_dir(n, "responder.pem") : json_null(), "default",
                n->is_default),
            e);
}

static int print_added(
    const struct args *a, const struct addition *n, struct err *e)
{
        char subject[PKI_NAME_TEXT_MAX], until[TIME_TEXT_MAX];

        if (a->json)
                return print_added_json(n, e);
        printf("added the CA %s\n  %-8s %s, until %s\n", n->name, "subject",
            pki_subject(n->pair.cert, subject),
            format_time(n->row.not_after, until));
        printf("  %-8s %s\n", "below",
            n->root ? "none: it is a root" : n->above.row.name);
        printf("  %-8s %s\n", "signer", cadb_signer_model_name(n->model));
        printf(
            "  %-8s %s/ca/%s/{cert,key}.pem\n", "files", n->lab.dir, n->name);
        if (n->root)
                printf("  %-8s %s/root.pem, which clients have to read again\n",
                    "trust", n->lab.dir);
        if (n->model == CADB_SIGNER_TRUSTED)
                printf("  %-8s %s/responder.pem, for OCSP answers\n",
                    n->root ? "" : "trust", n->lab.dir);
        printf("next: ocsp-ca issue www%s%s", n->is_default ? "" : " --ca ",
            n->is_default ? "" : n->name);
        print_dir_option(a);
        printf("\n");
        return 0;
}

static int add_ca(struct addition *n, const struct args *a, struct err *e)
{
        if (lab_open_write(&n->lab, a, e) != 0)
                return -1;
        n->forge = (struct forge){n->lab.dir, n->lab.db,
            n->lab.settings.temporary, lab_now(&n->lab), NULL};
        if (find_above(n, e) != 0 || (!n->root && limit_path(n, e) != 0) ||
            make(n, e) != 0 || commit(n, e) != 0)
                return -1;
        return print_added(a, n, e);
}

static int run(struct args *a, struct err *e)
{
        struct addition n = {.validity = -1};
        int rc = -1;

        if (parse(&n, a, e) == 0)
                rc = add_ca(&n, a, e);
        addition_release(&n);
        return rc;
}

const struct command cmd_add_ca = {
    .name = "add-ca",
    .summary = "add a CA to the lab",
    .help =
        "usage: ocsp-ca add-ca CANAME [OPTION]...\n\n"
        "Makes a further CA, an intermediate or a root, with its OCSP signer.  "
        "A responder\nthat runs answers for it at once.  'ocsp-ca issue --ca "
        "CANAME' issues with it.\n\n"
        "  --under CANAME       the CA above it (default: the one above the "
        "default CA, so\n"
        "                       that the new one stands beside it; the root if "
        "that issues)\n"
        "  --root               none: a further root, which root.pem then "
        "holds too\n"
        "  --name CN            its subject (default: 'CANAME CA', 'CANAME "
        "Root')\n"
        "  --algorithm A        p256, p384, rsa2048, rsa3072, rsa4096, ed25519 "
        "(default: as\n"
        "                       the CA above, or the default CA)\n"
        "  --signer MODEL       who signs OCSP answers: delegated, ca, trusted "
        "(default: as\n"
        "                       there)\n"
        "  --signer-algorithm A of a new signer's key (default: the CA's)\n"
        "  --days N             validity; 90s, 8h too (default: until the CA "
        "above ends; a\n"
        "                       root: 3650)\n"
        "  --default            who issues from now on when no --ca is named\n"
        "\nA chain has at most 4 CAs, and only as many as the certificates "
        "above allow.\n\n" HELP_COMMON,
    .run = run,
};
