#include "serve.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKEN_OCTETS = 32, TOKEN_MIN = 16 };

static const char bearer[] = "Bearer ";

/* ---- the token ---------------------------------------------------------- */

static int make_token(struct guard *g, const char *path, struct err *e)
{
        uint8_t octets[TOKEN_OCTETS];
        struct buf text = {0};
        int rc;

        if (getrandom(octets, sizeof(octets), 0) != (ssize_t)sizeof(octets))
                return err_errno(e, ERR_OS, "no random octets");
        hex_encode(
            (struct span){octets, sizeof(octets)}, g->token, sizeof(g->token));
        buf_printf(&text, "%s\n", g->token);
        rc = file_write_fast(path, text.data, text.len, 0600, e);
        buf_release(&text);
        return rc;
}

static int read_token(struct guard *g, const char *path, struct err *e)
{
        struct buf text = {0};
        size_t len;
        int rc = 0;

        if (file_read(path, SERVE_TOKEN_MAX, &text, e) != 0)
                return -1;
        len = buf_text(&text) == NULL ? 0 : strcspn((char *)text.data, "\r\n");
        if (len < TOKEN_MIN || memchr(text.data, '\0', len) != NULL)
                rc = err_set(e, ERR_DATA,
                    "%s: no token: a line of at least %d characters", path,
                    TOKEN_MIN);
        else
                memcpy(g->token, text.data, len);
        buf_release(&text);
        return rc;
}

int guard_token(struct guard *g, const char *path, struct err *e)
{
        struct stat st;

        if (stat(path, &st) != 0)
                return make_token(g, path, e);
        if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
                return err_set(
                    e, ERR_CONFIG, "%s: others may read it: chmod 600", path);
        if (st.st_uid != geteuid() && st.st_uid != 0)
                return err_set(e, ERR_CONFIG,
                    "%s: belongs to somebody else, who knows the token", path);
        return read_token(g, path, e);
}

static bool token_is_right(const struct guard *g, const char *authorization)
{
        size_t len = strlen(g->token);

        if (authorization == NULL ||
            strncasecmp(authorization, bearer, strlen(bearer)) != 0)
                return false;
        authorization += strlen(bearer);
        return strlen(authorization) == len &&
               CRYPTO_memcmp(authorization, g->token, len) == 0;
}

/* ---- addresses ---------------------------------------------------------- */

int guard_loopback(const char *address, struct err *e)
{
        if (strncmp(address, "127.", 4) == 0 ||
            strncmp(address, "[::1]:", 6) == 0)
                return 0;
        return err_set(e, ERR_CONFIG,
            "%s is no loopback address: whoever reaches it and has the token "
            "may revoke: --remote allows it",
            address);
}

/* "127.0.0.1:80" -> "127.0.0.1"; false: longer than a host's name is. */
static bool split_host(const char *text, char host[256], const char **port)
{
        const char *end = text[0] == '[' ? strchr(text, ']') : NULL;
        size_t len;

        end = end != NULL ? end + 1 : text + strcspn(text, ":");
        len = (size_t)(end - text);
        if (len >= 256 || (*end != '\0' && *end != ':'))
                return false;
        memcpy(host, text, len);
        host[len] = '\0';
        *port = *end == ':' ? end + 1 : "80";
        return true;
}

static bool is_address(const char *host)
{
        struct in6_addr six;
        struct in_addr four;
        char inner[64];
        size_t len = strlen(host);

        if (host[0] != '[')
                return inet_pton(AF_INET, host, &four) == 1;
        if (len < 3 || len - 2 >= sizeof(inner))
                return false;
        memcpy(inner, host + 1, len - 2);
        inner[len - 2] = '\0';
        return inet_pton(AF_INET6, inner, &six) == 1;
}

/*
 * A page of a browser reaches us under the name of its own site, whose owner
 * lets it resolve to our address: such a name is not ours (DNS rebinding).
 */
static bool host_is_ours(const struct guard *g, const char *text)
{
        char host[256], own[256];
        const char *port, *own_port;
        size_t i;

        if (text == NULL || !split_host(text, host, &port) ||
            !split_host(g->address, own, &own_port))
                return false;
        for (i = 0; i < g->hosts_len; i++)
                if (strcasecmp(host, g->hosts[i]) == 0)
                        return true;
        if (g->remote)
                return is_address(host) || strcasecmp(host, "localhost") == 0;
        return strcmp(port, own_port) == 0 &&
               (strcmp(host, own) == 0 || strcasecmp(host, "localhost") == 0);
}

const char *guard_refuses(const struct guard *g, const struct httpd_request *q,
    bool open, unsigned *status)
{
        *status = 403;
        if (!host_is_ours(g, httpd_request_header(q, "Host")))
                return "the Host header names another server";
        if (httpd_request_header(q, "Origin") != NULL)
                return "browsers may not call: there is an Origin header";
        *status = 401;
        if (!open &&
            !token_is_right(g, httpd_request_header(q, "Authorization")))
                return "wants 'Authorization: Bearer TOKEN', with the token "
                       "of the token file";
        return NULL;
}
