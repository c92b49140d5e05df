#include "change.h"

#include "print.h"

int change_past(const char *what, const char *text, int64_t now, int64_t *out,
    struct err *e)
{
        char at[TIME_TEXT_MAX];

        if (parse_time(text, now, out, e) != 0)
                return err_prefix(e, "%s", what);
        if (*out > now)
                return err_set(e, ERR_USAGE,
                    "%s '%s': in the future: the lab's clock is at %s", what,
                    text, format_time(now, at));
        if (*out <= 0)
                return err_set(e, ERR_USAGE,
                    "%s '%s': must be after 1970-01-01", what, text);
        return 0;
}

int change_revocation(const struct change_wish *w, int64_t now,
    struct cadb_revocation *out, struct err *e)
{
        *out = (struct cadb_revocation){.reason = w->reason, .revoked_at = now};
        if (w->revocation_date != NULL &&
            change_past("--revocation-date", w->revocation_date, now,
                &out->revoked_at, e) != 0)
                return -1;
        if (w->invalidity_date == NULL)
                return 0;
        return change_past("--invalidity-date", w->invalidity_date, now,
            &out->invalidity_at, e);
}

/* The database has refused.  One that is good needs no release. */
static int judge(const struct lab *lab, const struct change_wish *w, int64_t ca,
    struct span serial, enum cadb_change *out, struct err *e)
{
        char label[CERT_LABEL_MAX], state[STATE_TEXT_MAX];
        struct cadb_cert cert;

        if (cadb_cert_find_serial(lab->db, ca, serial, &cert, e) < 0)
                return -1;
        if (cert.state.status == CADB_GOOD) {
                *out = CADB_SAME;
                return 0;
        }
        return err_set(e, ERR_CONFIG,
            "%s: is %s, for good: it cannot be %s (RFC 5280 section 5.3.1)",
            cert_label(&cert, label), state_text(&cert.state, state),
            w->action == CHANGE_RELEASE ? "released" : "put on hold");
}

int change_apply(const struct lab *lab, const struct change_wish *w,
    const struct cadb_revocation *r, int64_t now, int64_t ca,
    struct span serial, enum cadb_change *out, struct err *e)
{
        int rc = w->action == CHANGE_RELEASE
                     ? cadb_release(lab->db, ca, serial, now, out, e)
                     : cadb_revoke(lab->db, ca, serial, r, now, out, e);

        if (rc != 0)
                return -1;
        return *out == CADB_FORBIDDEN ? judge(lab, w, ca, serial, out, e) : 0;
}
