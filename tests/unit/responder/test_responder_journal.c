#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "responder/journal.h"

static struct journal_record list[JOURNAL_LEN];

static struct journal *journal_after(uint64_t last)
{
        struct journal *j = NULL;

        assert_int_equal(journal_new(last, &j, NULL), 0);
        return j;
}

static struct journal *journal(void)
{
        return journal_after(0);
}

/* A request about serials 0x10.., n of them, with a nonce of that length. */
static void add(struct journal *j, uint8_t first, size_t n, size_t nonce)
{
        static struct ocsp_request q;
        static struct answer_finding findings[OCSP_CERTIDS_MAX];
        static uint8_t serials[OCSP_CERTIDS_MAX], octets[OCSP_NONCE_MAX];
        struct journal_subject *s;
        size_t i;

        q.certids_len = n;
        for (i = 0; i < n; i++) {
                serials[i] = (uint8_t)(first + i);
                q.certids[i].serial = (struct span){&serials[i], 1};
        }
        q.has_nonce = nonce > 0;
        q.nonce = (struct span){octets, nonce};
        s = journal_subject_new(OCSP_SUCCESSFUL, &q, 1, findings, NULL, NULL);
        journal_add(j,
            (struct journal_record){.at = 5,
                .subject = s,
                .method = HTTPD_GET,
                .cached = CACHE_HIT,
                .http = 200},
            s);
}

static size_t collect(
    struct journal *j, uint64_t since, struct span serial, uint64_t *last)
{
        return journal_collect(j, since, serial, list, last);
}

static void give_back(size_t n)
{
        while (n > 0)
                journal_subject_unref(list[--n].subject);
}

/* A request that couldn't be read. */
static struct journal_subject *unread(const char *why)
{
        return journal_subject_new(
            OCSP_MALFORMED_REQUEST, NULL, 0, NULL, why, "expired");
}

static void records_come_back_in_order_and_whole(void **state)
{
        struct journal *j = journal();
        struct journal_subject *s;
        uint64_t last;
        size_t n;

        (void)state;
        add(j, 0x10, 1, 0);
        add(j, 0x20, 64, 128);
        s = unread("because");
        journal_add(j, (struct journal_record){.subject = s}, s);
        n = collect(j, 0, (struct span){NULL, 0}, &last);
        assert_int_equal(n, 3);
        assert_int_equal(last, 3);
        assert_int_equal(list[0].seq, 1);
        assert_null(list[0].subject->nonce.data);
        assert_true(list[0].subject->found);
        assert_int_equal(list[1].subject->certids_len, 64);
        assert_int_equal(list[1].subject->certids[63].serial[0], 0x20 + 63);
        assert_int_equal(list[1].subject->nonce.len, 128);
        assert_string_equal(list[2].subject->why, "because");
        assert_string_equal(list[2].subject->scenario, "expired");
        assert_null(list[1].subject->scenario);
        assert_int_equal(list[2].subject->certids_len, 0);
        give_back(n);
        journal_free(j);
}

static void since_and_serial_choose(void **state)
{
        static const uint8_t wanted = 0x21;
        struct journal *j = journal();
        uint64_t last;
        size_t n;

        (void)state;
        add(j, 0x10, 1, 0);
        add(j, 0x20, 3, 0);
        add(j, 0x21, 1, 0);
        n = collect(j, 0, (struct span){&wanted, 1}, &last);
        assert_int_equal(n, 2);
        assert_int_equal(list[0].seq, 2);
        give_back(n);
        n = collect(j, 2, (struct span){&wanted, 1}, &last);
        assert_int_equal(n, 1);
        give_back(n);
        assert_int_equal(collect(j, 3, (struct span){NULL, 0}, &last), 0);
        assert_int_equal(
            collect(j, UINT64_MAX, (struct span){NULL, 0}, &last), 0);
        assert_int_equal(last, 3);
        journal_free(j);
}

static void oldest_make_room(void **state)
{
        struct journal *j = journal();
        uint64_t last;
        size_t i, n;

        (void)state;
        for (i = 0; i < JOURNAL_LEN + 7; i++)
                add(j, 1, 1, 0);
        n = collect(j, 0, (struct span){NULL, 0}, &last);
        assert_int_equal(n, JOURNAL_LEN);
        assert_int_equal(list[0].seq, 8);
        assert_int_equal(list[n - 1].seq, last);
        give_back(n);
        journal_free(j);
}

/* As when many requests get one kept answer: it is spent with the first record
 * that names another. */
static void one_subject_serves_many_records(void **state)
{
        struct journal_subject *s = unread("because"), *next = unread("then");
        struct journal *j = journal();
        uint64_t last;
        size_t i, n;

        (void)state;
        for (i = 0; i < 3; i++)
                journal_add(j,
                    (struct journal_record){.at = (int64_t)i, .subject = s},
                    NULL);
        journal_add(j, (struct journal_record){.subject = next}, s);
        for (i = 0; i < JOURNAL_LEN - 4; i++)
                journal_add(j, (struct journal_record){.subject = next}, NULL);
        n = collect(j, 1, (struct span){NULL, 0}, &last);
        assert_int_equal(n, JOURNAL_LEN - 1);
        assert_int_equal(list[1].at, 2);
        assert_int_equal(list[1].seq, 3);
        assert_ptr_equal(list[0].subject, list[1].subject);
        for (i = 0; i < 4; i++)
                journal_add(j, (struct journal_record){.subject = next}, NULL);
        /* It is out of the journal, and what was collected still holds it. */
        assert_string_equal(list[0].subject->why, "because");
        give_back(n);
        journal_free(j);
        journal_subject_unref(next);
}

static void without_memory_a_number_is_missing(void **state)
{
        struct journal *j = journal();
        uint64_t last;
        size_t n;

        (void)state;
        add(j, 1, 1, 0);
        journal_add(j, (struct journal_record){.subject = NULL}, NULL);
        add(j, 1, 1, 0);
        n = collect(j, 0, (struct span){NULL, 0}, &last);
        assert_int_equal(n, 2);
        assert_int_equal(list[1].seq, 3);
        assert_int_equal(last, 3);
        give_back(n);
        journal_free(j);
}

static void count_wake(void *arg)
{
        ++*(int *)arg;
}

static void wake_comes_once_for_each_wish(void **state)
{
        struct journal *j = journal();
        int wakes = 0;

        (void)state;
        journal_set_wake(j, count_wake, &wakes);
        add(j, 1, 1, 0);
        assert_int_equal(wakes, 0);
        journal_want_wake(j);
        add(j, 1, 1, 0);
        add(j, 1, 1, 0);
        assert_int_equal(wakes, 1);
        journal_want_wake(j);
        add(j, 1, 1, 0);
        assert_int_equal(wakes, 2);
        journal_free(j);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(records_come_back_in_order_and_whole),
            cmocka_unit_test(since_and_serial_choose),
            cmocka_unit_test(oldest_make_room),
            cmocka_unit_test(one_subject_serves_many_records),
            cmocka_unit_test(without_memory_a_number_is_missing),
            cmocka_unit_test(wake_comes_once_for_each_wish),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
