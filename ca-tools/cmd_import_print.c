#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd_import.h"
#include "print.h"

/* ---- CAs --------------------------------------------------------------- */

static int print_ca_json(const struct import *im, const struct cadb_settings *s,
    const struct import_ca_name *ca, struct err *e)
{
        bool own = strcmp(ca->name, im->own.name) == 0;

        return print_json(
            json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:b, s:b, s:b}", "event",
                "ca", "dir", im->forge.dir, "name", ca->name, "subject",
                ca->subject, "cert",
                json_sprintf("%s/ca/%s/cert.pem", im->forge.dir, ca->name),
                "ocsp_url", s->ocsp_url, "key", own && im->has_key, "signer",
                own && im->has_signer, "no_faults", s->no_faults),
            e);
}

/* Of a CA that was there already: with FILEs they say the rest. */
static int print_known(const struct args *a, const struct import *im,
    const struct cadb_settings *s, struct err *e)
{
        if (!im->key_is_new && a->words_len > 0)
                return 0;
        if (a->json)
                return print_ca_json(im, s, &im->own, e);
        printf("%s: %s\n", im->own.name,
            im->key_is_new ? "known already, now with its key"
                           : "known already");
        return 0;
}

/* As openssl wants it, with the CA's files as the caller named them. */
static void print_next(const struct args *a, const struct import *im)
{
        const char *name = im->made[im->made_len - 1].name;

        printf("next: let your CA certify a signer for its OCSP answers:\n"
               "  ocsp-ca signer request --ca %s --out signer.csr",
            name);
        print_dir_option(a);
        printf("\n  openssl x509 -req -in signer.csr -CA %s -CAkey YOUR-CA-KEY "
               "\\\n    -set_serial 0x$(openssl rand -hex 16) -days 90 "
               "-copy_extensions copy -out signer.pem\n"
               "  ocsp-ca signer install signer.pem --ca %s",
            im->wish->ca_certs[0], name);
        print_dir_option(a);
        printf("\n");
}

int import_print_cas(const struct args *a, const struct import *im,
    const struct cadb_settings *s, struct err *e)
{
        size_t i;

        if (im->made_len == 0)
                return print_known(a, im, s, e);
        if (a->json) {
                for (i = 0; i < im->made_len; i++)
                        if (print_ca_json(im, s, &im->made[i], e) != 0)
                                return -1;
                return 0;
        }
        printf(im->fresh ? "made %s around a CA from elsewhere\n"
                         : "made a CA known in %s\n",
            im->forge.dir);
        for (i = im->made_len; i-- > 0;)
                printf("  %-8s %s%s\n", im->made[i].name, im->made[i].subject,
                    i + 1 == im->made_len && im->has_key ? ", with its key"
                                                         : "");
        printf("  %-8s %s\n", "OCSP", s->ocsp_url);
        printf("  %-8s %s/root.pem\n", "trust", im->forge.dir);
        if (!im->has_signer)
                print_next(a, im);
        return 0;
}

/* ---- files ------------------------------------------------------------- */

static json_t *result_json(const struct import_result *r, const char *event)
{
        json_t *record = json_pack("{s:s, s:s, s:s, s:s?, s:I, s:I, s:I, s:I}",
            "event", event, "file", r->path, "kind", import_kind_name(r->kind),
            "ca", r->ca[0] != '\0' ? r->ca : NULL, "rows", (json_int_t)r->rows,
            "added", (json_int_t)r->added, "changed", (json_int_t)r->changed,
            "same", (json_int_t)r->same);

        switch (r->kind) {
        case IMPORT_INDEX:
                json_object_set_new(record, "hold_instructions",
                    json_integer((json_int_t)r->hold_instructions));
                break;
        case IMPORT_CERTS:
                return record;
        case IMPORT_CRL:
                json_object_set_new(record, "delta", json_boolean(r->delta));
                json_object_set_new(record, "number",
                    r->number != 0 && r->number <= INT64_MAX
                        ? json_integer((json_int_t)r->number)
                        : json_null());
                json_object_set_new(record, "newer",
                    r->newer != 0 ? json_integer((json_int_t)r->newer)
                                  : json_null());
                json_object_set_new(
                    record, "this_update", json_time(r->this_update));
                json_object_set_new(
                    record, "next_update", json_time(r->next_update));
                break;
        }
        json_object_set_new(
            record, "unlisted", json_integer((json_int_t)r->unlisted));
        return record;
}

static const char *rows_text(const struct import_result *r)
{
        switch (r->kind) {
        case IMPORT_INDEX:
                return r->rows == 1 ? "line" : "lines";
        case IMPORT_CERTS:
                return r->rows == 1 ? "certificate" : "certificates";
        case IMPORT_CRL:
                return r->rows == 1 ? "entry" : "entries";
        }
        return "";
}

/* What was not taken over, or seems odd. */
static void print_notes(const struct import_result *r, int64_t now)
{
        const char *are = r->unlisted == 1 ? "is" : "are";
        char at[TIME_TEXT_MAX];

        if (r->kind == IMPORT_INDEX && r->unlisted > 0)
                printf("; %" PRId64 " more %s not in it, and left as before",
                    r->unlisted, are);
        if (r->kind == IMPORT_CRL && r->unlisted > 0)
                printf("; %" PRId64 " more %s revoked here, and left so",
                    r->unlisted, are);
        if (r->hold_instructions > 0)
                printf("; %zu on hold, without the OID of what to do then",
                    r->hold_instructions);
        if (r->newer != 0)
                printf("; older than number %" PRIu64
                       ", so its holds do not count",
                    r->newer);
        if (r->kind == IMPORT_CRL && r->next_update != 0 &&
            r->next_update < now)
                printf("; a newer one should have come by %s",
                    format_time(r->next_update, at));
}

int import_print_result(const struct args *a, const struct import_result *r,
    int64_t now, struct err *e)
{
        if (a->json)
                return print_json(result_json(r, "import"), e);
        printf("%s: ", r->path);
        if (r->kind == IMPORT_CRL)
                printf("%sCRL of ", r->delta ? "delta " : "");
        if (r->ca[0] != '\0')
                printf("%s, ", r->ca);
        printf("%zu %s: %zu added, %zu changed, %zu as before", r->rows,
            rows_text(r), r->added, r->changed, r->same);
        print_notes(r, now);
        putchar('\n');
        return 0;
}

int import_print_ready(const struct import_result *r, struct err *e)
{
        return print_json(result_json(r, "ready"), e);
}
