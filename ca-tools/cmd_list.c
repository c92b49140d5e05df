#include "cmd.h"

#include <stdio.h>

#include "authority.h"
#include "print.h"

struct listing {
        bool json;
        size_t count;
};

/* A row at a time, so that a million of them need no memory: the array is
 * written by hand around its elements. */
static int row_json(
    struct listing *l, const struct cadb_cert *cert, struct err *e)
{
        printf(l->count == 0 ? "[" : ",");
        return print_json(json_cert(cert), e);
}

static void row_text(const struct listing *l, const struct cadb_cert *cert)
{
        static const char format[] = "%-20s %-6s %-20s %-32s %s\n";
        char state[STATE_TEXT_MAX], end[TIME_TEXT_MAX];
        char serial[PKI_SERIAL_TEXT_MAX];

        if (l->count == 0)
                printf(format, "NAME", "CA", "EXPIRES", "SERIAL", "STATUS");
        /* What has no name is still somebody: an OCSP signer. */
        printf(format, cert->name[0] != '\0' ? cert->name : cert->subject,
            cert->ca_name, format_time(cert->state.not_after, end),
            pki_serial_text(
                (struct span){cert->serial, cert->serial_len}, serial),
            state_text(&cert->state, state));
}

static int row(void *arg, const struct cadb_cert *cert, struct err *e)
{
        struct listing *l = arg;
        int rc = 0;

        if (l->json)
                rc = row_json(l, cert, e);
        else
                row_text(l, cert);
        l->count++;
        /* Gone or full: no use in going on. */
        return rc == 0 && ferror(stdout) ? cli_flush(e) : rc;
}

static int list(const struct lab *lab, const char *ca_name, struct listing *l,
    struct err *e)
{
        struct cadb_filter filter = {.status = CADB_ANY};
        struct cadb_ca ca = {.id = 0};

        if (ca_name != NULL && authority_find(lab, ca_name, &ca, e) != 0)
                return -1;
        filter.ca = ca.id;
        if (cadb_cert_each(lab->db, &filter, row, l, e) != 0)
                return -1;
        if (l->json)
                printf(l->count == 0 ? "[]\n" : "]\n");
        return 0;
}

static int run(struct args *a, struct err *e)
{
        const char *ca = NULL;
        struct lab lab = {0};
        struct listing l = {0};
        int rc = -1;

        if (args_ca(a, &ca, 0, 0, "", e) != 0)
                return -1;
        l.json = a->json;
        if (lab_open(&lab, a, e) == 0)
                rc = list(&lab, ca, &l, e);
        lab_release(&lab);
        return rc;
}

const struct command cmd_list = {
    .name = "list",
    .summary = "list all certificates with their status",
    .help = "usage: ocsp-ca list [OPTION]...\n\n"
            "Certificates in order of issue, those of intermediate CAs and "
            "OCSP signers too (which have\nno name, but a subject).  With "
            "--json, an "
            "array.\n\n"
            "  --ca CANAME          only those that this CA has "
            "issued\n" HELP_COMMON,
    .run = run,
};
