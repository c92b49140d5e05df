#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ca-tools/index.h"
#include "ocsp/ocsp.h"

static char line[INDEX_LINE_MAX + 1];

static int parse(const char *text, struct index_row *row, struct err *e)
{
        snprintf(line, sizeof(line), "%s", text);
        return index_parse(line, row, e);
}

static void good(const char *text, struct index_row *row)
{
        struct err e = ERR_INIT;

        if (parse(text, row, &e) != 0)
                fail_msg("'%s': %s", text, e.text);
}

#define SERIAL "\t0A\tunknown\t/CN=a"

static void a_valid_line_has_its_fields(void **state)
{
        struct index_row row;

        (void)state;
        good("V\t301122101112Z\t\t00C0FFEE\tunknown\t/C=AA/CN=www", &row);
        assert_int_equal(row.state.status, CADB_GOOD);
        assert_int_equal(row.state.reason, OCSP_REASON_NONE);
        assert_int_equal(row.state.not_after, 1921572672);
        assert_int_equal(row.serial.len, 4);
        assert_memory_equal(row.serial.octets, "\x00\xc0\xff\xee", 4);
        assert_string_equal(row.subject, "/C=AA/CN=www");
}

static void an_expired_line_is_not_revoked(void **state)
{
        struct index_row row;

        (void)state;
        good("E\t101122101112Z\t" SERIAL, &row);
        assert_int_equal(row.state.status, CADB_GOOD);
}

static void times_are_of_both_asn1_types(void **state)
{
        static const struct {
                const char *text;
                int64_t at;
        } rows[] = {
            {"700101000001Z", 1},
            {"491231235959Z", 2524607999},
            {"20500101000000Z", 2524608000},
            {"99991231235959Z", 253402300799},
            {"2611211000Z", 1795255200},
        };
        char text[100];
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct index_row row;

                snprintf(text, sizeof(text), "V\t%s\t" SERIAL, rows[i].text);
                good(text, &row);
                assert_int_equal(row.state.not_after, rows[i].at);
        }
}

static void reasons_are_read_as_openssl_writes_them(void **state)
{
        static const struct {
                const char *text;
                int reason;
                int64_t invalidity_at;
        } rows[] = {
            {"", OCSP_REASON_NONE, 0},
            {",unspecified", OCSP_REASON_NONE, 0},
            {",keyCompromise", 1, 0},
            {",CACompromise", 2, 0},
            {",cacompromise", 2, 0},
            {",affiliationChanged", 3, 0},
            {",superseded", 4, 0},
            {",cessationOfOperation", 5, 0},
            {",certificateHold", 6, 0},
            {",privilegeWithdrawn", 9, 0},
            {",aACompromise", 10, 0},
            {",holdInstruction,1.2.840.10040.2.2", 6, 0},
            {",keyTime,20200102030405Z", 1, 1577934245},
            {",CAkeyTime,20200102030405Z", 2, 1577934245},
        };
        char text[200];
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct index_row row;

                snprintf(text, sizeof(text),
                    "R\t301122101112Z\t261121000000Z%s" SERIAL, rows[i].text);
                good(text, &row);
                assert_int_equal(row.state.status, CADB_REVOKED);
                assert_int_equal(row.state.revoked_at, 1795219200);
                assert_int_equal(row.state.reason, rows[i].reason);
                assert_int_equal(
                    row.state.invalidity_at, rows[i].invalidity_at);
                assert_int_equal(row.hold_instruction,
                    strstr(text, "holdInstruction") != NULL);
        }
}

static void a_tab_in_a_subject_has_a_backslash(void **state)
{
        struct index_row row;

        (void)state;
        good("V\t301122101112Z\t\t0A\tunknown\t/CN=a\\\tb\\x", &row);
        assert_string_equal(row.subject, "/CN=a\tb\\x");
}

static void a_bad_line_says_what_is_wrong(void **state)
{
        static const struct {
                const char *text, *says;
        } rows[] = {
            {"", "1 fields"},
            {"V\t301122101112Z\t\t0A\tunknown", "5 fields"},
            {"V\t301122101112Z\t\t0A\tunknown\t/CN=a\t", "7 fields"},
            {"v\t301122101112Z\t" SERIAL, "begins with 'v'"},
            {"VV\t301122101112Z\t" SERIAL, "begins with 'VV'"},
            {"\t301122101112Z\t" SERIAL, "begins with ''"},
            {"V\t\t" SERIAL, "end of validity ''"},
            {"V\t301122101112\t" SERIAL, "end of validity"},
            {"V\t301122101112Z0\t" SERIAL, "end of validity"},
            {"V\t3011221011123Z\t" SERIAL, "end of validity"},
            {"V\t301122101112+0100\t" SERIAL, "end of validity"},
            {"V\t300230000000Z\t" SERIAL, "not in the calendar"},
            {"V\t301122240000Z\t" SERIAL, "not in the calendar"},
            {"V\t301122101160Z\t" SERIAL, "not in the calendar"},
            {"V\t500101000000Z\t" SERIAL, "before 1970"},
            {"V\t00000101000000Z\t" SERIAL, "before 1970"},
            {"V\t301122101112Z\t261121000000Z" SERIAL, "begins with R"},
            {"E\t301122101112Z\t261121000000Z" SERIAL, "begins with R"},
            {"R\t301122101112Z\t" SERIAL, "without a time"},
            {"R\t301122101112Z\t,superseded" SERIAL, "revocation time ''"},
            {"R\t301122101112Z\tsuperseded" SERIAL, "revocation time"},
            {"R\t301122101112Z\t261121000000Z,superceded" SERIAL,
                "'superceded' is no"},
            {"R\t301122101112Z\t261121000000Z,4" SERIAL, "'4' is no"},
            {"R\t301122101112Z\t261121000000Z," SERIAL, "'' is no"},
            {"R\t301122101112Z\t261121000000Z,removeFromCRL" SERIAL, "5.3.1"},
            {"R\t301122101112Z\t261121000000Z,superseded,x" SERIAL,
                "'x' after"},
            {"R\t301122101112Z\t261121000000Z,keyTime" SERIAL,
                "without a time"},
            {"R\t301122101112Z\t261121000000Z,keyTime,x" SERIAL,
                "invalidity date 'x'"},
            {"R\t301122101112Z\t261121000000Z,holdInstruction" SERIAL,
                "without an OID"},
            {"V\t301122101112Z\t\t\tunknown\t/CN=a", "serial ''"},
            {"V\t301122101112Z\t\t0G\tunknown\t/CN=a", "serial '0G'"},
            {"V\t301122101112Z\t\t0A:0B\tunknown\t/CN=a", "serial"},
            {"V\t301122101112Z\t\t0x0A\tunknown\t/CN=a", "serial"},
        };
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct err e = ERR_INIT;
                struct index_row row;

                if (parse(rows[i].text, &row, &e) == 0)
                        fail_msg("'%s' passed", rows[i].text);
                assert_int_equal(e.code, ERR_DATA);
                if (strstr(e.text, rows[i].says) == NULL)
                        fail_msg("'%s': %s", rows[i].text, e.text);
        }
}

static void a_serial_of_65_octets_is_too_long(void **state)
{
        struct err e = ERR_INIT;
        struct index_row row;
        char text[300];

        (void)state;
        snprintf(text, sizeof(text), "V\t301122101112Z\t\t%0128d\tx\t/CN=a", 1);
        good(text, &row); /* leading zeros are no octets */
        snprintf(
            text, sizeof(text), "V\t301122101112Z\t\t1%0128d\tx\t/CN=a", 1);
        assert_int_equal(parse(text, &row, &e), -1);
        assert_int_equal(e.code, ERR_DATA);
}

/* ---- writing ----------------------------------------------------------- */

static const int64_t NOW = 1795219200; /* 2026-11-21 */

static void what_openssl_writes_comes_back_to_the_letter(void **state)
{
        static const char *const lines[] = {
            "V\t301122101112Z\t\t0A\tunknown\t/CN=a",
            "V\t491231235959Z\t\t1000\tunknown\t/C=AA/O=A B/CN=www",
            "V\t20500101000000Z\t\tFEDCBA98\tunknown\t/CN=\\xC3\\xA9",
            "E\t101122101112Z\t\t00\tunknown\t/CN=a",
            "V\t301122101112Z\t\t-7F\tunknown\t/CN=a/b",
            "V\t301122101112Z\t\t-80\tunknown\t",
            "R\t101122101112Z\t091121000000Z\t01\tunknown\t/CN=a",
            "R\t301122101112Z\t261121000000Z,keyCompromise\t01\tunknown\t/x",
            "R\t301122101112Z\t261121000000Z,CACompromise\t01\tunknown\t/x",
            "R\t301122101112Z\t261121000000Z,superseded\t01\tunknown\t/x",
            "R\t301122101112Z\t261121000000Z,certificateHold\t01\tunknown\t/",
            "R\t301122101112Z\t261121000000Z,keyTime,20200102030405Z\t01"
            "\tunknown\t/CN=a",
            "R\t301122101112Z\t261121000000Z,CAkeyTime,19991231235959Z\t01"
            "\tunknown\t/CN=a\\\tb",
        };
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
                struct index_loss loss = {0};
                struct buf out = {0};
                struct index_row row;

                good(lines[i], &row);
                index_print(&row, NOW, &out, &loss);
                assert_int_equal(out.data[out.len - 1], '\n');
                out.data[out.len - 1] = '\0';
                assert_string_equal(buf_text(&out), lines[i]);
                assert_int_equal(loss.reasons + loss.invalidity_dates, 0);
                buf_release(&out);
        }
}

static void print(
    const struct cadb_state *s, const char *want, struct index_loss *loss)
{
        struct index_row row = {
            .state = *s, .serial = {{1}, 1}, .subject = "/CN=a"};
        struct buf out = {0};

        index_print(&row, NOW, &out, loss);
        assert_string_equal(buf_text(&out), want);
        buf_release(&out);
}

static void what_the_format_cannot_say_is_counted(void **state)
{
        struct cadb_state s = {.status = CADB_REVOKED,
            .reason = 9,
            .revoked_at = 1795219200,
            .not_after = 1921572672};
        struct index_loss loss = {0};

        (void)state;
        print(
            &s, "R\t301122101112Z\t261121000000Z\t01\tunknown\t/CN=a\n", &loss);
        assert_int_equal(loss.reasons, 1);
        assert_int_equal(loss.invalidity_dates, 0);
        s.reason = OCSP_REASON_NONE;
        s.invalidity_at = 1;
        print(
            &s, "R\t301122101112Z\t261121000000Z\t01\tunknown\t/CN=a\n", &loss);
        assert_int_equal(loss.reasons, 1);
        assert_int_equal(loss.invalidity_dates, 1);
}

static void what_is_over_is_written_as_expired(void **state)
{
        struct cadb_state s = {.reason = -1, .not_after = NOW};
        struct index_loss loss = {0};

        (void)state;
        print(&s, "V\t261121000000Z\t\t01\tunknown\t/CN=a\n", &loss);
        s.not_after--;
        print(&s, "E\t261120235959Z\t\t01\tunknown\t/CN=a\n", &loss);
}

/* ---- subjects ---------------------------------------------------------- */

static void simple_subjects_turn_into_rfc2253_and_back(void **state)
{
        static const char *const rows[][2] = {
            {"/CN=www", "CN=www"},
            {"/C=AA/O=A B, Inc", ""},
            {"/C=AA/O=A B/CN=www.example", "CN=www.example,O=A B,C=AA"},
            {"/CN=a/b", ""},
            {"/CN=a\\x00", ""},
            {"/CN=a+b", ""},
            {"/CN= a", ""},
            {"/CN=a ", ""},
            {"/CN=", ""},
            {"/CN=a=b", ""},
            {"/CN=#61", ""},
            {"/1.2.3=x", "1.2.3=x"},
            {"", ""},
            {"/", ""},
            {"CN=a", ""},
        };
        char out[PKI_NAME_TEXT_MAX], back[PKI_NAME_TEXT_MAX];
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                bool simple =
                    index_subject_to_rfc2253(rows[i][0], out, sizeof(out));

                assert_string_equal(out, rows[i][1]);
                assert_int_equal(simple, out[0] != '\0');
                if (!simple)
                        continue;
                assert_true(index_subject_to_oneline(out, back, sizeof(back)));
                assert_string_equal(back, rows[i][0]);
        }
}

static void a_subject_that_does_not_fit_is_not_cut(void **state)
{
        char out[8];

        (void)state;
        assert_true(index_subject_to_rfc2253("/CN=abc", out, sizeof(out)));
        assert_false(index_subject_to_rfc2253("/CN=abcd", out, sizeof(out)));
        assert_string_equal(out, "");
        assert_false(index_subject_to_oneline("CN=abcd", out, sizeof(out)));
}

static void the_name_is_the_last_cn_if_it_can_be_one(void **state)
{
        static const char *const rows[][2] = {
            {"/CN=www", "www"},
            {"/CN=outer/CN=inner", "inner"},
            {"/C=AA/CN=www/emailAddress=a@b", "www"},
            {"/C=AA/CN=a/b", ""},
            {"/C=AA/CN=a/b/O=x", ""},
            {"/CN=A B", ""},
            {"/CN=*.example", ""},
            {"/CN=", ""},
            {"/O=x", ""},
            {"", ""},
            {"CN=www,O=x", "www"},
            {"CN=inner,CN=outer", "inner"},
            {"O=x", ""},
            {"/xCN=www", ""},
        };
        char out[LAB_NAME_MAX + 1], text[200];
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                bool is = index_subject_name(rows[i][0], out);

                if (is != (rows[i][1][0] != '\0'))
                        fail_msg("'%s': %d", rows[i][0], is);
                if (is)
                        assert_string_equal(out, rows[i][1]);
        }
        snprintf(text, sizeof(text), "/CN=%0*d", LAB_NAME_MAX, 1);
        assert_true(index_subject_name(text, out));
        snprintf(text, sizeof(text), "/CN=%0*d", LAB_NAME_MAX + 1, 1);
        assert_false(index_subject_name(text, out));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_valid_line_has_its_fields),
            cmocka_unit_test(an_expired_line_is_not_revoked),
            cmocka_unit_test(times_are_of_both_asn1_types),
            cmocka_unit_test(reasons_are_read_as_openssl_writes_them),
            cmocka_unit_test(a_tab_in_a_subject_has_a_backslash),
            cmocka_unit_test(a_bad_line_says_what_is_wrong),
            cmocka_unit_test(a_serial_of_65_octets_is_too_long),
            cmocka_unit_test(what_openssl_writes_comes_back_to_the_letter),
            cmocka_unit_test(what_the_format_cannot_say_is_counted),
            cmocka_unit_test(what_is_over_is_written_as_expired),
            cmocka_unit_test(simple_subjects_turn_into_rfc2253_and_back),
            cmocka_unit_test(a_subject_that_does_not_fit_is_not_cut),
            cmocka_unit_test(the_name_is_the_last_cn_if_it_can_be_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
