#include "responder/status.h"

#include <inttypes.h>

static uint64_t sum_answers(
    const struct responder *r, int method, int status, int use)
{
        uint64_t n = 0;
        unsigned i;

        for (i = 0; i < r->workers_len; i++)
                n += tally_read(
                    &r->workers[i]->tally.answers[method][status][use]);
        return n;
}

static void answers(const struct responder *r, struct buf *out)
{
        static const char *const methods[METHODS] = {"GET", "HEAD", "POST"};
        int method, status, use;

        buf_append_text(out, "# HELP ocsp_responder_requests_total OCSP "
                             "requests answered.\n"
                             "# TYPE ocsp_responder_requests_total counter\n");
        for (method = 0; method < METHODS; method++)
                for (status = 0; status < STATUSES; status++)
                        for (use = 0; use < CACHE_USES; use++) {
                                uint64_t n =
                                    sum_answers(r, method, status, use);

                                if (n > 0)
                                        buf_printf(out,
                                            "ocsp_responder_requests_total{"
                                            "method=\"%s\",status=\"%s\","
                                            "cache=\"%s\"} %" PRIu64 "\n",
                                            methods[method],
                                            ocsp_response_status_name(status),
                                            cache_use_name(use), n);
                        }
}

static void crls(const struct responder *r, struct buf *out)
{
        static const int codes[CRL_OUTCOMES] = {200, 304, 404, 500, 503};
        unsigned i;
        int what;

        buf_append_text(out,
            "# HELP ocsp_responder_crl_requests_total Requests for CRLs.\n"
            "# TYPE ocsp_responder_crl_requests_total counter\n");
        for (what = 0; what < CRL_OUTCOMES; what++) {
                uint64_t n = 0;

                for (i = 0; i < r->workers_len; i++)
                        n += tally_read(&r->workers[i]->tally.crls[what]);
                if (n > 0)
                        buf_printf(out,
                            "ocsp_responder_crl_requests_total{code=\"%d\"} "
                            "%" PRIu64 "\n",
                            codes[what], n);
        }
}

static void one(struct buf *out, const char *name, const char *type,
    const char *help, uint64_t value)
{
        buf_printf(out,
            "# HELP ocsp_responder_%s %s\n# TYPE ocsp_responder_%s %s\n"
            "ocsp_responder_%s %" PRIu64 "\n",
            name, help, name, type, name, value);
}

static void signatures(const struct responder *r, struct buf *out)
{
        uint64_t n = 0, ns = 0;
        unsigned i;
        int b;

        buf_append_text(out,
            "# HELP ocsp_responder_signing_seconds Time that the signature of "
            "an answer took.\n"
            "# TYPE ocsp_responder_signing_seconds histogram\n");
        for (i = 0; i < r->workers_len; i++)
                ns += tally_read(&r->workers[i]->tally.signing_ns);
        for (b = 0; b <= TALLY_BOUNDS; b++) {
                for (i = 0; i < r->workers_len; i++)
                        n += tally_read(&r->workers[i]->tally.signed_in[b]);
                buf_append_text(
                    out, "ocsp_responder_signing_seconds_bucket{le=\"");
                if (b < TALLY_BOUNDS)
                        buf_printf(out, "%g", tally_bounds_us[b] / 1e6);
                else
                        buf_append_text(out, "+Inf");
                buf_printf(out, "\"} %" PRIu64 "\n", n);
        }
        buf_printf(out,
            "ocsp_responder_signing_seconds_sum %.9f\n"
            "ocsp_responder_signing_seconds_count %" PRIu64 "\n",
            (double)ns / 1e9, n);
        one(out, "signatures_total", "counter", "Answers signed.", n);
}

static void signers(const struct issuers *cas, struct buf *out)
{
        size_t i;

        buf_append_text(out,
            "# HELP ocsp_responder_signer_not_after_seconds When the OCSP "
            "signer of a CA ends.\n"
            "# TYPE ocsp_responder_signer_not_after_seconds gauge\n");
        for (i = 0; i < cas->len; i++)
                if (cas->list[i]->signer != NULL)
                        buf_printf(out,
                            "ocsp_responder_signer_not_after_seconds"
                            "{ca=\"%s\"} %" PRId64 "\n",
                            cas->list[i]->name, cas->list[i]->not_after);
}

/* What only the database can tell; without it these are missing. */
static void world(struct worker *w, struct buf *out)
{
        struct moment m;
        int64_t seq;

        if (worker_look(w, &m, NULL) != 0 ||
            cadb_last_event(w->db, &seq, NULL) != 0)
                return;
        signers(w->issuers, out);
        one(out, "generation", "gauge",
            "Number of the last change in the database.", (uint64_t)seq);
        one(out, "time_seconds", "gauge", "The lab's time.", (uint64_t)m.now);
}

void status_metrics(struct worker *w, struct buf *out)
{
        const struct responder *r = w->responder;
        struct cache_size size = cache_measure(r->cache);
        uint64_t not_modified = 0;
        unsigned i;

        for (i = 0; i < r->workers_len; i++)
                not_modified += tally_read(&r->workers[i]->tally.not_modified);
        answers(r, out);
        crls(r, out);
        world(w, out);
        one(out, "not_modified_total", "counter",
            "Requests answered with HTTP status 304.", not_modified);
        signatures(r, out);
        one(out, "http_refused_total", "counter",
            "Requests refused by HTTP limits (400, 405, 413).",
            tally_read(&r->refused));
        one(out, "cache_entries", "gauge", "Answers kept.", size.entries);
        one(out, "cache_bytes", "gauge", "Memory of the answers kept.",
            size.bytes);
}
