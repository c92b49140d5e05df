#include "stapler/relay/relay.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "stapler/relay/internal.h"

/* "HOST:PORT" in two. */
static int split(
    const char *where, char host[NI_MAXHOST], const char **port, struct err *e)
{
        const char *colon = strrchr(where, ':');
        size_t len = colon == NULL ? 0 : (size_t)(colon - where);
        uint64_t number;

        if (len >= 2 && where[0] == '[' && where[len - 1] == ']') {
                where++;
                len -= 2;
        } else if (memchr(where, ':', len) != NULL) {
                len = 0; /* an IPv6 address needs its brackets */
        }
        if (len == 0 || len >= NI_MAXHOST ||
            parse_uint(colon + 1, UINT16_MAX, &number, e) != 0)
                return err_set(
                    e, ERR_USAGE, "'%.100s': HOST:PORT is wanted", where);
        memcpy(host, where, len);
        host[len] = '\0';
        *port = colon + 1;
        return 0;
}

int relay_new(const char *where, struct relay **out, struct err *e)
{
        struct addrinfo hints = {
            .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
        char host[NI_MAXHOST];
        const char *port = NULL;
        struct relay *r;
        int rc;

        *out = NULL;
        if (split(where, host, &port, e) != 0)
                return -1;
        r = calloc(1, sizeof(*r));
        if (r == NULL)
                return err_set(e, ERR_OS, "out of memory");
        rc = getaddrinfo(host, port, &hints, &r->addresses);
        if (rc != 0) {
                free(r);
                return err_set(
                    e, ERR_NOTFOUND, "%.100s: %s", where, gai_strerror(rc));
        }
        r->where = where;
        *out = r;
        return 0;
}

void relay_free(struct relay *r)
{
        if (r == NULL)
                return;
        freeaddrinfo(r->addresses);
        free(r);
}

/* Every connection would have its line while the service is down. */
void relay_log_failure(struct relay *r, int error)
{
        int64_t now = monotonic_ms(), last = atomic_load(&r->logged_ms);
        uint64_t failures = atomic_fetch_add(&r->failures, 1) + 1;

        if ((last != 0 && now - last < 1000) ||
            !atomic_compare_exchange_strong(&r->logged_ms, &last, now))
                return;
        log_line(LOG_WARN_, "backend",
            "backend=%s failures=%llu why=\"%s\" "
            "next=\"closing the client's connection\"",
            r->where, (unsigned long long)failures, strerror(error));
}
