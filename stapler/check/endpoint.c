#include "stapler/check/endpoint.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpc/httpc.h"

static int from_url(const char *url, struct endpoint *out, struct err *e)
{
        struct httpc_url parsed;

        if (httpc_url_parse(url, &parsed, e) != 0) {
                e->code = ERR_USAGE;
                return -1;
        }
        if (strcmp(parsed.scheme, "https") != 0)
                return err_set(e, ERR_USAGE,
                    "'%.100s': a staple comes over https://, not over http://",
                    url);
        snprintf(out->host, sizeof(out->host), "%s", parsed.host);
        out->port = parsed.port;
        return 0;
}

/* "HOST:PORT", "[::1]:PORT"; the port must be there. */
static int from_address(
    const char *address, struct endpoint *out, struct err *e)
{
        const char *colon = strrchr(address, ':');
        char url[512];

        if (colon == NULL || colon[1] == '\0' || strchr(colon, ']') != NULL)
                return err_set(
                    e, ERR_USAGE, "'%.100s': wanted HOST:PORT", address);
        snprintf(url, sizeof(url), "https://%s", address);
        return from_url(url, out, e);
}

static int from_lab_server(struct endpoint *out, struct err *e)
{
        const char *url = getenv("OCSP_LAB_HTTPS_URL");

        if (url == NULL || *url == '\0')
                return err_set(e, ERR_USAGE,
                    "which server? OCSP_LAB_HTTPS_URL is not set: give URL or "
                    "HOST:PORT, name one with --connect, or run it inside "
                    "'ocsp-lab run'");
        return from_url(url, out, e) == 0 ? 0
                                          : err_prefix(e, "OCSP_LAB_HTTPS_URL");
}

/* NAME.localhost if the certificate has it, as `ocsp-ca issue` gives it, else
 * the first DNS name. */
static void name_in_lab(
    struct subject *s, const char *name, struct endpoint *out)
{
        snprintf(
            out->servername, sizeof(out->servername), "%s.localhost", name);
        if (!pki_name_matches(s->leaf, out->servername))
                (void)pki_dns_name(
                    s->leaf, out->servername, sizeof(out->servername));
}

static int from_name(
    struct subject *s, const char *name, struct endpoint *out, struct err *e)
{
        char path[PATH_MAX];

        if (!subject_path(
                s->options->dir, name, "cert.pem", path, sizeof(path)))
                return err_set(e, ERR_USAGE,
                    "'%.100s' is neither URL nor HOST:PORT, and %.200s has no "
                    "certificate of that name",
                    name, s->options->dir);
        if (subject_load(s, path, e) != 0)
                return -1;
        out->in_lab = true;
        name_in_lab(s, name, out);
        return s->options->connect == NULL ? from_lab_server(out, e) : 0;
}

static int from_target(struct subject *s, struct endpoint *out, struct err *e)
{
        const char *target = s->options->target;
        int rc;

        if (target == NULL)
                rc = from_lab_server(out, e);
        else if (strstr(target, "://") != NULL)
                rc = from_url(target, out, e);
        else if (strchr(target, ':') != NULL)
                rc = from_address(target, out, e);
        else
                return from_name(s, target, out, e);
        if (rc == 0)
                memcpy(out->servername, out->host, sizeof(out->servername));
        return rc;
}

int endpoint_find(struct subject *s, struct endpoint *out, struct err *e)
{
        const struct options *o = s->options;

        memset(out, 0, sizeof(*out));
        /* --connect alone names a server too. */
        if (o->target != NULL || o->connect == NULL ||
            getenv("OCSP_LAB_HTTPS_URL") != NULL) {
                if (from_target(s, out, e) != 0)
                        return -1;
        }
        if (o->connect != NULL && from_address(o->connect, out, e) != 0)
                return err_prefix(e, "--connect");
        if (o->servername != NULL &&
            strlen(o->servername) >= sizeof(out->servername))
                return err_set(e, ERR_USAGE,
                    "--servername: no host name is longer than 255 bytes");
        if (o->servername != NULL)
                snprintf(out->servername, sizeof(out->servername), "%s",
                    o->servername);
        if (out->servername[0] == '\0')
                memcpy(out->servername, out->host, sizeof(out->servername));
        return 0;
}
