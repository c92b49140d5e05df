/* Layers: time, signature. */
#include "scenario/lists.h"

static const char *const time_fields[] = {
    "thisUpdate", "nextUpdate", "producedAt", NULL};
#define PARAM_FIELD PARAM_WORD("field", "nextUpdate", time_fields, "which")

#define LONGEST DAYS(36500)

static const struct scenario time_rows[] = {
    {
        .name = "expired",
        .aliases = "stale",
        .layer = SCENARIO_TIME,
        .wrong = "an old answer: nextUpdate has passed, thisUpdate and "
                 "producedAt lie as long before as always",
        .ref = "RFC 6960 3.2 (6)",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_MUST,
        .made = true,
        .params = {PARAM_DURATION(
            "ago", "1d", 0, LONGEST, "how long ago nextUpdate was")},
    },
    {
        .name = "expired-fresh-signature",
        .aliases = "expiredfreshca oldvalidperiod",
        .layer = SCENARIO_TIME,
        .wrong = "nextUpdate has passed, thisUpdate lies as long before as "
                 "always, but producedAt is now",
        .ref = "RFC 6960 3.2 (6)",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_MUST,
        .made = true,
        .params = {PARAM_DURATION(
            "ago", "1d", 0, LONGEST, "how long ago nextUpdate was")},
    },
    {
        .name = "future",
        .aliases = "early",
        .layer = SCENARIO_TIME,
        .wrong = "thisUpdate is still to come, and so nextUpdate",
        .ref = "RFC 6960 4.2.2.1",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        /* "SHOULD be considered unreliable" */
        .basis = SCENARIO_SHOULD,
        .made = true,
        .params = {PARAM_DURATION(
            "ahead", "1d", SECONDS(1), LONGEST, "how far thisUpdate is")},
    },
    {
        .name = "this-update-now",
        .aliases = "",
        .layer = SCENARIO_TIME,
        .wrong = "thisUpdate and producedAt are the second of the request, so "
                 "a clock that is slow sees them in the future",
        .ref = "RFC 6960 4.2.2.1",
        .expect = EXPECT_ALL(SCENARIO_GOOD),
        .basis = SCENARIO_MUST,
        .made = true,
    },
    {
        .name = "no-next-update",
        .aliases = "",
        .layer = SCENARIO_TIME,
        .wrong = "nextUpdate is absent",
        .ref = "RFC 9919 5",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        /* A must of that profile; RFC 6960 does without. */
        .basis = SCENARIO_SHOULD,
        .made = true,
    },
    {
        .name = "next-before-this",
        .aliases = "",
        .layer = SCENARIO_TIME,
        .wrong = "nextUpdate lies before thisUpdate",
        .ref = "RFC 6960 4.2.2.1",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_MUST,
        .made = true,
        .params = {PARAM_DURATION(
            "by", "1h", SECONDS(1), LONGEST, "how long before")},
    },
    {
        .name = "long",
        .aliases = "",
        .layer = SCENARIO_TIME,
        .wrong = "valid for 366 days",
        .ref = "CA/B BR 4.9.9",
        .expect = EXPECT_ALL(SCENARIO_GOOD),
        .basis = SCENARIO_TASTE,
        .made = true,
    },
    {
        .name = "longer",
        .aliases = "",
        .layer = SCENARIO_TIME,
        .wrong = "valid for 368 days",
        .ref = "CA/B BR 4.9.9",
        .expect = EXPECT_ALL(SCENARIO_GOOD),
        .basis = SCENARIO_TASTE,
        .made = true,
    },
    {
        .name = "almost-expired",
        .aliases = "",
        .layer = SCENARIO_TIME,
        .wrong = "nextUpdate is near: a cache or a staple has no use for it",
        .ref = "RFC 6960 4.2.2.1",
        .expect = EXPECT_ALL(SCENARIO_GOOD),
        .basis = SCENARIO_MUST,
        .made = true,
        .params = {PARAM_DURATION(
            "left", "60s", SECONDS(1), LONGEST, "how long it is still valid")},
    },
    {
        .name = "produced-early",
        .aliases = "",
        .layer = SCENARIO_TIME,
        .wrong = "producedAt lies before thisUpdate: signed before it was "
                 "known",
        .ref = "RFC 6960 4.2.2.1",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_TASTE,
        .made = true,
        .params = {PARAM_DURATION(
            "by", "1d", SECONDS(1), LONGEST, "how long before")},
    },
    {
        .name = "produced-late",
        .aliases = "",
        .layer = SCENARIO_TIME,
        .wrong = "producedAt is still to come",
        .ref = "RFC 6960 4.2.2.1",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_TASTE,
        .made = true,
        .params = {PARAM_DURATION(
            "ahead", "1d", SECONDS(1), LONGEST, "how far")},
    },
    {
        .name = "beyond-signer",
        .aliases = "",
        .layer = SCENARIO_TIME,
        .wrong = "nextUpdate is a day after the end of the signer's "
                 "certificate",
        .ref = "Mozilla RSP 6",
        .expect = EXPECT_ALL(SCENARIO_GOOD),
        .basis = SCENARIO_TASTE,
        .made = true,
    },
    {
        .name = "beyond-certificate",
        .aliases = "",
        .layer = SCENARIO_TIME,
        .wrong = "nextUpdate is a day after the end of the certificate",
        .ref = "RFC 6960 4.2.2.1",
        .expect = EXPECT_ALL(SCENARIO_GOOD),
        .basis = SCENARIO_TASTE,
        .made = true,
    },
    {
        .name = "fractional-seconds",
        .aliases = "",
        .layer = SCENARIO_TIME,
        .wrong = "an instant with half a second: YYYYMMDDHHMMSS.5Z",
        .ref = "RFC 9919 3.2.4",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        /* A must for who writes it; no word to who reads it. */
        .basis = SCENARIO_SHOULD,
        .made = true,
        .params = {PARAM_FIELD},
    },
    {
        .name = "no-seconds",
        .aliases = "",
        .layer = SCENARIO_TIME,
        .wrong = "an instant without its seconds: YYYYMMDDHHMMZ",
        .ref = "RFC 9919 3.2.4",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_SHOULD,
        .made = true,
        .params = {PARAM_FIELD},
    },
    {
        .name = "offset-time",
        .aliases = "",
        .layer = SCENARIO_TIME,
        .wrong = "an instant in another time zone: YYYYMMDDHHMMSS+0000",
        .ref = "RFC 9919 3.2.4",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_SHOULD,
        .made = true,
        .params = {PARAM_FIELD},
    },
};

static const struct scenario signature_rows[] = {
    {
        .name = "bad-signature",
        .aliases = "ISOP isop",
        .layer = SCENARIO_SIGNATURE,
        .wrong = "the last bit of the signature is another",
        .ref = "RFC 6960 3.2 (2)",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_MUST,
        .made = true,
    },
    {
        .name = "algorithm-mismatch",
        .aliases = "",
        .layer = SCENARIO_SIGNATURE,
        .wrong = "signatureAlgorithm names another kind of key than the "
                 "signer's",
        .ref = "RFC 6960 4.2.1",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_MUST,
        .made = true,
    },
    {
        .name = "sha1-signature",
        .aliases = "",
        .layer = SCENARIO_SIGNATURE,
        .signer = SCENARIO_SIGNER_RSA,
        .wrong = "signed with SHA-1, by a delegate with an RSA key",
        .ref = "CA/B BR 7.1.3.2",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_TASTE,
        .made = true,
    },
    {
        .name = "md5-signature",
        .aliases = "",
        .layer = SCENARIO_SIGNATURE,
        .signer = SCENARIO_SIGNER_RSA,
        .wrong = "signed with MD5, by a delegate with an RSA key",
        .ref = "RFC 6151 2",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_SHOULD,
        .made = true,
    },
    {
        .name = "weak-key",
        .aliases = "",
        .layer = SCENARIO_SIGNATURE,
        .signer = SCENARIO_SIGNER_WEAK,
        .wrong = "signed by a delegate whose RSA key has 1024 bits",
        .ref = "CA/B BR 6.1.5",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_TASTE,
        .made = true,
    },
    {
        .name = "unused-bits",
        .aliases = "",
        .layer = SCENARIO_SIGNATURE,
        .wrong = "the signature's BIT STRING says that 4 bits of its last "
                 "octet do not count",
        .ref = "X.690 11.2.1",
        .expect = EXPECT_ALL(SCENARIO_UNTRUSTED),
        .basis = SCENARIO_SHOULD,
        .made = true,
    },
};

const struct scenario_list scenario_list_time = SCENARIO_LIST(time_rows);
const struct scenario_list scenario_list_signature =
    SCENARIO_LIST(signature_rows);
