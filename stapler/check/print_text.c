#include "stapler/check/print.h"

#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "stapler/check/lesson.h"
#include "stapler/check/terminal.h"

/* ---- the verdict -------------------------------------------------------- */

static const char *answer_words(const struct report *r)
{
        if (strcmp(r->source, "staple") == 0)
                return "stapled answer";
        return strcmp(r->source, "live") == 0 ? "live answer"
                                              : "answer in the file";
}

static void print_verdict(const struct findings *f, const struct report *r)
{
        enum shade shade = r->outcome == OCSP_V_GOOD ? GREEN : RED;

        terminal_shaded(shade, ocsp_outcome_name(r->outcome));
        if (f->subject->leaf == NULL)
                printf(": %s\n", r->why);
        else
                printf(": %s for %s: %s\n", answer_words(r), f->subject->name,
                    r->why);
}

/* ---- the walk ----------------------------------------------------------- */

/* Where the text of a step begins. */
enum { DETAIL_COLUMN = 29 };

/* The step that reads the status is as it should be whatever it reads; but a
 * client that reads revoked goes no further. */
static bool is_bad_news(const struct report *r, const struct ocsp_check *c)
{
        return c->ok == 1 && strcmp(c->id, "cert-status") == 0 &&
               r->verdict.cert_status != OCSP_GOOD;
}

static void print_mark(int ok, bool bad_news)
{
        if (bad_news)
                terminal_shaded(RED, "STOP");
        else if (ok == 1)
                terminal_shaded(GREEN, "ok  ");
        else if (ok == 0)
                terminal_shaded(RED, "FAIL");
        else
                terminal_shaded(DIM, "--  ");
}

static void print_step(const struct ocsp_check *c, bool bad_news)
{
        const char *lesson = c->ok == 0 || bad_news ? lesson_of(c->id) : NULL;
        char ref[64];
        int at;

        fputs("  ", stdout);
        print_mark(c->ok, bad_news);
        printf("  %-19s  ", c->id);
        at =
            terminal_wrapped(c->ok < 0 ? DIM : PLAIN, c->detail, DETAIL_COLUMN);
        snprintf(ref, sizeof(ref), "[%s]", c->ref);
        terminal_piece(DIM, ref, at, DETAIL_COLUMN);
        putchar('\n');
        if (lesson == NULL)
                return;
        printf("%*s", DETAIL_COLUMN, "");
        terminal_wrapped(YELLOW, lesson, DETAIL_COLUMN);
        putchar('\n');
}

/* Under the question that they answer. */
static void print_steps(const struct report *r)
{
        const char *question = NULL;
        size_t i;

        for (i = 0; i < r->checks_len; i++) {
                const struct ocsp_check *c = &r->checks[i];

                if (question != lesson_question(c->id)) {
                        question = lesson_question(c->id);
                        putchar(' ');
                        terminal_shaded(BOLD, question);
                        putchar('\n');
                }
                print_step(c, is_bad_news(r, c));
        }
}

static void print_report(const struct findings *f, const struct report *r)
{
        print_verdict(f, r);
        if (f->options->explain)
                print_steps(r);
}

/* ---- what follows from it ----------------------------------------------- */

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

static void print_expectation(const struct findings *f)
{
        char seen[REPORT_SEEN_MAX];

        report_seen(&f->first, seen);
        if (f->as_expected)
                printf("as expected: %s\n", seen);
        else
                printf("NOT as expected: wanted %s, saw %s\n",
                    f->options->expect.text, seen);
}

void print_text(const struct findings *f)
{
        const struct options *o = f->options;

        print_report(f, &f->first);
        if (o->compare)
                print_comparison(f);
        if (o->policy != POLICY_STRICT || o->explain)
                printf("policy %s: %s\n", policy_name(o->policy),
                    f->accepted ? "accepted" : "refused");
        if (o->expect.is_set)
                print_expectation(f);
}

void print_change(const struct findings *f)
{
        const struct report *r = &f->first;
        const struct subject *s = f->subject;
        char text[PKI_SERIAL_TEXT_MAX];
        char at[TIME_TEXT_MAX];
        struct pki_serial serial;

        printf("%s ", format_time(s->now, at));
        terminal_shaded(r->outcome == OCSP_V_GOOD ? GREEN : RED,
            ocsp_outcome_name(r->outcome));
        if (s->leaf != NULL) {
                serial = pki_serial_of(s->leaf);
                printf(" serial %s",
                    pki_serial_text(
                        (struct span){serial.octets, serial.len}, text));
        }
        if (r->has_answer && r->verdict.has_single)
                printf(
                    " thisUpdate %s", format_time(r->verdict.this_update, at));
        printf(": %s\n", r->why);
        if (f->options->explain)
                print_steps(r);
}
