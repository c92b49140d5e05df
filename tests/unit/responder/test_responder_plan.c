/* From request to answer, without database, key or clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "responder/answer/answer.h"

enum { NOW = 1800000000, DAY = 86400 };

/* ---- a world: two CAs, and what the database says ---------------------- */

struct world {
        struct answer_policy policy;
        struct issuer ca[2];
        struct issuer *list[2];
        struct issuers issuers;
        struct ocsp_request request;
        int found; /* what the lookup returns */
        struct cadb_state state;
        int lookups;
        int64_t looked_up_ca;
        struct answer answer;
};

static uint8_t serial[] = {0x12, 0x34};
static uint8_t certid_der[] = {0x30, 0x00};

static void fill_ca(struct issuer *ca, int n)
{
        /* Planning never touches the signer: any address will do. */
        static char somebody;

        ca->id = n + 1;
        ca->version = 7;
        ca->name[0] = (char)('a' + n);
        snprintf(ca->label, sizeof(ca->label), "Lab %s", ca->name);
        memset(ca->name_sha1, 0x10 + n, sizeof(ca->name_sha1));
        memset(ca->key_sha1, 0x20 + n, sizeof(ca->key_sha1));
        memset(ca->name_sha256, 0x30 + n, sizeof(ca->name_sha256));
        memset(ca->key_sha256, 0x40 + n, sizeof(ca->key_sha256));
        ca->has_signer = true;
        ca->signer = (struct ocsp_signer *)(void *)&somebody;
        ca->not_before = NOW - DAY;
        ca->not_after = NOW + 1000 * (int64_t)DAY;
}

/* The certID of serial under a CA, the n-th of the request. */
static void ask(struct world *w, struct issuer *ca, enum ocsp_hash hash)
{
        bool sha1 = hash == OCSP_SHA1;

        w->request.certids[w->request.certids_len++] = (struct ocsp_certid){
            .der = {certid_der, sizeof(certid_der)},
            .hash = hash,
            .name_hash = {sha1 ? ca->name_sha1 : ca->name_sha256,
                sha1 ? 20 : 32},
            .key_hash = {sha1 ? ca->key_sha1 : ca->key_sha256, sha1 ? 20 : 32},
            .serial = {serial, sizeof(serial)}};
}

static int setup(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        assert_non_null(w);
        w->policy.validity = 4 * DAY;
        fill_ca(&w->ca[0], 0);
        fill_ca(&w->ca[1], 1);
        w->list[0] = &w->ca[0];
        w->list[1] = &w->ca[1];
        w->issuers = (struct issuers){1, 2, w->list};
        w->found = 1;
        w->state = (struct cadb_state){
            .status = CADB_GOOD, .reason = -1, .version = 42};
        *state = w;
        return 0;
}

static int teardown(void **state)
{
        free(*state);
        return 0;
}

static int look_up(
    void *arg, int64_t ca, struct span s, struct cadb_state *out, struct err *e)
{
        struct world *w = arg;

        assert_true(span_equal(s, (struct span){serial, sizeof(serial)}));
        w->lookups++;
        w->looked_up_ca = ca;
        *out = w->state;
        if (w->found < 0)
                return err_set(e, ERR_IO, "disk on fire");
        return w->found;
}

static void plan(struct world *w)
{
        const struct answer_source source = {look_up, w};

        memset(&w->answer, 0xaa, sizeof(w->answer));
        answer_plan(
            &w->policy, &w->issuers, &source, &w->request, NOW, &w->answer);
}

static void assert_refused(
    struct world *w, enum ocsp_response_status status, const char *why)
{
        plan(w);
        assert_int_equal(w->answer.status, status);
        if (strstr(w->answer.why, why) == NULL)
                fail_msg("no \"%s\" in: %s", why, w->answer.why);
}

/* ---- who answers ------------------------------------------------------- */

static void both_hashes_name_the_issuer(void **state)
{
        struct world *w = *state;
        enum ocsp_hash hash;

        for (hash = OCSP_SHA1; hash <= OCSP_SHA256; hash++) {
                w->request.certids_len = 0;
                ask(w, &w->ca[1], hash);
                plan(w);
                assert_int_equal(w->answer.status, OCSP_SUCCESSFUL);
                assert_ptr_equal(w->answer.issuer, &w->ca[1]);
                assert_int_equal(w->looked_up_ca, 2);
        }
}

static void one_hash_alone_is_not_enough(void **state)
{
        struct world *w = *state;

        ask(w, &w->ca[0], OCSP_SHA256);
        w->request.certids[0].key_hash.data = w->ca[1].key_sha256;
        assert_refused(w, OCSP_UNAUTHORIZED, "but its name is not");
        w->request.certids[0].key_hash.data = serial;
        w->request.certids[0].key_hash.len = 2;
        assert_refused(
            w, OCSP_UNAUTHORIZED, "name is known, it is Lab a, but its key");
        w->request.certids[0].name_hash = w->request.certids[0].key_hash;
        assert_refused(w, OCSP_UNAUTHORIZED, "no CA of this lab");
        assert_int_equal(w->lookups, 0);
}

static void foreign_hash_is_unauthorized(void **state)
{
        static const uint8_t sha384[] = {0x30, 0x0f, 0x30, 0x0d, 0x06, 0x09,
            0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00};
        struct world *w = *state;

        ask(w, &w->ca[0], OCSP_SHA1);
        w->request.certids[0].hash = OCSP_HASH_OTHER;
        w->request.certids[0].der = (struct span){sha384, sizeof(sha384)};
        assert_refused(w, OCSP_UNAUTHORIZED,
            "hash sha384: only SHA-1 and SHA-256 are answered");
}

static void several_issuers_are_unauthorized(void **state)
{
        struct world *w = *state;

        ask(w, &w->ca[0], OCSP_SHA1);
        ask(w, &w->ca[1], OCSP_SHA1);
        assert_refused(w, OCSP_UNAUTHORIZED, "several issuers");
}

static void ca_without_signer_is_unauthorized_a_broken_one_internal(
    void **state)
{
        struct world *w = *state;

        ask(w, &w->ca[0], OCSP_SHA1);
        w->ca[0].signer = NULL;
        strcpy(w->ca[0].fault, "key on the floor");
        assert_refused(w, OCSP_INTERNAL_ERROR, "key on the floor");
        w->ca[0].has_signer = false;
        assert_refused(w, OCSP_UNAUTHORIZED, "key on the floor");
}

static void signer_out_of_its_time_signs_nothing(void **state)
{
        struct world *w = *state;

        ask(w, &w->ca[0], OCSP_SHA1);
        w->ca[0].not_after = NOW;
        assert_refused(w, OCSP_INTERNAL_ERROR, "has expired");
        w->ca[0].not_after = NOW + DAY;
        w->ca[0].not_before = NOW + 1;
        assert_refused(w, OCSP_INTERNAL_ERROR, "not valid before");
}

/* ---- what is said ------------------------------------------------------ */

static void good_is_good_and_shareable(void **state)
{
        struct world *w = *state;
        const struct answer *a = &w->answer;

        ask(w, &w->ca[0], OCSP_SHA1);
        plan(w);
        assert_int_equal(a->ocsp.singles_len, 1);
        assert_ptr_equal(a->ocsp.singles[0].certid.data, certid_der);
        assert_int_equal(a->ocsp.singles[0].status, OCSP_GOOD);
        assert_int_equal(a->ocsp.produced_at, NOW);
        assert_int_equal(a->row_version, 42);
        assert_true(a->life.shareable);
        assert_null(a->ocsp.nonce.data);
        assert_false(a->ocsp.extended_revoke);
}

static void revoked_has_time_and_reason_but_never_unspecified(void **state)
{
        struct world *w = *state;
        const struct ocsp_single *s = w->answer.singles;

        ask(w, &w->ca[0], OCSP_SHA1);
        w->state.status = CADB_REVOKED;
        w->state.revoked_at = NOW - 5;
        w->state.reason = 1;
        plan(w);
        assert_int_equal(s->status, OCSP_REVOKED);
        assert_int_equal(s->reason, 1);
        assert_int_equal(s->revocation_time, NOW - 5);
        assert_true(w->answer.life.shareable);
        w->state.reason = 0;
        plan(w);
        assert_int_equal(s->reason, OCSP_REASON_NONE);
        w->state.reason = -1;
        plan(w);
        assert_int_equal(s->reason, OCSP_REASON_NONE);
}

static void unissued_follows_the_policy(void **state)
{
        struct world *w = *state;
        const struct ocsp_single *s = w->answer.singles;

        ask(w, &w->ca[0], OCSP_SHA1);
        w->found = 0;
        plan(w);
        assert_int_equal(s->status, OCSP_UNKNOWN);
        assert_int_equal(w->answer.row_version, 0);
        assert_false(w->answer.life.shareable);
        w->policy.unissued = ANSWER_UNISSUED_GOOD;
        plan(w);
        assert_int_equal(s->status, OCSP_GOOD);
        assert_false(w->answer.life.shareable);
        w->policy.unissued = ANSWER_UNISSUED_REVOKE;
        plan(w);
        assert_int_equal(s->status, OCSP_REVOKED);
        assert_int_equal(s->reason, OCSP_REASON_HOLD);
        assert_int_equal(s->revocation_time, 0);
        assert_true(w->answer.ocsp.extended_revoke);
        w->policy.unissued = ANSWER_UNISSUED_UNAUTHORIZED;
        assert_refused(w, OCSP_UNAUTHORIZED, "never issued");
}

static void database_error_is_internal_never_good(void **state)
{
        struct world *w = *state;

        ask(w, &w->ca[0], OCSP_SHA1);
        ask(w, &w->ca[0], OCSP_SHA1);
        w->found = -1;
        w->policy.unissued = ANSWER_UNISSUED_GOOD;
        assert_refused(w, OCSP_INTERNAL_ERROR, "disk on fire");
}

/* ---- nonce ------------------------------------------------------------- */

static void nonce_follows_the_policy(void **state)
{
        static const uint8_t nonce[] = {1, 2, 3};
        struct world *w = *state;

        ask(w, &w->ca[0], OCSP_SHA1);
        w->request.has_nonce = true;
        w->request.nonce = (struct span){nonce, sizeof(nonce)};
        plan(w);
        assert_ptr_equal(w->answer.ocsp.nonce.data, nonce);
        assert_false(w->answer.life.shareable);
        w->policy.nonce = ANSWER_NONCE_IGNORE;
        plan(w);
        assert_null(w->answer.ocsp.nonce.data);
        assert_true(w->answer.life.shareable);
        w->policy.nonce = ANSWER_NONCE_REQUIRE;
        plan(w);
        assert_ptr_equal(w->answer.ocsp.nonce.data, nonce);
        w->request.has_nonce = false;
        assert_refused(w, OCSP_UNAUTHORIZED, "without a nonce");
}

/* ---- times ------------------------------------------------------------- */

static void renewed_at_half_but_never_older_than_four_days(void **state)
{
        struct world *w = *state;
        const struct answer_life *life = &w->answer.life;

        ask(w, &w->ca[0], OCSP_SHA1);
        plan(w);
        assert_int_equal(life->this_update, NOW);
        assert_int_equal(life->next_update, NOW + 4 * DAY);
        assert_int_equal(life->resign_at, NOW + 2 * DAY);
        w->policy.validity = 10 * DAY;
        plan(w);
        assert_int_equal(life->resign_at, NOW + 4 * DAY);
        w->policy.max_age = 60;
        plan(w);
        assert_int_equal(life->resign_at, NOW + 60);
        w->policy.validity = 1;
        plan(w);
        assert_int_equal(life->next_update, NOW + 1);
        assert_int_equal(life->resign_at, NOW + 1);
}

static void next_update_ends_with_the_signer(void **state)
{
        struct world *w = *state;

        ask(w, &w->ca[0], OCSP_SHA1);
        w->ca[0].not_after = NOW + 100;
        plan(w);
        assert_int_equal(w->answer.singles[0].next_update, NOW + 100);
        assert_int_equal(w->answer.life.next_update, NOW + 100);
        assert_int_equal(w->answer.life.resign_at, NOW + 50);
}

int main(void)
{
#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        const struct CMUnitTest tests[] = {
            WORLD(both_hashes_name_the_issuer),
            WORLD(one_hash_alone_is_not_enough),
            WORLD(foreign_hash_is_unauthorized),
            WORLD(several_issuers_are_unauthorized),
            WORLD(ca_without_signer_is_unauthorized_a_broken_one_internal),
            WORLD(signer_out_of_its_time_signs_nothing),
            WORLD(good_is_good_and_shareable),
            WORLD(revoked_has_time_and_reason_but_never_unspecified),
            WORLD(unissued_follows_the_policy),
            WORLD(database_error_is_internal_never_good),
            WORLD(nonce_follows_the_policy),
            WORLD(renewed_at_half_but_never_older_than_four_days),
            WORLD(next_update_ends_with_the_signer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
