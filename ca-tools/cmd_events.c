#include "cmd.h"

#include <stdio.h>

#include "pki/pki.h"
#include "print.h"

enum { OPT_SINCE = ARGS_OWN };

static const struct option options[] = {
    {"since", required_argument, NULL, OPT_SINCE},
    ARGS_COMMON,
};

static json_t *event_json(const struct cadb_event *ev)
{
        return json_pack("{s:I, s:o, s:s, s:s*, s:s*, s:o*, s:s*}", "seq",
            (json_int_t)ev->seq, "at", json_time(ev->at), "kind", ev->kind,
            "ca", ev->ca_name[0] != '\0' ? ev->ca_name : NULL, "name",
            ev->name[0] != '\0' ? ev->name : NULL, "serial",
            ev->serial_len > 0 ? json_serial(ev->serial, ev->serial_len) : NULL,
            "detail", ev->detail[0] != '\0' ? ev->detail : NULL);
}

static int row(void *arg, const struct cadb_event *ev, struct err *e)
{
        char at[TIME_TEXT_MAX], serial[PKI_SERIAL_TEXT_MAX];
        const bool *json = arg;

        if (*json)
                return print_json(event_json(ev), e);
        printf("%6lld  %s  %-8s", (long long)ev->seq, format_time(ev->at, at),
            ev->kind);
        if (ev->ca_name[0] != '\0')
                printf(" %s", ev->ca_name);
        if (ev->name[0] != '\0')
                printf(" %s", ev->name);
        if (ev->serial_len > 0)
                printf(" %s",
                    pki_serial_text(
                        (struct span){ev->serial, ev->serial_len}, serial));
        if (ev->detail[0] != '\0')
                printf(" %s", ev->detail);
        printf("\n");
        return ferror(stdout) ? cli_flush(e) : 0;
}

static int run(struct args *a, struct err *e)
{
        struct lab lab = {0};
        uint64_t since = 0;
        int option, rc = -1;

        while ((option = args_next(a, options, e)) != ARGS_END) {
                if (option != OPT_SINCE)
                        return -1;
                if (parse_uint(optarg, INT64_MAX, &since, e) != 0)
                        return err_prefix(e, "--since");
        }
        if (args_words(a, 0, 0, "", e) != 0)
                return -1;
        if (lab_open(&lab, a, e) == 0)
                rc = cadb_event_each(lab.db, (int64_t)since, row, &a->json, e);
        lab_release(&lab);
        return rc;
}

const struct command cmd_events = {
    .name = "events",
    .summary = "list what was changed, in order",
    .help = "usage: ocsp-ca events [OPTION]...\n\n"
            "Every change has a sequence number.  With --json, one line "
            "each.\n\n"
            "  --since SEQ          only those after that number\n" HELP_COMMON,
    .run = run,
};
