#include "httpc/httpc.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "httpc/internal.h"

/* A control character or a space in a URL would end up in our request line,
 * so it is refused, not escaped. */
static bool printable(const char *text)
{
        for (; *text != '\0'; text++) {
                if (*text <= ' ' || *text > '~')
                        return false;
        }
        return true;
}

static int parse_port(const char *text, size_t len, uint16_t *port)
{
        unsigned long n = 0;
        size_t i;

        if (len == 0 || len > 5)
                return -1;
        for (i = 0; i < len; i++) {
                if (text[i] < '0' || text[i] > '9')
                        return -1;
                n = n * 10 + (unsigned long)(text[i] - '0');
        }
        if (n == 0 || n > UINT16_MAX)
                return -1;
        *port = (uint16_t)n;
        return 0;
}

/* RFC 3986 section 3.2.2: of an IP literal, version 6 without a zone; of a
 * name, no character that a URL has elsewhere or not at all. */
static bool is_host(const char *host, bool bracketed)
{
        struct in6_addr address;

        if (bracketed)
                return inet_pton(AF_INET6, host, &address) == 1;
        return strpbrk(host, "[]<>\"\\^`{|}") == NULL;
}

/* "host", "host:port" or "[v6]:port", len bytes of it. */
static int parse_authority(
    const char *text, size_t len, struct httpc_url *out, struct err *e)
{
        const char *host = text, *colon;
        size_t host_len;

        if (memchr(text, '@', len) != NULL)
                return err_set(e, ERR_DATA, "user name or password in it");
        if (len > 0 && text[0] == '[') {
                const char *end = memchr(text, ']', len);

                if (end == NULL)
                        return err_set(e, ERR_DATA, "'[' without ']'");
                host = text + 1;
                host_len = (size_t)(end - host);
                colon = end + 1;
        } else {
                colon = memchr(text, ':', len);
                if (colon == NULL)
                        colon = text + len;
                host_len = (size_t)(colon - text);
        }
        if (host_len == 0 || host_len >= sizeof(out->host))
                return err_set(e, ERR_DATA, "no host, or one too long");
        memcpy(out->host, host, host_len);
        out->host[host_len] = '\0';
        if (!is_host(out->host, host != text))
                return err_set(e, ERR_DATA, "what stands for a host is none");
        if (colon == text + len)
                return 0;
        if (*colon != ':' ||
            parse_port(
                colon + 1, len - (size_t)(colon + 1 - text), &out->port) != 0)
                return err_set(e, ERR_DATA, "the port is not 1 to 65535");
        return 0;
}

static int parse(const char *text, struct httpc_url *out, struct err *e)
{
        const char *rest, *path;
        size_t path_len;

        if (strncasecmp(text, "http://", 7) == 0) {
                strcpy(out->scheme, "http");
                out->port = 80;
        } else if (strncasecmp(text, "https://", 8) == 0) {
                strcpy(out->scheme, "https");
                out->port = 443;
        } else {
                return err_set(e, ERR_DATA, "not http:// or https://");
        }
        if (strlen(text) >= HTTPC_URL_MAX || !printable(text))
                return err_set(e, ERR_DATA,
                    "too long, or with characters that no URL has");
        rest = strchr(text, ':') + 3;
        path = rest + strcspn(rest, "/?#");
        if (parse_authority(rest, (size_t)(path - rest), out, e) != 0)
                return -1;
        path_len = strcspn(path, "#");
        if (path_len > 0 && path[0] == '?')
                snprintf(
                    out->path, sizeof(out->path), "/%.*s", (int)path_len, path);
        else
                snprintf(
                    out->path, sizeof(out->path), "%.*s", (int)path_len, path);
        return 0;
}

int httpc_url_parse(const char *text, struct httpc_url *out, struct err *e)
{
        memset(out, 0, sizeof(*out));
        if (parse(text, out, e) != 0)
                return err_prefix(
                    e, "URL '%.100s'", printable(text) ? text : "?");
        return 0;
}

int httpc_url_parse_http(const char *text, struct httpc_url *out, struct err *e)
{
        if (httpc_url_parse(text, out, e) != 0)
                return -1;
        if (strcmp(out->scheme, "http") != 0)
                return err_set(
                    e, ERR_DATA, "URL '%.100s': only http:// is fetched", text);
        return 0;
}

void httpc_authority(const struct httpc_url *u, char out[HTTPC_AUTHORITY_MAX])
{
        bool v6 = strchr(u->host, ':') != NULL;
        bool usual = u->port == (strcmp(u->scheme, "https") == 0 ? 443 : 80);
        int n;

        n = snprintf(out, HTTPC_AUTHORITY_MAX, "%s%s%s", v6 ? "[" : "", u->host,
            v6 ? "]" : "");
        if (!usual)
                snprintf(out + n, HTTPC_AUTHORITY_MAX - (size_t)n, ":%u",
                    (unsigned)u->port);
}

int httpc_url_join(const struct httpc_url *from, const char *location,
    char out[HTTPC_URL_MAX], struct err *e)
{
        char authority[HTTPC_AUTHORITY_MAX];
        int folder = 0, n;
        const char *slash;

        httpc_authority(from, authority);
        if (strstr(location, "://") != NULL && location[0] != '/') {
                n = snprintf(out, HTTPC_URL_MAX, "%s", location);
        } else if (strncmp(location, "//", 2) == 0) {
                n = snprintf(
                    out, HTTPC_URL_MAX, "%s:%s", from->scheme, location);
        } else if (location[0] == '/') {
                n = snprintf(out, HTTPC_URL_MAX, "%s://%s%s", from->scheme,
                    authority, location);
        } else {
                slash = strrchr(from->path, '/');
                if (slash != NULL)
                        folder = (int)(slash - from->path);
                n = snprintf(out, HTTPC_URL_MAX, "%s://%s%.*s/%s", from->scheme,
                    authority, folder, from->path, location);
        }
        if (n < 0 || n >= HTTPC_URL_MAX)
                return err_set(e, ERR_DATA, "redirect to a URL too long");
        return 0;
}

/* RFC 6761 section 6.3: these names never leave the machine. */
static bool is_localhost(const char *host)
{
        size_t len = strlen(host);

        if (len > 0 && host[len - 1] == '.')
                len--;
        if (len < 9 || strncasecmp(host + len - 9, "localhost", 9) != 0)
                return false;
        return len == 9 || host[len - 10] == '.';
}

static bool seen_before(char out[][HTTPC_ADDRESS_TEXT], int n)
{
        int i;

        for (i = 0; i < n; i++) {
                if (strcmp(out[i], out[n]) == 0)
                        return true;
        }
        return false;
}

int httpc_resolve(
    const char *host, char out[][HTTPC_ADDRESS_TEXT], int max, struct err *e)
{
        struct addrinfo hints = {
            .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
        struct addrinfo *list = NULL, *a;
        int rc, n = 0;

        if (is_localhost(host)) {
                if (max > 0)
                        strcpy(out[n++], "127.0.0.1");
                if (max > 1)
                        strcpy(out[n++], "::1");
                return n;
        }
        /* XXX: holds up the caller's event loop while a name server is silent.
         * Responders here are on loopback; a stapler for real ones wants
         * evdns. */
        rc = getaddrinfo(host, NULL, &hints, &list);
        if (rc != 0)
                return err_set(e, ERR_TRYLATER, "%.100s: cannot resolve: %s",
                    host, gai_strerror(rc));
        for (a = list; a != NULL && n < max; a = a->ai_next) {
                if (getnameinfo(a->ai_addr, a->ai_addrlen, out[n],
                        HTTPC_ADDRESS_TEXT, NULL, 0, NI_NUMERICHOST) == 0 &&
                    !seen_before(out, n))
                        n++;
        }
        freeaddrinfo(list);
        return n > 0 ? n : err_set(e, ERR_TRYLATER, "%.100s: no address", host);
}
