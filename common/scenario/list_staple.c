/* Layer: staple, what the TLS server sends along. */
#include "scenario/lists.h"

#define STAPLE .layer = SCENARIO_STAPLE, .place = SCENARIO_AT_STAPLE
#define MUST_STAPLE STAPLE, .needs = SCENARIO_NEEDS_MUST_STAPLE

static const struct scenario rows[] = {
    {
        .name = "none",
        .aliases = "",
        STAPLE,
        .wrong = "the server staples nothing",
        .ref = "RFC 6066 8",
        .expect = EXPECT_STAPLE(SCENARIO_MISSING),
        .basis = SCENARIO_TASTE,
    },
    {
        .name = "empty-staple",
        .aliases = "",
        STAPLE,
        .wrong = "a CertificateStatus with no bytes in it",
        .ref = "RFC 6066 8",
        .expect = EXPECT_STAPLE(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_MUST,
    },
    {
        .name = "garbage-staple",
        .aliases = "",
        STAPLE,
        .wrong = "the staple is text, not DER",
        .ref = "RFC 6066 8",
        .expect = EXPECT_STAPLE(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_MUST,
    },
    {
        .name = "expired-staple",
        .aliases = "",
        STAPLE,
        .wrong = "the staple has expired",
        .ref = "RFC 6960 3.2 (6)",
        .expect = EXPECT_STAPLE(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_MUST,
    },
    {
        .name = "revoked-staple",
        .aliases = "",
        STAPLE,
        .wrong = "the staple says revoked",
        .ref = "RFC 6960 2.2",
        .expect = EXPECT_STAPLE(SCENARIO_REVOKED),
        .basis = SCENARIO_MUST,
    },
    {
        .name = "other-staple",
        .aliases = "",
        STAPLE,
        .wrong = "the staple is about another certificate of the same CA",
        .ref = "RFC 6960 3.2 (1)",
        .expect = EXPECT_STAPLE(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_MUST,
    },
    {
        .name = "must-staple-good",
        .aliases = "",
        MUST_STAPLE,
        .wrong = "nothing: a certificate with must-staple and a good staple",
        .ref = "RFC 7633 4.2.3",
        .expect = EXPECT_STAPLE(SCENARIO_GOOD),
        .basis = SCENARIO_MUST,
    },
    {
        .name = "must-staple-missing",
        .aliases = "",
        MUST_STAPLE,
        .wrong = "a certificate with must-staple, and nothing is stapled",
        .ref = "RFC 7633 4.2.3",
        .expect = EXPECT_STAPLE(SCENARIO_MISSING),
        .basis = SCENARIO_MUST,
    },
    {
        .name = "must-staple-expired",
        .aliases = "",
        MUST_STAPLE,
        .wrong = "a certificate with must-staple, and an expired staple",
        .ref = "RFC 7633 4.2.3",
        .expect = EXPECT_STAPLE(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_MUST,
    },
    {
        .name = "must-staple-revoked",
        .aliases = "",
        MUST_STAPLE,
        .wrong = "a certificate with must-staple, and a staple that says "
                 "revoked",
        .ref = "RFC 7633 4.2.3",
        .expect = EXPECT_STAPLE(SCENARIO_REVOKED),
        .basis = SCENARIO_MUST,
    },
    {
        .name = "must-staple-trylater",
        .aliases = "",
        MUST_STAPLE,
        .wrong = "a certificate with must-staple, and a staple that says "
                 "tryLater",
        .ref = "RFC 7633 4.2.3",
        .expect = EXPECT_STAPLE(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_MUST,
    },
    {
        .name = "must-staple-invalid-signer",
        .aliases = "",
        MUST_STAPLE,
        .wrong = "a certificate with must-staple, and a staple that another "
                 "CA has signed",
        .ref = "RFC 7633 4.2.3",
        .expect = EXPECT_STAPLE(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_MUST,
    },
    {
        .name = "wrong-key-type",
        .aliases = "",
        STAPLE,
        .wrong = "two certificates, RSA and ECDSA, and the staple is that of "
                 "the other one",
        .ref = "RFC 6960 3.2 (1)",
        .expect = EXPECT_STAPLE(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_MUST,
    },
};

const struct scenario_list scenario_list_staple = SCENARIO_LIST(rows);
