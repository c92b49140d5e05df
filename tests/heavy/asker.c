/*
 * A client that asks all the time and judges every answer by what is known of
 * the lab (board.h).
 *
 *   asker BOARD ADDR:PORT CONNECTIONS
 *
 * It keeps its connections, and sends on all of them before it receives on
 * any; by GET and POST, by SHA-1 and SHA-256, with a nonce and without, half of
 * the time about the certificate that is being changed.  It says "asking" after
 * the first answers.  It ends when the board says so, and prints a line of
 * JSON: asked, parsed (answers that were not octet by octet the last one of
 * their kind) and slowest_ms; the first wrong ones stand on standard error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "judge.h"

enum {
        CONNECTIONS_MAX = 256,
        HTTP_MAX = 2048,
        ANSWER_MAX = 16384,
        PATIENCE_S = 60,
        WRONG_SHOWN = 10,
        NONCE_VERIFIED = 8, /* one in so many */
        MEMOS = 1 << 14,
        LAST_ROUNDS = 4,
};

/* A request, and the oldest state that its answer may tell of. */
struct question {
        int64_t cert;
        unsigned slot;
        bool post;
        uint8_t der[BOARD_SLOT_DER];
        size_t der_len;
        int64_t acked, retired, gone, clock, clock_lo, offset, frozen;
        int64_t sent_ms;
};

/* The last answer of a kind, and what was found in it. */
struct memo {
        int64_t key;
        uint8_t *octets;
        size_t len;
        struct facts facts;
};

static struct board *board;
static struct sockaddr_in to;
static int socks[CONNECTIONS_MAX];
static struct question questions[CONNECTIONS_MAX];
static struct memo memos[MEMOS];
static long asked, parsed, wrong;
static int64_t slowest_ms;
static uint64_t chance;

static int64_t now_ms(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void fail(const char *what)
{
        fprintf(stderr, "asker: %s: %s\n", what, strerror(errno));
        exit(70);
}

/* xorshift64 */
static uint64_t roll(uint64_t below)
{
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        return chance % below;
}

/* ---- asking -------------------------------------------------------------- */

static void choose(struct question *q)
{
        uint64_t len = (uint64_t)board->certs_len;
        const struct board_cert *c;
        size_t i;

        q->cert = roll(2) != 0 ? board->hot : (int64_t)roll(len);
        q->slot = roll(4) != 0 ? (unsigned)roll(2) : 2 + (unsigned)roll(2);
        q->post = roll(2) != 0;
        c = &board->certs[q->cert];
        q->der_len = (size_t)c->requests[q->slot].len;
        memcpy(q->der, c->requests[q->slot].der, q->der_len);
        if (q->slot >= 2)
                for (i = 0; i < BOARD_NONCE; i++)
                        q->der[q->der_len - BOARD_NONCE + i] =
                            (uint8_t)roll(256);
}

/* Before it is sent. */
static void note_state(struct question *q)
{
        const struct board_cert *c = &board->certs[q->cert];

        q->acked = c->acked;
        q->retired = board->cas[c->ca].retired_len;
        q->gone = board->gone_acked;
        q->clock = board->clock_acked;
        q->clock_lo = board->clock_lo;
        q->offset = board->clock_offset;
        q->frozen = board->clock_frozen;
}

/* RFC 6960 appendix A.1: base64, and percent-encoded what a URL cannot hold. */
static size_t write_get(const struct question *q, char *out)
{
        uint8_t text[2 * BOARD_SLOT_DER];
        size_t at = 5, i;
        int len = EVP_EncodeBlock(text, q->der, (int)q->der_len);

        memcpy(out, "GET /", 5);
        for (i = 0; i < (size_t)len; i++)
                if (strchr("+/=", text[i]) != NULL)
                        at += (size_t)snprintf(
                            out + at, HTTP_MAX - at, "%%%02X", text[i]);
                else
                        out[at++] = (char)text[i];
        return at + (size_t)snprintf(out + at, HTTP_MAX - at,
                        " HTTP/1.1\r\nHost: h\r\n\r\n");
}

static size_t write_post(const struct question *q, char *out)
{
        int len = snprintf(out, HTTP_MAX,
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: "
            "application/ocsp-request\r\nContent-Length: %zu\r\n\r\n",
            q->der_len);

        memcpy(out + len, q->der, q->der_len);
        return (size_t)len + q->der_len;
}

static void ask(int sock, struct question *q)
{
        char http[HTTP_MAX];
        size_t len;

        choose(q);
        len = q->post ? write_post(q, http) : write_get(q, http);
        note_state(q);
        q->sent_ms = now_ms();
        if (send(sock, http, len, MSG_NOSIGNAL) != (ssize_t)len)
                fail("send");
}

/* ---- the answer ---------------------------------------------------------- */

/* The body's place in buf, which holds all of the response afterwards. */
static uint8_t *receive(int sock, char *buf, size_t *body_len)
{
        size_t got = 0, head = 0, length = 0;
        const char *end, *line;
        ssize_t n;

        while (head == 0 || got < head + length) {
                n = recv(sock, buf + got, ANSWER_MAX - 1 - got, 0);
                if (n <= 0)
                        fail(n == 0 ? "the server closed" : "no answer");
                got += (size_t)n;
                buf[got] = '\0';
                end = memmem(buf, got, "\r\n\r\n", 4);
                if (head != 0 || end == NULL)
                        continue;
                head = (size_t)(end + 4 - buf);
                line = strcasestr(buf, "\r\nContent-Length:");
                if (line == NULL || strncmp(buf, "HTTP/1.1 200 ", 13) != 0)
                        fail("not a response with 200 and a length");
                length = strtoul(line + 17, NULL, 10);
                if (length >= ANSWER_MAX - head)
                        fail("a response too large");
        }
        if (got != head + length)
                fail("more than the response");
        *body_len = length;
        return (uint8_t *)buf + head;
}

/* Most answers without a nonce are the last one again. */
static struct facts read_kept(
    const struct question *q, const uint8_t *body, size_t len)
{
        int64_t key = q->cert * BOARD_SLOTS + q->slot + 1;
        struct memo *m = &memos[key % MEMOS];

        if (m->key == key && m->len == len && memcmp(m->octets, body, len) == 0)
                return m->facts;
        judge_read(board, board->certs[q->cert].ca, q->der, q->der_len, body,
            len, true, &m->facts);
        parsed++;
        m->key = key;
        m->len = len;
        m->octets = realloc(m->octets, len);
        if (m->octets == NULL)
                fail("memory");
        memcpy(m->octets, body, len);
        return m->facts;
}

static struct facts read_answer(
    const struct question *q, const uint8_t *body, size_t len)
{
        struct facts f;

        if (q->slot < 2)
                return read_kept(q, body, len);
        judge_read(board, board->certs[q->cert].ca, q->der, q->der_len, body,
            len, roll(NONCE_VERIFIED) == 0, &f);
        parsed++;
        return f;
}

static bool is_retired(const struct question *q, int64_t signer)
{
        const struct board_ca *ca = &board->cas[board->certs[q->cert].ca];
        int64_t i;

        for (i = 0; i < q->retired; i++)
                if (ca->retired[i] == signer)
                        return true;
        return false;
}

/* The clock was not touched since before the question: its times are known. */
static const char *judge_time(const struct question *q, const struct facts *f)
{
        int64_t now = q->frozen != 0 ? q->frozen : time(NULL) + q->offset + 1;

        if (f->this_update < q->clock_lo)
                return "from before the clock was moved";
        if (f->this_update > now)
                return "from the future";
        if (f->this_update != f->produced_at)
                return "thisUpdate is not producedAt";
        if (f->next_update <= now - (q->frozen == 0))
                return "expired";
        return NULL;
}

static const char *judge_state(const struct question *q, const struct facts *f)
{
        int64_t begun = board->certs[q->cert].begun;

        if (begun == q->acked && f->revoked != (q->acked % 2 != 0))
                return f->revoked ? "revoked, though good" : "good: STALE";
        if (is_retired(q, f->signer))
                return "by a signer of the past: STALE";
        return board->clock_begun == q->clock ? judge_time(q, f) : NULL;
}

static const char *judge(const struct question *q, const struct facts *f)
{
        int64_t gone = board->gone_begun;

        if (f->flaw != NULL)
                return f->flaw;
        if (f->error == 2 && (gone != q->gone || gone % 2 != 0))
                return NULL;
        if (gone == q->gone && gone % 2 != 0)
                return "an answer without a database: STALE";
        if (f->error != 0)
                return "an OCSP error";
        return judge_state(q, f);
}

static void take(int sock, const struct question *q)
{
        char buf[ANSWER_MAX];
        size_t len;
        const uint8_t *body = receive(sock, buf, &len);
        struct facts f = read_answer(q, body, len);
        const char *problem = judge(q, &f);

        asked++;
        if (now_ms() - q->sent_ms > slowest_ms)
                slowest_ms = now_ms() - q->sent_ms;
        if (problem == NULL)
                return;
        if (wrong++ < WRONG_SHOWN)
                fprintf(stderr,
                    "asker: certificate %lld, %s%s%s: %s (error %d, "
                    "thisUpdate %lld)\n",
                    (long long)q->cert, q->post ? "POST" : "GET",
                    q->slot % 2 != 0 ? ", SHA-256" : "",
                    q->slot >= 2 ? ", nonce" : "", problem, f.error,
                    (long long)f.this_update);
}

/* ---- the program ----------------------------------------------------------
 */

static struct sockaddr_in where(const char *text)
{
        struct sockaddr_in at = {.sin_family = AF_INET};
        const char *colon = strrchr(text, ':');
        char host[64];

        snprintf(host, sizeof(host), "%.*s",
            colon != NULL ? (int)(colon - text) : 0, text);
        if (colon == NULL || inet_pton(AF_INET, host, &at.sin_addr) != 1)
                fail(text);
        at.sin_port = htons((uint16_t)atoi(colon + 1));
        return at;
}

static int dial(void)
{
        const struct timeval patience = {.tv_sec = PATIENCE_S};
        int sock = socket(AF_INET, SOCK_STREAM, 0), one = 1;

        if (sock < 0 ||
            connect(sock, (const struct sockaddr *)(const void *)&to,
                sizeof(to)) != 0)
                fail("connect");
        setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        return sock;
}

static struct board *map(const char *path)
{
        int fd = open(path, O_RDWR);
        struct stat st;
        struct board *b;

        if (fd < 0 || fstat(fd, &st) != 0)
                fail(path);
        b = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED,
            fd, 0);
        if (b == MAP_FAILED || b->magic != BOARD_MAGIC)
                fail(path);
        close(fd);
        return b;
}

static void round_of(int connections)
{
        int i;

        for (i = 0; i < connections; i++)
                ask(socks[i], &questions[i]);
        for (i = 0; i < connections; i++)
                take(socks[i], &questions[i]);
}

int main(int argc, char **argv)
{
        int connections, i;

        connections = argc == 4 ? atoi(argv[3]) : 0;
        if (connections < 1 || connections > CONNECTIONS_MAX) {
                fprintf(stderr, "usage: asker BOARD ADDR:PORT CONNECTIONS\n");
                return 64;
        }
        board = map(argv[1]);
        to = where(argv[2]);
        chance = (uint64_t)getpid() << 20 | 1;
        for (i = 0; i < connections; i++)
                socks[i] = dial();
        round_of(connections);
        printf("asking\n");
        fflush(stdout);
        while (board->stop == 0)
                round_of(connections);
        /* What was changed last is asked about too. */
        for (i = 0; i < LAST_ROUNDS; i++)
                round_of(connections);
        printf("{\"asked\":%ld,\"parsed\":%ld,\"slowest_ms\":%lld}\n", asked,
            parsed, (long long)slowest_ms);
        return wrong != 0;
}
