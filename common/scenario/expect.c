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

/* Whether the policy goes on where no answer comes at all. */
static bool accepts_absence(const struct scenario *s, enum scenario_policy p)
{
        switch (p) {
        case SCENARIO_STRICT:
                return false;
        case SCENARIO_MUST_STAPLE:
                return (s->needs & SCENARIO_NEEDS_MUST_STAPLE) == 0;
        case SCENARIO_SOFT_FAIL:
        case SCENARIO_POLICIES:
                break;
        }
        return true;
}

static enum scenario_basis weaker(enum scenario_basis a, enum scenario_basis b)
{
        return a > b ? a : b;
}

/*
 * Who goes on without an answer may as well throw away one that he cannot
 * trust, as if it had never come: whoever could forge it could have kept it
 * back.  Not so a staple: RFC 6066 section 8 has the client check it and abort
 * the handshake if it is not satisfactory.  Whether "unknown" is, or an error
 * status, which say nothing about the certificate, is left to it.
 */
static enum scenario_basis untrusted_basis(
    const struct scenario *s, enum scenario_channel channel)
{
        switch (channel) {
        case SCENARIO_BY_GET:
        case SCENARIO_BY_POST:
                return SCENARIO_TASTE;
        case SCENARIO_BY_STAPLE:
                return s->layer == SCENARIO_RESPONSE_STATUS ||
                               s->expect[channel] == SCENARIO_UNKNOWN
                           ? weaker(s->basis, SCENARIO_SHOULD)
                           : s->basis;
        case SCENARIO_BY_FILE:
        case SCENARIO_CHANNELS:
                break;
        }
        return s->basis;
}

enum scenario_basis scenario_basis_of(const struct scenario *s,
    enum scenario_channel channel, enum scenario_policy policy)
{
        enum scenario_verdict v = s->expect[channel];

        if (v == SCENARIO_GOOD || v == SCENARIO_NOT_APPLICABLE)
                return s->basis;
        /* Nobody has to go on without a good status. */
        if (scenario_accepted(s, channel, policy))
                return SCENARIO_TASTE;
        /* Nor has anybody to have a staple, but for RFC 7633. */
        if (v == SCENARIO_MISSING && channel == SCENARIO_BY_STAPLE &&
            (s->needs & SCENARIO_NEEDS_MUST_STAPLE) == 0)
                return SCENARIO_TASTE;
        if ((v == SCENARIO_UNTRUSTED || v == SCENARIO_UNKNOWN) &&
            accepts_absence(s, policy))
                return untrusted_basis(s, channel);
        return s->basis;
}
