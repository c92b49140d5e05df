/* Answers as they are read, put together by hand. */
#include "dertext.h"

#include <stdio.h>
#include <string.h>

#include "ocsp/ocsp.h"

/* 2026-11-21T10:00:00Z */
#define NOW INT64_C(1795255200)

#define ID "30{30{06052b0e03021a 0500}04{aa*20}04{bb*20}020105}"
#define THIS "180f32303236313132303130303030305a"
#define NEXT "a0{180f32303236313132333130303030305a}"
#define BY_KEY "a2{04{cc*20}}"
#define PRODUCED "180f32303236313132313130303030305a"
#define SINGLE "30{" ID "8000" THIS NEXT "}"
#define TBS "30{" BY_KEY PRODUCED "30{" SINGLE "}}"
#define ALGORITHM "30{06082a8648ce3d040302}"
#define BASIC_OID "06092b0601050507300101"
#define BYTES(basic) "30{0a0100 a0{30{" BASIC_OID "04{30{" basic "}}}}}"
#define REST ALGORITHM "030500deadbeef"
#define RESPONSE(tbs) BYTES(tbs REST)
#define SINGLES(list) RESPONSE("30{" BY_KEY PRODUCED "30{" list "}}")
#define STATUS(s) SINGLES("30{" ID s THIS NEXT "}")
#define WITH(list)                                                             \
        RESPONSE("30{" BY_KEY PRODUCED "30{" SINGLE "}a1{30{" list "}}}")
#define NONCE(value) "30{06092b0601050507300102 04{" value "}}"

static struct buf der;
static struct ocsp_response response;
static struct ocsp_flaw flaw;

static int parse(const char *text)
{
        buf_clear(&der);
        dertext(text, &der);
        memset(&response, 0x55, sizeof(response));
        memset(&flaw, 0, sizeof(flaw));
        return ocsp_response_parse(buf_span(&der), &response, &flaw);
}

static void taken(const char *text)
{
        if (parse(text) != 0)
                fail_msg("%s: refused: %s", text, flaw.text);
}

static void refused(const char *text, const char *why)
{
        if (parse(text) == 0)
                fail_msg("%s: taken", text);
        if (strstr(flaw.text, why) == NULL)
                fail_msg("%s: refused because \"%s\", not because \"%s\"", text,
                    flaw.text, why);
        assert_non_null(flaw.ref);
        assert_in_range(flaw.offset, 0, der.len);
}

static void span_is(struct span s, const char *text)
{
        struct buf expected = {0};

        dertext(text, &expected);
        assert_true(span_equal(s, buf_span(&expected)));
        buf_release(&expected);
}

static void every_part_is_found(void **state)
{
        const struct ocsp_single_read *s = &response.singles[0];

        (void)state;
        taken(RESPONSE(TBS));
        assert_int_equal(response.status, 0);
        assert_true(response.has_bytes);
        assert_true(response.is_basic);
        span_is(response.type, "2b0601050507300101");
        span_is(response.tbs, TBS);
        assert_int_equal(response.responder_id, OCSP_BY_KEY);
        span_is(response.responder, "cc*20");
        assert_true(response.produced_at.strict);
        assert_int_equal(response.produced_at.at, NOW);
        assert_int_equal(response.singles_len, 1);
        span_is(s->certid.der, ID);
        assert_int_equal(s->status, OCSP_GOOD);
        assert_int_equal(s->reason, OCSP_REASON_NONE);
        assert_false(s->revocation_time.present);
        assert_true(s->this_update.strict);
        assert_int_equal(s->this_update.at, NOW - 86400);
        assert_string_equal(s->this_update.text, "20261120100000Z");
        assert_true(s->next_update.present);
        assert_int_equal(s->next_update.at, NOW + 2 * 86400);
        assert_int_equal(s->extensions_len, 0);
        assert_int_equal(response.extensions_len, 0);
        assert_false(response.has_nonce);
        span_is(response.signature_algorithm, ALGORITHM);
        span_is(response.signature, "deadbeef");
        assert_int_equal(response.certs_len, 0);
}

/* ---- response status --------------------------------------------------- */

static void errors_have_no_bytes(void **state)
{
        (void)state;
        taken("30030a0106");
        assert_int_equal(response.status, OCSP_UNAUTHORIZED);
        assert_false(response.has_bytes);
        assert_false(response.is_basic);
        taken("30030a0100");
        assert_false(response.has_bytes);
}

static void bytes_in_an_error_are_seen(void **state) /* C2 */
{
        (void)state;
        taken("30{0a0103 a0{30{" BASIC_OID "04{30{" TBS REST "}}}}}");
        assert_int_equal(response.status, OCSP_TRY_LATER);
        assert_true(response.has_bytes);
}

static void odd_statuses_are_given_as_sent(void **state)
{
        (void)state;
        taken("30030a0104");
        assert_int_equal(response.status, 4);
        taken("30030a0111");
        assert_int_equal(response.status, 17);
        taken("30040a020080");
        assert_int_equal(response.status, 128);
        taken("30030a01ff");
        assert_int_equal(response.status, -1);
        refused("30020a00", "without content");
        assert_int_equal(response.status, -1);
        refused("30040a020001", "shortest form");
        refused("30{0a05 0102030405}", "a number of 5 octets");
        refused("3003020100", "tag 02 where 0a");
}

static void other_response_types_are_named_and_not_read(void **state)
{
        (void)state;
        taken("30{0a0100 a0{30{06022a03 0403 ffffff}}}");
        assert_true(response.has_bytes);
        assert_false(response.is_basic);
        span_is(response.type, "2a03");
}

static void what_is_not_der_is_refused(void **state) /* J22 */
{
        (void)state;
        refused("", "missing");
        refused("00", "tag 00 where 30");
        refused("30", "cut off");
        refused("3c68746d6c3e", "tag 3c where 30");
        refused(RESPONSE(TBS) "4a554e4b", "4 bytes more");
        refused("30(0a0106)", "indefinite");
        refused("30[0a0106]", "shortest form");
        refused("30{0a0100 0500}", "2 bytes more");
        refused("30{0a0100 a0{30{" BASIC_OID "04{30{" TBS REST "}00}}}}",
            "BasicOCSPResponse: 1 bytes more");
        refused("30{0a0100 a0{30{" BASIC_OID "04{30{" TBS REST "}}0500}}}",
            "responseBytes: 2 bytes more");
        refused("30{0a0100 a0{30{" BASIC_OID "2480 0401aa 0000}}}",
            "tag 24 where 04");
        refused(BYTES(TBS REST "0500"), "2 bytes more");
}

static void a_response_has_a_size_limit(void **state)
{
        static uint8_t zeros[OCSP_RESPONSE_LIMIT + 1];

        (void)state;
        assert_int_equal(
            ocsp_response_parse(
                (struct span){zeros, sizeof(zeros)}, &response, &flaw),
            -1);
        assert_non_null(strstr(flaw.text, "limit here is 102400"));
}

/* ---- certificate status ------------------------------------------------ */

static void revoked_gives_time_and_reason(void **state)
{
        const struct ocsp_single_read *s = &response.singles[0];

        (void)state;
        taken(STATUS("a1{180f32303030303232393030303030305a}"));
        assert_int_equal(s->status, OCSP_REVOKED);
        assert_true(s->revocation_time.present);
        assert_int_equal(s->revocation_time.at, 951782400);
        assert_int_equal(s->reason, OCSP_REASON_NONE);
        taken(STATUS("a1{180f32303030303232393030303030305a a0{0a0101}}"));
        assert_int_equal(s->reason, 1);
        taken(STATUS("a1{180f32303030303232393030303030305a a0{0a0100}}"));
        assert_int_equal(s->reason, 0);
        taken(STATUS("a1{180f32303030303232393030303030305a a0{0a010b}}"));
        assert_int_equal(s->reason, 11);
        refused(STATUS("a1{180f32303030303232393030303030305a a0{0a01ff}}"),
            "revocationReason -1");
        refused(STATUS("a1{180f32303030303232393030303030305a a1{0a0101}}"),
            "5 bytes more");
        refused(STATUS("a1{}"), "revocationTime: missing");
}

static void unknown_is_read_and_others_are_refused(void **state)
{
        (void)state;
        taken(STATUS("8200"));
        assert_int_equal(response.singles[0].status, OCSP_UNKNOWN);
        refused(STATUS("8300"), "neither good, revoked nor unknown");
        refused(STATUS("800100"), "NULL with content");
        refused(STATUS("a000"), "neither good");
}

/* ---- times ------------------------------------------------------------- */

static void this_update_is(const char *text, bool strict, int64_t at)
{
        char single[512];
        size_t i, used;

        used = (size_t)snprintf(single, sizeof(single),
            "30{0a0100 a0{30{" BASIC_OID "04{30{ 30{" BY_KEY PRODUCED
            "30{30{" ID "8000 18{");
        for (i = 0; text[i] != '\0'; i++)
                used += (size_t)snprintf(single + used, sizeof(single) - used,
                    "%02x", (unsigned char)text[i]);
        snprintf(single + used, sizeof(single) - used, "}}}}" REST "}}}}}");
        taken(single);
        assert_true(response.singles[0].this_update.present);
        if (response.singles[0].this_update.strict != strict ||
            response.singles[0].this_update.at != at)
                fail_msg("%s: strict %d, at %lld", text,
                    response.singles[0].this_update.strict,
                    (long long)response.singles[0].this_update.at);
}

static void times_of_other_forms_are_read_but_not_strict(void **state) /* J12 */
{
        (void)state;
        this_update_is("20261121100000Z", true, NOW);
        this_update_is("99991231235959Z", true, INT64_C(253402300799));
        this_update_is("20280229000000Z", true, INT64_C(1835395200));
        this_update_is("20261121100000.5Z", false, NOW);
        this_update_is("20261121100000,123Z", false, NOW);
        this_update_is("202611211000.5Z", false, NOW); /* 15 octets */
        this_update_is("20261121110000+0100", false, NOW);
        this_update_is("20261121050000-05", false, NOW);
        this_update_is("202611211000Z", false, NOW);
        this_update_is("2026112110Z", false, NOW);
}

static void times_that_are_none_are_not_read(void **state)
{
        (void)state;
        this_update_is("", false, INT64_MIN);
        this_update_is("Z", false, INT64_MIN);
        this_update_is("20261121100000", false, INT64_MIN);
        this_update_is("20261321100000Z", false, INT64_MIN);
        this_update_is("20260431100000Z", false, INT64_MIN);
        this_update_is("20270229000000Z", false, INT64_MIN);
        this_update_is("20261121240000Z", false, INT64_MIN);
        this_update_is("20261121106000Z", false, INT64_MIN);
        this_update_is("20261121100060Z", false, INT64_MIN);
        this_update_is("20261121100000z", false, INT64_MIN);
        this_update_is("2026112110000aZ", false, INT64_MIN);
        this_update_is("20261121100000Zx", false, INT64_MIN);
        this_update_is("20261121100000+01000", false, INT64_MIN);
        this_update_is("20261121100000+2500", false, INT64_MIN);
}

static void a_utc_time_is_not_strict(void **state)
{
        (void)state;
        taken(SINGLES("30{" ID "8000 170d3236313132313130303030305a}"));
        assert_false(response.singles[0].this_update.strict);
        assert_int_equal(response.singles[0].this_update.at, NOW);
        assert_false(response.singles[0].next_update.present);
}

static void times_are_escaped_and_cut(void **state)
{
        (void)state;
        this_update_is("2026\n\"\\\x01", false, INT64_MIN);
        assert_string_equal(
            response.singles[0].this_update.text, "2026\\x0a\\x22\\x5c\\x01");
        this_update_is(
            "20261121100000.123456789012345678901234567890Z", false, NOW);
        assert_in_range(strlen(response.singles[0].this_update.text), 20,
            sizeof(response.singles[0].this_update.text) - 1);
}

/* ---- ResponseData ------------------------------------------------------ */

static void the_responder_may_be_a_name(void **state)
{
        (void)state;
        taken(RESPONSE(
            "30{a1{30{31{30{0603550403 0c0161}}}}" PRODUCED "30{" SINGLE "}}"));
        assert_int_equal(response.responder_id, OCSP_BY_NAME);
        span_is(response.responder, "30{31{30{0603550403 0c0161}}}");
        refused(RESPONSE("30{a1{0401aa}" PRODUCED "30{" SINGLE "}}"),
            "neither a name nor a key hash");
        refused(RESPONSE("30{a3{0401aa}" PRODUCED "30{" SINGLE "}}"),
            "responderID: tag a3");
        refused(RESPONSE("30{a2{3000}" PRODUCED "30{" SINGLE "}}"),
            "neither a name nor a key hash");
}

static void versions_are_as_in_a_request(void **state)
{
        (void)state;
        taken(RESPONSE("30{a0{020100}" BY_KEY PRODUCED "30{" SINGLE "}}"));
        refused(RESPONSE("30{a0{020101}" BY_KEY PRODUCED "30{" SINGLE "}}"),
            "version 1");
}

static void no_singles_is_for_the_verdict(void **state) /* J23 */
{
        (void)state;
        taken(SINGLES(""));
        assert_int_equal(response.singles_len, 0);
}

static void repeat(const char *before, const char *part, int count,
    const char *after, struct buf *out)
{
        buf_append_text(out, before);
        while (count-- > 0)
                buf_append_text(out, part);
        buf_append_text(out, after);
}

static void singles_have_a_limit(void **state)
{
        static const char before[] =
            "30{0a0100 a0{30{" BASIC_OID "04{30{30{" BY_KEY PRODUCED "30{";
        static const char after[] = "}}" REST "}}}}}";
        struct buf text = {0};

        (void)state;
        repeat(before, SINGLE, OCSP_SINGLES_MAX, after, &text);
        taken(buf_text(&text));
        assert_int_equal(response.singles_len, OCSP_SINGLES_MAX);
        buf_clear(&text);
        repeat(before, SINGLE, OCSP_SINGLES_MAX + 1, after, &text);
        refused(buf_text(&text), "responses: the limit here is 64");
        buf_release(&text);
}

/* ---- extensions -------------------------------------------------------- */

static void extensions_are_kept_as_they_are(void **state)
{
        (void)state;
        taken(WITH("30{06022a03 0101ff 0402aabb} 30{06022a04 0400}"));
        assert_int_equal(response.extensions_len, 2);
        assert_true(response.extensions[0].critical);
        span_is(response.extensions[0].oid, "2a03");
        span_is(response.extensions[0].value, "aabb");
        assert_false(response.extensions[1].critical);
        taken(SINGLES(
            "30{" ID "8000" THIS NEXT "a1{30{30{06022a03 0101ff 0400}}}}"));
        assert_int_equal(response.singles[0].extensions_len, 1);
        assert_true(response.singles[0].extensions[0].critical);
        refused(WITH("30{06022a03 0400} 30{06022a03 0400}"), "twice");
        refused(WITH(""), "empty list");
}

static void a_nonce_may_be_raw(void **state)
{
        (void)state;
        taken(WITH(NONCE("0403 010203")));
        assert_true(response.has_nonce);
        assert_true(response.nonce_is_octet_string);
        span_is(response.nonce, "010203");
        taken(WITH(NONCE("010203")));
        assert_true(response.has_nonce);
        assert_false(response.nonce_is_octet_string);
        span_is(response.nonce, "010203");
        taken(WITH(NONCE("0403 010203 00")));
        assert_false(response.nonce_is_octet_string);
        taken(WITH(NONCE("0400")));
        assert_true(response.nonce_is_octet_string);
        assert_int_equal(response.nonce.len, 0);
}

/* ---- signature and certificates ---------------------------------------- */

static void signatures_are_whole_octets(void **state)
{
        (void)state;
        refused(BYTES(TBS ALGORITHM "030501deadbeee"), "1 unused bits");
        refused(BYTES(TBS ALGORITHM "0300"), "count of unused bits");
        refused(BYTES(TBS ALGORITHM "030109"), "count of unused bits");
        refused(BYTES(TBS ALGORITHM "03030800 00"), "count of unused bits");
        refused(BYTES(TBS ALGORITHM), "signature: missing");
        refused(BYTES(TBS "3000 030200aa"), "signatureAlgorithm: missing");
}

static void certificates_are_found_and_counted(void **state)
{
        static const char before[] =
            "30{0a0100 a0{30{" BASIC_OID "04{30{" TBS REST "a0{30{";
        struct buf text = {0};

        (void)state;
        taken(BYTES(TBS REST "a0{30{3003020101 3000}}"));
        assert_int_equal(response.certs_len, 2);
        span_is(response.certs[0], "3003020101");
        taken(BYTES(TBS REST "a0{30{}}"));
        assert_int_equal(response.certs_len, 0);
        refused(BYTES(TBS REST "a0{30{0500}}"), "a certificate belongs");
        refused(BYTES(TBS REST "a0{30{30(020101)}}"), "indefinite");
        repeat(before, "3000", OCSP_CERTS_MAX, "}}}}}}}", &text);
        taken(buf_text(&text));
        buf_clear(&text);
        repeat(before, "3000", OCSP_CERTS_MAX + 1, "}}}}}}}", &text);
        refused(buf_text(&text), "more than 16 certificates");
        buf_release(&text);
}

static int release(void **state)
{
        (void)state;
        buf_release(&der);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_part_is_found),
            cmocka_unit_test(errors_have_no_bytes),
            cmocka_unit_test(bytes_in_an_error_are_seen),
            cmocka_unit_test(odd_statuses_are_given_as_sent),
            cmocka_unit_test(other_response_types_are_named_and_not_read),
            cmocka_unit_test(what_is_not_der_is_refused),
            cmocka_unit_test(a_response_has_a_size_limit),
            cmocka_unit_test(revoked_gives_time_and_reason),
            cmocka_unit_test(unknown_is_read_and_others_are_refused),
            cmocka_unit_test(times_of_other_forms_are_read_but_not_strict),
            cmocka_unit_test(times_that_are_none_are_not_read),
            cmocka_unit_test(a_utc_time_is_not_strict),
            cmocka_unit_test(times_are_escaped_and_cut),
            cmocka_unit_test(the_responder_may_be_a_name),
            cmocka_unit_test(versions_are_as_in_a_request),
            cmocka_unit_test(no_singles_is_for_the_verdict),
            cmocka_unit_test(singles_have_a_limit),
            cmocka_unit_test(extensions_are_kept_as_they_are),
            cmocka_unit_test(a_nonce_may_be_raw),
            cmocka_unit_test(signatures_are_whole_octets),
            cmocka_unit_test(certificates_are_found_and_counted),
        };

        return cmocka_run_group_tests(tests, NULL, release);
}
