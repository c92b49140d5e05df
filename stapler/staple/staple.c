#include "stapler/staple/staple.h"

#include <stdio.h>
#include <string.h>

const char *staple_state_name(enum staple_state s)
{
        switch (s) {
        case STAPLE_NONE:
                return "none";
        case STAPLE_GOOD:
                return "good";
        case STAPLE_REVOKED:
                return "revoked";
        case STAPLE_UNVERIFIED:
                return "unverified";
        case STAPLE_EXPIRED:
                return "expired";
        case STAPLE_EARLY:
                return "early";
        }
        return "?";
}

void staple_release(struct staple *s)
{
        buf_release(&s->der);
        memset(s, 0, sizeof(*s));
}

/* No tolerance at the end: a client's clock may be ahead of ours.  At the
 * beginning as much as clients have. */
static enum staple_state state_of(const struct staple_facts *f, int64_t lab)
{
        if (f->state != STAPLE_GOOD && f->state != STAPLE_REVOKED)
                return f->state;
        if (lab >= f->end)
                return STAPLE_EXPIRED;
        if (f->this_update > lab + OCSP_SKEW_DEFAULT)
                return STAPLE_EARLY;
        return f->state;
}

static bool usable(const struct staple_facts *f, int64_t lab)
{
        switch (state_of(f, lab)) {
        case STAPLE_GOOD:
        case STAPLE_REVOKED:
        case STAPLE_UNVERIFIED:
                return true;
        case STAPLE_NONE:
        case STAPLE_EXPIRED:
        case STAPLE_EARLY:
                break;
        }
        return false;
}

enum staple_state staple_state(const struct staple *s, int64_t lab)
{
        /* Dropped or refused: nothing is held, but it is known why. */
        if (s->der.len == 0 && s->latest.state == STAPLE_REVOKED)
                return STAPLE_REVOKED;
        return state_of(&s->held, lab);
}

/* ---- planning ----------------------------------------------------------- */

struct staple_plan staple_next(const struct staple *s, struct staple_now now)
{
        struct staple_plan plan = {false, INT64_MAX, 0};
        bool due;

        if (s->in_flight)
                return plan;
        due = now.lab >= s->refresh_at || !usable(&s->latest, now.lab);
        plan.fetch = due && now.ms >= s->retry_at;
        if (due && !plan.fetch)
                plan.wait_ms = s->retry_at - now.ms;
        else if (!due)
                plan.wait_ms = (s->refresh_at - now.lab) * 1000;
        else
                plan.wait_ms = 0;
        plan.next_refresh = due ? now.lab + plan.wait_ms / 1000 : s->refresh_at;
        return plan;
}

void staple_replan(struct staple *s)
{
        s->retry_at = 0;
}

/* Where in a validity a refresh may fall. */
struct window {
        double from, width;
};

/* Around the policy's fraction of the time from begin on, a tenth of the room
 * that is there, either way. */
static struct window window_of(
    const struct staple_policy *p, int64_t begin, int64_t end)
{
        double room = p->fraction < 0.5 ? p->fraction : 1 - p->fraction;
        double span = (double)(end - begin);

        return (struct window){
            (double)begin + span * (p->fraction - 0.1 * room),
            span * 0.2 * room};
}

/* The window as a whole is moved, never cut: many that got the same answer
 * must not come back at the same moment. */
static int64_t refresh_time(const struct staple_policy *p,
    const struct staple_facts *f, int64_t obtained, int64_t max_age,
    double dice)
{
        struct window w = window_of(p, f->this_update, f->end);
        double latest;

        /* One that was made in advance and is past that point when it comes:
         * the same of what is left. */
        if (w.from <= (double)obtained)
                w = window_of(p, obtained, f->end);
        latest = ((double)f->end + w.from) / 2;
        if (latest > (double)obtained + STAPLE_REFRESH_MAX) {
                latest = (double)obtained + STAPLE_REFRESH_MAX;
                if (w.width > STAPLE_REFRESH_MAX * 0.1)
                        w.width = STAPLE_REFRESH_MAX * 0.1;
        }
        if (max_age >= 0 && w.from < (double)obtained + (double)max_age)
                w.from = (double)obtained + (double)max_age;
        if (w.from + w.width > latest)
                w.from = latest - w.width;
        return (int64_t)(w.from + w.width * dice);
}

/* ---- what came of a fetch ------------------------------------------------ */

void staple_begin(struct staple *s)
{
        s->in_flight = true;
}

static struct staple_facts facts_of(const struct ocsp_verdict *v)
{
        struct staple_facts f = {
            .state = STAPLE_UNVERIFIED, .reason = OCSP_REASON_NONE};

        if (v->outcome == OCSP_V_GOOD)
                f.state = STAPLE_GOOD;
        else if (v->outcome == OCSP_V_REVOKED)
                f.state = STAPLE_REVOKED;
        if (!v->has_single)
                return f;
        f.this_update = v->this_update;
        f.next_update = f.end = v->next_update;
        if (v->signer_not_after != 0 && v->signer_not_after < f.end)
                f.end = v->signer_not_after;
        if (f.state == STAPLE_REVOKED) {
                f.revocation_time = v->revocation_time;
                f.reason = v->reason;
        }
        return f;
}

/* The names of RFC 6960 section 4.2.1 that may be otherwise in a minute. */
static enum err_code code_of(const struct ocsp_verdict *v)
{
        switch (v->response_status) {
        case OCSP_TRY_LATER:
        case OCSP_INTERNAL_ERROR:
                return ERR_TRYLATER;
        }
        return ERR_DATA;
}

static bool is_older(const struct staple_facts *f,
    const struct staple_facts *latest, int64_t lab)
{
        return usable(latest, lab) && latest->this_update <= lab &&
               f->this_update < latest->this_update;
}

/* The store is not the responder: what it holds must verify in any case. */
static int acceptable(const struct staple *s, const struct staple_policy *p,
    const struct ocsp_verdict *v, const struct staple_facts *f, bool fresh,
    int64_t lab, struct err *why)
{
        if (!p->strict && fresh)
                return 0;
        if (f->state == STAPLE_UNVERIFIED)
                return err_set(why, code_of(v), "%s", v->why);
        if (!usable(f, lab))
                return err_set(
                    why, ERR_DATA, "the answer's validity is over already");
        if (is_older(f, &s->latest, lab))
                return err_set(why, ERR_DATA,
                    "the answer is older than the one before it: not taken "
                    "back");
        return 0;
}

/* Whether the answer takes the place of what is held, or only of what is
 * known. */
static int hold(struct staple *s, const struct staple_policy *p,
    const struct staple_facts *f, struct span der, struct err *why)
{
        struct buf copy = {0};

        if (f->state == STAPLE_REVOKED) {
                switch (p->on_revoked) {
                case STAPLE_REVOKED_STAPLE:
                        break;
                case STAPLE_REVOKED_KEEP:
                        return 0;
                case STAPLE_REVOKED_DROP:
                case STAPLE_REVOKED_REFUSE:
                        buf_release(&s->der);
                        s->held = (struct staple_facts){0};
                        return 0;
                }
        }
        buf_append(&copy, der.data, der.len);
        if (copy.failed)
                return err_set(why, ERR_OS, "out of memory");
        buf_release(&s->der);
        s->der = copy;
        s->held = *f;
        return 0;
}

int staple_take(struct staple *s, const struct staple_policy *p,
    const struct ocsp_verdict *v, const struct staple_answer *a,
    struct staple_now now, double dice, struct err *why)
{
        struct staple_facts f = facts_of(v);

        if (acceptable(s, p, v, &f, a->fresh, now.lab, why) != 0 ||
            hold(s, p, &f, a->der, why) != 0)
                return -1;
        s->latest = f;
        if (f.state == STAPLE_UNVERIFIED)
                s->refresh_at = now.lab + STAPLE_UNTIMED_REFRESH;
        else
                s->refresh_at =
                    refresh_time(p, &f, a->fresh ? now.lab : f.this_update,
                        a->fresh ? a->max_age : -1, dice);
        s->retry_at = a->fresh ? now.ms + STAPLE_PAUSE_MS : 0;
        s->in_flight = false;
        s->failures = 0;
        s->last_error[0] = '\0';
        return 0;
}

void staple_fail(struct staple *s, const char *why, int64_t retry_after,
    struct staple_now now, double dice)
{
        int64_t cap = usable(&s->held, now.lab) ? STAPLE_RETRY_MAX_MS
                                                : STAPLE_RETRY_BARE_MS;
        int64_t pause = STAPLE_RETRY_MS;
        unsigned i;

        s->in_flight = false;
        s->failures++;
        snprintf(s->last_error, sizeof(s->last_error), "%s", why);
        for (i = 1; i < s->failures && pause < cap; i++)
                pause *= 2;
        if (pause > cap)
                pause = cap;
        /* Half of it is certain, half is dice: many that failed at the same
         * moment do not come back at the same moment. */
        pause = pause / 2 + (int64_t)((double)pause / 2 * dice);
        if (retry_after > STAPLE_RETRY_AFTER_MAX)
                retry_after = STAPLE_RETRY_AFTER_MAX;
        if (pause < retry_after * 1000)
                pause = retry_after * 1000;
        s->retry_at = now.ms + pause;
}

/* ---- at a handshake ------------------------------------------------------ */

struct staple_times staple_times(const struct staple *s)
{
        const struct staple_facts *f = &s->held;

        if (f->state == STAPLE_GOOD || f->state == STAPLE_REVOKED)
                return (struct staple_times){
                    f->this_update - OCSP_SKEW_DEFAULT, f->end};
        return (struct staple_times){INT64_MIN, INT64_MAX};
}

enum staple_give staple_give(const struct staple *s,
    const struct staple_policy *p, bool must_staple, int64_t lab)
{
        if (s->latest.state == STAPLE_REVOKED &&
            p->on_revoked == STAPLE_REVOKED_REFUSE)
                return STAPLE_REFUSE;
        if (s->der.len > 0 && usable(&s->held, lab))
                return STAPLE_GIVE;
        switch (p->on_missing) {
        case STAPLE_MISSING_BY_CERT:
                return must_staple ? STAPLE_REFUSE : STAPLE_BARE;
        case STAPLE_MISSING_SERVE:
                return STAPLE_BARE;
        case STAPLE_MISSING_REFUSE:
                return STAPLE_REFUSE;
        }
        return STAPLE_REFUSE;
}
