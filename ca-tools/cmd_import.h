/* What the files of 'ocsp-ca import' share. */
#ifndef OCSP_LAB_CA_CMD_IMPORT_H
#define OCSP_LAB_CA_CMD_IMPORT_H

#include "forge.h"
#include "lab.h"

/* ---- the CA ------------------------------------------------------------ */

/* A CA above the one that is imported, and so on. */
enum { IMPORT_CHAIN_MAX = 8 };

struct import_wish {
        const char *ca;                         /* --ca; NULL */
        const char *ca_certs[IMPORT_CHAIN_MAX]; /* --ca-cert */
        size_t ca_certs_len;
        const char *ca_key; /* --ca-key; NULL */
        const char *certs;  /* --certs FOLDER; NULL */
        bool skip_unfinished;
        bool model_given;
        enum cadb_signer_model model; /* delegated or ca */
        bool algorithm_given;
        enum pki_algorithm algorithm; /* of the signer's key */
        int64_t signer_validity;      /* -1: as the CA */
};

struct import_ca_name {
        char name[LAB_NAME_MAX + 1];
        char subject[PKI_NAME_TEXT_MAX];
};

/* Inside a transaction of the caller. */
struct import {
        struct forge forge;
        const struct import_wish *wish;
        bool fresh;                /* the directory is being made */
        int64_t ca;                /* of the files; 0: look which */
        struct import_ca_name own; /* that CA */
        bool has_signer, has_key;
        bool key_is_new; /* it was known without */
        bool key_is_wide;
        struct import_ca_name made[IMPORT_CHAIN_MAX];
        size_t made_len; /* made known now */
};

/*
 * Finds the CA that the wish names, or makes it known: the first of --ca-cert,
 * its key, a signer, and those above it that are given.  Fills im->ca.
 * Afterwards, in any case: import_ca_end.
 */
int import_ca(struct import *im, struct err *e);

/* After the commit, or (committed false) before the rollback: settles the
 * folders of the new CAs. */
void import_ca_end(struct import *im, bool committed);

/* What was asked of a directory that is there already must be so. */
int import_settings_check(const struct cadb_settings *there,
    const struct cadb_settings *wish, const char *dir, struct err *e);

/* ---- the files --------------------------------------------------------- */

enum import_kind { IMPORT_INDEX, IMPORT_CERTS, IMPORT_CRL };
const char *import_kind_name(enum import_kind k); /* "index" */

/* What a file came to. */
struct import_result {
        const char *path; /* borrowed */
        enum import_kind kind;
        char ca[LAB_NAME_MAX + 1]; /* "" for certificates of several */
        size_t rows;               /* lines, certificates, entries */
        size_t added, changed, same;
        /* Certificates of the CA that an index lacks, its OCSP signers apart;
         * revoked ones that a full CRL lacks: all are left as they are. */
        int64_t unlisted;
        size_t hold_instructions; /* their OIDs are dropped */
        bool delta;
        uint64_t number; /* CRLNumber; 0: none */
        uint64_t newer;  /* one that was seen before it; 0: none */
        int64_t this_update, next_update;
};

/*
 * Takes over one file, whatever it is.  watched: an empty one is an index.txt
 * without lines yet.  ERR_DATA if the file is to blame, ERR_TRYLATER if it
 * changes meanwhile.
 */
int import_file(const struct import *im, const char *path, bool watched,
    struct import_result *out, struct err *e);

/* ---- what is printed ---------------------------------------------------- */

/* The CAs that were made known, and what to do next for want of a signer.
 * Without any, the one that --ca-cert names, if nothing else is printed. */
int import_print_cas(const struct args *a, const struct import *im,
    const struct cadb_settings *s, struct err *e);

/* One line of JSON or of text. */
int import_print_result(const struct args *a, const struct import_result *r,
    int64_t now, struct err *e);

/* The ready line of --watch. */
int import_print_ready(const struct import_result *r, struct err *e);

/* ---- for import_file --------------------------------------------------- */

/* The CAs of the lab with their certificates. */
struct import_cas {
        struct import_issuer {
                int64_t id, not_after;
                char name[LAB_NAME_MAX + 1];
                X509 *cert;
        } * rows;
        size_t len;
};
int import_cas_load(struct cadb *db, struct import_cas *out, struct err *e);
void import_cas_release(struct import_cas *cas);

/* "this lab has root, ca1", for the end of a refusal.  Static until the next
 * call. */
const char *import_cas_names(const struct import_cas *cas);

struct cadb_imported;

/* Brings a row to that state and counts what it came to. */
int import_row(const struct import *im, const struct cadb_imported *row,
    struct import_result *out, struct err *e);

int import_index(const struct import *im, int fd, const struct import_cas *cas,
    struct import_result *out, struct err *e);
int import_certs(const struct import *im, const struct import_cas *cas,
    struct import_result *out, struct err *e);
int import_crl(const struct import *im, const struct import_cas *cas,
    struct import_result *out, struct err *e);

#endif
