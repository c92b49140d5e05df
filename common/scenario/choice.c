/* NAME[:param=v[,param=v]] */
#include "scenario/scenario.h"

#include <stdio.h>
#include <string.h>

#include "base/parse.h"

enum { WORD_MAX = 64 };

/* ---- what might have been meant ---------------------------------------- */

static size_t least(size_t a, size_t b)
{
        return a < b ? a : b;
}

/* How many letters must change, come or go (Levenshtein); two that have
 * changed places count once. */
static size_t distance(const char *a, const char *b)
{
        size_t rows[3][WORD_MAX + 1];
        size_t *before = rows[0], *above = rows[1], *row = rows[2], *spare;
        size_t i, j, la = strlen(a), lb = strnlen(b, WORD_MAX);

        for (j = 0; j <= lb; j++)
                above[j] = j;
        for (i = 1; i <= la; i++) {
                row[0] = i;
                for (j = 1; j <= lb; j++) {
                        row[j] = least(above[j] + 1, row[j - 1] + 1);
                        row[j] = least(
                            row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                            a[i - 2] == b[j - 1])
                                row[j] = least(row[j], before[j - 2] + 1);
                }
                spare = before;
                before = above;
                above = row;
                row = spare;
        }
        return above[lb];
}

struct guess {
        const char *given;
        size_t distance;
        char best[WORD_MAX];
};

/* Each of the words, between single spaces. */
static void consider(struct guess *g, const char *words)
{
        char word[WORD_MAX];
        size_t len, d;

        for (; *words != '\0'; words += len + (words[len] == ' ')) {
                len = strcspn(words, " ");
                snprintf(word, sizeof(word), "%.*s", (int)len, words);
                d = distance(word, g->given);
                if (d >= g->distance)
                        continue;
                g->distance = d;
                memcpy(g->best, word, sizeof(word));
        }
}

/* " (did you mean 'expired'?)" if something is near, else "". */
static const char *guess_text(const struct guess *g, char out[WORD_MAX + 24])
{
        out[0] = '\0';
        if (g->distance <= 1 + strlen(g->given) / 4)
                snprintf(out, WORD_MAX + 24, ": did you mean '%s'?", g->best);
        return out;
}

static int no_such_name(const char *name, struct err *e)
{
        struct guess g = {name, WORD_MAX, ""};
        size_t i, n = scenario_count();
        char near[WORD_MAX + 24];

        for (i = 0; i < n; i++) {
                consider(&g, scenario_at(i)->name);
                consider(&g, scenario_at(i)->aliases);
        }
        return err_set(e, ERR_USAGE, "no scenario '%s'%s", name,
            guess_text(&g, near)[0] != '\0' ? near
                                            : ": see 'ocsp-ca scenario list'");
}

/* ---- parameters -------------------------------------------------------- */

static size_t params_len(const struct scenario *s)
{
        size_t n = 0;

        while (n < SCENARIO_PARAMS_MAX && s->params[n].name != NULL)
                n++;
        return n;
}

/* Appends "a, b, c" of the words. */
static void append_words(char *out, size_t size, const char *const *words)
{
        size_t i, len;

        for (i = 0; words[i] != NULL; i++) {
                len = strlen(out);
                snprintf(
                    out + len, size - len, "%s%s", i > 0 ? ", " : "", words[i]);
        }
}

static int read_word(const struct scenario_param *p, const char *text,
    int64_t *out, struct err *e)
{
        char all[ERR_TEXT_MAX / 2] = "";
        int64_t i;

        for (i = 0; p->words[i] != NULL; i++)
                if (strcmp(p->words[i], text) == 0) {
                        *out = i;
                        return 0;
                }
        append_words(all, sizeof(all), p->words);
        return err_set(e, ERR_USAGE, "'%s' is none of %s", text, all);
}

static int read_number(const struct scenario_param *p, const char *text,
    int64_t *out, struct err *e)
{
        uint64_t n;

        if (parse_uint(text, (uint64_t)p->max, &n, e) != 0)
                return -1;
        *out = (int64_t)n;
        return 0;
}

static int check_limits(
    const struct scenario_param *p, int64_t value, struct err *e)
{
        int64_t unit = p->type == SCENARIO_DURATION ? 1000 : 1;
        const char *word = p->type == SCENARIO_DURATION ? " s" : "";

        if (p->type == SCENARIO_WORD || (value >= p->min && value <= p->max))
                return 0;
        if (value < p->min && p->min < unit)
                return err_set(e, ERR_USAGE, "must be more than 0");
        return err_set(e, ERR_USAGE, "must be from %lld to %lld%s",
            (long long)(p->min / unit), (long long)(p->max / unit), word);
}

static int read_value(const struct scenario_param *p, const char *text,
    int64_t *out, struct err *e)
{
        int rc = -1;

        switch (p->type) {
        case SCENARIO_NUMBER:
                rc = read_number(p, text, out, e);
                break;
        case SCENARIO_DURATION:
                rc = parse_duration_ms(text, 's', out, e);
                break;
        case SCENARIO_WORD:
                rc = read_word(p, text, out, e);
                break;
        }
        return rc == 0 ? check_limits(p, *out, e) : rc;
}

static int no_such_param(
    const struct scenario *s, const char *name, struct err *e)
{
        size_t i, n = params_len(s);
        char all[WORD_MAX * SCENARIO_PARAMS_MAX] = "";

        for (i = 0; i < n; i++)
                snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
                    i > 0 ? ", " : "", s->params[i].name);
        if (n == 0)
                return err_set(e, ERR_USAGE,
                    "scenario %s takes no parameter, so no '%s'", s->name,
                    name);
        return err_set(e, ERR_USAGE,
            "scenario %s takes no parameter '%s': it takes %s", s->name, name,
            all);
}

/* "param=v", which is cut in two. */
static int take_param(struct scenario_choice *c, char *text, struct err *e)
{
        const struct scenario *s = c->scenario;
        char *value = strchr(text, '=');
        size_t i, n = params_len(s);

        if (value == NULL)
                return err_set(e, ERR_USAGE,
                    "scenario %s: '%s' is no 'parameter=value'", s->name, text);
        *value++ = '\0';
        for (i = 0; i < n && strcmp(s->params[i].name, text) != 0; i++)
                ;
        if (i == n)
                return no_such_param(s, text, e);
        if (c->given[i])
                return err_set(e, ERR_USAGE,
                    "scenario %s: parameter %s is given twice", s->name, text);
        c->given[i] = true;
        if (read_value(&s->params[i], value, &c->values[i], e) != 0)
                return err_prefix(e, "scenario %s: %s", s->name, text);
        return 0;
}

/* ---- the whole --------------------------------------------------------- */

static int take_params(struct scenario_choice *c, char *text, struct err *e)
{
        char *next;

        for (; text != NULL; text = next) {
                next = strchr(text, ',');
                if (next != NULL)
                        *next++ = '\0';
                if (take_param(c, text, e) != 0)
                        return -1;
        }
        return 0;
}

static int fill_defaults(struct scenario_choice *c, struct err *e)
{
        const struct scenario *s = c->scenario;
        size_t i, n = params_len(s);

        for (i = 0; i < n; i++)
                if (!c->given[i] &&
                    read_value(&s->params[i], s->params[i].fallback,
                        &c->values[i], e) != 0)
                        return -1;
        return 0;
}

int scenario_parse(const char *text, struct scenario_choice *out, struct err *e)
{
        char copy[SCENARIO_TEXT_MAX], *params;

        memset(out, 0, sizeof(*out));
        if (strlen(text) >= sizeof(copy))
                return err_set(e, ERR_USAGE,
                    "'%.40s...' is too long for a scenario", text);
        snprintf(copy, sizeof(copy), "%s", text);
        params = strchr(copy, ':');
        if (params != NULL)
                *params++ = '\0';
        if (strlen(copy) >= WORD_MAX)
                return err_set(e, ERR_USAGE, "no scenario '%s'", copy);
        out->scenario = scenario_find(copy);
        if (out->scenario == NULL)
                return no_such_name(copy, e);
        if (take_params(out, params, e) != 0)
                return -1;
        return fill_defaults(out, e);
}

static void append_value(
    const struct scenario_param *p, int64_t value, char *out, size_t size)
{
        switch (p->type) {
        case SCENARIO_NUMBER:
                snprintf(out, size, "%lld", (long long)value);
                break;
        case SCENARIO_DURATION:
                snprintf(out, size, value % 1000 == 0 ? "%llds" : "%lldms",
                    (long long)(value % 1000 == 0 ? value / 1000 : value));
                break;
        case SCENARIO_WORD:
                snprintf(out, size, "%s", p->words[value]);
                break;
        }
}

const char *scenario_text(
    const struct scenario_choice *c, char out[SCENARIO_TEXT_MAX])
{
        const struct scenario *s = c->scenario;
        size_t i, len, n = params_len(s);
        char value[WORD_MAX], between = ':';

        snprintf(out, SCENARIO_TEXT_MAX, "%s", s->name);
        for (i = 0; i < n; i++) {
                if (!c->given[i])
                        continue;
                append_value(&s->params[i], c->values[i], value, sizeof(value));
                len = strlen(out);
                snprintf(out + len, SCENARIO_TEXT_MAX - len, "%c%s=%s", between,
                    s->params[i].name, value);
                between = ',';
        }
        return out;
}

int64_t scenario_value(const struct scenario_choice *c, const char *param)
{
        size_t i, n = params_len(c->scenario);

        for (i = 0; i < n; i++)
                if (strcmp(c->scenario->params[i].name, param) == 0)
                        return c->values[i];
        return 0;
}
