/* Requests that are taken, and each kind that is refused (STANDARDS A, F). */
#include "dertext.h"

#include <openssl/ocsp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ocsp/ocsp.h"

#define SHA1 "30{06052b0e03021a 0500}"
#define SHA256 "30{0609608648016503040201}"
#define SHA384 "30{0609608648016503040202 0500}"
/* SHA-1, hashes aa.. and bb.., serial 05 */
#define ID_OF(algorithm, size, serial)                                         \
        "30{" algorithm "04{aa*" size "}04{bb*" size "}02{" serial "}}"
#define ID ID_OF(SHA1, "20", "05")
#define LIST "30{30{" ID "}}"
#define REQUEST(tbs) "30{30{" tbs "}}"
#define NONCE_OID "06092b0601050507300102"
#define EXTENSIONS(list) "a2{30{" list "}}"
#define NONCE_OF(value) "30{" NONCE_OID "04{" value "}}"
#define WITH(list) REQUEST(LIST EXTENSIONS(list))
#define SINGLE_WITH(list) REQUEST("30{30{" ID "a0{30{" list "}}}}")

static struct buf der;
static struct ocsp_request request;
static struct ocsp_flaw flaw;

static enum ocsp_response_status parse(const char *text)
{
        buf_clear(&der);
        dertext(text, &der);
        memset(&request, 0x55, sizeof(request));
        memset(&flaw, 0, sizeof(flaw));
        return ocsp_request_parse(buf_span(&der), &request, &flaw);
}

static void taken(const char *text)
{
        if (parse(text) != OCSP_SUCCESSFUL)
                fail_msg("%s: refused: %s", text, flaw.text);
}

/* Refused for a reason that has `why` in its words. */
static void refused(const char *text, const char *why)
{
        if (parse(text) != OCSP_MALFORMED_REQUEST)
                fail_msg("%s: taken", text);
        if (strstr(flaw.text, why) == NULL)
                fail_msg("%s: refused because \"%s\", not because \"%s\"", text,
                    flaw.text, why);
        assert_non_null(flaw.ref);
        assert_in_range(flaw.offset, 0, der.len);
}

static void a_plain_request_gives_its_certid(void **state)
{
        struct buf id = {0};

        (void)state;
        taken(REQUEST(LIST));
        assert_int_equal(request.certids_len, 1);
        assert_false(request.has_nonce);
        assert_false(request.is_signed);
        assert_int_equal(request.certids[0].hash, OCSP_SHA1);
        assert_int_equal(request.certids[0].name_hash.len, 20);
        assert_int_equal(request.certids[0].name_hash.data[19], 0xaa);
        assert_int_equal(request.certids[0].key_hash.data[0], 0xbb);
        assert_int_equal(request.certids[0].serial.len, 1);
        assert_int_equal(request.certids[0].serial.data[0], 5);
        dertext(ID, &id);
        assert_true(span_equal(request.certids[0].der, buf_span(&id)));
        buf_release(&id);
}

/* A1: d2i takes it too. */
static void version_1_may_be_written_out(void **state)
{
        (void)state;
        taken(REQUEST("a0{020100}" LIST));
}

static void other_versions_are_refused(void **state) /* A2 */
{
        (void)state;
        refused(REQUEST("a0{020101}" LIST), "version 1");
        refused(REQUEST("a0{0201ff}" LIST), "version -1");
        refused(REQUEST("a0{02020000}" LIST), "shortest form");
        refused(REQUEST("a0{020100 0500}" LIST), "version: 2 bytes more");
}

static void what_is_not_der_is_refused(void **state) /* A3 */
{
        (void)state;
        refused("", "missing");
        refused("30", "cut off");
        refused(REQUEST(LIST) "4a554e4b", "4 bytes more");
        refused("30[30{" LIST "}]", "shortest form");
        refused("308104 0500 0500", "shortest form");
        refused("308200ff 00*255", "shortest form");
        refused("30(30{" LIST "})", "indefinite");
        refused("30{30(" LIST ")}", "indefinite");
        refused("30{30{" LIST "}0500}", "2 bytes more");
        refused("31{30{" LIST "}}", "tag 31 where 30");
        refused("3f8130{30{" LIST "}}", "tag 3f");
        refused("30847fffffff", "length of 2147483647");
        refused("308800000000000000", "length of 8 octets");
        refused("3084", "cut off within its length");
        refused("30820010" REQUEST(LIST), "shortest form");
}

static void an_empty_list_is_refused(void **state) /* A4 */
{
        (void)state;
        refused(REQUEST("30{}"), "requestList: empty");
        refused("30{30{}}", "requestList: missing");
}

static void many_certids(char *text, size_t size, int count)
{
        size_t used = (size_t)snprintf(text, size, "30{30{30{");

        while (count-- > 0)
                used += (size_t)snprintf(text + used, size - used, "30{%s}",
                    ID_OF(SHA1, "20", "05"));
        snprintf(text + used, size - used, "}}}");
}

static void up_to_64_certids_are_taken(void **state) /* A5 */
{
        char text[8192];

        (void)state;
        many_certids(text, sizeof(text), OCSP_CERTIDS_MAX);
        taken(text);
        assert_int_equal(request.certids_len, OCSP_CERTIDS_MAX);
        many_certids(text, sizeof(text), OCSP_CERTIDS_MAX + 1);
        refused(text, "64 certIDs");
}

static void sha256_is_known_and_others_are_well_formed(void **state) /* A7 */
{
        (void)state;
        taken(REQUEST("30{30{" ID_OF(SHA256, "32", "05") "}}"));
        assert_int_equal(request.certids[0].hash, OCSP_SHA256);
        taken(REQUEST("30{30{" ID_OF(SHA384, "48", "05") "}}"));
        assert_int_equal(request.certids[0].hash, OCSP_HASH_OTHER);
}

static void null_and_absent_parameters_are_equal(void **state) /* A9 */
{
        struct ocsp_certid with;
        struct buf kept = {0};

        (void)state;
        dertext(REQUEST(LIST), &kept);
        assert_int_equal(
            ocsp_request_parse(buf_span(&kept), &request, &flaw), 0);
        with = request.certids[0];
        taken(REQUEST("30{30{" ID_OF("30{06052b0e03021a}", "20", "05") "}}"));
        assert_int_equal(request.certids[0].hash, OCSP_SHA1);
        assert_true(ocsp_certid_equal(&with, &request.certids[0]));
        buf_release(&kept);
        refused(REQUEST("30{30{" ID_OF(
                    "30{06052b0e03021a 020100}", "20", "05") "}}"),
            "not NULL");
        refused(REQUEST("30{30{" ID_OF(
                    "30{06052b0e03021a 0500 0500}", "20", "05") "}}"),
            "2 bytes more");
}

static void a_hash_of_a_wrong_size_is_refused(void **state) /* A13 */
{
        (void)state;
        refused(REQUEST("30{30{" ID_OF(SHA1, "19", "05") "}}"), "19 bytes");
        refused(REQUEST("30{30{" ID_OF(SHA1, "21", "05") "}}"), "21 bytes");
        refused(REQUEST("30{30{" ID_OF(SHA1, "0", "05") "}}"), "0 bytes");
        refused(REQUEST("30{30{" ID_OF(SHA256, "20", "05") "}}"), "20 bytes");
        refused(REQUEST("30{30{30{" SHA1 "04{aa*20}04{bb*19}020105}}}"),
            "issuerKeyHash of 19");
}

static void any_minimal_serial_is_taken(void **state) /* A14 */
{
        (void)state;
        taken(REQUEST("30{30{" ID_OF(SHA1, "20", "8034") "}}"));
        assert_int_equal(request.certids[0].serial.len, 2);
        taken(REQUEST("30{30{" ID_OF(SHA1, "20", "00") "}}"));
        taken(REQUEST("30{30{" ID_OF(SHA1, "20", "00 ff*20") "}}"));
        taken(REQUEST("30{30{" ID_OF(SHA1, "20", "7f*64") "}}"));
        refused(REQUEST("30{30{" ID_OF(SHA1, "20", "7f*65") "}}"),
            "serialNumber of 65");
        refused(
            REQUEST("30{30{" ID_OF(SHA1, "20", "0034") "}}"), "shortest form");
        refused(
            REQUEST("30{30{" ID_OF(SHA1, "20", "ff80") "}}"), "shortest form");
        refused(
            REQUEST("30{30{" ID_OF(SHA1, "20", "") "}}"), "without content");
}

static void unknown_extensions_matter_only_if_critical(void **state) /* A15 */
{
        (void)state;
        taken(WITH("30{06022a03 0401ff}"));
        taken(SINGLE_WITH("30{06022a03 0401ff}"));
        refused(WITH("30{06022a03 0101ff 0401ff}"),
            "1.2.3 is critical and not understood");
        refused(SINGLE_WITH("30{06022a03 0101ff 0401ff}"),
            "singleRequestExtensions: extension 1.2.3 is critical");
        /* known elsewhere, but not here */
        refused(WITH("30{06092b0601050507300107 0101ff 0401ff}"), "critical");
        refused(SINGLE_WITH("30{" NONCE_OID "0101ff 0403 040155}"), "critical");
}

static void critical_is_ff_or_absent(void **state)
{
        (void)state;
        taken(WITH("30{" NONCE_OID "0101ff 0403 040155}"));
        assert_true(request.has_nonce);
        refused(WITH("30{06022a03 010101 0401ff}"), "written as 01");
        refused(WITH("30{06022a03 010100 0401ff}"), "must be left out");
        refused(WITH("30{06022a03 0102ffff 0401ff}"), "BOOLEAN of 2 octets");
}

static void an_extension_may_not_stand_there_twice(void **state) /* A16 */
{
        (void)state;
        refused(WITH(NONCE_OF("040155") NONCE_OF("040156")),
            "1.3.6.1.5.5.7.48.1.2 stands there twice");
        refused(SINGLE_WITH("30{06022a03 0400} 30{06022a03 0400}"), "twice");
}

static void extension_lists_are_neither_empty_nor_endless(void **state)
{
        char text[1024];
        size_t used;
        int i;

        (void)state;
        refused(WITH(""), "empty list");
        used = (size_t)snprintf(text, sizeof(text), "30{30{%sa2{30{", LIST);
        for (i = 0; i < OCSP_EXTENSIONS_MAX + 1; i++)
                used += (size_t)snprintf(
                    text + used, sizeof(text) - used, "30{06022a%02x 0400}", i);
        snprintf(text + used, sizeof(text) - used, "}}}}");
        refused(text, "more than 16 extensions");
}

static void acceptable_responses_must_name_basic(void **state) /* A17 */
{
        (void)state;
        taken(WITH("30{06092b0601050507300104"
                   "04{30{06022a03 06092b0601050507300101}}}"));
        refused(WITH("30{06092b0601050507300104 04{30{06022a03}}}"),
            "without id-pkix-ocsp-basic");
        refused(WITH("30{06092b0601050507300104 04{30{}}}"),
            "without id-pkix-ocsp-basic");
        refused(WITH("30{06092b0601050507300104 04{0500}}"),
            "acceptableResponses: tag 05");
}

static void the_service_locator_is_not_followed(void **state) /* A18 */
{
        (void)state;
        taken(SINGLE_WITH("30{06092b0601050507300107 04{30{3000}}}"));
        taken(SINGLE_WITH("30{06092b0601050507300107 0101ff 04{30{3000}}}"));
}

static void preferred_algorithms_are_taken(void **state) /* A19 */
{
        (void)state;
        taken(WITH("30{06092b0601050507300108"
                   "04{30{30{30{06092a864886f70d010105 0500}}}}}"));
}

static void signatures_are_read_over(void **state) /* A20 */
{
        (void)state;
        taken("30{30{" LIST "} a0{30{" SHA1 "030200ff}}}");
        assert_true(request.is_signed);
        taken("30{30{" LIST "} a0{30{" SHA1 "030200ff a0{30{3000 3000}}}}}");
        refused("30{30{" LIST "} a0{0500}}", "optionalSignature: tag 05");
        refused("30{30{" LIST "} a0{30{" SHA1 "030201fe}}}", "unused bits");
        refused("30{30{" LIST "} a0{30{" SHA1 "030200ff a0{0500}}}}",
            "certs: tag 05");
        refused(
            "30{30{" LIST "} a0{30{" SHA1 "030200ff}} 0500}", "2 bytes more");
}

static void the_requestor_is_read_over(void **state) /* A21 */
{
        (void)state;
        taken(REQUEST("a1{8203777777}" LIST));
        taken(REQUEST("a1{a4{30{31{30{0603550403 0c03777777}}}}}" LIST));
        taken(REQUEST("a0{020100}a1{8203777777}" LIST));
        refused(REQUEST("a1{}" LIST), "requestorName: missing");
        refused(REQUEST("a1{0500}" LIST), "is no GeneralName");
        refused(REQUEST("a1{a1{1603777777}}" LIST), "is no GeneralName");
        refused(REQUEST("a1{84023000}" LIST), "is no GeneralName");
        refused(REQUEST("a1{a4(3000)}" LIST), "indefinite");
        refused(REQUEST("a1{a4{2403 0401aa}}" LIST), "in pieces");
        refused(REQUEST("a1{a4{010101}}" LIST), "neither 00 nor ff");
        refused(REQUEST("a1{a4{10021122}}" LIST), "primitive SEQUENCE");
}

static void a_request_has_a_size_limit(void **state) /* A22 */
{
        (void)state;
        taken(REQUEST("a1{82{77*9800}}" LIST));
        refused(REQUEST("a1{82{77*10000}}" LIST), "limit here is 10000");
}

/* A requestorName of so many levels. */
static const char *nested(int levels, struct buf *text)
{
        int i;

        buf_clear(text);
        buf_append_text(text, "30{30{a1{");
        for (i = 0; i < levels; i++)
                buf_append_text(text, "a4{");
        for (i = 0; i < levels; i++)
                buf_append_text(text, "}");
        buf_append_text(text, "}" LIST "}}");
        return buf_text(text);
}

static void deep_nesting_is_refused(void **state) /* A23 */
{
        struct buf text = {0};

        (void)state;
        taken(nested(32, &text));
        refused(nested(34, &text), "nested more than 32 deep");
        refused(nested(1000, &text), "nested more than 32 deep");
        buf_release(&text);
}

static void a_nonce_has_1_to_128_octets(void **state) /* F2 */
{
        (void)state;
        taken(WITH(NONCE_OF("04{55*1}")));
        assert_true(request.has_nonce);
        assert_int_equal(request.nonce.len, 1);
        assert_int_equal(request.nonce.data[0], 0x55);
        taken(WITH(NONCE_OF("04{55*32}")));
        taken(WITH(NONCE_OF("04{55*128}")));
        assert_int_equal(request.nonce.len, 128);
        refused(WITH(NONCE_OF("0400")), "nonce of 0 bytes");
        refused(WITH(NONCE_OF("04{55*129}")), "nonce of 129 bytes");
        refused(WITH(NONCE_OF("04{55*200}")), "the limit is 128");
        assert_string_equal(flaw.ref, "RFC 9654 2.1");
}

static void a_nonce_is_an_octet_string(void **state) /* F3 */
{
        (void)state;
        refused(WITH(NONCE_OF("0909090909")), "nonce: tag 09 where 04");
        refused(WITH(NONCE_OF("04[55]")), "shortest form");
        refused(WITH(NONCE_OF("040155 00")), "1 bytes more");
        refused(WITH(NONCE_OF("")), "nonce: missing");
}

static void object_identifiers_are_minimal(void **state)
{
        (void)state;
        refused(WITH("30{06032a8003 0400}"), "shortest form");
        refused(WITH("30{0600 0400}"), "cut off");
        refused(WITH("30{06022a83 0400}"), "cut off");
}

/* Nothing is read before or behind the bytes: a copy of exactly the right
 * size is what the address sanitizer watches. */
static void every_truncation_is_refused(void **state)
{
        size_t len;

        (void)state;
        taken("30{30{a0{020100}a1{8203777777}" LIST EXTENSIONS(
            NONCE_OF("04{55*16}")) "} a0{30{" SHA1 "030200ff a0{30{3000}}}}}");
        for (len = 0; len < der.len; len++) {
                uint8_t *copy = malloc(len + 1);

                memcpy(copy + 1, der.data, len);
                assert_int_equal(
                    ocsp_request_parse(
                        (struct span){copy + 1, len}, &request, &flaw),
                    OCSP_MALFORMED_REQUEST);
                free(copy);
        }
}

/* What OpenSSL makes of it comes out as the same bytes, or OpenSSL does not
 * take it either. */
static void is_der(const uint8_t *bytes, size_t len)
{
        const uint8_t *p = bytes;
        OCSP_REQUEST *theirs = d2i_OCSP_REQUEST(NULL, &p, (long)len);
        uint8_t *again = NULL;

        if (theirs == NULL)
                return;
        assert_int_equal(i2d_OCSP_REQUEST(theirs, &again), len);
        assert_memory_equal(again, bytes, len);
        OPENSSL_free(again);
        OCSP_REQUEST_free(theirs);
}

static void no_flipped_bit_passes_for_der(void **state)
{
        uint8_t *copy;
        size_t i, bit;

        (void)state;
        taken(REQUEST("a1{8203777777}" LIST EXTENSIONS(NONCE_OF("04{55*16}"))));
        for (i = 0; i < der.len; i++) {
                for (bit = 0; bit < 8; bit++) {
                        copy = malloc(der.len);
                        memcpy(copy, der.data, der.len);
                        copy[i] ^= (uint8_t)(1U << bit);
                        if (ocsp_request_parse((struct span){copy, der.len},
                                &request, &flaw) == OCSP_SUCCESSFUL)
                                is_der(copy, der.len);
                        free(copy);
                }
        }
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
            cmocka_unit_test(a_plain_request_gives_its_certid),
            cmocka_unit_test(version_1_may_be_written_out),
            cmocka_unit_test(other_versions_are_refused),
            cmocka_unit_test(what_is_not_der_is_refused),
            cmocka_unit_test(an_empty_list_is_refused),
            cmocka_unit_test(up_to_64_certids_are_taken),
            cmocka_unit_test(sha256_is_known_and_others_are_well_formed),
            cmocka_unit_test(null_and_absent_parameters_are_equal),
            cmocka_unit_test(a_hash_of_a_wrong_size_is_refused),
            cmocka_unit_test(any_minimal_serial_is_taken),
            cmocka_unit_test(unknown_extensions_matter_only_if_critical),
            cmocka_unit_test(critical_is_ff_or_absent),
            cmocka_unit_test(an_extension_may_not_stand_there_twice),
            cmocka_unit_test(extension_lists_are_neither_empty_nor_endless),
            cmocka_unit_test(acceptable_responses_must_name_basic),
            cmocka_unit_test(the_service_locator_is_not_followed),
            cmocka_unit_test(preferred_algorithms_are_taken),
            cmocka_unit_test(signatures_are_read_over),
            cmocka_unit_test(the_requestor_is_read_over),
            cmocka_unit_test(a_request_has_a_size_limit),
            cmocka_unit_test(deep_nesting_is_refused),
            cmocka_unit_test(a_nonce_has_1_to_128_octets),
            cmocka_unit_test(a_nonce_is_an_octet_string),
            cmocka_unit_test(object_identifiers_are_minimal),
            cmocka_unit_test(every_truncation_is_refused),
            cmocka_unit_test(no_flipped_bit_passes_for_der),
        };

        return cmocka_run_group_tests(tests, NULL, release);
}
