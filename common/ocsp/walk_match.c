/* Which record of the answer speaks of the leaf: RFC 6960 section 3.2 (1). */
#include "ocsp/walk.h"

#include <string.h>

#include "pki/pki.h"

/* The certID of the leaf with each hash that a record may use, and what was
 * found among the records. */
struct match {
        struct buf der[2];
        struct ocsp_certid ours[2]; /* by enum ocsp_hash */
        size_t found;
        bool disagree;
};

static int certids_make(struct match *m, const struct ocsp_question *q)
{
        struct err e = ERR_INIT;

        if (ocsp_certid_make(OCSP_SHA1, q->leaf, q->issuer, &m->der[OCSP_SHA1],
                &m->ours[OCSP_SHA1], &e) != 0)
                return -1;
        return ocsp_certid_make(OCSP_SHA256, q->leaf, q->issuer,
            &m->der[OCSP_SHA256], &m->ours[OCSP_SHA256], &e);
}

/* Revoked weighs more than unknown, that more than good; among equals the
 * newer counts. */
static bool outweighs(
    const struct ocsp_single_read *a, const struct ocsp_single_read *b)
{
        static const int weight[] = {
            [OCSP_GOOD] = 0,
            [OCSP_UNKNOWN] = 1,
            [OCSP_REVOKED] = 2,
        };

        if (a->status != b->status)
                return weight[a->status] > weight[b->status];
        return a->this_update.at > b->this_update.at;
}

/* Every record, never only the first, and each with the hash that it uses
 * itself: the order is the sender's choice, and so an attacker's. */
static const struct ocsp_single_read *search(
    const struct ocsp_response *r, struct match *m)
{
        const struct ocsp_single_read *best = NULL;
        const struct ocsp_single_read *s;

        for (s = r->singles; s < r->singles + r->singles_len; s++) {
                if (s->certid.hash == OCSP_HASH_OTHER ||
                    !ocsp_certid_equal(&s->certid, &m->ours[s->certid.hash]))
                        continue;
                m->found++;
                if (best != NULL && best->status != s->status)
                        m->disagree = true;
                if (best == NULL || outweighs(s, best))
                        best = s;
        }
        return best;
}

static void report_found(struct walk *w, const struct match *m)
{
        char serial[PKI_SERIAL_TEXT_MAX];
        size_t all = w->response->singles_len;

        pki_serial_text(w->single->certid.serial, serial);
        if (m->found == 1)
                walk_pass(w,
                    "1 of %zu record%s is for serial %.40s of this "
                    "issuer (%s)",
                    all, all == 1 ? "" : "s", serial,
                    w->single->certid.hash == OCSP_SHA1 ? "SHA-1" : "SHA-256");
        else if (!m->disagree)
                walk_pass(w,
                    "%zu of %zu records are for serial %.40s; the "
                    "newest counts",
                    m->found, all, serial);
        else
                walk_pass(w,
                    "%zu of %zu records are for serial %.40s, and "
                    "they disagree: the worst counts",
                    m->found, all, serial);
}

/* Says what is different about the first record. */
static void report_missing(struct walk *w, const struct match *m)
{
        const struct ocsp_certid *theirs = &w->response->singles[0].certid;
        const struct ocsp_certid *ours;
        char asked[PKI_SERIAL_TEXT_MAX];
        char given[PKI_SERIAL_TEXT_MAX];
        const char *difference;

        if (w->response->singles_len == 0) {
                walk_fail(w, "the answer has no records at all");
                return;
        }
        if (theirs->hash == OCSP_HASH_OTHER) {
                walk_fail(w,
                    "none of %zu records is for this certificate: "
                    "the first has a hash that is neither SHA-1 nor "
                    "SHA-256",
                    w->response->singles_len);
                return;
        }
        ours = &m->ours[theirs->hash];
        pki_serial_text(ours->serial, asked);
        pki_serial_text(theirs->serial, given);
        if (!span_equal(ours->serial, theirs->serial))
                difference = "is for another serial";
        else if (!span_equal(ours->name_hash, theirs->name_hash))
                difference = "has another issuerNameHash, serial";
        else
                difference = "has another issuerKeyHash, serial";
        walk_fail(w,
            "none of %zu record%s is for serial %.40s of this issuer: "
            "the first %s, %.40s",
            w->response->singles_len, w->response->singles_len == 1 ? "" : "s",
            asked, difference, given);
}

static bool is_loose(const struct ocsp_time *t)
{
        return t->present && !t->strict;
}

/* Number of the first record, but for the one that counts, with a time that
 * not all clients can read, from 1; 0: none.  Where one stumbles over its
 * neighbour, a record is of no use. */
static size_t first_loose(const struct walk *w)
{
        const struct ocsp_response *r = w->response;
        const struct ocsp_single_read *s;

        for (s = r->singles; s < r->singles + r->singles_len; s++)
                if (s != w->single &&
                    (is_loose(&s->revocation_time) ||
                        is_loose(&s->this_update) || is_loose(&s->next_update)))
                        return (size_t)(s - r->singles) + 1;
        return 0;
}

static void check_neighbors(struct walk *w)
{
        size_t odd = first_loose(w);

        if (odd != 0)
                walk_fail(w,
                    "record %zu of %zu, not the one that counts, has a time "
                    "that is not of the form YYYYMMDDHHMMSSZ",
                    odd, w->response->singles_len);
}

void walk_certid(struct walk *w)
{
        struct match m;

        memset(&m, 0, sizeof(m));
        if (certids_make(&m, w->question) != 0) {
                walk_fail(w, "the certID of the certificate cannot be made");
        } else {
                w->single = search(w->response, &m);
                if (w->single == NULL) {
                        report_missing(w, &m);
                } else {
                        w->have |= WALK_SINGLE;
                        report_found(w, &m);
                        check_neighbors(w);
                }
        }
        buf_release(&m.der[0]);
        buf_release(&m.der[1]);
}
