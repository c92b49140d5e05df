/* Recipes for what is said: response status, certificate status, matching,
 * nonce, responderID. */
#include "responder/fault/internal.h"

#include <string.h>

static void good(struct spoil *s)
{
        (void)s;
}

/* ---- response status --------------------------------------------------- */

static void malformed(struct spoil *s)
{
        s->answer->status = OCSP_MALFORMED_REQUEST;
}

static void internal_error(struct spoil *s)
{
        s->answer->status = OCSP_INTERNAL_ERROR;
}

static void try_later(struct spoil *s)
{
        s->answer->status = OCSP_TRY_LATER;
}

static void sig_required(struct spoil *s)
{
        s->answer->status = OCSP_SIG_REQUIRED;
}

static void unauthorized(struct spoil *s)
{
        s->answer->status = OCSP_UNAUTHORIZED;
}

/* ---- certificate status ------------------------------------------------ */

static void revoke(struct spoil *s, int reason, int64_t at)
{
        s->single->status = OCSP_REVOKED;
        s->single->reason = reason;
        s->single->revocation_time = at;
}

/* The last word is none; the others stand in the order of their numbers. */
static int reason_of(const struct spoil *s)
{
        int64_t n = spoil_number(s, "reason");

        return n > 10 ? OCSP_REASON_NONE : (int)n;
}

static void revoked(struct spoil *s)
{
        revoke(
            s, reason_of(s), s->single->this_update - spoil_seconds(s, "ago"));
}

/* RFC 5280 section 5.3.1: unspecified is said by saying nothing, so our
 * encoder does not write it. */
static void write_unspecified(struct spoil *s)
{
        static const uint8_t reason[] = {0xa0, 3, 0x0a, 1, 0};
        struct span all = buf_span(&s->parts.singles);
        struct buf singles = {0}, single = {0}, info = {0};
        struct tlv t, field;
        size_t i;

        if (spoil_number(s, "reason") != OCSP_REASON_UNSPECIFIED)
                return;
        for (i = 0; tlv_next(&all, &t); i++) {
                if (i != s->c->target) {
                        buf_append(&singles, t.whole.data, t.whole.len);
                        continue;
                }
                while (tlv_next(&t.content, &field)) {
                        if (field.tag != 0xa1) {
                                buf_append(
                                    &single, field.whole.data, field.whole.len);
                                continue;
                        }
                        buf_set(&info, field.content);
                        buf_append(&info, reason, sizeof(reason));
                        tlv_put(&single, 0xa1, buf_span(&info));
                }
                tlv_put(&singles, 0x30, buf_span(&single));
        }
        buf_set(&s->parts.singles, buf_span(&singles));
        buf_release(&info);
        buf_release(&single);
        buf_release(&singles);
}

static void revoked_future(struct spoil *s)
{
        revoke(s, OCSP_REASON_NONE,
            s->single->this_update + spoil_seconds(s, "ahead"));
}

static void hold(struct spoil *s)
{
        revoke(s, OCSP_REASON_HOLD, s->single->this_update - 3600);
}

static void unknown(struct spoil *s)
{
        s->single->status = OCSP_UNKNOWN;
}

/* ---- matching ---------------------------------------------------------- */

/* A copy of the certID that may be changed; NULL: no room. */
static uint8_t *copy_certid(struct spoil *s, struct ocsp_single *single)
{
        uint8_t *copy = spoil_room(s, single->certid.len);

        if (copy == NULL)
                return NULL;
        memcpy(copy, single->certid.data, single->certid.len);
        single->certid.data = copy;
        return copy;
}

/* What stands in the copy where the request's certID has that span. */
static uint8_t *within(const struct spoil *s, uint8_t *copy, struct span part)
{
        const struct ocsp_certid *id = &s->c->request->certids[s->c->target];

        return copy + (part.data - id->der.data);
}

static const struct ocsp_certid *asked(const struct spoil *s)
{
        return &s->c->request->certids[s->c->target];
}

/* Another certificate: n more than the serial's last octets, which leaves its
 * length as it is. */
static bool other_serial(
    struct spoil *s, struct ocsp_single *single, unsigned n)
{
        struct span serial = asked(s)->serial;
        uint8_t *copy = copy_certid(s, single), *at;

        if (copy == NULL || serial.len == 0)
                return false;
        at = within(s, copy, serial) + serial.len;
        at[-1] = (uint8_t)(at[-1] + n);
        return true;
}

static void serial_mismatch(struct spoil *s)
{
        uint8_t *copy = copy_certid(s, s->single);

        if (copy != NULL)
                within(s, copy, asked(s)->serial)[asked(s)->serial.len - 1] ^=
                    1;
}

/* A whole certID of that serial with the hashes of the one that was asked
 * about. */
static void good_other(struct spoil *s)
{
        other_serial(s, s->single, 0x55);
        s->single->status = OCSP_GOOD;
}

static void flip_last(struct spoil *s, struct span part)
{
        uint8_t *copy = copy_certid(s, s->single);

        if (copy != NULL)
                within(s, copy, part)[part.len - 1] ^= 1;
}

static void wrong_name_hash(struct spoil *s)
{
        flip_last(s, asked(s)->name_hash);
}

static void wrong_key_hash(struct spoil *s)
{
        flip_last(s, asked(s)->key_hash);
}

static void hash_swapped(struct spoil *s)
{
        const struct ocsp_certid *id = asked(s);
        uint8_t *copy = copy_certid(s, s->single);

        if (copy == NULL || id->name_hash.len != id->key_hash.len)
                return;
        memcpy(within(s, copy, id->name_hash), id->key_hash.data,
            id->key_hash.len);
        memcpy(within(s, copy, id->key_hash), id->name_hash.data,
            id->name_hash.len);
}

static void missing(struct spoil *s)
{
        s->answer->ocsp.singles_len = 0;
}

/* A copy of the record in question at the end; NULL: no room. */
static struct ocsp_single *add_single(struct spoil *s)
{
        struct answer *a = s->answer;

        if (a->ocsp.singles_len == OCSP_CERTIDS_MAX)
                return NULL;
        a->singles[a->ocsp.singles_len] = *s->single;
        return &a->singles[a->ocsp.singles_len++];
}

static void multi(struct spoil *s)
{
        int64_t i, n = spoil_number(s, "others");

        for (i = 1; i <= n; i++) {
                struct ocsp_single *added = add_single(s);

                if (added == NULL || !other_serial(s, added, (unsigned)i))
                        return;
                added->status = OCSP_GOOD;
        }
}

static void multi_good_revoked(struct spoil *s)
{
        struct ocsp_single *added = add_single(s);

        s->single->status = OCSP_GOOD;
        if (added == NULL)
                return;
        s->single = added;
        hold(s);
        added->reason = OCSP_REASON_NONE;
}

static void good_unrelated_first(struct spoil *s)
{
        struct ocsp_single *added = add_single(s);

        if (added == NULL || !other_serial(s, s->single, 1))
                return;
        s->single->status = OCSP_GOOD;
        s->single = added;
        hold(s);
        added->reason = OCSP_REASON_NONE;
}

static void duplicate(struct spoil *s)
{
        add_single(s);
}

/* ---- nonce ------------------------------------------------------------- */

static void nonce_absent(struct spoil *s)
{
        s->answer->ocsp.nonce = (struct span){NULL, 0};
}

/* The nonce of the answer with room for len octets; NULL: there is none. */
static uint8_t *copy_nonce(struct spoil *s, size_t len)
{
        struct span *nonce = &s->answer->ocsp.nonce;
        uint8_t *copy;

        if (nonce->data == NULL || len < nonce->len)
                return NULL;
        copy = spoil_room(s, len);
        if (copy == NULL)
                return NULL;
        memset(copy, 0, len);
        memcpy(copy, nonce->data, nonce->len);
        *nonce = (struct span){copy, len};
        return copy;
}

static void nonce_wrong(struct spoil *s)
{
        uint8_t *copy = copy_nonce(s, s->answer->ocsp.nonce.len);

        if (copy != NULL)
                copy[0] ^= 0xff;
}

static void nonce_too_long(struct spoil *s)
{
        copy_nonce(s, OCSP_NONCE_MAX + 1);
}

static void nonce_replayed(struct spoil *s)
{
        struct span *nonce = &s->answer->ocsp.nonce;
        uint8_t *room = spoil_room(s, OCSP_NONCE_MAX);

        if (nonce->data != NULL && room != NULL)
                *nonce = fault_old_nonce(s->fault, *nonce, room);
}

/* ---- responderID ------------------------------------------------------- */

static void by_name(struct spoil *s)
{
        s->answer->ocsp.responder_id = OCSP_BY_NAME;
}

static void by_key(struct spoil *s)
{
        s->answer->ocsp.responder_id = OCSP_BY_KEY;
}

static const struct recipe rows[] = {
    {.name = "good", .before = good},
    {.name = "malformed", .before = malformed},
    {.name = "serverr", .before = internal_error},
    {.name = "trylater", .before = try_later},
    {.name = "needssig", .before = sig_required},
    {.name = "unauthorized", .before = unauthorized},
    {.name = "revoked", .before = revoked, .tbs = write_unspecified},
    {.name = "revoked-future", .before = revoked_future},
    {.name = "unknown", .before = unknown},
    {.name = "hold", .before = hold},
    /* The policy for serials that nobody issued does all of it. */
    {.name = "good-never-issued", .before = good},
    {.name = "extended-revoke", .before = good},
    {.name = "good-other", .before = good_other},
    {.name = "serial-mismatch", .before = serial_mismatch},
    {.name = "wrong-issuer-name-hash", .before = wrong_name_hash},
    {.name = "wrong-issuer-key-hash", .before = wrong_key_hash},
    {.name = "hash-swapped", .before = hash_swapped},
    {.name = "missing", .before = missing},
    {.name = "multi", .before = multi},
    {.name = "multi-good-revoked", .before = multi_good_revoked},
    {.name = "good-unrelated-first", .before = good_unrelated_first},
    {.name = "duplicate", .before = duplicate},
    {.name = "nonce-absent", .before = nonce_absent},
    {.name = "nonce-wrong", .before = nonce_wrong},
    {.name = "nonce-replayed", .before = nonce_replayed},
    {.name = "nonce-too-long", .before = nonce_too_long},
    {.name = "by-name", .before = by_name},
    {.name = "by-key", .before = by_key},
};

const struct recipe_list recipes_answer = RECIPES(rows);
