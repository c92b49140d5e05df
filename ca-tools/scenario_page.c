/* The catalogue as documentation: a page of Markdown, and
 * ocsp-lab-scenarios(7). */
#include "scenario.h"

#include <stdio.h>
#include <string.h>

static bool begins_layer(size_t i)
{
        return i == 0 || scenario_at(i)->layer != scenario_at(i - 1)->layer;
}

/* ---- Markdown ---------------------------------------------------------- */

static void markdown_params(const struct scenario *s)
{
        size_t i, w;

        for (i = 0; i < SCENARIO_PARAMS_MAX && s->params[i].name != NULL; i++) {
                const struct scenario_param *p = &s->params[i];

                printf("; `%s=`%s, %s by default", p->name, p->meaning,
                    p->fallback);
                for (w = 0; p->type == SCENARIO_WORD && p->words[w] != NULL;
                     w++)
                        printf("%s%s", w > 0 ? ", " : ": ", p->words[w]);
        }
}

static void markdown_row(const struct scenario *s)
{
        char expect[SCENARIO_EXPECT_MAX];

        printf("| `%s`", s->name);
        if (s->aliases[0] != '\0')
                printf(" (%s)", s->aliases);
        printf(" | %s", s->wrong);
        markdown_params(s);
        printf("%s | %s | %s | %s |\n", s->made ? "" : "; not made yet", s->ref,
            scenario_expect_text(s, expect), scenario_basis_name(s->basis));
}

static void print_markdown(void)
{
        size_t i, n = scenario_count();

        printf("# Scenarios\n");
        for (i = 0; i < n; i++) {
                if (begins_layer(i))
                        printf("\n## %s\n\n| name (also) | what is wrong | "
                               "where it stands | a correct client says | "
                               "because it |\n|---|---|---|---|---|\n",
                            scenario_layer_name(scenario_at(i)->layer));
                markdown_row(scenario_at(i));
        }
}

/* ---- man --------------------------------------------------------------- */

enum { MAN_WIDTH = 72 };

/* One word: roff takes a hyphen for one that may be typeset. */
static size_t man_word(const char *text, size_t len)
{
        size_t i, width = 0;

        for (i = 0; i < len; i++) {
                if (text[i] == '-')
                        width += (size_t)printf("\\-");
                else
                        width += (size_t)printf("%c", text[i]);
        }
        return width;
}

/* A line of text, broken where it gets long; none may begin with a dot. */
static void man_text(const char *text)
{
        size_t len, width = 0;

        for (; *text != '\0'; text += len + (text[len] == ' ')) {
                len = strcspn(text, " ");
                if (width > 0 && width + len > MAN_WIDTH)
                        width = (size_t)printf("\n") - 1;
                else if (width > 0)
                        width += (size_t)printf(" ");
                width += man_word(text, len);
        }
        putchar('\n');
}

static void man_param(const struct scenario_param *p)
{
        struct buf line = {0};
        size_t i;

        printf(".br\n.IB ");
        man_word(p->name, strlen(p->name));
        printf(" =\n");
        buf_printf(&line, "%s", p->meaning);
        for (i = 0; p->type == SCENARIO_WORD && p->words[i] != NULL; i++)
                buf_printf(&line, "%s%s", i > 0 ? ", " : ": ", p->words[i]);
        buf_printf(&line, " (default: %s)", p->fallback);
        if (buf_text(&line) != NULL)
                man_text(buf_text(&line));
        buf_release(&line);
}

static void man_row(const struct scenario *s)
{
        char expect[SCENARIO_EXPECT_MAX], line[512];
        size_t i;

        printf(".TP\n.B ");
        man_word(s->name, strlen(s->name));
        putchar('\n');
        snprintf(line, sizeof(line), "%s (%s).%s", s->wrong, s->ref,
            s->made ? "" : " Nothing makes it happen yet.");
        man_text(line);
        printf(".br\n");
        snprintf(line, sizeof(line), "A correct client: %s (%s).",
            scenario_expect_text(s, expect), scenario_basis_name(s->basis));
        man_text(line);
        if (s->aliases[0] != '\0') {
                snprintf(line, sizeof(line), "Also: %s.", s->aliases);
                printf(".br\n");
                man_text(line);
        }
        for (i = 0; i < SCENARIO_PARAMS_MAX && s->params[i].name != NULL; i++)
                man_param(&s->params[i]);
}

static void print_man(void)
{
        size_t i, n = scenario_count();

        printf(".TH OCSP\\-LAB\\-SCENARIOS 7 2026-11-28 \"ocsp\\-lab\"\n"
               ".SH NAME\nocsp\\-lab\\-scenarios \\- named faults of OCSP\n"
               ".SH DESCRIPTION\n"
               "Each is set with\n.BR \"ocsp\\-ca scenario set\" ,\n"
               "as NAME or NAME:parameter=value,..., and holds from the next "
               "answer on;\n"
               "those of the staple from the next handshake on, with\n"
               ".BR ocsp\\-stapler (1).\n"
               "What a correct client says is given for an answer that comes "
               "stapled, by GET\nwithout a nonce, by POST with one, and as a "
               "file; one word stands for all four.\n"
               "In brackets: whether an RFC demands that\n.RB ( must ),\n"
               "advises it\n.RB ( should ),\n"
               "or careful clients differ\n.RB ( taste ).\n");
        for (i = 0; i < n; i++) {
                if (begins_layer(i))
                        printf(".SS %s\n",
                            scenario_layer_name(scenario_at(i)->layer));
                man_row(scenario_at(i));
        }
        printf(".SH SEE ALSO\n.BR ocsp\\-ca (1),\n.BR ocsp\\-responder (1),\n"
               ".BR ocsp\\-stapler (1)\n");
}

void scenario_page_print(enum scenario_format format)
{
        switch (format) {
        case SCENARIO_TEXT:
                break;
        case SCENARIO_MARKDOWN:
                print_markdown();
                break;
        case SCENARIO_MAN:
                print_man();
                break;
        }
}
