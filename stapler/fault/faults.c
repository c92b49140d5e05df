/* The board of a lab, and the faults that its notes stand for. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "pki/pki.h"
#include "stapler/fault/fault.h"

static void drop_made(struct faults *s)
{
        size_t i;

        for (i = 0; s->made != NULL && i < s->board.len; i++)
                fault_unref(s->made[i]);
        free(s->made);
        s->made = NULL;
}

void faults_release(struct faults *s)
{
        drop_made(s);
        scenario_board_release(&s->board);
        *s = (struct faults){.may = false};
}

/* ---- reading ------------------------------------------------------------ */

static bool same_place(
    const struct scenario_note *a, const struct scenario_note *b)
{
        return a->version == b->version && a->all == b->all &&
               memcmp(a->issuer, b->issuer, sizeof(a->issuer)) == 0 &&
               a->serial_len == b->serial_len &&
               memcmp(a->serial, b->serial, a->serial_len) == 0;
}

static const struct scenario_note *find_same(
    const struct scenario_board *b, const struct scenario_note *n)
{
        enum scenario_level level = SCENARIO_ON_CERTIFICATE;
        const struct scenario_note *there;

        if (n->serial_len == 0)
                level = n->all ? SCENARIO_ON_ALL : SCENARIO_ON_CA;
        there = scenario_board_find(
            b, level, n->issuer, (struct span){n->serial, n->serial_len});
        return there != NULL && same_place(there, n) ? there : NULL;
}

/* Those that are set still keep their count. */
static void carry_over(
    struct faults *s, const struct scenario_board *next, struct fault **made)
{
        const struct scenario_note *n;
        size_t i;

        for (i = 0; s->made != NULL && i < s->board.len; i++) {
                if (s->made[i] == NULL)
                        continue;
                n = find_same(next, &s->board.list[i]);
                if (n != NULL)
                        made[n - next->list] = fault_ref(s->made[i]);
        }
}

static int take_board(
    struct faults *s, struct scenario_board *next, struct err *e)
{
        struct fault **made = calloc(next->len + 1, sizeof(*made));

        if (made == NULL) {
                scenario_board_release(next);
                return err_set(e, ERR_OS, "out of memory");
        }
        carry_over(s, next, made);
        drop_made(s);
        scenario_board_release(&s->board);
        s->board = *next;
        s->made = made;
        s->may = true;
        return 0;
}

int faults_read(struct faults *s, const char *folder, struct err *e)
{
        struct scenario_board next;
        struct buf text = {0};
        struct err why = ERR_INIT;
        char path[PATH_MAX];
        int rc = -1;

        if (s->never)
                return 0;
        if (file_path(
                path, sizeof(path), e, "%s/" SCENARIO_BOARD_NAME, folder) != 0)
                return -1;
        if (file_read(path, SCENARIO_BOARD_MAX, &text, &why) != 0) {
                if (why.code == ERR_NOTFOUND) {
                        faults_release(s);
                        return 0;
                }
                *e = why;
        } else if (scenario_board_parse(buf_span(&text), &next, e) == 0) {
                rc = 0;
                if (next.never) {
                        scenario_board_release(&next);
                        faults_release(s);
                        s->never = true;
                } else {
                        rc = take_board(s, &next, e);
                }
        } else {
                err_prefix(e, "%s", path);
        }
        buf_release(&text);
        return rc;
}

/* ---- finding ------------------------------------------------------------ */

/* A newer program may have set what this one does not know: then it is not for
 * us. */
static struct fault *make(const struct scenario_note *n)
{
        struct scenario_choice c;

        if (scenario_parse(n->text, &c, NULL) != 0)
                return NULL;
        return fault_new(&c, n->version, n->times);
}

struct fault *faults_at(struct faults *s, enum scenario_level level,
    const X509 *leaf, const X509 *issuer)
{
        uint8_t id[EVP_MAX_MD_SIZE] = {0};
        struct pki_serial serial = pki_serial_of(leaf);
        const struct scenario_note *n;
        struct fault **made;

        if (s->board.len == 0 || issuer == NULL ||
            X509_digest(issuer, EVP_sha256(), id, NULL) != 1)
                return NULL;
        n = scenario_board_find(
            &s->board, level, id, (struct span){serial.octets, serial.len});
        if (n == NULL)
                return NULL;
        made = &s->made[n - s->board.list];
        if (*made == NULL)
                *made = make(n);
        return *made;
}
