#include <string.h>
#include <strings.h>

#include "base/httpdate.h"
#include "base/parse.h"
#include "stapler/http/http.h"

enum { BAD = 400, TOO_LONG = 414, TOO_LARGE = 431, NO_SUCH_VERSION = 505 };

/* A piece of the head. */
struct text {
        const char *p;
        size_t len;
};

static bool is_word(struct text t, const char *word)
{
        return t.len == strlen(word) && strncasecmp(t.p, word, t.len) == 0;
}

/* RFC 9110 section 5.6.2. */
static bool is_token_char(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
               (c >= 'A' && c <= 'Z') ||
               (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct text t)
{
        size_t i;

        for (i = 0; i < t.len; i++) {
                if (!is_token_char(t.p[i]))
                        return false;
        }
        return t.len > 0;
}

/* Up to the separator, which is left out; rest is what is behind it. */
static bool cut(struct text *rest, char separator, struct text *out)
{
        const char *end = memchr(rest->p, separator, rest->len);

        if (end == NULL)
                return false;
        *out = (struct text){rest->p, (size_t)(end - rest->p)};
        rest->len -= out->len + 1;
        rest->p = end + 1;
        return true;
}

static struct text trim(struct text t)
{
        while (t.len > 0 && (*t.p == ' ' || *t.p == '\t'))
                t.p++, t.len--;
        while (t.len > 0 && (t.p[t.len - 1] == ' ' || t.p[t.len - 1] == '\t'))
                t.len--;
        return t;
}

static bool copy(struct text t, char *out, size_t size)
{
        if (t.len >= size)
                return false;
        memcpy(out, t.p, t.len);
        out[t.len] = '\0';
        return true;
}

/* ---- the request line, RFC 9112 section 3 ------------------------------- */

static int take_host(struct text t, struct http_request *r)
{
        size_t i;

        for (i = 0; i < t.len; i++) {
                if (t.p[i] <= ' ' || t.p[i] >= 127)
                        return BAD;
        }
        return copy(t, r->host, sizeof(r->host)) ? 0 : BAD;
}

/* What "%41" stands for; -1 if it is no such thing, or a NUL. */
static int decode(const char *p, const char *end)
{
        uint8_t byte;
        char hex[3];
        size_t len;

        if (end - p < 3)
                return -1;
        memcpy(hex, p + 1, 2);
        hex[2] = '\0';
        if (strspn(hex, "0123456789abcdefABCDEF") != 2 ||
            hex_decode(hex, &byte, 1, &len, NULL) != 0 || byte == 0)
                return -1;
        return byte;
}

static int take_path(struct text t, struct http_request *r)
{
        const char *p = t.p, *end = t.p + t.len;
        size_t len = 0;
        int c;

        for (; p < end && *p != '?'; p++) {
                c = (unsigned char)*p;
                if (c <= ' ' || c >= 127 || c == '#')
                        return BAD;
                if (c == '%') {
                        c = decode(p, end);
                        p += 2;
                }
                if (c < 0)
                        return BAD;
                if (len + 1 >= sizeof(r->path))
                        return TOO_LONG;
                r->path[len++] = (char)c;
        }
        r->path[len] = '\0';
        return r->path[0] == '/' ? 0 : BAD;
}

/* "/path?query", or the absolute form, whose host counts (section 3.2.2). */
static int take_target(struct text t, struct http_request *r)
{
        static const char *const schemes[] = {"https://", "http://"};
        const char *slash;
        struct text host;
        size_t i, skip;

        for (i = 0; i < 2; i++) {
                skip = strlen(schemes[i]);
                if (t.len <= skip || strncasecmp(t.p, schemes[i], skip) != 0)
                        continue;
                host = (struct text){t.p + skip, t.len - skip};
                slash = memchr(host.p, '/', host.len);
                if (slash == NULL)
                        return BAD;
                host.len = (size_t)(slash - host.p);
                if (host.len == 0 || take_host(host, r) != 0)
                        return BAD;
                t = (struct text){slash, t.len - skip - host.len};
        }
        return take_path(t, r);
}

static int take_line(struct text line, struct http_request *r)
{
        struct text method, target;

        if (!cut(&line, ' ', &method) || !cut(&line, ' ', &target) ||
            !is_token(method) || line.len != 8 ||
            strncmp(line.p, "HTTP/", 5) != 0)
                return BAD;
        if (line.p[5] != '1' || line.p[6] != '.')
                return NO_SUCH_VERSION;
        r->keep = line.p[7] >= '1'; /* HTTP/1.0 ends with the response */
        r->method = HTTP_OTHER;
        if (method.len == 3 && memcmp(method.p, "GET", 3) == 0)
                r->method = HTTP_GET;
        if (method.len == 4 && memcmp(method.p, "HEAD", 4) == 0)
                r->method = HTTP_HEAD;
        return take_target(target, r);
}

/* ---- headers, section 5 ------------------------------------------------- */

/* What a head may have once. */
struct seen {
        bool host, absolute, none_match;
};

static void take_connection(struct text value, struct http_request *r)
{
        struct text option;

        while (value.len > 0) {
                if (!cut(&value, ',', &option)) {
                        option = value;
                        value.len = 0;
                }
                if (is_word(trim(option), "close"))
                        r->keep = false;
        }
}

static void take_date(struct text value, struct http_request *r)
{
        char date[64];

        r->is_conditional = copy(value, date, sizeof(date)) &&
                            http_date_parse(date, &r->modified_since);
}

static int take_header(
    struct text name, struct text value, struct http_request *r, struct seen *s)
{
        if (is_word(name, "Host")) {
                /* RFC 9112 section 3.2: exactly one. */
                if (s->host)
                        return BAD;
                s->host = true;
                return s->absolute ? 0 : take_host(value, r);
        }
        if (is_word(name, "Connection"))
                take_connection(value, r);
        else if (is_word(name, "Transfer-Encoding"))
                r->has_content = true;
        else if (is_word(name, "Content-Length"))
                r->has_content |= !is_word(value, "0");
        else if (is_word(name, "If-Modified-Since"))
                take_date(value, r);
        else if (is_word(name, "If-None-Match"))
                s->none_match = true;
        return 0;
}

static int take_headers(struct text head, struct http_request *r)
{
        struct seen seen = {.absolute = r->host[0] != '\0'};
        struct text line, name;
        size_t i;
        int rc;

        while (cut(&head, '\n', &line)) {
                if (line.len == 0 || line.p[line.len - 1] != '\r')
                        return BAD;
                line.len--;
                for (i = 0; i < line.len; i++) {
                        if ((unsigned char)line.p[i] < ' ' && line.p[i] != '\t')
                                return BAD;
                }
                /* A line that begins with a space is no token either: folded
                 * headers are refused (section 5.2). */
                if (!cut(&line, ':', &name) || !is_token(name))
                        return BAD;
                rc = take_header(name, trim(line), r, &seen);
                if (rc != 0)
                        return rc;
        }
        if (!seen.host && r->keep)
                return BAD; /* HTTP/1.1 without a Host */
        /* RFC 9110 section 13.1.3: the other one counts. */
        if (seen.none_match)
                r->is_conditional = false;
        return 0;
}

/* ---- the whole ---------------------------------------------------------- */

int http_parse(
    const char *data, size_t len, struct http_request *out, size_t *used)
{
        const char *start = data, *end;
        struct text head, line;
        int rc;

        /* Section 2.2: an empty line before a request means nothing. */
        while (
            len - (size_t)(start - data) >= 2 && memcmp(start, "\r\n", 2) == 0)
                start += 2;
        end = memmem(start, len - (size_t)(start - data), "\r\n\r\n", 4);
        if (end == NULL)
                return len >= HTTP_HEAD_MAX ? TOO_LARGE : -1;
        *used = (size_t)(end + 4 - data);
        if (*used > HTTP_HEAD_MAX)
                return TOO_LARGE;
        *out = (struct http_request){.method = HTTP_OTHER};
        head = (struct text){start, (size_t)(end + 2 - start)};
        if (memchr(head.p, '\0', head.len) != NULL ||
            !cut(&head, '\n', &line) || line.len == 0 ||
            line.p[line.len - 1] != '\r')
                return BAD;
        line.len--;
        rc = take_line(line, out);
        return rc != 0 ? rc : take_headers(head, out);
}
