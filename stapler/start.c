#include "stapler/server_internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
        CONNECTIONS_MAX = 4096,
        /* Descriptors that are not TLS connections. */
        DESCRIPTORS_SPARE = 128,
};

static void url_of(
    const char *scheme, const char *address, char *out, size_t size)
{
        const char *port = strrchr(address, ':');
        bool local = strncmp(address, "127.0.0.1:", 10) == 0 ||
                     strncmp(address, "[::1]:", 6) == 0 ||
                     strncmp(address, "0.0.0.0:", 8) == 0 ||
                     strncmp(address, "[::]:", 5) == 0;

        /* Certificates are for names. */
        if (local && strcmp(scheme, "https") == 0)
                snprintf(out, size, "https://localhost%s", port);
        else
                snprintf(out, size, "%s://%s", scheme, address);
}

static int open_listener(
    struct server *s, const char *where, bool secure, struct err *e)
{
        struct web_spec spec = {.secure = secure ? server_on_accept : NULL,
            .handle = secure ? server_on_page : server_on_control,
            .arg = s};
        char address[LISTEN_ADDRESS_MAX];

        if (listen_open(where, &spec.fd, e) != 0)
                return -1;
        if (listen_address(spec.fd, address, e) != 0) {
                close(spec.fd);
                return -1;
        }
        if (secure)
                url_of("https", address, s->url, sizeof(s->url));
        else
                url_of("http", address, s->status_url, sizeof(s->status_url));
        return web_new(s->base, &spec, secure ? &s->web : &s->status, e);
}

static int open_listeners(struct server *s, struct err *e)
{
        if (open_listener(s, s->options->listen, true, e) != 0)
                return err_prefix(e, "--listen %.100s", s->options->listen);
        if (s->options->status != NULL &&
            open_listener(s, s->options->status, false, e) != 0)
                return err_prefix(e, "--status %.100s", s->options->status);
        return 0;
}

/* As many connections as there may be descriptors. */
static size_t raise_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
                return 256;
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        if (limit.rlim_cur >= CONNECTIONS_MAX + DESCRIPTORS_SPARE)
                return CONNECTIONS_MAX;
        if (limit.rlim_cur <= 2 * DESCRIPTORS_SPARE)
                return DESCRIPTORS_SPARE;
        return (size_t)limit.rlim_cur - DESCRIPTORS_SPARE;
}

static int choose_store(struct server *s, struct err *e)
{
        const struct options *o = s->options;

        if (o->store != NULL || o->certs_len > 0 || o->folder != NULL)
                return keeper_open_store(&s->keeper, o->store, e);
        if (file_path(s->store, sizeof(s->store), e, "%s/staples", o->dir) != 0)
                return -1;
        return keeper_open_store(&s->keeper, s->store, e);
}

static int open_keeper(struct server *s, struct err *e)
{
        const struct options *o = s->options;
        struct trust_spec trust = {
            o->issuer, o->ca, o->dir, o->responder_cert, o->responder};
        struct tls_hooks hooks = {site_answer, site_count, server_on_miss, s};

        if (labclock_open(o->dir, &s->clock, e) != 0 ||
            trust_load(&trust, &s->trust, e) != 0 || choose_store(s, e) != 0 ||
            tls_new(&hooks, &s->tls, e) != 0)
                return -1;
        s->clock_generation = labclock_generation(s->clock);
        s->keeper.base = s->base;
        s->keeper.clock = s->clock;
        s->keeper.policy = o->policy;
        s->keeper.hash = o->hash;
        s->keeper.trust = &s->trust;
        s->keeper.settled = server_on_settled;
        s->keeper.arg = s;
        s->batches.roster = &s->roster;
        return roster_open(&s->roster, &s->keeper, s->tls, o, e);
}

static void free_event(struct event *event)
{
        if (event != NULL)
                event_free(event);
}

/* Connections go first: they hold on to what comes after. */
void server_release(struct server *s)
{
        size_t i;

        web_free(s->web);
        web_free(s->status);
        batch_drop(&s->batches);
        free_event(s->watch);
        roster_close(&s->roster);
        tls_free(s->tls);
        free_event(s->tick);
        free_event(s->scan);
        for (i = 0; i < SERVER_SIGNALS; i++)
                free_event(s->signals[i]);
        keeper_close_store(&s->keeper);
        trust_release(&s->trust);
        labclock_close(s->clock);
        if (s->base != NULL)
                event_base_free(s->base);
}

int server_open(struct server *s, const struct options *o, struct err *e)
{
        *s = (struct server){.options = o, .roster = {.watch = -1}};
        s->connections_max = raise_limit();
        s->started_ms = monotonic_ms();
        s->base = event_base_new();
        if (s->base == NULL)
                return err_set(e, ERR_OS, "cannot make an event loop");
        if (open_listeners(s, e) != 0 || open_keeper(s, e) != 0)
                return -1;
        if (s->roster.len == 0)
                log_line(LOG_WARN_, "server",
                    "why=\"no certificate in %s yet\" "
                    "next=\"serving the first that 'ocsp-ca issue' makes\"",
                    s->roster.folder);
        return 0;
}
