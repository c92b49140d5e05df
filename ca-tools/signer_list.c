#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "authority.h"
#include "cmd_signer.h"
#include "print.h"

/* For people; --json has all of them. */
enum { RETIRED_SHOWN = 3 };

struct list {
        const struct lab *lab;
        bool json;
        json_t *retired; /* of the CA at hand */
        char requested[CADB_PATH_MAX];
};

static json_t *retired_json(
    const struct list *l, const struct cadb_signer_row *row)
{
        char path[PATH_MAX];
        bool there = file_path(path, sizeof(path), NULL, "%s/%s", l->lab->dir,
                         row->path) == 0 &&
                     access(path, F_OK) == 0;

        return json_pack("{s:o, s:o, s:o, s:o}", "serial",
            json_serial(row->serial, row->serial_len), "not_before",
            json_time(row->not_before), "not_after", json_time(row->not_after),
            "path", json_path(l->lab, there ? row->path : ""));
}

static int add_row(void *arg, const struct cadb_signer_row *row, struct err *e)
{
        struct list *l = arg;

        (void)e;
        switch (row->state) {
        case CADB_SIGNER_REQUESTED:
                snprintf(l->requested, sizeof(l->requested), "%s", row->path);
                break;
        case CADB_SIGNER_CURRENT:
                break;
        case CADB_SIGNER_RETIRED:
                json_array_append_new(l->retired, retired_json(l, row));
                break;
        }
        return 0;
}

/* ---- JSON -------------------------------------------------------------- */

static int print_ca_json(
    struct list *l, const struct cadb_ca *ca, struct err *e)
{
        bool self = ca->model == CADB_SIGNER_CA;
        int64_t left, until = self ? ca->not_after : ca->signer_not_after;
        int64_t begin = self ? ca->not_before : ca->signer_not_before;
        bool soon = cadb_signer_ends_soon(ca, lab_now(l->lab), &left);

        left = until - lab_now(l->lab);
        return print_json(
            json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:O}",
                "ca", ca->name, "model", cadb_signer_model_name(ca->model),
                "serial",
                ca->has_signer
                    ? json_serial(ca->signer_serial, ca->signer_serial_len)
                    : json_null(),
                "path",
                json_path(l->lab, !ca->has_signer ? ""
                                  : self          ? ca->cert_path
                                                  : ca->signer_path),
                "not_before", ca->has_signer ? json_time(begin) : json_null(),
                "not_after", ca->has_signer ? json_time(until) : json_null(),
                "seconds_left",
                ca->has_signer ? json_integer(left) : json_null(), "ends_soon",
                soon, "ca_key", ca->key_path[0] != '\0', "requested",
                json_path(l->lab, l->requested), "retired", l->retired),
            e);
}

/* ---- for people -------------------------------------------------------- */

static void print_current(const struct list *l, const struct cadb_ca *ca)
{
        char serial[PKI_SERIAL_TEXT_MAX], at[TIME_TEXT_MAX];
        char left_text[DURATION_TEXT_MAX];
        int64_t left, until = ca->signer_not_after;
        bool soon = cadb_signer_ends_soon(ca, lab_now(l->lab), &left);

        printf("%s: %s", ca->name, cadb_signer_model_name(ca->model));
        if (!ca->has_signer) {
                printf(", no signer\n");
                return;
        }
        if (ca->model == CADB_SIGNER_CA)
                until = ca->not_after;
        left = until - lab_now(l->lab);
        printf(" %s\n  %-9s %s",
            pki_serial_text(
                (struct span){ca->signer_serial, ca->signer_serial_len},
                serial),
            "until", format_time(until, at));
        if (left > 0)
                printf(", %s left%s\n", format_duration(left, left_text),
                    soon ? ": ends soon" : "");
        else
                printf(", has ended\n");
        printf("  %-9s %s/%s\n", "file", l->lab->dir,
            ca->model == CADB_SIGNER_CA ? ca->cert_path : ca->signer_path);
}

static void print_rest(const struct list *l)
{
        size_t i, len = json_array_size(l->retired);
        const char *serial, *until;
        const json_t *one;

        if (l->requested[0] != '\0')
                printf("  %-9s %s/%s, waits for its certificate\n", "requested",
                    l->lab->dir, l->requested);
        for (i = 0; i < len && i < RETIRED_SHOWN; i++) {
                one = json_array_get(l->retired, i);
                serial = json_string_value(json_object_get(one, "serial"));
                until = json_string_value(json_object_get(one, "not_after"));
                if (serial != NULL && until != NULL)
                        printf(
                            "  %-9s %s, until %s\n", "retired", serial, until);
        }
        if (len > RETIRED_SHOWN)
                printf(
                    "  %-9s and %zu more: --json\n", "", len - RETIRED_SHOWN);
}

static int print_ca(void *arg, const struct cadb_ca *ca, struct err *e)
{
        struct list *l = arg;
        int rc;

        l->requested[0] = '\0';
        l->retired = json_array();
        rc = cadb_signer_each(l->lab->db, ca->id, add_row, l, e);
        if (rc == 0 && l->json) {
                rc = print_ca_json(l, ca, e);
        } else if (rc == 0) {
                print_current(l, ca);
                print_rest(l);
        }
        json_decref(l->retired);
        return rc;
}

static int list(struct list *l, const char *name, struct err *e)
{
        struct cadb_ca ca;

        if (name == NULL)
                return cadb_ca_each(l->lab->db, print_ca, l, e);
        if (authority_find(l->lab, name, &ca, e) != 0)
                return -1;
        return print_ca(l, &ca, e);
}

int signer_list(struct args *a, struct err *e)
{
        struct lab lab = {.dir = NULL};
        struct list l = {.lab = &lab};
        const char *name = NULL;
        int rc = -1;

        if (args_ca(a, &name, 0, 0, "", e) != 0)
                return -1;
        l.json = a->json;
        if (lab_open(&lab, a, e) == 0)
                rc = list(&l, name, e);
        lab_release(&lab);
        return rc;
}
