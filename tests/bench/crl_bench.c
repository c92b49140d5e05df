/*
 * What a large CRL costs: time, and memory at its peak.
 *
 *   crl_bench [ENTRIES [FILE]]     default: 1000000, and no file is written
 *
 * Entries as a database gives them: serials of 16 octets, one reason in two,
 * one invalidityDate in ten.  Prints one line per figure.  Nothing is judged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/file.h"
#include "pki/pki.h"

enum { NOW = 1800000000, DAY_S = 86400 };

static void check(int rc, const struct err *e)
{
        if (rc != 0) {
                fprintf(stderr, "crl_bench: %s\n", e->text);
                exit(e->code);
        }
}

static double now_ms(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void report(const char *what, double value, const char *unit)
{
        printf("%-44s %10.1f %s\n", what, value, unit);
}

static double peak_mib(void)
{
        struct rusage usage;

        getrusage(RUSAGE_SELF, &usage);
        return (double)usage.ru_maxrss / 1024;
}

static uint64_t mix(uint64_t x)
{
        x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
        return x ^ (x >> 31);
}

static X509 *make_ca(EVP_PKEY *key)
{
        struct pki_cert_spec spec = {
            .profile = PKI_ROOT,
            .common_name = "crl_bench",
            .subject_key = key,
            .issuer_key = key,
            .not_before = NOW,
            .not_after = NOW + DAY_S,
            .path_len = -1,
        };
        struct err e = ERR_INIT;
        X509 *ca;

        check(pki_serial_new(&spec.serial, &e), &e);
        check(pki_cert_make(&spec, &ca, &e), &e);
        return ca;
}

static void fill(struct pki_crl *crl, uint64_t entries)
{
        struct err e = ERR_INIT;
        uint64_t i;

        for (i = 0; i < entries; i++) {
                uint64_t serial[2] = {mix(2 * i + 1), mix(2 * i + 2)};
                struct pki_crl_entry entry = {
                    .serial = {(const uint8_t *)serial, sizeof(serial)},
                    .revocation_time = NOW - (int64_t)(serial[1] % DAY_S),
                    .reason = i % 2 == 0 ? 0 : (int)(i / 2 % 6) + 1,
                    .invalidity_at = i % 10 == 0 ? NOW - DAY_S : 0,
                };

                serial[0] = (serial[0] & ~UINT64_C(0xff)) | 0x41;
                check(pki_crl_add(crl, &entry, &e), &e);
        }
}

int main(int argc, char **argv)
{
        uint64_t entries = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
        struct err e = ERR_INIT;
        struct buf der = {0};
        struct pki_crl *crl;
        EVP_PKEY *key;
        double start, filled, before;
        X509 *ca;

        check(pki_key_new(PKI_P256, &key, &e), &e);
        ca = make_ca(key);
        before = peak_mib();
        start = now_ms();
        check(pki_crl_new(&(struct pki_crl_spec){.issuer = ca,
                              .issuer_key = key,
                              .this_update = NOW,
                              .next_update = NOW + DAY_S,
                              .number = 1},
                  &crl, &e),
            &e);
        fill(crl, entries);
        filled = now_ms();
        check(pki_crl_finish(crl, &der, &e), &e);
        report("entries", (double)entries, "");
        report("pki_crl_add", (filled - start) * 1e6 / (double)entries, "ns");
        report("pki_crl_finish", now_ms() - filled, "ms");
        report("the CRL in all", now_ms() - start, "ms");
        report("its size", (double)der.len / (1 << 20), "MiB");
        report(
            "memory at the peak, above the start", peak_mib() - before, "MiB");
        if (argc > 2)
                check(
                    file_write_fast(argv[2], der.data, der.len, 0644, &e), &e);
        buf_release(&der);
        pki_crl_free(crl);
        X509_free(ca);
        EVP_PKEY_free(key);
        return 0;
}
