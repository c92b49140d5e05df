/* The HTTPS side: TLS, the threads that serve it, and what they serve. */
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "stapler/page.h"
#include "stapler/server_internal.h"

enum {
        CONNECTIONS_MAX = 4096,
        THREADS_DEFAULT_MAX = 8,
        /* Descriptors that are not connections. */
        DESCRIPTORS_SPARE = 128,
};

/* ---- TLS ---------------------------------------------------------------- */

static int64_t now(void *arg)
{
        const struct server *s = arg;

        return labclock_now(s->clock);
}

static bool has_news(void *arg)
{
        const struct server *s = arg;

        return labclock_generation(s->clock) != atomic_load(&s->heard);
}

int front_open_tls(struct server *s, struct err *e)
{
        struct tls_spec spec = {.now = now,
            .arg = s,
            .news = has_news,
            /* What the service behind us speaks we do not know. */
            .alpn = s->options->backend == NULL ? "http/1.1" : NULL,
            .may_miss = s->options->certs_len == 0};

        return tls_new(&spec, &s->tls, e);
}

/* A certificate may have been issued so recently that its news is still on
 * the way: whoever asks for it by name gets it.  A scenario may have been set,
 * or the clock. */
static void on_missed(evutil_socket_t fd, short what, void *arg)
{
        struct server *s = arg;
        uint64_t missed = engine_missed(s->engine);

        (void)fd;
        (void)what;
        server_listen(s);
        server_scan_news(s);
        server_commit(s);
        engine_named(s->engine, missed);
}

/* ---- what is served ----------------------------------------------------- */

static void on_page(void *arg, const struct tls_info *tls,
    const struct http_request *request, struct buf *html)
{
        const struct server *s = arg;

        page_html(
            &(struct page_spec){
                .host = request->host, .dir = s->options->dir, .tls = tls},
            html);
}

static int open_http(struct server *s, struct err *e)
{
        s->http.page = on_page;
        s->http.arg = s;
        s->http.by_host = s->options->by_host;
        if (s->options->root == NULL)
                return 0;
        return http_root_open(s->options->root, &s->http.root, e) == 0
                   ? 0
                   : err_prefix(e, "--root");
}

static int choose_service(
    struct server *s, struct engine_service *out, struct err *e)
{
        if (s->options->backend == NULL) {
                if (open_http(s, e) != 0)
                        return -1;
                *out = http_service(&s->http);
                return 0;
        }
        if (relay_new(s->options->backend, &s->relay, e) != 0)
                return err_prefix(e, "--backend");
        *out = relay_service(s->relay);
        return 0;
}

/* ---- the engine --------------------------------------------------------- */

/* As many connections as there may be descriptors: each takes so many. */
static size_t raise_limit(size_t each)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
                return 256;
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        if (limit.rlim_cur >= CONNECTIONS_MAX * each + DESCRIPTORS_SPARE)
                return CONNECTIONS_MAX;
        if (limit.rlim_cur <= 2 * DESCRIPTORS_SPARE)
                return DESCRIPTORS_SPARE / each;
        return ((size_t)limit.rlim_cur - DESCRIPTORS_SPARE) / each;
}

static unsigned threads(const struct options *o)
{
        cpu_set_t cores;
        int n;

        if (o->threads != 0)
                return (unsigned)o->threads;
        if (sched_getaffinity(0, sizeof(cores), &cores) != 0)
                return 1;
        n = CPU_COUNT(&cores);
        return n < THREADS_DEFAULT_MAX ? (unsigned)n : THREADS_DEFAULT_MAX;
}

int front_open(struct server *s, struct err *e)
{
        struct engine_spec spec = {.tls = s->tls,
            .fd = s->front_fd,
            .threads = threads(s->options),
            .connections_max = raise_limit(s->options->backend ? 2 : 1)};

        if (choose_service(s, &spec.service, e) != 0)
                return -1;
        s->front_fd = -1;
        if (engine_new(&spec, &s->engine, e) != 0)
                return -1;
        s->missed = event_new(s->base, engine_news(s->engine),
            EV_READ | EV_PERSIST, on_missed, s);
        if (s->missed == NULL || event_add(s->missed, NULL) != 0)
                return err_set(e, ERR_OS, "cannot set up the event loop");
        return 0;
}

int front_start(struct server *s, struct err *e)
{
        server_commit(s);
        return engine_start(s->engine, e);
}

void front_close(struct server *s)
{
        engine_free(s->engine);
        relay_free(s->relay);
        if (s->front_fd >= 0)
                close(s->front_fd);
        if (s->http.root >= 0)
                close(s->http.root);
}
