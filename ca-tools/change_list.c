/*
 * revoke --from, hold --from, release --from: a certificate a line, in one
 * transaction.
 *
 *   CERT [REASON] [TIME]       # the last two for revoke only
 *
 * Words are separated by blanks, or by one comma: "CERT,,TIME".
 */
#include "change.h"

#include <stdio.h>
#include <string.h>

#include "authority.h"
#include "lines.h"
#include "print.h"
#include "progress.h"
#include "reason.h"

struct list {
        const struct lab *lab;
        const struct change_wish *wish;
        struct cadb_revocation preset; /* what a line does not say */
        int64_t now;
        int64_t ca; /* 0: any */
        struct lines *lines;
        struct progress progress;
        size_t changed, already;
};

enum { WORD_CERT, WORD_SECOND, WORD_THIRD, WORDS_MAX };

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

static char *skip_blanks(char *p)
{
        while (is_blank(*p))
                p++;
        return p;
}

/* Cuts the line into words, in place; empty ones count.  How many there are,
 * or WORDS_MAX + 1 if more than fit. */
static size_t split(char *line, char *words[WORDS_MAX])
{
        char *p = skip_blanks(line), *end;
        size_t n = 0;

        while (*p != '\0' && *p != '#') {
                if (n == WORDS_MAX)
                        return WORDS_MAX + 1;
                words[n++] = p;
                p += strcspn(p, " \t,#");
                end = p;
                p = skip_blanks(p);
                if (*p == ',')
                        p = skip_blanks(p + 1);
                else if (*p == '#')
                        *p = '\0';
                *end = '\0';
        }
        return n;
}

/* What is no reason may still be meant as a time that is none. */
static bool is_time(const struct list *l, const char *word)
{
        int64_t ignored;
        int reason;

        if (ocsp_reason_parse(word, &reason) == 0)
                return false;
        return parse_time(word, l->now, &ignored, NULL) == 0 ||
               (strlen(word) > 2 && strchr("0123456789+-@", *word) != NULL);
}

/* Second and third word of a line of revoke: REASON, TIME, or both. */
static int parse_wish(const struct list *l, char *words[], size_t n,
    struct cadb_revocation *r, struct err *e)
{
        const char *reason = n > WORD_SECOND ? words[WORD_SECOND] : "";
        const char *time = n > WORD_THIRD ? words[WORD_THIRD] : "";

        if (n == WORD_THIRD && is_time(l, reason)) {
                time = reason;
                reason = "";
        }
        if (*reason != '\0' && reason_parse(reason, &r->reason, e) != 0)
                return -1;
        return *time == '\0'
                   ? 0
                   : change_past("revoked", time, l->now, &r->revoked_at, e);
}

static int absent(const char *text, struct err *e)
{
        if (strchr(text, '/') != NULL)
                return err_set(e, ERR_NOTFOUND,
                    "'%s': a list names certificates by name or serial, not by "
                    "file",
                    text);
        return err_set(e, ERR_NOTFOUND,
            "'%s': never issued here, neither as a name nor as a serial: see "
            "'ocsp-ca list'",
            text);
}

/* A name comes before a serial, as on the command line.  *ca 0: never
 * issued. */
static int find(const struct list *l, const char *text, int64_t *ca,
    struct pki_serial *serial, struct err *e)
{
        struct cadb *db = l->lab->db;
        struct span octets = {serial->octets, 0};
        struct cadb_cert cert;
        int found = cadb_cert_find_name(db, text, &cert, e);

        *ca = l->ca;
        if (found == 0) {
                if (pki_serial_parse(text, serial, NULL) != 0)
                        return absent(text, e);
                octets.len = serial->len;
                if (*ca == 0)
                        found = cadb_cert_find_serial(db, 0, octets, &cert, e);
        }
        if (found != 1)
                return found;
        if (l->ca != 0 && l->ca != cert.ca)
                return err_set(e, ERR_NOTFOUND,
                    "'%s': was issued by %s, not by %s", text, cert.ca_name,
                    l->wish->ca);
        *ca = cert.ca;
        serial->len = cert.serial_len;
        memcpy(serial->octets, cert.serial, cert.serial_len);
        return 0;
}

static int change_cert(struct list *l, const char *text,
    const struct cadb_revocation *r, struct err *e)
{
        enum cadb_change change = CADB_ABSENT;
        struct pki_serial serial;
        int64_t ca;

        if (find(l, text, &ca, &serial, e) != 0)
                return -1;
        if (ca != 0 &&
            change_apply(l->lab, l->wish, r, l->now, ca,
                (struct span){serial.octets, serial.len}, &change, e) != 0)
                return -1;
        switch (change) {
        case CADB_CHANGED:
                l->changed++;
                return 0;
        case CADB_SAME:
                l->already++;
                return 0;
        case CADB_ABSENT:
        case CADB_FORBIDDEN:
                break;
        }
        return absent(text, e);
}

static int change_line(struct list *l, char *line, struct err *e)
{
        struct cadb_revocation r = l->preset;
        char *words[WORDS_MAX];
        size_t n = split(line, words);
        bool revoke = l->wish->action == CHANGE_REVOKE;

        if (n == 0)
                return 0;
        if (*words[WORD_CERT] == '\0')
                return err_set(e, ERR_DATA, "begins with a comma");
        if (n > (revoke ? WORDS_MAX : 1))
                return err_set(e, ERR_DATA,
                    revoke ? "more words than CERT REASON TIME"
                           : "more words than one, CERT");
        if (revoke && parse_wish(l, words, n, &r, e) != 0) {
                e->code = ERR_DATA; /* not the command line is wrong */
                return -1;
        }
        return change_cert(l, words[WORD_CERT], &r, e);
}

/* What is wrong with the line, rather than with disk or memory, names it. */
static int refuse(struct list *l, struct err *e)
{
        struct err why = *e;

        if (why.code != ERR_USAGE && why.code != ERR_DATA &&
            why.code != ERR_NOTFOUND && why.code != ERR_CONFIG)
                return -1;
        return err_set(e, why.code, "%s: %s: nothing was changed",
            lines_where(l->lines), why.text);
}

static int change_lines(struct list *l, struct err *e)
{
        char *line;
        int rc;

        while ((rc = lines_next(l->lines, &line, e)) == 1) {
                if (change_line(l, line, e) != 0)
                        return refuse(l, e);
                progress_tick(&l->progress, lines_count(l->lines),
                    lines_percent(l->lines));
        }
        return rc;
}

static int change_all(struct list *l, struct err *e)
{
        int rc;

        if (cadb_begin(l->lab->db, e) != 0)
                return -1;
        l->now = lab_now(l->lab);
        progress_start(&l->progress, "lines");
        rc = change_revocation(l->wish, l->now, &l->preset, e);
        if (rc == 0)
                rc = change_lines(l, e);
        progress_end(&l->progress);
        if (rc == 0)
                rc = cadb_commit(l->lab->db, e);
        if (rc != 0)
                cadb_rollback(l->lab->db);
        return rc;
}

static int print_sum(const struct list *l, bool json, struct err *e)
{
        static const char *const done[] = {
            [CHANGE_REVOKE] = "revoked",
            [CHANGE_HOLD] = "put on hold",
            [CHANGE_RELEASE] = "released",
        };

        if (json)
                return print_json(json_pack("{s:I, s:I, s:I}", "lines",
                                      (json_int_t)lines_count(l->lines),
                                      "changed", (json_int_t)l->changed,
                                      "already", (json_int_t)l->already),
                    e);
        printf("%s %zu, already %zu\n", done[l->wish->action], l->changed,
            l->already);
        return 0;
}

int change_list(const struct lab *lab, const struct change_wish *w, bool json,
    struct err *e)
{
        struct list l = {.lab = lab, .wish = w};
        struct cadb_ca ca = {.id = 0};
        int rc = -1;

        if (w->ca != NULL && authority_find(lab, w->ca, &ca, e) != 0)
                return -1;
        l.ca = ca.id;
        if (lines_open(w->from, lab->dir, &l.lines, e) == 0 &&
            change_all(&l, e) == 0)
                rc = print_sum(&l, json, e);
        lines_close(l.lines);
        return rc;
}
