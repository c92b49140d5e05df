/* From a planned answer to what goes out, by the recipe of the scenario. */
#include "responder/fault/internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- recipes ----------------------------------------------------------- */

static const struct recipe *find_recipe(const char *name)
{
        static const struct recipe_list *const lists[] = {
            &recipes_answer, &recipes_time, &recipes_der, &recipes_delivery};
        size_t i, j;

        for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
                for (j = 0; j < lists[i]->len; j++)
                        if (strcmp(lists[i]->rows[j].name, name) == 0)
                                return &lists[i]->rows[j];
        return NULL;
}

bool fault_knows(const char *name)
{
        return find_recipe(name) != NULL;
}

/* ---- for recipes ------------------------------------------------------- */

int64_t spoil_number(const struct spoil *s, const char *param)
{
        return scenario_value(&s->fault->choice, param);
}

int64_t spoil_seconds(const struct spoil *s, const char *param)
{
        return scenario_value(&s->fault->choice, param) / 1000;
}

uint8_t *spoil_room(struct spoil *s, size_t len)
{
        uint8_t *room = s->arena + s->used;

        if (len > sizeof(s->arena) - s->used)
                return NULL;
        s->used += len;
        return room;
}

/* ---- the steps --------------------------------------------------------- */

static const struct fault_means *find_means(
    const struct fault *f, const struct issuer *issuer)
{
        size_t i;

        for (i = 0; issuer != NULL && i < f->means_len; i++)
                if (f->means[i].issuer == issuer->id)
                        return &f->means[i];
        return NULL;
}

/* Who signs: the scenario's own, else the CA's of the day, where that is as
 * the scenario wants it. */
static void choose_signer(struct spoil *s)
{
        enum scenario_signer wanted = s->fault->choice.scenario->signer;
        const struct issuer *issuer = s->answer->issuer;

        if (s->means != NULL && s->means->signer != NULL) {
                s->signer = s->means->signer;
                s->signer_not_after = s->means->signer_not_after;
        } else if (wanted == SCENARIO_SIGNER_CURRENT ||
                   (wanted == SCENARIO_SIGNER_DELEGATE &&
                       issuer->model == CADB_SIGNER_DELEGATED)) {
                s->signer = issuer->signer;
                s->signer_not_after = issuer->not_after;
        }
}

static int encode_error(struct spoil *s)
{
        uint8_t error[OCSP_ERROR_LEN];

        ocsp_error_encode(s->answer->status, error);
        buf_append(&s->out->der, error, sizeof(error));
        return 0;
}

static int edit_pieces(struct spoil *s, const struct recipe *r, struct err *e)
{
        struct buf *der = &s->out->der;
        int rc;

        if (r->tbs == NULL && r->pieces == NULL &&
            (s->means == NULL || s->means->along.len == 0))
                return 0;
        rc = parts_read(buf_span(der), &s->parts, e);
        if (rc == 0 && r->tbs != NULL) {
                r->tbs(s);
                rc = parts_sign(&s->parts, s->signer, e);
        }
        if (rc == 0 && s->means != NULL && s->means->along.len > 0)
                buf_append(
                    &s->parts.certs, s->means->along.data, s->means->along.len);
        if (rc == 0 && r->pieces != NULL)
                r->pieces(s);
        return rc == 0 ? parts_write(&s->parts, der, e) : rc;
}

static int encode(struct spoil *s, const struct recipe *r, struct err *e)
{
        if (s->means == NULL &&
            s->fault->choice.scenario->signer != SCENARIO_SIGNER_CURRENT)
                return err_set(e, ERR_CONFIG,
                    "scenario %s: the CA has come after it: set it again",
                    s->fault->choice.scenario->name);
        if (s->answer->status != OCSP_SUCCESSFUL)
                return encode_error(s);
        if (s->signer == NULL)
                return err_set(e, ERR_CONFIG,
                    "scenario %s: its signer (%s) is not here: set it again",
                    s->fault->choice.scenario->name,
                    scenario_signer_name(s->fault->choice.scenario->signer));
        if (ocsp_answer_encode(&s->answer->ocsp, s->signer, &s->out->der, e) !=
            0)
                return -1;
        s->out->encoded = true;
        return edit_pieces(s, r, e);
}

static int run(struct spoil *s, const struct recipe *r, struct err *e)
{
        struct fault_outcome *out = s->out;

        if (r->before != NULL)
                r->before(s);
        if (encode(s, r, e) != 0)
                return -1;
        if (r->bytes != NULL)
                r->bytes(s);
        out->status = s->answer->status;
        /* No cache may keep it: it would be there when the scenario is not. */
        delivery_make(
            NULL, NULL, buf_span(&out->der), s->c->now, &out->delivery);
        if (r->delivery != NULL)
                r->delivery(s);
        out->delivery.body = buf_span(&out->der);
        return out->der.failed ? err_set(e, ERR_OS, "answer: out of memory")
                               : 0;
}

int fault_spoil(struct fault *f, const struct fault_case *c,
    struct fault_outcome *out, struct err *e)
{
        const struct recipe *recipe;
        struct spoil *s;
        int rc;

        if (f->broken[0] != '\0')
                return err_set(e, ERR_CONFIG, "%s", f->broken);
        recipe = find_recipe(f->choice.scenario->name);
        s = calloc(1, sizeof(*s));
        if (s == NULL || recipe == NULL) {
                free(s);
                return err_set(e, ERR_INTERNAL, "scenario %s: no recipe",
                    f->choice.scenario->name);
        }
        s->fault = f;
        s->c = c;
        s->answer = c->answer;
        s->single = &c->answer->singles[c->target];
        s->means = find_means(f, c->answer->issuer);
        s->out = out;
        choose_signer(s);
        rc = run(s, recipe, e);
        parts_release(&s->parts);
        free(s);
        return rc;
}
