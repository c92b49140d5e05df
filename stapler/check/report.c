#include "stapler/check/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void report_init(struct report *r, const char *source)
{
        memset(r, 0, sizeof(*r));
        r->source = source;
        r->outcome = OCSP_V_UNTRUSTED;
        snprintf(r->why, sizeof(r->why), "nothing was judged");
}

void report_check(struct report *r, const char *id, int ok, const char *ref,
    const char *fmt, ...)
{
        struct ocsp_check *c;
        va_list ap;

        if (r->checks_len == REPORT_CHECKS_MAX)
                return;
        c = &r->checks[r->checks_len++];
        c->id = id;
        c->ok = ok;
        c->ref = ref;
        va_start(ap, fmt);
        vsnprintf(c->detail, sizeof(c->detail), fmt, ap);
        va_end(ap);
}

void report_absent(
    struct report *r, enum ocsp_outcome outcome, const char *fmt, ...)
{
        va_list ap;

        r->outcome = outcome;
        va_start(ap, fmt);
        vsnprintf(r->why, sizeof(r->why), fmt, ap);
        va_end(ap);
}

void report_judge(struct report *r, const struct ocsp_question *q)
{
        const struct ocsp_verdict *v = &r->verdict;
        size_t i;

        r->has_answer = true;
        ocsp_judge(q, buf_span(&r->der), &r->verdict);
        for (i = 0; i < v->checks_len; i++)
                report_check(r, v->checks[i].id, v->checks[i].ok,
                    v->checks[i].ref, "%s", v->checks[i].detail);
        r->outcome = v->outcome;
        snprintf(r->why, sizeof(r->why), "%s", v->why);
}

bool report_has_failed(const struct report *r)
{
        size_t i;

        for (i = 0; i < r->checks_len; i++) {
                if (r->checks[i].ok == 0)
                        return true;
        }
        return false;
}

void report_distrust(struct report *r, const char *id)
{
        size_t i;

        for (i = 0; i < r->checks_len; i++) {
                const struct ocsp_check *c = &r->checks[i];

                if (c->ok != 0 || strcmp(c->id, id) != 0)
                        continue;
                r->outcome = OCSP_V_UNTRUSTED;
                snprintf(r->why, sizeof(r->why), "%s: %s", c->id, c->detail);
                return;
        }
}

void report_release(struct report *r)
{
        buf_release(&r->der);
        memset(r, 0, sizeof(*r));
}

/* ---- what follows ------------------------------------------------------- */

bool policy_takes(enum policy policy, enum ocsp_outcome outcome)
{
        return outcome == OCSP_V_GOOD ||
               (outcome == OCSP_V_UNKNOWN && policy == POLICY_SOFT_FAIL);
}

bool report_accepted(
    const struct report *r, enum policy policy, bool must_staple)
{
        switch (r->outcome) {
        case OCSP_V_GOOD:
        case OCSP_V_REVOKED:
        case OCSP_V_UNKNOWN:
        case OCSP_V_UNTRUSTED:
                return policy_takes(policy, r->outcome);
        case OCSP_V_UNREACHABLE:
                /* Without a handshake there is nothing to go on with. */
                if (strcmp(r->source, "staple") == 0)
                        return false;
                break;
        case OCSP_V_MISSING:
                break;
        }
        return policy == POLICY_SOFT_FAIL ||
               (policy == POLICY_MUST_STAPLE && !must_staple);
}

int report_exit(const struct report *r, bool accepted)
{
        static const int codes[] = {
            [OCSP_V_GOOD] = 0,
            [OCSP_V_REVOKED] = 1,
            [OCSP_V_UNKNOWN] = 2,
            [OCSP_V_UNTRUSTED] = 3,
            [OCSP_V_MISSING] = 4,
            [OCSP_V_UNREACHABLE] = 5,
        };

        return accepted ? 0 : codes[r->outcome];
}

/* A reason that is not given is unspecified (RFC 5280 section 5.3.1). */
static int reason_of(const struct report *r)
{
        return r->verdict.reason == OCSP_REASON_NONE ? 0 : r->verdict.reason;
}

bool report_expected(const struct report *r, const struct expectation *x)
{
        return r->outcome == x->outcome &&
               (!x->has_reason || reason_of(r) == x->reason);
}

const char *report_seen(const struct report *r, char out[REPORT_SEEN_MAX])
{
        const char *name = ocsp_outcome_name(r->outcome);
        const char *reason = NULL;

        if (r->outcome == OCSP_V_REVOKED)
                reason = ocsp_reason_name(reason_of(r));
        snprintf(out, REPORT_SEEN_MAX, "%s%s%s", name,
            reason != NULL ? ":" : "", reason != NULL ? reason : "");
        return out;
}
