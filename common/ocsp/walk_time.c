/* Instants: RFC 6960 sections 3.2 (5), (6) and 4.2.2.1, RFC 9919 section 5. */
#include "ocsp/walk.h"

#include "base/parse.h"

/*
 * The clock of the signer and ours may differ by `skew`, so an instant in the
 * future is allowed that much.  An end is an end: past nextUpdate nothing is
 * added, since whoever holds back a revocation gains by every second of it.
 */

/* RFC 9919 section 3.2.4.  A form that is not the one allowed may be read in
 * two ways, and a comparison that fails must never count as fresh. */
static bool well_formed(
    struct walk *w, const char *name, const struct ocsp_time *t)
{
        if (t->strict)
                return true;
        walk_fail(
            w, "%s \"%s\" is not of the form YYYYMMDDHHMMSSZ", name, t->text);
        return false;
}

void walk_produced_at(struct walk *w)
{
        const struct ocsp_time *t = &w->response->produced_at;
        const struct ocsp_time *known = &w->single->this_update;
        int64_t skew = w->question->skew;
        char text[3][TIME_TEXT_MAX];

        if (!well_formed(w, "producedAt", t))
                return;
        format_time(t->at, text[0]);
        format_time(w->question->now, text[1]);
        if (t->at > w->question->now + skew)
                walk_fail(w, "signed in the future: producedAt %s, now %s",
                    text[0], text[1]);
        else if (known->strict && t->at < known->at - skew)
                walk_fail(w,
                    "signed before what it says was known: producedAt "
                    "%s, thisUpdate %s",
                    text[0], format_time(known->at, text[2]));
        else
                walk_pass(w, "producedAt %s, now %s", text[0], text[1]);
}

void walk_this_update(struct walk *w)
{
        const struct ocsp_time *t = &w->single->this_update;
        char text[2][TIME_TEXT_MAX];
        char span[DURATION_TEXT_MAX];
        int64_t now = w->question->now;
        int64_t most = w->question->max_age;

        if (!well_formed(w, "thisUpdate", t))
                return;
        format_time(t->at, text[0]);
        format_time(now, text[1]);
        if (t->at > now + w->question->skew)
                walk_fail(w,
                    "not valid yet: thisUpdate %s is %s ahead of now "
                    "%s",
                    text[0], format_duration(t->at - now, span), text[1]);
        else if (most > 0 && now - t->at > most)
                walk_fail(w,
                    "too old: thisUpdate %s was %s before now %s, more than "
                    "asked for",
                    text[0], format_duration(now - t->at, span), text[1]);
        else
                walk_pass(w, "thisUpdate %s, now %s", text[0], text[1]);
}

void walk_next_update(struct walk *w)
{
        const struct ocsp_time *t = &w->single->next_update;
        const struct ocsp_time *known = &w->single->this_update;
        char text[2][TIME_TEXT_MAX];
        char span[DURATION_TEXT_MAX];
        int64_t now = w->question->now;

        if (!t->present) {
                walk_fail(w, "nextUpdate is absent: the answer would never "
                             "expire");
                return;
        }
        if (!well_formed(w, "nextUpdate", t))
                return;
        format_time(t->at, text[0]);
        format_time(now, text[1]);
        if (known->strict && t->at <= known->at)
                walk_fail(w, "nextUpdate %s is not after thisUpdate %s",
                    text[0], format_time(known->at, text[1]));
        else if (t->at <= now)
                walk_fail(w, "expired: nextUpdate %s was %s before now %s",
                    text[0], format_duration(now - t->at, span), text[1]);
        else
                walk_pass(w, "nextUpdate %s, now %s: %s left", text[0], text[1],
                    format_duration(t->at - now, span));
}

void walk_revocation_time(struct walk *w)
{
        const struct ocsp_time *t = &w->single->revocation_time;
        char text[TIME_TEXT_MAX];

        if (w->single->status != OCSP_REVOKED) {
                walk_note(w, "the status is not revoked");
                return;
        }
        if (!well_formed(w, "revocationTime", t))
                return;
        format_time(t->at, text);
        if (t->at > w->question->now + w->question->skew)
                walk_pass(w,
                    "revocationTime %s is in the future; revoked is "
                    "revoked",
                    text);
        else
                walk_pass(w, "revocationTime %s", text);
}
