#include "stapler/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stapler/status.h"

/* A certificate is done when its site has ended that many fetches. */
struct goal {
        char name[LAB_NAME_MAX + 1];
        const struct site *site; /* to see that it is still that one */
        uint64_t ended;
};

struct batch {
        struct batch *next;
        struct web_request *r;
        bool reload, scenario;
        bool one; /* goals[0] is all that was asked for */
        size_t len;
        struct goal goals[];
};

static bool goal_is_met(const struct roster *r, const struct goal *g)
{
        const struct roster_entry *n = roster_find(r, g->name);

        return n == NULL || n->site != g->site || n->site->ended >= g->ended;
}

static bool is_done(const struct batches *b, struct batch *batch)
{
        const struct roster_entry *n;

        if (batch->reload)
                return roster_is_settled(b->roster);
        if (batch->scenario) {
                n = roster_find(b->roster, batch->goals[0].name);
                return n == NULL || n->site == NULL ||
                       site_faults_are_settled(n->site);
        }
        /* Those that are met are not looked at again. */
        while (batch->len > 0 &&
               goal_is_met(b->roster, &batch->goals[batch->len - 1])) {
                if (batch->one)
                        return true;
                batch->len--;
        }
        return batch->len == 0;
}

/* A scenario that was asked for and does not happen is a conflict. */
static int code_of(const struct batches *b, const struct batch *batch)
{
        const struct site_fault *f = NULL;
        const struct roster_entry *n;

        if (!batch->scenario)
                return 200;
        n = roster_find(b->roster, batch->goals[0].name);
        if (n != NULL && n->site != NULL)
                f = site_fault_now(n->site);
        return f != NULL && f->state == SITE_FAULT_BROKEN ? 409 : 200;
}

static void answer(struct batches *b, struct batch *batch)
{
        struct buf out = {0};

        status_json(b->roster, batch->one ? batch->goals[0].name : NULL, &out);
        web_reply(batch->r, out.failed ? 503 : code_of(b, batch),
            "application/json", buf_span(&out));
        buf_release(&out);
        free(batch);
}

static void add(struct batches *b, struct batch *batch)
{
        batch->next = b->first;
        b->first = batch;
}

static struct batch *batch_new(struct web_request *r, size_t goals)
{
        struct batch *batch =
            calloc(1, sizeof(*batch) + goals * sizeof(batch->goals[0]));

        if (batch == NULL)
                web_reply_text(r, 503, "out of memory\n");
        else
                batch->r = r;
        return batch;
}

static void set_goal(struct batch *batch, const struct roster_entry *n)
{
        struct goal *g = &batch->goals[batch->len];

        if (n->site == NULL || !site_refresh(n->site))
                return;
        memcpy(g->name, n->name, sizeof(g->name));
        g->site = n->site;
        /* A fetch that is under way may have asked too early. */
        g->ended = n->site->ended + (n->site->fetch != NULL ? 2 : 1);
        batch->len++;
}

void batch_refresh(struct batches *b, const char *name, struct web_request *r)
{
        struct batch *batch = batch_new(r, name != NULL ? 1 : b->roster->len);
        size_t i;

        if (batch == NULL)
                return;
        batch->one = name != NULL;
        for (i = 0; i < b->roster->len; i++) {
                if (name == NULL ||
                    strcmp(name, b->roster->entries[i].name) == 0)
                        set_goal(batch, &b->roster->entries[i]);
        }
        /* Without a goal the answer must still be about that one. */
        if (batch->one && batch->len == 0)
                memcpy(batch->goals[0].name, roster_find(b->roster, name)->name,
                    sizeof(batch->goals[0].name));
        add(b, batch);
}

void batch_reload(struct batches *b, struct web_request *r)
{
        struct batch *batch = batch_new(r, 0);

        if (batch == NULL)
                return;
        batch->reload = true;
        add(b, batch);
}

void batch_scenario(struct batches *b, const char *name, struct web_request *r)
{
        struct batch *batch = batch_new(r, 1);

        if (batch == NULL)
                return;
        batch->scenario = batch->one = true;
        snprintf(
            batch->goals[0].name, sizeof(batch->goals[0].name), "%s", name);
        add(b, batch);
}

void batch_check(struct batches *b)
{
        struct batch **at = &b->first, *batch;

        while ((batch = *at) != NULL) {
                if (!is_done(b, batch)) {
                        at = &batch->next;
                        continue;
                }
                *at = batch->next;
                answer(b, batch);
        }
}

void batch_drop(struct batches *b)
{
        struct batch *batch;

        while ((batch = b->first) != NULL) {
                b->first = batch->next;
                answer(b, batch);
        }
}
