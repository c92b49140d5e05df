#include "stapler/page.h"

#include <string.h>

#include "base/base.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<title>ocsp-stapler</title>\n"
    "<style>body{font:16px/1.5 sans-serif;max-width:44em;margin:2em auto;"
    "padding:0 1em}td{padding:0 1em 0 0;vertical-align:top}"
    "pre{background:#eee;padding:1em;overflow:auto}</style>\n";

static void row(struct buf *out, const char *name, const char *value)
{
        buf_printf(out, "<tr><td>%s<td>", name);
        buf_append_html(out, value);
        buf_append_text(out, "\n");
}

static void time_row(struct buf *out, const char *name, int64_t t)
{
        char text[TIME_TEXT_MAX];

        if (t != 0)
                row(out, name, format_time(t, text));
}

static const char *carried(const struct tls_info *tls)
{
        if (tls->stapled)
                return "carried a staple";
        if (tls->asked)
                return "carried no staple, though your client asked";
        return "carried no staple: your client did not ask";
}

void page_rows(const struct site *site, struct buf *out)
{
        const struct site_fault *fault = site_fault_now(site);
        const struct staple *s = &site->staple;

        row(out, "Certificate", site->id.name);
        row(out, "Serial", site->id.serial);
        row(out, "Must-staple", site->id.must_staple ? "yes" : "no");
        row(out, "Staple", staple_state_name(site_state(site)));
        if (fault != NULL)
                row(out, "Scenario", fault->fault->text);
        time_row(out, "thisUpdate", s->held.this_update);
        time_row(out, "nextUpdate", s->held.next_update);
        time_row(out, "Revoked at", s->latest.revocation_time);
        time_row(out, "Next refresh",
            staple_next(s, keeper_now(site->keeper)).next_refresh);
        if (s->last_error[0] != '\0')
                row(out, "Last failure", s->last_error);
}

static void commands(
    const struct page_spec *p, const char *host, struct buf *out)
{
        const char *port = strrchr(host, ':');
        bool has_port = port != NULL && strchr(port, ']') == NULL;

        buf_append_text(out, "<p>See for yourself:\n<pre>ocsp-check https://");
        buf_append_html(out, host);
        buf_append_text(out, " --explain\ncurl --cert-status --cacert ");
        buf_append_html(out, p->dir);
        buf_append_text(out, "/root.pem https://");
        buf_append_html(out, host);
        buf_append_text(out, "/\nopenssl s_client -status -CAfile ");
        buf_append_html(out, p->dir);
        buf_append_text(out, "/root.pem -connect ");
        buf_append_html(out, host);
        buf_append_text(out, has_port ? "" : ":443");
        buf_append_text(out, "</pre>\n");
}

void page_html(const struct page_spec *p, struct buf *out)
{
        const char *host = p->host[0] == '\0' ? "localhost" : p->host;

        buf_append_text(out, head);
        buf_append_text(out, "<h1>");
        buf_append_html(out, host);
        buf_append_text(out, "</h1>\n<p>This connection is ");
        buf_append_text(out, p->tls->version);
        buf_append_text(out, " and ");
        buf_append_text(out, carried(p->tls));
        buf_append_text(out, ".\n<table>\n");
        buf_append(out, p->tls->about.data, p->tls->about.len);
        buf_append_text(out, "</table>\n");
        commands(p, host, out);
}
