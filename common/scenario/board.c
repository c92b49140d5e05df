/*
 *   ocsp-lab scenarios 1             or: ocsp-lab scenarios 1 never
 *   VERSION TIMES ISSUER SERIAL TEXT
 *
 * "-" in the place of a serial: all certificates of that CA; of both: all.
 */
#include "scenario/board.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

static const char first_line[] = "ocsp-lab scenarios 1";
static const char first_line_never[] = "ocsp-lab scenarios 1 never";

enum { LINE_MAX_ = 512 };

/* ---- writing ------------------------------------------------------------ */

void scenario_board_begin(struct buf *out, bool never)
{
        buf_printf(out, "%s\n", never ? first_line_never : first_line);
}

void scenario_board_add(struct buf *out, const struct scenario_note *n)
{
        char issuer[2 * SCENARIO_ISSUER_LEN + 1] = "-";
        char serial[2 * SCENARIO_SERIAL_MAX + 1] = "-";

        if (!n->all)
                hex_encode((struct span){n->issuer, SCENARIO_ISSUER_LEN},
                    issuer, sizeof(issuer));
        if (n->serial_len > 0)
                hex_encode((struct span){n->serial, n->serial_len}, serial,
                    sizeof(serial));
        buf_printf(out, "%" PRId64 " %" PRId64 " %s %s %s\n", n->version,
            n->times, issuer, serial, n->text);
}

/* ---- order -------------------------------------------------------------- */

static int compare_serials(struct span a, struct span b)
{
        size_t len = a.len < b.len ? a.len : b.len;
        int order = len > 0 ? memcmp(a.data, b.data, len) : 0;

        return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* By what they are set on: all, then CA by CA, each before its certificates. */
static int compare(const void *x, const void *y)
{
        const struct scenario_note *a = x, *b = y;
        int order;

        if (a->all != b->all)
                return a->all ? -1 : 1;
        order = memcmp(a->issuer, b->issuer, SCENARIO_ISSUER_LEN);
        return order != 0
                   ? order
                   : compare_serials((struct span){a->serial, a->serial_len},
                         (struct span){b->serial, b->serial_len});
}

const struct scenario_note *scenario_board_find(const struct scenario_board *b,
    enum scenario_level level, const uint8_t issuer[SCENARIO_ISSUER_LEN],
    struct span serial)
{
        struct scenario_note key = {.all = level == SCENARIO_ON_ALL};

        if (b->len == 0 || serial.len > sizeof(key.serial))
                return NULL;
        if (!key.all)
                memcpy(key.issuer, issuer, sizeof(key.issuer));
        if (level == SCENARIO_ON_CERTIFICATE && serial.len > 0) {
                memcpy(key.serial, serial.data, serial.len);
                key.serial_len = serial.len;
        }
        return bsearch(&key, b->list, b->len, sizeof(key), compare);
}

/* ---- reading ------------------------------------------------------------ */

static bool take_place(
    struct scenario_note *n, const char *issuer, const char *serial)
{
        size_t len;

        n->all = strcmp(issuer, "-") == 0;
        if (!n->all && (hex_decode(issuer, n->issuer, sizeof(n->issuer), &len,
                            NULL) != 0 ||
                           len != sizeof(n->issuer)))
                return false;
        return strcmp(serial, "-") == 0 ||
               (!n->all && hex_decode(serial, n->serial, sizeof(n->serial),
                               &n->serial_len, NULL) == 0);
}

static bool parse_line(const char *line, struct scenario_note *n)
{
        char issuer[2 * SCENARIO_ISSUER_LEN + 1];
        char serial[2 * SCENARIO_SERIAL_MAX + 1];

        *n = (struct scenario_note){.all = false};
        return sscanf(line, "%" SCNd64 " %" SCNd64 " %64s %128s %127s",
                   &n->version, &n->times, issuer, serial, n->text) == 5 &&
               n->version >= 0 && n->times >= 0 &&
               take_place(n, issuer, serial);
}

/* The next line without its end, as text; false: there is none. */
static bool next_line(struct span *rest, char out[LINE_MAX_])
{
        const uint8_t *end =
            rest->len == 0 ? NULL : memchr(rest->data, '\n', rest->len);
        size_t len;

        if (end == NULL)
                return false;
        len = (size_t)(end - rest->data);
        snprintf(out, LINE_MAX_, "%.*s", (int)(len < LINE_MAX_ ? len : 0),
            (const char *)rest->data);
        rest->data += len + 1;
        rest->len -= len + 1;
        return true;
}

static size_t count_lines(struct span text)
{
        size_t i, n = 0;

        for (i = 0; i < text.len; i++)
                n += text.data[i] == '\n';
        return n;
}

int scenario_board_parse(
    struct span text, struct scenario_board *out, struct err *e)
{
        size_t most = count_lines(text);
        char line[LINE_MAX_];

        *out = (struct scenario_board){.len = 0};
        if (!next_line(&text, line) || (strcmp(line, first_line) != 0 &&
                                           strcmp(line, first_line_never) != 0))
                return err_set(e, ERR_DATA,
                    "not a list of scenarios that this version can read");
        out->never = strcmp(line, first_line_never) == 0;
        out->list = calloc(most, sizeof(*out->list));
        if (out->list == NULL)
                return err_set(e, ERR_OS, "out of memory");
        while (next_line(&text, line)) {
                if (!parse_line(line, &out->list[out->len++])) {
                        scenario_board_release(out);
                        return err_set(
                            e, ERR_DATA, "not a scenario: '%.64s'", line);
                }
        }
        if (text.len > 0) {
                scenario_board_release(out);
                return err_set(e, ERR_DATA, "the last line has no end");
        }
        qsort(out->list, out->len, sizeof(out->list[0]), compare);
        return 0;
}

void scenario_board_release(struct scenario_board *b)
{
        free(b->list);
        *b = (struct scenario_board){.len = 0};
}
