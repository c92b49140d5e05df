/* What a certificate's handshakes get: from its staple to what TLS knows. */
#include "base/base.h"
#include "stapler/page.h"
#include "stapler/site.h"

static enum tls_answer answer_of(enum staple_give give)
{
        switch (give) {
        case STAPLE_GIVE:
                return TLS_STAPLE;
        case STAPLE_BARE:
                return TLS_BARE;
        case STAPLE_REFUSE:
                return TLS_REFUSE;
        }
        return TLS_REFUSE;
}

static enum tls_answer answer_at(const struct site *site, int64_t lab)
{
        return answer_of(staple_give(
            &site->staple, &site->keeper->policy, site->id.must_staple, lab));
}

/* The staple is judged here, but its end may come between two looks at it, or
 * the lab's clock may be set: each handshake compares for itself. */
void site_publish(const struct site *site)
{
        struct staple_times times = staple_times(&site->staple);
        struct buf about = {0};
        struct tls_offer offer = {
            .der = buf_span(&site->staple.der),
            .from = times.from,
            .until = times.until,
            .within = answer_at(site, times.from),
            .outside = answer_at(site, times.until),
        };
        struct err e = ERR_INIT;

        if (site->tls == NULL)
                return;
        page_rows(site, &about);
        offer.about = buf_span(&about);
        site_faults_offer(site, &offer);
        if (about.failed || tls_site_offer(site->tls, &offer, &e) != 0)
                log_line(LOG_ERROR_, "staple",
                    "cert=%s why=\"out of memory\" "
                    "next=\"handshakes get what they got before\"",
                    site->id.name);
        buf_release(&about);
}

struct tls_counts site_counts(const struct site *site)
{
        return site->tls == NULL ? (struct tls_counts){0}
                                 : tls_site_counts(site->tls);
}
