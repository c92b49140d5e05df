/* The outer parts: what is no answer at all, and what is one. */
#include "verdict_fixture.h"

static struct recipe good(void)
{
        return recipe_good(&cast.leaf, &cast.ca, &cast.delegate);
}

static void test_a_right_answer_is_good(void **state)
{
        struct recipe r = good();
        const struct ocsp_verdict *v = judge(&r);
        size_t i;

        (void)state;
        assert_outcome(v, OCSP_V_GOOD);
        assert_true(openssl_accepts(&r));
        for (i = 0; i < v->checks_len; i++) {
                assert_int_not_equal(v->checks[i].ok, 0);
                assert_string_not_equal(v->checks[i].detail, "not reached");
                assert_string_not_equal(v->checks[i].ref, "");
        }
}

static void test_a_verdict_tells_what_the_answer_said(void **state)
{
        struct recipe r = good();
        const struct ocsp_verdict *v = judge(&r);

        (void)state;
        assert_int_equal(v->response_status, OCSP_SUCCESSFUL);
        assert_true(v->has_single);
        assert_int_equal(v->cert_status, OCSP_GOOD);
        assert_int_equal(v->reason, OCSP_REASON_NONE);
        assert_int_equal(v->this_update, NOW - HOUR);
        assert_int_equal(v->produced_at, NOW - HOUR);
        assert_int_equal(v->next_update, NOW + 4 * DAY);
        assert_int_equal(v->signer_not_after, NOW + INT64_C(365) * DAY);
        assert_string_equal(v->signer, "CN=responder");
        assert_string_equal(v->why, "not revoked, signed by CN=responder, "
                                    "valid until 2026-01-19T12:00:00Z (4d "
                                    "left)");
}

static void test_a_revoked_answer_tells_reason_and_time(void **state)
{
        struct recipe r = good();
        const struct ocsp_verdict *v;

        (void)state;
        r.records[0].status = 1;
        r.records[0].reason = 1;
        v = judge(&r);
        assert_outcome(v, OCSP_V_REVOKED);
        assert_int_equal(v->reason, 1);
        assert_int_equal(v->revocation_time, NOW - 2 * HOUR);
        assert_non_null(strstr(v->why, "keyCompromise"));
}

static void test_hold_is_revoked_and_so_is_a_missing_reason(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records[0].status = 1;
        assert_outcome(judge(&r), OCSP_V_REVOKED);
        r.records[0].reason = OCSP_REASON_HOLD;
        assert_outcome(judge(&r), OCSP_V_REVOKED);
}

static void test_unknown_is_neither_good_nor_untrusted(void **state)
{
        struct recipe r = good();

        (void)state;
        r.records[0].status = 2;
        assert_outcome(judge(&r), OCSP_V_UNKNOWN);
}

static void test_nothing_at_all_is_untrusted(void **state)
{
        (void)state;
        assert_untrusted(judge_bytes(NULL, 0), "encoding");
        assert_untrusted(judge_bytes("", 1), "encoding");
        assert_untrusted(judge_bytes("<html>", 6), "encoding");
        assert_int_equal(judge_bytes("", 1)->response_status, -1);
}

static void test_an_error_status_is_named(void **state)
{
        static const struct {
                uint8_t der[5];
                const char *name;
        } errors[] = {
            {{0x30, 3, 10, 1, 1}, "malformedRequest"},
            {{0x30, 3, 10, 1, 2}, "internalError"},
            {{0x30, 3, 10, 1, 3}, "tryLater"},
            {{0x30, 3, 10, 1, 4}, "4 does not exist"},
            {{0x30, 3, 10, 1, 5}, "sigRequired"},
            {{0x30, 3, 10, 1, 6}, "unauthorized"},
            {{0x30, 3, 10, 1, 17}, "17 does not exist"},
        };
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
                const struct ocsp_verdict *v =
                    judge_bytes(errors[i].der, sizeof(errors[i].der));

                assert_untrusted(v, "response-status");
                assert_non_null(strstr(v->why, errors[i].name));
                assert_int_equal(v->response_status, errors[i].der[4]);
                assert_false(v->has_single);
        }
}

static void test_a_negative_status_is_untrusted(void **state)
{
        (void)state;
        assert_int_equal(
            judge_bytes("\x30\x03\x0a\x01\xff", 5)->outcome, OCSP_V_UNTRUSTED);
        assert_int_equal(
            judge_bytes("\x30\x02\x0a\x00", 4)->outcome, OCSP_V_UNTRUSTED);
}

static void test_success_without_content_is_untrusted(void **state)
{
        struct recipe r = good();

        (void)state;
        r.empty_bytes = true;
        assert_untrusted(judge(&r), "response-type");
}

static void test_another_response_type_is_untrusted(void **state)
{
        struct recipe r = good();

        (void)state;
        r.other_type = true;
        assert_untrusted(judge(&r), "response-type");
}

/* OpenSSL's reader leaves what follows unread, and says nothing. */
static void test_bytes_after_the_answer_are_refused(void **state)
{
        struct recipe r = good();
        struct buf der = {0};

        (void)state;
        recipe_cook(&r, &der);
        buf_append(&der, "JUNK", 4);
        assert_untrusted(judge_bytes(der.data, der.len), "encoding");
        buf_release(&der);
}

/* Where in b the version of that certificate is, an INTEGER. */
static uint8_t *find_version(const struct buf *b, X509 *cert)
{
        unsigned char *der = NULL;
        int len = i2d_X509(cert, &der);
        uint8_t *found = memmem(b->data, b->len, der, (size_t)len);

        OPENSSL_free(der);
        assert_non_null(found);
        found = memmem(found, (size_t)len, "\xa0\x03\x02\x01\x02", 5);
        assert_non_null(found);
        return found + 2;
}

/* Also one that nobody needs: other clients cannot read such an answer. */
static void test_what_is_no_certificate_among_them_is_refused(void **state)
{
        struct recipe r = good();
        struct buf der = {0};

        (void)state;
        r.certs[r.certs_len++] = cast.neighbor.cert;
        recipe_cook(&r, &der);
        assert_outcome(judge_bytes(der.data, der.len), OCSP_V_GOOD);
        *find_version(&der, cast.neighbor.cert) = V_ASN1_OCTET_STRING;
        assert_untrusted(judge_bytes(der.data, der.len), "encoding");
        buf_release(&der);
}

static void test_no_truncated_answer_is_believed(void **state)
{
        struct recipe r = good();
        struct buf der = {0};
        size_t len;

        (void)state;
        recipe_cook(&r, &der);
        for (len = 0; len < der.len; len++)
                assert_int_equal(
                    judge_bytes(der.data, len)->outcome, OCSP_V_UNTRUSTED);
        buf_release(&der);
}

/* The signature, or what says where it is, covers all but the certificates.
 * A changed certificate may also be one that the verdict has no use for. */
static void test_no_flipped_bit_turns_revoked_into_good(void **state)
{
        struct recipe r = recipe_good(&cast.leaf, &cast.ca, &cast.ca);
        struct buf der = {0};
        size_t bit;

        (void)state;
        r.records[0].status = 1;
        recipe_cook(&r, &der);
        for (bit = 0; bit < 8 * der.len; bit++) {
                der.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
                assert_int_equal(
                    judge_bytes(der.data, der.len)->outcome, OCSP_V_UNTRUSTED);
                der.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        assert_outcome(judge_bytes(der.data, der.len), OCSP_V_REVOKED);
        buf_release(&der);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_right_answer_is_good),
            cmocka_unit_test(test_a_verdict_tells_what_the_answer_said),
            cmocka_unit_test(test_a_revoked_answer_tells_reason_and_time),
            cmocka_unit_test(test_hold_is_revoked_and_so_is_a_missing_reason),
            cmocka_unit_test(test_unknown_is_neither_good_nor_untrusted),
            cmocka_unit_test(test_nothing_at_all_is_untrusted),
            cmocka_unit_test(test_an_error_status_is_named),
            cmocka_unit_test(test_a_negative_status_is_untrusted),
            cmocka_unit_test(test_success_without_content_is_untrusted),
            cmocka_unit_test(test_another_response_type_is_untrusted),
            cmocka_unit_test(test_bytes_after_the_answer_are_refused),
            cmocka_unit_test(test_what_is_no_certificate_among_them_is_refused),
            cmocka_unit_test(test_no_truncated_answer_is_believed),
            cmocka_unit_test(test_no_flipped_bit_turns_revoked_into_good),
        };

        return cmocka_run_group_tests(tests, cast_setup, cast_teardown);
}
