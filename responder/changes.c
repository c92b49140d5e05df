#include "responder/changes.h"

#include <string.h>

void changes_forget(struct changes *c)
{
        c->known = false;
        c->last = 0;
        c->len = 0;
}

/* All that came before is not looked at. */
static void begin_at(struct changes *c, int64_t seq)
{
        c->known = true;
        c->since = seq;
        c->last = seq;
        c->len = 0;
}

/* Of one certificate and nothing else.  A signer's event has a serial too: the
 * signer's own. */
static bool is_of_certificate(const char *kind)
{
        static const char *const kinds[] = {
            "issue", "renew", "import", "revoke", "hold", "release"};
        size_t i;

        for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (strcmp(kind, kinds[i]) == 0)
                        return true;
        return false;
}

static int add(void *arg, const struct cadb_event *ev, struct err *e)
{
        struct changes *c = arg;
        struct change *to = &c->ring[c->next];

        (void)e;
        if (c->len == CHANGES_MAX)
                c->since = to->seq;
        else
                c->len++;
        c->next = (c->next + 1) % CHANGES_MAX;
        to->seq = ev->seq;
        to->serial_len = is_of_certificate(ev->kind) ? ev->serial_len : 0;
        memcpy(to->serial, ev->serial, to->serial_len);
        c->last = ev->seq;
        return 0;
}

/* Of an import of millions only the number is read. */
int changes_read(struct changes *c, struct cadb *db, struct err *e)
{
        int64_t last;

        if (cadb_last_event(db, &last, e) != 0) {
                changes_forget(c);
                return -1;
        }
        if (!c->known || last < c->last || last - c->last > CHANGES_MAX)
                begin_at(c, last);
        else if (last > c->last &&
                 cadb_event_each(db, c->last, add, c, e) != 0) {
                changes_forget(c);
                return -1;
        }
        return 0;
}

static bool concerns(const struct change *change, struct span serial)
{
        return change->serial_len == 0 ||
               span_equal(
                   serial, (struct span){change->serial, change->serial_len});
}

bool changes_spare(const struct changes *c, int64_t seen, struct span serial)
{
        size_t i, at = c->next;

        if (!c->known || seen < c->since)
                return false;
        for (i = 0; i < c->len; i++) {
                const struct change *change;

                at = (at + CHANGES_MAX - 1) % CHANGES_MAX;
                change = &c->ring[at];
                if (change->seq <= seen)
                        return true;
                if (concerns(change, serial))
                        return false;
        }
        return true;
}
