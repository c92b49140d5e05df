#include "cast.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>

#include <string.h>

#include "fuzz.h"

#define CA_USAGE "critical,keyCertSign,cRLSign,digitalSignature"
#define SIGNS "critical,digitalSignature"

static const struct part {
        const char *cn;
        enum role issuer; /* its own: self-signed */
        const char *usage, *purpose;
        bool ca, nocheck, p256, forged;
        int64_t until; /* 0: a year after NOW */
} parts[ROLES] = {
    [ROOT] = {.cn = "root", .issuer = ROOT, .usage = CA_USAGE, .ca = true},
    [CA_A] = {.cn = "ca a", .issuer = ROOT, .usage = CA_USAGE, .ca = true},
    [CA_B] = {.cn = "ca b", .issuer = ROOT, .usage = CA_USAGE, .ca = true},
    [CA_C] = {.cn = "ca c", .issuer = ROOT, .usage = CA_USAGE, .ca = true},
    [A_GOOD] = {.cn = "a good", .issuer = CA_A, .usage = SIGNS},
    [A_REVOKED] = {.cn = "a revoked", .issuer = CA_A, .usage = SIGNS},
    [A_HELD] = {.cn = "a held", .issuer = CA_A, .usage = SIGNS},
    [A_EXPIRED] = {.cn = "a expired",
        .issuer = CA_A,
        .usage = SIGNS,
        .until = NOW - HOUR},
    [A_SECRET] = {.cn = "a secret", .issuer = CA_A, .usage = SIGNS},
    [B_GOOD] = {.cn = "b good", .issuer = CA_B, .usage = SIGNS},
    [B_REVOKED] = {.cn = "b revoked", .issuer = CA_B, .usage = SIGNS},
    [C_GOOD] = {.cn = "c good", .issuer = CA_C, .usage = SIGNS},
    [RESPONDER] = {.cn = "responder",
        .issuer = CA_A,
        .usage = SIGNS,
        .purpose = "OCSPSigning",
        .nocheck = true},
    [RESPONDER_P256] = {.cn = "responder p256",
        .issuer = CA_A,
        .usage = SIGNS,
        .purpose = "OCSPSigning",
        .p256 = true},
    [RESPONDER_EXPIRED] = {.cn = "responder expired",
        .issuer = CA_A,
        .usage = SIGNS,
        .purpose = "OCSPSigning",
        .until = NOW - HOUR},
    [RESPONDER_NO_EKU] = {.cn = "responder no eku",
        .issuer = CA_A,
        .usage = SIGNS,
        .purpose = "serverAuth"},
    [RESPONDER_NO_SIGN] = {.cn = "responder no sign",
        .issuer = CA_A,
        .usage = "critical,keyAgreement",
        .purpose = "OCSPSigning"},
    [RESPONDER_FORGED] = {.cn = "responder forged",
        .issuer = CA_A,
        .usage = SIGNS,
        .purpose = "OCSPSigning",
        .forged = true},
    [RESPONDER_B] = {.cn = "responder b",
        .issuer = CA_B,
        .usage = SIGNS,
        .purpose = "OCSPSigning"},
    [ROOTS_RESPONDER] = {.cn = "root's responder",
        .issuer = ROOT,
        .usage = SIGNS,
        .purpose = "OCSPSigning"},
    [TRUSTED] = {.cn = "trusted", .issuer = TRUSTED, .usage = SIGNS},
};

/* The point of that secret, and both as a key. */
static EVP_PKEY *p256_key(const uint8_t secret[SHA256_DIGEST_LENGTH])
{
        EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
        BIGNUM *number = BN_bin2bn(secret, SHA256_DIGEST_LENGTH - 1, NULL);
        EC_POINT *point = EC_POINT_new(group);
        OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
        OSSL_PARAM *params;
        EVP_PKEY *key = NULL;
        uint8_t octets[65];

        must(EC_POINT_mul(group, point, number, NULL, NULL, NULL) == 1);
        must(EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED,
                 octets, sizeof(octets), NULL) == sizeof(octets));
        OSSL_PARAM_BLD_push_utf8_string(
            build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
        OSSL_PARAM_BLD_push_octet_string(
            build, OSSL_PKEY_PARAM_PUB_KEY, octets, sizeof(octets));
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number);
        params = OSSL_PARAM_BLD_to_param(build);
        must(EVP_PKEY_fromdata_init(ctx) == 1);
        must(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) == 1);
        OSSL_PARAM_free(params);
        OSSL_PARAM_BLD_free(build);
        EVP_PKEY_CTX_free(ctx);
        EC_POINT_free(point);
        BN_free(number);
        EC_GROUP_free(group);
        return key;
}

static EVP_PKEY *key_of(const struct part *p)
{
        uint8_t secret[SHA256_DIGEST_LENGTH];
        EVP_PKEY *key;

        SHA256((const uint8_t *)p->cn, strlen(p->cn), secret);
        if (p->p256)
                return p256_key(secret);
        key = EVP_PKEY_new_raw_private_key(
            EVP_PKEY_ED25519, NULL, secret, sizeof(secret));
        must(key != NULL);
        return key;
}

const struct actor *cast_of(enum role who)
{
        static struct actor cast[ROLES];
        const struct part *p = &parts[who];
        struct casting c = {.cn = p->cn,
            .key_usage = p->usage,
            .extended_key_usage = p->purpose,
            .ca = p->ca,
            .nocheck = p->nocheck,
            .serial = 0x4000 + (int)who,
            .until = p->until,
            .broken_signature = p->forged};

        if (cast[who].cert != NULL)
                return &cast[who];
        if (p->issuer != who)
                c.issuer = cast_of(p->issuer);
        c.key = key_of(p);
        cast[who] = actor_make(&c);
        EVP_PKEY_free(c.key);
        return &cast[who];
}
