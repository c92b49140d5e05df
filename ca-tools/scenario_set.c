#include "scenario.h"

#include <stdlib.h>

#include "authority.h"
#include "cadb/write.h"

/* For the answers of one CA after the other. */
struct signing {
        const struct lab *lab;
        const struct forge *forge;
        const struct scenario *scenario;
        const struct scenario_aim *aim;
        const struct cadb_new_scenario *row;
};

static int sign_for(void *arg, const struct cadb_ca *ca, struct err *e)
{
        const struct signing *s = arg;
        char path[CADB_PATH_MAX];

        if (scenario_signer_make(
                s->lab, s->forge, s->scenario, ca, s->aim, path, e) != 0)
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
        struct signing s = {lab, f, c->scenario, aim, &row};

        if (scenario_aim_check(lab, aim, c->scenario, e) != 0 ||
            scenario_will_tell(lab, e) != 0 ||
            cadb_scenario_set(lab->db, &row, f->now, e) != 0)
                return -1;
        if (aim->has_ca)
                return sign_for(&s, &aim->ca, e);
        return cadb_ca_each(lab->db, sign_for, &s, e);
}

int scenario_put_new(const struct lab *lab, const struct forge *f,
    const char *name, const char *folder, const struct scenario_choice *c,
    struct err *e)
{
        struct scenario_aim aim;

        if (scenario_aim_find(lab, name, NULL, &aim, e) != 0)
                return -1;
        aim.folder = folder;
        return scenario_put(lab, f, &aim, c, 0, e);
}

/* ---- a new CA ---------------------------------------------------------- */

/* What is set on all, and the signers that it has by now. */
struct of_all {
        struct cadb_scenario row; /* text "": nothing is set on all */
        size_t len;
        struct cadb_scenario_signer *signers;
};

static int find_of_all(void *arg, const struct cadb_scenario *s, struct err *e)
{
        struct of_all *all = arg;

        (void)e;
        if (s->ca == 0 && s->serial_len == 0)
                all->row = *s;
        return 0;
}

static int keep_signer(
    void *arg, const struct cadb_scenario_signer *s, struct err *e)
{
        struct of_all *all = arg;
        struct cadb_scenario_signer *list;

        if (s->ca != 0 || s->serial_len != 0)
                return 0;
        list = realloc(all->signers, (all->len + 1) * sizeof(*list));
        if (list == NULL)
                return err_set(e, ERR_OS, "out of memory");
        all->signers = list;
        all->signers[all->len++] = *s;
        return 0;
}

/* As it was, but for its number, by which responders see it; then the new
 * CA's signer. */
static int set_anew(const struct lab *lab, const struct forge *f,
    const struct of_all *all, const struct scenario *scenario,
    const char *ca_name, struct err *e)
{
        struct cadb_new_scenario row = {
            .text = all->row.text, .times = all->row.times};
        struct scenario_aim aim = {.has_ca = false};
        struct signing s = {lab, f, scenario, &aim, &row};
        struct cadb_ca ca;
        size_t i;

        if (cadb_scenario_set(lab->db, &row, f->now, e) != 0)
                return -1;
        for (i = 0; i < all->len; i++)
                if (cadb_scenario_sign(lab->db, &row, all->signers[i].issuer,
                        all->signers[i].path, e) != 0)
                        return -1;
        return authority_find(lab, ca_name, &ca, e) == 0 ? sign_for(&s, &ca, e)
                                                         : -1;
}

int scenario_extend(const struct lab *lab, const struct forge *f,
    const char *ca_name, struct err *e)
{
        struct of_all all = {.len = 0};
        struct scenario_choice c;
        int rc = cadb_scenario_each(lab->db, find_of_all, &all, e);

        /* What a newer program has set is for that to extend. */
        if (rc != 0 || all.row.text[0] == '\0' ||
            scenario_parse(all.row.text, &c, NULL) != 0 ||
            c.scenario->signer == SCENARIO_SIGNER_CURRENT)
                return rc;
        rc = cadb_scenario_signer_each(lab->db, keep_signer, &all, e);
        if (rc == 0)
                rc = set_anew(lab, f, &all, c.scenario, ca_name, e);
        free(all.signers);
        return rc;
}
