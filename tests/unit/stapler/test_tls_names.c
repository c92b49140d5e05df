#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tls_world.h"

/* ---- names --------------------------------------------------------------- */

static void without_a_known_name_it_is_the_first(void **state)
{
        (void)state;
        assert_gets(NULL, "a");
        tls_site_prefer(w.tls, w.b);
        commit();
        assert_gets("nobody", "b");
}

static void names_match_in_any_case(void **state)
{
        (void)state;
        assert_gets("B", "b");
}

static void a_wildcard_stands_for_one_label(void **state)
{
        static const char *const sans[] = {"*.Example.org", "*.com"};

        (void)state;
        add_named("wild", sans, 2, PKI_P256, NULL);
        commit();
        assert_gets("www.example.org", "wild");
        assert_gets("WWW.EXAMPLE.ORG", "wild");
        assert_gets("example.org", "a");
        assert_gets("x.www.example.org", "a");
        assert_gets("example.com", "a");
}

static void an_exact_name_beats_a_wildcard_and_a_site_beats_both(void **state)
{
        static const char *const wild[] = {"*.example.org"};
        static const char *const exact[] = {"www.example.org", "b"};

        (void)state;
        add_named("wild", wild, 1, PKI_P256, NULL);
        add_named("exact", exact, 2, PKI_P256, NULL);
        commit();
        assert_gets("www.example.org", "exact");
        assert_gets("api.example.org", "wild");
        assert_gets("b", "b");
}

static void each_of_many_names_is_found(void **state)
{
        char names[600][32];
        const char *pointers[600];
        int i;

        (void)state;
        for (i = 0; i < 600; i++) {
                snprintf(names[i], sizeof(names[i]), "host-%d.example", i);
                pointers[i] = names[i];
        }
        add_named("one", pointers, 300, PKI_P256, NULL);
        add_named("two", pointers + 300, 300, PKI_P256, NULL);
        commit();
        for (i = 0; i < 600; i += 23)
                assert_gets(names[i], i < 300 ? "one" : "two");
}

static void a_missing_name_may_be_added_in_time(void **state)
{
        struct pair p;

        (void)state;
        pair_open(&p, "late", true);
        SSL_do_handshake(p.client);
        assert_int_equal(answer(&p), TLS_MISSING);
        add_site("late", NULL);
        commit();
        assert_true(shake(&p));
        assert_subject(&p, "late");
        assert_staple(&p, "late");
        pair_close(&p);
}

static void a_missing_name_is_waited_for_once(void **state)
{
        struct pair p;

        (void)state;
        pair_open(&p, "never", true);
        SSL_do_handshake(p.client);
        assert_int_equal(answer(&p), TLS_MISSING);
        assert_int_equal(answer(&p), TLS_WAIT);
        assert_true(shake(&p));
        assert_subject(&p, "a");
        pair_close(&p);
}

static void nobody_waits_where_nothing_can_come(void **state)
{
        struct pair p;

        world_end(state);
        world_start_with(false);
        pair_open(&p, "never", false);
        SSL_do_handshake(p.client);
        assert_int_equal(answer(&p), TLS_WAIT);
        pair_close(&p);
}

/* ---- certificates side by side ------------------------------------------- */

/* The macro of OpenSSL takes the const away. */
static int set_sigalgs(SSL *ssl, const char *list)
{
        char copy[80];

        snprintf(copy, sizeof(copy), "%s", list);
        return SSL_set1_sigalgs_list(ssl, copy) == 1 ? 0 : -1;
}

static void by_sigalgs(const char *list, const char *name, bool tls12)
{
        struct pair p;

        pair_open(&p, "both", true);
        assert_int_equal(set_sigalgs(p.client, list), 0);
        if (tls12)
                SSL_set_max_proto_version(p.client, TLS1_2_VERSION);
        assert_true(shake(&p));
        assert_subject(&p, name);
        assert_staple(&p, name);
        assert_memory_equal(info(&p).about.data, name, strlen(name));
        pair_close(&p);
}

static const char *const both[] = {"Both", "other"};
static const char *const both_again[] = {"other", "both"};

static void the_client_chooses_among_kinds_of_keys(void **state)
{
        (void)state;
        add_named("ec", both, 2, PKI_P256, NULL);
        add_named("rsa", both_again, 2, PKI_RSA2048, NULL);
        commit();
        by_sigalgs("ECDSA+SHA256:RSA-PSS+SHA256", "ec", false);
        by_sigalgs("RSA-PSS+SHA256", "rsa", false);
        by_sigalgs("ECDSA+SHA256", "ec", false);
        by_sigalgs("RSA+SHA256", "rsa", true);
        by_sigalgs("ECDSA+SHA256", "ec", true);
}

static void one_that_refuses_leaves_the_place_to_its_twin(void **state)
{
        struct tls_site *ec, *rsa;
        struct pair p;

        (void)state;
        ec = add_named("ec", both, 2, PKI_P256, NULL);
        rsa = add_named("rsa", both, 2, PKI_RSA2048, NULL);
        commit();
        offer(ec, TLS_REFUSE, TLS_REFUSE, "ec");
        assert_gets("both", "rsa");
        offer(rsa, TLS_REFUSE, TLS_REFUSE, "rsa");
        pair_open(&p, "both", true);
        assert_false(shake(&p));
        pair_close(&p);
}

static void other_names_make_no_twins(void **state)
{
        static const char *const more[] = {"both", "other", "third"};
        struct pair p;

        (void)state;
        add_named("ec", both, 2, PKI_P256, NULL);
        add_named("rsa", more, 3, PKI_RSA2048, NULL);
        commit();
        pair_open(&p, "both", true);
        assert_int_equal(set_sigalgs(p.client, "RSA-PSS+SHA256"), 0);
        assert_false(shake(&p));
        pair_close(&p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_start, world_end)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(without_a_known_name_it_is_the_first),
            TEST(names_match_in_any_case),
            TEST(a_wildcard_stands_for_one_label),
            TEST(an_exact_name_beats_a_wildcard_and_a_site_beats_both),
            TEST(each_of_many_names_is_found),
            TEST(a_missing_name_may_be_added_in_time),
            TEST(a_missing_name_is_waited_for_once),
            TEST(nobody_waits_where_nothing_can_come),
            TEST(the_client_chooses_among_kinds_of_keys),
            TEST(one_that_refuses_leaves_the_place_to_its_twin),
            TEST(other_names_make_no_twins),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
