#include "responder/place.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char scheme[] = "http://";

int place_parse(const char *url, struct place *out, struct err *e)
{
        const char *host = url + strlen(scheme), *path, *colon;
        size_t len, path_len;

        if (strncasecmp(url, scheme, strlen(scheme)) != 0)
                return err_set(e, ERR_USAGE,
                    "'%s' is not an http:// URL: OCSP goes over plain HTTP",
                    url);
        len = strcspn(host, "/?#");
        path = host + len;
        path_len = strcspn(path, "?#");
        while (path_len > 0 && path[path_len - 1] == '/')
                path_len--;
        if (len == 0 || len + 4 > sizeof(out->address) ||
            path_len >= sizeof(out->path) || memchr(host, '@', len) != NULL)
                return err_set(e, ERR_USAGE, "'%s' is not a URL for us", url);
        colon = memrchr(host, ':', len);
        snprintf(out->address, sizeof(out->address), "%.*s%s", (int)len, host,
            colon == NULL || memchr(colon, ']', len - (size_t)(colon - host))
                ? ":80"
                : "");
        snprintf(out->path, sizeof(out->path), "%.*s", (int)path_len, path);
        return 0;
}
