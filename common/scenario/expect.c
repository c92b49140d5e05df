/* What a correct client says. */
#include "scenario/scenario.h"

const char *scenario_verdict_name(enum scenario_verdict v)
{
        static const char *const names[] = {"good", "revoked", "unknown",
            "untrusted", "missing", "unreachable", NULL};

        return names[v];
}

const char *scenario_channel_name(enum scenario_channel c)
{
        static const char *const names[SCENARIO_CHANNELS] = {
            "staple", "get", "post", "file"};

        return names[c];
}

const char *scenario_basis_name(enum scenario_basis b)
{
        static const char *const names[] = {"must", "should", "taste"};

        return names[b];
}

const char *scenario_policy_name(enum scenario_policy p)
{
        static const char *const names[SCENARIO_POLICIES] = {
            "strict", "must-staple", "soft-fail"};

        return names[p];
}

/* The rule of 'ocsp-check --policy'. */
bool scenario_accepted(const struct scenario *s, enum scenario_channel channel,
    enum scenario_policy policy)
{
        bool must_staple = (s->needs & SCENARIO_NEEDS_MUST_STAPLE) != 0;

        switch (s->expect[channel]) {
        case SCENARIO_GOOD:
        case SCENARIO_NOT_APPLICABLE:
                return true;
        case SCENARIO_REVOKED:
        case SCENARIO_UNTRUSTED:
                return false;
        case SCENARIO_UNKNOWN:
                return policy == SCENARIO_SOFT_FAIL;
        case SCENARIO_UNREACHABLE:
                /* Without a handshake there is nothing to go on with. */
                if (channel == SCENARIO_BY_STAPLE)
                        return false;
                break;
        case SCENARIO_MISSING:
                break;
        }
        return policy == SCENARIO_SOFT_FAIL ||
               (policy == SCENARIO_MUST_STAPLE && !must_staple);
}
