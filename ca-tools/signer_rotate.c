#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anchors.h"
#include "authority.h"
#include "cadb/write.h"
#include "cmd_signer.h"
#include "forge.h"
#include "print.h"
#include "signers.h"

enum { OPT_CA = ARGS_OWN, OPT_IF_DUE, OPT_ALGORITHM, OPT_DAYS };

static const struct option options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"if-due", required_argument, NULL, OPT_IF_DUE},
    {"algorithm", required_argument, NULL, OPT_ALGORITHM},
    {"days", required_argument, NULL, OPT_DAYS},
    ARGS_COMMON,
};

/* What a CA's turn comes to. */
enum outcome {
        TURN_DUE,
        TURN_NOT_DUE,
        TURN_NO_KEY, /* due, but its delegate is made elsewhere */
        TURN_DONE,
        TURN_OTHERS, /* somebody else has just done it */
};

struct turn {
        struct cadb_ca row;
        enum outcome outcome;
        struct forge_pair pair; /* the new one; of the trusted one: shared */
        char path[CADB_PATH_MAX];
};

struct rotation {
        /* wishes */
        const char *ca; /* NULL: all */
        int64_t if_due; /* -1: now, due or not */
        bool algorithm_given;
        enum pki_algorithm algorithm;
        int64_t validity; /* -1: as long as the one before */
        /* what comes of them */
        struct lab lab;
        struct forge forge;
        struct turn *turns;
        size_t len, room;
        size_t rotated;           /* how many have a new one */
        struct forge_pair shared; /* the new trusted one */
        char shared_path[CADB_PATH_MAX];
};

static void rotation_release(struct rotation *r)
{
        size_t i;

        for (i = 0; i < r->len; i++)
                forge_pair_release(&r->turns[i].pair);
        free(r->turns);
        forge_pair_release(&r->shared);
        lab_release(&r->lab);
}

/* ---- wishes ------------------------------------------------------------ */

static int set_option(struct rotation *r, int option, struct err *e)
{
        switch (option) {
        case OPT_CA:
                r->ca = optarg;
                return 0;
        case OPT_IF_DUE:
                if (parse_duration(optarg, 'd', &r->if_due, e) != 0)
                        return err_prefix(e, "--if-due");
                return 0;
        case OPT_ALGORITHM:
                r->algorithm_given = true;
                return pki_algorithm_parse(optarg, &r->algorithm, e);
        case OPT_DAYS:
                if (parse_duration(optarg, 'd', &r->validity, e) != 0)
                        return err_prefix(e, "--days");
                if (r->validity == 0)
                        return err_set(
                            e, ERR_USAGE, "--days: a signer must live a while");
                return 0;
        }
        return -1;
}

static int parse(struct rotation *r, struct args *a, struct err *e)
{
        int option;

        while ((option = args_next(a, options, e)) != ARGS_END)
                if (option == ARGS_BAD || set_option(r, option, e) != 0)
                        return -1;
        return args_words(a, 0, 0, "", e);
}

/* ---- whose turn it is -------------------------------------------------- */

static bool is_due(const struct rotation *r, const struct cadb_ca *ca)
{
        return r->if_due < 0 || !ca->has_signer ||
               ca->signer_not_after - r->forge.now < r->if_due;
}

static int add_turn(void *arg, const struct cadb_ca *ca, struct err *e)
{
        struct rotation *r = arg;
        struct turn *turn;

        if (ca->model == CADB_SIGNER_CA)
                return 0;
        if (r->len == r->room) {
                r->room = 2 * r->room + 4;
                turn = realloc(r->turns, r->room * sizeof(*turn));
                if (turn == NULL)
                        return err_set(e, ERR_OS, "out of memory");
                r->turns = turn;
        }
        turn = &r->turns[r->len++];
        memset(turn, 0, sizeof(*turn));
        turn->row = *ca;
        if (!is_due(r, ca))
                turn->outcome = TURN_NOT_DUE;
        else if (ca->model == CADB_SIGNER_DELEGATED && ca->key_path[0] == '\0')
                turn->outcome = TURN_NO_KEY;
        else
                turn->outcome = TURN_DUE;
        return 0;
}

/* The trusted one is everybody's: all of them, whichever was named. */
static int add_trusted(void *arg, const struct cadb_ca *ca, struct err *e)
{
        return ca->model == CADB_SIGNER_TRUSTED ? add_turn(arg, ca, e) : 0;
}

static int own_key_signs(const struct cadb_ca *ca, struct err *e)
{
        return err_set(e, ERR_CONFIG,
            "%s signs its answers itself (signer model ca), so there is "
            "nothing "
            "to rotate: 'ocsp-ca signer request --ca %s' makes room for a "
            "delegate",
            ca->name, ca->name);
}

static int collect(struct rotation *r, struct err *e)
{
        struct cadb_ca ca;

        if (r->ca == NULL) {
                if (cadb_ca_each(r->lab.db, add_turn, r, e) != 0)
                        return -1;
                if (r->len == 0)
                        return err_set(e, ERR_CONFIG,
                            "every CA signs its answers itself (signer model "
                            "ca), so there is nothing to rotate");
                return 0;
        }
        if (authority_find(&r->lab, r->ca, &ca, e) != 0)
                return -1;
        switch (ca.model) {
        case CADB_SIGNER_DELEGATED:
                return add_turn(r, &ca, e);
        case CADB_SIGNER_CA:
                return own_key_signs(&ca, e);
        case CADB_SIGNER_TRUSTED:
                return cadb_ca_each(r->lab.db, add_trusted, r, e);
        }
        return err_set(e, ERR_INTERNAL, "unknown signer model");
}

static size_t count(const struct rotation *r, enum outcome outcome)
{
        size_t i, n = 0;

        for (i = 0; i < r->len; i++)
                n += r->turns[i].outcome == outcome;
        return n;
}

/* ---- new ones ---------------------------------------------------------- */

/* The same kind of key as before, or as the CA has. */
static int choose_algorithm(const struct rotation *r, const struct cadb_ca *ca,
    enum pki_algorithm *out, struct err *e)
{
        char path[PATH_MAX];
        X509 *cert = NULL;
        int rc;

        *out = r->algorithm;
        if (r->algorithm_given)
                return 0;
        if (!ca->has_signer ||
            file_path(path, sizeof(path), NULL, "%s/%s", r->lab.dir,
                ca->signer_path) != 0 ||
            pki_cert_load(path, &cert, NULL) != 0) {
                if (pki_cert_from_der(
                        (struct span){ca->der, ca->der_len}, &cert, e) != 0)
                        return err_prefix(e, "CA %s in the database", ca->name);
        }
        rc = authority_key_kind(X509_get0_pubkey(cert), ca->name, out, e);
        X509_free(cert);
        return rc;
}

/* As long as asked for, else as the one before; never beyond the CA. */
static void choose_life(
    const struct rotation *r, const struct cadb_ca *ca, struct forge_signer *s)
{
        s->not_before = r->forge.now - FORGE_BACKDATE_S;
        if (s->not_before < ca->not_before)
                s->not_before = ca->not_before;
        s->not_after = ca->not_after;
        if (r->validity >= 0)
                s->not_after = r->forge.now + r->validity;
        else if (ca->has_signer)
                s->not_after = s->not_before + ca->signer_not_after -
                               ca->signer_not_before;
        if (s->not_after <= ca->not_after)
                return;
        if (r->validity >= 0)
                fprintf(stderr,
                    "ocsp-ca: note: the new signer of %s ends with its CA\n",
                    ca->name);
        s->not_after = ca->not_after;
}

static int plan_signer(const struct rotation *r, const struct cadb_ca *ca,
    struct forge_signer *s, struct err *e)
{
        char at[TIME_TEXT_MAX];

        if (ca->not_after <= r->forge.now)
                return err_set(e, ERR_CONFIG,
                    "%s has expired on %s: it needs no new signer", ca->name,
                    format_time(ca->not_after, at));
        choose_life(r, ca, s);
        return choose_algorithm(r, ca, &s->algorithm, e);
}

static int make_delegate(struct rotation *r, struct turn *turn, struct err *e)
{
        struct authority ca = {.cert = NULL};
        struct forge_signer s;
        int rc = -1;

        if (plan_signer(r, &turn->row, &s, e) == 0 &&
            authority_load(&r->lab, turn->row.name, &ca, e) == 0)
                rc = forge_delegate(&turn->pair, &s, ca.cert, ca.key, e);
        authority_release(&ca);
        return rc;
}

/* Once for all, named as the one before. */
static int make_shared(
    struct rotation *r, const struct turn *turn, struct err *e)
{
        static const char suffix[] = " OCSP Responder";
        char path[CADB_PATH_MAX], name[FORGE_NAME_MAX + 1] = "Lab";
        struct forge_pair before = {.key = NULL};
        struct forge_signer s;
        char *end;

        if (r->shared.cert != NULL)
                return 0;
        if (plan_signer(r, &turn->row, &s, e) != 0)
                return -1;
        if (signers_trusted(&r->lab, &before, path, NULL) == 1)
                forge_common_name(before.cert, name);
        forge_pair_release(&before);
        end = strstr(name, suffix);
        if (end != NULL)
                *end = '\0';
        return forge_trusted(&r->shared, &s, name, e);
}

/* Keys take their time: before the write lock. */
static int make_all(struct rotation *r, struct err *e)
{
        struct turn *turn;
        size_t i;

        for (i = 0; i < r->len; i++) {
                turn = &r->turns[i];
                if (turn->outcome != TURN_DUE)
                        continue;
                if ((turn->row.model == CADB_SIGNER_TRUSTED
                            ? make_shared(r, turn, e)
                            : make_delegate(r, turn, e)) != 0)
                        return -1;
        }
        return 0;
}

/* ---- commit ------------------------------------------------------------ */

static int add_shared(struct rotation *r, struct turn *turn, struct err *e)
{
        if (r->shared_path[0] == '\0' &&
            (forge_signer_file(&r->forge, turn->row.name, &r->shared,
                 r->shared_path, e) != 0 ||
                anchors_responders(&r->forge, r->shared.cert, e) != 0))
                return -1;
        return forge_signer_row(
            &r->forge, turn->row.id, &r->shared, r->shared_path, false, e);
}

/* Unless the CA has got another signer since we looked. */
static int add(struct rotation *r, struct turn *turn, struct err *e)
{
        struct cadb_ca now;
        int found = cadb_ca_find_id(r->lab.db, turn->row.id, &now, e);

        if (found == 0)
                return err_set(e, ERR_DATA, "%s: is gone", turn->row.name);
        if (found < 0)
                return -1;
        if (now.signer_id != turn->row.signer_id ||
            now.model != turn->row.model) {
                turn->row = now;
                turn->outcome = TURN_OTHERS;
                return 0;
        }
        turn->outcome = TURN_DONE;
        r->rotated++;
        return turn->row.model == CADB_SIGNER_TRUSTED
                   ? add_shared(r, turn, e)
                   : forge_delegate_add(&r->forge, &turn->row, &turn->pair, e);
}

static int add_all(struct rotation *r, struct err *e)
{
        size_t i;

        for (i = 0; i < r->len; i++)
                if (r->turns[i].outcome == TURN_DUE &&
                    add(r, &r->turns[i], e) != 0)
                        return -1;
        return 0;
}

/* The file is there before the row that names it. */
static int commit(struct rotation *r, struct err *e)
{
        if (cadb_begin(r->lab.db, e) != 0)
                return -1;
        if (signers_sweep(&r->forge, e) == 0 && add_all(r, e) == 0 &&
            cadb_commit(r->lab.db, e) == 0)
                return 0;
        signers_undo(&r->forge, r->shared.cert != NULL);
        return -1;
}

/* ---- what it prints ---------------------------------------------------- */

static int print_turn_json(
    const struct rotation *r, const struct turn *turn, struct err *e)
{
        const struct cadb_ca *ca = &turn->row;

        return print_json(
            json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:o}", "ca", ca->name,
                "model", cadb_signer_model_name(ca->model), "rotated",
                turn->outcome == TURN_DONE, "serial",
                ca->has_signer
                    ? json_serial(ca->signer_serial, ca->signer_serial_len)
                    : json_null(),
                "not_after",
                ca->has_signer ? json_time(ca->signer_not_after) : json_null(),
                "path", json_path(&r->lab, ca->signer_path), "before",
                json_path(&r->lab, turn->path)),
            e);
}

static void print_turn(const struct rotation *r, const struct turn *turn)
{
        char serial[PKI_SERIAL_TEXT_MAX], at[TIME_TEXT_MAX];
        char left[DURATION_TEXT_MAX];
        const struct cadb_ca *ca = &turn->row;

        format_time(ca->signer_not_after, at);
        switch (turn->outcome) {
        case TURN_DONE:
                printf("%s: new signer %s, until %s\n", ca->name,
                    pki_serial_text(
                        (struct span){ca->signer_serial, ca->signer_serial_len},
                        serial),
                    at);
                break;
        case TURN_NOT_DUE:
                format_duration(ca->signer_not_after - r->forge.now, left);
                printf("%s: not due, until %s, %s left\n", ca->name, at, left);
                break;
        case TURN_OTHERS:
                printf("%s: somebody else has just done it, until %s\n",
                    ca->name, at);
                break;
        case TURN_NO_KEY:
                fprintf(stderr,
                    "ocsp-ca: note: the key of %s is not here: 'ocsp-ca signer "
                    "request --ca %s --out FILE' asks for a signer\n",
                    ca->name, ca->name);
                break;
        case TURN_DUE:
                break;
        }
}

/* As the database has them now; path becomes the file of the one before. */
static int read_back(struct rotation *r, struct err *e)
{
        struct turn *turn;
        size_t i;

        for (i = 0; i < r->len; i++) {
                turn = &r->turns[i];
                if (turn->outcome != TURN_DONE)
                        continue;
                snprintf(turn->path, sizeof(turn->path), "%s",
                    turn->row.signer_path);
                if (cadb_ca_find_id(r->lab.db, turn->row.id, &turn->row, e) < 0)
                        return -1;
        }
        return 0;
}

static int print_all(struct rotation *r, const struct args *a, struct err *e)
{
        size_t i;

        if (read_back(r, e) != 0)
                return -1;
        for (i = 0; i < r->len; i++)
                if (!a->json || r->turns[i].outcome == TURN_NO_KEY)
                        print_turn(r, &r->turns[i]);
                else if (print_turn_json(r, &r->turns[i], e) != 0)
                        return -1;
        if (r->shared_path[0] != '\0' && !a->json)
                printf("  %-8s %s/responder.pem, which clients have to read "
                       "again\n",
                    "trust", r->lab.dir);
        return 0;
}

/* Each run of a cron job would make another. */
static void note_short_lives(const struct rotation *r)
{
        const struct turn *turn;

        for (turn = r->turns; turn < r->turns + r->len; turn++)
                if (turn->outcome == TURN_DONE &&
                    turn->row.signer_not_after - r->forge.now < r->if_due)
                        fprintf(stderr,
                            "ocsp-ca: note: the new signer of %s is due again "
                            "at once: say --days, or less with --if-due\n",
                            turn->row.name);
}

/* A cron job must fail where a signer runs out and nobody else can help. */
static int judge(const struct rotation *r, struct err *e)
{
        size_t missed = count(r, TURN_NO_KEY);

        if (missed == 0 || (r->if_due < 0 && r->rotated > 0))
                return 0;
        return err_set(e, ERR_CONFIG,
            "%zu CA%s without a key here: only who has it can make a new "
            "signer: 'ocsp-ca signer request', then 'ocsp-ca signer install'",
            missed, missed == 1 ? "" : "s");
}

static int rotate(struct rotation *r, const struct args *a, struct err *e)
{
        if (lab_open_write(&r->lab, a, e) != 0)
                return -1;
        r->forge = (struct forge){r->lab.dir, r->lab.db,
            r->lab.settings.temporary, lab_now(&r->lab), NULL};
        if (collect(r, e) != 0)
                return -1;
        if (count(r, TURN_DUE) > 0 &&
            (make_all(r, e) != 0 || commit(r, e) != 0))
                return -1;
        if (print_all(r, a, e) != 0)
                return -1;
        note_short_lives(r);
        return judge(r, e);
}

int signer_rotate(struct args *a, struct err *e)
{
        struct rotation r = {.if_due = -1, .validity = -1};
        int rc = -1;

        if (parse(&r, a, e) == 0)
                rc = rotate(&r, a, e);
        rotation_release(&r);
        return rc;
}
