/*
 * A load of full TLS handshakes, none resumed, that ask for a staple.
 *
 *   tls_load [OPTION...] ADDR:PORT CONNECTIONS COUNT
 *
 *   --tls1.2, --tls1.3   only that version
 *   --ask FILE           for a staple, which must be these bytes ("any": any);
 *                        without this none is asked for, and none may come
 *   --get PATH           then one request on each connection
 *   --names FORMAT N     server names by printf, 1 to N in turn: one %d
 *   --suites LIST        of TLS 1.3, in the client's order
 *   --sigalgs LIST       what the client takes, as in openssl s_client
 *   --pid PID            a process whose CPU time is told, with its threads
 *                        and children
 *   --hold               keeps the connections open until standard input ends
 *
 * Prints one line of JSON: handshakes, errors (no or another staple, a status
 * that is not 200), seconds, rate, the time from connect to the end of the
 * handshake (or of the response) in microseconds (p50, p99, most), and cpu,
 * the microseconds that the process took for each.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <glob.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
        CONNECTIONS_MAX = 20000,
        COUNT_MAX = 10000000,
        RESPONSE_MAX = 64 << 10,
        STAPLE_MAX = 64 << 10,
        EVENTS = 256,
};

struct connection {
        int fd;
        SSL *ssl;
        uint64_t began; /* ns */
        bool up, requested;
        size_t got;
};

static struct {
        struct sockaddr_in to;
        bool ask, hold;
        const char *get, *names, *pid, *suites;
        char *sigalgs; /* as OpenSSL takes it */
        int version;
        long names_len;
        uint8_t staple[STAPLE_MAX];
        size_t staple_len;
        char request[512];
        size_t request_len;
} o;

static SSL_CTX *ctx;
static int epoll;
static long started, done, wanted, errors;
static uint64_t *times; /* ns, of each that is done */

static void fail(const char *what)
{
        fprintf(stderr, "tls_load: %s: %s\n", what, strerror(errno));
        ERR_print_errors_fp(stderr);
        exit(1);
}

static uint64_t now_ns(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- the server's CPU time ---------------------------------------------- */

/* By the scheduler, in nanoseconds: finer than the ticks of /proc/PID/stat. */
static uint64_t cpu_of(const char *pid)
{
        char pattern[64], line[512];
        uint64_t sum = 0;
        char *child, *rest = line;
        glob_t tasks;
        size_t i;
        FILE *f;

        snprintf(pattern, sizeof(pattern), "/proc/%s/task/*/schedstat", pid);
        if (glob(pattern, 0, NULL, &tasks) != 0)
                fail(pattern);
        for (i = 0; i < tasks.gl_pathc; i++) {
                f = fopen(tasks.gl_pathv[i], "r");
                if (f != NULL && fgets(line, sizeof(line), f) != NULL)
                        sum += strtoull(line, NULL, 10);
                if (f != NULL)
                        fclose(f);
        }
        globfree(&tasks);
        snprintf(
            pattern, sizeof(pattern), "/proc/%s/task/%s/children", pid, pid);
        f = fopen(pattern, "r");
        if (f != NULL && fgets(line, sizeof(line), f) != NULL) {
                while ((child = strtok_r(rest, " \n", &rest)) != NULL)
                        sum += cpu_of(child);
        }
        if (f != NULL)
                fclose(f);
        return sum;
}

/* ---- one connection ----------------------------------------------------- */

static void set_name(SSL *ssl)
{
        char name[256];

        if (o.names == NULL)
                return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(name, sizeof(name), o.names, (int)(started % o.names_len) + 1);
#pragma GCC diagnostic pop
        SSL_ctrl(
            ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name);
}

static void begin(struct connection *c)
{
        struct epoll_event event = {
            .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
        int one = 1;

        *c = (struct connection){.began = now_ns()};
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (c->fd < 0 ||
            (connect(c->fd, (const struct sockaddr *)(const void *)&o.to,
                 sizeof(o.to)) != 0 &&
                errno != EINPROGRESS))
                fail("connect");
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        c->ssl = SSL_new(ctx);
        if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1)
                fail("SSL_new");
        SSL_set_connect_state(c->ssl);
        set_name(c->ssl);
        if (o.ask)
                SSL_set_tlsext_status_type(c->ssl, TLSEXT_STATUSTYPE_ocsp);
        started++;
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
                fail("epoll");
}

static void check_staple(const struct connection *c)
{
        const unsigned char *staple;
        long len = SSL_get_tlsext_status_ocsp_resp(c->ssl, &staple);

        if (!o.ask || o.staple_len == 0)
                errors += o.ask != (len > 0);
        else if (len != (long)o.staple_len ||
                 memcmp(staple, o.staple, o.staple_len) != 0)
                errors++;
}

static void complete(struct connection *c)
{
        times[done++] = now_ns() - c->began;
        if (o.hold) {
                /* What comes later (tickets, the end) is nobody's. */
                epoll_ctl(epoll, EPOLL_CTL_DEL, c->fd, NULL);
                return;
        }
        SSL_shutdown(c->ssl);
        SSL_free(c->ssl);
        close(c->fd);
        if (started < wanted)
                begin(c);
}

static bool would_wait(struct connection *c, int rc)
{
        int why = SSL_get_error(c->ssl, rc);

        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
                fail("the server ended a connection");
        return true;
}

/* Until the response is there: its body must end where its length says, which
 * the server's answer to one small request always does in one piece or two. */
static bool receive(struct connection *c)
{
        static char response[RESPONSE_MAX];
        const char *end, *length;
        int n;

        n = SSL_read(c->ssl, response, sizeof(response) - 1);
        if (n <= 0)
                return !would_wait(c, n);
        response[n] = '\0';
        end = strstr(response, "\r\n\r\n");
        length = strcasestr(response, "\r\nContent-Length:");
        if (c->got == 0 && (n < 12 || memcmp(response + 9, "200", 3) != 0 ||
                               end == NULL || length == NULL))
                errors++;
        if (c->got == 0 && end != NULL && length != NULL)
                c->got = (size_t)(end + 4 - response) +
                         strtoul(length + 17, NULL, 10);
        c->got -= (size_t)n < c->got ? (size_t)n : c->got;
        return c->got == 0 || receive(c);
}

static void progress(struct connection *c)
{
        int rc;

        if (!c->up) {
                rc = SSL_do_handshake(c->ssl);
                if (rc != 1) {
                        would_wait(c, rc);
                        return;
                }
                c->up = true;
                check_staple(c);
        }
        if (o.get != NULL && !c->requested) {
                if (SSL_write(c->ssl, o.request, (int)o.request_len) <= 0)
                        fail("write");
                c->requested = true;
        }
        if (o.get == NULL || receive(c))
                complete(c);
}

/* ---- the run ------------------------------------------------------------ */

static void run(void)
{
        struct epoll_event events[EVENTS];
        int i, n;

        while (done < wanted) {
                n = epoll_wait(epoll, events, EVENTS, 10000);
                if (n <= 0)
                        fail("nothing for 10 seconds");
                for (i = 0; i < n; i++)
                        progress(events[i].data.ptr);
        }
}

static int by_time(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return (x > y) - (x < y);
}

static double quantile(double q)
{
        return (double)times[(size_t)(q * (double)(done - 1))] / 1000;
}

static void report(uint64_t ns, uint64_t cpu)
{
        double seconds = (double)ns / 1e9;

        qsort(times, (size_t)done, sizeof(times[0]), by_time);
        printf("{\"handshakes\": %ld, \"errors\": %ld, \"seconds\": %.4f, "
               "\"rate\": %.0f, \"p50\": %.1f, \"p99\": %.1f, \"most\": %.1f, "
               "\"cpu\": %.2f}\n",
            done, errors, seconds, (double)done / seconds, quantile(0.5),
            quantile(0.99), quantile(1), (double)cpu / 1000 / (double)done);
        fflush(stdout);
        while (o.hold && getchar() != EOF)
                ;
}

/* ---- command line ------------------------------------------------------- */

static void usage(void)
{
        fprintf(stderr,
            "usage: tls_load [--tls1.2|--tls1.3] [--ask FILE] "
            "[--get PATH] [--names FORMAT N] [--sigalgs LIST] [--suites LIST] "
            "[--pid PID] [--hold] ADDR:PORT CONNECTIONS COUNT\n");
        exit(64);
}

static void read_staple(const char *path)
{
        FILE *f;

        o.ask = true;
        if (strcmp(path, "any") == 0)
                return;
        f = fopen(path, "rb");
        if (f == NULL)
                fail(path);
        o.staple_len = fread(o.staple, 1, sizeof(o.staple), f);
        fclose(f);
}

static char **options(char **argv)
{
        for (argv++; *argv != NULL && strncmp(*argv, "--", 2) == 0; argv++) {
                if (strcmp(*argv, "--tls1.2") == 0)
                        o.version = TLS1_2_VERSION;
                else if (strcmp(*argv, "--tls1.3") == 0)
                        o.version = TLS1_3_VERSION;
                else if (strcmp(*argv, "--hold") == 0)
                        o.hold = true;
                else if (argv[1] == NULL)
                        usage();
                else if (strcmp(*argv, "--ask") == 0)
                        read_staple(*++argv);
                else if (strcmp(*argv, "--get") == 0)
                        o.get = *++argv;
                else if (strcmp(*argv, "--pid") == 0)
                        o.pid = *++argv;
                else if (strcmp(*argv, "--suites") == 0)
                        o.suites = *++argv;
                else if (strcmp(*argv, "--sigalgs") == 0)
                        o.sigalgs = *++argv;
                else if (strcmp(*argv, "--names") == 0 && argv[2] != NULL) {
                        o.names = *++argv;
                        o.names_len = atol(*++argv);
                } else
                        usage();
        }
        return argv;
}

static void set_address(const char *text)
{
        const char *colon = strrchr(text, ':');
        char host[64];

        o.to.sin_family = AF_INET;
        snprintf(host, sizeof(host), "%.*s",
            colon != NULL ? (int)(colon - text) : 0, text);
        if (colon == NULL || inet_pton(AF_INET, host, &o.to.sin_addr) != 1)
                usage();
        o.to.sin_port = htons((uint16_t)atoi(colon + 1));
}

static void prepare(void)
{
        ctx = SSL_CTX_new(TLS_client_method());
        epoll = epoll_create1(0);
        times = calloc((size_t)wanted, sizeof(times[0]));
        if (ctx == NULL || epoll < 0 || times == NULL)
                fail("start");
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_read_ahead(ctx, 1);
        if (o.version != 0) {
                SSL_CTX_set_min_proto_version(ctx, o.version);
                SSL_CTX_set_max_proto_version(ctx, o.version);
        }
        if (o.sigalgs != NULL && SSL_CTX_set1_sigalgs_list(ctx, o.sigalgs) != 1)
                fail(o.sigalgs);
        if (o.suites != NULL && SSL_CTX_set_ciphersuites(ctx, o.suites) != 1)
                fail(o.suites);
        if (o.get != NULL)
                o.request_len = (size_t)snprintf(o.request, sizeof(o.request),
                    "GET %.400s HTTP/1.1\r\nHost: bench\r\n\r\n", o.get);
}

int main(int argc, char **argv)
{
        struct connection *all;
        uint64_t start, cpu = 0;
        long connections, i;

        (void)argc;
        argv = options(argv);
        if (argv[0] == NULL || argv[1] == NULL || argv[2] == NULL ||
            argv[3] != NULL)
                usage();
        set_address(argv[0]);
        connections = atol(argv[1]);
        wanted = atol(argv[2]);
        if (connections < 1 || connections > CONNECTIONS_MAX ||
            wanted < connections || wanted > COUNT_MAX ||
            (o.hold && wanted != connections) || (o.names && o.names_len < 1))
                usage();
        prepare();
        all = calloc((size_t)connections, sizeof(*all));
        if (all == NULL)
                fail("memory");
        if (o.pid != NULL)
                cpu = cpu_of(o.pid);
        start = now_ns();
        for (i = 0; i < connections; i++)
                begin(&all[i]);
        run();
        start = now_ns() - start;
        /* What ends a connection is part of its price. */
        report(start, o.pid == NULL ? 0 : cpu_of(o.pid) - cpu);
        free(all);
        return 0;
}
