#include "cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cadb/write.h"
#include "print.h"
#include "scenario.h"
#include "signers.h"

enum { OPT_CA = ARGS_OWN, OPT_ALL, OPT_TIMES, OPT_FORMAT };

/* ---- list -------------------------------------------------------------- */

static const struct option list_options[] = {
    {"format", required_argument, NULL, OPT_FORMAT},
    ARGS_COMMON,
};

static int parse_format(
    const char *text, enum scenario_format *out, struct err *e)
{
        static const char *const names[] = {"text", "markdown", "man"};
        size_t i;

        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (strcmp(text, names[i]) == 0) {
                        *out = (enum scenario_format)i;
                        return 0;
                }
        return err_set(
            e, ERR_USAGE, "--format '%s': choose text, markdown or man", text);
}

static int list(struct args *a, struct err *e)
{
        enum scenario_format format = SCENARIO_TEXT;
        int option;

        while ((option = args_next(a, list_options, e)) != ARGS_END)
                if (option == ARGS_BAD || parse_format(optarg, &format, e) != 0)
                        return -1;
        if (args_words(a, 0, 1, "NAME", e) != 0)
                return -1;
        if (format == SCENARIO_TEXT)
                return scenario_list_print(
                    a->words_len > 0 ? a->words[0] : NULL, a->json, e);
        if (a->words_len > 0)
                return err_set(e, ERR_USAGE,
                    "scenario list: --format is for the whole catalogue: leave "
                    "'%.60s' out",
                    a->words[0]);
        scenario_page_print(format);
        return 0;
}

/* ---- active ------------------------------------------------------------ */

struct active {
        bool json;
        size_t len;
};

static json_t *set_json(const struct cadb_scenario *s)
{
        return json_pack("{s:s, s:s?, s:s?, s:o, s:o, s:I}", "scenario",
            s->text, "ca", s->ca != 0 ? s->ca_name : NULL, "name",
            s->cert_name[0] != '\0' ? s->cert_name : NULL, "serial",
            s->serial_len > 0 ? json_serial(s->serial, s->serial_len)
                              : json_null(),
            "times", s->times > 0 ? json_integer(s->times) : json_null(),
            "since", (json_int_t)s->version);
}

static void print_set(const struct cadb_scenario *s)
{
        char serial[PKI_SERIAL_TEXT_MAX];

        if (s->serial_len > 0 && s->cert_name[0] == '\0')
                printf(
                    "%s", pki_serial_text(
                              (struct span){s->serial, s->serial_len}, serial));
        else if (s->serial_len > 0)
                printf("%s", s->cert_name);
        else
                printf(s->ca != 0 ? "CA %s" : "all%s", s->ca_name);
        printf(": %s", s->text);
        if (s->times > 0)
                printf(", for %" PRId64 " answers", s->times);
        putchar('\n');
}

static int active_row(void *arg, const struct cadb_scenario *s, struct err *e)
{
        struct active *a = arg;

        a->len++;
        if (a->json)
                return print_json(set_json(s), e);
        print_set(s);
        return 0;
}

static int active(struct args *a, struct err *e)
{
        static const struct option options[] = {ARGS_COMMON};
        struct active state = {.json = false};
        struct lab lab = {0};
        int rc = -1;

        if (args_next(a, options, e) != ARGS_END ||
            args_words(a, 0, 0, "", e) != 0)
                return -1;
        state.json = a->json;
        if (lab_open(&lab, a, e) == 0)
                rc = cadb_scenario_each(lab.db, active_row, &state, e);
        if (rc == 0 && !a->json && state.len == 0)
                printf("no scenario is set\n");
        lab_release(&lab);
        return rc;
}

/* ---- set and clear ----------------------------------------------------- */

static const struct option set_options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"all", no_argument, NULL, OPT_ALL},
    {"times", required_argument, NULL, OPT_TIMES},
    ARGS_COMMON,
};
static const struct option clear_options[] = {
    {"ca", required_argument, NULL, OPT_CA},
    {"all", no_argument, NULL, OPT_ALL},
    ARGS_COMMON,
};

struct wanted {
        const char *cert, *ca; /* NULL: not named */
        bool all;
        const char *scenario;
        uint64_t times;
};

static int take_option(struct wanted *w, int option, struct err *e)
{
        switch (option) {
        case OPT_CA:
                w->ca = optarg;
                return 0;
        case OPT_ALL:
                w->all = true;
                return 0;
        case OPT_TIMES:
                if (parse_uint(optarg, INT32_MAX, &w->times, e) != 0)
                        return err_prefix(e, "--times");
                if (w->times == 0)
                        return err_set(
                            e, ERR_USAGE, "--times 0: clear it, rather");
                return 0;
        }
        return -1;
}

/* rest: how many words stand behind CERT. */
static int parse(struct wanted *w, struct args *a, const struct option *table,
    size_t rest, const char *what, struct err *e)
{
        int option;

        while ((option = args_next(a, table, e)) != ARGS_END)
                if (option == ARGS_BAD || take_option(w, option, e) != 0)
                        return -1;
        if (w->all && w->ca != NULL)
                return err_set(e, ERR_USAGE,
                    "%s: --all and --ca exclude each other", a->command);
        if (args_words(a, rest, rest + 1, what, e) != 0)
                return -1;
        if (a->words_len == rest + 1)
                w->cert = a->words[0];
        if (w->cert == NULL && !w->all && w->ca == NULL)
                return err_set(e, ERR_USAGE,
                    "%s: on what? name CERT, --ca CANAME or --all: see "
                    "'ocsp-ca scenario --help'",
                    a->command);
        if (w->cert != NULL && w->all)
                return err_set(e, ERR_USAGE,
                    "%s: '%s' and --all exclude each other", a->command,
                    w->cert);
        if (rest > 0)
                w->scenario = a->words[a->words_len - 1];
        return 0;
}

static struct forge forge_of(const struct lab *lab)
{
        return (struct forge){
            lab->dir, lab->db, lab->settings.temporary, lab_now(lab), NULL};
}

static int commit_set(const struct lab *lab, const struct wanted *w,
    const struct scenario_choice *c, struct scenario_aim *aim, struct err *e)
{
        struct forge f;

        if (cadb_begin(lab->db, e) != 0)
                return -1;
        f = forge_of(lab);
        if (signers_sweep(&f, e) == 0 &&
            scenario_aim_find(lab, w->cert, w->ca, aim, e) == 0 &&
            scenario_put(lab, &f, aim, c, (int64_t)w->times, e) == 0 &&
            cadb_commit(lab->db, e) == 0)
                return scenario_tell(lab, e);
        signers_undo(&f, false);
        return -1;
}

static int print_aim(const struct lab *lab, const struct scenario_aim *aim,
    const struct scenario_choice *c, const struct wanted *w, bool json,
    struct err *e)
{
        char text[SCENARIO_TEXT_MAX], label[SCENARIO_LABEL_MAX];
        struct cadb_scenario s = {
            .ca = scenario_aim_ca(aim), .times = (int64_t)w->times};
        struct span serial = scenario_aim_serial(aim);

        if (!json) {
                printf("%s: %s", scenario_aim_label(aim, label),
                    scenario_text(c, text));
                if (w->times > 0)
                        printf(", for %" PRIu64 " answers", w->times);
                putchar('\n');
                return 0;
        }
        snprintf(s.text, sizeof(s.text), "%s", scenario_text(c, text));
        snprintf(s.ca_name, sizeof(s.ca_name), "%s", aim->ca.name);
        snprintf(s.cert_name, sizeof(s.cert_name), "%s", aim->cert.name);
        s.serial_len = serial.len;
        if (serial.len > 0)
                memcpy(s.serial, serial.data, serial.len);
        if (cadb_scenario_latest(lab->db, &s.version, e) != 0)
                return -1;
        return print_json(set_json(&s), e);
}

static int set(struct args *a, struct err *e)
{
        struct scenario_aim aim;
        struct scenario_choice c;
        struct wanted w = {.cert = NULL};
        struct lab lab = {0};
        int rc = -1;

        if (parse(&w, a, set_options, 1, "NAME of the scenario", e) != 0 ||
            scenario_parse(w.scenario, &c, e) != 0)
                return -1;
        if (lab_open_write(&lab, a, e) == 0 &&
            commit_set(&lab, &w, &c, &aim, e) == 0)
                rc = print_aim(&lab, &aim, &c, &w, a->json, e);
        lab_release(&lab);
        return rc;
}

/* ---- clear ------------------------------------------------------------- */

/* Where something is set. */
struct place {
        int64_t ca;
        size_t serial_len;
        uint8_t serial[CADB_SERIAL_MAX];
};

enum { PLACES_AT_ONCE = 64 };
struct places {
        size_t len;
        struct place list[PLACES_AT_ONCE];
};

static int add_place(void *arg, const struct cadb_scenario *s, struct err *e)
{
        struct places *p = arg;
        struct place *to = &p->list[p->len];

        (void)e;
        if (p->len == PLACES_AT_ONCE)
                return 0;
        p->len++;
        to->ca = s->ca;
        to->serial_len = s->serial_len;
        memcpy(to->serial, s->serial, s->serial_len);
        return 0;
}

static int clear_place(const struct lab *lab, int64_t ca, struct span serial,
    size_t *cleared, struct err *e)
{
        bool was;

        if (cadb_scenario_clear(lab->db, ca, serial, lab_now(lab), &was, e) !=
            0)
                return -1;
        *cleared += was;
        return 0;
}

/* All, a handful at a time until none is left. */
static int clear_all(const struct lab *lab, size_t *cleared, struct err *e)
{
        struct places p;
        size_t i;

        do {
                p.len = 0;
                if (cadb_scenario_each(lab->db, add_place, &p, e) != 0)
                        return -1;
                for (i = 0; i < p.len; i++)
                        if (clear_place(lab, p.list[i].ca,
                                (struct span){
                                    p.list[i].serial, p.list[i].serial_len},
                                cleared, e) != 0)
                                return -1;
        } while (p.len > 0);
        return 0;
}

static int clear_wanted(const struct lab *lab, const struct wanted *w,
    size_t *cleared, struct err *e)
{
        struct scenario_aim aim;

        if (w->all)
                return clear_all(lab, cleared, e);
        if (scenario_aim_find(lab, w->cert, w->ca, &aim, e) != 0)
                return -1;
        return clear_place(
            lab, scenario_aim_ca(&aim), scenario_aim_serial(&aim), cleared, e);
}

static int commit_clear(const struct lab *lab, const struct wanted *w,
    size_t *cleared, struct err *e)
{
        if (cadb_begin(lab->db, e) != 0)
                return -1;
        if (scenario_will_tell(lab, e) == 0 &&
            clear_wanted(lab, w, cleared, e) == 0 &&
            cadb_commit(lab->db, e) == 0)
                return scenario_tell(lab, e);
        cadb_rollback(lab->db);
        return -1;
}

static int clear(struct args *a, struct err *e)
{
        struct wanted w = {.cert = NULL};
        struct lab lab = {0};
        size_t cleared = 0;
        int rc = -1;

        if (parse(&w, a, clear_options, 0, "", e) != 0)
                return -1;
        if (lab_open_write(&lab, a, e) == 0)
                rc = commit_clear(&lab, &w, &cleared, e);
        lab_release(&lab);
        if (rc != 0)
                return -1;
        if (a->json)
                return print_json(
                    json_pack("{s:I}", "cleared", (json_int_t)cleared), e);
        printf("%zu cleared\n", cleared);
        return 0;
}

/* ---- run --------------------------------------------------------------- */

static const struct action actions[] = {
    {"list", "scenario list", list},
    {"active", "scenario active", active},
    {"set", "scenario set", set},
    {"clear", "scenario clear", clear},
};

static int run(struct args *a, struct err *e)
{
        return action_run(actions, sizeof(actions) / sizeof(actions[0]),
            "list, active, set or clear", a, e);
}

const struct command cmd_scenario = {
    .name = "scenario",
    .summary = "set or clear a named fault",
    .help =
        "usage: ocsp-ca scenario list [NAME|LAYER] [--format "
        "text|markdown|man]\n"
        "       ocsp-ca scenario active\n"
        "       ocsp-ca scenario set CERT|--ca CANAME|--all NAME[:param=v,...] "
        "[--times N]\n"
        "       ocsp-ca scenario clear CERT|--ca CANAME|--all\n\n"
        "Named faults in the answers of ocsp-responder, and in what "
        "ocsp-stapler staples.\nThose that run do so as soon as the command "
        "has ended.  Of several that fit, the one\nof the certificate holds, "
        "then that of its CA, then that of all; 'good' is one too,\nwhich "
        "keeps others away.\n\n"
        "list      the catalogue, a LAYER of it, or all about one; with --json "
        "one line each:\n"
        "          name, aliases, layer, acts, needs, signer, wrong, ref, "
        "params, basis, expect,\n"
        "          made, host, answer; expect has for each channel the "
        "verdict, and "
        "for "
        "each policy\n"
        "          whether a client goes on (accepted) and how firmly that "
        "stands (basis)\n"
        "active    what is set, on what; with --json one line each: scenario, "
        "ca, name, serial,\n"
        "          times, since (the number of the event)\n"
        "set       in the place of what was set there\n"
        "clear     what is set on that; with --all everything, on whatever\n\n"
        "  --ca CANAME          on all certificates of that CA; with CERT: "
        "whose serial it is\n"
        "  --all                on all certificates\n"
        "  --times N            for N answers, or N handshakes, only; who "
        "gives them counts from\n"
        "                       when it first sees that\n"
        "  --format F           list: as a page of documentation\n" HELP_COMMON
        "\nIn a lab of 'init --no-faults' nothing can be set: exit 78; nor "
        "where the list says that\na scenario is not made yet.  Where it does "
        "not fit the certificate: exit 64.\n",
    .run = run,
};
