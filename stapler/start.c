#include "stapler/server_internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static int open_front(struct server *s, struct err *e)
{
        char address[LISTEN_ADDRESS_MAX];

        if (listen_open(s->options->listen, &s->front_fd, e) != 0 ||
            listen_address(s->front_fd, address, e) != 0)
                return -1;
        url_of("https", address, s->url, sizeof(s->url));
        return 0;
}

static int open_status(struct server *s, struct err *e)
{
        struct web_spec spec = {.handle = server_on_control, .arg = s};
        char address[LISTEN_ADDRESS_MAX];

        if (listen_open(s->options->status, &spec.fd, e) != 0)
                return -1;
        if (listen_address(spec.fd, address, e) != 0) {
                close(spec.fd);
                return -1;
        }
        url_of("http", address, s->status_url, sizeof(s->status_url));
        return web_new(s->base, &spec, &s->status, e);
}

static int open_listeners(struct server *s, struct err *e)
{
        if (open_front(s, e) != 0)
                return err_prefix(e, "--listen %.100s", s->options->listen);
        if (s->options->status != NULL && open_status(s, e) != 0)
                return err_prefix(e, "--status %.100s", s->options->status);
        return 0;
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

        if (labclock_open(o->dir, &s->clock, e) != 0 ||
            trust_load(&trust, &s->trust, e) != 0 || choose_store(s, e) != 0 ||
            front_open_tls(s, e) != 0)
                return -1;
        s->setting = labclock_get(s->clock);
        s->keeper.base = s->base;
        s->keeper.clock = s->clock;
        s->keeper.policy = o->policy;
        s->keeper.hash = o->hash;
        s->keeper.timeout_ms = (int)o->timeout_ms;
        s->keeper.trust = &s->trust;
        s->keeper.settled = server_on_settled;
        s->keeper.twin = server_find_twin;
        s->keeper.offered = server_on_offered;
        s->keeper.arg = s;
        s->batches.roster = &s->roster;
        s->waiters.roster = &s->roster;
        atomic_store(&s->heard, labclock_generation(s->clock));
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

        front_close(s);
        web_free(s->status);
        batch_drop(&s->batches);
        waiters_drop(&s->waiters);
        free_event(s->watch);
        free_event(s->missed);
        roster_close(&s->roster);
        faults_release(&s->keeper.faults);
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
        *s = (struct server){.options = o,
            .roster = {.watch = -1},
            .front_fd = -1,
            .http = {.root = -1}};
        s->started_ms = monotonic_ms();
        s->base = event_base_new();
        if (s->base == NULL)
                return err_set(e, ERR_OS, "cannot make an event loop");
        if (open_listeners(s, e) != 0 || open_keeper(s, e) != 0 ||
            front_open(s, e) != 0)
                return -1;
        if (s->roster.len == 0)
                log_line(LOG_WARN_, "server",
                    "why=\"no certificate in %s yet\" "
                    "next=\"serving the first that 'ocsp-ca issue' makes\"",
                    s->roster.folder);
        return 0;
}
