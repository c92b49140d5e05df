/* What is set, as TLS servers read it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/base.h"
#include "scenario/board.h"

static const uint8_t one[SCENARIO_ISSUER_LEN] = {1};
static const uint8_t two[SCENARIO_ISSUER_LEN] = {2};
static const uint8_t serial[] = {0x7f, 0, 1};

static struct scenario_note note(
    const uint8_t *issuer, size_t serial_len, const char *text)
{
        struct scenario_note n = {.all = issuer == NULL,
            .serial_len = serial_len,
            .version = 7,
            .times = 3};

        if (issuer != NULL)
                memcpy(n.issuer, issuer, sizeof(n.issuer));
        memcpy(n.serial, serial, serial_len);
        strcpy(n.text, text);
        return n;
}

static void parse(const char *text, struct scenario_board *out)
{
        struct err e = ERR_INIT;

        if (scenario_board_parse(
                (struct span){(const uint8_t *)text, strlen(text)}, out, &e) !=
            0)
                fail_msg("%s", e.text);
}

static const char *found(const struct scenario_board *b,
    enum scenario_level level, const uint8_t *issuer, size_t serial_len)
{
        const struct scenario_note *n = scenario_board_find(
            b, level, issuer, (struct span){serial, serial_len});

        return n == NULL ? "-" : n->text;
}

static void what_is_written_is_found_where_it_was_set(void **state)
{
        const struct scenario_note notes[] = {note(two, 3, "expired:ago=60s"),
            note(one, 0, "none"), note(NULL, 0, "good"), note(one, 3, "empty"),
            note(one, 2, "serverr")};
        const struct scenario_note *n;
        struct scenario_board b;
        struct buf text = {0};
        size_t i;

        (void)state;
        scenario_board_begin(&text, false);
        for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
                scenario_board_add(&text, &notes[i]);
        parse(buf_text(&text), &b);
        assert_false(b.never);
        assert_int_equal(b.len, 5);
        assert_string_equal(
            found(&b, SCENARIO_ON_CERTIFICATE, one, 3), "empty");
        assert_string_equal(
            found(&b, SCENARIO_ON_CERTIFICATE, one, 2), "serverr");
        assert_string_equal(found(&b, SCENARIO_ON_CERTIFICATE, one, 1), "-");
        assert_string_equal(
            found(&b, SCENARIO_ON_CERTIFICATE, two, 3), "expired:ago=60s");
        assert_string_equal(found(&b, SCENARIO_ON_CA, one, 3), "none");
        assert_string_equal(found(&b, SCENARIO_ON_CA, two, 3), "-");
        assert_string_equal(found(&b, SCENARIO_ON_ALL, two, 3), "good");
        n = scenario_board_find(
            &b, SCENARIO_ON_CA, one, (struct span){serial, 3});
        assert_int_equal(n->version, 7);
        assert_int_equal(n->times, 3);
        scenario_board_release(&b);
        buf_release(&text);
}

static void an_empty_one_has_nothing(void **state)
{
        struct scenario_board b;
        struct buf text = {0};

        (void)state;
        scenario_board_begin(&text, true);
        parse(buf_text(&text), &b);
        assert_true(b.never);
        assert_string_equal(found(&b, SCENARIO_ON_ALL, one, 3), "-");
        scenario_board_release(&b);
        buf_release(&text);
}

static void the_longest_serial_and_text_fit(void **state)
{
        struct scenario_note n = note(one, 0, "");
        struct scenario_board b;
        struct buf text = {0};

        (void)state;
        memset(n.serial, 0xab, sizeof(n.serial));
        n.serial_len = sizeof(n.serial);
        memset(n.text, 'x', sizeof(n.text) - 1);
        scenario_board_begin(&text, false);
        scenario_board_add(&text, &n);
        parse(buf_text(&text), &b);
        assert_memory_equal(&b.list[0], &n, sizeof(n));
        scenario_board_release(&b);
        buf_release(&text);
}

static void what_is_no_board_is_refused(void **state)
{
        static const char *const texts[] = {"", "nonsense\n",
            "ocsp-lab scenarios 1", "ocsp-lab scenarios 2\n",
            "ocsp-lab scenarios 1\n1 0 - - none",
            "ocsp-lab scenarios 1\n1 0 - 01 none\n",
            "ocsp-lab scenarios 1\n-1 0 - - none\n",
            "ocsp-lab scenarios 1\n1 -1 - - none\n",
            "ocsp-lab scenarios 1\n1 0 - -\n",
            "ocsp-lab scenarios 1\n1 0 0102 - none\n",
            "ocsp-lab scenarios 1\n1 0 zz - none\n",
            "ocsp-lab scenarios 1\n\n"};
        struct scenario_board b;
        struct err e = ERR_INIT;
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                if (scenario_board_parse(
                        (struct span){
                            (const uint8_t *)texts[i], strlen(texts[i])},
                        &b, &e) == 0)
                        fail_msg("taken: %s", texts[i]);
        assert_int_equal(e.code, ERR_DATA);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_is_written_is_found_where_it_was_set),
            cmocka_unit_test(an_empty_one_has_nothing),
            cmocka_unit_test(the_longest_serial_and_text_fit),
            cmocka_unit_test(what_is_no_board_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
