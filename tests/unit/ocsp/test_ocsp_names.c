#include "dertext.h"

#include <stdio.h>

#include "ocsp/ocsp.h"

static void response_statuses_have_their_names(void **state)
{
        (void)state;
        assert_string_equal(ocsp_response_status_name(0), "successful");
        assert_string_equal(ocsp_response_status_name(1), "malformedRequest");
        assert_string_equal(ocsp_response_status_name(2), "internalError");
        assert_string_equal(ocsp_response_status_name(3), "tryLater");
        assert_null(ocsp_response_status_name(4));
        assert_string_equal(ocsp_response_status_name(5), "sigRequired");
        assert_string_equal(ocsp_response_status_name(6), "unauthorized");
        assert_null(ocsp_response_status_name(7));
        assert_null(ocsp_response_status_name(-1));
}

static void certificate_statuses_have_their_names(void **state)
{
        (void)state;
        assert_string_equal(ocsp_cert_status_name(OCSP_GOOD), "good");
        assert_string_equal(ocsp_cert_status_name(OCSP_REVOKED), "revoked");
        assert_string_equal(ocsp_cert_status_name(OCSP_UNKNOWN), "unknown");
}

static void each_reason_is_parsed_by_name_and_by_number(void **state)
{
        int number, reason;
        char text[8];

        (void)state;
        for (number = 0; number <= 10; number++) {
                if (number == 7)
                        continue;
                assert_non_null(ocsp_reason_name(number));
                assert_int_equal(
                    ocsp_reason_parse(ocsp_reason_name(number), &reason), 0);
                assert_int_equal(reason, number);
                snprintf(text, sizeof(text), "%d", number);
                assert_int_equal(ocsp_reason_parse(text, &reason), 0);
                assert_int_equal(reason, number);
        }
        assert_int_equal(ocsp_reason_parse("KEYCOMPROMISE", &reason), 0);
        assert_int_equal(reason, 1);
        assert_int_equal(ocsp_reason_parse("CACompromise", &reason), 0);
        assert_int_equal(reason, 2);
}

static void nonsense_is_no_reason(void **state)
{
        static const char *const words[] = {"", "7", "11", "-1", "1x", " 1",
            "+1", "0x1", "99999999999999999999", "keyCompromise ", "key"};
        size_t i;
        int reason = 42;

        (void)state;
        for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (ocsp_reason_parse(words[i], &reason) != -1)
                        fail_msg("\"%s\" was taken", words[i]);
        assert_int_equal(reason, 42);
        assert_null(ocsp_reason_name(7));
        assert_null(ocsp_reason_name(11));
        assert_null(ocsp_reason_name(OCSP_REASON_NONE));
}

static void an_error_is_five_bytes(void **state)
{
        static const uint8_t expected[] = {0x30, 0x03, 0x0a, 0x01, 0x06};
        uint8_t der[OCSP_ERROR_LEN];

        (void)state;
        ocsp_error_encode(OCSP_UNAUTHORIZED, der);
        assert_memory_equal(der, expected, sizeof(expected));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(response_statuses_have_their_names),
            cmocka_unit_test(certificate_statuses_have_their_names),
            cmocka_unit_test(each_reason_is_parsed_by_name_and_by_number),
            cmocka_unit_test(nonsense_is_no_reason),
            cmocka_unit_test(an_error_is_five_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
