/* What is set, written where TLS servers read it. */
#include "scenario.h"

#include <openssl/evp.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cadb/write.h"
#include "scenario/board.h"

/* ---- CAs ---------------------------------------------------------------- */

struct ca_id {
        int64_t ca;
        uint8_t issuer[SCENARIO_ISSUER_LEN];
};

struct telling {
        struct buf text;
        struct ca_id *cas;
        size_t cas_len;
        bool staples; /* one is set that acts there */
};

static int add_ca(void *arg, const struct cadb_ca *ca, struct err *e)
{
        struct telling *t = arg;
        struct ca_id *more = realloc(t->cas, (t->cas_len + 1) * sizeof(*more));

        if (more == NULL)
                return err_set(e, ERR_OS, "out of memory");
        t->cas = more;
        t->cas[t->cas_len].ca = ca->id;
        if (EVP_Digest(ca->der, ca->der_len, t->cas[t->cas_len].issuer, NULL,
                EVP_sha256(), NULL) != 1)
                return err_set(e, ERR_INTERNAL, "OpenSSL gives no SHA-256");
        t->cas_len++;
        return 0;
}

/* ---- rows --------------------------------------------------------------- */

/* A newer program may have set what this one does not know. */
static bool acts_at_staple(const char *text)
{
        struct scenario_choice c;

        return scenario_parse(text, &c, NULL) == 0 &&
               c.scenario->place == SCENARIO_AT_STAPLE;
}

static int add_row(void *arg, const struct cadb_scenario *row, struct err *e)
{
        struct telling *t = arg;
        struct scenario_note n = {.all = row->ca == 0,
            .serial_len = row->serial_len,
            .version = row->version,
            .times = row->times};
        size_t i;

        (void)e;
        for (i = 0; i < t->cas_len && t->cas[i].ca != row->ca; i++)
                ;
        if (i < t->cas_len)
                memcpy(n.issuer, t->cas[i].issuer, sizeof(n.issuer));
        memcpy(n.serial, row->serial, row->serial_len);
        snprintf(n.text, sizeof(n.text), "%s", row->text);
        t->staples = t->staples || acts_at_staple(row->text);
        scenario_board_add(&t->text, &n);
        return 0;
}

/* ---- all ---------------------------------------------------------------- */

static int board_path(const char *dir, char out[PATH_MAX], struct err *e)
{
        return file_path(
            out, PATH_MAX, e, "%s/certs/" SCENARIO_BOARD_NAME, dir);
}

static int write_board(
    const char *dir, const struct buf *text, bool temporary, struct err *e)
{
        char path[PATH_MAX];

        if (text->failed)
                return err_set(e, ERR_OS, "out of memory");
        if (board_path(dir, path, e) != 0)
                return -1;
        return temporary ? file_write_fast(path, text->data, text->len, 0644, e)
                         : file_write(path, text->data, text->len, 0644, e);
}

static bool is_there(const char *dir, const struct buf *text)
{
        struct buf now = {0};
        char path[PATH_MAX];
        bool same = board_path(dir, path, NULL) == 0 &&
                    file_read(path, SCENARIO_BOARD_MAX, &now, NULL) == 0 &&
                    span_equal(buf_span(&now), buf_span(text));

        buf_release(&now);
        return same;
}

int scenario_tell_first(
    const char *dir, const struct cadb_settings *s, struct err *e)
{
        struct buf text = {0};
        int rc;

        scenario_board_begin(&text, s->no_faults);
        rc = write_board(dir, &text, s->temporary, e);
        buf_release(&text);
        return rc;
}

/* TLS servers have no use for any of it as long as none is theirs. */
static int compose(const struct lab *lab, struct telling *t, struct err *e)
{
        scenario_board_begin(&t->text, lab->settings.no_faults);
        if (cadb_ca_each(lab->db, add_ca, t, e) != 0 ||
            cadb_scenario_each(lab->db, add_row, t, e) != 0)
                return -1;
        if (t->staples)
                return 0;
        buf_clear(&t->text);
        scenario_board_begin(&t->text, lab->settings.no_faults);
        return 0;
}

/* ---- who is killed before it has told ----------------------------------- */

/* There while something may be committed and not told. */
static int untold_path(const char *dir, char out[PATH_MAX], struct err *e)
{
        return file_path(out, PATH_MAX, e, "%s/scenarios.untold", dir);
}

int scenario_will_tell(const struct lab *lab, struct err *e)
{
        char path[PATH_MAX];

        if (untold_path(lab->dir, path, e) != 0)
                return -1;
        return lab->settings.temporary ? file_write_fast(path, "", 0, 0644, e)
                                       : file_write(path, "", 0, 0644, e);
}

static void all_is_told(const struct lab *lab)
{
        char path[PATH_MAX];

        if (untold_path(lab->dir, path, NULL) == 0)
                unlink(path);
}

void scenario_tell_rest(const struct lab *lab)
{
        struct err ignored = ERR_INIT;
        char path[PATH_MAX];

        if (untold_path(lab->dir, path, NULL) == 0 && access(path, F_OK) == 0)
                (void)scenario_tell(lab, &ignored);
}

/* With the write lock: whoever tells last has read what was committed last. */
int scenario_tell(const struct lab *lab, struct err *e)
{
        struct telling t = {.cas = NULL};
        int rc = cadb_begin(lab->db, e);

        if (rc != 0)
                return -1;
        rc = compose(lab, &t, e);
        if (rc == 0 && !is_there(lab->dir, &t.text)) {
                rc = write_board(lab->dir, &t.text, lab->settings.temporary, e);
                if (rc == 0)
                        rc = labclock_touch(lab->dir, e);
        }
        if (rc == 0)
                all_is_told(lab);
        cadb_rollback(lab->db);
        buf_release(&t.text);
        free(t.cas);
        return rc == 0 ? 0
                       : err_prefix(e, "set, but TLS servers were not told");
}
