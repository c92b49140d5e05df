#include "stapler/check/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"

/* ---- colour ------------------------------------------------------------- */

enum shade { GREEN, RED, DIM };

/* On a terminal, and without NO_COLOR (no-color.org). */
static bool in_colour(void)
{
        const char *no = getenv("NO_COLOR");

        return isatty(STDOUT_FILENO) == 1 && (no == NULL || *no == '\0');
}

static void print_shaded(enum shade shade, const char *text)
{
        static const char *const codes[] = {
            [GREEN] = "32",
            [RED] = "31",
            [DIM] = "2",
        };

        if (in_colour())
                printf("\033[%sm%s\033[0m", codes[shade], text);
        else
                fputs(text, stdout);
}

/* ---- lines -------------------------------------------------------------- */

static const char *answer_words(const struct report *r)
{
        if (strcmp(r->source, "staple") == 0)
                return "stapled answer";
        return strcmp(r->source, "live") == 0 ? "live answer"
                                              : "answer in the file";
}

static void print_verdict(const struct findings *f, const struct report *r)
{
        print_shaded(r->outcome == OCSP_V_GOOD ? GREEN : RED,
            ocsp_outcome_name(r->outcome));
        if (f->subject->leaf == NULL)
                printf(": %s\n", r->why);
        else
                printf(": %s for %s: %s\n", answer_words(r), f->subject->name,
                    r->why);
}

static void print_steps(const struct report *r)
{
        size_t i;

        for (i = 0; i < r->checks_len; i++) {
                const struct ocsp_check *c = &r->checks[i];

                fputs("  ", stdout);
                if (c->ok == 1)
                        print_shaded(GREEN, "ok  ");
                else if (c->ok == 0)
                        print_shaded(RED, "FAIL");
                else
                        print_shaded(DIM, "--  ");
                printf("  %-19s  %s  ", c->id, c->detail);
                if (in_colour())
                        printf("\033[2m[%s]\033[0m\n", c->ref);
                else
                        printf("[%s]\n", c->ref);
        }
}

static void print_report(const struct findings *f, const struct report *r)
{
        print_verdict(f, r);
        if (f->options->explain)
                print_steps(r);
}

static void print_comparison(const struct findings *f)
{
        const char *noun =
            strcmp(f->first.source, "staple") == 0 ? "staple" : "answer";
        int64_t until = findings_believed_until(f);
        char at[TIME_TEXT_MAX];
        char left[DURATION_TEXT_MAX];

        print_report(f, &f->live);
        if (until != 0)
                printf("a client may believe the %s until %s (%s from now)\n",
                    noun, format_time(until, at),
                    format_duration(until - f->subject->now, left));
        else if (f->first.outcome == f->live.outcome)
                printf("the %s and the live answer agree\n", noun);
        else
                printf("the %s and the live answer differ\n", noun);
}

void print_text(const struct findings *f)
{
        const struct options *o = f->options;
        char seen[REPORT_SEEN_MAX];

        print_report(f, &f->first);
        if (o->compare)
                print_comparison(f);
        if (o->policy != POLICY_STRICT)
                printf("policy %s: %s\n", policy_name(o->policy),
                    f->accepted ? "accepted" : "refused");
        if (!o->expect.is_set)
                return;
        report_seen(&f->first, seen);
        if (f->as_expected)
                printf("as expected: %s\n", seen);
        else
                printf("NOT as expected: wanted %s, saw %s\n", o->expect.text,
                    seen);
}
