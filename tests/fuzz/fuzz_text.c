/*
 * What reads a line of text: the first byte chooses the reader.  What it takes
 * lies in the range that its header promises and, where it can be written,
 * reads the same again.
 */
#include "fuzz.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/httpdate.h"
#include "ca-tools/index.h"
#include "httpc/internal.h"
#include "ocsp/ocsp.h"

/* 2026-01-15T12:00:00Z */
#define NOW INT64_C(1768478400)

static void check_refusal(const struct err *e)
{
        must(e->code != ERR_NONE && e->text[0] != '\0');
}

/* ---- numbers and times --------------------------------------------------- */

static void try_duration(char *text)
{
        struct err e = ERR_INIT;
        char out[DURATION_TEXT_MAX];
        int64_t ms, s;

        if (parse_duration_ms(text, 's', &ms, &e) != 0) {
                check_refusal(&e);
                must(parse_duration(text, 's', &s, NULL) != 0);
                return;
        }
        must(ms >= 0 && ms <= DURATION_MAX_MS);
        must(format_duration(ms / 1000, out)[0] != '\0');
        if (parse_duration(text, 's', &s, &e) == 0)
                must(s * 1000 == ms);
        else
                must(ms % 1000 != 0);
        parse_duration(text, 'd', &s, NULL);
}

static void try_time(char *text)
{
        struct err e = ERR_INIT;
        char out[TIME_TEXT_MAX];
        int64_t t, again;

        if (parse_time(text, NOW, &t, &e) != 0) {
                check_refusal(&e);
                return;
        }
        must(parse_time(format_time(t, out), 0, &again, &e) == 0);
        must(again == t);
}

static void try_uint(char *text)
{
        uint64_t n;
        char out[32];

        if (parse_uint(text, 1000000, &n, NULL) != 0)
                return;
        must(n <= 1000000);
        snprintf(out, sizeof(out), "%llu", (unsigned long long)n);
        must(strlen(text) >= strlen(out));
}

static void try_hex(char *text)
{
        uint8_t octets[24], again[24];
        char out[2 * sizeof(octets) + 1];
        size_t len, again_len;

        if (hex_decode(text, octets, sizeof(octets), &len, NULL) != 0)
                return;
        must(len <= sizeof(octets));
        hex_encode((struct span){octets, len}, out, sizeof(out));
        if (len == 0)
                return;
        must(hex_decode(out, again, sizeof(again), &again_len, NULL) == 0);
        must(again_len == len && memcmp(octets, again, len) == 0);
}

static void try_http_date(char *text)
{
        char out[HTTP_DATE_MAX];
        int64_t t, again;

        if (!http_date_parse(text, &t))
                return;
        must(http_date_parse(http_date(t, out), &again));
        must(again == t);
}

static void try_reason(char *text)
{
        int reason, again;

        if (ocsp_reason_parse(text, &reason) != 0)
                return;
        must(ocsp_reason_name(reason) != NULL);
        must(ocsp_reason_parse(ocsp_reason_name(reason), &again) == 0);
        must(again == reason);
}

/* ---- HTTP ---------------------------------------------------------------- */

/* Nothing in a host may end the line that names it. */
static void check_url(const struct httpc_url *u)
{
        struct httpc_url again;
        char authority[HTTPC_AUTHORITY_MAX], text[HTTPC_URL_MAX + 300];
        const char *p;

        must(u->host[0] != '\0' && u->port != 0);
        for (p = u->host; *p != '\0'; p++)
                must((uint8_t)*p > ' ' && *p != 0x7f);
        for (p = u->path; *p != '\0'; p++)
                must((uint8_t)*p > ' ' && *p != 0x7f);
        must(u->path[0] == '\0' || u->path[0] == '/' || u->path[0] == '?');
        httpc_authority(u, authority);
        snprintf(
            text, sizeof(text), "%s://%s%s", u->scheme, authority, u->path);
        if (strlen(text) >= HTTPC_URL_MAX)
                return;
        must(httpc_url_parse(text, &again, NULL) == 0);
        must(strcmp(again.scheme, u->scheme) == 0);
        must(strcmp(again.host, u->host) == 0);
        must(again.port == u->port && strcmp(again.path, u->path) == 0);
}

static void try_url(char *text)
{
        struct err e = ERR_INIT;
        struct httpc_url u, http;

        if (httpc_url_parse(text, &u, &e) == 0)
                check_url(&u);
        else
                check_refusal(&e);
        if (httpc_url_parse_http(text, &http, NULL) == 0)
                must(strcmp(http.scheme, "http") == 0);
}

static void try_location(char *text)
{
        struct httpc_url from, to;
        char out[HTTPC_URL_MAX];

        must(httpc_url_parse("http://a.test/b/c", &from, NULL) == 0);
        if (httpc_url_join(&from, text, out, NULL) != 0)
                return;
        must(strlen(out) < sizeof(out));
        if (httpc_url_parse(out, &to, NULL) == 0)
                check_url(&to);
}

static void try_headers(char *text)
{
        must(httpc_retry_after(text, "Thu, 15 Jan 2026 12:00:00 GMT") >= -1);
        must(httpc_retry_after("Thu, 15 Jan 2026 12:00:00 GMT", text) >= -1);
        must(httpc_max_age(text, "60") >= -1);
        must(httpc_max_age("max-age=9", text) >= -1);
}

/* ---- index.txt ----------------------------------------------------------- */

static bool same_state(const struct cadb_state *a, const struct cadb_state *b)
{
        return a->status == b->status && a->reason == b->reason &&
               a->revoked_at == b->revoked_at && a->not_after == b->not_after;
}

static void read_index_again(const struct index_row *row, struct buf *line)
{
        struct index_row again;
        char *text = (char *)(uintptr_t)buf_text(line);

        must(text != NULL && line->len > 0 && text[line->len - 1] == '\n');
        text[line->len - 1] = '\0';
        must(index_parse(text, &again, NULL) == 0);
        must(same_state(&again.state, &row->state));
        must(again.serial.len == row->serial.len);
        must(memcmp(again.serial.octets, row->serial.octets, row->serial.len) ==
             0);
}

static void try_index(char *text)
{
        struct index_loss loss = {0, 0};
        struct err e = ERR_INIT;
        struct index_row row;
        struct buf line = {0};

        if (index_parse(text, &row, &e) != 0) {
                check_refusal(&e);
                return;
        }
        must(row.serial.len >= 1 && row.serial.len <= PKI_SERIAL_MAX);
        must(row.state.status == CADB_REVOKED || row.state.revoked_at == 0);
        index_print(&row, NOW, &line, &loss);
        if (loss.reasons == 0 && loss.invalidity_dates == 0)
                read_index_again(&row, &line);
        buf_release(&line);
}

static void try_subject(char *text)
{
        char out[200], back[256], name[LAB_NAME_MAX + 1];

        if (index_subject_to_rfc2253(text, out, sizeof(out))) {
                must(index_subject_to_oneline(out, back, sizeof(back)));
                must(strcmp(text, back) == 0);
        }
        if (index_subject_to_oneline(text, out, sizeof(out))) {
                must(index_subject_to_rfc2253(out, back, sizeof(back)));
                must(strcmp(text, back) == 0);
        }
        if (index_subject_name(text, name))
                must(name[0] != '\0' && strlen(name) <= LAB_NAME_MAX);
        else
                must(name[0] == '\0');
}

/* ---- all of them --------------------------------------------------------- */

static void try_escape(char *text)
{
        char out[LOG_ESCAPED_MAX];
        const char *p;

        log_escape((struct span){(const uint8_t *)text, strlen(text)}, out);
        for (p = out; *p != '\0'; p++)
                must(*p >= ' ' && *p <= '~' && *p != '"');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static void (*const readers[])(char *) = {try_duration, try_time,
            try_uint, try_hex, try_http_date, try_reason, try_url, try_location,
            try_headers, try_index, try_subject, try_escape};
        char *text;

        if (size < 1)
                return 0;
        text = strndup((const char *)data + 1, size - 1);
        must(text != NULL);
        readers[data[0] % (sizeof(readers) / sizeof(readers[0]))](text);
        free(text);
        return 0;
}
