#include "stapler/site.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "ocsp/ocsp.h"

struct staple_now keeper_now(const struct keeper *k)
{
        return (struct staple_now){labclock_now(k->clock), monotonic_ms()};
}

/* In [0, 1).  Spreads refreshes, guards nothing. */
static double roll_dice(void)
{
        uint32_t bits = 0;

        if (RAND_bytes((uint8_t *)&bits, sizeof(bits)) != 1)
                return 0.5;
        return bits / 4294967296.0;
}

enum staple_state site_state(const struct site *site)
{
        return staple_state(&site->staple, labclock_now(site->keeper->clock));
}

/* ---- log: each line says what happens next ------------------------------ */

/* What handshakes get from now on. */
static void describe_held(
    const struct site *site, const char *verb, char *out, size_t size)
{
        char until[TIME_TEXT_MAX];
        const struct staple *s = &site->staple;

        switch (staple_give(s, &site->keeper->policy, site->id.must_staple,
            labclock_now(site->keeper->clock))) {
        case STAPLE_GIVE:
                if (s->held.end == 0)
                        snprintf(out, size, "%s the staple", verb);
                else
                        snprintf(out, size, "%s the staple, valid until %s",
                            verb, format_time(s->held.end, until));
                return;
        case STAPLE_BARE:
                snprintf(out, size, "handshakes go on without a staple");
                return;
        case STAPLE_REFUSE:
                snprintf(out, size, "handshakes are refused");
                return;
        }
}

static void log_taken(const struct site *site)
{
        const struct staple *s = &site->staple;
        char until[TIME_TEXT_MAX] = "-", at[TIME_TEXT_MAX], held[128];

        describe_held(site, "giving", held, sizeof(held));
        if (s->latest.next_update != 0)
                format_time(s->latest.next_update, until);
        log_line(s->latest.state == STAPLE_GOOD ? LOG_INFO_ : LOG_WARN_,
            "staple",
            "cert=%s status=%s next_update=%s next=\"%s; refresh at %s\"",
            site->id.name, staple_state_name(s->latest.state), until, held,
            format_time(s->refresh_at, at));
}

static void log_failed(const struct site *site)
{
        struct staple_now now = keeper_now(site->keeper);
        const struct staple *s = &site->staple;
        char held[128], pause[DURATION_TEXT_MAX], why[LOG_ESCAPED_MAX];
        int64_t wait = s->retry_at > now.ms ? s->retry_at - now.ms : 0;

        describe_held(site, "keeping", held, sizeof(held));
        log_escape((struct span){(const uint8_t *)s->last_error,
                       strlen(s->last_error)},
            why);
        log_line(LOG_WARN_, "staple",
            "cert=%s failures=%u why=\"%s\" next=\"%s; asking again in %s\"",
            site->id.name, s->failures, why, held,
            format_duration((wait + 500) / 1000, pause));
}

/* A staple that ran out, or came back, by the clock alone. */
static void note_time(struct site *site)
{
        enum staple_state now = site_state(site);
        char held[128];

        if (now == site->seen)
                return;
        site->seen = now;
        describe_held(site, "giving", held, sizeof(held));
        log_line(now == STAPLE_EXPIRED || now == STAPLE_EARLY ? LOG_ERROR_
                                                              : LOG_INFO_,
            "staple", "cert=%s state=%s why=\"the clock\" next=\"%s\"",
            site->id.name, staple_state_name(now), held);
        site_publish(site);
}

/* ---- judging ------------------------------------------------------------ */

static int take(
    struct site *site, const struct staple_answer *a, struct err *why)
{
        struct staple_now now = keeper_now(site->keeper);
        struct ocsp_question q = {.leaf = site->id.leaf,
            .issuer = site->id.issuer,
            .now = now.lab,
            .skew = OCSP_SKEW_DEFAULT};
        struct ocsp_verdict v;

        trust_refresh(site->keeper->trust);
        q.responders = site->keeper->trust->responders;
        ocsp_judge(&q, a->der, &v);
        return staple_take(
            &site->staple, &site->keeper->policy, &v, a, now, roll_dice(), why);
}

/* From the writer's thread too. */
static void not_stored(const char *name, const struct err *why)
{
        log_line(LOG_WARN_, "store",
            "cert=%s why=\"%s\" next=\"a restart will have to fetch\"", name,
            why->text);
}

int keeper_open_store(struct keeper *k, const char *folder, struct err *e)
{
        struct err ignored = ERR_INIT;

        if (folder == NULL)
                return 0;
        (void)file_remove_temps(folder, &ignored);
        k->store = folder;
        k->writer = staple_writer_new(folder, not_stored);
        if (k->writer == NULL)
                return err_set(e, ERR_OS, "out of memory");
        return 0;
}

void keeper_close_store(struct keeper *k)
{
        staple_writer_free(k->writer);
        k->writer = NULL;
}

/* An answer that may not be stapled on the day of a restart is not stored
 * either: neither a revoked one while the last good is kept, nor one that was
 * not verified. */
static void store(struct site *site, struct span der)
{
        struct keeper *k = site->keeper;
        enum staple_state state = site->staple.latest.state;
        struct err e = ERR_INIT;

        if (k->writer == NULL || state == STAPLE_UNVERIFIED ||
            (state == STAPLE_REVOKED &&
                k->policy.on_revoked == STAPLE_REVOKED_KEEP))
                return;
        if (staple_writer_put(
                k->writer, site->id.name, site->id.leaf, der, &e) != 0)
                not_stored(site->id.name, &e);
}

static void load(struct site *site)
{
        struct staple_answer stored = {.fresh = false};
        struct buf der = {0};
        struct err e = ERR_INIT;

        if (site->keeper->store == NULL || site->id.issuer == NULL)
                return;
        if (staple_store_load(site->keeper->store, site->id.leaf, &der, &e) ==
            0)
                stored.der = buf_span(&der);
        if (stored.der.len > 0 && take(site, &stored, &e) == 0)
                log_taken(site);
        else if (e.code != ERR_NONE)
                log_line(LOG_WARN_, "store",
                    "cert=%s why=\"%s\" next=\"asking the responder\"",
                    site->id.name, e.text);
        buf_release(&der);
}

/* ---- fetching ----------------------------------------------------------- */

static int judge(void *arg, const struct fetch_answer *a, struct err *why)
{
        struct staple_answer fresh = {a->der, true, a->max_age};
        struct site *site = arg;

        if (take(site, &fresh, why) != 0)
                return -1;
        store(site, a->der);
        return 0;
}

static void fetched(void *arg, const struct fetch_result *r)
{
        struct site *site = arg;

        site->fetch = NULL;
        site->tried = true;
        site->ended++;
        site->keeper->in_flight--;
        if (r->ok) {
                site->first_url = r->url;
                site->taken++;
                site_faults_renew(site, false);
                log_taken(site);
        } else {
                staple_fail(&site->staple, r->err.text, r->retry_after,
                    keeper_now(site->keeper), roll_dice());
                log_failed(site);
        }
        site->seen = site_state(site);
        site_publish(site);
        site->keeper->settled(site->keeper->arg, site);
}

static void start_fetch(struct site *site)
{
        struct fetch_request q = {.leaf = site->id.leaf,
            .issuer = site->id.issuer,
            .hash = site->keeper->hash,
            .urls = (const char *const *)site->id.urls,
            .urls_len = site->id.urls_len,
            .first = site->first_url,
            .timeout_ms = site->keeper->timeout_ms,
            .judge = judge,
            .done = fetched,
            .arg = site};
        struct err e = ERR_INIT;

        site->wanted = false;
        site->fetches++;
        site->keeper->in_flight++;
        staple_begin(&site->staple);
        if (fetch_start(site->keeper->base, &q, &site->fetch, &e) == 0)
                return;
        fetched(site,
            &(struct fetch_result){.ok = false, .retry_after = -1, .err = e});
}

void site_tick(struct site *site)
{
        note_time(site);
        site_faults_tick(site);
        if (site->fetch != NULL || site->id.trouble[0] != '\0' ||
            site->keeper->in_flight >= KEEPER_FETCHES_MAX)
                return;
        if (site->wanted ||
            staple_next(&site->staple, keeper_now(site->keeper)).fetch)
                start_fetch(site);
}

bool site_refresh(struct site *site)
{
        if (site->id.trouble[0] != '\0')
                return false;
        site->wanted = true;
        return true;
}

void site_replan(struct site *site)
{
        staple_replan(&site->staple);
        site_faults_renew(site, true);
        site_publish(site);
}

bool site_has_tried(const struct site *site)
{
        return site->id.trouble[0] != '\0' ||
               (site->tried && site->fetch == NULL && !site->wanted &&
                   !staple_next(&site->staple, keeper_now(site->keeper)).fetch);
}

bool site_is_settled(const struct site *site)
{
        struct staple_now now = keeper_now(site->keeper);

        if (!site_faults_are_settled(site))
                return false;
        if (site->tried || site->id.trouble[0] != '\0')
                return true;
        /* From the store, and fresh enough; or stale, but still valid. */
        return (!site->staple.in_flight &&
                   !staple_next(&site->staple, now).fetch) ||
               staple_give(&site->staple, &site->keeper->policy, true,
                   now.lab) == STAPLE_GIVE;
}

/* ---- life --------------------------------------------------------------- */

static void note_validity(struct site *site)
{
        int64_t now = labclock_now(site->keeper->clock);
        int64_t from = pki_not_before(site->id.leaf);
        int64_t until = pki_not_after(site->id.leaf);
        char text[TIME_TEXT_MAX];

        site->was_valid = from <= now && now <= until;
        if (site->was_valid)
                return;
        log_line(LOG_WARN_, "certificate",
            "cert=%s why=\"%s %s\" next=\"serving it all the same\"",
            site->id.name,
            now < from ? "it is not valid before" : "it expired at",
            format_time(now < from ? from : until, text));
}

int site_new(
    struct keeper *k, struct identity *id, struct site **out, struct err *e)
{
        struct site *site = calloc(1, sizeof(*site));

        *out = NULL;
        if (site == NULL)
                return err_set(e, ERR_OS, "out of memory");
        site->keeper = k;
        site->id = *id;
        memset(id, 0, sizeof(*id));
        site->born_ms = monotonic_ms();
        if (site->id.trouble[0] != '\0')
                log_line(LOG_WARN_, "certificate",
                    "cert=%s why=\"%s\" next=\"serving it without a staple\"",
                    site->id.name, site->id.trouble);
        note_validity(site);
        load(site);
        site->seen = site_state(site);
        *out = site;
        return 0;
}

void site_free(struct site *site)
{
        if (site == NULL)
                return;
        if (site->fetch != NULL)
                site->keeper->in_flight--;
        fetch_cancel(site->fetch);
        site_faults_release(site);
        staple_release(&site->staple);
        identity_release(&site->id);
        free(site);
}
