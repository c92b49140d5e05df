#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include "cadb/write.h"
#include "print.h"

static const struct option options[] = {ARGS_COMMON};

struct verb {
        const char *name;
        size_t words_min, words_max; /* with itself */
        const char *missing;
        /* The new setting from the old; now is the lab's.  NULL: show. */
        int (*apply)(struct labclock_setting *s, int64_t now, const char *word,
            struct err *e);
};

static int64_t real_now(void)
{
        return labclock_now(NULL);
}

/* So that the lab's now becomes t, and goes on. */
static void go_to(struct labclock_setting *s, int64_t t)
{
        s->value = t - real_now();
        s->mode = s->value == 0 ? LABCLOCK_REAL : LABCLOCK_OFFSET;
        if (s->mode == LABCLOCK_REAL)
                s->value = 0;
}

static int advance(
    struct labclock_setting *s, int64_t now, const char *word, struct err *e)
{
        const char *text = word + (word[0] == '+' || word[0] == '-');
        int64_t by, t;

        if (parse_duration(text, 's', &by, e) != 0)
                return -1;
        t = word[0] == '-' ? now - by : now + by;
        if (s->mode == LABCLOCK_FROZEN)
                s->value = t;
        else
                go_to(s, t);
        return 0;
}

static int set(
    struct labclock_setting *s, int64_t now, const char *word, struct err *e)
{
        int64_t t;

        if (parse_time(word, now, &t, e) != 0)
                return -1;
        go_to(s, t);
        return 0;
}

static int freeze(
    struct labclock_setting *s, int64_t now, const char *word, struct err *e)
{
        int64_t t = now;

        if (word != NULL && parse_time(word, now, &t, e) != 0)
                return -1;
        *s = (struct labclock_setting){LABCLOCK_FROZEN, t};
        return 0;
}

static int real(
    struct labclock_setting *s, int64_t now, const char *word, struct err *e)
{
        (void)now, (void)word, (void)e;
        *s = (struct labclock_setting){LABCLOCK_REAL, 0};
        return 0;
}

static const struct verb verbs[] = {
    {"show", 1, 1, "", NULL},
    {"advance", 2, 2, "a duration", advance},
    {"set", 2, 2, "TIME", set},
    {"freeze", 1, 2, "", freeze},
    {"real", 1, 1, "", real},
};

static const struct verb *find_verb(const char *name, struct err *e)
{
        size_t i;

        for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
                if (strcmp(name, verbs[i].name) == 0)
                        return &verbs[i];
        err_set(e, ERR_USAGE,
            "clock: '%s' is not show, advance, set, freeze or real: see "
            "'ocsp-ca clock --help'",
            name);
        return NULL;
}

/* ---- change ------------------------------------------------------------ */

static int64_t now_of(struct labclock_setting s)
{
        return s.mode == LABCLOCK_FROZEN ? s.value : real_now() + s.value;
}

static const char *setting_text(
    struct labclock_setting s, char out[DURATION_TEXT_MAX + 16])
{
        char d[DURATION_TEXT_MAX];

        switch (s.mode) {
        case LABCLOCK_REAL:
                return "real";
        case LABCLOCK_FROZEN:
                return "frozen";
        case LABCLOCK_OFFSET:
                break;
        }
        snprintf(out, DURATION_TEXT_MAX + 16, "real %s%s",
            s.value < 0 ? "" : "+", format_duration(s.value, d));
        return out;
}

/* X.509 and OCSP have no later instant, RFC 5280 section 4.1.2.5. */
static int check_range(int64_t now, struct err *e)
{
        if (now >= 0 && now <= utc_seconds(9999, 12, 31, 23, 59, 59))
                return 0;
        return err_set(
            e, ERR_USAGE, "the clock would leave the years 1970 to 9999");
}

/* Under the database's write lock, so that two changes follow each other.
 * Who sees the event sees the new time: the clock is set first, and set back
 * if the event does not come to be. */
static int change(const struct lab *lab, const struct verb *verb,
    const char *word, struct err *e)
{
        char detail[128], text[DURATION_TEXT_MAX + 16], at[TIME_TEXT_MAX];
        struct labclock_setting old, s;

        if (cadb_begin(lab->db, e) != 0)
                return -1;
        s = old = labclock_get(lab->clock);
        if (verb->apply(&s, lab_now(lab), word, e) != 0 ||
            check_range(now_of(s), e) != 0)
                goto fail;
        snprintf(detail, sizeof(detail), "%s %s", setting_text(s, text),
            format_time(now_of(s), at));
        if (cadb_event_add(lab->db, "clock", detail, now_of(s), e) != 0 ||
            labclock_set(lab->dir, s, e) != 0)
                goto fail;
        if (cadb_commit(lab->db, e) == 0)
                return 0;
        labclock_set(lab->dir, old, NULL);
fail:
        cadb_rollback(lab->db);
        return -1;
}

static int print_clock(const struct lab *lab, bool json, struct err *e)
{
        static const char *const modes[] = {"real", "offset", "frozen"};
        struct labclock_setting s = labclock_get(lab->clock);
        char text[DURATION_TEXT_MAX + 16], at[TIME_TEXT_MAX];

        if (json)
                return print_json(
                    json_pack("{s:o, s:s, s:I}", "now", json_time(now_of(s)),
                        "mode", modes[s.mode], "offset",
                        (json_int_t)(now_of(s) - real_now())),
                    e);
        printf("%s (%s)\n", format_time(now_of(s), at), setting_text(s, text));
        return 0;
}

static void note_foreign(const struct lab *lab)
{
        if (labclock_get(lab->clock).mode != LABCLOCK_REAL)
                fprintf(stderr,
                    "ocsp-ca: note: foreign programs (openssl, curl) keep the "
                    "real time, unless libfaketime moves them: 'ocsp-lab env' "
                    "has OCSP_LAB_FAKETIME\n");
}

static int run_verb(
    const struct args *a, const struct verb *verb, struct err *e)
{
        const char *word = a->words_len > 1 ? a->words[1] : NULL;
        struct lab lab = {0};
        int rc;

        if (verb->apply == NULL)
                rc = lab_open(&lab, a, e);
        else
                rc = lab_open_write(&lab, a, e);
        if (rc == 0 && verb->apply != NULL && lab.settings.no_faults)
                rc = err_set(e, ERR_CONFIG,
                    "%s: made with --no-faults: its clock is the real one",
                    lab.dir);
        else if (rc == 0 && verb->apply != NULL)
                rc = change(&lab, verb, word, e);
        if (rc == 0)
                rc = print_clock(&lab, a->json, e);
        /* Whoever cannot have the words has one line that says so. */
        if (rc == 0 && verb->apply != NULL && (rc = cli_flush(e)) == 0)
                note_foreign(&lab);
        lab_release(&lab);
        return rc;
}

static int run(struct args *a, struct err *e)
{
        const struct verb *verb = &verbs[0];

        while (args_next(a, options, e) != ARGS_END)
                return -1;
        if (a->words_len > 0) {
                verb = find_verb(a->words[0], e);
                if (verb == NULL || args_words(a, verb->words_min,
                                        verb->words_max, verb->missing, e) != 0)
                        return -1;
        }
        return run_verb(a, verb, e);
}

const struct command cmd_clock = {
    .name = "clock",
    .summary = "show or move the lab's clock",
    .help =
        "usage: ocsp-ca clock [show | advance D | set TIME | freeze [TIME] | "
        "real] [OPTION]...\n\n"
        "The clock that all programs of the lab go by; foreign ones (openssl, "
        "curl) keep the\nreal time.\n\n"
        "  show                 print it (default)\n"
        "  advance D            by 90s, 15m, 8h, 4d; -3h: back\n"
        "  set TIME             to TIME, and going on\n"
        "  freeze [TIME]        stop it, now or at TIME\n"
        "  real                 the real time again\n" HELP_COMMON
        "\n" HELP_TIME,
    .run = run,
};
