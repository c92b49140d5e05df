#include "stapler/waiters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stapler/status.h"

struct waiter {
        struct waiter *next;
        struct web_request *r;
        char name[WEB_NAME_MAX], state[WEB_NAME_MAX];
        int64_t deadline;
};

#define ABSENT "absent"

bool waiters_know_state(const char *state)
{
        static const enum staple_state all[] = {STAPLE_NONE, STAPLE_GOOD,
            STAPLE_REVOKED, STAPLE_UNVERIFIED, STAPLE_EXPIRED, STAPLE_EARLY};
        size_t i;

        for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
                if (strcmp(state, staple_state_name(all[i])) == 0)
                        return true;
        }
        return strcmp(state, ABSENT) == 0;
}

static const char *state_now(const struct waiters *w, const char *name)
{
        const struct roster_entry *n = roster_find(w->roster, name);

        if (n == NULL)
                return ABSENT;
        return staple_state_name(
            n->site == NULL ? STAPLE_NONE : site_state(n->site));
}

static void answer(struct waiters *w, struct waiter *one)
{
        struct buf out = {0};

        status_json(w->roster, one->name, &out);
        web_reply(
            one->r, out.failed ? 503 : 200, "application/json", buf_span(&out));
        buf_release(&out);
        free(one);
}

void waiters_add(struct waiters *w, const char *name, const char *state,
    int64_t deadline, struct web_request *r)
{
        struct waiter *one = calloc(1, sizeof(*one));

        if (one == NULL) {
                web_reply_text(r, 503, "out of memory\n");
                return;
        }
        one->r = r;
        snprintf(one->name, sizeof(one->name), "%s", name);
        snprintf(one->state, sizeof(one->state), "%s", state);
        one->deadline = deadline;
        one->next = w->first;
        w->first = one;
        waiters_check(w);
}

void waiters_check(struct waiters *w)
{
        struct waiter **at = &w->first, *one;
        int64_t now = monotonic_ms();

        while ((one = *at) != NULL) {
                if (now < one->deadline &&
                    strcmp(state_now(w, one->name), one->state) != 0) {
                        at = &one->next;
                        continue;
                }
                *at = one->next;
                answer(w, one);
        }
}

void waiters_drop(struct waiters *w)
{
        struct waiter *one;

        while ((one = w->first) != NULL) {
                w->first = one->next;
                answer(w, one);
        }
}
