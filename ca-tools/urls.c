#include "urls.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pki/pki.h"

int urls_add(struct cadb_settings *s, const char *url, struct err *e)
{
        const char *prefix;
        char *to = s->ocsp_url;

        /* http only: a client cannot check the responder's own certificate
         * while it looks for that answer (RFC 6960 appendix A.1). */
        if (strncmp(url, "http://", 7) != 0 ||
            pki_san_check(url, &prefix, NULL) != 0)
                return err_set(e, ERR_USAGE,
                    "--ocsp-url '%s': not of the form http://HOST[:PORT][/"
                    "PATH]",
                    url);
        if (strlen(url) >= CADB_URL_MAX)
                return err_set(e, ERR_USAGE,
                    "--ocsp-url '%s': longer than %d characters", url,
                    CADB_URL_MAX - 1);
        if (s->ocsp_url[0] != '\0') {
                if (s->more_urls_len == CADB_MORE_URLS)
                        return err_set(e, ERR_USAGE, "--ocsp-url: more than %d",
                            CADB_MORE_URLS + 1);
                to = s->more_urls[s->more_urls_len++];
        }
        snprintf(to, CADB_URL_MAX, "%s", url);
        return 0;
}

int urls_choose(struct cadb_settings *s, struct err *e)
{
        char address[LISTEN_ADDRESS_MAX];
        int fd, rc;

        if (s->ocsp_url[0] != '\0')
                return 0;
        if (listen_open("127.0.0.1:0", &fd, e) != 0)
                return -1;
        rc = listen_address(fd, address, e);
        close(fd);
        if (rc == 0)
                snprintf(
                    s->ocsp_url, sizeof(s->ocsp_url), "http://%s", address);
        return rc;
}
