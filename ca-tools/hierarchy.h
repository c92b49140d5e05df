/* The CAs of a new lab: keys, certificates, OCSP signers, rows. */
#ifndef OCSP_LAB_CA_HIERARCHY_H
#define OCSP_LAB_CA_HIERARCHY_H

#include "cadb/cadb.h"
#include "pki/pki.h"

/* RFC 5280 sets no bound; four is what a lab can show. */
enum { HIERARCHY_DEPTH_MAX = 4 };

struct hierarchy_spec {
        const char *dir;
        const struct cadb_settings *settings;
        const char *name; /* "Lab": subjects are "Lab Root", "Lab CA" */
        enum pki_algorithm algorithm, signer_algorithm;
        unsigned depth; /* CAs in the chain; 1: the root issues leaves */
        enum cadb_signer_model model;
        int64_t now, not_before, not_after;
        int64_t signer_not_after;
};

/* What there is to say of a CA that was made. */
struct hierarchy_ca {
        char name[LAB_NAME_MAX + 1];
        char subject[PKI_NAME_TEXT_MAX];
        char cert_path[CADB_PATH_MAX];
};

/*
 * Writes the files of root, ca1, ca2, ... and of their signers into DIR, and
 * adds their rows to db, inside a transaction of the caller.  Each CA has a
 * signer of its own, so that intermediates' own status can be asked too;
 * with CADB_SIGNER_TRUSTED all share one.  made gets spec->depth entries.
 */
int hierarchy_make(struct cadb *db, const struct hierarchy_spec *spec,
    struct hierarchy_ca made[HIERARCHY_DEPTH_MAX], struct err *e);

#endif
