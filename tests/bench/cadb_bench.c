/*
 * What the database calls of a request cost.
 *
 *   cadb_bench [ROWS [FOLDER]]     default: 1000000 in $TMPDIR
 *
 * Prints one line per figure.  Nothing is judged.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cadb/write.h"

enum { NOW = 1800000000, BATCH = 10000, LOOKUPS = 200000, DER_OCTETS = 700 };

static void check(int rc, const struct err *e)
{
        if (rc < 0) {
                fprintf(stderr, "cadb_bench: %s\n", e->text);
                exit(e->code);
        }
}

static double now_ns(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void report(const char *what, double ns, double times, const char *unit)
{
        double each = ns / times;

        if (strcmp(unit, "ms") == 0)
                each /= 1e6;
        printf("%-44s %10.1f %s\n", what, each, unit);
}

/* Spreads neighbours over the whole range, as random serials are. */
static uint64_t mix(uint64_t x)
{
        x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
        return x ^ (x >> 31);
}

static struct span serial_of(uint8_t storage[16], uint64_t n)
{
        uint64_t parts[2] = {mix(2 * n + 1), mix(2 * n + 2)};

        memcpy(storage, parts, sizeof(parts));
        storage[0] = 0x40 | (storage[0] & 0x3f);
        return (struct span){storage, 16};
}

static void make_lab(const char *dir, bool temporary, int64_t *ca)
{
        struct cadb_settings s = {
            .ocsp_url = "http://127.0.0.1:1",
            .temporary = temporary,
            .created_at = NOW,
        };
        struct err e = ERR_INIT;
        struct cadb_ca root = {.name = "root", .der_len = 600};
        struct cadb *db;

        check(cadb_create(dir, &s, &db, &e), &e);
        check(cadb_begin(db, &e), &e);
        check(cadb_ca_add(db, &root, true, NOW, &e), &e);
        check(cadb_commit(db, &e), &e);
        check(cadb_publish(db, &e), &e);
        *ca = root.id;
}

static void remake_lab(const char *dir, int64_t *ca)
{
        char path[PATH_MAX];
        struct err e = ERR_INIT;

        check(file_path(path, sizeof(path), &e, "%s/ca.db", dir), &e);
        remove(path);
        make_lab(dir, false, ca);
}

static void bench_init(const char *dir, bool temporary)
{
        char path[PATH_MAX];
        struct err e = ERR_INIT;
        double start, sum = 0;
        int64_t ca;
        int i;

        check(file_path(path, sizeof(path), &e, "%s/ca.db", dir), &e);
        for (i = 0; i < 20; i++) {
                remove(path);
                start = now_ns();
                make_lab(dir, temporary, &ca);
                sum += now_ns() - start;
        }
        report(temporary ? "make a database, temporary lab"
                         : "make a database, durable lab",
            sum, 20, "ms");
        remove(path);
}

static void issue(struct cadb *db, int64_t ca, uint64_t first, uint64_t rows)
{
        uint8_t storage[16], der[DER_OCTETS] = {0x30};
        struct err e = ERR_INIT;
        char name[32];
        struct cadb_new_cert c = {
            .ca = ca,
            .name = name,
            .der = {der, sizeof(der)},
            .subject = "CN=bench",
            .not_before = NOW,
            .not_after = NOW + 365 * 86400,
        };
        uint64_t i;

        check(cadb_begin(db, &e), &e);
        for (i = first; i < first + rows; i++) {
                snprintf(name, sizeof(name), "cert-%" PRIu64, i);
                c.serial = serial_of(storage, i);
                check(cadb_cert_add(db, &c, NOW, &e), &e);
        }
        check(cadb_commit(db, &e), &e);
}

static void revoke(struct cadb *db, int64_t ca, uint64_t first, uint64_t rows)
{
        struct cadb_revocation r = {.reason = 4, .revoked_at = NOW};
        struct err e = ERR_INIT;
        enum cadb_change change;
        uint8_t storage[16];
        uint64_t i;

        check(cadb_begin(db, &e), &e);
        for (i = first; i < first + rows; i++)
                check(cadb_revoke(
                          db, ca, serial_of(storage, i), &r, NOW, &change, &e),
                    &e);
        check(cadb_commit(db, &e), &e);
}

static void bench_write(const char *dir, int64_t ca, uint64_t rows)
{
        struct err e = ERR_INIT;
        struct cadb *db;
        double start;
        uint64_t i;

        check(cadb_open_write(dir, &db, &e), &e);
        start = now_ns();
        for (i = 0; i < rows; i += BATCH)
                issue(db, ca, i, BATCH);
        report("issue, 10,000 a transaction", now_ns() - start, (double)rows,
            "ns");
        start = now_ns();
        revoke(db, ca, 0, rows / 10);
        report("revoke a tenth in one transaction", now_ns() - start,
            (double)rows / 10, "ns");
        start = now_ns();
        for (i = 0; i < 100; i++)
                revoke(db, ca, rows / 2 + i, 1);
        report("revoke, one a transaction", now_ns() - start, 100, "ns");
        cadb_close(db);
}

/* As `ocsp-ca import` of an index.txt: no certificates, a fifth revoked. */
static void import(struct cadb *db, int64_t ca, uint64_t rows,
    enum cadb_import_change expected)
{
        uint8_t storage[16];
        struct err e = ERR_INIT;
        char name[32];
        struct cadb_imported c = {
            .ca = ca,
            .name = name,
            .subject = "CN=bench",
            .not_after = NOW + 365 * 86400,
        };
        enum cadb_import_change change;
        uint64_t i;

        check(cadb_begin(db, &e), &e);
        for (i = 0; i < rows; i++) {
                snprintf(name, sizeof(name), "cert-%" PRIu64, i);
                c.serial = serial_of(storage, i);
                c.state.status = i % 5 == 0 ? CADB_REVOKED : CADB_GOOD;
                c.state.reason = i % 5 == 0 ? 4 : -1;
                c.state.revoked_at = i % 5 == 0 ? NOW : 0;
                check(cadb_cert_import(db, &c, NOW, &change, &e), &e);
                if (change != expected)
                        fprintf(stderr, "cadb_bench: not as expected\n");
        }
        check(cadb_commit(db, &e), &e);
}

/* One transaction each, and the last close, which empties the WAL. */
static void bench_bulk(const char *dir, int64_t ca, uint64_t rows)
{
        struct err e = ERR_INIT;
        struct cadb *db;
        double start;

        check(cadb_open_write(dir, &db, &e), &e);
        start = now_ns();
        import(db, ca, rows, CADB_IMPORT_ADDED);
        report("import all, in one transaction", now_ns() - start, 1, "ms");
        start = now_ns();
        import(db, ca, rows, CADB_IMPORT_SAME);
        report("the same again, without a change", now_ns() - start, 1, "ms");
        start = now_ns();
        revoke(db, ca, 0, rows);
        report("revoke all, in one transaction", now_ns() - start, 1, "ms");
        start = now_ns();
        cadb_close(db);
        report("close", now_ns() - start, 1, "ms");
}

static void bench_lookup(
    struct cadb *db, int64_t ca, uint64_t among, const char *what)
{
        struct cadb_state s;
        struct err e = ERR_INIT;
        uint8_t storage[16];
        double start;
        uint64_t i;

        start = now_ns();
        for (i = 0; i < LOOKUPS; i++)
                check(cadb_state_find(
                          db, ca, serial_of(storage, mix(i) % among), &s, &e),
                    &e);
        report(what, now_ns() - start, LOOKUPS, "ns");
}

static void bench_detectors(struct cadb *db)
{
        struct cadb_stamp first, stamp;
        struct err e = ERR_INIT;
        uint64_t i, n = 10000000;
        double start;
        bool changed = false;

        check(cadb_stamp_take(db, &first, &e), &e);
        start = now_ns();
        for (i = 0; i < n; i++) {
                check(cadb_stamp_take(db, &stamp, &e), &e);
                changed |= !cadb_stamp_equal(&first, &stamp);
        }
        report("cadb_stamp_take and _equal", now_ns() - start, (double)n, "ns");
        n = 1000000;
        start = now_ns();
        for (i = 0; i < n; i++)
                changed |= cadb_is_gone(db);
        report("cadb_is_gone", now_ns() - start, (double)n, "ns");
        cadb_may_be_gone(db); /* begins to watch */
        start = now_ns();
        for (i = 0; i < n; i++)
                changed |= cadb_may_be_gone(db);
        report("cadb_may_be_gone", now_ns() - start, (double)n, "ns");
        if (changed)
                fprintf(stderr, "cadb_bench: the database changed\n");
}

static int count(void *arg, const struct cadb_cert *cert, struct err *e)
{
        (void)cert, (void)e;
        ++*(uint64_t *)arg;
        return 0;
}

static int count_revoked(
    void *arg, struct span serial, const struct cadb_state *s, struct err *e)
{
        (void)serial, (void)s, (void)e;
        ++*(uint64_t *)arg;
        return 0;
}

static void bench_list(
    struct cadb *db, const struct cadb_filter *f, const char *what)
{
        struct err e = ERR_INIT;
        uint64_t n = 0;
        double start = now_ns();

        check(cadb_cert_each(db, f, count, &n, &e), &e);
        report(what, now_ns() - start, 1, "ms");
}

static void bench_lists(struct cadb *db, int64_t ca)
{
        struct cadb_filter named = {.name_glob = "*99"},
                           held = {.status = CADB_ONLY_HOLD},
                           good = {.status = CADB_ONLY_GOOD, .now = NOW},
                           expired = {.status = CADB_ONLY_EXPIRED, .now = NOW};
        struct err e = ERR_INIT;
        uint64_t n = 0;
        double start;

        bench_list(db, NULL, "cadb_cert_each, all");
        bench_list(db, &good, "cadb_cert_each, good");
        bench_list(db, &held, "cadb_cert_each, hold (none)");
        bench_list(db, &expired, "cadb_cert_each, expired (none)");
        bench_list(db, &named, "cadb_cert_each, a hundredth by name");
        start = now_ns();
        check(cadb_revoked_each(db, ca, count_revoked, &n, &e), &e);
        report("cadb_revoked_each", now_ns() - start, 1, "ms");
        start = now_ns();
        check(cadb_changed_each(db, ca, 0, count_revoked, &n, &e), &e);
        report("cadb_changed_each, since ever", now_ns() - start, 1, "ms");
}

static void bench_read(const char *dir, int64_t ca, uint64_t rows)
{
        struct err e = ERR_INIT;
        struct cadb *db;
        double start = now_ns();
        int i;

        for (i = 0; i < 100; i++) {
                check(cadb_open(dir, &db, &e), &e);
                cadb_close(db);
        }
        report("cadb_open and _close", now_ns() - start, 100, "ns");
        check(cadb_open(dir, &db, &e), &e);
        bench_detectors(db);
        bench_lookup(db, ca, 1000, "cadb_state_find, 1,000 hot rows");
        bench_lookup(db, ca, rows, "cadb_state_find, uniform");
        check(cadb_snapshot_begin(db, &e), &e);
        bench_lookup(db, ca, 1000, "the same in a snapshot, 1,000 hot rows");
        bench_lookup(db, ca, rows, "the same in a snapshot, uniform");
        cadb_snapshot_end(db);
        bench_lists(db, ca);
        cadb_close(db);
}

int main(int argc, char **argv)
{
        uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
        const char *tmp = getenv("TMPDIR");
        struct err e = ERR_INIT;
        char dir[PATH_MAX];
        int64_t ca;

        if (argc > 2)
                tmp = argv[2];
        check(file_path(dir, sizeof(dir), &e, "%s/cadb-bench.XXXXXX",
                  tmp != NULL ? tmp : "/tmp"),
            &e);
        if (rows < BATCH || mkdtemp(dir) == NULL) {
                fprintf(stderr, "usage: cadb_bench [ROWS [FOLDER]]\n");
                return ERR_USAGE;
        }
        bench_init(dir, true);
        bench_init(dir, false);
        make_lab(dir, false, &ca);
        bench_write(dir, ca, rows);
        bench_read(dir, ca, rows);
        remake_lab(dir, &ca);
        printf("-- imported, without certificates\n");
        bench_bulk(dir, ca, rows);
        bench_read(dir, ca, rows);
        check(file_remove_tree(dir, &e), &e);
        return 0;
}
