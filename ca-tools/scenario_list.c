/* 'ocsp-ca scenario list': the catalogue for people and for programs. */
#include "scenario.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "print.h"

/* ---- JSON -------------------------------------------------------------- */

/* The words of a list between single spaces. */
static json_t *words_json(const char *words)
{
        json_t *list = json_array();
        size_t len;

        for (; *words != '\0'; words += len + (words[len] == ' ')) {
                len = strcspn(words, " ");
                json_array_append_new(list, json_stringn(words, len));
        }
        return list;
}

static json_t *needs_json(unsigned needs)
{
        static const struct {
                enum scenario_needs need;
                const char *name;
        } names[] = {
            {SCENARIO_NEEDS_MUST_STAPLE, "must-staple"},
            {SCENARIO_NEEDS_CERT_KEY, "cert-key"},
            {SCENARIO_NEEDS_PARENT, "parent"},
            {SCENARIO_NEEDS_UNISSUED, "unissued"},
            {SCENARIO_NEEDS_TWIN, "twin"},
        };
        json_t *list = json_array();
        size_t i;

        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if ((needs & names[i].need) != 0)
                        json_array_append_new(list, json_string(names[i].name));
        return list;
}

static json_t *param_json(const struct scenario_param *p)
{
        json_t *record = json_pack("{s:s, s:s, s:s, s:s}", "name", p->name,
            "type", scenario_type_name(p->type), "default", p->fallback,
            "meaning", p->meaning);
        json_t *words;
        size_t i;

        if (p->type != SCENARIO_WORD) {
                json_object_set_new(record, "min", json_integer(p->min));
                json_object_set_new(record, "max", json_integer(p->max));
                return record;
        }
        words = json_array();
        for (i = 0; p->words[i] != NULL; i++)
                json_array_append_new(words, json_string(p->words[i]));
        json_object_set_new(record, "words", words);
        return record;
}

static json_t *params_json(const struct scenario *s)
{
        json_t *list = json_array();
        size_t i;

        for (i = 0; i < SCENARIO_PARAMS_MAX && s->params[i].name != NULL; i++)
                json_array_append_new(list, param_json(&s->params[i]));
        return list;
}

/* {"verdict": "missing", "accepted": {"strict": false, ...},
 * "basis": {"strict": "must", ...}} */
static json_t *channel_json(
    const struct scenario *s, enum scenario_channel channel)
{
        const char *verdict = scenario_verdict_name(s->expect[channel]);
        json_t *accepted, *basis;
        int p;

        if (verdict == NULL)
                return json_null();
        accepted = json_object();
        basis = json_object();
        for (p = 0; p < SCENARIO_POLICIES; p++) {
                enum scenario_policy policy = (enum scenario_policy)p;
                const char *name = scenario_policy_name(policy);

                json_object_set_new(accepted, name,
                    json_boolean(scenario_accepted(s, channel, policy)));
                json_object_set_new(basis, name,
                    json_string(scenario_basis_name(
                        scenario_basis_of(s, channel, policy))));
        }
        return json_pack("{s:s, s:o, s:o}", "verdict", verdict, "accepted",
            accepted, "basis", basis);
}

static json_t *expect_json(const struct scenario *s)
{
        json_t *record = json_object();
        int c;

        for (c = 0; c < SCENARIO_CHANNELS; c++)
                json_object_set_new(record,
                    scenario_channel_name((enum scenario_channel)c),
                    channel_json(s, (enum scenario_channel)c));
        return record;
}

static json_t *scenario_json(const struct scenario *s)
{
        return json_pack("{s:s, s:o, s:s, s:s, s:o, s:s, s:s, s:s, s:o, s:s, "
                         "s:o, s:b, s:s?, s:s?}",
            "name", s->name, "aliases", words_json(s->aliases), "layer",
            scenario_layer_name(s->layer), "acts",
            scenario_place_name(s->place), "needs", needs_json(s->needs),
            "signer", scenario_signer_name(s->signer), "wrong", s->wrong, "ref",
            s->ref, "params", params_json(s), "basis",
            scenario_basis_name(s->basis), "expect", expect_json(s), "made",
            s->made, "host", scenario_host_text(s), "answer", s->answer);
}

/* ---- for people -------------------------------------------------------- */

static const char *word_of(enum scenario_verdict v)
{
        const char *name = scenario_verdict_name(v);

        return name != NULL ? name : "-";
}

static bool all_equal(const struct scenario *s)
{
        int c;

        for (c = 1; c < SCENARIO_CHANNELS; c++)
                if (s->expect[c] != s->expect[0])
                        return false;
        return true;
}

const char *scenario_expect_text(
    const struct scenario *s, char out[SCENARIO_EXPECT_MAX])
{
        size_t len = 0;
        int c;

        if (all_equal(s)) {
                snprintf(out, SCENARIO_EXPECT_MAX, "%s", word_of(s->expect[0]));
                return out;
        }
        out[0] = '\0';
        for (c = 0; c < SCENARIO_CHANNELS; c++) {
                if (s->expect[c] == SCENARIO_NOT_APPLICABLE)
                        continue;
                snprintf(out + len, SCENARIO_EXPECT_MAX - len, "%s%s %s",
                    len > 0 ? ", " : "",
                    scenario_channel_name((enum scenario_channel)c),
                    word_of(s->expect[c]));
                len = strlen(out);
        }
        return out;
}

static void print_line(const struct scenario *s)
{
        printf("  %-27s %s%s\n", s->name, s->wrong,
            s->made ? "" : " [not made yet]");
}

/* "get, post", or "-": where a client of that policy goes on. */
static void print_accepted(const struct scenario *s, enum scenario_policy p)
{
        bool any = false;
        int c;

        printf(" %s: ", scenario_policy_name(p));
        for (c = 0; c < SCENARIO_CHANNELS; c++) {
                enum scenario_channel channel = (enum scenario_channel)c;

                if (s->expect[c] == SCENARIO_NOT_APPLICABLE ||
                    !scenario_accepted(s, channel, p))
                        continue;
                printf("%s%s", any ? ", " : "", scenario_channel_name(channel));
                any = true;
        }
        printf("%s%s", any ? "" : "-", p + 1 < SCENARIO_POLICIES ? ";" : "\n");
}

static void print_needs(const struct scenario *s)
{
        json_t *needs = needs_json(s->needs);
        size_t i;

        for (i = 0; i < json_array_size(needs); i++)
                printf("%s%s", i > 0 ? ", " : "  needs    ",
                    json_string_value(json_array_get(needs, i)));
        if (i > 0)
                putchar('\n');
        json_decref(needs);
}

static void print_param(const struct scenario_param *p)
{
        size_t i;

        printf("  %s=%s (default %s): %s", p->name, scenario_type_name(p->type),
            p->fallback, p->meaning);
        for (i = 0; p->type == SCENARIO_WORD && p->words[i] != NULL; i++)
                printf("%s%s", i > 0 ? ", " : ": ", p->words[i]);
        putchar('\n');
}

static void print_one(const struct scenario *s)
{
        char expect[SCENARIO_EXPECT_MAX];
        size_t i;
        int p;

        printf("%s: %s (%s)\n", s->name, s->wrong, s->ref);
        if (s->aliases[0] != '\0')
                printf("  %-8s %s\n", "also", s->aliases);
        printf("  %-8s %s, acts at the %s\n", "layer",
            scenario_layer_name(s->layer), scenario_place_name(s->place));
        printf("  %-8s %s (%s)\n", "expect", scenario_expect_text(s, expect),
            scenario_basis_name(s->basis));
        printf("  %-8s", "goes on");
        for (p = 0; p < SCENARIO_POLICIES; p++)
                print_accepted(s, (enum scenario_policy)p);
        if (s->signer != SCENARIO_SIGNER_CURRENT)
                printf(
                    "  %-8s %s\n", "signer", scenario_signer_name(s->signer));
        print_needs(s);
        for (i = 0; i < SCENARIO_PARAMS_MAX && s->params[i].name != NULL; i++)
                print_param(&s->params[i]);
        if (!s->made)
                printf("  nothing here makes it happen yet\n");
}

/* ---- which -------------------------------------------------------------- */

/* "response status" and "response-status"; false: there is none. */
static bool find_layer(const char *text, enum scenario_layer *out)
{
        char name[64];
        size_t i;
        int l;

        for (l = 0; l < SCENARIO_LAYERS; l++) {
                *out = (enum scenario_layer)l;
                snprintf(name, sizeof(name), "%s", scenario_layer_name(*out));
                if (strcasecmp(name, text) == 0)
                        return true;
                for (i = 0; name[i] != '\0'; i++)
                        if (name[i] == ' ')
                                name[i] = '-';
                if (strcasecmp(name, text) == 0)
                        return true;
        }
        return false;
}

/* Those of that layer, or of all: SCENARIO_LAYERS. */
static int print_layer(enum scenario_layer layer, bool json, struct err *e)
{
        size_t i, n = scenario_count(), before = n;

        for (i = 0; i < n; i++) {
                const struct scenario *s = scenario_at(i);

                if (layer != SCENARIO_LAYERS && s->layer != layer)
                        continue;
                if (json && print_json(scenario_json(s), e) != 0)
                        return -1;
                if (json)
                        continue;
                if (before == n || s->layer != scenario_at(before)->layer)
                        printf("%s%s\n", before == n ? "" : "\n",
                            scenario_layer_name(s->layer));
                print_line(s);
                before = i;
        }
        return 0;
}

int scenario_list_print(const char *name, bool json, struct err *e)
{
        struct scenario_choice c = {.scenario = NULL};
        enum scenario_layer layer = SCENARIO_LAYERS;

        if (name == NULL)
                return print_layer(SCENARIO_LAYERS, json, e);
        /* 'none' is both; the layer of that name has one scenario only. */
        if (scenario_find(name) == NULL && find_layer(name, &layer))
                return print_layer(layer, json, e);
        if (scenario_parse(name, &c, e) != 0)
                return -1;
        if (json)
                return print_json(scenario_json(c.scenario), e);
        print_one(c.scenario);
        return 0;
}
