#include "stapler/status.h"

#include <inttypes.h>

#include "base/base.h"

static const enum staple_state states[] = {STAPLE_NONE, STAPLE_GOOD,
    STAPLE_REVOKED, STAPLE_UNVERIFIED, STAPLE_EXPIRED, STAPLE_EARLY};

static void head(
    struct buf *out, const char *name, const char *type, const char *help)
{
        buf_printf(out,
            "# HELP ocsp_stapler_%s %s\n# TYPE ocsp_stapler_%s %s\n", name,
            help, name, type);
}

/* Names are [A-Za-z0-9._-]+ in a lab; a --cert file may have any. */
static void row(struct buf *out, const char *name, const char *cert,
    const char *more, int64_t value)
{
        const char *p;

        buf_printf(out, "ocsp_stapler_%s{cert=\"", name);
        for (p = cert; *p != '\0'; p++) {
                if (*p == '"' || *p == '\\')
                        buf_append_text(out, "\\");
                buf_append(out, *p == '\n' ? " " : p, 1);
        }
        buf_printf(out, "\"%s} %" PRId64 "\n", more, value);
}

static void handshake_rows(const struct roster *r, struct buf *out)
{
        size_t i;

        head(out, "handshakes_total", "counter",
            "Handshakes by what they got, if the client asked.");
        for (i = 0; i < r->len; i++) {
                const struct roster_entry *n = &r->entries[i];
                struct tls_counts counts;

                if (n->site == NULL)
                        continue;
                counts = site_counts(n->site);
                row(out, "handshakes_total", n->name, ",got=\"staple\"",
                    (int64_t)counts.stapled);
                row(out, "handshakes_total", n->name, ",got=\"none\"",
                    (int64_t)counts.bare);
                row(out, "handshakes_total", n->name, ",got=\"refusal\"",
                    (int64_t)counts.refused);
        }
}

static void state_rows(const struct roster *r, struct buf *out)
{
        size_t i, k, n;

        head(out, "certificates", "gauge", "Certificates by their staple.");
        for (k = 0; k < sizeof(states) / sizeof(states[0]); k++) {
                for (i = n = 0; i < r->len; i++)
                        n += (r->entries[i].site == NULL
                                     ? STAPLE_NONE
                                     : site_state(r->entries[i].site)) ==
                             states[k];
                buf_printf(out, "ocsp_stapler_certificates{state=\"%s\"} %zu\n",
                    staple_state_name(states[k]), n);
        }
}

static void fetch_rows(const struct roster *r, struct buf *out)
{
        size_t i;

        head(out, "fetches_total", "counter",
            "Fetches that came to an end, by what they brought.");
        for (i = 0; i < r->len; i++) {
                const struct roster_entry *n = &r->entries[i];

                if (n->site == NULL)
                        continue;
                row(out, "fetches_total", n->name, ",result=\"taken\"",
                    (int64_t)n->site->taken);
                row(out, "fetches_total", n->name, ",result=\"failed\"",
                    (int64_t)(n->site->ended - n->site->taken));
        }
}

enum number { FAILURES, NEXT_UPDATE, NEXT_REFRESH };

static int64_t number_of(const struct site *site, enum number what)
{
        switch (what) {
        case FAILURES:
                return site->staple.failures;
        case NEXT_UPDATE:
                return site->staple.held.next_update;
        case NEXT_REFRESH:
                return site->id.trouble[0] != '\0'
                           ? 0
                           : staple_next(
                                 &site->staple, keeper_now(site->keeper))
                                 .next_refresh;
        }
        return 0;
}

static void number_rows(const struct roster *r, enum number what,
    const char *name, const char *help, struct buf *out)
{
        size_t i;

        head(out, name, "gauge", help);
        for (i = 0; i < r->len; i++) {
                if (r->entries[i].site != NULL)
                        row(out, name, r->entries[i].name, "",
                            number_of(r->entries[i].site, what));
        }
}

void status_metrics(const struct roster *r, size_t connections, struct buf *out)
{
        state_rows(r, out);
        handshake_rows(r, out);
        fetch_rows(r, out);
        number_rows(r, FAILURES, "failures",
            "Fetches in a row that brought nothing.", out);
        number_rows(r, NEXT_UPDATE, "next_update_seconds",
            "nextUpdate of the staple that is held; 0: none.", out);
        number_rows(r, NEXT_REFRESH, "next_refresh_seconds",
            "When it is fetched next; 0: now, or never.", out);
        head(out, "time_seconds", "gauge", "The time by which all is judged.");
        buf_printf(out, "ocsp_stapler_time_seconds %" PRId64 "\n",
            labclock_now(r->keeper->clock));
        head(out, "connections", "gauge", "Open TLS connections.");
        buf_printf(out, "ocsp_stapler_connections %zu\n", connections);
}
