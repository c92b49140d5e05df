#include "scenario.h"

#include "cadb/write.h"
#include "signers.h"

/* For the answers of one CA after the other. */
struct signing {
        const struct lab *lab;
        const struct forge *forge;
        const struct scenario *scenario;
        const struct cadb_cert *cert; /* NULL: not about one */
        const struct cadb_new_scenario *row;
};

static int sign_for(void *arg, const struct cadb_ca *ca, struct err *e)
{
        const struct signing *s = arg;
        char path[CADB_PATH_MAX];

        if (scenario_signer_make(
                s->lab, s->forge, s->scenario, ca, s->cert, path, e) != 0)
                return -1;
        return path[0] == '\0'
                   ? 0
                   : cadb_scenario_sign(s->lab->db, s->row, ca->id, path, e);
}

int scenario_put(const struct lab *lab, const struct forge *f,
    const struct scenario_aim *aim, const struct scenario_choice *c,
    int64_t times, struct err *e)
{
        char text[SCENARIO_TEXT_MAX];
        struct cadb_new_scenario row = {
            .ca = scenario_aim_ca(aim),
            .serial = scenario_aim_serial(aim),
            .text = scenario_text(c, text),
            .times = times,
        };
        struct signing s = {
            lab, f, c->scenario, aim->has_cert ? &aim->cert : NULL, &row};

        if (scenario_aim_check(lab, aim, c->scenario, e) != 0 ||
            cadb_scenario_set(lab->db, &row, f->now, e) != 0)
                return -1;
        if (aim->has_ca)
                return sign_for(&s, &aim->ca, e);
        return cadb_ca_each(lab->db, sign_for, &s, e);
}

static int put_all(const struct lab *lab, const struct forge *f,
    const struct scenario_part *parts, size_t len, struct err *e)
{
        struct scenario_aim aim;
        size_t i;

        for (i = 0; i < len; i++)
                if (scenario_aim_find(lab, parts[i].name, NULL, &aim, e) != 0 ||
                    scenario_put(lab, f, &aim, parts[i].choice, 0, e) != 0)
                        return -1;
        return 0;
}

int scenario_put_on(const struct lab *lab, const struct scenario_part *parts,
    size_t len, struct err *e)
{
        EVP_PKEY *rsa = NULL;
        struct forge f = {
            lab->dir, lab->db, lab->settings.temporary, lab_now(lab), &rsa};
        int rc = -1;

        if (cadb_begin(lab->db, e) != 0)
                return -1;
        if (signers_sweep(&f, e) == 0 && put_all(lab, &f, parts, len, e) == 0 &&
            cadb_commit(lab->db, e) == 0)
                rc = 0;
        EVP_PKEY_free(rsa);
        if (rc != 0)
                signers_undo(&f, false);
        return rc == 0 ? scenario_tell(lab, e) : -1;
}
