#include "ocsp/oid.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const uint8_t pkix_ocsp[OCSP_OID_PKIX_LEN - 1] = {
    0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01};

/* SHA-1 with NULL parameters, as every client has always sent it; SHA-256
 * without, which RFC 5754 section 2 demands of those who generate it. */
static const uint8_t sha1_algorithm[] = {
    0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00};
static const uint8_t sha256_algorithm[] = {0x30, 0x0b, 0x06, 0x09, 0x60, 0x86,
    0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};

static const struct {
        struct span oid;
        enum ocsp_hash hash;
        size_t size;
} hashes[] = {
    {{sha1_algorithm + 4, 5}, OCSP_SHA1, 20},
    {{sha256_algorithm + 4, 9}, OCSP_SHA256, 32},
};

int ocsp_oid_arc(struct span oid)
{
        if (oid.len != OCSP_OID_PKIX_LEN ||
            memcmp(oid.data, pkix_ocsp, sizeof(pkix_ocsp)) != 0)
                return OCSP_ARC_NONE;
        return oid.data[sizeof(pkix_ocsp)];
}

void ocsp_oid_pkix(enum ocsp_arc arc, uint8_t out[OCSP_OID_PKIX_LEN])
{
        memcpy(out, pkix_ocsp, sizeof(pkix_ocsp));
        out[sizeof(pkix_ocsp)] = (uint8_t)arc;
}

enum ocsp_hash ocsp_oid_hash(struct span oid, size_t *size)
{
        size_t i;

        for (i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
                if (!span_equal(oid, hashes[i].oid))
                        continue;
                *size = hashes[i].size;
                return hashes[i].hash;
        }
        *size = 0;
        return OCSP_HASH_OTHER;
}

struct span ocsp_hash_algorithm(enum ocsp_hash hash)
{
        switch (hash) {
        case OCSP_SHA1:
                return (struct span){sha1_algorithm, sizeof(sha1_algorithm)};
        case OCSP_SHA256:
                return (struct span){
                    sha256_algorithm, sizeof(sha256_algorithm)};
        case OCSP_HASH_OTHER:
                break;
        }
        return (struct span){NULL, 0};
}

/* The first subidentifier holds two arcs: X.690 section 8.19.4. */
static int print_arc(char *out, size_t size, uint64_t value, bool first)
{
        unsigned top = value < 40 ? 0 : value < 80 ? 1 : 2;

        if (!first)
                return snprintf(out, size, ".%" PRIu64, value);
        return snprintf(out, size, "%u.%" PRIu64, top, value - 40 * top);
}

const char *ocsp_oid_text(struct span oid, char out[OCSP_OID_TEXT_MAX])
{
        uint64_t value = 0;
        size_t used = 0, i;

        out[0] = '\0';
        for (i = 0; i < oid.len; i++) {
                if (value > UINT64_MAX >> 7 || used > OCSP_OID_TEXT_MAX - 26) {
                        snprintf(out + used, OCSP_OID_TEXT_MAX - used, "...");
                        return out;
                }
                value = value << 7 | (oid.data[i] & 0x7f);
                if (oid.data[i] >= 0x80)
                        continue;
                used += (size_t)print_arc(
                    out + used, OCSP_OID_TEXT_MAX - used, value, used == 0);
                value = 0;
        }
        return out;
}
