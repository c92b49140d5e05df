/* Deliberate faults of a staple: what they do, how many get them, and what a
 * lab's board shows of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "pki/pki.h"
#include "stapler/fault/fault.h"

enum { THREADS = 4, TIMES = 2000 };

static struct fault *fault_of(const char *text, int64_t times)
{
        struct scenario_choice c;
        struct fault *f;

        assert_int_equal(scenario_parse(text, &c, NULL), 0);
        f = fault_new(&c, 0, times);
        assert_non_null(f);
        return f;
}

/* ---- deeds -------------------------------------------------------------- */

static enum fault_deed deed_of(const char *name)
{
        struct fault *f = fault_of(name, 0);
        enum fault_deed deed = fault_deed(f);

        fault_unref(f);
        return deed;
}

static void each_scenario_of_the_staple_does_something(void **state)
{
        size_t i;

        (void)state;
        for (i = 0; i < scenario_count(); i++) {
                const struct scenario *s = scenario_at(i);
                bool good = s->expect[SCENARIO_BY_STAPLE] == SCENARIO_GOOD;

                if (s->place == SCENARIO_AT_STAPLE &&
                    (deed_of(s->name) == FAULT_NOTHING) != good)
                        fail_msg("%s", s->name);
                if (s->place != SCENARIO_AT_STAPLE)
                        assert_int_equal(deed_of(s->name), FAULT_NOTHING);
        }
        assert_int_equal(deed_of("none"), FAULT_BARE);
        assert_int_equal(deed_of("wrong-key-type"), FAULT_TWIN);
        assert_int_equal(deed_of("expired-staple"), FAULT_ANSWER);
}

static void empty_has_no_bytes_and_garbage_is_no_der(void **state)
{
        struct fault *f = fault_of("empty-staple", 0);

        (void)state;
        assert_int_equal(fault_deed(f), FAULT_BYTES);
        assert_int_equal(fault_bytes(f).len, 0);
        fault_unref(f);
        f = fault_of("garbage-staple", 0);
        assert_true(fault_bytes(f).len > 0);
        assert_int_not_equal(fault_bytes(f).data[0], 0x30);
        fault_unref(f);
}

static void what_is_stapled_is_some_answers_scenario(void **state)
{
        const struct scenario *s, *answer;
        size_t i;

        (void)state;
        for (i = 0; i < scenario_count(); i++) {
                s = scenario_at(i);
                if (s->answer == NULL)
                        continue;
                answer = scenario_find(s->answer);
                assert_non_null(answer);
                assert_int_equal(s->place, SCENARIO_AT_STAPLE);
                assert_int_equal(answer->place, SCENARIO_AT_ANSWER);
                assert_int_equal(answer->signer, s->signer);
                assert_int_equal(answer->expect[SCENARIO_BY_FILE],
                    s->expect[SCENARIO_BY_STAPLE]);
        }
}

/* ---- counting ----------------------------------------------------------- */

struct taker {
        struct fault *fault;
        atomic_int *taken;
};

static void *take_many(void *arg)
{
        const struct taker *t = arg;
        int64_t left;
        int i;

        for (i = 0; i < TIMES; i++)
                if (fault_take(t->fault, &left))
                        atomic_fetch_add(t->taken, 1);
        return NULL;
}

static void of_all_threads_exactly_n_get_it(void **state)
{
        atomic_int taken = 0;
        struct taker t = {fault_of("none", TIMES), &taken};
        pthread_t threads[THREADS];
        int i;

        (void)state;
        for (i = 0; i < THREADS; i++)
                assert_int_equal(
                    pthread_create(&threads[i], NULL, take_many, &t), 0);
        for (i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        assert_int_equal(taken, TIMES);
        assert_false(fault_holds(t.fault));
        fault_unref(t.fault);
}

static void without_a_number_there_is_no_end(void **state)
{
        struct fault *f = fault_of("none", 0);
        int64_t left = 0;

        (void)state;
        assert_true(fault_take(f, &left));
        assert_int_equal(left, -1);
        assert_int_equal(fault_left(f), -1);
        fault_unref(f);
        /* It counts answers, and they are not ours. */
        f = fault_of("trylater", 1);
        assert_true(fault_take(f, &left));
        assert_true(fault_holds(f));
        fault_unref(f);
}

/* ---- the board ---------------------------------------------------------- */

struct world {
        char folder[64];
        X509 *leaf, *other, *issuer;
        struct faults faults;
};

static X509 *make(const char *name, EVP_PKEY *key, X509 *issuer)
{
        struct pki_cert_spec spec = {.profile = issuer ? PKI_SERVER : PKI_ROOT,
            .common_name = name,
            .subject_key = key,
            .issuer = issuer,
            .issuer_key = key,
            .not_before = 0,
            .not_after = 4000000000,
            .path_len = -1,
            .sans = &name,
            .sans_len = issuer ? 1 : 0};
        struct err e = ERR_INIT;
        X509 *cert = NULL;

        assert_int_equal(pki_serial_new(&spec.serial, &e), 0);
        if (pki_cert_make(&spec, &cert, &e) != 0)
                fail_msg("%s", e.text);
        return cert;
}

static int start(void **state)
{
        struct world *w = calloc(1, sizeof(*w));
        EVP_PKEY *key = NULL;

        strcpy(w->folder, "/tmp/misstaple.XXXXXX");
        if (mkdtemp(w->folder) == NULL ||
            pki_key_new(PKI_P256, &key, NULL) != 0)
                return -1;
        w->issuer = make("ca", key, NULL);
        w->leaf = make("leaf", key, w->issuer);
        w->other = make("other", key, w->issuer);
        EVP_PKEY_free(key);
        *state = w;
        return 0;
}

static int end(void **state)
{
        struct world *w = *state;

        faults_release(&w->faults);
        file_remove_tree(w->folder, NULL);
        X509_free(w->leaf);
        X509_free(w->other);
        X509_free(w->issuer);
        free(w);
        return 0;
}

static void write_text(const struct world *w, struct span text)
{
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/" SCENARIO_BOARD_NAME, w->folder);
        assert_int_equal(
            file_write_fast(path, text.data, text.len, 0644, NULL), 0);
}

/* The board has `none` on the leaf, of that version, and something on all. */
static void post(struct world *w, int64_t version, int64_t all)
{
        struct scenario_note n = {.version = version, .times = 3};
        struct pki_serial serial = pki_serial_of(w->leaf);
        struct buf text = {0};

        scenario_board_begin(&text, false);
        strcpy(n.text, "none");
        assert_int_equal(
            X509_digest(w->issuer, EVP_sha256(), n.issuer, NULL), 1);
        n.serial_len = serial.len;
        memcpy(n.serial, serial.octets, serial.len);
        scenario_board_add(&text, &n);
        n = (struct scenario_note){
            .all = true, .version = all, .text = "empty-staple"};
        scenario_board_add(&text, &n);
        write_text(w, buf_span(&text));
        buf_release(&text);
        assert_int_equal(faults_read(&w->faults, w->folder, NULL), 0);
}

static struct fault *on(
    struct world *w, enum scenario_level level, const X509 *leaf)
{
        return faults_at(&w->faults, level, leaf, w->issuer);
}

static void a_certificate_is_found_by_its_issuer_and_serial(void **state)
{
        struct world *w = *state;

        post(w, 5, 6);
        assert_true(w->faults.may);
        assert_string_equal(
            on(w, SCENARIO_ON_CERTIFICATE, w->leaf)->text, "none");
        assert_null(on(w, SCENARIO_ON_CERTIFICATE, w->other));
        assert_null(on(w, SCENARIO_ON_CA, w->leaf));
        assert_string_equal(
            on(w, SCENARIO_ON_ALL, w->other)->text, "empty-staple");
        assert_null(
            faults_at(&w->faults, SCENARIO_ON_CERTIFICATE, w->leaf, w->leaf));
        assert_null(
            faults_at(&w->faults, SCENARIO_ON_CERTIFICATE, w->leaf, NULL));
}

static void a_count_outlives_what_is_set_elsewhere(void **state)
{
        struct world *w = *state;
        struct fault *f;
        int64_t left;

        post(w, 5, 6);
        f = on(w, SCENARIO_ON_CERTIFICATE, w->leaf);
        assert_true(fault_take(f, &left));
        post(w, 5, 7);
        assert_ptr_equal(on(w, SCENARIO_ON_CERTIFICATE, w->leaf), f);
        assert_int_equal(fault_left(f), 2);
        post(w, 8, 7); /* the same again */
        f = on(w, SCENARIO_ON_CERTIFICATE, w->leaf);
        assert_int_equal(fault_left(f), 3);
}

static void a_spoilt_board_leaves_what_was_known(void **state)
{
        struct world *w = *state;

        post(w, 5, 6);
        write_text(w, (struct span){(const uint8_t *)"x\n", 2});
        assert_int_equal(faults_read(&w->faults, w->folder, NULL), -1);
        assert_non_null(on(w, SCENARIO_ON_CERTIFICATE, w->leaf));
}

static void without_a_board_nothing_is_set(void **state)
{
        struct world *w = *state;

        assert_int_equal(faults_read(&w->faults, w->folder, NULL), 0);
        assert_false(w->faults.may);
        assert_null(on(w, SCENARIO_ON_ALL, w->leaf));
}

static void never_is_for_ever(void **state)
{
        struct world *w = *state;
        struct buf text = {0};

        scenario_board_begin(&text, true);
        write_text(w, buf_span(&text));
        buf_release(&text);
        assert_int_equal(faults_read(&w->faults, w->folder, NULL), 0);
        assert_false(w->faults.may);
        post(w, 5, 6);
        assert_false(w->faults.may);
        assert_null(on(w, SCENARIO_ON_ALL, w->leaf));
}

static void what_this_program_does_not_know_is_not_for_it(void **state)
{
        static const char text[] =
            "ocsp-lab scenarios 1\n1 0 - - from-the-future\n";
        struct world *w = *state;

        write_text(w, (struct span){(const uint8_t *)text, strlen(text)});
        assert_int_equal(faults_read(&w->faults, w->folder, NULL), 0);
        assert_null(on(w, SCENARIO_ON_ALL, w->leaf));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_scenario_of_the_staple_does_something),
            cmocka_unit_test(empty_has_no_bytes_and_garbage_is_no_der),
            cmocka_unit_test(what_is_stapled_is_some_answers_scenario),
            cmocka_unit_test(of_all_threads_exactly_n_get_it),
            cmocka_unit_test(without_a_number_there_is_no_end),
            TEST(a_certificate_is_found_by_its_issuer_and_serial),
            TEST(a_count_outlives_what_is_set_elsewhere),
            TEST(a_spoilt_board_leaves_what_was_known),
            TEST(without_a_board_nothing_is_set),
            TEST(never_is_for_ever),
            TEST(what_this_program_does_not_know_is_not_for_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
