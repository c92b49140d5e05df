#include "cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cast_release(struct cast *c)
{
        free(c->roles);
        c->roles = NULL;
        c->len = 0;
}

/* ---- which -------------------------------------------------------------- */

static int check_role(
    const struct plan *p, const struct scenario_choice *c, struct err *e)
{
        const struct scenario *s = c->scenario;

        if (scenario_check_made(s, e) != 0)
                return -1;
        if ((s->needs & SCENARIO_NEEDS_UNISSUED) != 0)
                return err_set(e, ERR_USAGE,
                    "scenario %s is about serials that nobody issued", s->name);
        return scenario_issue_check(&p->lab, p->wish->ca, s, e);
}

static int choose_named(struct cast *c, const struct plan *p,
    char *const *names, size_t len, struct err *e)
{
        size_t i;

        for (; c->len < len; c->len++) {
                struct scenario_choice *role = &c->roles[c->len];

                if (scenario_parse(names[c->len], role, e) != 0 ||
                    check_role(p, role, e) != 0)
                        return -1;
                for (i = 0; i < c->len; i++)
                        if (c->roles[i].scenario == role->scenario)
                                return err_set(e, ERR_USAGE, "%s: named twice",
                                    role->scenario->name);
        }
        return 0;
}

/* What does not fit this CA is left out. */
static int choose_all(struct cast *c, const struct plan *p, struct err *e)
{
        size_t i;

        for (i = 0; i < scenario_count(); i++) {
                const char *text = scenario_host_text(scenario_at(i));
                struct err why = ERR_INIT;

                if (text == NULL)
                        continue;
                if (scenario_parse(text, &c->roles[c->len], e) != 0)
                        return -1;
                if (check_role(p, &c->roles[c->len], &why) == 0) {
                        c->len++;
                } else if (why.code != ERR_USAGE) {
                        *e = why;
                        return -1;
                }
        }
        return 0;
}

int cast_choose(struct cast *c, const struct plan *p, char *const *names,
    size_t len, struct err *e)
{
        size_t i, most = len > 0 ? len : scenario_count();
        int rc;

        *c = (struct cast){.roles = calloc(most, sizeof(*c->roles))};
        if (c->roles == NULL)
                return err_set(e, ERR_OS, "out of memory");
        rc = len > 0 ? choose_named(c, p, names, len, e) : choose_all(c, p, e);
        for (i = 0; rc == 0 && i < c->len; i++)
                c->twins += scenario_needs_twin(c->roles[i].scenario);
        return rc;
}

/* ---- certificates ------------------------------------------------------- */

/* The common wish, and what is the scenario's own: its one name, so that the
 * others' stay theirs, and what must stand in the certificate. */
static int add_role(struct batch *b, const struct scenario_choice *role,
    bool twin, struct err *e)
{
        const struct scenario *s = role->scenario;
        const struct wish *common = b->plan->wish;
        struct wish own = *common;
        char host[LAB_NAME_MAX + sizeof(".localhost")];
        struct model m = {.csr = NULL};
        struct terms t;
        int rc;

        snprintf(host, sizeof(host), "%s.localhost", s->name);
        own.sans[0] = host;
        own.sans_len = 1;
        own.has_scenario = true;
        own.scenario = *role;
        own.must_staple |= (s->needs & SCENARIO_NEEDS_MUST_STAPLE) != 0;
        b->plan->wish = &own;
        rc = terms_make(&t, b->plan, &m, s->name, e);
        b->plan->wish = common;
        if (rc == 0)
                rc = twin ? batch_add_twin(b, &t, e) : batch_add(b, &t, e);
        return rc;
}

int cast_add(const struct cast *c, struct batch *b, struct err *e)
{
        size_t i;

        for (i = 0; i < c->len; i++)
                if (batch_check(b, c->roles[i].scenario->name, e) != 0)
                        return -1;
        for (i = 0; i < c->len; i++)
                if (add_role(b, &c->roles[i], false, e) != 0)
                        return -1;
        for (i = 0; i < c->len; i++)
                if (scenario_needs_twin(c->roles[i].scenario) &&
                    add_role(b, &c->roles[i], true, e) != 0)
                        return -1;
        return 0;
}

/* ---- scenarios ---------------------------------------------------------- */

static int put_role(const struct batch *b, const struct forge *f,
    const struct batch_item *i, const struct scenario_choice *role,
    struct err *e)
{
        char folder[PATH_MAX];

        if (batch_folder(b, i, folder, e) != 0)
                return -1;
        return scenario_put_new(&b->plan->lab, f, i->name, folder, role, e);
}

int cast_put(
    void *cast, const struct batch *b, const struct forge *f, struct err *e)
{
        const struct cast *c = cast;
        size_t i, twin = c->len;

        for (i = 0; i < c->len; i++) {
                const struct scenario *s = c->roles[i].scenario;

                /* Else it stands in the certificate already. */
                if (s->place != SCENARIO_AT_CERTIFICATE &&
                    put_role(b, f, &b->items[i], &c->roles[i], e) != 0)
                        return -1;
                if (scenario_needs_twin(s) &&
                    put_role(b, f, &b->items[twin++], &c->roles[i], e) != 0)
                        return -1;
        }
        return 0;
}
