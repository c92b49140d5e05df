/* Setting scenarios: on what, whether that fits, and the signers that some of
 * them want. */
#ifndef OCSP_LAB_CA_SCENARIO_H
#define OCSP_LAB_CA_SCENARIO_H

#include <limits.h>

#include "forge.h"
#include "lab.h"
#include "scenario/scenario.h"

/* ---- on what ----------------------------------------------------------- */

/* A certificate, else a CA, else all. */
struct scenario_aim {
        bool has_cert, has_ca;
        struct cadb_cert cert;
        struct cadb_ca ca;  /* the certificate's, too */
        const char *folder; /* of the certificate's files; NULL:
                               DIR/certs/NAME */
};

/* text: CERT, or NULL; ca_name: whose it is, or the CA itself, or NULL. */
int scenario_aim_find(const struct lab *lab, const char *text,
    const char *ca_name, struct scenario_aim *out, struct err *e);

/* Of the certificate, "key.pem". */
int scenario_aim_file(const struct lab *lab, const struct scenario_aim *aim,
    const char *file, char out[PATH_MAX], struct err *e);

int64_t scenario_aim_ca(const struct scenario_aim *aim);         /* 0: all */
struct span scenario_aim_serial(const struct scenario_aim *aim); /* len 0 */

/* "www", "CA root" or "all". */
enum { SCENARIO_LABEL_MAX = CADB_NAME_MAX + PKI_SERIAL_TEXT_MAX };
const char *scenario_aim_label(
    const struct scenario_aim *aim, char out[SCENARIO_LABEL_MAX]);

/* ERR_USAGE unless the scenario can be set there: it may want must-staple, or
 * to be there when the certificate is issued.  ERR_CONFIG if nothing makes it
 * happen. */
int scenario_aim_check(const struct lab *lab, const struct scenario_aim *aim,
    const struct scenario *s, struct err *e);

/* The same for certificates that the CA of that name (NULL: the default) is
 * about to issue, with a key here. */
int scenario_issue_check(const struct lab *lab, const char *ca_name,
    const struct scenario *s, struct err *e);

/* Whether it takes a second certificate, of the same names and with another
 * kind of key: NAME-rsa, or NAME-ecdsa beside one of RSA. */
bool scenario_needs_twin(const struct scenario *s);
const char *scenario_twin_name(const char *name, enum pki_algorithm algorithm,
    char out[CADB_NAME_MAX + 1]);
enum pki_algorithm scenario_twin_algorithm(enum pki_algorithm algorithm);

/* ---- signers ----------------------------------------------------------- */

/*
 * The file of the signer that s wants for answers in the name of ca, made now,
 * when it is set on that aim.  path "": no file,
 * since one signs whose key is in the lab.  ERR_CONFIG if the key that it takes
 * is not here.  Inside the transaction of f.
 */
int scenario_signer_make(const struct lab *lab, const struct forge *f,
    const struct scenario *s, const struct cadb_ca *ca,
    const struct scenario_aim *aim, char path[CADB_PATH_MAX], struct err *e);

/* ---- setting ----------------------------------------------------------- */

/* Checks, makes signers, writes the rows: within a transaction that somebody
 * else begins and ends, after signers_sweep.  times 0: until cleared. */
int scenario_put(const struct lab *lab, const struct forge *f,
    const struct scenario_aim *aim, const struct scenario_choice *c,
    int64_t times, struct err *e);

/* The same on a certificate whose row is there, and whose files are in folder
 * until they get their names. */
int scenario_put_new(const struct lab *lab, const struct forge *f,
    const char *name, const char *folder, const struct scenario_choice *c,
    struct err *e);

/* That CA is new, or its key is: what is set on all is set on it too, with a
 * signer of its own where one is wanted.  The others keep theirs; who counts
 * answers begins anew. Within a transaction, after signers_sweep. */
int scenario_extend(const struct lab *lab, const struct forge *f,
    const char *ca_name, struct err *e);

/* Tells TLS servers what is set now (see scenario/board.h), all but those that
 * no staple is among: they have it when this returns.  After the commit. */
int scenario_tell(const struct lab *lab, struct err *e);
/* Within the transaction before that: if we are killed between the two, the
 * next command that writes tells. */
int scenario_will_tell(const struct lab *lab, struct err *e);
/* What somebody did not come to tell.  If it fails, the next one tries. */
void scenario_tell_rest(const struct lab *lab);
/* The same for a lab that is new: nothing is set, or never can be. */
int scenario_tell_first(
    const char *dir, const struct cadb_settings *s, struct err *e);

/* ---- telling ----------------------------------------------------------- */

enum scenario_format { SCENARIO_TEXT, SCENARIO_MARKDOWN, SCENARIO_MAN };

/* The catalogue, or the one of that name or alias with all that is known, or
 * those of the layer that is called so. */
int scenario_list_print(const char *name, bool json, struct err *e);
void scenario_page_print(enum scenario_format format);

/* "good" in all channels, or "staple missing, get good, ..." */
enum { SCENARIO_EXPECT_MAX = 96 };
const char *scenario_expect_text(
    const struct scenario *s, char out[SCENARIO_EXPECT_MAX]);

#endif
