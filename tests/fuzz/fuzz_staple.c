/*
 * What the stapler finds in its store when it starts: three bytes of
 * circumstances, then the file.  Whatever stands in it, a handshake gets it
 * only if it verifies, now, and only the very same bytes; the time of the
 * handshake may be another than that of the start.
 */
#include "answers.h"
#include "fuzz.h"
#include "mutate.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "stapler/page.h"
#include "stapler/site.h"

enum { HEAD = 3 };

/* Bits of the second byte; the third says, as for the verdict, who signs. */
enum { STRICT = 1, TRUST = 2, MUST_STAPLE = 4, KEEP_CERTS = 16 };
static const enum role signers[8] = {RESPONDER, RESPONDER, CA_A, RESPONDER_P256,
    TRUSTED, RESPONDER_EXPIRED, RESPONDER_B, A_GOOD};

static char folder[PATH_MAX];
static struct trust trust;
static struct keeper keeper = {.store = folder, .trust = &trust};

/* Clocks that stand still, each at a time of its own. */
static const int64_t times[] = {
    NOW, NOW + 3 * (int64_t)DAY, NOW + 10 * (int64_t)DAY, NOW - DAY};
static struct labclock *clocks[sizeof(times) / sizeof(times[0])];

/* ---- in the place of TLS and of the page --------------------------------- */

static struct tls_offer offered;
static struct buf offered_der;

int tls_site_offer(
    struct tls_site *site, const struct tls_offer *offer, struct err *e)
{
        (void)site;
        (void)e;
        buf_clear(&offered_der);
        buf_append(&offered_der, offer->der.data, offer->der.len);
        must(!offered_der.failed);
        offered = *offer;
        offered.der = buf_span(&offered_der);
        return 0;
}

struct tls_counts tls_site_counts(const struct tls_site *site)
{
        (void)site;
        return (struct tls_counts){0};
}

void page_rows(const struct site *site, struct buf *out)
{
        (void)site;
        (void)out;
}

/* ---- the stapler --------------------------------------------------------- */

static void clean(void)
{
        file_remove_tree(folder, NULL);
}

static struct labclock *make_clock(int64_t time)
{
        struct labclock_setting setting = {LABCLOCK_FROZEN, time};
        struct labclock *clock;
        struct err e = ERR_INIT;
        char dir[PATH_MAX];

        must(file_path(dir, sizeof(dir), &e, "%s/%lld", folder,
                 (long long)time) == 0);
        must(file_mkdir(dir, 0700, &e) == 0);
        must(labclock_create(dir, &e) == 0);
        must(labclock_set(dir, setting, &e) == 0);
        must(labclock_open(dir, &clock, &e) == 0);
        return clock;
}

static void prepare(void)
{
        const char *tmp = getenv("TMPDIR");
        struct err e = ERR_INIT;
        size_t i;

        must(file_path(folder, sizeof(folder), &e, "%s/fuzz-staple.XXXXXX",
                 tmp != NULL ? tmp : "/tmp") == 0);
        must(mkdtemp(folder) != NULL);
        must(atexit(clean) == 0);
        must(log_open("/dev/null", LOG_ERROR_, &e) == 0);
        for (i = 0; i < sizeof(times) / sizeof(times[0]); i++)
                clocks[i] = make_clock(times[i]);
}

static void set_policy(uint8_t how, uint8_t bits)
{
        static STACK_OF(X509) *none, *trusted;

        if (none == NULL) {
                none = sk_X509_new_null();
                trusted = sk_X509_new_null();
                sk_X509_push(trusted, cast_of(TRUSTED)->cert);
        }
        trust.responders = bits & TRUST ? trusted : none;
        keeper.policy = (struct staple_policy){.fraction = 0.5,
            .on_revoked = (enum staple_on_revoked)(how >> 4 & 3),
            .on_missing = (enum staple_on_missing)((how >> 6 & 3) % 3),
            .strict = bits & STRICT};
}

static void fill_store(struct span content)
{
        char path[PATH_MAX];
        int fd;

        must(staple_store_path(folder, cast_of(A_GOOD)->cert, path, NULL) == 0);
        /* Not emptied first: some file systems take that for a reason to
         * write it all to the disk. */
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        must(fd >= 0);
        must(write(fd, content.data, content.len) == (ssize_t)content.len);
        must(ftruncate(fd, (off_t)content.len) == 0);
        must(close(fd) == 0);
}

static struct site *start(bool must_staple)
{
        struct identity id = {.name = "www", .must_staple = must_staple};
        struct err e = ERR_INIT;
        struct site *site;

        id.leaf = cast_of(A_GOOD)->cert;
        id.issuer = cast_of(CA_A)->cert;
        X509_up_ref(id.leaf);
        X509_up_ref(id.issuer);
        must(site_new(&keeper, &id, &site, &e) == 0);
        site->tls = (struct tls_site *)&offered;
        site_publish(site);
        return site;
}

/* What a handshake gets is what the store holds, and can be believed now. */
static void check_given(struct span given, struct span content)
{
        static struct ocsp_verdict v;
        struct ocsp_question q = {.leaf = cast_of(A_GOOD)->cert,
            .issuer = cast_of(CA_A)->cert,
            .responders = trust.responders,
            .now = labclock_now(keeper.clock),
            .skew = OCSP_SKEW_DEFAULT};

        must(span_equal(given, content));
        ocsp_judge(&q, given, &v);
        must(v.outcome == OCSP_V_GOOD ||
             (v.outcome == OCSP_V_REVOKED &&
                 keeper.policy.on_revoked == STAPLE_REVOKED_STAPLE));
        answers_compare(&q, given, &v);
}

/* What TLS makes of the offer, at the keeper's time. */
static void handshake(struct span content, bool must_staple)
{
        enum staple_on_missing missing = keeper.policy.on_missing;
        int64_t now = labclock_now(keeper.clock);

        switch (offered.from <= now && now < offered.until ? offered.within
                                                           : offered.outside) {
        case TLS_STAPLE:
                check_given(offered.der, content);
                return;
        case TLS_BARE:
                must(missing == STAPLE_MISSING_SERVE ||
                     (missing == STAPLE_MISSING_BY_CERT && !must_staple));
                return;
        case TLS_REFUSE:
                must(missing == STAPLE_MISSING_REFUSE || must_staple ||
                     keeper.policy.on_revoked == STAPLE_REVOKED_REFUSE);
                return;
        }
}

static void try_store(struct span content, uint8_t when, bool must_staple)
{
        struct site *site;

        fill_store(content);
        keeper.clock = clocks[when & 3];
        site = start(must_staple);
        handshake(content, must_staple);
        keeper.clock = clocks[when >> 2 & 3];
        handshake(content, must_staple);
        site_free(site);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct buf made = {0};
        struct span content;

        if (size < HEAD)
                return 0;
        if (folder[0] == '\0')
                prepare();
        set_policy(data[0], data[1]);
        content = (struct span){data + HEAD, size - HEAD};
        if (content.len == 0)
                answers_cook(data[2] % answers_len(), &made);
        else if ((data[2] & 7) != 0)
                answers_sign_again(
                    content, signers[data[2] & 7], data[2] & KEEP_CERTS, &made);
        if (made.len > 0)
                content = buf_span(&made);
        try_store(content, data[0], data[1] & MUST_STAPLE);
        buf_release(&made);
        return 0;
}

size_t LLVMFuzzerCustomMutator(
    uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
        struct buf der = {0};

        if (size != HEAD)
                return mutate_der(data, size, max_size, HEAD, seed);
        answers_cook((data[2] + seed) % answers_len(), &der);
        if (HEAD + der.len <= max_size) {
                memcpy(data + HEAD, der.data, der.len);
                size += der.len;
                data[2] = (uint8_t)(seed >> 16);
        }
        buf_release(&der);
        return mutate_der(data, size, max_size, HEAD, seed);
}
