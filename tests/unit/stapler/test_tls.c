#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tls_world.h"

/* ---- staples ------------------------------------------------------------- */

static void who_asks_gets_the_staple(void **state)
{
        struct pair p;

        (void)state;
        pair_open(&p, "b", true);
        assert_true(shake(&p));
        assert_subject(&p, "b");
        assert_staple(&p, "b");
        assert_true(info(&p).asked);
        assert_true(info(&p).stapled);
        assert_string_equal(info(&p).server_name, "b");
        assert_memory_equal(info(&p).about.data, "b", 1);
        assert_int_equal(tls_site_counts(w.b).stapled, 1);
        assert_int_equal(tls_site_counts(w.a).stapled, 0);
        pair_close(&p);
}

static void who_does_not_ask_gets_none(void **state)
{
        struct pair p;

        (void)state;
        pair_open(&p, "a", false);
        assert_true(shake(&p));
        assert_staple(&p, NULL);
        assert_false(info(&p).asked);
        assert_int_equal(tls_site_counts(w.a).stapled, 0);
        pair_close(&p);
}

static void bare_goes_on_and_refuse_does_not(void **state)
{
        struct pair p;

        (void)state;
        offer(w.a, TLS_BARE, TLS_BARE, "a");
        pair_open(&p, "a", true);
        assert_true(shake(&p));
        assert_staple(&p, NULL);
        assert_int_equal(tls_site_counts(w.a).bare, 1);
        pair_close(&p);

        offer(w.a, TLS_REFUSE, TLS_REFUSE, "a");
        pair_open(&p, "a", false);
        assert_false(shake(&p));
        assert_int_equal(tls_site_counts(w.a).refused, 1);
        pair_close(&p);
}

static void an_offer_holds_from_its_first_second_until_its_last(void **state)
{
        static const struct {
                int64_t at;
                const char *staple;
        } cases[] = {{99, NULL}, {100, "a"}, {199, "a"}, {200, NULL}};
        struct pair p;
        size_t i;

        (void)state;
        for (i = 0; i < 4; i++) {
                w.now = cases[i].at;
                pair_open(&p, "a", true);
                assert_true(shake(&p));
                assert_staple(&p, cases[i].staple);
                pair_close(&p);
        }
}

static void a_new_offer_counts_at_once_and_the_old_one_goes(void **state)
{
        char text[32];
        int i;

        (void)state;
        for (i = 0; i < 50; i++) {
                snprintf(text, sizeof(text), "%d", i);
                offer(w.a, TLS_STAPLE, TLS_BARE, text);
        }
        offer(w.a, TLS_STAPLE, TLS_BARE, "a");
        assert_gets("a", "a");
        commit();
}

/* ---- life ---------------------------------------------------------------- */

static void a_removed_site_lives_on_in_its_connections(void **state)
{
        struct pair p;
        size_t taken;

        (void)state;
        pair_open(&p, "a", true);
        assert_true(shake(&p));
        tls_site_remove(w.tls, w.a);
        commit();
        commit();
        assert_memory_equal(info(&p).about.data, "a", 1);
        assert_int_equal(tls_write(p.server, "x", 1, &taken), TLS_DONE);
        assert_int_equal(tls_flush(p.server), TLS_DONE);
        assert_gets("a", "b");
        pair_close(&p);
}

static void a_replaced_site_is_used_until_the_commit(void **state)
{
        static const char *const sans[] = {"a"};

        (void)state;
        add_named("new", sans, 1, PKI_P256, w.a);
        assert_gets("a", "a");
        commit();
        assert_gets("a", "new");
}

static void nothing_is_freed_while_a_reader_may_look(void **state)
{
        struct tls_info i;
        struct pair p;

        (void)state;
        pair_open(&p, "a", true);
        assert_true(shake(&p));
        tls_enter(w.reader);
        i = tls_info(p.server);
        offer(w.a, TLS_STAPLE, TLS_BARE, "another");
        commit();
        assert_memory_equal(i.about.data, "a", 1); /* under ASan: not freed */
        tls_leave(w.reader);
        commit();
        assert_memory_equal(info(&p).about.data, "another", 7);
        pair_close(&p);
}

static void a_server_without_sites_knows_no_name(void **state)
{
        struct pair p;

        (void)state;
        tls_site_remove(w.tls, w.a);
        tls_site_remove(w.tls, w.b);
        commit();
        pair_open(&p, "a", false);
        assert_false(shake(&p));
        pair_close(&p);
}

static void nothing_is_resumed(void **state)
{
        struct pair p;
        SSL_SESSION *session;

        (void)state;
        pair_open(&p, "a", false);
        assert_true(shake(&p));
        session = SSL_get1_session(p.client);
        pair_close(&p);
        assert_false(SSL_SESSION_is_resumable(session));
        SSL_SESSION_free(session);
}

/* ---- bytes --------------------------------------------------------------- */

static void what_is_written_waits_for_the_flush(void **state)
{
        char got[16];
        struct pair p;
        size_t taken;

        (void)state;
        pair_open(&p, "a", false);
        assert_true(shake(&p));
        assert_int_equal(tls_write(p.server, "one", 3, &taken), TLS_DONE);
        assert_int_equal(tls_write(p.server, "two", 3, &taken), TLS_DONE);
        assert_int_equal(SSL_read(p.client, got, sizeof(got)), -1);
        assert_int_equal(tls_flush(p.server), TLS_DONE);
        assert_int_equal(SSL_read(p.client, got, 3), 3);
        assert_int_equal(SSL_read(p.client, got + 3, 3), 3);
        assert_memory_equal(got, "onetwo", 6);
        pair_close(&p);
}

/* As much as the socket takes, and not a byte more is lost or doubled. */
static void a_full_socket_makes_a_writer_wait(void **state)
{
        static uint8_t sent[8192], got[8192];
        size_t taken, out = 0, in = 0, i;
        enum tls_io rc = TLS_DONE;
        struct pair p;
        int n;

        (void)state;
        pair_open(&p, "a", false);
        assert_true(shake(&p));
        while (rc == TLS_DONE) {
                for (i = 0; i < sizeof(sent); i++)
                        sent[i] = (uint8_t)((out + i) / 100);
                rc = tls_write(p.server, sent, sizeof(sent), &taken);
                out += taken;
        }
        assert_int_equal(rc, TLS_WAIT);
        assert_in_range(out, 10000, 10000000);
        for (;;) {
                rc = tls_flush(p.server);
                n = SSL_read(p.client, got, sizeof(got));
                if (n <= 0 && rc == TLS_DONE)
                        break;
                for (i = 0; n > 0 && i < (size_t)n; i++, in++)
                        assert_int_equal(got[i], (uint8_t)(in / 100));
        }
        assert_int_equal(in, out);
        pair_close(&p);
}

static void each_side_may_end_first(void **state)
{
        char got[16];
        struct pair p;
        size_t len;

        (void)state;
        pair_open(&p, "a", false);
        assert_true(shake(&p));
        assert_int_equal(tls_finish(p.server), TLS_DONE);
        assert_int_equal(tls_flush(p.server), TLS_DONE);
        assert_int_equal(SSL_read(p.client, got, sizeof(got)), 0);
        assert_int_equal(SSL_write(p.client, "late", 4), 4);
        SSL_shutdown(p.client);
        tls_readable(p.server, false);
        assert_int_equal(tls_read(p.server, got, sizeof(got), &len), TLS_DONE);
        assert_int_equal(len, 4);
        assert_int_equal(tls_read(p.server, got, sizeof(got), &len), TLS_ENDED);
        pair_close(&p);
}

static void an_end_without_a_word_is_no_end(void **state)
{
        char got[16];
        struct pair p;
        size_t len;

        (void)state;
        pair_open(&p, "a", false);
        assert_true(shake(&p));
        shutdown(p.fds[0], SHUT_WR);
        tls_readable(p.server, true);
        assert_int_equal(
            tls_read(p.server, got, sizeof(got), &len), TLS_BROKEN);
        pair_close(&p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_start, world_end)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(who_asks_gets_the_staple),
            TEST(who_does_not_ask_gets_none),
            TEST(bare_goes_on_and_refuse_does_not),
            TEST(an_offer_holds_from_its_first_second_until_its_last),
            TEST(a_new_offer_counts_at_once_and_the_old_one_goes),
            TEST(a_removed_site_lives_on_in_its_connections),
            TEST(a_replaced_site_is_used_until_the_commit),
            TEST(nothing_is_freed_while_a_reader_may_look),
            TEST(a_server_without_sites_knows_no_name),
            TEST(nothing_is_resumed),
            TEST(what_is_written_waits_for_the_flush),
            TEST(a_full_socket_makes_a_writer_wait),
            TEST(each_side_may_end_first),
            TEST(an_end_without_a_word_is_no_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
